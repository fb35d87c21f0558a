//! One ticket's run: where it stands, and what it has spent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::agent::{
    Assignment, Claimed, Grant, PermissionRequest, RequirementRow, WorkerResult,
};
use crate::domain::evidence::CommentRef;
use crate::domain::path::RepoPath;
use crate::domain::verdict::{FindingKind, LayerId, Verdict};
use crate::domain::workspace::{ChangedPath, Workspace};
use crate::id::{CommitId, SessionId, TicketId, TreeId};
use crate::inspect::Inspection;
use crate::run::control::Control;
use crate::run::effect::Step;
use crate::run::sweep::Aftermath;
use crate::run::team::Alongside;
use crate::time::Timestamp;

/// The living part of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRun {
    /// Where it stands.
    pub stage: Stage,
    /// Trips through the loop so far; part of every effect's name.
    pub attempt: u32,
    /// Which workspace it is in: 1, or more after a fresh agent or a re-attempt.
    pub generation: u32,
    /// What it has spent.
    pub budget: Budget,
    /// What failed last, and how often the same.
    pub breaker: Breaker,
    /// Steps that must wait, and until when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<Step, Timestamp>,
    /// Consecutive failures of infrastructure, per step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retries: BTreeMap<Step, u32>,
    /// Milliseconds for which each step waited for the tracker's budget, as it was told to, since it
    /// last worked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub budget_waits: BTreeMap<Step, u64>,
    /// Things to do beside the main line: tracker notes, giving workspaces back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub chores: BTreeSet<Step>,
    /// Whether it was decided if an agent makes the change simpler: that is done once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simplifier_decided: bool,
    /// A handle to the worker's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The context agent's report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub research: Option<String>,
    /// Whether its team came to nothing: from then on its context agent reports before the worker
    /// begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// What people decided about tools its agents asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// What went on beside its work.
    #[serde(default, skip_serializing_if = "Alongside::is_empty")]
    pub alongside: Alongside,
    /// Facts for other tickets, taken over when this one is verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnings: Vec<String>,
    /// Every workspace it has had and not given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<Workspace>,
    /// When work began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it became terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// What happened to its merge.
    #[serde(default)]
    pub merge: MergeState,
    /// What landed and was taken back since, so that it can land again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<Box<TakenBack>>,
    /// Why it is not taken for done any more although it was, if that was found out when the sprint
    /// went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Whether it could not be moved back from Done: that it is Done is our doing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub still_done: bool,
    /// What became of it at the tracker after it was closed.
    #[serde(default, skip_serializing_if = "Aftermath::is_kept")]
    pub aftermath: Aftermath,
}

/// A ticket that landed and was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// What is proven.
    pub checked: Box<Checked>,
    /// The evidence.
    pub comment: CommentRef,
    /// Where it landed.
    pub merged_at: CommitId,
    /// The commit that took it back; `None` if base had lost it before.
    pub reverted_at: Option<CommitId>,
}

/// Where a ticket stands. Each stage owns exactly what is valid in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Waits for its dependencies, or for a free agent.
    Queued,
    /// Cannot start: something it depends on will not be done.
    Blocked {
        /// What it waits for in vain.
        by: TicketId,
    },
    /// A workspace is being opened.
    Opening {
        /// What the agent will be told.
        entry: Assignment,
    },
    /// Dependencies are being installed.
    Installing {
        /// Where.
        workspace: Workspace,
        /// What the agent will be told.
        entry: Assignment,
    },
    /// The context agent is at work.
    Researching {
        /// Where.
        workspace: Workspace,
        /// What the worker will be told.
        entry: Assignment,
    },
    /// The worker is at work.
    Implementing {
        /// Where.
        workspace: Workspace,
        /// What it was told.
        entry: Assignment,
    },
    /// The worker wants to use a tool that a person has to allow.
    AwaitingPermission {
        /// Where.
        workspace: Workspace,
        /// What it was told.
        entry: Assignment,
        /// What it wants.
        request: PermissionRequest,
    },
    /// Base has moved; it is being brought into the branch.
    Refreshing {
        /// Where.
        workspace: Workspace,
        /// What comes after that.
        then: AfterRefresh,
    },
    /// The worker has answered, and what became of its branch is not what was saved: its workspace
    /// is being found again, or made anew from its branch, to be looked at.
    Recovering {
        /// What it said.
        claim: Box<Claimed<WorkerResult>>,
        /// Whether it stays on the base it was verified on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        settled: bool,
    },
    /// The worker has answered; its workspace is being looked at.
    Collecting {
        /// Where.
        workspace: Workspace,
        /// What it said.
        claim: Box<Claimed<WorkerResult>>,
        /// Whether the branch has today's base in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refreshed: bool,
    },
    /// Layers 2 and 3 are running side by side.
    Checking {
        /// What is being checked.
        checked: Box<Checked>,
        /// Remedies tried in this attempt.
        remedy: Remedy,
    },
    /// Layer 1.5: an agent makes the change simpler.
    Simplifying(Box<Checked>),
    /// Layer 1.5: what that agent left is being looked at.
    Simplified(Box<Checked>),
    /// Layer 1.5: what that agent did does not pass; the commit before it is restored.
    Restoring(Box<Checked>),
    /// Layer 2.5: the tests are being read.
    ReadingTests(Box<Checked>),
    /// Layer 3.5: a person is asked.
    AwaitingReview(Box<Checked>),
    /// Layer 4: the completion agent is at work.
    Judging {
        /// What is being judged.
        checked: Box<Checked>,
        /// Whether an invalid verdict was already thrown away once.
        repeated: bool,
    },
    /// Layer 5: evidence is being posted.
    Posting(Box<Checked>),
    /// Layer 5.5: the ticket is being marked Done.
    Closing {
        /// What is proven.
        checked: Box<Checked>,
        /// The evidence.
        comment: CommentRef,
    },
    /// Every layer passed, the evidence is posted, the ticket is Done; it waits for its merge.
    Verified {
        /// What is proven.
        checked: Box<Checked>,
        /// The evidence.
        comment: CommentRef,
    },
    /// It is on base.
    Merged {
        /// What is proven.
        checked: Box<Checked>,
        /// The evidence.
        comment: CommentRef,
        /// The merge commit.
        at: CommitId,
    },
    /// The engine gave up on it; a person has to look.
    Stuck {
        /// Why.
        reason: StuckReason,
        /// More, in words.
        message: String,
    },
    /// Taken out of the sprint by a person.
    Dropped,
    /// Done, and not by this sprint: nothing of it lands, and nothing waits for it.
    DoneOutside,
}

impl Stage {
    /// The name used in events, state files and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Blocked { .. } => "blocked",
            Self::Opening { .. } => "opening",
            Self::Installing { .. } => "installing",
            Self::Researching { .. } => "researching",
            Self::Implementing { .. } => "implementing",
            Self::AwaitingPermission { .. } => "awaiting permission",
            Self::Refreshing { .. } => "refreshing",
            Self::Recovering { .. } => "recovering",
            Self::Collecting { .. } => "collecting",
            Self::Checking { .. } => "checking",
            Self::Simplifying(_) | Self::Simplified(_) | Self::Restoring(_) => "simplifying",
            Self::ReadingTests(_) => "reading tests",
            Self::AwaitingReview(_) => "awaiting review",
            Self::Judging { .. } => "judging",
            Self::Posting(_) => "posting",
            Self::Closing { .. } => "closing",
            Self::Verified { .. } => "verified",
            Self::Merged { .. } => "merged",
            Self::Stuck { .. } => "stuck",
            Self::Dropped => "dropped",
            Self::DoneOutside => "done outside",
        }
    }

    /// What was checked, in the stages that have something checked.
    pub fn checked(&self) -> Option<&Checked> {
        match self {
            Self::Checking { checked, .. }
            | Self::Simplifying(checked)
            | Self::Simplified(checked)
            | Self::Restoring(checked)
            | Self::ReadingTests(checked)
            | Self::AwaitingReview(checked)
            | Self::Judging { checked, .. }
            | Self::Posting(checked)
            | Self::Closing { checked, .. }
            | Self::Verified { checked, .. }
            | Self::Merged { checked, .. } => Some(checked),
            Self::Queued
            | Self::Blocked { .. }
            | Self::Opening { .. }
            | Self::Installing { .. }
            | Self::Researching { .. }
            | Self::Implementing { .. }
            | Self::AwaitingPermission { .. }
            | Self::Refreshing { .. }
            | Self::Recovering { .. }
            | Self::Collecting { .. }
            | Self::Stuck { .. }
            | Self::Dropped
            | Self::DoneOutside => None,
        }
    }

    /// Whether nothing moves in it until a person decides something.
    pub const fn waits_for_person(&self) -> bool {
        matches!(
            self,
            Self::AwaitingReview(_) | Self::AwaitingPermission { .. }
        )
    }
}

/// What comes after base was brought into a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum AfterRefresh {
    /// The worker mends what does not fit together with what is on base now.
    Mend {
        /// What it will be told.
        feedback: String,
    },
    /// What the worker did is looked at again.
    Collect {
        /// What it said.
        claim: Box<Claimed<WorkerResult>>,
    },
}

/// What has been checked for one exact commit. A new commit is a new `Checked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Where it is.
    pub workspace: Workspace,
    /// The commit.
    pub head: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// What it changes.
    pub changed: Vec<ChangedPath>,
    /// What was found in the change itself.
    #[serde(default)]
    pub inspection: Inspection,
    /// What the worker said.
    pub claim: Box<Claimed<WorkerResult>>,
    /// What each layer decided.
    pub verdicts: BTreeMap<LayerId, Verdict>,
    /// The words of the reviewer, for the evidence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub review_summary: String,
    /// The rows of the completion verdict, for the evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<RequirementRow>,
    /// What the new tests say without the change; `None` until that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// The commit as it was before an agent made it simpler, to return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_simplifier: Option<Box<Self>>,
}

impl Checked {
    /// The paths it changes.
    pub fn paths(&self) -> Vec<RepoPath> {
        self.changed
            .iter()
            .map(|change| change.path.clone())
            .collect()
    }
}

/// How often checks of one attempt may be repeated because they ran out of time.
pub(super) const MAX_TIMEOUTS: u32 = 2;

/// Repairs of the environment tried in one attempt (spec 10.10, classes 2 and 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Dependencies are to be installed before the next check.
    pub install: bool,
    /// They were installed once already.
    pub installed: bool,
    /// Checks repeated because they ran out of time.
    pub timeouts: u32,
}

impl Remedy {
    /// The same, after an install.
    pub(super) const fn installed(self) -> Self {
        Self {
            install: false,
            installed: true,
            ..self
        }
    }
}

/// Characters shown of what a tool would be used with.
const MAX_INPUT: usize = 200;

/// What a ticket has spent. Every loop-back of the machine takes from one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Counted failures in the verification loop.
    pub loops: u32,
    /// Whether the one fresh agent was used.
    pub fresh_agent: bool,
    /// Agents spawned because one ran out of context.
    pub exhaustions: u32,
    /// Waits for a rate limit.
    pub rate_limits: u32,
    /// Writes to the tracker that did not show.
    pub rewrites: u32,
    /// Agents started for this ticket, over all restarts.
    pub agent_runs: u64,
    /// What they cost, in millionths of a US dollar, as far as it is known.
    pub cost_micro_usd: u64,
    /// What those may have cost that nobody heard the end of: as much as was kept for them.
    #[serde(default)]
    pub presumed_micro_usd: u64,
    /// What all of that came to when a person last gave the ticket a new budget.
    #[serde(default)]
    pub forgiven_micro_usd: u64,
    /// Questions of its agents to people.
    #[serde(default)]
    pub questions: u32,
}

impl Budget {
    /// What counts against the limit of the ticket, in millionths of a US dollar.
    pub const fn spent(&self) -> u64 {
        let all = self.cost_micro_usd.saturating_add(self.presumed_micro_usd);
        all.saturating_sub(self.forgiven_micro_usd)
    }

    /// A new budget, in which only the counts of what was used go on.
    pub(super) fn renewed(&self) -> Self {
        Self {
            agent_runs: self.agent_runs,
            cost_micro_usd: self.cost_micro_usd,
            presumed_micro_usd: self.presumed_micro_usd,
            forgiven_micro_usd: self.cost_micro_usd.saturating_add(self.presumed_micro_usd),
            ..Self::default()
        }
    }
}

/// The circuit breaker: what failed last and how often the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// The last failure.
    pub last: Option<FailureRecord>,
    /// How many times in a row the same error came.
    pub streak: u32,
    /// The failure that brought in the fresh agent.
    pub before_fresh: Option<FailureRecord>,
    /// What the last failed attempt looked like, to tell progress from repetition.
    pub fingerprint: Option<String>,
    /// The tree that passed every layer and could not be merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<TreeId>,
    /// How often the breaker tripped.
    pub trips: u32,
}

/// One failure of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// What kind.
    pub kind: FindingKind,
    /// Which layer.
    pub layer: LayerId,
    /// Normalised text of the error: one line, or the parts of a list.
    pub signature: BTreeSet<String>,
    /// What happened, in words.
    pub message: String,
}

/// Why a ticket is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StuckReason {
    /// The same error came again, also with a fresh agent.
    CircuitBreaker,
    /// The loop ran as often as it may.
    MaxLoops,
    /// Agents kept running out of context.
    ContextExhausted,
    /// The far side limits the rate for too long.
    RateLimited,
    /// Its agents cost as much as they may.
    OverBudget,
    /// Its agents asked people for tools again and again.
    TooManyQuestions,
    /// Something around the ticket kept failing.
    Infrastructure,
    /// A dependency cannot be merged into its workspace.
    DependencyMergeConflict,
    /// The tracker does not take the evidence.
    TrackerFailure,
    /// The evidence was posted and cannot be found.
    EvidenceNotVerified,
    /// The ticket was set to Done and is not.
    TicketNotDone,
    /// It conflicts with a ticket merged before it.
    MergeConflict,
    /// It passes alone and fails together with others.
    IntegrationFailed,
    /// An agent got, or could have got, where it must not be.
    Breach,
    /// It had landed, and a person had it, or what it depends on, taken back.
    TakenBack,
    /// It was complete, and what proved it is gone.
    ProofLost,
}

impl StuckReason {
    /// The name used in state files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CircuitBreaker => "circuit_breaker",
            Self::MaxLoops => "max_loops",
            Self::ContextExhausted => "context_exhausted",
            Self::RateLimited => "rate_limited",
            Self::OverBudget => "over_budget",
            Self::TooManyQuestions => "too_many_questions",
            Self::Infrastructure => "infrastructure",
            Self::DependencyMergeConflict => "dependency_merge_conflict",
            Self::TrackerFailure => "tracker_failure",
            Self::EvidenceNotVerified => "evidence_not_verified",
            Self::TicketNotDone => "ticket_not_done",
            Self::MergeConflict => "merge_conflict",
            Self::IntegrationFailed => "integration_failed",
            Self::Breach => "breach",
            Self::TakenBack => "taken_back",
            Self::ProofLost => "proof_lost",
        }
    }
}

/// What happened to a ticket's merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// Not merged yet.
    #[default]
    Unmerged,
    /// On base.
    Merged,
    /// Verified, then taken out of the combination before base moved, or off base afterwards.
    Reverted,
    /// Never a candidate.
    Skipped,
}

impl TicketRun {
    /// A ticket that has not begun.
    pub fn queued() -> Self {
        Self {
            stage: Stage::Queued,
            attempt: 1,
            generation: 1,
            budget: Budget::default(),
            breaker: Breaker::default(),
            holds: BTreeMap::new(),
            retries: BTreeMap::new(),
            budget_waits: BTreeMap::new(),
            chores: BTreeSet::new(),
            simplifier_decided: false,
            session: None,
            research: None,
            apart: false,
            grants: Vec::new(),
            alongside: Alongside::default(),
            learnings: Vec::new(),
            workspaces: Vec::new(),
            started_at: None,
            completed_at: None,
            merge: MergeState::default(),
            taken_back: None,
            doubt: None,
            still_done: false,
            aftermath: Aftermath::default(),
        }
    }

    /// A step worked, or is given up: the next failure of it is the first.
    pub(super) fn forget_retries(&mut self, step: Step) {
        self.retries.remove(&step);
        self.budget_waits.remove(&step);
    }

    /// Whether nothing waits for it any more: it is complete, or was done outside the sprint.
    pub const fn is_met(&self) -> bool {
        self.is_complete() || matches!(self.stage, Stage::DoneOutside)
    }

    /// Whether dependents may build on it.
    pub const fn is_complete(&self) -> bool {
        matches!(self.stage, Stage::Verified { .. } | Stage::Merged { .. })
    }

    /// What a person is asked about it, if one is, without the name of the ticket.
    pub fn request(&self) -> Option<String> {
        if let Stage::AwaitingReview(checked) = &self.stage {
            let (head, branch) = (&checked.head, &checked.workspace.branch);
            return Some(format!("review {head} on {branch}"));
        }
        let Stage::AwaitingPermission { request, .. } = &self.stage else {
            return None;
        };
        let input: String = request.input.chars().take(MAX_INPUT).collect();
        let (tool, digest) = (&request.tool, &request.digest);
        Some(format!("allow or refuse {tool} ({digest}): {input}"))
    }

    /// Whether nothing more happens to it before integration.
    pub const fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Verified { .. }
            | Stage::Merged { .. }
            | Stage::Stuck { .. }
            | Stage::Blocked { .. }
            | Stage::Dropped
            | Stage::DoneOutside => true,
            Stage::Queued
            | Stage::Opening { .. }
            | Stage::Installing { .. }
            | Stage::Researching { .. }
            | Stage::Implementing { .. }
            | Stage::AwaitingPermission { .. }
            | Stage::Refreshing { .. }
            | Stage::Recovering { .. }
            | Stage::Collecting { .. }
            | Stage::Simplifying(_)
            | Stage::Simplified(_)
            | Stage::Restoring(_)
            | Stage::Checking { .. }
            | Stage::ReadingTests(_)
            | Stage::AwaitingReview(_)
            | Stage::Judging { .. }
            | Stage::Posting(_)
            | Stage::Closing { .. } => false,
        }
    }
}
