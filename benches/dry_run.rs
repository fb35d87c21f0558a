//! What it costs to look before a sprint: 100 tickets over a repository of 10,000 files in five
//! languages, each of which imports others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};
use sprint_core::domain::config::SprintConfig;
use sprint_core::domain::hints;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::id::{BranchName, CommitPrefix, ProblemId};
use sprint_core::plan::imports::{Importers, Names, imports};
use sprint_core::readiness::{
    ConfigFacts, Facts, PlanCommit, Planned, Readiness, RepositoryFacts, TrackedTicket,
    TrackerFacts, assess,
};
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitReader};
use tokio::runtime::{Builder, Runtime};

const FILES: usize = 10_000;
const TICKETS: usize = 100;
/// Ballast of each file, so that files have the size of sources.
const BALLAST: usize = 60;

struct Fixture {
    _dir: tempfile::TempDir,
    root: PathBuf,
    plan: String,
    runtime: Runtime,
}

/// The path and the text of a file. It imports the file 5 before it, which is in its language.
fn file(n: usize) -> (String, String) {
    let before = n.saturating_sub(5);
    let module = |n: usize| n / 100;
    let (path, import, comment) = match n % 5 {
        0 => (
            format!("web/src/m{}/f{n}.ts", module(n)),
            format!("import {{ x }} from '../m{}/f{before}';", module(before)),
            "//",
        ),
        1 => (
            format!("app/m{}/f{n}.py", module(n)),
            format!("from app.m{} import f{before}", module(before)),
            "#",
        ),
        2 => (
            format!("core/src/m{}/f{n}.rs", module(n)),
            format!("use crate::m{}::f{before}::x;", module(before)),
            "//",
        ),
        3 => (
            format!("tool/m{}/f{n}.go", module(n)),
            format!(
                "package m\n\nimport \"example.org/tool/m{}\"",
                module(before)
            ),
            "//",
        ),
        _ => (
            format!("lib/src/main/java/org/m{}/F{n}.java", module(n)),
            format!(
                "package org.m;\n\nimport org.m{}.F{before};",
                module(before)
            ),
            "//",
        ),
    };
    let mut text = format!("{import}\n\n");
    for line in 0..BALLAST {
        let _infallible = writeln!(
            text,
            "value_{line} = compute(\"text {line} of {n}\", {line}); {comment} what line {line} is for"
        );
    }
    (path, text)
}

fn path(n: usize) -> String {
    file(n).0
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path").join("project");
        std::fs::create_dir(&root).expect("a folder");
        git(&root, &["init", "-q", "-b", "main"]);
        let mut import =
            String::from("commit refs/heads/main\ncommitter B <b@localhost> 0 +0000\ndata 1\na\n");
        let mut add = |path: &str, text: &str| {
            let _infallible = write!(import, "M 644 inline {path}\ndata {}\n{text}\n", text.len());
        };
        for n in 0..FILES {
            let (path, text) = file(n);
            add(&path, &text);
        }
        add("tool/go.mod", "module example.org/tool\n");
        add(
            "web/tsconfig.json",
            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"src/*\"]}}}",
        );
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&root)
            .args(["fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("git runs");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(import.as_bytes())
            .expect("git reads");
        assert!(child.wait().expect("git ends").success());
        git(&root, &["reset", "-q", "--hard"]);
        Self {
            plan: git(&root, &["rev-parse", "main"]),
            root,
            _dir: dir,
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn hints(&self) -> String {
        let tickets = (0..TICKETS).map(|n| {
            let dependencies = match n % 10 {
                0 => String::new(),
                _ => format!("\"T-{}\"", n - 1),
            };
            let files: Vec<_> = (0..5)
                .map(|k| format!("{:?}", path(n * 97 + k * 11)))
                .collect();
            format!(
                "\"T-{n}\": {{\"title\": \"Ticket {n}\", \"complexity\": \"M\", \"wave\": {}, \
                 \"dependencies\": [{dependencies}], \"edge_case_count\": 4, \
                 \"files_to_create\": [\"new/f{n}.ts\"], \"files_to_modify\": [{}]}}",
                n % 10 + 1,
                files.join(", ")
            )
        });
        let tickets: Vec<_> = tickets.collect();
        format!(
            "{{\"plan_commit\": \"{}\", \"total_tickets\": {TICKETS}, \"tickets\": {{{}}}}}",
            self.plan,
            tickets.join(",\n")
        )
    }

    fn reader(&self) -> GitReader {
        let config = GitConfig::new(&self.root, BranchName::new("main").expect("a name"));
        self.runtime
            .block_on(GitReader::open(config))
            .expect("a repository")
    }

    /// Everything that a dry run does, but for reading the tracker.
    fn dry_run(&self, text: &str) -> Readiness {
        let git = self.reader();
        let hints = Some(hints::parse(text.as_bytes()));
        let planned = Planned::choose(hints, &[], "").expect("a plan");
        let prefix = CommitPrefix::new(&self.plan).expect("a commit");
        let facts = self.runtime.block_on(async {
            let standing = git.standing().await.expect("a standing");
            let since = git.since(&prefix, &[".claude"]).await.expect("an answer");
            let since = since.expect("the commit is there");
            let paths = git.paths(&standing.base_head).await.expect("paths");
            let present: BTreeSet<RepoPath> = planned
                .files()
                .into_iter()
                .filter(|file| paths.contains(*file))
                .cloned()
                .collect();
            let wanted = present.clone();
            let importers = git.importers(&standing.base_head, wanted, paths).await;
            let tickets = planned.tickets.iter().map(|(id, ticket)| {
                let tracked = TrackedTicket {
                    title: ticket.title.clone(),
                    body: String::new(),
                    status: TicketStatus::Todo,
                    blocked_by: ticket.dependencies.iter().cloned().collect(),
                    wanted: true,
                };
                (id.clone(), tracked)
            });
            let base = BranchName::new("main").expect("a name");
            Facts {
                problem: ProblemId::new("bench").expect("an id"),
                at: Timestamp::default(),
                tracker: TrackerFacts::Up {
                    tickets: tickets.collect(),
                    malformed: Vec::new(),
                },
                planned,
                config: ConfigFacts::Read(Box::new(SprintConfig::new(
                    base.clone(),
                    BTreeMap::new(),
                ))),
                repository: RepositoryFacts {
                    base,
                    base_head: standing.base_head,
                    head: standing.head,
                    branch: standing.branch,
                    dirty: standing.dirty,
                    plan: PlanCommit::Known {
                        commit: since.commit,
                        part_of_base: since.part_of_base,
                        counted: since.counted,
                        passed_over: 0,
                        changed: since.changed,
                    },
                    present,
                    worktrees: standing.worktrees,
                    worktrees_ignored: standing.worktrees_ignored,
                },
                importers: importers.expect("importers"),
                commands: Vec::new(),
                browser_tool: None,
                sprints: Vec::new(),
                patterns: Vec::new(),
                statement: None,
                legacy: Vec::new(),
            }
        });
        assess(&facts)
    }
}

fn whole(c: &mut Criterion) {
    let fixture = Fixture::new();
    let text = fixture.hints();
    let report = fixture.dry_run(&text);
    eprintln!(
        "{FILES} files, {TICKETS} tickets: {} findings, {} files in several tickets, {} with importers outside",
        report.findings.len(),
        report.conflicts.rows.len(),
        report.conflicts.ghosts
    );
    assert!(report.conflicts.ghosts > 100, "there is something to find");
    let mut group = c.benchmark_group("dry run");
    group.sample_size(10);
    group.bench_function("whole", |b| b.iter(|| black_box(fixture.dry_run(&text))));
    let texts: Vec<_> = (0..FILES).map(file).collect();
    let texts: Vec<_> = texts
        .iter()
        .map(|(path, text)| (RepoPath::from(path.as_str()), text))
        .collect();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    group.throughput(criterion::Throughput::Bytes(bytes as u64));
    group.bench_function("imports of all files, on one core", |b| {
        b.iter(|| {
            texts
                .iter()
                .map(|(path, text)| imports(path, text).len())
                .sum::<usize>()
        });
    });
    let above = |path: &RepoPath| std::iter::successors(Some(path.clone()), RepoPath::parent);
    let paths: BTreeSet<_> = texts.iter().flat_map(|(path, _)| above(path)).collect();
    let names = Names::new(&paths, []);
    let wanted: BTreeSet<_> = (0..500)
        .map(|n| RepoPath::from(path(n * 19).as_str()))
        .collect();
    let importers = Importers::new(wanted, paths, names);
    group.bench_function("importers of 500 files, on one core", |b| {
        b.iter(|| {
            texts
                .iter()
                .map(|(path, text)| importers.of(path, text).len())
                .sum::<usize>()
        });
    });
    group.finish();
}

fn git(root: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "user.name=b", "-c", "user.email=b@localhost"])
        .args(args)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

criterion_group!(benches, whole);
criterion_main!(benches);
