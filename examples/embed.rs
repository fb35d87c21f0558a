//! The engine inside another program, with an agent written in Rust and a display of its own.
//!
//! Everything real except the agent: a git repository, tickets in files, state on disk, a gate
//! that runs. `cargo run --example embed`

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, ClaimedCheck, CompletionResult, RequirementRow,
    ReviewResult, Role, RoleResult, Usage, WorkerEvidence, WorkerResult, WorkerStatus,
};
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::config::SprintConfig;
use sprint_core::engine::{Engine, Ports, control};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, ProblemId};
use sprint_core::local::blobs::FileBlobs;
use sprint_core::local::layout::Layout;
use sprint_core::local::lease::{FileLease, NetworkFiles};
use sprint_core::local::store::FileStore;
use sprint_core::local::tracker::FileTracker;
use sprint_core::ports::{
    AgentCapabilities, AgentRunner, Clock as _, EffectContext, Error, LeaseHolder as _, Owner,
    SystemClock,
};
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::ticket::Stage;
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};

/// An agent of our own: it writes the poem that the ticket's title asks for.
#[derive(Debug)]
struct Poet;

#[async_trait]
impl AgentRunner for Poet {
    fn capabilities(&self) -> AgentCapabilities {
        let roles = [Role::Worker, Role::Review, Role::Completion].into();
        AgentCapabilities {
            roles,
            ..AgentCapabilities::default()
        }
    }

    async fn run(
        &self,
        task: &AgentTask,
        _: &EffectContext,
    ) -> sprint_core::ports::Result<AgentReport> {
        let poem = format!("{}.txt", task.ticket);
        let result = match task.role {
            Role::Worker => {
                let text = format!("{}\nis what I was asked for.\n", task.title);
                let failed =
                    |e| Error::new(ErrorKind::Transient, "write", poem.as_str()).because(e);
                fs::write(task.workspace.join(&poem), text).map_err(failed)?;
                let ran = |_: &String| ClaimedCheck {
                    exit_code: 0,
                    passed: None,
                    failed: None,
                    output: String::new(),
                };
                RoleResult::Worker(WorkerResult {
                    ticket_id: task.ticket.clone(),
                    branch: task.branch.clone(),
                    status: WorkerStatus::Success,
                    commit_hash: None,
                    evidence: Some(WorkerEvidence {
                        preflight_ran: true,
                        checks: task
                            .checks
                            .iter()
                            .map(|(kind, line)| (*kind, ran(line)))
                            .collect(),
                    }),
                    learnings_added: Vec::new(),
                    notes: Vec::new(),
                })
            }
            Role::Completion => {
                let requirement = "the poem exists".to_owned();
                let row = RequirementRow {
                    requirement,
                    met: true,
                    place: Some(poem),
                };
                RoleResult::Completion(CompletionResult {
                    requirements: vec![row],
                })
            }
            Role::Review | Role::Context | Role::Conflict => {
                RoleResult::Review(ReviewResult::default())
            }
        };
        let answer = Answer::Result(Claimed(result));
        Ok(AgentReport {
            answer,
            session: None,
            usage: Usage::default(),
            transcript: None,
        })
    }
}

/// A display of our own: one line that is redrawn by whoever embeds the engine.
fn display(board: &Mutex<BTreeMap<String, String>>, event: &Event) {
    if let Event::StageChanged { ticket, stage, .. } = event
        && let Ok(mut board) = board.lock()
    {
        board.insert(ticket.to_string(), stage.clone());
        let line: Vec<_> = board
            .iter()
            .map(|(id, stage)| format!("{id}: {stage:<13}"))
            .collect();
        eprintln!("| {} |", line.join(" | "));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let root = tempfile::tempdir()?;
    repository(root.path())?;

    let base = BranchName::new("main")?;
    let command = |text| CommandLine::new(text).context("a command");
    let checks = BTreeMap::from([
        (CheckKind::Build, command("ls *.txt")?),
        (CheckKind::Lint, command("! grep -n ' $' *.txt")?),
        (
            CheckKind::Test,
            command("for f in *.txt; do test -s $f && echo ok - $f; done; echo 1..1")?,
        ),
    ]);
    let config = SprintConfig::new(base.clone(), checks);

    let problem = ProblemId::new("poems")?;
    let layout = Layout::new(root.path(), problem.clone());
    layout.prepare()?;
    let owner = Owner {
        pid: std::process::id(),
        host: "here".into(),
        since: SystemClock.now(),
    };
    let lease = FileLease::new(layout.clone(), NetworkFiles::Refuse).acquire(&owner)?;
    let ports = Ports {
        tracker: Arc::new(FileTracker::new(root.path().join("tickets"))),
        agents: Arc::new(Poet),
        vcs: Arc::new(GitVcs::open(GitConfig::new(root.path(), base)).await?),
        verifier: Arc::new(CommandVerifier::new(Environment::inherit())),
        blobs: Arc::new(FileBlobs::new(layout.clone())),
        store: Arc::new(FileStore::new(layout)),
        clock: Arc::new(SystemClock),
    };

    let board = Mutex::new(BTreeMap::new());
    let observer = Arc::new(move |_: Timestamp, event: &Event| display(&board, event));
    let engine = Engine::new(ports, Limits::new(Some(2), Some(1)), observer);
    let plan = engine.plan(problem, config).await?;
    let (_control, mut inbox) = control();
    let finished = engine.start(plan, &lease, &mut inbox).await?;

    for (id, ticket) in finished.run.tickets() {
        let Stage::Merged { at, .. } = &ticket.stage else {
            anyhow::bail!("{id} was not merged: {:?}", ticket.stage);
        };
        eprintln!("{id} is on main as {at}");
    }
    ensure!(
        root.path().join("ODE-2.txt").exists(),
        "the checkout followed base"
    );
    Ok(())
}

/// A repository with one commit, and two tickets of which one waits for the other.
fn repository(root: &Path) -> Result<()> {
    let git = |args: &[&str]| -> Result<()> {
        let identity = ["-c", "user.name=Embed", "-c", "user.email=embed@localhost"];
        let status = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(identity)
            .args(args)
            .status()?;
        ensure!(status.success(), "git {args:?} failed");
        Ok(())
    };
    git(&["init", "-q", "-b", "main"])?;
    fs::write(root.join("first.txt"), "roses are red\n")?;
    git(&["add", "first.txt"])?;
    git(&["commit", "-q", "-m", "A first line"])?;
    fs::create_dir(root.join("tickets"))?;
    for (id, title, after) in [
        ("ODE-1", "An ode to git", ""),
        ("ODE-2", "An ode to Rust", "ODE-1"),
    ] {
        let text =
            format!("---\nid: {id}\ntitle: {title}\nstatus: Todo\nblocked-by: [{after}]\n---\n");
        fs::write(root.join(format!("tickets/{id}.md")), text)?;
    }
    Ok(())
}
