//! Looking at what agents left, without running any of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agent::Answer;
use crate::domain::config::SprintConfig;
use crate::domain::merge::Clash;
use crate::domain::path::RepoPath;
use crate::domain::probe::ProbeSpec;
use crate::domain::ticket::Ticket;
use crate::domain::workspace::{ChangedPath, Collected, Leftovers, Workspace};
use crate::engine::Ports;
use crate::failure::Failure;
use crate::id::{CommitId, TicketId};
use crate::inspect::{self, Change, FileChange, Inspection};
use crate::plan::imports::neighbourhood;
use crate::run::citations;
use crate::run::effect::{Done, FileSides, Inspected};
use crate::run::predict::Probed;

/// Inspects what a ticket changes: its tests, and the configuration of the gate.
pub(super) async fn change(
    ports: &Ports,
    ticket: &Ticket,
    config: &SprintConfig,
    workspace: &Workspace,
    found: &Collected,
) -> Result<Inspection, Failure> {
    if found.changed.is_empty() {
        return Ok(Inspection::default());
    }
    let paths: Vec<_> = found
        .changed
        .iter()
        .map(|change| change.path.clone())
        .collect();
    let mut before = texts(ports, &workspace.work_base, &paths).await?;
    let mut after = texts(ports, &found.head, &paths).await?;
    let configuration = inspect::configuration_of(&paths);
    let configuration = texts(ports, &found.head, &configuration).await?;
    let files = paths.into_iter().map(|path| FileChange {
        before: before.remove(&path),
        after: after.remove(&path),
        path,
    });
    Ok(inspect::inspect(&Change {
        ticket,
        checks: &config.checks,
        test_file_globs: &config.test_file_globs,
        files: &files.collect::<Vec<_>>(),
        added: &found.added,
        configuration: &configuration.into_iter().collect::<Vec<_>>(),
    }))
}

/// How many lines each file has that an answer cites and may cite.
pub(super) async fn cited(
    ports: &Ports,
    answer: &Answer,
    citable: &[RepoPath],
    commit: &CommitId,
) -> Result<BTreeMap<RepoPath, u32>, Failure> {
    let mut cited = citations(answer);
    cited.retain(|path| citable.contains(path));
    let cited: Vec<_> = cited.into_iter().collect();
    let files = ports.vcs.read(commit, &cited).await?;
    let lines = |bytes: &[u8]| {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let open = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        u32::try_from(ends + open).unwrap_or(u32::MAX)
    };
    // What the change removes may be cited, and has no line.
    let mut counted: BTreeMap<_, _> = cited.into_iter().map(|path| (path, 0)).collect();
    counted.extend(files.into_iter().map(|(path, bytes)| (path, lines(&bytes))));
    Ok(counted)
}

/// The texts of files at a commit; files that are no text are left out.
async fn texts(
    ports: &Ports,
    commit: &CommitId,
    paths: &[RepoPath],
) -> Result<BTreeMap<RepoPath, String>, Failure> {
    let files = ports.vcs.read(commit, paths).await?;
    let text = |(path, bytes)| Some((path, String::from_utf8(bytes).ok()?));
    Ok(files.into_iter().filter_map(text).collect())
}

/// Tries heads against each other, and reads what the changed files import.
pub(super) async fn probe(
    ports: &Ports,
    spec: ProbeSpec,
    changed: &BTreeMap<TicketId, Vec<ChangedPath>>,
) -> Result<Done, Failure> {
    let probe = ports.vcs.probe(&spec).await?;
    let all = changed.values().flatten().map(|change| &change.path);
    let all: BTreeSet<_> = all
        .flat_map(|path| [Some(path.clone()), path.parent()])
        .flatten()
        .collect();
    let mut imports = BTreeMap::new();
    for (ticket, head) in &spec.branches {
        let changed = changed.get(ticket).into_iter().flatten();
        let paths: Vec<_> = changed.map(|change| change.path.clone()).collect();
        let files = ports.vcs.read(head, &paths).await?;
        let files: Vec<_> = files
            .into_iter()
            .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
            .collect();
        let files = files.iter().map(|(path, text)| (path, text.as_str()));
        let imported = neighbourhood(files, &|path| all.contains(path));
        imports.insert(ticket.clone(), imported);
    }
    Ok(Done::Probed(Box::new(Probed {
        heads: spec.branches,
        probe,
        imports,
    })))
}

/// What a conflict agent left, with every version of the files that clashed.
pub(super) async fn inspect(
    ports: &Ports,
    workspace: &Workspace,
    leftovers: &Leftovers,
    clash: &Clash,
) -> Result<Done, Failure> {
    let collected = ports.vcs.collect(workspace, leftovers).await?;
    let mut versions = Vec::new();
    for commit in [&clash.ancestor, &clash.ours, &clash.theirs, &collected.head] {
        let files = ports.vcs.read(commit, &clash.paths).await?;
        versions.push(files.into_iter().collect::<BTreeMap<_, _>>());
    }
    let sides = |path: &RepoPath| {
        let mut versions = versions.iter().map(|files| {
            let bytes = files.get(path)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        });
        let mut version = || versions.next().flatten();
        FileSides {
            path: path.clone(),
            ancestor: version(),
            ours: version(),
            theirs: version(),
            resolved: version(),
        }
    };
    let files = clash.paths.iter().map(sides).collect();
    Ok(Done::Inspected(Box::new(Inspected { collected, files })))
}

pub(super) async fn read(
    ports: &Ports,
    commit: &CommitId,
    paths: &[RepoPath],
) -> Result<Done, Failure> {
    let files = ports.vcs.read(commit, paths).await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Done::Sources(
        files
            .into_iter()
            .map(|(path, bytes)| (path, text(bytes)))
            .collect(),
    ))
}
