//! The engine inside another program, with an agent written in Rust and a display of its own.
//!
//! Everything real except the agent: a git repository, tickets in files, state on disk, a gate
//! that runs. `cargo run --example embed`

mod poems;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::config::SprintConfig;
use sprint_core::engine::{Engine, Ports, control};
use sprint_core::id::{BranchName, ProblemId};
use sprint_core::local::blobs::FileBlobs;
use sprint_core::local::layout::Layout;
use sprint_core::local::lease::{FileLease, NetworkFiles};
use sprint_core::local::store::FileStore;
use sprint_core::local::tracker::FileTracker;
use sprint_core::ports::{Clock as _, LeaseHolder as _, Owner, SystemClock};
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::ticket::Stage;
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};

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
    poems::repository(root.path())?;

    let base = BranchName::new("main")?;
    let command = |text| CommandLine::new(text).context("a command");
    let checks = BTreeMap::from([
        (CheckKind::Build, command("ls *.txt")?),
        (CheckKind::Lint, command("! grep -n ' $' *.txt")?),
        (CheckKind::Test, command("sh test.sh")?),
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
        agents: Arc::new(poems::Poet),
        vcs: Arc::new(GitVcs::open(GitConfig::new(root.path(), base)).await?),
        verifier: Arc::new(CommandVerifier::new(Environment::inherit())),
        layers: Vec::new(),
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
