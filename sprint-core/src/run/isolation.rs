//! Changes outside an agent's workspace, and workspaces that are not where they were (decision B12).
//!
//! What an agent's own calls of tools did elsewhere is its deed. What merely differs around it
//! afterwards may be anybody's: a person edits files during a sprint, and other tickets have agents
//! of their own. No agent of a sprint runs while that sprint lands, so base moving under an agent is
//! never a landing of ours.

use crate::domain::agent::AgentReport;
use crate::domain::stray::{Place, Stray, Whereabouts};
use crate::domain::verdict::{Finding, FindingKind, LayerId};
use crate::domain::workspace::Workspace;
use crate::id::{BranchName, TicketId};
use crate::run::cx::Cx;
use crate::run::effect::Step;
use crate::run::event::Event;
use crate::run::failing::{Attempt, fail_attempt, stuck};
use crate::run::ticket::{Stage, StuckReason, TicketRun};

/// Strays kept per ticket.
const MAX_KEPT: usize = 100;
/// Strays named in one message.
const MAX_NAMED: usize = 10;

/// How a stray is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Witness {
    /// The agent's own call of a tool.
    Call,
    /// A look before and a look after.
    Look,
}

/// What else is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// It is a branch that was there before, moved, and is now checked out in the workspace.
    checked_out: bool,
    /// Nothing was going on in that place of another ticket all the while.
    at_rest: bool,
}

/// What a stray means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// Nothing: it is somebody's work.
    Nothing,
    /// It is told, and stands in the evidence.
    Remark,
    /// The ticket is stuck.
    Breach,
}

const fn weigh(witness: Witness, place: &Place, facts: Facts) -> Weight {
    match (witness, place) {
        (Witness::Call, Place::Checkout | Place::Refs | Place::Ticket(_) | Place::Outside) => {
            Weight::Breach
        }
        (Witness::Look, Place::Refs) if facts.checked_out => Weight::Breach,
        (Witness::Look, Place::Ticket(_)) if !facts.at_rest => Weight::Nothing,
        (Witness::Look, Place::Checkout | Place::Refs | Place::Ticket(_) | Place::Outside) => {
            Weight::Remark
        }
    }
}

/// What a run of an agent did to its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strays {
    breaches: Vec<Stray>,
    remarks: Vec<Stray>,
}

impl Strays {
    /// Weighs everything known about a run. `at_rest` says of another ticket whether nothing was
    /// going on in its workspace while the agent ran.
    pub(super) fn of(report: &AgentReport, at_rest: &dyn Fn(&TicketId) -> bool) -> Self {
        let around = &report.around;
        let checked_out = match &around.workspace {
            Whereabouts::Elsewhere { branch } if around.known_branch => {
                branch.as_ref().map(BranchName::as_str)
            }
            Whereabouts::Elsewhere { .. } | Whereabouts::There | Whereabouts::Gone => None,
        };
        let called = report.strayed.iter().map(|stray| (Witness::Call, stray));
        let seen = around.changes.iter().map(|stray| (Witness::Look, stray));
        let mut strays = Self::default();
        for (witness, stray) in called.chain(seen) {
            let facts = Facts {
                checked_out: checked_out == Some(stray.what.as_str()),
                at_rest: matches!(&stray.place, Place::Ticket(id) if at_rest(id)),
            };
            match weigh(witness, &stray.place, facts) {
                Weight::Nothing => {}
                Weight::Remark => strays.remarks.push(stray.clone()),
                Weight::Breach => strays.breaches.push(stray.clone()),
            }
        }
        strays
    }

    /// What an agent is stuck with, in words; `None` if it kept to its place.
    pub(super) fn breach(&self) -> Option<String> {
        (!self.breaches.is_empty()).then(|| {
            format!(
                "its agent changed what is not its own: {}",
                named(&self.breaches)
            )
        })
    }
}

fn named(strays: &[Stray]) -> String {
    let mut names: Vec<_> = strays
        .iter()
        .take(MAX_NAMED)
        .map(Stray::to_string)
        .collect();
    if strays.len() > MAX_NAMED {
        names.push(format!("{} more", strays.len() - MAX_NAMED));
    }
    names.join(", ")
}

/// Takes in what a run of an agent did to its surroundings and to its workspace. Returns whether its
/// answer still counts.
pub(super) fn holds(
    ticket: &mut TicketRun,
    step: Step,
    report: &AgentReport,
    strays: &Strays,
    cx: &mut Cx<'_>,
) -> bool {
    tell(ticket, strays, cx);
    if let Some(message) = strays.breach() {
        stuck(ticket, StuckReason::Breach, message, cx);
        return false;
    }
    match &report.around.workspace {
        Whereabouts::Gone => {
            let told = "the workspace was gone after an agent ran in it; it is there again with \
                        everything that was committed, and what was not is lost: look at the branch, \
                        and leave the directory where it is";
            fail(ticket, FindingKind::WorkspaceLost, told.into(), cx)
        }
        // What an auditing agent checks out is put right where its answer is taken.
        Whereabouts::Elsewhere { branch } if matches!(step, Step::Research | Step::Implement) => {
            if step == Step::Implement {
                ticket.session.clone_from(&report.session);
            }
            let found = branch.as_ref().map_or_else(
                || "a commit without a branch".into(),
                |branch| format!("the branch {branch}"),
            );
            let told = format!(
                "{found} is checked out in the workspace instead of its own branch: check that one \
                 out again and bring your work onto it"
            );
            fail(ticket, FindingKind::WrongBranch, told, cx)
        }
        Whereabouts::Elsewhere { .. } | Whereabouts::There => true,
    }
}

/// Tells what an agent of the ticket did, and once what may have been anybody.
pub(super) fn tell(ticket: &mut TicketRun, strays: &Strays, cx: &mut Cx<'_>) {
    let known = &mut ticket.alongside.strays;
    let mut news = Vec::new();
    for stray in &strays.remarks {
        if known.len() < MAX_KEPT && known.insert(stray.clone()) {
            news.push(stray.clone());
        }
    }
    for (strays, breach) in [(news, false), (strays.breaches.clone(), true)] {
        if !strays.is_empty() {
            cx.events.push(Event::Strayed {
                ticket: cx.ticket.ticket.id.clone(),
                strays,
                breach,
            });
        }
    }
}

/// The attempt fails, in whatever stage the ticket is; false, since no answer counts.
fn fail(ticket: &mut TicketRun, kind: FindingKind, told: String, cx: &mut Cx<'_>) -> bool {
    let Some(workspace) = ticket.stage.workspace().cloned() else {
        return true;
    };
    let attempt = Attempt {
        workspace,
        layer: LayerId::Exhaustion,
        findings: vec![Finding::blocking(kind, told.clone())],
        feedback: told,
        fingerprint: None,
    };
    fail_attempt(ticket, attempt, cx);
    false
}

impl Stage {
    /// Where an agent is at work, or was just now.
    fn workspace(&self) -> Option<&Workspace> {
        if let Self::Researching { workspace, .. } | Self::Implementing { workspace, .. } = self {
            return Some(workspace);
        }
        self.checked().map(|checked| &checked.workspace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::Answer;
    use crate::domain::stray::Around;
    use crate::testing::fixture::id;

    #[test]
    fn what_a_stray_means_depends_on_who_saw_it_and_where() {
        let places = [
            Place::Checkout,
            Place::Refs,
            Place::Ticket(id("B")),
            Place::Outside,
        ];
        let mut table = Vec::new();
        for (witness, place) in [Witness::Call, Witness::Look]
            .into_iter()
            .flat_map(|witness| places.iter().map(move |place| (witness, place)))
        {
            let of = |checked_out, at_rest| {
                let facts = Facts {
                    checked_out,
                    at_rest,
                };
                format!("{:?}", weigh(witness, place, facts))
            };
            let all = [of(false, false), of(true, false), of(false, true)];
            table.push(format!("{witness:?} {place}: {}", all.join(" ")));
        }
        insta::assert_snapshot!(table.join("\n"), @r"
        Call your checkout: Breach Breach Breach
        Call branches and tags: Breach Breach Breach
        Call the workspace of B: Breach Breach Breach
        Call files outside the repository's workspaces: Breach Breach Breach
        Look your checkout: Remark Remark Remark
        Look branches and tags: Remark Breach Remark
        Look the workspace of B: Nothing Nothing Remark
        Look files outside the repository's workspaces: Remark Remark Remark
        ");
    }

    #[test]
    fn a_branch_is_a_breach_only_where_it_was_there_moved_and_is_checked_out() {
        let stray = |what: &str| Stray {
            place: Place::Refs,
            what: what.into(),
        };
        let report = |changed: &[&str], known_branch, branch: Option<&str>| {
            let branch = branch.map(|name| BranchName::new(name).unwrap());
            AgentReport {
                around: Around {
                    changes: changed.iter().map(|what| stray(what)).collect(),
                    workspace: Whereabouts::Elsewhere { branch },
                    known_branch,
                },
                ..AgentReport::of(Answer::Malformed(String::new()))
            }
        };
        let breach = |report| Strays::of(&report, &|_| false).breach();
        let moved = breach(report(&["main"], true, Some("main")));
        insta::assert_snapshot!(moved.unwrap(), @"its agent changed what is not its own: main in branches and tags");
        assert_eq!(breach(report(&["new"], false, Some("new"))), None);
        assert_eq!(breach(report(&["main"], true, Some("other"))), None);
        assert_eq!(breach(report(&[], true, Some("main"))), None);
        assert_eq!(breach(report(&["main"], true, None)), None);
    }
}
