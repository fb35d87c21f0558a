//! Worker and context agent: whether they are alive together, and what comes of that (spec 3.6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::agent::{AgentReport, Answer, Claimed, Role, RoleResult, Teammate};
use crate::domain::config::CoordinationMode;
use crate::domain::stray::Stray;
use crate::id::BlobId;
use crate::plan::sprint_plan::SprintPlan;
use crate::run::cx::Cx;
use crate::run::event::Event;
use crate::run::ticket::TicketRun;

/// Seconds a worker waits for an answer, unless the configuration says otherwise.
const REPLY_TIMEOUT_S: u64 = 30;

/// What went on beside the work of a ticket, for its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alongside {
    /// Questions its workers asked their context agents.
    #[serde(default)]
    pub questions: u32,
    /// Questions that were answered in time.
    #[serde(default)]
    pub answered: u32,
    /// Answers with a sign of degradation.
    #[serde(default)]
    pub degraded: u32,
    /// The exchanges, redacted, one blob per run of a worker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<BlobId>,
    /// What changed outside its workspace while its agents ran, and nobody says that they did it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub strays: BTreeSet<Stray>,
}

impl Alongside {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a ticket's worker comes to know the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// By itself, or from a report that is there.
    Alone,
    /// A context agent reports before it begins.
    Report,
    /// A context agent is alive beside it.
    Live,
}

/// What a ticket's next worker is to have. A team stays a team in later attempts: its context agent
/// need not report again, and can still be asked.
pub(super) fn company(plan: &SprintPlan, ticket: &TicketRun) -> Company {
    if !plan.roles.contains(&Role::Context) {
        Company::Alone
    } else if is_team(plan, ticket) {
        Company::Live
    } else if ticket.research.is_some() {
        Company::Alone
    } else {
        Company::Report
    }
}

/// Whether worker and context agent of a ticket work as one team.
pub(super) fn is_team(plan: &SprintPlan, ticket: &TicketRun) -> bool {
    plan.mode == CoordinationMode::AgentTeams && !ticket.apart
}

/// The context agent that is to be alive beside a ticket's next worker.
pub(super) fn teammate(plan: &SprintPlan, ticket: &TicketRun) -> Option<Teammate> {
    let config = &plan.config;
    let reply_timeout_s = config.other.context_reply_timeout_s;
    (company(plan, ticket) == Company::Live).then(|| Teammate {
        model: config.models.get(&Role::Context).cloned(),
        reply_timeout_s: reply_timeout_s.unwrap_or(REPLY_TIMEOUT_S),
    })
}

/// Takes in what a worker's teammate did. A team of which neither says anything of use comes to an
/// end for this ticket: from then on its context agent reports before the worker begins (R-033).
pub(super) fn heard(ticket: &mut TicketRun, report: &AgentReport, cx: &mut Cx<'_>) {
    let live = company(cx.plan, ticket) == Company::Live;
    let worked = match &report.answer {
        Answer::Result(Claimed(RoleResult::Worker(_))) | Answer::Asks(_) => true,
        Answer::Result(_) | Answer::Malformed(_) => false,
    };
    let mate = report.teammate.as_ref();
    let research = mate.and_then(|mate| mate.report.clone());
    let research = research.filter(|text| !text.trim().is_empty());
    if live && !worked && research.is_none() && ticket.research.is_none() {
        ticket.apart = true;
        let message = format!(
            "{}: neither worker nor context agent said anything of use; from now on the context \
             agent reports before the worker begins",
            cx.ticket.ticket.id
        );
        cx.events.push(Event::Warning { message });
    }
    let Some(mate) = mate else {
        return;
    };
    let told = &mut ticket.alongside;
    told.questions = told.questions.saturating_add(mate.questions);
    told.answered = told.answered.saturating_add(mate.answered);
    told.degraded = told.degraded.saturating_add(mate.degraded);
    told.exchanges.extend(mate.exchange.clone());
    cx.events.push(Event::Asked {
        ticket: cx.ticket.ticket.id.clone(),
        questions: mate.questions,
        answered: mate.answered,
        degraded: mate.degraded,
    });
    // A worker that asks a person goes on in a moment, and still needs its teammate then.
    if !matches!(report.answer, Answer::Asks(_)) && research.is_some() {
        ticket.research = research;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::World;

    #[test]
    fn company_depends_on_mode_role_and_what_is_known() {
        let (_, mut plan) = World::planned("A");
        let mut table = Vec::new();
        for mode in [CoordinationMode::AgentTeams, CoordinationMode::Subagents] {
            for (apart, known, role) in [
                (false, false, true),
                (true, false, true),
                (false, true, true),
                (false, false, false),
            ] {
                plan.mode = mode;
                plan.roles = Role::ALL.into();
                if !role {
                    plan.roles.remove(&Role::Context);
                }
                let ticket = TicketRun {
                    apart,
                    research: known.then(|| "all about it".to_owned()),
                    ..TicketRun::queued()
                };
                let company = company(&plan, &ticket);
                let mate = teammate(&plan, &ticket);
                assert_eq!(mate.is_some(), company == Company::Live);
                let yes = |flag, name| if flag { name } else { "" };
                table.push(format!(
                    "{mode:?} {}{}{}: {company:?}",
                    yes(apart, "apart "),
                    yes(known, "known "),
                    yes(!role, "no agent "),
                ));
            }
        }
        insta::assert_snapshot!(table.join("\n"), @r"
        AgentTeams : Live
        AgentTeams apart : Report
        AgentTeams known : Live
        AgentTeams no agent : Alone
        Subagents : Report
        Subagents apart : Report
        Subagents known : Alone
        Subagents no agent : Alone
        ");
    }
}
