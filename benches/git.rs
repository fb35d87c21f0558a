//! What the git adapter costs beside what one would use instead: the `git` program, one process
//! for each question, and libgit2.
//!
//! The repositories have 1,000 and 10,000 files and 50 branches, which fork from the last 40 commits
//! of base, share a few files that many change, and now and then rename a directory.

use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sprint_core::domain::probe::{Probe, ProbeSpec};
use sprint_core::domain::workspace::{Leftovers, Opened, Workspace, WorkspaceSpec};
use sprint_core::id::{BranchName, CommitId, SprintId, TicketId};
use sprint_core::ports::Vcs as _;
use sprint_core::run::effect::{EffectId, EffectKey, Step};
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};
use tokio::runtime::{Builder, Runtime};

const BRANCHES: usize = 50;
const FILES_PER_DIRECTORY: usize = 25;
/// The slow ones answer for every so many pairs only.
const SAMPLE: usize = 12;

/// A repository, and the commits of its branches.
struct Fixture {
    _dir: tempfile::TempDir,
    root: PathBuf,
    spec: ProbeSpec,
    /// The first branch, one commit on.
    moved: CommitId,
    runtime: Runtime,
}

impl Fixture {
    fn new(files: usize) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path").join("project");
        std::fs::create_dir(&root).expect("a folder");
        git(&root, &["init", "-q", "-b", "main"]);
        import(&root, files);
        git(&root, &["reset", "-q", "--hard"]);
        let commit = |name: &str| CommitId::new(git(&root, &["rev-parse", name])).expect("an id");
        let branch = |n| (ticket(n), commit(&format!("refs/heads/b{n}")));
        let spec = ProbeSpec {
            base: commit("main"),
            branches: (0..BRANCHES).map(branch).collect(),
        };
        Self {
            moved: commit("refs/heads/moved"),
            spec,
            root,
            _dir: dir,
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn open(&self) -> GitVcs {
        let config = GitConfig::new(&self.root, BranchName::new("main").expect("a name"));
        self.runtime
            .block_on(GitVcs::open(config))
            .expect("a repository")
    }

    fn probe(&self, vcs: &GitVcs, spec: &ProbeSpec) -> Probe {
        self.runtime.block_on(vcs.probe(spec)).expect("an answer")
    }

    fn pairs(&self) -> Vec<[&CommitId; 2]> {
        let tips: Vec<_> = self.spec.branches.values().collect();
        let rest = |(at, a)| tips[at + 1..].iter().map(move |b| [a, *b]);
        tips.iter().copied().enumerate().flat_map(rest).collect()
    }

    fn workspace(&self, vcs: &GitVcs, name: &str) -> Workspace {
        let spec = WorkspaceSpec {
            sprint: SprintId::new("sprint-bench").expect("an id"),
            ticket: TicketId::new(name).expect("an id"),
            generation: 1,
            base: self.spec.base.clone(),
            dependencies: Vec::new(),
            at: Timestamp::default(),
        };
        let key = EffectKey {
            sprint: spec.sprint.clone(),
            effect: EffectId::sprint(1, Step::Open),
        };
        match self
            .runtime
            .block_on(vcs.open(&spec, &key))
            .expect("a workspace")
        {
            Opened::Ready(workspace) => workspace,
            Opened::Conflict { .. } => unreachable!("it depends on nothing"),
        }
    }
}

/// All pairs of 50 branches.
fn matrix(c: &mut Criterion) {
    let mut group = c.benchmark_group("pair matrix");
    group.sample_size(10);
    for files in [1_000, 10_000] {
        let fixture = Fixture::new(files);
        let pairs = fixture.pairs();
        let sample: Vec<_> = pairs.iter().copied().step_by(SAMPLE).collect();
        let probe = fixture.probe(&fixture.open(), &fixture.spec);
        let clashing = probe.pairs.iter().filter(|pair| !pair.clashes.is_empty());
        let (clashing, alone) = (clashing.count(), probe.against_base.len());
        let known = format!("{} merges made, {clashing} pairs clash", probe.merges);
        eprintln!(
            "{files} files, {} pairs: {known}, {alone} branches with base",
            pairs.len()
        );
        group.throughput(Throughput::Elements(pairs.len() as u64));
        group.bench_function(BenchmarkId::new("sprint", files), |b| {
            b.iter_batched(
                || fixture.open(),
                |vcs| black_box(fixture.probe(&vcs, &fixture.spec)),
                BatchSize::PerIteration,
            );
        });
        let mut moved = fixture.spec.clone();
        moved.branches.insert(ticket(0), fixture.moved.clone());
        group.bench_function(BenchmarkId::new("sprint, one branch moved", files), |b| {
            b.iter_batched(
                || {
                    let vcs = fixture.open();
                    fixture.probe(&vcs, &fixture.spec);
                    vcs
                },
                |vcs| black_box(fixture.probe(&vcs, &moved)),
                BatchSize::PerIteration,
            );
        });
        group.throughput(Throughput::Elements(sample.len() as u64));
        group.bench_function(BenchmarkId::new("git merge-tree, a sample", files), |b| {
            b.iter(|| {
                sample
                    .iter()
                    .filter(|pair| git_clashes(&fixture.root, **pair))
                    .count()
            });
        });
        let repository = git2::Repository::open(&fixture.root).expect("a repository");
        group.bench_function(BenchmarkId::new("libgit2, a sample", files), |b| {
            b.iter(|| {
                sample
                    .iter()
                    .filter(|pair| libgit2_clashes(&repository, **pair))
                    .count()
            });
        });
    }
    group.finish();
}

/// Worktrees with all files, made and not given back.
fn worktrees(c: &mut Criterion) {
    let mut group = c.benchmark_group("worktree");
    group.sample_size(10);
    for files in [1_000, 10_000] {
        let fixture = Fixture::new(files);
        let vcs = fixture.open();
        let mut number = 0;
        let mut name = || {
            number += 1;
            format!("W-{number}")
        };
        group.bench_function(BenchmarkId::new("sprint", files), |b| {
            b.iter_batched(
                &mut name,
                |name| fixture.workspace(&vcs, &name),
                BatchSize::PerIteration,
            );
        });
        // Its files are there already; only what differs is written.
        group.bench_function(BenchmarkId::new("sprint, from the pool", files), |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    let name = name();
                    let begin = now();
                    let workspace = fixture.workspace(&vcs, &name);
                    spent += begin.elapsed();
                    let closed = fixture.runtime.block_on(vcs.close(&workspace));
                    closed.expect("closed");
                }
                spent
            });
        });
        group.bench_function(BenchmarkId::new("git worktree add", files), |b| {
            b.iter_batched(
                &mut name,
                |name| {
                    let path = fixture.root.with_file_name(&name);
                    let path = path.to_str().expect("text");
                    git(
                        &fixture.root,
                        &["worktree", "add", "-q", "-b", &name, path, "main"],
                    )
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "giving back is not timed")]
fn now() -> Instant {
    Instant::now()
}

/// What the engine asks after every agent, and before every landing.
fn questions(c: &mut Criterion) {
    let mut group = c.benchmark_group("question");
    group.sample_size(20);
    for files in [1_000, 10_000] {
        let fixture = Fixture::new(files);
        let vcs = fixture.open();
        let workspace = fixture.workspace(&vcs, "W-1");
        for file in 0..4 {
            let path = workspace.path.join(format!("new-{file}.txt"));
            std::fs::write(path, "new\n").expect("a file");
        }
        let leftovers = Leftovers::Commit {
            subject: "work".into(),
            at: Timestamp::default(),
        };
        let collect = || {
            fixture
                .runtime
                .block_on(vcs.collect(&workspace, &leftovers))
        };
        collect().expect("collected");
        group.bench_function(
            BenchmarkId::new("sprint: what a workspace holds", files),
            |b| {
                b.iter(|| collect().expect("collected"));
            },
        );
        group.bench_function(BenchmarkId::new("git: the same", files), |b| {
            let base = workspace.work_base.as_str();
            b.iter(|| {
                let dir = &workspace.path;
                git(dir, &["status", "--porcelain", "-uall"]);
                git(dir, &["rev-parse", "HEAD", "HEAD^{tree}"]);
                git(dir, &["rev-list", "--count", &format!("{base}..HEAD")]);
                git(dir, &["diff", "--no-renames", base, "HEAD"])
            });
        });
        group.bench_function(
            BenchmarkId::new("sprint: state of the repository", files),
            |b| {
                b.iter(|| fixture.runtime.block_on(vcs.status()).expect("a status"));
            },
        );
        group.bench_function(
            BenchmarkId::new("sprint: what is around a workspace", files),
            |b| {
                let look = || fixture.runtime.block_on(vcs.surroundings(&workspace));
                b.iter(|| look().expect("a look"));
            },
        );
        group.bench_function(BenchmarkId::new("git: the same state", files), |b| {
            b.iter(|| {
                git(&fixture.root, &["rev-parse", "main", "main^{tree}"]);
                git(&fixture.root, &["status", "--porcelain", "-uall"])
            });
        });
    }
    group.finish();
}

fn git_clashes(root: &Path, [a, b]: [&CommitId; 2]) -> bool {
    let arguments = [
        "merge-tree",
        "--write-tree",
        "--no-messages",
        a.as_str(),
        b.as_str(),
    ];
    let output = command(root, &arguments).output().expect("git");
    output.status.code() == Some(1)
}

fn libgit2_clashes(repository: &git2::Repository, pair: [&CommitId; 2]) -> bool {
    let [a, b] = pair.map(|id| {
        let id = git2::Oid::from_str(id.as_str()).expect("an id");
        repository.find_commit(id).expect("a commit")
    });
    let mut options = git2::MergeOptions::new();
    options.find_renames(true).fail_on_conflict(true);
    match repository.merge_commits(&a, &b, Some(&options)) {
        Ok(index) => index.has_conflicts(),
        Err(error) => error.code() == git2::ErrorCode::MergeConflict,
    }
}

fn ticket(number: usize) -> TicketId {
    TicketId::new(format!("ENG-{number:02}")).expect("an id")
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = command(dir, arguments).output().expect("git");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

/// Makes the history with one `git fast-import`.
fn import(root: &Path, files: usize) {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from((random >> 16) % bound as u64).expect("small")
    };
    let path = |file: usize| format!("dir{}/file{file}.txt", file / FILES_PER_DIRECTORY);
    let text = |file: usize, changes: &[usize]| -> String {
        let line = |n| match changes.contains(&n) {
            true => format!("line {n} of {file}, changed by {changes:?}\n"),
            false => format!("line {n} of {file}\n"),
        };
        (0..60).map(line).collect()
    };
    let put = |file: usize, changes: &[usize]| {
        let text = text(file, changes);
        format!(
            "M 100644 inline {}\ndata {}\n{text}\n",
            path(file),
            text.len()
        )
    };
    let head = |name: &str, mark: usize, from: Option<usize>| {
        let from = from.map_or_else(String::new, |from| format!("from :{from}\n"));
        let by = "committer P <p@example.org> 1700000000 +0000";
        format!("commit refs/heads/{name}\nmark :{mark}\n{by}\ndata 0\n{from}")
    };
    let mut script = head("main", 1, None);
    for file in 0..files {
        script += &put(file, &[]);
    }
    for mark in 2..=41 {
        script += &head("main", mark, Some(mark - 1));
        for _ in 0..3 {
            script += &put(60 + below(files - 60), &[below(60)]);
        }
    }
    for branch in 0..BRANCHES {
        let (mark, fork) = (100 + branch, 2 + below(40));
        script += &head(&format!("b{branch}"), mark, Some(fork));
        // Files that many change, and some of its own.
        for _ in 0..3 {
            script += &put(below(60), &[below(60)]);
        }
        for _ in 0..4 {
            script += &put(60 + below(files - 60), &[below(60), below(60)]);
        }
        if branch % 7 == 0 {
            let directory = 3 + below(files / FILES_PER_DIRECTORY - 3);
            let renamed = format!("R dir{directory} moved{branch}\n");
            script += &renamed;
        }
    }
    script += &head("moved", 99, Some(100));
    script += &put(below(60), &[below(60)]);
    let mut child = command(root, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(script.as_bytes()).expect("written");
    drop(input);
    assert!(child.wait().expect("an end").success());
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(5));
    targets = matrix, worktrees, questions
}
criterion_main!(benches);
