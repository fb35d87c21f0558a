//! The published state file: the sprint in the field names of the pipeline, for people and tools.
//!
//! Everything in it is derived from the snapshot, which stands whole under `run`: the file alone
//! is enough to go on from. Fields about things that have not happened yet are absent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::agent::Role;
use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::id::{BranchName, CommitId, ProblemId, SprintId, TicketId, TreeId};
use crate::plan::accuracy::Accuracy;
use crate::plan::sprint_plan::TicketPlan;
use crate::report::standing::{self, Status};
use crate::report::ticket_view::{LastError, TicketView, last_error, ticket};
use crate::resume::Recovery;
use crate::run::culprit::Runs;
use crate::run::snapshot::Snapshot;
use crate::run::spending::Used;
use crate::run::state::Phase;
use crate::time::Timestamp;

/// The content of `sprint-state.json`.
#[derive(Clone, Debug, Serialize)]
pub struct StateView<'a> {
    schema_version: u32,
    sprint_id: &'a SprintId,
    problem_id: &'a ProblemId,
    coordination_mode: CoordinationMode,
    branch_base: &'a BranchName,
    safety_tag: String,
    phase: &'static str,
    expected_base_head: &'a CommitId,
    dashboard: DashboardView<'a>,
    counters: CountersView<'a>,
    deployment_waves: Vec<Vec<&'a TicketId>>,
    merge_order: &'a [TicketId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    merge_plan: Vec<PlannedMerge<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_check: Option<IntegrationCheck<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_prediction: Option<PredictionView>,
    #[serde(skip_serializing_if = "slice_is_empty")]
    recovery_metadata: &'a [Recovery],
    intra_sprint_learnings: Vec<Learning<'a>>,
    config: &'a SprintConfig,
    tickets: BTreeMap<&'a TicketId, TicketView<'a>>,
    run: &'a Snapshot,
}

#[derive(Clone, Debug, Serialize)]
struct DashboardView<'a> {
    started_at: Timestamp,
    tickets_total: usize,
    tickets_complete: usize,
    tickets_stuck: usize,
    current_phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "slice_is_empty")]
    recovery_metadata: &'a [Recovery],
}

#[derive(Clone, Debug, Serialize)]
struct CountersView<'a> {
    agents_spawned: u64,
    agents_by_role: &'a BTreeMap<Role, u64>,
    breaker_trips: u64,
    gate_runs: u64,
    cost_micro_usd: u64,
    #[serde(skip_serializing_if = "is_zero")]
    presumed_micro_usd: u64,
    used_by_role: &'a BTreeMap<Role, Used>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

const fn slice_is_empty(all: &[Recovery]) -> bool {
    all.is_empty()
}

#[derive(Clone, Debug, Serialize)]
struct PlannedMerge<'a> {
    ticket: &'a TicketId,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a BranchName>,
}

#[derive(Clone, Debug, Serialize)]
struct IntegrationCheck<'a> {
    status: CheckStatus,
    base_head: &'a CommitId,
    round: u32,
    merged: Vec<&'a TicketId>,
    set_aside: Vec<SetAside<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<&'a TreeId>,
}

/// How the combination of tickets did.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum CheckStatus {
    Running,
    Pass,
    PassWithConflicts,
    Fail,
}

#[derive(Clone, Debug, Serialize)]
struct SetAside<'a> {
    ticket: &'a TicketId,
    reason: &'static str,
    message: &'a str,
}

/// How well conflicts were predicted: counts of pairs, and shares from 0 to 1.
#[derive(Clone, Debug, Serialize)]
struct PredictionView {
    #[serde(flatten)]
    pairs: Accuracy,
    precision: Option<f64>,
    recall: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Learning<'a> {
    ticket_id: &'a TicketId,
    timestamp: Option<Timestamp>,
    learnings: &'a [String],
    error_resolved: Option<LastError<'a>>,
}

/// The published view of a snapshot.
pub fn view(snapshot: &Snapshot) -> StateView<'_> {
    let (plan, sprint) = (&*snapshot.plan, &snapshot.sprint);
    let phase = standing::phase(snapshot);
    StateView {
        schema_version: snapshot.schema_version,
        sprint_id: &plan.sprint,
        problem_id: &plan.problem,
        coordination_mode: plan.mode,
        branch_base: &plan.config.branch_base,
        safety_tag: format!("sprint-start-{}", plan.started_at.compact()),
        phase,
        expected_base_head: &sprint.base_head,
        dashboard: dashboard(snapshot, phase),
        counters: CountersView {
            agents_spawned: sprint.counters.agents.values().sum(),
            agents_by_role: &sprint.counters.agents,
            breaker_trips: sprint.counters.breaker_trips,
            gate_runs: sprint.counters.gates,
            cost_micro_usd: sprint.counters.cost_micro_usd,
            presumed_micro_usd: sprint.counters.presumed_micro_usd,
            used_by_role: &sprint.counters.used,
        },
        deployment_waves: waves(snapshot),
        merge_order: &sprint.merge_order,
        merge_plan: merge_plan(snapshot),
        integration_check: integration_check(snapshot),
        conflict_prediction: prediction(snapshot),
        recovery_metadata: &sprint.recoveries,
        intra_sprint_learnings: learnings(snapshot),
        config: &plan.config,
        tickets: snapshot
            .tickets
            .iter()
            .filter_map(|(id, run)| Some((id, ticket(plan.tickets.get(id)?, run))))
            .collect(),
        run: snapshot,
    }
}

/// The view as JSON with an indentation of two spaces, ending in a line break.
///
/// # Errors
///
/// A workspace whose path is not UTF-8: JSON cannot hold it.
pub fn to_json(snapshot: &Snapshot) -> serde_json::Result<String> {
    let mut json = serde_json::to_string_pretty(&view(snapshot))?;
    json.push('\n');
    Ok(json)
}

fn dashboard<'a>(snapshot: &'a Snapshot, current_phase: &'static str) -> DashboardView<'a> {
    let count = |wanted: Status| {
        let tickets = snapshot.tickets.values();
        tickets.filter(|t| standing::status(t) == wanted).count()
    };
    let over = matches!(snapshot.sprint.phase, Phase::Complete { .. });
    DashboardView {
        started_at: snapshot.plan.started_at,
        tickets_total: snapshot.tickets.len(),
        tickets_complete: count(Status::Complete),
        tickets_stuck: count(Status::Stuck),
        current_phase,
        completed_at: over.then_some(snapshot.at),
        recovery_metadata: if over {
            &snapshot.sprint.recoveries
        } else {
            &[]
        },
    }
}

/// The tickets wave by wave, in the order in which they are started.
fn waves(snapshot: &Snapshot) -> Vec<Vec<&TicketId>> {
    let mut waves: BTreeMap<u32, Vec<&TicketPlan>> = BTreeMap::new();
    for plan in snapshot.plan.tickets.values() {
        waves.entry(plan.wave).or_default().push(plan);
    }
    let mut ids = Vec::new();
    for mut wave in waves.into_values() {
        wave.sort_by_key(|plan| plan.rank);
        ids.push(wave.into_iter().map(|plan| &plan.ticket.id).collect());
    }
    ids
}

fn merge_plan(snapshot: &Snapshot) -> Vec<PlannedMerge<'_>> {
    let order = snapshot.integration.iter().flat_map(|run| &run.order);
    order
        .map(|id| PlannedMerge {
            ticket: id,
            branch: snapshot
                .tickets
                .get(id)
                .and_then(standing::workspace)
                .map(|workspace| &workspace.branch),
        })
        .collect()
}

fn integration_check(snapshot: &Snapshot) -> Option<IntegrationCheck<'_>> {
    let run = snapshot.integration.as_ref()?;
    let tip = run.chain.last();
    let gate = tip.and_then(|tip| run.gates.get(&tip.tree));
    let set_aside: Vec<_> = snapshot
        .tickets
        .iter()
        .filter(|(_, ticket)| standing::is_reverted(ticket))
        .filter_map(|(ticket, run)| {
            let (reason, message) = standing::stuck(run)?;
            Some(SetAside {
                ticket,
                reason: reason.name(),
                message,
            })
        })
        .collect();
    let status = match gate.and_then(Runs::verdict) {
        None => CheckStatus::Running,
        Some(false) => CheckStatus::Fail,
        Some(true) if set_aside.is_empty() => CheckStatus::Pass,
        Some(true) => CheckStatus::PassWithConflicts,
    };
    Some(IntegrationCheck {
        status,
        base_head: &run.base,
        round: run.round,
        merged: run.chain.iter().map(|merged| &merged.ticket).collect(),
        set_aside,
        tree: tip.map(|tip| &tip.tree),
    })
}

fn prediction(snapshot: &Snapshot) -> Option<PredictionView> {
    let pairs = snapshot.prediction.accuracy();
    (snapshot.prediction.probes > 0).then(|| PredictionView {
        precision: pairs.precision(),
        recall: pairs.recall(),
        pairs,
    })
}

/// What completed tickets taught, in the order in which they were completed.
fn learnings(snapshot: &Snapshot) -> Vec<Learning<'_>> {
    let mut learnings: Vec<_> = snapshot
        .tickets
        .iter()
        .filter(|(_, ticket)| ticket.is_complete() && !ticket.learnings.is_empty())
        .map(|(ticket_id, ticket)| Learning {
            ticket_id,
            timestamp: ticket.completed_at,
            learnings: &ticket.learnings,
            error_resolved: last_error(ticket),
        })
        .collect();
    learnings.sort_by_key(|learning| learning.timestamp);
    learnings
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::fixture;
    use crate::run::SprintRun;
    use crate::run::effect::{EffectId, Step, Work};

    fn json(snapshot: &Snapshot) -> Value {
        let json = serde_json::from_str(&to_json(snapshot).unwrap());
        fixture::sorted(json.unwrap())
    }

    /// The view as one line per field, without what is shown elsewhere.
    fn outline(snapshot: &Snapshot, tickets: &[&str]) -> String {
        let json = json(snapshot);
        let mut lines = Vec::new();
        for (key, value) in json.as_object().unwrap() {
            if !["run", "config", "tickets"].contains(&key.as_str()) {
                lines.push(format!("{key}: {value}"));
            }
        }
        for id in tickets {
            for (key, value) in json["tickets"][id].as_object().unwrap() {
                lines.push(format!("{id} {key}: {value}"));
            }
        }
        lines.join("\n")
    }

    #[test]
    fn a_running_sprint_has_the_fields_of_the_pipeline() {
        let text = outline(&fixture::running(), &["ENG-2", "ENG-3"]);
        insta::assert_snapshot!(text, @r#"
        branch_base: "main"
        coordination_mode: "subagents"
        counters: {"agents_by_role":{"review":2,"worker":5},"agents_spawned":7,"breaker_trips":1,"cost_micro_usd":1234567,"gate_runs":0,"used_by_role":{"review":{"cost_micro_usd":34567,"tokens":12000},"worker":{"cost_micro_usd":1200000,"tokens":340000}}}
        dashboard: {"current_phase":"2-implementation","started_at":"2026-01-31T09:00:00Z","tickets_complete":1,"tickets_stuck":1,"tickets_total":5}
        deployment_waves: [["ENG-1","ENG-2","ENG-4"],["ENG-3","ENG-10"]]
        expected_base_head: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        intra_sprint_learnings: [{"error_resolved":null,"learnings":["use the fast parser"],"ticket_id":"ENG-1","timestamp":"2026-01-31T09:11:00Z"}]
        merge_order: []
        phase: "2-implementation"
        problem_id: "parser"
        safety_tag: "sprint-start-20260131-090000"
        schema_version: 1
        sprint_id: "sprint-20260131-090000"
        ENG-2 agent_id: null
        ENG-2 base_sha: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ENG-2 completed_at: "2026-01-31T09:20:00Z"
        ENG-2 complexity: "M"
        ENG-2 consecutive_same_error: 1
        ENG-2 dependencies: []
        ENG-2 edge_case_count: 0
        ENG-2 evidence: null
        ENG-2 exhaustion_respawns: 0
        ENG-2 fresh_worker_used: true
        ENG-2 identifier: "ENG-2"
        ENG-2 labels: ["core"]
        ENG-2 last_error: {"message":"test failed (exit 101): assertion | `left == right`\n```\n@alice","type":"test_failure"}
        ENG-2 linear_status: "Todo"
        ENG-2 loop_count: 3
        ENG-2 merge_sha: null
        ENG-2 merge_state: "unmerged"
        ENG-2 preflight_ran: false
        ENG-2 priority: "high"
        ENG-2 rate_limit_waits: 0
        ENG-2 stage: "stuck"
        ENG-2 started_at: "2026-01-31T09:00:05Z"
        ENG-2 status: "stuck"
        ENG-2 stuck_message: "test failed (exit 101): assertion | `left == right`\n```\n@alice"
        ENG-2 stuck_reason: "circuit_breaker"
        ENG-2 title: "Fix: a | b <script> @alice \u001b[31mred\n### new `tick`"
        ENG-2 wave: 1
        ENG-2 work_base_sha: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ENG-2 worktree_branch: "worktree-ENG-2"
        ENG-2 worktree_path: "/repo/.worktrees/ENG-2"
        ENG-3 agent_id: null
        ENG-3 blocked_by: "ENG-2"
        ENG-3 completed_at: null
        ENG-3 complexity: "M"
        ENG-3 consecutive_same_error: 0
        ENG-3 dependencies: ["ENG-2"]
        ENG-3 edge_case_count: 0
        ENG-3 evidence: null
        ENG-3 exhaustion_respawns: 0
        ENG-3 fresh_worker_used: false
        ENG-3 identifier: "ENG-3"
        ENG-3 labels: ["core"]
        ENG-3 last_error: null
        ENG-3 linear_status: "Todo"
        ENG-3 loop_count: 0
        ENG-3 merge_sha: null
        ENG-3 merge_state: "unmerged"
        ENG-3 preflight_ran: false
        ENG-3 priority: "high"
        ENG-3 rate_limit_waits: 0
        ENG-3 stage: "blocked"
        ENG-3 started_at: null
        ENG-3 status: "blocked"
        ENG-3 title: "Add the parser"
        ENG-3 wave: 2
        ENG-3 worktree_branch: null
        "#);
    }

    #[test]
    fn a_finished_sprint_says_what_landed_and_what_did_not() {
        insta::assert_snapshot!(outline(&fixture::finished(), &["ENG-1"]), @r#"
        branch_base: "main"
        coordination_mode: "subagents"
        counters: {"agents_by_role":{"review":2,"worker":5},"agents_spawned":7,"breaker_trips":1,"cost_micro_usd":1234567,"gate_runs":6,"used_by_role":{"review":{"cost_micro_usd":34567,"tokens":12000},"worker":{"cost_micro_usd":1200000,"tokens":340000}}}
        dashboard: {"completed_at":"2026-01-31T10:02:03Z","current_phase":"complete","started_at":"2026-01-31T09:00:00Z","tickets_complete":1,"tickets_stuck":2,"tickets_total":5}
        deployment_waves: [["ENG-1","ENG-2","ENG-4"],["ENG-3","ENG-10"]]
        expected_base_head: "dddddddddddddddddddddddddddddddddddddddd"
        integration_check: {"base_head":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","merged":["ENG-1"],"round":1,"set_aside":[{"message":"passes alone, fails together with ENG-1: test failed","reason":"integration_failed","ticket":"ENG-4"}],"status":"pass_with_conflicts","tree":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}
        intra_sprint_learnings: [{"error_resolved":null,"learnings":["use the fast parser"],"ticket_id":"ENG-1","timestamp":"2026-01-31T09:11:00Z"}]
        merge_order: ["ENG-1"]
        merge_plan: [{"branch":"worktree-ENG-1","ticket":"ENG-1"}]
        phase: "complete"
        problem_id: "parser"
        safety_tag: "sprint-start-20260131-090000"
        schema_version: 1
        sprint_id: "sprint-20260131-090000"
        ENG-1 agent_id: null
        ENG-1 base_sha: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ENG-1 completed_at: "2026-01-31T09:11:00Z"
        ENG-1 complexity: "M"
        ENG-1 consecutive_same_error: 0
        ENG-1 dependencies: []
        ENG-1 edge_case_count: 0
        ENG-1 edge_cases: {"covered":0,"missing":[],"total":0}
        ENG-1 evidence: {"preflight_ran":true}
        ENG-1 evidence_comment_id: "comment-1"
        ENG-1 evidence_comment_verified: true
        ENG-1 evidence_commit: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        ENG-1 evidence_posted_by: "orchestrator"
        ENG-1 exhaustion_respawns: 0
        ENG-1 fresh_worker_used: false
        ENG-1 head_sha: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        ENG-1 identifier: "ENG-1"
        ENG-1 labels: ["core"]
        ENG-1 last_error: null
        ENG-1 linear_status: "Todo"
        ENG-1 loop_count: 0
        ENG-1 merge_sha: "dddddddddddddddddddddddddddddddddddddddd"
        ENG-1 merge_state: "merged"
        ENG-1 preflight_ran: true
        ENG-1 priority: "high"
        ENG-1 rate_limit_waits: 0
        ENG-1 stage: "merged"
        ENG-1 started_at: "2026-01-31T09:00:05Z"
        ENG-1 status: "complete"
        ENG-1 title: "Add the parser"
        ENG-1 wave: 1
        ENG-1 work_base_sha: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ENG-1 worktree_branch: "worktree-ENG-1"
        "#);
    }

    #[test]
    fn the_file_alone_is_enough_to_go_on_from() {
        for snapshot in [fixture::running(), fixture::finished()] {
            let json = json(&snapshot);
            let run: Snapshot = serde_json::from_value(json["run"].clone()).unwrap();
            assert_eq!(run, snapshot);
            let config: SprintConfig = serde_json::from_value(json["config"].clone()).unwrap();
            assert_eq!(config, snapshot.plan.config);
        }
        assert!(
            to_json(&fixture::running())
                .unwrap()
                .starts_with("{\n  \"schema_version\": 1,\n")
        );
    }

    #[test]
    fn the_safety_tag_is_the_one_that_is_set() {
        let run = SprintRun::start(fixture::start(), fixture::plan());
        let work = run.work(&EffectId::sprint(1, Step::Checkpoint)).unwrap();
        let Work::Checkpoint { tag, .. } = work else {
            panic!("not a checkpoint: {work:?}")
        };
        assert_eq!(view(&run.snapshot()).safety_tag, tag.as_str());
    }

    #[test]
    fn the_phase_is_a_barrier_while_tickets_run() {
        let mut snapshot = fixture::running();
        assert_eq!(
            view(&snapshot).phase,
            "2-implementation",
            "ENG-10 is queued"
        );
        snapshot.tickets.remove(&fixture::id(10));
        assert_eq!(
            view(&snapshot).phase,
            "3-verification",
            "ENG-4 is in a fix round"
        );
        let ticket = snapshot.tickets.get_mut(&fixture::id(4)).unwrap();
        ticket.budget.loops = 0;
        assert_eq!(view(&snapshot).phase, "2-implementation");
        snapshot.sprint.phase = Phase::Integrating;
        assert_eq!(view(&snapshot).phase, "4.5-integration");
        assert_eq!(view(&fixture::finished()).phase, "complete");
    }
}
