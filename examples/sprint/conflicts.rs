//! `sprint conflicts`: which branches do not merge, and which are likely to get in each other's
//! way. Works on branches of any origin, sprint or not, and writes nothing.

mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::ProbeSpec;
use sprint_core::domain::workspace::{ChangeKind, ChangedPath};
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::plan::conflict::{Branch, Conflicts, Risk};
use sprint_core::plan::imports::neighbourhood;
use sprint_core::ports::{Clock as _, SystemClock, Vcs as _};
use sprint_git::{GitConfig, GitVcs, LocalBranch};

use crate::cli::{Cli, ConflictsArgs, Usage};
use crate::say;

/// What was found out.
#[derive(Debug)]
struct Findings {
    base: BranchName,
    base_head: CommitId,
    branches: Vec<String>,
    /// Branches that share no history with base, and can be compared with nothing.
    unrelated: Vec<String>,
    /// Branches that do not merge onto base, and the files that clash.
    against_base: Vec<(String, Vec<RepoPath>)>,
    /// Every pair that clashes or has a risk, the worst first.
    pairs: Vec<Pair>,
    merges: u32,
    took: Duration,
}

/// Two branches that may get in each other's way.
#[derive(Debug)]
struct Pair {
    a: String,
    b: String,
    risk: Risk,
    /// Whether they clash; `None` if one of them does not even merge onto base, so that there is
    /// nothing to try.
    clash: Option<bool>,
    /// Why: the files that clash, or else those that both change, or else those that one changes
    /// and the other imports.
    files: Vec<RepoPath>,
}

/// A branch with all that the comparison asks of it.
#[derive(Debug)]
struct Candidate {
    /// Stands for the branch where the libraries speak of tickets.
    id: TicketId,
    branch: LocalBranch,
    changed: Vec<ChangedPath>,
    imports: BTreeSet<RepoPath>,
}

/// Prints which branches conflict. Finding conflicts is no failure: the exit code is 0.
pub(crate) fn conflicts(cli: &Cli, args: &ConflictsArgs) -> Result<u8> {
    let root = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let findings = runtime.block_on(survey(&root, args))?;
    if cli.json {
        say(&findings.json().to_string());
    } else {
        say(findings.text().trim_end());
    }
    Ok(0)
}

async fn survey(root: &Path, args: &ConflictsArgs) -> Result<Findings> {
    let started = SystemClock.now();
    let base = match &args.base {
        Some(base) => base.clone(),
        None => checked_out(root)?,
    };
    let vcs = GitVcs::open(GitConfig::new(root, base.clone()))
        .await
        .with_context(|| {
            format!(
                "cannot compare branches with {base}; name another one with --base, or another \
                 repository with --repo"
            )
        })?;
    let base_head = vcs.status().await?.base_head;
    let chosen = choose(vcs.branches().await?, &args.branches)?;
    let (candidates, unrelated) = look(&vcs, &base_head, chosen, args).await?;
    let spec = ProbeSpec {
        base: base_head.clone(),
        branches: candidates
            .iter()
            .map(|one| (one.id.clone(), one.branch.commit.clone()))
            .collect(),
    };
    let mut probe = vcs.probe(&spec).await?;
    let risks = Conflicts::predict(candidates.iter().map(|one| Branch {
        ticket: &one.id,
        changed: &one.changed,
        imports: &one.imports,
    }));
    let clashes: BTreeMap<_, _> = std::mem::take(&mut probe.pairs)
        .into_iter()
        .map(|pair| ((pair.a, pair.b), pair.clashes))
        .collect();
    let tried = |one: &Candidate| !probe.against_base.contains_key(&one.id);
    let mut pairs = Vec::new();
    for (at, a) in candidates.iter().enumerate() {
        for b in &candidates[at + 1..] {
            let clashing = clashes.get(&key(a, b)).filter(|files| !files.is_empty());
            let risk = risks.risk(&a.id, &b.id);
            if risk > Risk::None || clashing.is_some() {
                pairs.push(Pair {
                    a: a.branch.name.clone(),
                    b: b.branch.name.clone(),
                    risk,
                    clash: (tried(a) && tried(b)).then_some(clashing.is_some()),
                    files: clashing.cloned().unwrap_or_else(|| reason(&risks, a, b)),
                });
            }
        }
    }
    // The sort is stable: pairs that are equally bad stay in the order of their names.
    pairs.sort_by_key(|pair| std::cmp::Reverse((pair.clash, pair.risk)));
    let lost = |one: &Candidate| {
        let files = probe.against_base.get(&one.id)?;
        Some((one.branch.name.clone(), files.clone()))
    };
    Ok(Findings {
        base,
        base_head,
        against_base: candidates.iter().filter_map(lost).collect(),
        branches: candidates.into_iter().map(|one| one.branch.name).collect(),
        unrelated,
        pairs,
        merges: probe.merges,
        took: SystemClock.now().since(started),
    })
}

/// The branch that is checked out, which is what most people merge onto.
pub(crate) fn checked_out(root: &Path) -> Result<BranchName> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["symbolic-ref", "--quiet", "--short", "HEAD"])
        .stdin(Stdio::null())
        .output()
        .context("cannot run git; is it installed?")?;
    let name = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(BranchName::new(name.trim_end())?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = match said.trim() {
        "" => "no branch is checked out",
        said => said,
    };
    let text =
        format!("{why}; name the branch to merge onto with --base, and the repository with --repo");
    Err(Usage(text).into())
}

/// The branches that were named, or all that base does not contain. Names are compared with what
/// there is and go nowhere else.
fn choose(all: Vec<LocalBranch>, named: &[String]) -> Result<Vec<LocalBranch>> {
    if let Some(unknown) = named
        .iter()
        .find(|name| !all.iter().any(|branch| branch.name == **name))
    {
        let text = format!(
            "there is no local branch {}; `git branch --list` shows those there are, and \
             `git branch NAME REMOTE/NAME` makes one of a remote branch",
            show::visible(unknown)
        );
        return Err(Usage(text).into());
    }
    let wanted = |branch: &LocalBranch| match named {
        [] => !branch.merged,
        named => named.contains(&branch.name),
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// Finds out what each branch changes and what that imports. A branch without common history is
/// an error if it was asked for by name, and set apart otherwise.
async fn look(
    vcs: &GitVcs,
    base: &CommitId,
    branches: Vec<LocalBranch>,
    args: &ConflictsArgs,
) -> Result<(Vec<Candidate>, Vec<String>)> {
    let on_base = vcs.paths(base).await?;
    let (mut candidates, mut unrelated) = (Vec::new(), Vec::new());
    for branch in branches {
        let name = show::visible(&branch.name);
        let changed = vcs.changed(base, &branch.commit).await;
        let changed = changed.with_context(|| format!("cannot compare branch {name} with base"))?;
        let Some(changed) = changed else {
            if args.branches.is_empty() {
                unrelated.push(branch.name);
                continue;
            }
            let text = format!(
                "branch {name} has no commit in common with base, so it cannot be merged; leave \
                 it out, or name its own base with --base"
            );
            return Err(Usage(text).into());
        };
        let imports = imports(vcs, &branch.commit, &changed, &on_base)
            .await
            .with_context(|| format!("cannot read the files of branch {name}"))?;
        candidates.push(Candidate {
            id: TicketId::new(format!("B-{}", candidates.len() + 1))?,
            branch,
            changed,
            imports,
        });
    }
    Ok((candidates, unrelated))
}

/// What the files that a branch changes import, on base as it would be with the branch.
async fn imports(
    vcs: &GitVcs,
    commit: &CommitId,
    changed: &[ChangedPath],
    on_base: &BTreeSet<RepoPath>,
) -> Result<BTreeSet<RepoPath>> {
    let (gone, there): (Vec<_>, Vec<_>) = changed
        .iter()
        .partition(|change| change.kind == ChangeKind::Deleted);
    let gone: BTreeSet<_> = gone.into_iter().map(|change| &change.path).collect();
    let there: Vec<_> = there
        .into_iter()
        .map(|change| change.path.clone())
        .collect();
    let files = vcs.read(commit, &there).await?;
    let above = |path: &RepoPath| std::iter::successors(Some(path.clone()), RepoPath::parent);
    let there: BTreeSet<_> = there.iter().flat_map(above).collect();
    let exists =
        |path: &RepoPath| there.contains(path) || on_base.contains(path) && !gone.contains(path);
    let text = |(path, bytes)| Some((path, std::str::from_utf8(bytes).ok()?));
    let files = files.iter().map(|(path, bytes)| (path, bytes.as_slice()));
    Ok(neighbourhood(files.filter_map(text), &exists))
}

fn key(a: &Candidate, b: &Candidate) -> (TicketId, TicketId) {
    let (a, b) = (&a.id, &b.id);
    (a.min(b).clone(), a.max(b).clone())
}

/// The files for which a pair has its risk.
fn reason(risks: &Conflicts, a: &Candidate, b: &Candidate) -> Vec<RepoPath> {
    let key = key(a, b);
    let both_in = |tickets: &BTreeSet<TicketId>| tickets.contains(&a.id) && tickets.contains(&b.id);
    let hot = risks.hot.iter().filter(|(_, tickets)| both_in(tickets));
    let shared = risks.pairs.get(&key).into_iter().flatten();
    let shared: BTreeSet<_> = shared.chain(hot.map(|(path, _)| path)).cloned().collect();
    if !shared.is_empty() {
        return shared.into_iter().collect();
    }
    let joins = |a: &Candidate, b: &Candidate| {
        let found = risks
            .hubs
            .iter()
            .filter(|(_, hub)| hub.changers.contains(&a.id) && hub.importers.contains(&b.id));
        found.map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let near = risks.neighbours.get(&key).into_iter().flatten().cloned();
    let near: BTreeSet<_> = near.chain(joins(a, b)).chain(joins(b, a)).collect();
    near.into_iter().collect()
}
