//! From a wanted effect to the self-contained description of it.

use std::time::Duration;

use crate::domain::agent::{AGENT_TASK_SCHEMA, AgentTask, Assignment, ConflictBrief, Intent, Role};
use crate::domain::check::{CheckPlan, LayerSubject};
use crate::domain::command::CheckKind;
use crate::domain::merge::{CombineSpec, LandKind, LandSpec, MergeInput, Resolution};
use crate::domain::verdict::{LayerId, LayerName};
use crate::domain::workspace::{GraftSpec, Leftovers, RefreshSpec, Workspace, WorkspaceSpec};
use crate::id::{CommitId, TagName, TicketId, TreeId};
use crate::plan::sprint_plan::TicketPlan;
use crate::plan::{edge_cases, files};
use crate::run::SprintRun;
use crate::run::advance::proof;
use crate::run::control;
use crate::run::effect::{EffectId, EffectKey, Scope, Step, StuckNote, Work};
use crate::run::integrate::{IntegrationRun, Task};
use crate::run::resolve::{ResolveStage, Resolving};
use crate::run::state::Phase;
use crate::run::team;
use crate::run::ticket::{
    AfterRefresh, Checked, MAX_TIMEOUTS, MergeState, Remedy, Stage, StuckReason, TicketRun,
};

/// Learnings of other tickets an agent is told, the latest ones.
const MAX_LEARNINGS: usize = 50;
/// Workspaces in which conflicts are resolved are numbered from here.
const FIRST_RESOLVER: u32 = 1000;

impl SprintRun {
    /// The description of one wanted effect; `None` if it is not wanted.
    pub fn work(&self, id: &EffectId) -> Option<Work> {
        if !self.wants(id) {
            return None;
        }
        match &id.scope {
            Scope::Sprint => self.sprint_work(id.step),
            Scope::Ticket(ticket) => self.ticket_work(ticket, id),
        }
    }

    fn sprint_work(&self, step: Step) -> Option<Work> {
        let plan = self.plan();
        if step == Step::Checkpoint {
            let tag = TagName::new(format!("sprint-start-{}", plan.started_at.compact())).ok()?;
            return Some(Work::Checkpoint {
                tag,
                commit: plan.base.clone(),
            });
        }
        if step == Step::Baseline {
            return Some(Work::Baseline(self.gate_plan(MAX_TIMEOUTS)));
        }
        if step == Step::Sweep {
            return Some(Work::Sweep(self.closed()));
        }
        if step == Step::Tidy {
            return Some(Work::Tidy);
        }
        if self.sprint.phase == Phase::Undoing {
            return self.undo_work();
        }
        if step == Step::Probe {
            return Some(self.probe_work());
        }
        let run = self.integration.as_ref()?;
        match &run.task {
            Task::Combine { tickets, .. } => Some(Work::Combine(CombineSpec {
                base: run.base.clone(),
                merges: tickets
                    .iter()
                    .filter_map(|ticket| self.merge_input(ticket))
                    .collect(),
                at: run.at,
            })),
            Task::Gate { commit, tree, .. } => Some(self.gate(commit, tree, run)),
            Task::Resolve(resolving) => self.resolution_work(step, resolving),
            Task::Land => Some(Work::Land(LandSpec {
                sprint: plan.sprint.clone(),
                expected: run.base.clone(),
                tip: run.chain.last()?.commit.clone(),
                merges: run.chain.clone(),
                kind: LandKind::Merges,
            })),
            Task::Over => None,
        }
    }

    pub(super) fn gate(&self, commit: &CommitId, tree: &TreeId, run: &IntegrationRun) -> Work {
        // A second run is there to be compared with the first.
        let first = !run.gates.contains_key(tree);
        let earlier = first.then(|| self.earlier_runs(tree, &run.order));
        Work::Gate {
            commit: commit.clone(),
            tree: tree.clone(),
            // With the patience that tickets had: a verdict of layer 2 may be taken for this one.
            plan: self.gate_plan(MAX_TIMEOUTS),
            earlier: earlier.unwrap_or_default(),
        }
    }

    fn resolution_work(&self, step: Step, resolving: &Resolving) -> Option<Work> {
        let clash = &resolving.clash;
        let (run, plan) = (
            self.integration.as_ref()?,
            self.plan().tickets.get(&clash.ticket)?,
        );
        let effect = EffectId::sprint(run.probe, step);
        Some(match &resolving.stage {
            ResolveStage::Opening => Work::Open(WorkspaceSpec {
                sprint: self.plan().sprint.clone(),
                ticket: clash.ticket.clone(),
                // Apart from every workspace of a worker, and from other conflicts of the ticket.
                generation: FIRST_RESOLVER + run.probe,
                base: clash.marked.clone(),
                dependencies: Vec::new(),
                at: run.at,
            }),
            ResolveStage::Asking { workspace } => self.conflict_agent(&effect, plan, workspace)?,
            ResolveStage::Inspecting { workspace, .. } => Work::Inspect {
                workspace: workspace.clone(),
                leftovers: self.leftovers(format!("merge: resolve conflicts for {}", clash.ticket)),
                clash: clash.clone(),
            },
            ResolveStage::Gating(_) | ResolveStage::GatingBefore(_) => {
                let (commit, tree) = resolving.gated()?;
                self.gate(commit, tree, run)
            }
            ResolveStage::Remembering(candidate) => Work::Remember(Resolution {
                clash: clash.clone(),
                resolved: candidate.head.clone(),
            }),
        })
    }

    fn conflict_agent(
        &self,
        effect: &EffectId,
        plan: &TicketPlan,
        workspace: &Workspace,
    ) -> Option<Work> {
        let Task::Resolve(resolving) = &self.integration.as_ref()?.task else {
            return None;
        };
        let ticket = self.tickets.get(&plan.ticket.id)?;
        let assignment = match &resolving.feedback {
            None => Assignment::First,
            Some(feedback) => Assignment::FreshAgent {
                feedback: feedback.clone(),
            },
        };
        let role = Role::Conflict;
        let mut work = self.agent(effect, plan, ticket, role, workspace, &assignment, None);
        if let Work::Agent { task, .. } = &mut work {
            let intent = |id: &TicketId| {
                let other = &self.plan().tickets.get(id)?.ticket;
                Some(Intent {
                    ticket: id.clone(),
                    title: other.title.clone(),
                    description: other.body.clone(),
                    research: self.tickets.get(id)?.research.clone(),
                })
            };
            task.session = None;
            task.conflict = Some(ConflictBrief {
                files: resolving.clash.paths.clone(),
                ours: resolving.others.iter().filter_map(intent).collect(),
            });
        }
        Some(work)
    }

    fn merge_input(&self, ticket: &TicketId) -> Option<MergeInput> {
        let title = self.plan().tickets.get(ticket)?.ticket.plain_title(60);
        Some(MergeInput {
            ticket: ticket.clone(),
            commit: self.tickets.get(ticket)?.stage.checked()?.head.clone(),
            subject: format!("merge: {title} ({ticket})"),
        })
    }

    /// The gate as configured. Each time a check ran out of time it gets once more the limit.
    pub(super) fn gate_plan(&self, timeouts: u32) -> CheckPlan {
        let config = &self.plan().config;
        let timeout = Duration::from_secs(config.command_timeout_s) * (timeouts + 1);
        CheckPlan {
            install: config.install_cmd.clone(),
            checks: config.checks.clone(),
            timeout,
        }
    }

    fn ticket_work(&self, id: &TicketId, effect: &EffectId) -> Option<Work> {
        let (plan, ticket) = (self.plan().tickets.get(id)?, self.tickets.get(id)?);
        if effect.step == Step::Start {
            return Some(Work::Start(id.clone()));
        } else if effect.step == Step::Note {
            return self.stuck_note(id, ticket).map(Work::Note);
        } else if effect.step == Step::Reopen {
            return self.stuck_note(id, ticket).map(Work::Reopen);
        } else if effect.step == Step::Release {
            return Some(Work::Release(ticket.workspaces.clone()));
        } else if effect.step == Step::PostAgain {
            return self.post(plan, ticket);
        } else if effect.step == Step::CloseAgain {
            let checked = ticket.stage.checked()?;
            return Some(Work::Close(proof(self.plan(), plan, checked)?));
        }
        match &ticket.stage {
            Stage::Queued | Stage::Opening { .. } | Stage::Recovering { .. } => {
                Some(Work::Open(self.workspace_spec(plan, ticket)))
            }
            Stage::Installing { workspace, .. } => Some(self.install(workspace.clone())),
            Stage::Researching { workspace, entry } => {
                Some(self.agent(effect, plan, ticket, Role::Context, workspace, entry, None))
            }
            Stage::Implementing { workspace, entry } => {
                Some(self.agent(effect, plan, ticket, Role::Worker, workspace, entry, None))
            }
            Stage::Refreshing { workspace, then } => Some(Work::Refresh(RefreshSpec {
                workspace: workspace.clone(),
                base: self.sprint.base_head.clone(),
                published: matches!(then, AfterRefresh::Mend { .. }),
                at: self.at,
            })),
            Stage::Collecting { workspace, .. } => Some(Work::Collect {
                workspace: workspace.clone(),
                leftovers: self.leftovers(self.subject(plan)),
            }),
            Stage::Checking { checked, remedy } => {
                Some(self.checking(effect, plan, ticket, checked, *remedy))
            }
            Stage::Simplifying(checked) => {
                Some(self.audit(effect, plan, ticket, Role::Simplifier, checked))
            }
            Stage::Simplified(checked) => Some(Work::Collect {
                workspace: checked.workspace.clone(),
                leftovers: self.leftovers(format!("refactor: simplify ({id})")),
            }),
            Stage::Restoring(checked) => Some(Work::Restore {
                workspace: checked.workspace.clone(),
                commit: checked.head.clone(),
            }),
            Stage::ReadingTests(checked) => {
                let globs = &self.plan().config.test_file_globs;
                let tests = checked
                    .paths()
                    .into_iter()
                    .filter(|p| edge_cases::is_test_file(p, globs));
                Some(Work::Read {
                    commit: checked.head.clone(),
                    paths: tests.collect(),
                })
            }
            Stage::Judging { checked, .. } => {
                Some(self.audit(effect, plan, ticket, Role::Completion, checked))
            }
            Stage::Posting(_) => self.post(plan, ticket),
            // The second is landed again, and no longer Done.
            Stage::Closing { checked, .. } | Stage::Merged { checked, .. } => {
                Some(Work::Close(proof(self.plan(), plan, checked)?))
            }
            Stage::Blocked { .. }
            | Stage::AwaitingPermission { .. }
            | Stage::AwaitingReview(_)
            | Stage::Verified { .. }
            | Stage::Stuck { .. }
            | Stage::Dropped
            | Stage::DoneOutside => None,
        }
    }

    fn post(&self, plan: &TicketPlan, ticket: &TicketRun) -> Option<Work> {
        let checked = Box::new(ticket.stage.checked()?.clone());
        Some(Work::Post {
            proof: proof(self.plan(), plan, &checked)?,
            checked,
            alongside: Box::new(ticket.alongside.clone()),
        })
    }

    fn checking(
        &self,
        effect: &EffectId,
        plan: &TicketPlan,
        ticket: &TicketRun,
        checked: &Checked,
        remedy: Remedy,
    ) -> Work {
        let workspace = checked.workspace.clone();
        if effect.step == Step::Review {
            return self.audit(effect, plan, ticket, Role::Review, checked);
        } else if effect.step == Step::Install {
            return self.install(workspace);
        } else if effect.step == Step::Control {
            return self.control(checked);
        } else if effect.step == Step::Layers {
            let hosts = self.plan().layers.iter().copied();
            let open = |name: &LayerName| !checked.verdicts.contains_key(&LayerId::Host(*name));
            return Work::Layers {
                layers: hosts.filter(open).collect(),
                subject: Box::new(LayerSubject {
                    ticket: plan.ticket.clone(),
                    workspace,
                    commit: checked.head.clone(),
                    tree: checked.tree.clone(),
                    changed: checked.changed.clone(),
                }),
            };
        }
        Work::Check {
            workspace,
            commit: checked.head.clone(),
            tree: checked.tree.clone(),
            plan: CheckPlan {
                install: None,
                ..self.gate_plan(remedy.timeouts)
            },
        }
    }

    /// The new tests, without the change that they belong to.
    fn control(&self, checked: &Checked) -> Work {
        let mut plan = self.gate_plan(MAX_TIMEOUTS);
        plan.checks.retain(|kind, _| *kind == CheckKind::Test);
        Work::Control {
            spec: GraftSpec {
                onto: checked.workspace.work_base.clone(),
                from: checked.head.clone(),
                paths: control::files(checked, &self.plan().config.test_file_globs),
                at: self.plan().started_at,
            },
            plan,
        }
    }

    fn install(&self, workspace: Workspace) -> Work {
        Work::Install {
            workspace,
            plan: CheckPlan {
                checks: [].into(),
                ..self.gate_plan(0)
            },
        }
    }

    fn workspace_spec(&self, plan: &TicketPlan, ticket: &TicketRun) -> WorkspaceSpec {
        let commit = |id: &TicketId| -> Option<(TicketId, CommitId)> {
            // What is merged is on base already.
            let ticket = self
                .tickets
                .get(id)
                .filter(|ticket| ticket.merge != MergeState::Merged)?;
            Some((id.clone(), ticket.stage.checked()?.head.clone()))
        };
        WorkspaceSpec {
            sprint: self.plan().sprint.clone(),
            ticket: plan.ticket.id.clone(),
            generation: ticket.generation,
            base: self.sprint.base_head.clone(),
            dependencies: plan.dependencies.iter().filter_map(commit).collect(),
            at: ticket.started_at.unwrap_or(self.at),
        }
    }

    const fn leftovers(&self, subject: String) -> Leftovers {
        Leftovers::Commit {
            subject,
            at: self.at,
        }
    }

    /// The subject of a commit made for a worker that did not commit itself.
    fn subject(&self, plan: &TicketPlan) -> String {
        let prefix = self.prefix(plan);
        format!(
            "{prefix}: {} ({})",
            plan.ticket.plain_title(60),
            plan.ticket.id
        )
    }

    fn prefix(&self, plan: &TicketPlan) -> String {
        if plan.ticket.is_bug() {
            "fix".into()
        } else {
            self.plan().config.commit_prefix.clone()
        }
    }

    /// A role that looks at what was checked; one that only looks must leave it alone.
    fn audit(
        &self,
        effect: &EffectId,
        plan: &TicketPlan,
        ticket: &TicketRun,
        role: Role,
        checked: &Checked,
    ) -> Work {
        let first = Assignment::First;
        let at = (!role.writes()).then_some(&checked.head);
        let mut work = self.agent(effect, plan, ticket, role, &checked.workspace, &first, at);
        if let Work::Agent { task, citable, .. } = &mut work {
            task.changed = checked.paths();
            task.session = None;
            if role == Role::Completion {
                citable.clone_from(&task.changed);
                let below = plan
                    .dependencies
                    .iter()
                    .filter_map(|id| self.tickets.get(id));
                let below = below.filter_map(|ticket| ticket.stage.checked());
                citable.extend(below.flat_map(Checked::paths));
            }
        }
        work
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is one ingredient of the task"
    )]
    fn agent(
        &self,
        effect: &EffectId,
        plan: &TicketPlan,
        ticket: &TicketRun,
        role: Role,
        workspace: &Workspace,
        assignment: &Assignment,
        read_only_at: Option<&CommitId>,
    ) -> Work {
        let config = &self.plan().config;
        let key = EffectKey {
            sprint: self.plan().sprint.clone(),
            effect: effect.clone(),
        };
        let checks = config
            .checks
            .iter()
            .map(|(kind, line)| (*kind, line.to_string()))
            .collect();
        let mut files = files::planned(&plan.ticket);
        files.extend(ticket.stage.checked().into_iter().flat_map(Checked::paths));
        let cents = config.max_agent_cost_cents;
        let task = AgentTask {
            schema_version: AGENT_TASK_SCHEMA,
            key: key.to_string(),
            role,
            model: config.models.get(&role).cloned(),
            ticket: plan.ticket.id.clone(),
            title: plan.ticket.title.clone(),
            description: plan.ticket.body.clone(),
            workspace: workspace.path.clone(),
            branch: workspace.branch.clone(),
            work_base: workspace.work_base.clone(),
            attempt: ticket.attempt,
            assignment: assignment.clone(),
            checks,
            research: ticket.research.clone(),
            learnings: self.latest_learnings(),
            known_failures: self
                .sprint
                .known_failures()
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            changed: Vec::new(),
            conflict: None,
            material: Vec::new(),
            standards: config.project_standards.clone(),
            guidance: self.plan().guidance.for_files(&files),
            teammate: team::teammate(self.plan(), ticket).filter(|_| role == Role::Worker),
            grants: ticket.grants.clone(),
            session: ticket.session.clone(),
            commit_prefix: self.prefix(plan),
            timeout_s: config.worker_timeout_s,
            max_cost_micro_usd: (cents > 0).then(|| cents * 10_000),
        };
        Work::Agent {
            task: Box::new(task),
            read_only_at: read_only_at.cloned(),
            workspace: workspace.clone(),
            citable: Vec::new(),
        }
    }

    /// What tickets taught, in the order in which they were verified.
    fn latest_learnings(&self) -> Vec<String> {
        let all = self.learnings.values().rev();
        let latest = all.flat_map(|learned| learned.iter().rev());
        let mut latest: Vec<_> = latest.take(MAX_LEARNINGS).cloned().collect();
        latest.reverse();
        latest
    }

    fn stuck_note(&self, id: &TicketId, ticket: &TicketRun) -> Option<StuckNote> {
        let (reason, message) = if let Stage::Stuck { reason, message } = &ticket.stage {
            (*reason, message.clone())
        } else if let Some(doubt) = &ticket.doubt {
            (StuckReason::ProofLost, doubt.clone())
        } else if ticket.chores.contains(&Step::Reopen) {
            // It was set aside, and before that could be said a person decided something else.
            let reason = StuckReason::IntegrationFailed;
            (reason, "it was set aside while it was merged".into())
        } else {
            return None;
        };
        Some(StuckNote {
            ticket: id.clone(),
            reason,
            message,
            loops: ticket.budget.loops,
            max_loops: self.plan().config.max_loop_iterations,
            last: ticket.breaker.last.clone(),
        })
    }
}
