//! How a sprint ended: for people as a table, for tools as JSON and an exit code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::domain::agent::{PermissionRequest, Role};
use crate::domain::evidence::CommentRef;
use crate::domain::verdict::{FindingKind, LayerId};
use crate::id::{BranchName, CommitId, SprintId, TicketId};
use crate::report::{plain, standing};
use crate::run::Outcome;
use crate::run::integrate::Culprit;
use crate::run::resolve::Resolved;
use crate::run::snapshot::Snapshot;
use crate::run::spending::Used;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::{Stage, TicketRun};

/// How a sprint ended, or why it rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The sprint.
    pub sprint: SprintId,
    /// How it ended.
    pub outcome: Ended,
    /// The exit code that says the same to scripts: 0 everything is merged, 3 it is over with
    /// tickets that are not, 4 it waits for a person (to decide, or to go on with it), 5 it stopped
    /// or was cancelled.
    pub exit_code: u8,
    /// The branch that work is merged into.
    pub base: BranchName,
    /// Where base is now.
    pub base_head: CommitId,
    /// Each ticket, `ENG-2` before `ENG-10`.
    pub tickets: Vec<TicketSummary>,
    /// Conflicts between tickets that were resolved, with the proof that nothing was dropped.
    pub resolved: Vec<Resolved>,
    /// Tickets that were set aside before base moved, in the order it happened.
    pub set_aside: Vec<SetAside>,
    /// What was spent.
    pub counters: Spent,
    /// What people are asked, one line each.
    pub requests: Vec<String>,
}

/// How a sprint ended, in one word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Ended {
    /// It went through to the end.
    Finished,
    /// Nothing moves until a person decides something.
    Waiting,
    /// It stopped because going on could lose work or spend without end.
    Stopped {
        /// Why.
        reason: String,
    },
    /// A person cancelled it.
    Cancelled,
    /// It was left while something could still move, and can go on.
    Unfinished,
}

/// What became of one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketSummary {
    /// The ticket.
    pub id: TicketId,
    /// Its title on one line.
    pub title: String,
    /// What became of it.
    #[serde(flatten)]
    pub result: TicketResult,
    /// Trips through the loop; 0 if work never began.
    pub attempts: u32,
    /// Agents started for it.
    pub agent_runs: u64,
    /// The evidence comment.
    pub evidence: Option<CommentRef>,
    /// From the beginning of work to its end, or until now, in milliseconds.
    pub duration_ms: u64,
    /// The branch its work is on.
    pub branch: Option<BranchName>,
    /// The directory its work is in, unless it was given back.
    pub worktree: Option<PathBuf>,
    /// How it was moved back at the tracker after it was closed twice, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_back: Option<String>,
}

/// What became of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum TicketResult {
    /// It is on base.
    Merged {
        /// The merge commit.
        commit: CommitId,
    },
    /// The engine gave up on it.
    Stuck {
        /// Why, in one word.
        reason: &'static str,
        /// More, in words.
        message: String,
    },
    /// Verified, then taken out before base moved.
    Reverted {
        /// Why, in one word.
        reason: &'static str,
        /// More, in words; names the ticket it does not go with, if one alone is to blame.
        message: String,
    },
    /// It waited for another ticket in vain.
    Blocked {
        /// Which.
        by: TicketId,
    },
    /// Proven and Done, and not merged.
    Verified,
    /// Layer 3.5 waits for a person.
    AwaitingReview,
    /// Its worker waits for a person to allow or refuse a tool.
    AwaitingPermission {
        /// What it wants.
        request: PermissionRequest,
    },
    /// Taken out by a person.
    Dropped,
    /// Done, and not by this sprint.
    DoneOutside,
    /// Somewhere on its way.
    Unfinished {
        /// The name of its stage.
        stage: &'static str,
    },
}

/// A ticket that did not go with the others, and whether that was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Which, with whom, and what it took to find out.
    #[serde(flatten)]
    pub culprit: Culprit,
    /// Whether it is merged after all.
    pub mended: bool,
}

/// What a sprint has spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// Agents started, by role.
    pub agents: BTreeMap<Role, u64>,
    /// What they cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// What those may have cost at most that nobody heard the end of.
    pub presumed_micro_usd: u64,
    /// What they used, by role.
    pub used: BTreeMap<Role, Used>,
    /// Gate runs on base and on combinations.
    pub gates: u64,
    /// Gate runs that were not made, because an earlier one holds.
    pub gates_reused: u64,
    /// Failed attempts, by the layer that caught them and by what it found first.
    pub caught: BTreeMap<LayerId, BTreeMap<FindingKind, u64>>,
    /// Fresh agents brought in by circuit breakers.
    pub breaker_trips: u64,
    /// From the start to the last change, in milliseconds.
    pub duration_ms: u64,
}

impl Summary {
    /// The summary of saved state; `outcome` is what the run says, `None` if it was left early.
    pub fn new(snapshot: &Snapshot, outcome: Option<&Outcome>) -> Self {
        let (plan, counters) = (&snapshot.plan, &snapshot.sprint.counters);
        let ended = ended(snapshot, outcome);
        let all_merged = snapshot
            .tickets
            .values()
            .all(|ticket| matches!(ticket.stage, Stage::Merged { .. } | Stage::DoneOutside));
        let exit_code = match &ended {
            Ended::Finished if all_merged => 0,
            Ended::Finished => 3,
            Ended::Waiting | Ended::Unfinished => 4,
            Ended::Stopped { .. } | Ended::Cancelled => 5,
        };
        let requests = match outcome {
            Some(Outcome::AwaitingHuman { requests }) => requests.clone(),
            Some(Outcome::Complete(_)) | None => Vec::new(),
        };
        Self {
            sprint: plan.sprint.clone(),
            outcome: ended,
            exit_code,
            base: plan.config.branch_base.clone(),
            base_head: snapshot.sprint.base_head.clone(),
            tickets: standing::in_order(&snapshot.tickets)
                .into_iter()
                .map(|(id, ticket)| summarize(snapshot, id, ticket))
                .collect(),
            resolved: snapshot
                .integration
                .as_ref()
                .map_or_else(Vec::new, |run| run.resolved.clone()),
            set_aside: set_aside(snapshot),
            counters: Spent {
                agents: counters.agents.clone(),
                cost_micro_usd: counters.cost_micro_usd,
                presumed_micro_usd: counters.presumed_micro_usd,
                used: counters.used.clone(),
                gates: counters.gates,
                gates_reused: counters.gates_reused,
                caught: counters.caught.clone(),
                breaker_trips: counters.breaker_trips,
                duration_ms: millis(snapshot.at.since(plan.started_at)),
            },
            requests,
        }
    }
}

impl TicketResult {
    /// The word used in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Merged { .. } => "merged",
            Self::Stuck { .. } => "stuck",
            Self::Reverted { .. } => "reverted",
            Self::Blocked { .. } => "blocked",
            Self::Verified => "verified",
            Self::AwaitingReview => "awaiting review",
            Self::AwaitingPermission { .. } => "awaiting permission",
            Self::Dropped => "dropped",
            Self::DoneOutside => "done outside",
            Self::Unfinished { .. } => "unfinished",
        }
    }
}

fn ended(snapshot: &Snapshot, outcome: Option<&Outcome>) -> Ended {
    let ending = match (outcome, &snapshot.sprint.phase) {
        (Some(Outcome::AwaitingHuman { .. }), _) => return Ended::Waiting,
        (Some(Outcome::Complete(ending)), _) | (None, Phase::Complete { ending }) => ending,
        (
            None,
            Phase::Preflight
            | Phase::Baseline
            | Phase::Tickets
            | Phase::Integrating
            | Phase::Undoing
            | Phase::Parked { .. }
            | Phase::Tidying { .. },
        ) => return Ended::Unfinished,
    };
    match ending {
        Ending::Finished => Ended::Finished,
        Ending::SafetyStop { reason } => Ended::Stopped {
            reason: reason.clone(),
        },
        Ending::Cancelled => Ended::Cancelled,
    }
}

fn summarize(snapshot: &Snapshot, id: &TicketId, ticket: &TicketRun) -> TicketSummary {
    let plan = snapshot.plan.tickets.get(id);
    let workspace = standing::workspace(ticket);
    let end = ticket.completed_at.unwrap_or(snapshot.at);
    TicketSummary {
        id: id.clone(),
        title: plan.map_or_else(String::new, |plan| plain::line(&plan.ticket.title, 200)),
        result: result(ticket),
        attempts: ticket.started_at.map_or(0, |_| ticket.attempt),
        agent_runs: ticket.budget.agent_runs,
        evidence: standing::evidence(ticket).cloned(),
        duration_ms: ticket
            .started_at
            .map_or(0, |start| millis(end.since(start))),
        branch: workspace.map(|workspace| workspace.branch.clone()),
        worktree: standing::directory(ticket).map(Path::to_path_buf),
        moved_back: ticket.aftermath.back().map(ToString::to_string),
    }
}

fn set_aside(snapshot: &Snapshot) -> Vec<SetAside> {
    let culprits = snapshot.integration.iter().flat_map(|run| &run.culprits);
    let merged = |id: &TicketId| {
        let ticket = snapshot.tickets.get(id);
        ticket.is_some_and(|ticket| matches!(ticket.stage, Stage::Merged { .. }))
    };
    culprits
        .map(|culprit| SetAside {
            culprit: culprit.clone(),
            mended: merged(&culprit.ticket),
        })
        .collect()
}

fn result(ticket: &TicketRun) -> TicketResult {
    match &ticket.stage {
        Stage::Merged { at, .. } => TicketResult::Merged { commit: at.clone() },
        Stage::Stuck { reason, message } => {
            let (reason, message) = (reason.name(), message.clone());
            if standing::is_reverted(ticket) {
                TicketResult::Reverted { reason, message }
            } else {
                TicketResult::Stuck { reason, message }
            }
        }
        Stage::Blocked { by } => TicketResult::Blocked { by: by.clone() },
        Stage::Verified { .. } => TicketResult::Verified,
        Stage::AwaitingReview(_) => TicketResult::AwaitingReview,
        Stage::AwaitingPermission { request, .. } => TicketResult::AwaitingPermission {
            request: request.clone(),
        },
        Stage::Dropped => TicketResult::Dropped,
        Stage::DoneOutside => TicketResult::DoneOutside,
        stage @ (Stage::Queued
        | Stage::Opening { .. }
        | Stage::Installing { .. }
        | Stage::Researching { .. }
        | Stage::Implementing { .. }
        | Stage::Refreshing { .. }
        | Stage::Recovering { .. }
        | Stage::Collecting { .. }
        | Stage::Simplifying(_)
        | Stage::Simplified(_)
        | Stage::Restoring(_)
        | Stage::Checking { .. }
        | Stage::ReadingTests(_)
        | Stage::Judging { .. }
        | Stage::Posting(_)
        | Stage::Closing { .. }) => TicketResult::Unfinished {
            stage: stage.name(),
        },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn exit_codes_say_how_it_ended() {
        let complete = Outcome::Complete;
        let stop = complete(Ending::SafetyStop { reason: "x".into() });
        let wait = Outcome::AwaitingHuman { requests: vec![] };
        let finished = complete(Ending::Finished);
        let code = |snapshot: &Snapshot, outcome| Summary::new(snapshot, outcome).exit_code;
        assert_eq!(code(&fixture::all_merged(), Some(&finished)), 0);
        assert_eq!(code(&fixture::all_merged(), None), 0);
        assert_eq!(code(&fixture::finished(), Some(&finished)), 3);
        assert_eq!(code(&fixture::running(), None), 4);
        assert_eq!(code(&fixture::running(), Some(&wait)), 4);
        assert_eq!(code(&fixture::running(), Some(&stop)), 5);
        assert_eq!(
            code(&fixture::running(), Some(&complete(Ending::Cancelled))),
            5
        );
    }

    #[test]
    fn tools_get_every_ticket() {
        let json = serde_json::to_value(Summary::new(&fixture::finished(), None));
        let json = fixture::sorted(json.unwrap());
        let tickets: Vec<_> = json["tickets"].as_array().unwrap().iter().collect();
        let results: Vec<_> = tickets
            .iter()
            .map(|t| t["result"].as_str().unwrap())
            .collect();
        assert_eq!(
            results,
            ["merged", "stuck", "blocked", "reverted", "dropped"]
        );
        insta::assert_snapshot!(serde_json::to_string_pretty(tickets[0]).unwrap(), @r#"
        {
          "agent_runs": 3,
          "attempts": 1,
          "branch": "worktree-ENG-1",
          "commit": "dddddddddddddddddddddddddddddddddddddddd",
          "duration_ms": 655000,
          "evidence": "comment-1",
          "id": "ENG-1",
          "result": "merged",
          "title": "Add the parser",
          "worktree": null
        }
        "#);
        assert_eq!(json["outcome"]["state"], "finished");
    }

    #[test]
    fn tools_get_what_was_resolved_and_who_was_set_aside() {
        let json = serde_json::to_value(Summary::new(&fixture::mended(), None));
        let json = fixture::sorted(json.unwrap());
        insta::assert_snapshot!(serde_json::to_string_pretty(&json["set_aside"]).unwrap(), @r#"
        [
          {
            "gates": 6,
            "mended": true,
            "message": "passes alone, fails together with ENG-1: test failed",
            "partner": "ENG-1",
            "ticket": "ENG-4"
          }
        ]
        "#);
        assert_eq!(json["resolved"][0]["ticket"], "ENG-10");
        assert_eq!(json["resolved"][0]["others"][0], "ENG-1");
        assert_eq!(json["resolved"][0]["proof"]["files"][0]["ours"]["kept"], 1);
    }
}
