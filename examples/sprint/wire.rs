//! From folders and configuration to the engine's ports.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use sprint_agents::verify::CommandVerifier;
use sprint_core::config::{self, Sources};
use sprint_core::domain::config::SprintConfig;
use sprint_core::engine::Ports;
use sprint_core::id::ProblemId;
use sprint_core::local::blobs::FileBlobs;
use sprint_core::local::layout::Layout;
use sprint_core::local::store::{FileStore, ViewFile};
use sprint_core::ports::{StateStore, SystemClock};
use sprint_core::report::{dashboard, state_view};
use sprint_core::run::snapshot::Snapshot;
use sprint_git::{GitConfig, GitVcs};

use crate::agents::build::{self, Surroundings};
use crate::cli::{Cli, RunArgs, Usage};
use crate::problem;
use crate::run::GitRoot;

/// Which problem is meant, for commands that only look.
pub(crate) fn problem(root: &Path, given: Option<&ProblemId>) -> Result<ProblemId> {
    let chosen = problem::to_look_at(root, given)?;
    for warning in &chosen.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(chosen.problem().clone())
}

/// A pipe would be waited for, and a device never ends.
fn read_configuration(path: &Path) -> io::Result<Vec<u8>> {
    /// Nobody writes a longer one, in bytes.
    const LARGEST: u64 = 1 << 20;
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Reads the configuration; what a person should know about it goes to standard error.
pub(crate) fn configuration(
    root: &Path,
    file: Option<&PathBuf>,
    problem: &ProblemId,
) -> Result<SprintConfig> {
    let path = file
        .cloned()
        .unwrap_or_else(|| root.join(".claude/sprint-config.yml"));
    let bytes = read_configuration(&path).with_context(|| {
        format!(
            "cannot read the configuration {}; it has to name at least branch_base, build_cmd, \
             lint_cmd and test_cmd",
            path.display()
        )
    })?;
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("the configuration {} is not UTF-8 text", path.display());
    };
    let sources = Sources {
        file: Some(&text),
        problem: Some(problem),
        ..Sources::default()
    };
    let resolved =
        config::resolve(sources).with_context(|| format!("cannot use {}", path.display()))?;
    for warning in &resolved.warnings {
        eprintln!("warning: {}: {warning}", path.display());
    }
    Ok(resolved.config)
}

/// Where the sprint that is meant lives, and its state.
pub(crate) fn saved(cli: &Cli) -> Result<(Layout, Snapshot)> {
    let root = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let root = GitRoot::find(&root)?.0;
    let layout = problem::to_look_at(&root, cli.problem_id.as_ref())?.layout;
    let problem = layout.problem().clone();
    let store = store(layout.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let saved = runtime.block_on(store.load())?;
    let saved = saved.ok_or_else(|| Usage(format!("there is no sprint of {problem}")))?;
    Ok((layout, saved))
}

/// The state of a problem, with the views people and tools read beside it.
pub(crate) fn store(layout: Layout) -> FileStore {
    FileStore::with_publish(layout, |snapshot: &Snapshot| {
        let mut files = Vec::new();
        // Only a path that is not UTF-8 cannot be shown; the journal does not depend on it.
        if let Ok(state) = state_view::to_json(snapshot) {
            let bytes = state.into_bytes();
            files.push(ViewFile {
                name: "sprint-state.json",
                bytes,
            });
        }
        if snapshot.plan.config.sprint_dashboard {
            let text = dashboard::dashboard(snapshot).into_bytes();
            files.push(ViewFile {
                name: "sprint-dashboard.md",
                bytes: text,
            });
        }
        files
    })
}

/// Everything the engine reaches the world through.
pub(crate) async fn ports(
    root: &Path,
    config: &SprintConfig,
    args: &RunArgs,
    layout: Layout,
    store: Arc<dyn StateStore>,
    around: &Surroundings,
    saved: Option<&Snapshot>,
) -> Result<Ports> {
    let agents = build::runner(&args.agents, config, around).await?;
    let mut verifier = CommandVerifier::new(around.environment.clone());
    if let Some(leases) = &around.leases {
        verifier = verifier.with_leases(Arc::clone(leases));
    }
    let vcs = GitVcs::open(GitConfig::new(root, config.branch_base.clone())).await?;
    let blobs = Arc::new(FileBlobs::new(layout));
    let outputs = Arc::<FileBlobs>::clone(&blobs);
    let tracker = args
        .tracker
        .open(root, config, saved, Some(outputs))
        .await?;
    Ok(Ports {
        tracker,
        agents,
        vcs: Arc::new(vcs),
        verifier: Arc::new(verifier),
        layers: Vec::new(),
        blobs,
        store,
        clock: Arc::new(SystemClock),
    })
}
