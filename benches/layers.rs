//! What the engine's own part of verification costs per ticket, without any command or agent: looking
//! at the workspace, inspecting the change, putting its tests onto the commit it started from, and
//! writing the evidence. The repository has 10,000 files, the ticket changes ten.
//!
//! Beside it: the three questions a script would ask the `git` program to see as much of the change.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sprint_core::domain::workspace::{GraftSpec, Leftovers, Opened, Workspace, WorkspaceSpec};
use sprint_core::engine::Ports;
use sprint_core::engine::perform::perform;
use sprint_core::id::{BranchName, CommitId, SprintId, TicketId};
use sprint_core::memory::MemoryBlobs;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::{EffectContext, Vcs as _};
use sprint_core::run::effect::{Done, EffectId, EffectKey, Step, Work};
use sprint_core::testing::fake::{FakeStore, ports};
use sprint_core::testing::fixture;
use sprint_core::testing::world::World;
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};
use tokio::runtime::{Builder, Runtime};

const FILES: usize = 10_000;

struct Bench {
    _dir: tempfile::TempDir,
    runtime: Runtime,
    vcs: Arc<GitVcs>,
    ports: Ports,
    plan: Arc<SprintPlan>,
    workspace: Workspace,
    base: CommitId,
}

fn git(root: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost"];
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(identity)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path").join("project");
        for n in 0..FILES {
            let folder = root.join(format!("src/d{}", n / 50));
            fs::create_dir_all(&folder).expect("a folder");
            let text = format!("export const n{n} = {n};\n").repeat(20);
            fs::write(folder.join(format!("f{n}.ts")), text).expect("a file");
        }
        fs::write(root.join("package.json"), r#"{"scripts":{"test":"jest"}}"#).expect("a file");
        git(&root, &["init", "-q", "-b", "main"]);
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "begin"]);
        let base = CommitId::new(git(&root, &["rev-parse", "HEAD"])).expect("an id");
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let config = GitConfig::new(&root, BranchName::new("main").expect("a name"));
        let vcs = Arc::new(
            runtime
                .block_on(GitVcs::open(config))
                .expect("a repository"),
        );
        let (world, mut plan) = World::planned("T-1");
        plan.config.test_file_globs = vec!["*.test.ts".into()];
        let ports = Ports {
            vcs: Arc::<GitVcs>::clone(&vcs),
            ..ports(&world, &FakeStore::default())
        };
        let spec = WorkspaceSpec {
            sprint: SprintId::new("sprint-bench").expect("an id"),
            ticket: TicketId::new("T-1").expect("an id"),
            generation: 1,
            base: base.clone(),
            dependencies: Vec::new(),
            at: Timestamp::default(),
        };
        let opened = runtime.block_on(vcs.open(&spec, &key(Step::Open)));
        let Opened::Ready(workspace) = opened.expect("a workspace") else {
            unreachable!("it depends on nothing");
        };
        change(&workspace.path);
        Self {
            _dir: dir,
            runtime,
            vcs,
            ports,
            plan: Arc::new(plan),
            workspace,
            base,
        }
    }

    fn collect(&self) -> Done {
        let work = Work::Collect {
            workspace: self.workspace.clone(),
            leftovers: Leftovers::Commit {
                subject: "feat: ten files".into(),
                at: Timestamp::default(),
            },
        };
        let cx = EffectContext {
            key: key(Step::Collect),
            blobs: Arc::new(MemoryBlobs::default()),
        };
        let done = perform(self.ports.clone(), Arc::clone(&self.plan), work, cx);
        self.runtime.block_on(done).expect("an answer")
    }
}

fn key(step: Step) -> EffectKey {
    EffectKey {
        sprint: SprintId::new("sprint-bench").expect("an id"),
        effect: EffectId::ticket(fixture::id("T-1"), 1, step),
    }
}

/// Five files of code, five of tests.
fn change(root: &Path) {
    for n in 0..5 {
        let code = root.join(format!("src/d{n}/f{}.ts", n * 50));
        let text = fs::read_to_string(&code).expect("a file");
        fs::write(code, format!("{text}export const more = {n};\n")).expect("a file");
        let test = format!(
            "it('adds {n}', () => {{ expect(add({n}, 1)).toBe({}); }});\n",
            n + 1
        );
        fs::write(
            root.join(format!("src/d{n}/add{n}.test.ts")),
            test.repeat(20),
        )
        .expect("a file");
    }
}

fn layers(c: &mut Criterion) {
    let bench = Bench::new();
    let Done::Collected { found, inspection } = bench.collect() else {
        unreachable!("it was collected");
    };
    assert_eq!((found.changed.len(), inspection.tests.len()), (10, 5));
    let mut group = c.benchmark_group("layers per ticket, 10,000 files");
    group.sample_size(20);
    group.bench_function("look and inspect", |b| {
        b.iter(|| black_box(bench.collect()))
    });
    let spec = GraftSpec {
        onto: bench.base.clone(),
        from: found.head.clone(),
        paths: inspection.tests.clone(),
        at: Timestamp::default(),
    };
    group.bench_function("graft the tests onto base", |b| {
        b.iter(|| {
            bench
                .runtime
                .block_on(bench.vcs.graft(&spec))
                .expect("a commit")
        });
    });
    group.bench_function("git status, git diff and git show", |b| {
        let at = &bench.workspace.path;
        b.iter(|| {
            let status = git(at, &["status", "--porcelain"]);
            let diff = git(at, &["diff", bench.base.as_str(), "HEAD"]);
            let show = git(at, &["show", "--stat", "HEAD"]);
            black_box((status, diff, show))
        });
    });
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
