//! Small valid values for tests of stores and trackers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::domain::evidence::{EVIDENCE_HEADING, EvidenceMarker, EvidenceTrailer};
use crate::domain::learning::Lessons;
use crate::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use crate::id::{BranchName, CommitId, ProblemId, SprintId, TicketId, TreeId};
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::run::effect::{EffectId, EffectKey, Step};
use crate::run::predict::Prediction;
use crate::run::proof::Proof;
use crate::run::snapshot::{Delta, SCHEMA_VERSION, Snapshot};
use crate::run::state::{Counters, Phase, SprintState};
use crate::run::ticket::TicketRun;
use crate::time::Timestamp;

const VALID: &str = "the text is a valid identifier";

/// The id `T-{number}`.
pub fn ticket_id(number: usize) -> TicketId {
    TicketId::new(format!("T-{number}")).expect(VALID)
}

/// A ticket that waits to be started.
pub fn ticket(number: usize) -> Ticket {
    Ticket {
        id: ticket_id(number),
        title: format!("ticket {number}"),
        status: TicketStatus::Todo,
        priority: Priority::default(),
        labels: Vec::new(),
        blocked_by: Vec::new(),
        size: Size::default(),
        body: String::new(),
        updated_at: None,
        parent: None,
        tracker_id: None,
    }
}

/// A sprint of `tickets` tickets, none of which has begun, at revision 1.
pub fn snapshot(tickets: usize) -> Snapshot {
    let base = CommitId::new("a".repeat(40)).expect(VALID);
    let plans = (1..=tickets).map(|number| {
        let plan = TicketPlan {
            ticket: ticket(number),
            wave: 1,
            rank: 0,
            dependencies: Vec::new(),
            dependents: Vec::new(),
            unmet: None,
        };
        (ticket_id(number), plan)
    });
    let plan = SprintPlan {
        sprint: SprintId::new("sprint-20260101-000000").expect(VALID),
        problem: ProblemId::new("problem").expect(VALID),
        started_at: Timestamp::from_millis(0),
        config: SprintConfig::new(BranchName::new("main").expect(VALID), BTreeMap::new()),
        base: base.clone(),
        mode: CoordinationMode::Subagents,
        roles: BTreeSet::new(),
        tickets: plans.collect(),
        layers: BTreeSet::new(),
        simplifier_regressed: false,
        guidance: Lessons::default(),
        warnings: Vec::new(),
    };
    Snapshot {
        schema_version: SCHEMA_VERSION,
        revision: 1,
        at: Timestamp::from_millis(1000),
        tickets: (1..=tickets)
            .map(|number| (ticket_id(number), TicketRun::queued()))
            .collect(),
        plan: Arc::new(plan),
        sprint: SprintState {
            phase: Phase::Preflight,
            merge_order: Vec::new(),
            base_head: base,
            baseline: None,
            counters: Counters::default(),
            holds: BTreeMap::new(),
            agents_paused_until: None,
            reserved: BTreeMap::new(),
            retries: 0,
            recoveries: Vec::new(),
            sweep_due: false,
            sweeps: 0,
        },
        integration: None,
        undo: None,
        prediction: Prediction::default(),
    }
}

/// The change that makes `revision`: ticket `revision % tickets + 1` is in attempt `revision`.
pub fn delta(after: &Snapshot) -> Delta {
    let revision = after.revision + 1;
    let attempt = u32::try_from(revision).expect("tests make few changes");
    let number = attempt as usize % after.tickets.len().max(1) + 1;
    let mut run = TicketRun::queued();
    run.attempt = attempt;
    Delta {
        revision,
        at: Timestamp::from_millis(revision * 1000),
        full: None,
        sprint: None,
        tickets: [(ticket_id(number), run)].into(),
        integration: None,
        undo: None,
        prediction: None,
    }
}

/// `snapshot` after `delta`.
pub fn after(snapshot: &Snapshot, delta: &Delta) -> Snapshot {
    let mut next = snapshot.clone();
    next.absorb(delta).expect("the change follows the state");
    next
}

/// The key of a step of the ticket's attempt.
pub fn key(ticket: &TicketId, attempt: u32, step: Step) -> EffectKey {
    EffectKey {
        sprint: SprintId::new("sprint-20260101-000000").expect(VALID),
        effect: EffectId::ticket(ticket.clone(), attempt, step),
    }
}

/// Proof for a commit made of `digit`.
pub fn proof(ticket: &TicketId, digit: char) -> Proof {
    Proof::for_tests(EvidenceMarker {
        sprint: SprintId::new("sprint-20260101-000000").expect(VALID),
        ticket: ticket.clone(),
        branch: BranchName::new("work").expect(VALID),
        commit: CommitId::new(digit.to_string().repeat(40)).expect(VALID),
        tree: TreeId::new(digit.to_string().repeat(40)).expect(VALID),
    })
}

/// An evidence comment for `proof`.
pub fn evidence(proof: &Proof, text: &str) -> String {
    let text = format!("{EVIDENCE_HEADING}\n{text}");
    EvidenceTrailer::close(&text, proof.marker(), None, BTreeMap::new())
}
