//! Layer 1.5: whether an agent makes a finished change simpler, and what comes of it (spec 9).
//!
//! It happens at most once per ticket, before layers 2 and 3, so that they judge the simpler code.
//! It never costs the ticket anything: what does not pass is taken back, and the work goes on as it
//! was.

use crate::domain::agent::{
    AgentReport, Answer, Claimed, Role, RoleResult, WorkerResult, WorkerStatus,
};
use crate::domain::command::CheckKind;
use crate::domain::config::SimplifierPolicy;
use crate::domain::stray::Whereabouts;
use crate::domain::verdict::{LayerId, Verdict};
use crate::domain::workspace::{ChangedPath, Collected};
use crate::inspect::Inspection;
use crate::run::cx::Cx;
use crate::run::effect::{Done, Step};
use crate::run::event::Event;
use crate::run::failing::wrong_form;
use crate::run::team;
use crate::run::ticket::{Checked, Remedy, Stage, TicketRun};

/// What is decided by.
#[derive(Clone, Copy, Debug)]
struct Facts {
    policy: SimplifierPolicy,
    /// Whether it is a bug-fix ticket.
    bug: bool,
    /// Files it changes, lock files apart.
    files: usize,
    /// Whether the sprint before had to take simplifications back.
    regressed: bool,
    /// Whether worker and context agent work as one team.
    team: bool,
    /// Whether the worker reports nothing to complain about.
    clean: bool,
}

/// The rules of spec 9, in its order; `Err` says why not.
fn decide(facts: Facts) -> Result<&'static str, &'static str> {
    match facts.policy {
        SimplifierPolicy::Never => return Err("switched off (simplifier: never)"),
        SimplifierPolicy::Always => return Ok("switched on for every ticket (simplifier: always)"),
        SimplifierPolicy::Auto => {}
    }
    if facts.bug {
        Err("a bug fix stays as small as it is")
    } else if facts.files < 3 {
        Err("fewer than 3 files are touched")
    } else if facts.regressed {
        Err("the sprint before had to take simplifications back")
    } else if !facts.team {
        Ok("the worker had no live context")
    } else if facts.clean {
        Err("the worker reports clean code")
    } else if facts.files >= 5 {
        Ok("5 or more files are touched")
    } else {
        Err("fewer than 5 files are touched")
    }
}

/// Where work leads that its worker has shown to be complete: to the simplifier, or to layers 2
/// and 3.
pub(super) fn enter(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    remedy: Remedy,
    cx: &mut Cx<'_>,
) {
    if !ticket.simplifier_decided {
        ticket.simplifier_decided = true;
        let facts = Facts {
            policy: cx.plan.config.simplifier,
            bug: cx.ticket.ticket.is_bug(),
            files: touched(&checked.changed),
            regressed: cx.plan.simplifier_regressed,
            team: team::is_team(cx.plan, ticket),
            clean: is_clean(&checked.claim.0),
        };
        let available = cx.plan.roles.contains(&Role::Simplifier);
        let decision = match decide(facts) {
            Ok(_) if !available => Err("there is no agent for it"),
            decision => decision,
        };
        match decision {
            Ok(_) => {
                ticket.stage = Stage::Simplifying(checked);
                return;
            }
            Err(why) => {
                let skipped = Verdict::skip(why);
                checked.verdicts.insert(LayerId::Simplifier, skipped);
            }
        }
    }
    ticket.stage = Stage::Checking { checked, remedy };
}

fn touched(changed: &[ChangedPath]) -> usize {
    const LOCKS: [&str; 10] = [
        "Cargo.lock",
        "package-lock.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "bun.lock",
        "poetry.lock",
        "uv.lock",
        "Gemfile.lock",
        "composer.lock",
        "go.sum",
    ];
    let counts = |change: &&ChangedPath| !LOCKS.contains(&change.path.file_name());
    changed.iter().filter(counts).count()
}

fn is_clean(claim: &WorkerResult) -> bool {
    let lint = claim
        .evidence
        .as_ref()
        .and_then(|evidence| evidence.checks.get(&CheckKind::Lint));
    claim.status == WorkerStatus::Success
        && claim.notes.is_empty()
        && lint.is_none_or(|lint| lint.exit_code == 0)
}

/// Takes in the answer to a step of this layer.
pub(super) fn answered(
    ticket: &mut TicketRun,
    stage: Stage,
    step: Step,
    done: Done,
    cx: &mut Cx<'_>,
) {
    match (stage, step, done) {
        (Stage::Simplifying(checked), Step::Simplify, Done::Agent(report)) => {
            simplified(ticket, checked, &report, cx);
        }
        (Stage::Simplified(checked), Step::Collect, Done::Collected { found, inspection }) => {
            collected(ticket, checked, *found, *inspection, cx);
        }
        (Stage::Restoring(checked), Step::Restore, Done::Plain) => {
            let remedy = Remedy::default();
            ticket.stage = Stage::Checking { checked, remedy };
        }
        (stage, _, _) => {
            ticket.stage = stage;
            wrong_form(ticket, step, cx);
        }
    }
}

/// The agent has answered.
fn simplified(
    ticket: &mut TicketRun,
    checked: Box<Checked>,
    report: &AgentReport,
    cx: &mut Cx<'_>,
) {
    ticket.budget.rate_limits = 0;
    if report.around.workspace != Whereabouts::There {
        return take_back(ticket, checked, "it checked something else out", cx);
    }
    match &report.answer {
        Answer::Result(Claimed(RoleResult::Simplifier(_))) => {
            ticket.stage = Stage::Simplified(checked);
        }
        // It is not worth a question.
        Answer::Asks(_) => take_back(ticket, checked, &report.answer.shortfall(), cx),
        Answer::Result(_) | Answer::Malformed(_) => {
            take_back(ticket, checked, "the agent did not answer properly", cx);
        }
    }
}

/// What the agent left is known: a new commit to be checked, or nothing.
fn collected(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    found: Collected,
    inspection: Inspection,
    cx: &mut Cx<'_>,
) {
    if found.head == checked.head {
        let skipped = Verdict::skip("there was nothing to make simpler");
        checked.verdicts.insert(LayerId::Simplifier, skipped);
        let remedy = Remedy::default();
        ticket.stage = Stage::Checking { checked, remedy };
        return;
    }
    if found.changed.is_empty() {
        return take_back(ticket, checked, "it took the work itself away", cx);
    }
    let mut simpler = checked.clone();
    // What the worker says is about the commit before.
    simpler
        .claim
        .0
        .commit_hash
        .get_or_insert_with(|| checked.head.clone());
    simpler.head = found.head;
    simpler.tree = found.tree;
    simpler.changed = found.changed;
    simpler.inspection = inspection;
    simpler
        .verdicts
        .insert(LayerId::Simplifier, Verdict::pass());
    simpler.before_simplifier = Some(checked);
    ticket.stage = Stage::Checking {
        checked: simpler,
        remedy: Remedy::default(),
    };
}

/// The work goes on as it was before the agent came.
pub(super) fn take_back(
    ticket: &mut TicketRun,
    mut checked: Box<Checked>,
    why: &str,
    cx: &mut Cx<'_>,
) {
    cx.counters().simplifier_reverts += 1;
    let id = &cx.ticket.ticket.id;
    let message = format!("{id}: the work is not made simpler: {why}");
    cx.events.push(Event::Warning { message });
    let skipped = Verdict::skip(format!("taken back: {why}"));
    checked.verdicts.insert(LayerId::Simplifier, skipped);
    ticket.stage = Stage::Restoring(checked);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_decide_in_their_order() {
        use SimplifierPolicy::{Always, Auto, Never};
        let mut table = Vec::new();
        let flags = [false, true];
        for policy in [Never, Always] {
            let facts = Facts {
                policy,
                bug: true,
                files: 0,
                regressed: true,
                team: true,
                clean: true,
            };
            table.push(format!("{policy:?}: {:?}", decide(facts)));
        }
        for (bug, regressed) in flags.into_iter().flat_map(|b| flags.map(|r| (b, r))) {
            for (team, clean) in flags.into_iter().flat_map(|t| flags.map(|c| (t, c))) {
                let of = |files| {
                    let facts = Facts {
                        policy: Auto,
                        bug,
                        files,
                        regressed,
                        team,
                        clean,
                    };
                    decide(facts)
                };
                let shown = [2, 3, 4, 5].map(|files| match of(files) {
                    Ok(_) => "run",
                    Err(_) => "-",
                });
                let yes = |flag, name| if flag { name } else { "" };
                table.push(format!(
                    "{:4}{:10}{:5}{:6}| {}",
                    yes(bug, "bug"),
                    yes(regressed, "regressed"),
                    yes(team, "team"),
                    yes(clean, "clean"),
                    shown.join(" ")
                ));
            }
        }
        insta::assert_snapshot!(table.join("\n"), @r#"
        Never: Err("switched off (simplifier: never)")
        Always: Ok("switched on for every ticket (simplifier: always)")
                                 | - run run run
                           clean | - run run run
                      team       | - - - run
                      team clean | - - - -
            regressed            | - - - -
            regressed      clean | - - - -
            regressed team       | - - - -
            regressed team clean | - - - -
        bug                      | - - - -
        bug                clean | - - - -
        bug           team       | - - - -
        bug           team clean | - - - -
        bug regressed            | - - - -
        bug regressed      clean | - - - -
        bug regressed team       | - - - -
        bug regressed team clean | - - - -
        "#);
    }
}
