//! Effects: names for things to do, and self-contained descriptions of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::agent::{AgentReport, AgentTask};
use crate::domain::check::{CheckPlan, CheckReport, LayerSubject};
use crate::domain::evidence::CommentRef;
use crate::domain::merge::{
    Clash, CombineSpec, Combined, LandSpec, Landed, Resolution, RevertSpec, Reverted,
};
use crate::domain::path::RepoPath;
use crate::domain::probe::ProbeSpec;
use crate::domain::verdict::{LayerName, Verdict};
use crate::domain::workspace::{
    ChangedPath, Collected, GraftSpec, Leftovers, Opened, RefreshSpec, Refreshed, Workspace,
    WorkspaceSpec,
};
use crate::id::{CommitId, SprintId, TagName, TicketId, TreeId};
use crate::inspect::Inspection;
use crate::run::predict::Probed;
use crate::run::proof::Proof;
use crate::run::sweep::Shown;
use crate::run::team::Alongside;
use crate::run::ticket::{Checked, FailureRecord, StuckReason};

/// What an effect is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The sprint as a whole.
    Sprint,
    /// One ticket.
    Ticket(TicketId),
}

/// One kind of thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Sprint: set the safety tag.
    Checkpoint,
    /// Sprint: run the gate on base.
    Baseline,
    /// Sprint: merge tickets onto base, in memory.
    Combine,
    /// Sprint: run the gate on a combination.
    Gate,
    /// Sprint: try the heads of tickets against each other.
    Probe,
    /// Sprint: run the conflict agent.
    Resolve,
    /// Sprint: look at what the conflict agent left.
    Inspect,
    /// Sprint: remember how a conflict was resolved.
    Remember,
    /// Sprint: take landed tickets back, or land them again, in memory.
    Revert,
    /// Sprint: advance base.
    Land,
    /// Sprint: look whether what was closed is still Done.
    Sweep,
    /// Sprint: remove what the sprint no longer needs.
    Tidy,
    /// Ticket: tell the tracker that work began.
    Start,
    /// Ticket: open a workspace. Sprint: open one in which a conflict is resolved.
    Open,
    /// Ticket: install dependencies in the workspace.
    Install,
    /// Ticket: run the context agent.
    Research,
    /// Ticket: run the worker.
    Implement,
    /// Ticket: bring base into the branch.
    Refresh,
    /// Ticket: look at what the worker left.
    Collect,
    /// Ticket: run the simplifier, layer 1.5.
    Simplify,
    /// Ticket: bring the workspace back to a commit.
    Restore,
    /// Ticket: run the gate, layer 2.
    Check,
    /// Ticket: run the new tests without the change.
    Control,
    /// Ticket: ask the layers of the host.
    Layers,
    /// Ticket: run the review agent, layer 3.
    Review,
    /// Ticket: read the tests for layer 2.5.
    ReadTests,
    /// Ticket: run the completion agent, layer 4.
    Judge,
    /// Ticket: post the evidence, layer 5.
    Post,
    /// Ticket: post evidence once more that is gone from the tracker.
    PostAgain,
    /// Ticket: mark Done, layer 5.5.
    Close,
    /// Ticket: mark Done once more what somebody moved back.
    CloseAgain,
    /// Ticket: say on the tracker why it is stuck.
    Note,
    /// Ticket: move it back from Done.
    Reopen,
    /// Ticket: give its workspaces back.
    Release,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 34] = [
        Self::Checkpoint,
        Self::Baseline,
        Self::Combine,
        Self::Gate,
        Self::Probe,
        Self::Resolve,
        Self::Inspect,
        Self::Remember,
        Self::Revert,
        Self::Land,
        Self::Sweep,
        Self::Tidy,
        Self::Start,
        Self::Open,
        Self::Install,
        Self::Research,
        Self::Implement,
        Self::Refresh,
        Self::Collect,
        Self::Simplify,
        Self::Restore,
        Self::Check,
        Self::Control,
        Self::Layers,
        Self::Review,
        Self::ReadTests,
        Self::Judge,
        Self::Post,
        Self::PostAgain,
        Self::Close,
        Self::CloseAgain,
        Self::Note,
        Self::Reopen,
        Self::Release,
    ];

    /// The name used in keys and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Baseline => "baseline",
            Self::Combine => "combine",
            Self::Gate => "gate",
            Self::Probe => "probe",
            Self::Resolve => "resolve",
            Self::Inspect => "inspect",
            Self::Remember => "remember",
            Self::Revert => "revert",
            Self::Land => "land",
            Self::Sweep => "sweep",
            Self::Tidy => "tidy",
            Self::Start => "start",
            Self::Open => "open",
            Self::Install => "install",
            Self::Research => "research",
            Self::Implement => "implement",
            Self::Refresh => "refresh",
            Self::Collect => "collect",
            Self::Simplify => "simplify",
            Self::Restore => "restore",
            Self::Check => "check",
            Self::Control => "control",
            Self::Layers => "layers",
            Self::Review => "review",
            Self::ReadTests => "read_tests",
            Self::Judge => "judge",
            Self::Post => "post",
            Self::PostAgain => "post_again",
            Self::Close => "close",
            Self::CloseAgain => "close_again",
            Self::Note => "note",
            Self::Reopen => "reopen",
            Self::Release => "release",
        }
    }

    /// The lane whose capacity it takes.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Research
            | Self::Implement
            | Self::Simplify
            | Self::Review
            | Self::Judge
            | Self::Resolve => Lane::Agent,
            Self::Baseline
            | Self::Install
            | Self::Check
            | Self::Control
            | Self::Layers
            | Self::Gate => Lane::Command,
            Self::Sweep
            | Self::Start
            | Self::Post
            | Self::PostAgain
            | Self::Close
            | Self::CloseAgain
            | Self::Note
            | Self::Reopen => Lane::Tracker,
            Self::Checkpoint
            | Self::Combine
            | Self::Probe
            | Self::Inspect
            | Self::Remember
            | Self::Revert
            | Self::Land
            | Self::Tidy
            | Self::Open
            | Self::Refresh
            | Self::Collect
            | Self::Restore
            | Self::ReadTests
            | Self::Release => Lane::Vcs,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of capacity an effect takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Runs of agents.
    Agent,
    /// Runs of gate commands, which load the machine.
    Command,
    /// Calls to the tracker.
    Tracker,
    /// Work on the repository.
    Vcs,
    /// Beginning another ticket. No step is of this lane by nature: opening its first workspace is
    /// work on the repository that also makes one more ticket be in progress.
    Ticket,
}

impl Lane {
    /// Every lane; what is in progress comes before what could begin.
    pub const ALL: [Self; 5] = [
        Self::Agent,
        Self::Command,
        Self::Tracker,
        Self::Vcs,
        Self::Ticket,
    ];
}

/// The name of one effect: derived from the state, never random.
///
/// Written `ENG-12/2/check`, or `sprint/3/gate`. The same effect has the same name after a
/// restart, which is how adapters recognise what they already did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EffectId {
    /// What it is about.
    pub scope: Scope,
    /// Which attempt it belongs to, from 1.
    pub attempt: u32,
    /// What is to be done.
    pub step: Step,
}

impl EffectId {
    /// An effect of a ticket.
    pub const fn ticket(id: TicketId, attempt: u32, step: Step) -> Self {
        Self {
            scope: Scope::Ticket(id),
            attempt,
            step,
        }
    }

    /// An effect of the sprint.
    pub const fn sprint(attempt: u32, step: Step) -> Self {
        Self {
            scope: Scope::Sprint,
            attempt,
            step,
        }
    }

    /// The ticket it is about, if it is about one.
    pub const fn ticket_id(&self) -> Option<&TicketId> {
        match &self.scope {
            Scope::Ticket(id) => Some(id),
            Scope::Sprint => None,
        }
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Sprint => f.write_str("*")?,
            Scope::Ticket(id) => write!(f, "{id}")?,
        }
        write!(f, "/{}/{}", self.attempt, self.step)
    }
}

/// The text is not the name of an effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an effect id: {0:?}")]
pub struct InvalidEffectId(String);

impl FromStr for EffectId {
    type Err = InvalidEffectId;

    fn from_str(text: &str) -> Result<Self, InvalidEffectId> {
        let parse = || {
            let mut parts = text.split('/');
            let scope = match parts.next()? {
                "*" => Scope::Sprint,
                id => Scope::Ticket(TicketId::new(id).ok()?),
            };
            let attempt = parts.next()?.parse().ok()?;
            let name = parts.next()?;
            let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
            parts.next().is_none().then_some(Self {
                scope,
                attempt,
                step,
            })
        };
        parse().ok_or_else(|| InvalidEffectId(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for EffectId {
    type Error = InvalidEffectId;
    fn try_from(text: String) -> Result<Self, InvalidEffectId> {
        text.parse()
    }
}

impl From<EffectId> for String {
    fn from(id: EffectId) -> Self {
        id.to_string()
    }
}

/// The name of an effect, unique over all sprints: the idempotency key given to adapters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectKey {
    /// The sprint.
    pub sprint: SprintId,
    /// The effect.
    pub effect: EffectId,
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.sprint, self.effect)
    }
}

/// One thing to do, with everything needed to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Set the safety tag.
    Checkpoint {
        /// Its name.
        tag: TagName,
        /// Where it points.
        commit: CommitId,
    },
    /// Run the gate on base, wherever that is by now.
    Baseline(CheckPlan),
    /// Merge tickets onto base, in memory.
    Combine(CombineSpec),
    /// Check a commit out in the integration worktree and run the gate there.
    Gate {
        /// The commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
        /// What to run.
        plan: CheckPlan,
        /// Runs on the same tree, which are taken instead if nothing around them has changed.
        earlier: Vec<Earlier>,
    },
    /// Try the heads of tickets against each other.
    Probe {
        /// The heads.
        spec: ProbeSpec,
        /// What each ticket changed.
        changed: BTreeMap<TicketId, Vec<ChangedPath>>,
    },
    /// See what a conflict agent left, and both sides of the files that clashed.
    Inspect {
        /// The workspace.
        workspace: Workspace,
        /// What to do with uncommitted changes.
        leftovers: Leftovers,
        /// The conflict.
        clash: Clash,
    },
    /// Remember how a conflict was resolved.
    Remember(Resolution),
    /// Take landed tickets back, or land them again, in memory.
    Revert(RevertSpec),
    /// Advance base.
    Land(LandSpec),
    /// See whether tickets that were closed are still Done.
    Sweep(Vec<TicketId>),
    /// Remove what the sprint no longer needs.
    Tidy,
    /// Tell the tracker that work began.
    Start(TicketId),
    /// Open a workspace.
    Open(WorkspaceSpec),
    /// Run an agent.
    Agent {
        /// What it is told.
        task: Box<AgentTask>,
        /// Where an auditing agent must leave the workspace as it found it: at this commit.
        read_only_at: Option<CommitId>,
        /// The workspace, for that check.
        workspace: Workspace,
        /// Files that an answer of the completion agent may cite.
        citable: Vec<RepoPath>,
    },
    /// Bring a workspace back to a commit; what was there is kept aside.
    Restore {
        /// The workspace.
        workspace: Workspace,
        /// The commit.
        commit: CommitId,
    },
    /// Run the new tests of a ticket without its change.
    Control {
        /// What to test.
        spec: GraftSpec,
        /// What to run.
        plan: CheckPlan,
    },
    /// Ask the layers of the host.
    Layers {
        /// Which.
        layers: BTreeSet<LayerName>,
        /// About what.
        subject: Box<LayerSubject>,
    },
    /// Bring base into a branch.
    Refresh(RefreshSpec),
    /// See what a workspace holds.
    Collect {
        /// The workspace.
        workspace: Workspace,
        /// What to do with uncommitted changes.
        leftovers: Leftovers,
    },
    /// Run commands in a workspace that must be exactly at a commit.
    Check {
        /// The workspace.
        workspace: Workspace,
        /// The commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
        /// What to run.
        plan: CheckPlan,
    },
    /// Install dependencies in a workspace, at whatever commit it is.
    Install {
        /// The workspace.
        workspace: Workspace,
        /// What to run: an install command and no checks.
        plan: CheckPlan,
    },
    /// Read files at a commit.
    Read {
        /// The commit.
        commit: CommitId,
        /// Which files.
        paths: Vec<RepoPath>,
    },
    /// Post evidence and see that it is there.
    Post {
        /// What permits it.
        proof: Proof,
        /// What the evidence shows.
        checked: Box<Checked>,
        /// What went on beside it.
        alongside: Box<Alongside>,
    },
    /// Mark the ticket Done, for the first time or once more, and see that it is.
    Close(Proof),
    /// Say on a ticket why it is stuck.
    Note(StuckNote),
    /// Move a ticket back from Done, and say why.
    Reopen(StuckNote),
    /// Give workspaces back.
    Release(Vec<Workspace>),
}

/// A run of a gate that was made for another effect, was green, and ran beside nothing but the files
/// of its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The effect that it was made for.
    pub by: String,
    /// What was seen.
    pub report: CheckReport,
}

/// What a ticket's readers are told when the engine gives up on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckNote {
    /// The ticket.
    pub ticket: TicketId,
    /// Why.
    pub reason: StuckReason,
    /// More, in words.
    pub message: String,
    /// Counted failures so far.
    pub loops: u32,
    /// How many there may be.
    pub max_loops: u32,
    /// The last failure of an attempt.
    pub last: Option<FailureRecord>,
}

/// What came of an effect that worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It was done, and there is nothing to tell. Of checkpoint, remember, restore, tidy, start,
    /// note, reopen, release.
    Plain,
    /// Of baseline.
    Baseline {
        /// Where base is.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
        /// What was seen.
        report: CheckReport,
    },
    /// Of combine.
    Combined(Combined),
    /// Of gate, check, control and install.
    Checked(CheckReport),
    /// Of layers.
    Layers(BTreeMap<LayerName, Verdict>),
    /// Of probe.
    Probed(Box<Probed>),
    /// Of inspect.
    Inspected(Box<Inspected>),
    /// Of revert.
    Reverted(Reverted),
    /// Of land.
    Landed(Landed),
    /// Of open.
    Opened(Opened),
    /// Of refresh.
    Refreshed(Refreshed),
    /// Of the agent steps.
    Agent(Box<AgentReport>),
    /// Of judging: the answer, and how many lines each file has that it cites and may cite.
    Judged {
        /// The answer.
        report: Box<AgentReport>,
        /// The files that exist in the commit.
        cited: BTreeMap<RepoPath, u32>,
    },
    /// Of collect.
    Collected {
        /// What the workspace holds.
        found: Box<Collected>,
        /// What was found in it.
        inspection: Box<Inspection>,
    },
    /// Of reading tests: the files' text.
    Sources(Vec<(RepoPath, String)>),
    /// Of post and post again: the comment was written and found again.
    Posted(CommentRef),
    /// Of post and post again: it was written, yet cannot be found.
    NotFoundAgain,
    /// Of close and close again: whether the tracker shows Done.
    Closed(bool),
    /// Of sweep: what the tracker shows of each ticket.
    Swept(BTreeMap<TicketId, Shown>),
}

/// What a conflict agent left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// What its workspace holds; the changes are the ones since the marked merge.
    pub collected: Collected,
    /// The files that clashed.
    pub files: Vec<FileSides>,
}

/// A file that clashed, in its versions; `None` where there is no such file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSides {
    /// The file.
    pub path: RepoPath,
    /// As both sides found it.
    pub ancestor: Option<String>,
    /// As it is in what was merged before.
    pub ours: Option<String>,
    /// As it is in the ticket.
    pub theirs: Option<String>,
    /// As the agent left it.
    pub resolved: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_that_reads_back() {
        for step in Step::ALL {
            for id in [
                EffectId::sprint(3, step),
                EffectId::ticket(TicketId::new("E-1").unwrap(), 1, step),
            ] {
                assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
        for bad in [
            "",
            "x",
            "a/1",
            "a/1/nope",
            "a/x/open",
            "a/1/open/2",
            "../1/open",
        ] {
            assert!(bad.parse::<EffectId>().is_err(), "{bad}");
        }
    }
}
