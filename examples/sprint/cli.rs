//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sprint_core::id::{BranchName, ProblemId, TicketId};
use sprint_core::resume::Choices;
use sprint_core::run::input::Command;

use crate::agents::AgentArgs;
use crate::agents::check::CheckArgs;
use crate::conductor::{CONDUCTOR_HELP, ConductorAction};
use crate::decide::{ChangesArgs, DecideArgs};
use crate::dry_run::{DRY_RUN_HELP, DryRunArgs};
use crate::preflight::{PREFLIGHT_HELP, PreflightArgs};
use crate::resume::{RESUME_HELP, ResumeArgs};
use crate::tracker::check::CheckArgs as TrackerCheckArgs;
use crate::tracker::{Kind, TrackerArgs};
use crate::undo::UndoArgs;
use crate::verify::{VERIFY_HELP, VerifyArgs};

/// Exit code for wrong usage.
pub(crate) const USAGE: u8 = 2;

/// Turns tickets into merged code, with proof.
///
/// Agents work on tickets side by side, each in a git worktree of its own. What they do is
/// verified by running the gate, by review and by a completion check; what passes is merged in
/// memory, tested together, and only then does the base branch move. Your checkout is touched only
/// by a fast-forward to a tree that passed.
#[derive(Debug, Parser)]
#[command(
    name = "sprint",
    version,
    after_help = "Exit codes: 0 all merged · 1 error · 2 usage · 3 finished with stuck, blocked or \
                  reverted tickets · 4 waiting for a person · 5 stopped for safety\n\n\
                  Try `sprint demo --dir /tmp/demo` first: it needs only git and a POSIX shell."
)]
pub(crate) struct Cli {
    /// The repository to work on.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) repo: PathBuf,
    /// The problem whose sprint is meant. Default: the one named in `.claude/active-problem`, else
    /// the only one there is, else files of the layout before problem directories, else `default`.
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) problem_id: Option<ProblemId>,
    /// The configuration. Default: `.claude/sprint-config.yml` in the repository.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON document per line instead of text: events as they happen, then the summary.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Create a small repository with eight tickets and run a real sprint on it.
    Demo(DemoArgs),
    /// Run the sprint of a problem, or go on with the one that was interrupted.
    Run(Box<RunArgs>),
    /// Check what has to be true before a sprint starts, and start nothing.
    ///
    /// `run` goes through the same list before a new sprint.
    #[command(after_help = PREFLIGHT_HELP)]
    Preflight(Box<PreflightArgs>),
    /// Say whether a sprint would get off the ground, and what would get in its way.
    ///
    /// Compares the plan with the tracker and with the code: how old it is, in which waves tickets
    /// would be worked on, which files several of them touch, which files know one that changes and
    /// are in no ticket, whether the gate's programs are there. Reads only: no file, no ref, no
    /// ticket is changed, no agent started and no command of the gate run.
    #[command(after_help = DRY_RUN_HELP)]
    DryRun(DryRunArgs),
    /// Show what an interrupted sprint needs, ticket by ticket, ask, and go on with it.
    #[command(after_help = RESUME_HELP)]
    Resume(Box<ResumeArgs>),
    /// Try a stuck or blocked ticket again with a new budget, and go on.
    Reattempt(Box<DecideArgs>),
    /// Take a ticket out of the sprint, and go on.
    Drop(Box<DecideArgs>),
    /// Approve a ticket's change in human review, and go on.
    Approve(Box<DecideArgs>),
    /// Ask for changes to a ticket in human review, and go on.
    RequestChanges(Box<ChangesArgs>),
    /// Show where the sprint of a problem stands.
    Status,
    /// Let several agents work on the phases of one sprint at once: claim, complete, ship.
    ///
    /// Who has which phase is written down in the repository, so that agents in different terminals
    /// need to know nothing of each other. No two of them ever have the same phase.
    #[command(subcommand, after_help = CONDUCTOR_HELP)]
    Conductor(ConductorAction),
    /// Look at the agents before a sprint relies on them.
    #[command(subcommand)]
    Agents(AgentsAction),
    /// Look at the tracker before a sprint relies on it.
    #[command(subcommand)]
    Tracker(TrackerAction),
    /// Take a landed ticket back off base, with everything merged that depends on it.
    Revert(UndoArgs),
    /// Land a ticket again that was taken back.
    Reland(UndoArgs),
    /// Check that the evidence on tickets still holds, without believing it.
    ///
    /// Every ticket's evidence names a commit, its tree and the stored output of each check. This
    /// looks all of them up: in the repository, where the branch and base are now, and in the
    /// store, whose outputs are hashed again. Nothing is run and nothing is changed.
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Show which branches do not merge onto base, or clash with each other.
    ///
    /// Every branch is merged onto base, and every two branches that may matter to each other are
    /// merged there together, all of it in memory: nothing in the repository changes. Besides,
    /// each pair has a risk: HIGH if both change the same file, MEDIUM if one changes a file that
    /// the other one's files import (JavaScript and TypeScript, Python, Rust, Go), LOW if both
    /// only add files. Pairs without a risk are counted and not listed.
    #[command(after_help = CONFLICTS_HELP)]
    Conflicts(ConflictsArgs),
}

/// What to do with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentsAction {
    /// Check that the agents can run here, and that they cannot reach the tracker.
    ///
    /// Starts the agent once, in an empty folder, with the settings a sprint would give it, and reads
    /// what it says of itself: version, login, tools, servers. No model is asked, so this costs
    /// nothing.
    #[command(after_help = CHECK_HELP)]
    Check(Box<CheckArgs>),
    /// Print the permission rules that a sprint with this configuration needs, as Claude settings.
    ///
    /// For `--permissions pre-configured`: add them to your own settings, which are never written
    /// for you. The other modes need nothing of the kind.
    Permissions,
}

/// What to do with trackers.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackerAction {
    /// Check that the tracker can be used: key, team, states, access, what is left of the allowance.
    ///
    /// Only reads. Whether the key may also write is not told by Linear; the first write shows it.
    #[command(after_help = TRACKER_CHECK_HELP)]
    Check(TrackerCheckArgs),
}

const CHECK_HELP: &str = "\
Example:

  $ sprint agents check
  ok    program      /usr/local/bin/claude
  ok    version      2.1.197, like one that was tried
  ok    login        an API key is given
  ok    credentials  the environment holds no key to the tracker
  ok    tools        Bash, Edit, Glob, Grep, Read, StructuredOutput, Write, mcp__sprint__ask_context
  ok    tracker      no server and no tool leads to it

Exit code: 1 if something is bad, else 0.";

const TRACKER_CHECK_HELP: &str = "\
Example:

  $ sprint tracker check --tracker linear
  ok    key        the key is of user \"Ada\" in workspace \"Acme\" (acme)
  ok    team       team ENG is \"Engineering\"
  ok    state      begun work is in state \"In Progress\"
  ok    state      finished work is in state \"Done\"
  ok    reading    issues can be read
  ok    allowance  2487 of 2500 requests are left, …
  ok    looking    a sprint alone may look every 30 s

Exit code: 1 if something is bad, else 0.";

const CONFLICTS_HELP: &str = "\
Example: a, b and c start from main; a and b change the same line of api.py, c imports api.py

  $ sprint conflicts --base main a b c
  BRANCH A  BRANCH B  RISK    CLASH  FILES
  a         b         HIGH    yes    api.py
  a         c         MEDIUM  no     api.py
  b         c         MEDIUM  no     api.py

  3 branches on main at 1f0c9d8e7a6b: 3 pairs, 1 clashing, 1 HIGH, 2 MEDIUM, 0 LOW; 1 merge in 0.021 s

CLASH is what git would say to merging both; RISK is a guess about what it cannot see.
Exit code: 0, also where there are conflicts.";

/// Options of `conflicts`.
#[derive(Debug, Args)]
pub(crate) struct ConflictsArgs {
    /// The branch to merge onto. Default: the one that is checked out.
    #[arg(long, value_name = "BRANCH")]
    pub(crate) base: Option<BranchName>,
    /// The local branches to compare. Default: all that have commits which base lacks.
    #[arg(value_name = "BRANCH")]
    pub(crate) branches: Vec<String>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where to put the repository; must be empty, missing, or an interrupted demo. Default: a
    /// new folder in the current one, `sprint-demo`.
    #[arg(long, value_name = "DIR", default_value = "sprint-demo")]
    pub(crate) dir: PathBuf,
    /// Who plays the agents: `script`, a shell script; or `claude`, the real Claude Code program,
    /// which is answered by a scripted model inside this program, so that no account is needed.
    #[arg(long, value_name = "WHO", value_enum, default_value_t)]
    pub(crate) agents: DemoAgents,
    /// The Claude Code program. Default: `claude`, found by `PATH`.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) claude: Option<PathBuf>,
    /// Where the tickets are: `files`; or `linear`, a Linear that is played inside this program from
    /// its real schema, so that no account is needed. It ends with the program: such a demo cannot
    /// be gone on with.
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    pub(crate) tracker: Kind,
    /// Create the repository and stop there: `sprint dry-run` says what to expect of it.
    #[arg(long)]
    pub(crate) create_only: bool,
}

/// Who plays the agents of the demo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoAgents {
    /// A shell script.
    #[default]
    Script,
    /// Claude Code, with a scripted model.
    Claude,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Where the tickets are.
    #[command(flatten)]
    pub(crate) tracker: TrackerArgs,
    /// Who does the work.
    #[command(flatten)]
    pub(crate) agents: AgentArgs,
    /// Allow what a ticket's agent asked to do (see --permissions manual); may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) permit: Vec<TicketId>,
    /// Refuse what a ticket's agent asked to do; may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) deny: Vec<TicketId>,
    /// Approve the ticket's change in human review; may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) approve: Vec<TicketId>,
    /// Ask for changes in human review; may be repeated.
    #[arg(long, value_name = "TICKET=WHAT", value_parser = changes)]
    pub(crate) request_changes: Vec<(TicketId, String)>,
    /// Approve the ticket's change in human review without looking closely, which the evidence
    /// says; may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) skip_review: Vec<TicketId>,
    /// Go on although tests fail on base already: they are nobody's blame.
    #[arg(long)]
    pub(crate) accept_red_base: bool,
    /// Try a stuck or blocked ticket again with a new budget; may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) reattempt: Vec<TicketId>,
    /// Take a ticket out of the sprint; may be repeated.
    #[arg(long, value_name = "TICKET")]
    pub(crate) drop: Vec<TicketId>,
    /// Go on after a safety stop.
    #[arg(long)]
    pub(crate) go_on: bool,
    /// Start a new sprint although the last one is complete.
    #[arg(long)]
    pub(crate) new: bool,
    /// Start a new sprint in the place of whatever is there, finished or not, readable or not: it is
    /// moved to `.claude/sprint-history`.
    #[arg(long, conflicts_with = "new")]
    pub(crate) discard: bool,
    /// Go without browser tests this once, although the configuration has them.
    #[arg(long)]
    pub(crate) skip_e2e: bool,
    /// Ask nothing before a new sprint starts, not even on a terminal.
    #[arg(long)]
    pub(crate) yes: bool,
    /// What `sprint resume` was told.
    #[arg(skip)]
    pub(crate) choices: Option<Choices>,
    /// What `sprint revert` or `sprint reland` asks for.
    #[arg(skip)]
    pub(crate) undo: Option<Command>,
}

impl RunArgs {
    /// A run on the tickets of a tracker, with nothing else asked for.
    pub(crate) fn on(tracker: TrackerArgs) -> Self {
        Self {
            tracker,
            agents: AgentArgs::default(),
            permit: Vec::new(),
            deny: Vec::new(),
            approve: Vec::new(),
            skip_review: Vec::new(),
            accept_red_base: false,
            request_changes: Vec::new(),
            reattempt: Vec::new(),
            drop: Vec::new(),
            go_on: false,
            new: false,
            discard: false,
            skip_e2e: false,
            yes: true,
            choices: None,
            undo: None,
        }
    }
}

/// Wrong usage that clap cannot see.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn changes(text: &str) -> Result<(TicketId, String), String> {
    let (ticket, what) = text.split_once('=').ok_or("expected TICKET=WHAT")?;
    let ticket = TicketId::new(ticket).map_err(|error| error.to_string())?;
    Ok((ticket, what.to_owned()))
}
