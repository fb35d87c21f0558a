//! `sprint run`: start a sprint, or go on with it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use sprint_core::domain::config::{RedBase, SprintConfig};
use sprint_core::engine::{Control, Engine, Finished, Ports, Why, control};
use sprint_core::id::ProblemId;
use sprint_core::local::claim::Claiming;
use sprint_core::local::layout::Layout;
use sprint_core::local::lease::{FileLease, NetworkFiles};
use sprint_core::local::lessons;
use sprint_core::local::store::FileStore;
use sprint_core::ports::{
    Clock as _, Lease, LeaseHolder as _, Owner, StateStore as _, SystemClock,
};
use sprint_core::preflight::check;
use sprint_core::preflight::facts::Confirmed;
use sprint_core::report::summary::Summary;
use sprint_core::run::admit::Limits;
use sprint_core::run::input::{Command, ReviewDecision};
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::state::{Ending, Phase};
use sprint_core::run::ticket::{Stage, TicketRun};

use crate::agents::build::{self, Surroundings};
use crate::cli::{Cli, RunArgs, Usage};
use crate::live::Live;
use crate::preflight::{self, Sources, gather};
use crate::problem::{self, Chosen};
use crate::start::{self, Planner};
use crate::{say, wire};

/// Which sprint to run.
#[derive(Debug)]
pub(crate) struct Sprint {
    pub(crate) root: PathBuf,
    pub(crate) problem: Option<ProblemId>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) json: bool,
}

/// Runs what the command line asks for.
pub(crate) fn run(cli: &Cli, args: &RunArgs) -> Result<u8> {
    let root = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let (problem, config) = (cli.problem_id.clone(), cli.config.clone());
    sprint(
        &Sprint {
            root,
            problem,
            config,
            json: cli.json,
        },
        args,
    )
}

/// Runs a sprint and prints how it ended. Returns the exit code.
pub(crate) fn sprint(sprint: &Sprint, args: &RunArgs) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(drive(sprint, args))?;
    // Whatever still runs in the background was told to stop; there is nothing to wait for.
    runtime.shutdown_background();
    Ok(code)
}

async fn drive(sprint: &Sprint, args: &RunArgs) -> Result<u8> {
    let root = GitRoot::find(&sprint.root)?;
    let chosen = problem::to_run(&root.0, sprint.problem.as_ref())?;
    let (problem, layout) = (chosen.problem().clone(), chosen.layout.clone());
    layout.prepare()?;
    let lease = FileLease::new(layout.clone(), NetworkFiles::Refuse).acquire(&owner())?;
    // Whoever held the lease before is dead; what it started may not be.
    let orphans = sprint_agents::orphans::reap(layout.directory()).await;
    if orphans > 0 {
        eprintln!("note: ended {orphans} processes that an interrupted run had left");
    }
    let store = Arc::new(wire::store(layout.clone()));
    if args.discard {
        start::discard(&store, &lease)?;
    }
    let saved = store.load().await.map_err(start::unusable)?;
    for note in store.notes() {
        eprintln!("note: {note}");
    }
    if let Some(over) = saved.as_ref().filter(|saved| is_over(saved, args)) {
        return Ok(report(sprint, over, None));
    }
    if let Some(saved) = saved.as_ref().filter(|_| args.new) {
        if is_complete(saved) {
            refuse_to_forget(saved)?;
        } else {
            return Err(start::unfinished(saved).into());
        }
    }
    // Rule S4 of the simplifier looks at the sprint before.
    let reverts = |saved: &Snapshot| saved.sprint.counters.simplifier_reverts;
    let regressed = saved.as_ref().is_some_and(|saved| reverts(saved) > 0);
    let saved = saved.filter(|saved| !(args.new && is_complete(saved)));
    let mut confirmed = Confirmed::ByConfiguration;
    let config = match &saved {
        Some(saved) => saved.plan.config.clone(),
        None => {
            let mut config = wire::configuration(&root.0, sprint.config.as_ref(), &problem)?;
            if args.accept_red_base {
                config.red_base = RedBase::Accept;
            }
            build::configure(&args.agents, &mut config)?;
            let answer = preflight::confirm_branch(&root.0, &mut config.branch_base, args.yes);
            let Some(answer) = answer.await? else {
                return Ok(crate::ERROR);
            };
            confirmed = answer;
            config
        }
    };
    let around = Surroundings::of(&args.agents, &config, &layout.directory())?;
    let claiming = Arc::new(Claiming::new(Arc::<FileStore>::clone(&store)));
    let (shared, place) = (Arc::<Claiming>::clone(&claiming), layout.clone());
    let ports = wire::ports(
        &root.0,
        &config,
        args,
        place,
        shared,
        &around,
        saved.as_ref(),
    )
    .await?;
    let mut session = Session {
        sprint,
        args,
        ports,
        layout,
        around,
        lease,
        store,
        claiming,
        config,
        regressed,
    };
    if saved.is_none() && !session.is_ready(&chosen, confirmed).await? {
        return Ok(crate::ERROR);
    }
    session.run(problem, saved).await
}

/// Everything one run of the engine needs.
struct Session<'a> {
    sprint: &'a Sprint,
    args: &'a RunArgs,
    ports: Ports,
    layout: Layout,
    around: Surroundings,
    lease: Lease,
    store: Arc<FileStore>,
    /// The same store; it gives back the lock under which a sprint starts.
    claiming: Arc<Claiming>,
    config: SprintConfig,
    /// Whether the sprint before had to take back what its simplifier did.
    regressed: bool,
}

impl Session<'_> {
    /// Goes through pre-flight and shows the list.
    async fn is_ready(&mut self, chosen: &Chosen, confirmed: Confirmed) -> Result<bool> {
        let teams = self.ports.agents.capabilities().teams;
        let facts = gather(&Sources {
            chosen,
            config: &self.config,
            tracker: Arc::clone(&self.ports.tracker),
            teams,
            permissions: self.args.agents.permissions_in_words(),
            skip_e2e: self.args.skip_e2e,
            confirmed,
            look_for_sprint: false,
        })
        .await?;
        let list = check(&facts);
        if self.sprint.json {
            preflight::show(&list, true)?;
        } else {
            eprintln!("{}", list.text());
        }
        // What planning recommends, where nobody said anything else.
        if teams && self.config.coordination_mode.is_none() {
            self.config.coordination_mode = Some(list.mode);
        }
        Ok(list.is_ready())
    }

    async fn run(self, problem: ProblemId, saved: Option<Snapshot>) -> Result<u8> {
        let live = Arc::new(Live::new(self.sprint.json));
        let agents = usize::try_from(self.config.max_parallel)
            .ok()
            .filter(|n| *n > 0);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let limits = Limits::new(agents, Some(cores));
        let engine = Engine::new(self.ports.clone(), limits, Arc::<Live>::clone(&live));
        let (control, mut inbox) = control();
        let finished = match saved {
            Some(saved) => {
                if self.args.accept_red_base {
                    control.send(Command::AcceptRedBase);
                }
                decide(&control, self.args);
                permit(&control, self.args, &saved);
                // Calling the command again is the person's word that automatic blocks may go.
                if matches!(saved.sprint.phase, Phase::Parked { .. }) || self.args.go_on {
                    control.send(Command::Continue);
                }
                live.resume(&saved);
                let choices = self.args.choices.clone().unwrap_or_default();
                let survey = engine.survey(&saved, choices).await?;
                let run = engine.resume_with(saved, survey, &self.lease, &mut inbox);
                interruptible(run, &control, &live).await
            }
            None => {
                decide(&control, self.args);
                let planner = Planner {
                    engine: &engine,
                    layout: &self.layout,
                    claiming: &self.claiming,
                };
                let mut plan = planner.plan(&problem, &self.config).await?;
                plan.simplifier_regressed = self.regressed;
                let (lessons, warnings) = lessons(&self.layout);
                plan.guidance = lessons;
                plan.warnings.extend(warnings);
                live.start(&plan);
                let run = engine.start(plan, &self.lease, &mut inbox);
                interruptible(run, &control, &live).await
            }
        };
        live.finish();
        self.store.flush();
        match finished {
            Some(finished) => {
                let Finished { run, why } = finished.context("the sprint stopped")?;
                self.around.end(&run.snapshot());
                Ok(report(self.sprint, &run.snapshot(), Some(&why)))
            }
            None => {
                eprintln!("stopped at once; `sprint run` goes on from here");
                Ok(crate::ERROR)
            }
        }
    }
}

/// Hands the decisions of the command line in.
fn decide(control: &Control, args: &RunArgs) {
    if let Some(command) = &args.undo {
        control.send(command.clone());
    }
    for ticket in &args.reattempt {
        control.send(Command::Reattempt(ticket.clone()));
    }
    for ticket in &args.drop {
        control.send(Command::Drop(ticket.clone()));
    }
    for ticket in &args.approve {
        let decision = ReviewDecision::Approve;
        control.send(Command::Review {
            ticket: ticket.clone(),
            decision,
        });
    }
    for ticket in &args.skip_review {
        let decision = ReviewDecision::Skip;
        control.send(Command::Review {
            ticket: ticket.clone(),
            decision,
        });
    }
    for (ticket, what) in &args.request_changes {
        let decision = ReviewDecision::RequestChanges(what.clone());
        control.send(Command::Review {
            ticket: ticket.clone(),
            decision,
        });
    }
}

/// Hands in what people decided about tools that agents wait to use.
fn permit(control: &Control, args: &RunArgs, saved: &Snapshot) {
    let allowed = args.permit.iter().map(|ticket| (ticket, true));
    let refused = args.deny.iter().map(|ticket| (ticket, false));
    for (ticket, allowed) in allowed.chain(refused) {
        let waits = saved.tickets.get(ticket).map(|run| &run.stage);
        let Some(Stage::AwaitingPermission { request, .. }) = waits else {
            eprintln!("note: no agent of {ticket} waits for a permission");
            continue;
        };
        control.send(Command::Permit {
            ticket: ticket.clone(),
            digest: request.digest.clone(),
            allowed,
        });
    }
}

/// Runs until it ends. The first Ctrl-C lets what runs finish; a second stops at once: `None`.
async fn interruptible<T>(
    run: impl Future<Output = T>,
    control: &Control,
    live: &Live,
) -> Option<T> {
    let mut run = std::pin::pin!(run);
    tokio::select! {
        done = &mut run => return Some(done),
        _ = tokio::signal::ctrl_c() => {}
    }
    live.note("finishing what runs, starting nothing new; press Ctrl-C again to stop at once");
    control.drain();
    tokio::select! {
        done = &mut run => Some(done),
        _ = tokio::signal::ctrl_c() => None,
    }
}

fn report(sprint: &Sprint, snapshot: &Snapshot, why: Option<&Why>) -> u8 {
    let outcome = match why {
        Some(Why::Outcome(outcome)) => Some(outcome),
        Some(Why::Drained) | None => None,
    };
    let summary = Summary::new(snapshot, outcome);
    if sprint.json {
        say(&serde_json::json!({ "summary": summary }).to_string());
    } else {
        say(summary.text(100).trim_end());
        let state = Layout::new("", snapshot.plan.problem.clone()).directory();
        say(&format!(
            "\nEvidence is on the tickets; raw output is in {}/blobs, the state in {}.",
            state.display(),
            state.join("sprint-state.json").display()
        ));
    }
    summary.exit_code
}

/// A new sprint would take tickets that are Done and not merged for merged.
fn refuse_to_forget(saved: &Snapshot) -> Result<()> {
    let verified = |(_, ticket): &(_, &TicketRun)| matches!(ticket.stage, Stage::Verified { .. });
    let waiting: Vec<_> = saved
        .tickets
        .iter()
        .filter(verified)
        .map(|(id, _)| id.to_string())
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let waiting = waiting.join(", ");
    let text = format!(
        "{waiting} are verified and not merged; go on with this sprint (--go-on, or --reattempt \
         what is stuck) before starting a new one"
    );
    Err(Usage(text).into())
}

fn is_complete(saved: &Snapshot) -> bool {
    matches!(saved.sprint.phase, Phase::Complete { .. })
}

/// Whether there is nothing to do but to show the result again.
fn is_over(saved: &Snapshot, args: &RunArgs) -> bool {
    let resumable = matches!(
        &saved.sprint.phase,
        Phase::Complete {
            ending: Ending::SafetyStop { .. } | Ending::Cancelled
        }
    );
    is_complete(saved)
        && !args.new
        && args.undo.is_none()
        && args.reattempt.is_empty()
        && !(resumable && args.go_on)
}

fn owner() -> Owner {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "this host".into()
    } else {
        host.trim().to_owned()
    };
    Owner {
        pid: std::process::id(),
        host,
        since: SystemClock.now(),
    }
}

/// The top of the working tree that a folder is in.
pub(crate) struct GitRoot(pub(crate) PathBuf);

impl GitRoot {
    pub(crate) fn find(folder: &std::path::Path) -> Result<Self> {
        let top = folder.ancestors().find(|dir| dir.join(".git").exists());
        let Some(top) = top else {
            return Err(Usage(format!("{} is not in a git repository", folder.display())).into());
        };
        Ok(Self(top.to_path_buf()))
    }
}
