//! From a description of work to port calls: one arm per kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::check::{CheckPlan, CheckReport, Subject};
use crate::domain::evidence::Note;
use crate::domain::merge::Clash;
use crate::domain::path::RepoPath;
use crate::domain::probe::ProbeSpec;
use crate::domain::ticket::TicketStatus;
use crate::domain::workspace::{ChangedPath, Leftovers, Workspace};
use crate::engine::Ports;
use crate::failure::{ErrorKind, Failure};
use crate::id::{CommitId, TicketId, TreeId};
use crate::plan::imports::neighbourhood;
use crate::plan::sprint_plan::SprintPlan;
use crate::ports::EffectContext;
use crate::report::{evidence, note};
use crate::run::effect::{Done, FileSides, Inspected, Work};
use crate::run::predict::Probed;
use crate::run::proof::Proof;
use crate::run::ticket::Checked;

/// Does one piece of work and says what came of it. Safe to repeat with the same context.
pub async fn perform(
    ports: Ports,
    plan: Arc<SprintPlan>,
    work: Work,
    cx: EffectContext,
) -> Result<Done, Failure> {
    let key = &cx.key;
    let sprint = &key.sprint;
    match work {
        Work::Checkpoint { tag, commit } => ports.vcs.tag(&tag, &commit).await?,
        Work::Combine(spec) => return Ok(Done::Combined(ports.vcs.combine(&spec, key).await?)),
        Work::Gate { commit, tree, plan } => {
            let report = gate(&ports, commit, tree, &plan, &cx).await?;
            return Ok(Done::Checked(report));
        }
        Work::Probe { spec, changed } => return probe(&ports, spec, &changed).await,
        Work::Inspect {
            workspace,
            leftovers,
            clash,
        } => return inspect(&ports, &workspace, &leftovers, &clash).await,
        Work::Remember(resolution) => ports.vcs.remember(&resolution).await?,
        Work::Revert(spec) => return Ok(Done::Reverted(ports.vcs.revert(&spec, key).await?)),
        Work::Land(spec) => return Ok(Done::Landed(ports.vcs.land(&spec, key).await?)),
        Work::Tidy => ports.vcs.tidy(sprint).await?,
        Work::Start(ticket) => ports.tracker.start(&ticket, key).await?,
        Work::Open(spec) => return Ok(Done::Opened(ports.vcs.open(&spec, key).await?)),
        Work::Agent {
            task,
            read_only_at,
            workspace,
        } => {
            let report = ports.agents.run(&task, &cx).await?;
            if let Some(commit) = read_only_at {
                left_alone(&ports, &workspace, &commit).await?;
            }
            return Ok(Done::Agent(Box::new(report)));
        }
        Work::Refresh(spec) => return Ok(Done::Refreshed(ports.vcs.refresh(&spec).await?)),
        Work::Collect {
            workspace,
            leftovers,
        } => {
            let found = ports.vcs.collect(&workspace, &leftovers).await?;
            return Ok(Done::Collected(Box::new(found)));
        }
        Work::Check {
            workspace,
            commit,
            tree,
            plan,
        } => {
            return check(&ports, workspace, commit, tree, &plan, &cx)
                .await
                .map(Done::Checked);
        }
        Work::Install { workspace, plan } => {
            return install(&ports, workspace, &plan, &cx)
                .await
                .map(Done::Checked);
        }
        Work::Read { commit, paths } => return read(&ports, &commit, &paths).await,
        Work::Post { proof, checked } => return post(&ports, &plan, &proof, &checked, &cx).await,
        Work::Close(proof) => return close(&ports, &proof, &cx).await,
        Work::Note(facts) => {
            let note = Note {
                body: note::stuck(&facts),
            };
            ports.tracker.comment(&facts.ticket, &note, key).await?;
        }
        Work::Reopen(facts) => {
            let note = Note {
                body: note::reopened(&facts),
            };
            ports.tracker.reopen(&facts.ticket, &note, key).await?;
        }
        Work::Release(workspaces) => {
            for workspace in &workspaces {
                ports.vcs.close(workspace).await?;
            }
        }
    }
    Ok(Done::Plain)
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, error.to_string())
}

/// Runs the gate on a combination, in the sprint's own worktree.
async fn gate(
    ports: &Ports,
    commit: CommitId,
    tree: TreeId,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let directory = ports.vcs.checkout(&commit, &cx.key.sprint).await?;
    let subject = Subject {
        directory,
        commit,
        tree,
    };
    let mut report = ports.verifier.verify(&subject, plan, cx).await?;
    report.altered = ports
        .vcs
        .altered(&subject.directory, &subject.commit)
        .await?;
    Ok(report)
}

/// Installs dependencies. That speaks of no tree, and nothing is concluded from it.
async fn install(
    ports: &Ports,
    workspace: Workspace,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let tree = TreeId::new("0".repeat(40)).map_err(invalid)?;
    let subject = Subject {
        directory: workspace.path,
        commit: workspace.work_base,
        tree,
    };
    Ok(ports.verifier.verify(&subject, plan, cx).await?)
}

/// Tries heads against each other, and reads what the changed files import.
async fn probe(
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
async fn inspect(
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

async fn read(ports: &Ports, commit: &CommitId, paths: &[RepoPath]) -> Result<Done, Failure> {
    let files = ports.vcs.read(commit, paths).await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Done::Sources(
        files
            .into_iter()
            .map(|(path, bytes)| (path, text(bytes)))
            .collect(),
    ))
}

/// Runs the gate in a workspace that is exactly at `commit`, and says if it is not any more: what
/// was seen must be about that tree and no other.
async fn check(
    ports: &Ports,
    workspace: Workspace,
    commit: CommitId,
    tree: TreeId,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    untouched(ports, &workspace, &commit).await?;
    let subject = Subject {
        directory: workspace.path.clone(),
        commit: commit.clone(),
        tree,
    };
    let mut report = ports.verifier.verify(&subject, plan, cx).await?;
    report.altered = ports.vcs.altered(&workspace.path, &commit).await?;
    // What a gate leaves lying about is not the worker's work; it is kept aside, and goes.
    match untouched(ports, &workspace, &commit).await {
        Err(failure) if failure.kind != ErrorKind::Conflict => Err(failure),
        Ok(()) | Err(_) => Ok(report),
    }
}

/// Fails, after putting things right, if an auditing agent changed tracked files. Files that a
/// gate running beside it has made are not its doing, and are not cleaned away under the gate.
async fn left_alone(
    ports: &Ports,
    workspace: &Workspace,
    commit: &CommitId,
) -> Result<(), Failure> {
    if ports.vcs.altered(&workspace.path, commit).await?.is_empty() {
        return Ok(());
    }
    untouched(ports, workspace, commit).await
}

/// Fails, after putting things right, if a workspace is not exactly at `commit`.
async fn untouched(ports: &Ports, workspace: &Workspace, commit: &CommitId) -> Result<(), Failure> {
    let leftovers = Leftovers::RestoreTo(commit.clone());
    ports.vcs.collect(workspace, &leftovers).await?;
    Ok(())
}

/// Layer 5: posts the evidence unless it is there, then looks for it.
async fn post(
    ports: &Ports,
    plan: &SprintPlan,
    proof: &Proof,
    checked: &Checked,
    cx: &EffectContext,
) -> Result<Done, Failure> {
    let comment = evidence::comment(plan, proof, checked);
    let posted = ports
        .tracker
        .post_evidence(proof, &comment, &cx.key)
        .await?;
    let reality = ports.tracker.reality(proof.ticket()).await?;
    Ok(if reality.evidence.contains(proof.marker()) {
        Done::Posted(posted)
    } else {
        Done::NotFoundAgain
    })
}

/// Layer 5.5: marks the ticket Done, then looks whether it is.
async fn close(ports: &Ports, proof: &Proof, cx: &EffectContext) -> Result<Done, Failure> {
    ports.tracker.close(proof, &cx.key).await?;
    let reality = ports.tracker.reality(proof.ticket()).await?;
    Ok(Done::Closed(reality.status == TicketStatus::Done))
}
