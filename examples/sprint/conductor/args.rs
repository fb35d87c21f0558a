//! The command line of `sprint conductor`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use sprint_core::id::{AgentName, FailureTag, PhaseName, SprintId};
use sprint_core::phases::artifact::Mode;
use sprint_core::phases::artifact::finding::FindingRef;
use sprint_core::phases::conflict::{ConflictId, Outcome};
use sprint_core::phases::reason::Reason;

use super::who::{ProofArgs, WhoArgs};
use crate::cli::Usage;
use crate::money::amount;

pub(crate) const CONDUCTOR_HELP: &str = "\
Example, in three terminals:

  $ sprint conductor start --phases review,qa,security,ship
  $ sprint conductor batch                                      # in each: Auto-claimed: review, qa, security
  $ sprint conductor complete review --artifact .claude/review.json
  $ sprint conductor status
  $ sprint conductor ship

A claim belongs to the process that called `claim`: an agent's, or a terminal's shell. When that process
ends, the claim is stale and anybody can claim the phase. A process elsewhere counts as gone when nothing
was heard of it (`heartbeat`) for an hour.

Exit codes: 0 done · 1 error · 2 usage or unusable phases · 3 no sprint, or no such phase · 4 waits for
other phases · 5 claimed by another agent · 6 already complete · 7 not your claim · 8 artifact rejected ·
9 refused: budget, failures, or not to be shipped · 10 nothing to claim";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum ConductorAction {
    /// Begin a sprint of phases. One that was active is archived.
    Start(StartArgs),
    /// Claim a phase.
    Claim(ClaimArgs),
    /// Claim the next phase that is free: review, qa, security, unless the sprint has its own order.
    Batch {
        /// Claim nothing; print in which batches the rest can be done, one JSON document a line.
        #[arg(long)]
        preview: bool,
        /// Who.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Complete a phase with its artifact.
    Complete(CompleteArgs),
    /// Report that a phase cannot be done.
    Fail {
        /// The phase.
        phase: PhaseName,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
        /// One word for the way it failed: the same word, the same failure again. Default: `failed`.
        #[arg(long, value_name = "TAG")]
        tag: Option<FailureTag>,
        /// What shows that it is yours.
        #[command(flatten)]
        proof: ProofArgs,
    },
    /// Give a phase back that you claimed.
    Release {
        /// The phase.
        phase: PhaseName,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Option<Reason>,
        /// What shows that it is yours.
        #[command(flatten)]
        proof: ProofArgs,
    },
    /// Say that you still work on a phase.
    Heartbeat {
        /// The phase.
        phase: PhaseName,
        /// What shows that it is yours.
        #[command(flatten)]
        proof: ProofArgs,
    },
    /// Show all phases.
    Status,
    /// List what can be claimed now; if nothing, say why.
    Next,
    /// Let a failed phase be claimed again.
    Retry {
        /// The phase.
        phase: PhaseName,
        /// More often than the rules allow; say why.
        #[arg(long, value_name = "TEXT")]
        force: Option<Reason>,
    },
    /// Decide to go on without a failed phase. The summary says who did.
    Waive {
        /// The phase.
        phase: PhaseName,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
        /// Who decides. Default: your user name.
        #[arg(long, value_name = "NAME")]
        by: Option<AgentName>,
    },
    /// Let a complete phase be done again, and every complete one that depends on it.
    Invalidate {
        /// The phase.
        phase: PhaseName,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
    },
    /// Free a phase whose agent is gone; with --force, of any agent.
    Unstuck(FreeArgs),
    /// Show the phases, then tell of claims that become stale, every 30 seconds, until stopped.
    Watch,
    /// Wait for all phases, weigh what they say, and decide whether to ship.
    Ship(Box<ShipArgs>),
    /// Remove sprints that were archived long ago.
    Clean {
        /// How long ago, in days.
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        days: u32,
    },
    /// Print the form of what a phase hands in, as a JSON Schema, and the topics of findings.
    Schema {
        /// The phase.
        phase: PhaseName,
    },
}

/// Options of `start`.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// A name for the sprint. Default: one made of the time.
    pub(crate) id: Option<SprintId>,
    /// The phases: names with commas between, of the default phases; JSON; or a file with JSON: a list
    /// of `{"name": …, "depends_on": […], "concurrency": "read"}`.
    /// Default: think, plan, build, then review, qa and security side by side, then ship.
    #[arg(long, value_name = "PHASES")]
    pub(crate) phases: Option<String>,
    /// Archive the active sprint although agents work in it: their claims become void.
    #[arg(long)]
    pub(crate) replace: bool,
    /// What all phases together may cost, in US dollars; 0 allows nothing.
    #[arg(long, value_name = "USD", value_parser = micro_usd)]
    pub(crate) budget: Option<u64>,
    /// Who begins it.
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

/// Options of `claim`.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// The phase.
    pub(crate) phase: PhaseName,
    /// Whether it is taken from somebody.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
    /// Who.
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

/// Taking a phase from somebody, and why.
#[derive(Debug, Args)]
pub(crate) struct ForceArgs {
    /// Take the phase from whoever has it, although its agent is there.
    #[arg(long)]
    force: bool,
    /// Why it is taken.
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
}

impl ForceArgs {
    /// Why the phase is taken; nothing if it is not to be.
    pub(crate) fn why(&self) -> Result<Option<&Reason>> {
        if self.force && self.reason.is_none() {
            let text = "--force takes a phase from somebody: say why with --reason";
            return Err(Usage(text.into()).into());
        }
        Ok(self.reason.as_ref().filter(|_| self.force))
    }
}

/// Options of `complete`.
#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// The phase.
    pub(crate) phase: PhaseName,
    /// What it hands in: a file in the repository with one JSON document. In `.claude` it does not
    /// count as a change of the files that phases look at.
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<PathBuf>,
    /// What the phase has cost, in US dollars.
    #[arg(long, value_name = "USD", value_parser = micro_usd)]
    pub(crate) cost: Option<u64>,
    /// What shows that it is yours.
    #[command(flatten)]
    pub(crate) proof: ProofArgs,
}

/// Options of `unstuck`.
#[derive(Debug, Args)]
pub(crate) struct FreeArgs {
    /// The phase.
    pub(crate) phase: PhaseName,
    /// Whether it is taken from somebody.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
    /// Who decides. Default: your user name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<AgentName>,
}

/// Options of `ship`.
#[derive(Debug, Args)]
pub(crate) struct ShipArgs {
    /// Do not wait; say what is missing.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Wait at most so long, in seconds. Default: as long as it takes.
    #[arg(long, value_name = "SECONDS", conflicts_with = "no_wait")]
    pub(crate) timeout: Option<u64>,
    /// How thoroughly conflicts are resolved: `thorough` waits for a person to confirm each.
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub(crate) mode: ModeArg,
    /// Rules of the project for conflicts, a TOML file.
    /// Default: `.claude/precedents.toml`, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) precedents: Option<PathBuf>,
    /// Confirm how a conflict is resolved, or decide it: `review/REV-1+security/SEC-2`, or the same
    /// with `=a`, `=b` or `=both`; may be repeated.
    #[arg(long, value_name = "CONFLICT", value_parser = confirmation, requires = "reason")]
    pub(crate) confirm: Vec<(ConflictId, Option<Outcome>)>,
    /// A blocking finding that is gone, because somebody looked: `review/REV-1`; may be repeated.
    #[arg(long, value_name = "FINDING", requires = "reason")]
    pub(crate) gone: Vec<FindingRef>,
    /// Why, for --confirm and --gone.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<Reason>,
    /// Decide and print, and change nothing.
    #[arg(long)]
    pub(crate) report_only: bool,
    /// Who ships.
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

/// How thoroughly conflicts are resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// By precedence alone.
    Quick,
    /// By precedents, then by precedence.
    #[default]
    Standard,
    /// The same, and a person confirms each.
    Thorough,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Quick => Self::Quick,
            ModeArg::Standard => Self::Standard,
            ModeArg::Thorough => Self::Thorough,
        }
    }
}

/// Who is at the terminal.
pub(crate) fn person() -> Result<AgentName> {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| {
        let name = std::env::var_os(name)?;
        AgentName::new(name.to_str()?).ok()
    });
    Ok(user.map_or_else(|| AgentName::new("somebody"), Ok)?)
}

fn confirmation(text: &str) -> Result<(ConflictId, Option<Outcome>), String> {
    let (id, outcome) = match text.rsplit_once('=') {
        None => (text, None),
        Some((id, "a")) => (id, Some(Outcome::A)),
        Some((id, "b")) => (id, Some(Outcome::B)),
        Some((id, "both")) => (id, Some(Outcome::Both)),
        Some((_, other)) => return Err(format!("{other:?} is none of `a`, `b` and `both`")),
    };
    let id = id.parse().map_err(|error| format!("{id:?}: {error}"))?;
    Ok((id, outcome))
}

/// Millionths of a dollar.
fn micro_usd(text: &str) -> Result<u64, String> {
    amount(text, 6)
}
