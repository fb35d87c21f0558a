//! `sprint conductor`: phases of one sprint that independent agents claim.

mod args;
mod files;
mod hand_in;
mod say;
mod ship;
mod who;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sprint_core::id::FailureTag;
use sprint_core::local::SystemLiveness;
use sprint_core::local::conductor::{Conductor, ConductorError, Live, Options, StartRequest};
use sprint_core::local::layout::Layout;
use sprint_core::phases::decide::ClaimRequest;
use sprint_core::phases::event::Settings;
use sprint_core::phases::graph::{PhaseGraph, from_text};
use sprint_core::phases::reason::Reason;
use sprint_core::ports::SystemClock;

pub(crate) use args::{CONDUCTOR_HELP, ConductorAction};

use crate::cli::{Cli, Usage};
use crate::problem;
use crate::run::GitRoot;
use args::{ClaimArgs, FreeArgs, StartArgs};
use say::Say;

/// More than anybody writes, in bytes.
const MAX_GRAPH: u64 = 1 << 20;

/// What the commands work on.
struct Desk {
    conductor: Conductor,
    layout: Layout,
    say: Say,
}

/// Does one command and returns the exit code.
pub(crate) fn conductor(cli: &Cli, action: &ConductorAction) -> Result<u8> {
    let say = Say { json: cli.json };
    match act(cli, action, say) {
        Ok(code) => Ok(code),
        Err(error) => match error.downcast_ref::<ConductorError>() {
            Some(refused) => Ok(say.refused(refused)),
            None => Err(error),
        },
    }
}

fn act(cli: &Cli, action: &ConductorAction, say: Say) -> Result<u8> {
    if let ConductorAction::Schema { phase } = action {
        crate::say(&hand_in::schema(phase)?);
        return Ok(0);
    }
    let desk = Desk::open(cli, action, say)?;
    let conductor = &desk.conductor;
    match action {
        ConductorAction::Start(args) => desk.start(args)?,
        ConductorAction::Claim(args) => desk.claim(args)?,
        ConductorAction::Batch { preview: true, .. } => say.schedule(&conductor.schedule()?)?,
        ConductorAction::Batch { who, .. } => {
            let (owner, named) = who.owner(conductor)?;
            let request = ClaimRequest {
                owner,
                named,
                force: None,
            };
            let claimed = conductor.batch(&request)?;
            say.claimed("Auto-claimed", claimed.claim.keep(), &claimed.how);
        }
        ConductorAction::Complete(args) => return hand_in::complete(&desk, args),
        ConductorAction::Fail {
            phase,
            reason,
            tag,
            proof,
        } => {
            let tag = tag.clone().unwrap_or(FailureTag::new("failed")?);
            let reason = hand_in::clean(reason)?;
            let text = format!("Failed: {phase} ({reason})");
            conductor.fail(phase, &proof.credential(conductor)?, reason, tag)?;
            say.done("failed", phase, &text);
        }
        ConductorAction::Release {
            phase,
            reason,
            proof,
        } => {
            let reason = match reason {
                Some(reason) => hand_in::clean(reason)?,
                None => Reason::new("released")?,
            };
            conductor.release(phase, &proof.credential(conductor)?, reason)?;
            say.done("released", phase, &format!("Released: {phase}"));
        }
        ConductorAction::Heartbeat { phase, proof } => {
            conductor.heartbeat(phase, &proof.credential(conductor)?)?;
            say.done("heartbeat", phase, &format!("Heard of: {phase}"));
        }
        ConductorAction::Status => say.status(&conductor.status()?)?,
        ConductorAction::Next => say.next(&conductor.next()??)?,
        ConductorAction::Retry { phase, force } => {
            conductor.retry(phase, force.clone())?;
            say.done("retried", phase, &format!("Can be claimed again: {phase}"));
        }
        ConductorAction::Waive { phase, reason, by } => {
            let by = by.clone().map_or_else(args::person, Ok)?;
            conductor.waive(phase, &by, reason.clone())?;
            let text = format!("Waived: {phase} (by {by}: {reason})");
            say.done("waived", phase, &text);
        }
        ConductorAction::Invalidate { phase, reason } => {
            let phases = conductor.invalidate(phase, reason.clone())?;
            let names: Vec<_> = phases.iter().map(ToString::to_string).collect();
            let text = format!("To be done again: {}", names.join(", "));
            say.done("invalidated", phase, &text);
        }
        ConductorAction::Unstuck(args) => desk.unstuck(args)?,
        ConductorAction::Watch => return desk.watch(),
        ConductorAction::Ship(args) => return ship::ship(&desk, args),
        ConductorAction::Clean { days } => {
            let age = Duration::from_secs(u64::from(*days) * 24 * 3600);
            say.cleaned(&conductor.clean(age)?);
        }
        ConductorAction::Schema { .. } => {}
    }
    Ok(0)
}

impl Desk {
    fn open(cli: &Cli, action: &ConductorAction, say: Say) -> Result<Self> {
        let folder = cli.repo.canonicalize();
        let folder = folder.with_context(|| format!("no folder {}", cli.repo.display()))?;
        let root = GitRoot::find(&folder)?.0;
        let given = cli.problem_id.as_ref();
        let chosen = if matches!(action, ConductorAction::Start(_)) {
            problem::to_run(&root, given)?
        } else {
            problem::to_look_at(&root, given)?
        };
        let clock = Arc::new(SystemClock);
        let liveness = Arc::new(SystemLiveness::new());
        let conductor = Conductor::open(&chosen.layout, clock, liveness, Options::default())?;
        Ok(Self {
            conductor,
            layout: chosen.layout,
            say,
        })
    }

    fn start(&self, args: &StartArgs) -> Result<()> {
        let graph = match &args.phases {
            None => PhaseGraph::default(),
            Some(text) => phases(text)?,
        };
        let mut settings = Settings::default();
        settings.budget.limit_micro_usd = args.budget;
        let (by, _) = args.who.owner(&self.conductor)?;
        let started = self.conductor.start(StartRequest {
            id: args.id.clone(),
            graph,
            settings,
            base: files::head(&self.layout)?,
            by,
            live: if args.replace {
                Live::Replace
            } else {
                Live::Keep
            },
        })?;
        self.say.started(&started, &self.conductor);
        Ok(())
    }

    fn claim(&self, args: &ClaimArgs) -> Result<()> {
        let (owner, named) = args.who.owner(&self.conductor)?;
        let request = ClaimRequest {
            owner,
            named,
            force: args.force.why()?.cloned(),
        };
        let claimed = self.conductor.claim(&args.phase, &request)?;
        self.say
            .claimed("Claimed", claimed.claim.keep(), &claimed.how);
        Ok(())
    }

    fn unstuck(&self, args: &FreeArgs) -> Result<()> {
        let by = args.by.clone().map_or_else(args::person, Ok)?;
        self.conductor
            .unstuck(&args.phase, &by, args.force.why()?)?;
        let text = format!("Freed: {}", args.phase);
        self.say.done("freed", &args.phase, &text);
        Ok(())
    }

    /// Tells of stale claims until it is stopped.
    fn watch(&self) -> Result<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let say = self.say;
        self.say.status(&self.conductor.status()?)?;
        let error = runtime.block_on(self.conductor.watch(|stale| say.stale(&stale)));
        Err(error.into())
    }
}

/// Phases from the command line: a list, JSON, or the name of a file with JSON.
fn phases(text: &str) -> Result<PhaseGraph> {
    let path = Path::new(text);
    let content = if path.is_file() {
        let size = fs::metadata(path)?.len();
        if size > MAX_GRAPH {
            return Err(Usage(format!("{text} has {size} bytes, too many for phases")).into());
        }
        fs::read_to_string(path).with_context(|| format!("cannot read {text}"))?
    } else {
        text.to_owned()
    };
    let parsed = from_text(&content).map_err(|faults| Usage(faults.to_string()))?;
    for warning in parsed.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(parsed.graph)
}
