//! The whole engine with adapters that answer at once: what orchestration itself costs.
//!
//! Prints steps per second and memory after the timings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_executor::block_on;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, ClaimedCheck, CompletionResult, RequirementRow,
    ReviewResult, Role, RoleResult, WorkerEvidence, WorkerResult, WorkerStatus,
};
use sprint_core::domain::audit::{Audit, AuditSpec, BaseFacts, BranchFacts};
use sprint_core::domain::check::{CheckPlan, CheckReport, Subject};
use sprint_core::domain::merge::{
    CombineSpec, Combined, LandSpec, Landed, Merged, Resolution, RevertSpec, Reverted,
};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::{Probe, ProbeSpec};
use sprint_core::domain::stray::{Surroundings, Whereabouts};
use sprint_core::domain::workspace::{
    ChangeKind, ChangedPath, Collected, GraftSpec, Grafted, Leftovers, Opened, RefreshSpec,
    Refreshed, RepoStatus, Trace, Workspace, WorkspaceSpec,
};
use sprint_core::engine::{Engine, Ports, control};
use sprint_core::id::{
    BranchName, CommitId, EnvironmentId, ProblemId, SprintId, TagName, TicketId, TreeId,
};
use sprint_core::memory::{MemoryBlobs, MemoryLease, MemoryStore, MemoryTracker};
use sprint_core::ports::{
    AgentCapabilities, AgentRunner, EffectContext, LeaseHolder as _, Owner, Result,
    StateStore as _, SystemClock, Vcs, Verifier, observer,
};
use sprint_core::run::admit::Limits;
use sprint_core::run::effect::EffectKey;
use sprint_core::testing::fixture;
use sprint_core::time::Timestamp;

/// Every adapter that does something: answers at once, and well.
#[derive(Debug, Default)]
struct Instantly {
    calls: AtomicU64,
}

impl Instantly {
    fn name(&self) -> String {
        format!("{:040x}", self.calls.fetch_add(1, Ordering::Relaxed))
    }

    fn commit(&self) -> CommitId {
        CommitId::new(self.name()).expect("40 digits")
    }

    fn tree(&self) -> TreeId {
        TreeId::new(self.name()).expect("40 digits")
    }
}

fn worker(task: &AgentTask) -> WorkerResult {
    let ran = ClaimedCheck {
        exit_code: 0,
        passed: Some(1),
        failed: None,
        output: String::new(),
    };
    WorkerResult {
        ticket_id: task.ticket.clone(),
        branch: task.branch.clone(),
        status: WorkerStatus::Success,
        commit_hash: None,
        evidence: Some(WorkerEvidence {
            preflight_ran: true,
            checks: task
                .checks
                .keys()
                .map(|kind| (*kind, ran.clone()))
                .collect(),
        }),
        learnings_added: Vec::new(),
        notes: Vec::new(),
    }
}

#[async_trait]
impl AgentRunner for Instantly {
    fn capabilities(&self) -> AgentCapabilities {
        let roles = [Role::Worker, Role::Review, Role::Completion].into();
        AgentCapabilities {
            roles,
            ..AgentCapabilities::default()
        }
    }

    async fn run(&self, task: &AgentTask, _: &EffectContext) -> Result<AgentReport> {
        let result = match task.role {
            Role::Worker => RoleResult::Worker(worker(task)),
            Role::Completion => {
                let place = task.changed.first().map(ToString::to_string);
                let row = RequirementRow {
                    requirement: "it works".into(),
                    met: true,
                    place,
                };
                RoleResult::Completion(CompletionResult {
                    requirements: vec![row],
                })
            }
            Role::Review
            | Role::Context
            | Role::Simplifier
            | Role::Conflict
            | Role::E2e
            | Role::Retrospective
            | Role::Explore
            | Role::TicketContext
            | Role::Scheduler => RoleResult::Review(ReviewResult::default()),
        };
        let answer = Answer::Result(Claimed(result));
        Ok(AgentReport::of(answer))
    }
}

#[async_trait]
impl Verifier for Instantly {
    async fn environment(&self, _: &Subject, _: &CheckPlan) -> Result<EnvironmentId> {
        Ok(EnvironmentId::new("0".repeat(64)).expect("64 digits"))
    }

    async fn verify(&self, _: &Subject, _: &CheckPlan, _: &EffectContext) -> Result<CheckReport> {
        Ok(CheckReport::new(Vec::new(), None))
    }
}

#[async_trait]
impl Vcs for Instantly {
    async fn status(&self) -> Result<RepoStatus> {
        let (base_head, base_tree) = (self.commit(), self.tree());
        Ok(RepoStatus {
            base_head,
            base_tree,
            base_checkout_dirty: None,
            warnings: Vec::new(),
        })
    }

    async fn tag(&self, _: &TagName, _: &CommitId) -> Result<()> {
        Ok(())
    }

    async fn open(&self, spec: &WorkspaceSpec, _: &EffectKey) -> Result<Opened> {
        Ok(Opened::Ready(Workspace {
            path: PathBuf::from("/nowhere"),
            branch: BranchName::new(format!("worktree-{}", spec.ticket)).expect("a branch"),
            base: spec.base.clone(),
            work_base: spec.base.clone(),
        }))
    }

    async fn collect(&self, workspace: &Workspace, _: &Leftovers) -> Result<Collected> {
        let path = RepoPath::from(workspace.branch.as_str());
        Ok(Collected {
            head: self.commit(),
            tree: self.tree(),
            commits: 1,
            changed: vec![ChangedPath {
                path,
                kind: ChangeKind::Added,
            }],
            added: Vec::new(),
        })
    }

    async fn read(&self, _: &CommitId, paths: &[RepoPath]) -> Result<Vec<(RepoPath, Vec<u8>)>> {
        let line = |path: &RepoPath| (path.clone(), b"a line\n".to_vec());
        Ok(paths.iter().map(line).collect())
    }

    async fn graft(&self, _: &GraftSpec) -> Result<Grafted> {
        let (commit, tree) = (self.commit(), self.tree());
        Ok(Grafted { commit, tree })
    }

    async fn trace(&self, _: &BranchName, commit: &CommitId) -> Result<Trace> {
        Ok(Trace {
            tree: Some(self.tree()),
            head: Some(commit.clone()),
            on_branch: true,
            on_base: false,
        })
    }

    async fn combine(&self, spec: &CombineSpec, _: &EffectKey) -> Result<Combined> {
        let merge = |ticket| Merged {
            ticket,
            commit: self.commit(),
            tree: self.tree(),
            resolved: Vec::new(),
        };
        let merged: Vec<_> = spec
            .merges
            .iter()
            .map(|input| merge(input.ticket.clone()))
            .collect();
        let (tip, tree) = (self.commit(), self.tree());
        Ok(Combined {
            tip,
            tree,
            merged,
            conflicts: Vec::new(),
        })
    }

    async fn revert(&self, spec: &RevertSpec, _: &EffectKey) -> Result<Reverted> {
        Ok(Reverted {
            tip: spec.base.clone(),
            tree: self.tree(),
            merged: Vec::new(),
            conflict: None,
        })
    }

    async fn refresh(&self, _: &RefreshSpec) -> Result<Refreshed> {
        Ok(Refreshed::Current)
    }

    async fn audit(&self, spec: &AuditSpec) -> Result<Audit> {
        Ok(Audit {
            base: BaseFacts {
                head: spec.base.clone(),
                holds_seen: true,
                since: Vec::new(),
            },
            branches: vec![BranchFacts::default(); spec.branches.len()],
            made: Vec::new(),
        })
    }

    async fn probe(&self, _: &ProbeSpec) -> Result<Probe> {
        Ok(Probe::default())
    }

    async fn remember(&self, _: &Resolution) -> Result<()> {
        Ok(())
    }

    async fn leave(&self, _: &SprintId, _: &TicketId) -> Result<()> {
        Ok(())
    }

    async fn checkout(&self, _: &CommitId, _: &SprintId, _: Option<&TicketId>) -> Result<PathBuf> {
        Ok(PathBuf::from("/nowhere"))
    }

    async fn altered(&self, _: &Path, _: &CommitId) -> Result<Vec<RepoPath>> {
        Ok(Vec::new())
    }

    async fn is_pristine(&self, _: &Path) -> Result<bool> {
        Ok(true)
    }

    async fn surroundings(&self, _: &Workspace) -> Result<Surroundings> {
        Ok(Surroundings::new())
    }

    async fn whereabouts(&self, _: &Workspace) -> Result<Whereabouts> {
        Ok(Whereabouts::There)
    }

    async fn land(&self, _: &LandSpec, _: &EffectKey) -> Result<Landed> {
        Ok(Landed::Yes)
    }

    async fn close(&self, _: &Workspace) -> Result<()> {
        Ok(())
    }

    async fn tidy(&self, _: &SprintId) -> Result<()> {
        Ok(())
    }
}

/// Runs a sprint of so many tickets to its end. Returns how many changes were saved.
fn sprint(tickets: usize) -> u64 {
    let names: Vec<_> = (1..=tickets).map(|n| format!("T-{n}")).collect();
    let store = MemoryStore::default();
    let instantly = Arc::new(Instantly::default());
    let ports = Ports {
        tracker: Arc::new(MemoryTracker::new(fixture::tickets(&names.join("\n")))),
        agents: Arc::<Instantly>::clone(&instantly),
        vcs: Arc::<Instantly>::clone(&instantly),
        verifier: instantly,
        layers: Vec::new(),
        blobs: Arc::new(MemoryBlobs::default()),
        store: Arc::new(store.clone()),
        clock: Arc::new(SystemClock),
    };
    let mut config = fixture::config();
    config.install_cmd = None;
    let engine = Engine::new(
        ports,
        Limits::new(Some(64), Some(64)),
        Arc::new(observer::Silent),
    );
    let owner = Owner {
        pid: 1,
        host: "bench".into(),
        since: Timestamp::default(),
    };
    let lease = MemoryLease::default().acquire(&owner).expect("a lease");
    let (_control, mut inbox) = control();
    block_on(async {
        let plan = engine
            .plan(ProblemId::new("bench").expect("an id"), config)
            .await;
        let finished = engine
            .start(plan.expect("a plan"), &lease, &mut inbox)
            .await;
        let merged = finished.expect("an end").run.sprint().merge_order.len();
        assert_eq!(merged, tickets, "everything lands");
        store
            .load()
            .await
            .expect("a state")
            .expect("a state")
            .revision
    })
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole engine, per ticket");
    group.sample_size(10);
    for tickets in [100, 1_000, 10_000] {
        // Twelve effects take a ticket from queued to merged.
        group.throughput(Throughput::Elements(12 * tickets as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(tickets),
            &tickets,
            |b, tickets| {
                b.iter(|| sprint(*tickets));
            },
        );
    }
    group.finish();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("unknown");
    eprintln!("peak memory of all runs: {peak}");
}

criterion_group!(benches, whole);
criterion_main!(benches);
