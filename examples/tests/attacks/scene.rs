//! The stage: a repository, a ticket and the real engine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::config::{RedBase, SprintConfig};
use sprint_core::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use sprint_core::domain::verdict::{FindingKind, LayerId};
use sprint_core::engine::{Engine, Finished, Ports, StartError, control, verify_evidence};
use sprint_core::evidence::Expected;
use sprint_core::id::{BranchName, ProblemId, TicketId};
use sprint_core::memory::{MemoryBlobs, MemoryLease, MemoryStore, MemoryTracker};
use sprint_core::ports::{Clock as _, LeaseHolder as _, Owner, SystemClock, Tracker as _, Vcs};
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::ticket::{Stage, TicketRun};
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};

use crate::agent::{Players, git};
use crate::case::{Case, Expect};
use crate::evidence::Landed;
use crate::outcome::{Ended, Refusal};

/// A sprint of one ticket that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Plays a case to its end.
pub(crate) async fn play(case: Case) -> Ended {
    if let Some(program) = case.project.needs(case.test).filter(|name| !works(name)) {
        return Ended::Skipped(program);
    }
    match tokio::time::timeout(PATIENCE, sprint(case)).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Ended::Broken(format!("{error:#}")),
        Err(_) => Ended::Broken(format!("it took longer than {PATIENCE:?}")),
    }
}

/// Whether a program can be run here.
fn works(program: &str) -> bool {
    let status = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The last attempt that was refused.
type Last = Arc<Mutex<Option<(FindingKind, String)>>>;

async fn sprint(case: Case) -> Result<Ended> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("project");
    found(case, &root)?;
    let before = git(&root, &["rev-parse", "main"]);

    let tracker = MemoryTracker::new([ticket(case)?]);
    let last = Last::default();
    let played = match run(case, &root, &tracker, &last).await {
        Ok(played) => played,
        Err(error) => return not_begun(error),
    };
    let Played {
        finished,
        vcs,
        blobs,
    } = played;

    let (id, ticket) = finished.run.tickets().iter().next().context("a ticket")?;
    let moved = git(&root, &["rev-parse", "main"]) != before;
    let done = tracker
        .ticket(id)
        .is_some_and(|ticket| ticket.status == TicketStatus::Done);
    if let Expect::Harmless(effect) = case.expect {
        return Ok(Ended::Looked(effect(&root)));
    }
    match (&ticket.stage, case.expect) {
        (Stage::Merged { checked, .. }, Expect::Judged(_, tamper)) => {
            let mut landed = Landed {
                root,
                ticket: id.clone(),
                sprint: finished.run.plan().sprint.clone(),
                branch: checked.workspace.branch.clone(),
                commit: checked.head.clone(),
                comments: tracker.comments(id).await?,
                blobs,
            };
            tamper(&mut landed);
            judge(vcs.as_ref(), &landed).await
        }
        (Stage::Merged { .. }, _) if moved && done => Ok(Ended::Landed),
        (Stage::Merged { .. }, _) => Ok(halfway(&finished, ticket, moved, done)),
        _ if moved || done => Ok(halfway(&finished, ticket, moved, done)),
        _ => Ok(Ended::Refused(refusal(ticket, &last, &finished))),
    }
}

/// A gate that proves nothing is refused before anything begins.
fn not_begun(error: anyhow::Error) -> Result<Ended> {
    let error = error.downcast::<StartError>()?;
    let StartError::Gate(findings) = &error else {
        return Err(error.into());
    };
    let first = findings.first().context("a finding")?;
    Ok(Ended::Refused(Refusal {
        layer: None,
        kind: Some(first.kind),
        why: first.message.clone(),
    }))
}

/// Base, the tracker and the engine do not agree on what became of it.
fn halfway(finished: &Finished, ticket: &TicketRun, moved: bool, done: bool) -> Ended {
    let stage = ticket.stage.name();
    let why = &finished.why;
    Ended::Broken(format!(
        "it is {stage}, base moved: {moved}, done: {done}; {why:?}"
    ))
}

async fn judge(vcs: &dyn Vcs, landed: &Landed) -> Result<Ended> {
    let expected = Expected {
        sprint: Some(landed.sprint.clone()),
        commit: None,
    };
    let (ticket, comments) = (&landed.ticket, &landed.comments);
    let report = verify_evidence(vcs, Some(&landed.blobs), ticket, comments, &expected).await?;
    let status = report.status();
    Ok(Ended::Judged(status.name(), status.why()))
}

fn refusal(ticket: &TicketRun, last: &Last, finished: &Finished) -> Refusal {
    let record = ticket.breaker.last.as_ref();
    let mut refusal = Refusal {
        layer: record.map(|record| record.layer),
        ..Refusal::default()
    };
    match last.lock().unwrap().take() {
        Some((kind, why)) => (refusal.kind, refusal.why) = (Some(kind), why),
        None => refusal.why = format!("{:?}: {:?}", finished.why, ticket.stage),
    }
    // An answer that is none never gets as far as a record.
    if refusal.kind == Some(FindingKind::ContextExhaustion) {
        refusal.layer = Some(LayerId::Exhaustion);
    }
    refusal
}

/// Makes the project, with everything committed to `main`.
fn found(case: Case, root: &Path) -> Result<()> {
    std::fs::create_dir(root)?;
    git(root, &["init", "-q", "-b", "main"]);
    case.project.write(root);
    (case.given)(root);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "As it was"]);
    Ok(())
}

fn ticket(case: Case) -> Result<Ticket> {
    Ok(Ticket {
        id: TicketId::new("ATK-1")?,
        title: case.ticket.title.to_owned(),
        status: TicketStatus::Todo,
        priority: Priority::default(),
        labels: case
            .ticket
            .labels
            .iter()
            .map(|label| (*label).to_owned())
            .collect(),
        blocked_by: Vec::new(),
        size: Size::S,
        body: case.ticket.body.to_owned(),
        updated_at: None,
        parent: None,
    })
}

/// A sprint that has ended, with what it leaves.
struct Played {
    finished: Finished,
    vcs: Arc<dyn Vcs>,
    blobs: MemoryBlobs,
}

async fn run(case: Case, root: &Path, tracker: &MemoryTracker, last: &Last) -> Result<Played> {
    let base = BranchName::new("main")?;
    let mut config = SprintConfig::new(base.clone(), gate(case)?);
    config.max_loop_iterations = case.loops;
    if case.red_base {
        config.red_base = RedBase::Accept;
    }
    let vcs: Arc<dyn Vcs> = Arc::new(GitVcs::open(GitConfig::new(root, base)).await?);
    let blobs = MemoryBlobs::default();
    let ports = Ports {
        tracker: Arc::new(tracker.clone()),
        agents: Arc::new(Players(case)),
        vcs: Arc::clone(&vcs),
        verifier: Arc::new(CommandVerifier::new(environment(case))),
        layers: Vec::new(),
        blobs: Arc::new(blobs.clone()),
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock),
    };
    let heard = Arc::clone(last);
    let observer = move |_: Timestamp, event: &Event| {
        if let Event::AttemptFailed { kind, message, .. } = event {
            *heard.lock().unwrap() = Some((*kind, message.clone()));
        }
    };
    let engine = Engine::new(ports, Limits::new(Some(1), Some(1)), Arc::new(observer));
    let plan = engine.plan(ProblemId::new("attack")?, config).await?;
    let owner = Owner {
        pid: std::process::id(),
        host: "here".into(),
        since: SystemClock.now(),
    };
    let lease = MemoryLease::default().acquire(&owner)?;
    let (_control, mut inbox) = control();
    Ok(Played {
        finished: engine.start(plan, &lease, &mut inbox).await?,
        vcs,
        blobs,
    })
}

fn gate(case: Case) -> Result<BTreeMap<CheckKind, CommandLine>> {
    let [build, lint, test] = case.project.gate();
    let lines = [
        (CheckKind::Build, build),
        (CheckKind::Lint, lint),
        (CheckKind::Test, case.test.unwrap_or(test)),
    ];
    let line = |(kind, line)| Ok((kind, CommandLine::new(line).context("a command")?));
    lines.into_iter().map(line).collect()
}

fn environment(case: Case) -> Environment {
    let environment = Environment::inherit();
    let Some(entry) = case.path else {
        return environment;
    };
    let usual = environment.iter().find(|(name, _)| *name == "PATH");
    let mut path = std::ffi::OsString::from(entry);
    if let Some((_, usual)) = usual {
        path.push(":");
        path.push(usual);
    }
    environment.with("PATH", path)
}
