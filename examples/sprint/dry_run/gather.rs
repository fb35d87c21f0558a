//! Gathering facts, by reading only: the tracker is one that can only be read, and so is the
//! repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sprint_core::domain::config::{SprintConfig, TicketFilter};
use sprint_core::domain::failure_patterns::{self, MAX_PATTERNS_BYTES};
use sprint_core::domain::hints::{self, MAX_HINTS_BYTES};
use sprint_core::domain::learning::FailurePattern;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::statement::{self, MAX_STATEMENT_BYTES};
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::id::{BranchName, CommitPrefix, ProblemId};
use sprint_core::local::layout::Layout;
use sprint_core::ports::{Clock as _, ReadOnlyTracker, SystemClock};
use sprint_core::readiness::{
    Code, ConfigFacts, Facts, Finding, PlanCommit, Planned, RepositoryFacts, StatementFacts,
    TrackerFacts,
};
use sprint_git::{GitConfig, GitReader};

use super::files::{Place, read};
use super::plan::Fetch;
use super::{commands, sprints};
use crate::conflicts::checked_out;
use crate::tracker::{Kind, TrackerArgs};
use crate::wire;

/// What a sprint writes by itself, so that it does not make a plan stale.
const OWN: [&str; 3] = [".claude", ".gitignore", "progress.txt"];

/// What came of gathering.
pub(super) enum Gathered {
    /// Everything that was seen.
    Facts(Box<Facts>),
    /// There is nothing to report on.
    Stopped(Box<Finding>),
}

/// Gathers everything about a problem.
pub(super) async fn gather(
    root: &Path,
    place: Place,
    config: Option<&PathBuf>,
    tracker: &TrackerArgs,
) -> Result<Gathered> {
    let problem = place.problem.clone();
    let layout = Layout::new(root, problem.clone());
    let config = configuration(root, config, &problem);
    let base = match config.read() {
        Some(config) => config.branch_base.clone(),
        None => checked_out(root)?,
    };
    let filter = match config.read() {
        Some(config) => config.filter.clone(),
        None => TicketFilter {
            team: None,
            project: None,
            label: None,
            status: [TicketStatus::Todo].into(),
            states: BTreeSet::new(),
        },
    };
    let git = GitReader::open(GitConfig::new(root, base.clone())).await;
    let git = git.with_context(|| {
        format!(
            "tickets would start from {base}: commit something there, or name another branch_base \
             in the configuration"
        )
    })?;
    let tracker = open(root, tracker, &config, &base).await;
    let fetch = fetch(tracker, &filter).await;
    let hints = read(&place.file("sprint-hints.json"), MAX_HINTS_BYTES)?;
    let hints = hints.map(|bytes| hints::parse(&bytes));
    let (picked, nothing) = match &fetch {
        Ok(fetch) => (fetch.picked(), fetch.nothing()),
        Err(why) => (Vec::new(), why.clone()),
    };
    let planned = match Planned::choose(hints, &picked, &nothing) {
        Ok(planned) => planned,
        Err(finding) if fetch.is_err() && finding.code == Code::HintsMissing => {
            let finding = finding.advising("mend that, or run planning");
            return Ok(Gathered::Stopped(Box::new(finding)));
        }
        Err(finding) => return Ok(Gathered::Stopped(finding)),
    };
    let fetched = match fetch {
        Ok(fetch) => fetch.facts(&planned).await.map_err(|error| error.chain()),
        Err(why) => Err(why),
    };
    let tracker = fetched.unwrap_or_else(TrackerFacts::Down);
    let (repository, importers) = repository(&git, base, &planned).await?;
    let (gate, browser_tool) = (config.read(), commands::browser_tool(root));
    let commands = gate.map(|config| commands::look(root, config));
    Ok(Gathered::Facts(Box::new(Facts {
        at: SystemClock.now(),
        commands: commands.unwrap_or_default(),
        browser_tool,
        sprints: sprints::look(root, &place)?,
        patterns: patterns(&layout)?,
        statement: problem_statement(&git, &place).await?,
        legacy: place.legacy.into_iter().map(str::to_owned).collect(),
        problem,
        planned,
        config,
        repository,
        tracker,
        importers,
    })))
}

/// The tracker, of which only the reading calls can be made.
async fn open(
    root: &Path,
    tracker: &TrackerArgs,
    config: &ConfigFacts,
    base: &BranchName,
) -> Result<ReadOnlyTracker> {
    const WHY: &str = "the configuration says which tickets on Linear are meant";
    let linear = tracker.tracker == Kind::Linear;
    let nothing;
    let config = match config {
        ConfigFacts::Read(config) => config,
        ConfigFacts::Missing if linear => {
            bail!(
                "{WHY}, and there is none: write .claude/sprint-config.yml, or name one with --config"
            )
        }
        ConfigFacts::Invalid(why) if linear => bail!("{WHY}, and it cannot be used: {why}"),
        ConfigFacts::Missing | ConfigFacts::Invalid(_) => {
            nothing = SprintConfig::new(base.clone(), BTreeMap::new());
            &nothing
        }
    };
    let tracker = tracker.open(root, config, None, None).await?;
    Ok(ReadOnlyTracker::new(tracker))
}

/// The tickets, or why there are none.
async fn fetch(tracker: Result<ReadOnlyTracker>, filter: &TicketFilter) -> Result<Fetch, String> {
    let tracker = tracker.map_err(|error| format!("{error:#}"))?;
    let fetch = Fetch::make(tracker, filter).await;
    fetch.map_err(|error| error.chain())
}

fn configuration(root: &Path, file: Option<&PathBuf>, problem: &ProblemId) -> ConfigFacts {
    let usual = root.join(".claude/sprint-config.yml");
    if file.is_none() && !usual.exists() {
        return ConfigFacts::Missing;
    }
    match wire::configuration(root, file, problem) {
        Ok(config) => ConfigFacts::Read(Box::new(config)),
        Err(error) => ConfigFacts::Invalid(format!("{error:#}")),
    }
}

type Imported = BTreeMap<RepoPath, BTreeSet<RepoPath>>;

async fn repository(
    git: &GitReader,
    base: BranchName,
    planned: &Planned,
) -> Result<(RepositoryFacts, Imported)> {
    let standing = git.standing().await?;
    let plan = match &planned.commit {
        None => PlanCommit::Current,
        Some(text) => plan_commit(git, text).await?,
    };
    let paths = git.paths(&standing.base_head).await?;
    let present = |file: &&RepoPath| paths.contains(*file);
    let present: BTreeSet<RepoPath> = planned
        .files()
        .into_iter()
        .filter(present)
        .cloned()
        .collect();
    let modified = planned.tickets.values().flat_map(|ticket| &ticket.modifies);
    let wanted = modified.filter(|file| present.contains(*file)).cloned();
    let head = &standing.base_head;
    let importers = git.importers(head, wanted.collect(), paths).await?;
    let facts = RepositoryFacts {
        base,
        base_head: standing.base_head,
        head: standing.head,
        branch: standing.branch,
        dirty: standing.dirty,
        plan,
        present,
        worktrees: standing.worktrees,
        worktrees_ignored: standing.worktrees_ignored,
    };
    Ok((facts, importers))
}

async fn plan_commit(git: &GitReader, text: &str) -> Result<PlanCommit> {
    let since = match CommitPrefix::new(text) {
        Ok(prefix) => git.since(&prefix, &OWN).await?,
        Err(_) => None,
    };
    Ok(match since {
        None => PlanCommit::Unknown(text.to_owned()),
        Some(since) => PlanCommit::Known {
            passed_over: since.all.saturating_sub(since.counted.len() as u64),
            commit: since.commit,
            part_of_base: since.part_of_base,
            counted: since.counted,
            changed: since.changed,
        },
    })
}

fn patterns(layout: &Layout) -> Result<Vec<FailurePattern>> {
    let path = layout.failure_patterns();
    let Some(bytes) = read(&path, MAX_PATTERNS_BYTES)? else {
        return Ok(Vec::new());
    };
    match failure_patterns::parse(&bytes) {
        Ok((patterns, faults)) => {
            for fault in faults {
                eprintln!("warning: {}: {fault}", path.display());
            }
            Ok(patterns)
        }
        Err(error) => {
            eprintln!("warning: {} {error}; it is passed over", path.display());
            Ok(Vec::new())
        }
    }
}

async fn problem_statement(git: &GitReader, place: &Place) -> Result<Option<StatementFacts>> {
    let path = place.file("problem-statement.md");
    let Some(mut bytes) = read(&path, MAX_STATEMENT_BYTES)? else {
        return Ok(None);
    };
    if bytes.len() > MAX_STATEMENT_BYTES {
        eprintln!(
            "warning: {} is cut at {MAX_STATEMENT_BYTES} bytes",
            path.display()
        );
        bytes.truncate(MAX_STATEMENT_BYTES);
    }
    let (statement, warnings) = statement::parse(&String::from_utf8_lossy(&bytes));
    let since = match &statement.generated_commit {
        Some(commit) => {
            let since = git.since(commit, &OWN).await;
            since.context("cannot tell how old the problem statement is")?
        }
        None => None,
    };
    Ok(Some(StatementFacts {
        statement,
        warnings,
        commits_since: since.map(|since| since.counted.len() as u64),
    }))
}
