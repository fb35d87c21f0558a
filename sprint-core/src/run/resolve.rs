//! Resolving a conflict between a ticket and what is merged before it.
//!
//! An agent is given both sides, marked, in a workspace of its own. What it makes of them counts
//! only if it touched nothing but files of the tickets involved, nothing either side added is
//! missing without a stated reason, and the gate is green on it. Then the resolution is remembered
//! by content and the merge is made again. A second agent gets what the first one was told; after
//! that the ticket is set aside.

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Answer, Claimed, ConflictResult, RoleResult, Waiver};
use crate::domain::merge::Clash;
use crate::domain::path::{RepoPath, listed};
use crate::domain::stray::Whereabouts;
use crate::domain::verdict::Verdict;
use crate::domain::workspace::{Opened, Workspace};
use crate::id::{CommitId, TicketId, TreeId};
use crate::run::culprit::Runs;
use crate::run::effect::{Done, Inspected, Step};
use crate::run::integrate::{
    Consequence, Eviction, IntegrationRun, MAX_CONFLICT_AGENTS, Ran, Task,
};
use crate::run::isolation::Strays;
use crate::run::no_drop::{self, FileMerge, NoDrop};
use crate::run::ticket::StuckReason;

/// A conflict on its way to a resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolving {
    /// The conflict.
    pub clash: Clash,
    /// The tickets merged before it that touch the files, in merge order.
    pub others: Vec<TicketId>,
    /// The tree of what it was to be merged into, if that is more than base.
    pub ours_tree: Option<TreeId>,
    /// Why an earlier agent's resolution was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// How far it is.
    pub stage: ResolveStage,
}

/// How far a resolution is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum ResolveStage {
    /// A workspace with both sides marked is being opened.
    Opening,
    /// The agent is at work.
    Asking {
        /// Where.
        workspace: Workspace,
    },
    /// What the agent left is being looked at.
    Inspecting {
        /// Where.
        workspace: Workspace,
        /// What it says it left out, and why.
        waivers: Vec<Waiver>,
    },
    /// The gate runs on the resolution.
    Gating(Candidate),
    /// The gate runs on what was there before: the resolution may not be to blame.
    GatingBefore(Candidate),
    /// The resolution is being remembered.
    Remembering(Candidate),
}

/// A resolution that dropped nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Where it was made.
    pub workspace: Workspace,
    /// The commit.
    pub head: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// That nothing was dropped.
    pub proof: NoDrop,
}

/// A conflict that was resolved, for reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The ticket whose merge clashed.
    pub ticket: TicketId,
    /// The tickets merged before it that touch the files.
    pub others: Vec<TicketId>,
    /// The files.
    pub paths: Vec<RepoPath>,
    /// The commit in which it is resolved.
    pub commit: CommitId,
    /// That nothing was dropped.
    pub proof: NoDrop,
}

impl Resolving {
    pub(super) const fn new(
        clash: Clash,
        others: Vec<TicketId>,
        ours_tree: Option<TreeId>,
    ) -> Self {
        Self {
            clash,
            others,
            ours_tree,
            feedback: None,
            stage: ResolveStage::Opening,
        }
    }

    /// The step that ought to be running.
    pub(super) const fn step(&self) -> Step {
        match self.stage {
            ResolveStage::Opening => Step::Open,
            ResolveStage::Asking { .. } => Step::Resolve,
            ResolveStage::Inspecting { .. } => Step::Inspect,
            ResolveStage::Gating(_) | ResolveStage::GatingBefore(_) => Step::Gate,
            ResolveStage::Remembering(_) => Step::Remember,
        }
    }

    /// The commit and tree the gate is to run on.
    pub(super) fn gated(&self) -> Option<(&CommitId, &TreeId)> {
        match &self.stage {
            ResolveStage::Gating(candidate) => Some((&candidate.head, &candidate.tree)),
            ResolveStage::GatingBefore(_) => Some((&self.clash.ours, self.ours_tree.as_ref()?)),
            ResolveStage::Opening
            | ResolveStage::Asking { .. }
            | ResolveStage::Inspecting { .. }
            | ResolveStage::Remembering(_) => None,
        }
    }

    /// The ticket it does not go with.
    fn partner(&self) -> Option<TicketId> {
        self.others.last().cloned()
    }

    fn at(&self, stage: ResolveStage) -> Self {
        Self {
            stage,
            ..self.clone()
        }
    }
}

impl IntegrationRun {
    /// Takes in the answer to a step of a resolution. `touched` gives the paths a ticket changes.
    pub(super) fn resolution_answered(
        &mut self,
        done: Done,
        strays: &Strays,
        touched: &dyn Fn(&TicketId) -> Vec<RepoPath>,
    ) -> Consequence {
        let Task::Resolve(resolving) = &self.task else {
            return Consequence::default();
        };
        let resolving = (**resolving).clone();
        if let Some(why) = strays.breach() {
            return self.resolution_breached(&why);
        }
        match (&resolving.stage, done) {
            (ResolveStage::Opening, Done::Opened(Opened::Ready(workspace))) => {
                let ticket = resolving.clash.ticket.clone();
                *self.conflict_agents.entry(ticket.clone()).or_default() += 1;
                let stage = ResolveStage::Asking {
                    workspace: workspace.clone(),
                };
                self.resolve(resolving.at(stage));
                Consequence {
                    opened: Some((ticket, workspace)),
                    ..Consequence::default()
                }
            }
            (ResolveStage::Asking { .. }, Done::Agent(report))
                if report.around.workspace != Whereabouts::There =>
            {
                let why = "the agent left its workspace, or what is checked out in it";
                self.refuse(&resolving, why)
            }
            (ResolveStage::Asking { workspace }, Done::Agent(report)) => {
                match claim(&resolving.clash.ticket, report.answer) {
                    Ok(result) => {
                        let stage = ResolveStage::Inspecting {
                            workspace: workspace.clone(),
                            waivers: result.waivers,
                        };
                        self.resolve(resolving.at(stage));
                        Consequence::default()
                    }
                    Err(why) => self.refuse(&resolving, &why),
                }
            }
            (ResolveStage::Inspecting { workspace, waivers }, Done::Inspected(found)) => {
                match judge(&resolving, *found, waivers, workspace, touched) {
                    Ok(candidate) => self.weigh(&resolving, candidate),
                    Err(why) => self.refuse(&resolving, &why),
                }
            }
            (ResolveStage::Remembering(candidate), Done::Plain) => {
                let resolved = Resolved {
                    ticket: resolving.clash.ticket.clone(),
                    others: resolving.others.clone(),
                    paths: resolving.clash.paths.clone(),
                    commit: candidate.head.clone(),
                    proof: candidate.proof.clone(),
                };
                self.resolved.push(resolved.clone());
                self.start_over();
                Consequence {
                    resolved: Some(resolved),
                    ..Consequence::default()
                }
            }
            (_, _) => self.refuse(&resolving, "the step was answered in the wrong form"),
        }
    }

    /// Takes in a run of the gate on a resolution, or on what was there before it.
    pub(super) fn resolution_gated(&mut self, verdict: Verdict) -> Consequence {
        let Task::Resolve(resolving) = &self.task else {
            return Consequence::default();
        };
        let resolving = (**resolving).clone();
        let (ResolveStage::Gating(candidate) | ResolveStage::GatingBefore(candidate)) =
            &resolving.stage
        else {
            return Consequence::default();
        };
        let ran = Ran::new(vec![resolving.clash.ticket.clone()], &verdict);
        if let Some((_, tree)) = resolving.gated() {
            self.gates.entry(tree.clone()).or_default().add(verdict);
        }
        Consequence {
            gate: Some(ran),
            ..self.weigh(&resolving, candidate.clone())
        }
    }

    /// What the runs of the gate say about a resolution.
    fn weigh(&mut self, resolving: &Resolving, candidate: Candidate) -> Consequence {
        let runs = self.gates.get(&candidate.tree);
        let stage = match runs.and_then(Runs::verdict) {
            None => ResolveStage::Gating(candidate),
            Some(true) => ResolveStage::Remembering(candidate),
            Some(false) => {
                let before = resolving.ours_tree.as_ref();
                match before.map(|tree| self.gates.get(tree).and_then(Runs::verdict)) {
                    Some(None) => ResolveStage::GatingBefore(candidate),
                    // Red before it, too: whose fault that is has to be found out first.
                    Some(Some(false)) => return self.hold_back(&resolving.clash.ticket),
                    Some(Some(true)) | None => {
                        let why = runs.and_then(Runs::complaint).unwrap_or_default();
                        let why = format!("the gate is red on the resolution: {why}");
                        return self.refuse(resolving, &why);
                    }
                }
            }
        };
        self.resolve(resolving.at(stage));
        Consequence::default()
    }

    /// A resolution that does not count: another agent, or none.
    pub(super) fn refuse(&mut self, resolving: &Resolving, why: &str) -> Consequence {
        let asked = self.conflict_agents.get(&resolving.clash.ticket);
        if asked.copied().unwrap_or(0) >= MAX_CONFLICT_AGENTS {
            return self.evict_clashing(&resolving.clash, resolving.partner(), Some(why));
        }
        self.resolve(Resolving {
            feedback: Some(why.to_owned()),
            ..resolving.at(ResolveStage::Opening)
        });
        Consequence::default()
    }

    /// The agent got where it must not be: its ticket is set aside, and no other agent is asked.
    pub(super) fn resolution_breached(&mut self, why: &str) -> Consequence {
        let Task::Resolve(resolving) = &self.task else {
            return Consequence::default();
        };
        let eviction = Eviction {
            ticket: resolving.clash.ticket.clone(),
            reason: StuckReason::Breach,
            partner: None,
            message: format!("while its conflict was resolved, {why}"),
            gates: 0,
            direct: false,
        };
        self.evict(eviction)
    }

    /// A step of the resolution cannot be done; that costs an agent, so that it ends.
    pub(super) fn resolution_failed(&mut self, why: &str) -> Consequence {
        let Task::Resolve(resolving) = &self.task else {
            return Consequence::default();
        };
        let resolving = (**resolving).clone();
        if resolving.stage == ResolveStage::Opening {
            let ticket = resolving.clash.ticket.clone();
            *self.conflict_agents.entry(ticket).or_default() += 1;
        }
        self.refuse(&resolving, why)
    }
}

fn claim(ticket: &TicketId, answer: Answer) -> Result<ConflictResult, String> {
    let result = match answer {
        Answer::Result(Claimed(RoleResult::Conflict(result))) => result,
        answer @ (Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_)) => {
            return Err(answer.shortfall());
        }
    };
    if result.ticket_id != *ticket {
        return Err(format!(
            "the conflict agent speaks of {} instead of {ticket}",
            result.ticket_id
        ));
    }
    if !result.acceptance_preserved {
        return Err(format!(
            "the agent says that not all acceptance criteria of both sides survive: {}",
            result.summary
        ));
    }
    Ok(result)
}

/// Whether what the agent left may count.
fn judge(
    resolving: &Resolving,
    found: Inspected,
    waivers: &[Waiver],
    workspace: &Workspace,
    touched: &dyn Fn(&TicketId) -> Vec<RepoPath>,
) -> Result<Candidate, String> {
    let Inspected { collected, files } = found;
    if collected.head == resolving.clash.marked {
        return Err("the agent changed nothing".into());
    }
    let changed: Vec<_> = collected.changed.into_iter().map(|c| c.path).collect();
    let ours: Vec<_> = resolving.others.iter().flat_map(touched).collect();
    let theirs = touched(&resolving.clash.ticket);
    let outside = no_drop::outside(&changed, &resolving.clash.paths, &ours, &theirs);
    if !outside.is_empty() {
        return Err(format!(
            "the resolution changes files of neither ticket: {}",
            listed(&outside)
        ));
    }
    let files = files.iter().map(|file| FileMerge {
        path: &file.path,
        base: file.ancestor.as_deref(),
        ours: file.ours.as_deref(),
        theirs: file.theirs.as_deref(),
        resolved: file.resolved.as_deref(),
    });
    let proof = NoDrop::judge(files, waivers);
    if !proof.holds() {
        return Err(proof.to_string());
    }
    Ok(Candidate {
        workspace: workspace.clone(),
        head: collected.head,
        tree: collected.tree,
        proof,
    })
}
