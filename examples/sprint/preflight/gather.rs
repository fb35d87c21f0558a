//! Looking at everything that pre-flight judges. Reads only.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sprint_core::domain::config::SprintConfig;
use sprint_core::domain::hints::{HintFault, Hints};
use sprint_core::domain::learning::FailurePattern;
use sprint_core::domain::statement::{MAX_STATEMENT_BYTES, Statement, StatementWarning};
use sprint_core::domain::{failure_patterns, hints, statement};
use sprint_core::id::{BranchName, CommitPrefix};
use sprint_core::local::problems::{Listed, list, others_with};
use sprint_core::ports::{Tracker, Vcs as _};
use sprint_core::preflight::Facts;
use sprint_core::preflight::facts::{
    Age, BranchFacts, Confirmed, E2eFacts, E2eTool, Reading, TrackerFacts,
};
use sprint_git::{GitConfig, GitVcs};

use crate::problem::Chosen;

/// How long `npx` may take to say whether it has the tool.
const NPX_LIMIT: Duration = Duration::from_secs(10);

/// Where to look.
pub(crate) struct Sources<'a> {
    pub(crate) chosen: &'a Chosen,
    pub(crate) config: &'a SprintConfig,
    pub(crate) tracker: Arc<dyn Tracker>,
    pub(crate) teams: bool,
    pub(crate) permissions: &'static str,
    pub(crate) skip_e2e: bool,
    pub(crate) confirmed: Confirmed,
    /// Whether a sprint that is there is in the way: not where the caller knows what it is.
    pub(crate) look_for_sprint: bool,
}

/// Looks.
pub(crate) async fn gather(sources: &Sources<'_>) -> Result<Facts> {
    let Sources { chosen, config, .. } = sources;
    let (layout, problem) = (&chosen.layout, chosen.problem());
    let base = &config.branch_base;
    let vcs = GitVcs::open(GitConfig::new(layout.root(), base.clone())).await?;
    let status = vcs.status().await?;
    let overview = vcs.overview(base).await?;
    let listed = list(layout.root())?;
    let interrupted = listed.iter().find(|one| one.problem == *problem);
    let interrupted = interrupted.filter(|one| sources.look_for_sprint && one.is_interrupted());
    let ages = Ages { vcs: &vcs, base };
    Ok(Facts {
        problem: problem.clone(),
        found_by: chosen.by.clone(),
        problem_warnings: chosen.warnings.clone(),
        interrupted: interrupted.map(ToString::to_string),
        // Nobody hosts this program in a session of theirs.
        context: None,
        branch: BranchFacts {
            base: base.clone(),
            head: overview.head,
            confirmed: sources.confirmed,
            current: overview.current,
            recent: overview.recent,
            upstream: overview.upstream,
        },
        tracker: tracker(sources, &listed).await,
        dirty: status.base_checkout_dirty,
        repository: status.warnings,
        not_ignored: overview.not_ignored,
        patterns: patterns(&layout.failure_patterns()),
        statement: ages.statement(&layout.problem_statement()).await?,
        hints: ages.hints(&layout.hints()).await?,
        e2e: e2e(config, sources.skip_e2e).await,
        mode: config.coordination_mode,
        teams: sources.teams,
        permissions: sources.permissions.into(),
    })
}

async fn tracker(sources: &Sources<'_>, listed: &[Listed]) -> Result<TrackerFacts, String> {
    let fetched = sources.tracker.tickets(&sources.config.filter).await;
    let fetched = fetched.map_err(|error| error.chain())?;
    let mut facts = TrackerFacts {
        name: sources.tracker.to_string(),
        tickets: fetched.tickets,
        owned: [].into(),
        malformed: fetched.malformed,
    };
    facts.owned = others_with(listed, sources.chosen.problem(), &facts.ids());
    Ok(facts)
}

fn patterns(path: &Path) -> Reading<(Vec<FailurePattern>, Vec<String>)> {
    read(path, |bytes| {
        let (patterns, faults) =
            failure_patterns::parse(bytes).map_err(|error| error.to_string())?;
        Ok((patterns, faults.iter().map(ToString::to_string).collect()))
    })
}

/// Files that name the commit they were made on.
struct Ages<'a> {
    vcs: &'a GitVcs,
    base: &'a BranchName,
}

impl Ages<'_> {
    async fn of(&self, commit: Option<&CommitPrefix>) -> Result<Age> {
        match commit {
            Some(commit) => Ok(self.vcs.age(self.base, commit).await?),
            None => Ok(Age::Unnamed),
        }
    }

    async fn statement(
        &self,
        path: &Path,
    ) -> Result<Reading<(Statement, Vec<StatementWarning>, Age)>> {
        let found = read(path, |bytes| {
            let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?;
            if text.len() > MAX_STATEMENT_BYTES {
                return Err(format!("larger than {MAX_STATEMENT_BYTES} bytes"));
            }
            Ok(statement::parse(text))
        });
        Ok(match found {
            Reading::Read((statement, warnings)) => {
                let age = self.of(statement.generated_commit.as_ref()).await?;
                Reading::Read((statement, warnings, age))
            }
            Reading::Absent => Reading::Absent,
            Reading::Unreadable(reason) => Reading::Unreadable(reason),
        })
    }

    async fn hints(&self, path: &Path) -> Result<Reading<(Hints, Vec<HintFault>, Age)>> {
        let found = read(path, |bytes| {
            hints::parse(bytes).map_err(|error| error.to_string())
        });
        Ok(match found {
            Reading::Read((hints, faults)) => {
                let age = self.of(hints.plan_commit.as_ref()).await?;
                Reading::Read((hints, faults, age))
            }
            Reading::Absent => Reading::Absent,
            Reading::Unreadable(reason) => Reading::Unreadable(reason),
        })
    }
}

/// Reads a file that may not be there. No link is followed, and no more is read than any of these files
/// may have.
fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Reading<T> {
    const MAX: u64 = 64 << 20;
    let look = || -> std::io::Result<Vec<u8>> {
        if !path.symlink_metadata()?.is_file() {
            return Err(std::io::Error::other("it is no plain file"));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?
            .take(MAX + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match look() {
        Ok(bytes) => parse(&bytes).map_or_else(Reading::Unreadable, Reading::Read),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Reading::Absent,
        Err(error) => Reading::Unreadable(error.to_string()),
    }
}

/// Which form of the tool is there is asked only where it matters.
async fn e2e(config: &SprintConfig, skip: bool) -> E2eFacts {
    let named = config.other.e2e_cmd.as_deref().map(str::trim);
    let named = named.is_some_and(|command| !command.is_empty() && command != "none");
    let enabled = config.phases.e2e && named;
    let tool = if !enabled || skip {
        None
    } else if on_path("agent-browser") {
        Some(E2eTool::Program)
    } else if on_path("npx") && npx_has_it().await {
        Some(E2eTool::Npx)
    } else {
        None
    };
    E2eFacts {
        enabled,
        skip,
        tool,
    }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Asks without letting it install anything.
async fn npx_has_it() -> bool {
    let mut command = tokio::process::Command::new("npx");
    command
        .args(["--no-install", "agent-browser", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(NPX_LIMIT, command.status()).await {
        Ok(Ok(status)) => status.success(),
        Ok(Err(_)) | Err(_) => false,
    }
}
