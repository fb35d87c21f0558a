//! A layer of verification of your own: no ticket is proven, and nothing lands, without it.
//!
//! The layer here wants every new file to end with a signature. The worker does not know that, is
//! refused, reads the finding, and signs. Tickets, state and outputs stay in memory; the repository
//! and the gate are real. `cargo run --example custom_layer`

mod poems;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::check::LayerSubject;
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::config::SprintConfig;
use sprint_core::domain::verdict::{Finding, FindingKind, LayerId, LayerName, Verdict};
use sprint_core::engine::{Engine, Ports, control};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, ProblemId};
use sprint_core::local::tracker::FileTracker;
use sprint_core::memory::{MemoryBlobs, MemoryLease, MemoryStore};
use sprint_core::ports::{
    Clock as _, EffectContext, Error, Layer, LeaseHolder as _, Owner, SystemClock,
};
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::ticket::Stage;
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};

/// Wants every file of a change to be signed.
#[derive(Debug)]
struct Signed(LayerName);

#[async_trait]
impl Layer for Signed {
    fn name(&self) -> LayerName {
        self.0
    }

    async fn judge(
        &self,
        subject: &LayerSubject,
        _: &EffectContext,
    ) -> sprint_core::ports::Result<Verdict> {
        let mut findings = Vec::new();
        for change in &subject.changed {
            // A path of the repository, below the worktree that is at exactly this commit.
            let file = subject.workspace.path.join(change.path.as_str());
            let failed = |error| {
                Error::new(ErrorKind::Transient, "read", change.path.as_str()).because(error)
            };
            let text = fs::read_to_string(&file).map_err(failed)?;
            if !text.trim_end().ends_with(poems::SIGNATURE) {
                let message = format!("end the file with {:?}", poems::SIGNATURE);
                let finding = Finding::blocking(FindingKind::HostLayer, message);
                findings.push(finding.at(change.path.as_str()));
            }
        }
        Ok(Verdict::of(findings))
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

    let name: LayerName = "signature".parse()?;
    let ports = Ports {
        tracker: Arc::new(FileTracker::new(root.path().join("tickets"))),
        agents: Arc::new(poems::Poet),
        vcs: Arc::new(GitVcs::open(GitConfig::new(root.path(), base)).await?),
        verifier: Arc::new(CommandVerifier::new(Environment::inherit())),
        layers: vec![Arc::new(Signed(name))],
        blobs: Arc::new(MemoryBlobs::default()),
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock),
    };

    let refusals = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&refusals);
    let observer = move |_: Timestamp, event: &Event| {
        if let Event::AttemptFailed {
            ticket, message, ..
        } = event
        {
            eprintln!("{ticket}: refused: {message}");
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(ticket.clone());
        }
    };
    let engine = Engine::new(ports, Limits::new(Some(2), Some(1)), Arc::new(observer));
    let plan = engine.plan(ProblemId::new("poems")?, config).await?;
    ensure!(plan.layers.contains(&name), "the layer is part of the plan");
    let owner = Owner {
        pid: std::process::id(),
        host: "here".into(),
        since: SystemClock.now(),
    };
    let lease = MemoryLease::default().acquire(&owner)?;
    let (_control, mut inbox) = control();
    let finished = engine.start(plan, &lease, &mut inbox).await?;

    for (id, ticket) in finished.run.tickets() {
        let Stage::Merged { checked, .. } = &ticket.stage else {
            anyhow::bail!("{id} was not merged: {:?}", ticket.stage);
        };
        let verdict = checked.verdicts.get(&LayerId::Host(name));
        ensure!(
            verdict.is_some_and(Verdict::accepts),
            "{id} landed without the layer"
        );
        eprintln!("{id}: landed in attempt {}, signed", ticket.attempt);
    }
    let refused = refusals
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .len();
    ensure!(refused == 2, "each ticket was refused once, not {refused}");
    Ok(())
}
