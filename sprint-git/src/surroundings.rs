//! What the places around a workspace look like, to be compared before and after an agent ran.
//!
//! What we do ourselves meanwhile makes no difference: a landing, with the checkout that follows
//! it, tags that we set, branches and refs of sprints. Where we cannot tell our own deeds from an
//! agent's, in `.claude` where the engine writes, nothing is noted. The workspaces of other tickets
//! are noted as they are; whoever compares knows which of them their own agents were at work in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::stray::{Place, Surroundings};
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, SprintId};

use crate::config::inner_path;
use crate::error::{GitError, Result};
use crate::refs::{Record, RefName};
use crate::repo::{Repo, operation_in_progress};
use crate::worktree::{Tree, entries};

/// The refs that are somebody's. Those of remotes change with every fetch.
const SOMEBODYS: [&str; 5] = [
    "refs/heads",
    "refs/tags",
    "refs/notes",
    "refs/replace",
    "refs/stash",
];

/// What the engine writes into the user's checkout, where git may not ignore it.
const ENGINES: [&str; 6] = [
    ".claude/active-problem",
    ".claude/failure-patterns.json",
    ".claude/sprint-history",
    ".claude/sprints",
    ".claude/tickets",
    ".claude/worktrees",
];

/// The longest file of a few words that is read.
const FEW_WORDS: u64 = 4096;

/// Things by name, with what they look like.
type Things = BTreeMap<String, String>;

impl Repo {
    /// Looks around, and changes nothing.
    pub(crate) async fn look_around(&self, workspace: &Workspace) -> Result<Surroundings> {
        self.watch.check()?;
        let records = self.records("refs/sprint/").await?;
        let own = records.iter().find(|r| r.branch == workspace.branch);
        let Some((sprint, ticket)) = own.and_then(Record::owner) else {
            let message = format!("{} is no workspace of a sprint", workspace.path.display());
            return Err(GitError::refused(ErrorKind::NotFound, message));
        };
        let mut around = Surroundings::new();
        {
            // What we do to refs and to the checkout happens under this lock, so that neither is
            // seen half done. It is ours alone: nobody else waits for it.
            let _held = self.lock.hold().await?;
            let (refs, checkout) =
                tokio::try_join!(self.somebodys_refs(&sprint), self.checkouts())?;
            note(&mut around, &Place::Refs, refs);
            note(&mut around, &Place::Checkout, checkout);
        }
        let others = records.iter().filter_map(|record| {
            let (of, other) = record.owner()?;
            (of == sprint && other != ticket).then_some((record, other))
        });
        for (record, other) in others {
            if let Some(things) = self.workspace_of(record).await? {
                note(&mut around, &Place::Ticket(other), things);
            }
        }
        Ok(around)
    }

    /// Branches, tags and the like, less those that sprints made.
    async fn somebodys_refs(&self, sprint: &SprintId) -> Result<Things> {
        let call = [
            "for-each-ref",
            "--format=%(objectname) %(symref) %(refname)",
        ];
        let listed = self.call(call).arg("--").args(SOMEBODYS).run();
        let (listed, records) = tokio::try_join!(listed, self.records("refs/sprint/"))?;
        let ours: BTreeSet<_> = records
            .iter()
            .map(|record| RefName::branch(&record.branch).as_str().to_owned())
            .collect();
        let base = RefName::branch(&self.base);
        // Git takes names that are not UTF-8.
        let listed = String::from_utf8_lossy(&listed);
        let mut things = Things::new();
        // What we put there and is not.
        let mut missing: BTreeSet<_> = self.made.tags().into_iter().collect();
        for line in listed.lines() {
            let mut words = line.splitn(3, ' ');
            let (Some(id), Some(symbolic), Some(name)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            missing.remove(name);
            if ours.contains(name) || self.is_tag_of_ours(name, id, sprint) {
                continue;
            }
            let look = match CommitId::new(id) {
                Ok(head) if name == base.as_str() => self.landings.look(&head),
                Ok(_) | Err(_) => id.to_owned(),
            };
            things.insert(short(name), format!("{look} {symbolic}"));
        }
        things.extend(missing.into_iter().map(|name| (name, "gone".into())));
        Ok(things)
    }

    /// Whether a tag is where we put it, or may have been put by an earlier process for a merge.
    fn is_tag_of_ours(&self, name: &str, id: &str, sprint: &SprintId) -> bool {
        match self.made.tag_at(name) {
            Some(at) => at.as_str() == id,
            None => name.starts_with(&RefName::pre_merges(sprint)),
        }
    }

    /// The user's main checkout, and other worktrees that are not ours, which have their path in
    /// front of the names.
    async fn checkouts(&self) -> Result<Things> {
        let ours = self.worktree_path("");
        let mut things = Things::new();
        for tree in self.trees()? {
            if tree.git_dir == self.common {
                things.extend(self.tree(&tree).await?);
                continue;
            }
            if !tree.path.starts_with(&ours) {
                let found = self.tree(&tree).await?.into_iter();
                let place = tree.path.display();
                things.extend(found.map(|(what, look)| (format!("{place}/{what}"), look)));
            }
        }
        things.retain(|what, _| !ENGINES.iter().any(|path| Path::new(what).starts_with(path)));
        things.extend(self.hooks());
        Ok(things)
    }

    /// Programs that the user's own git would run.
    fn hooks(&self) -> Things {
        let hooks = fs::read_dir(self.common.join("hooks"));
        let hooks = hooks.into_iter().flatten().flatten();
        hooks
            .map(|hook| {
                let name = hook.file_name();
                (
                    format!(".git/hooks/{}", name.to_string_lossy()),
                    state(&hook.path()),
                )
            })
            .collect()
    }

    /// The workspace of another ticket; `None` if it was never there or has been given back.
    async fn workspace_of(&self, record: &Record) -> Result<Option<Things>> {
        let path = self.directory_of(&record.branch);
        let tree = self.linked_trees()?.into_iter().find(|t| t.path == path);
        let is_there = tree.is_some() || self.made.is_open(&record.branch);
        if !is_there {
            return Ok(None);
        }
        let mut things = Things::new();
        let branch = self.resolve(&RefName::branch(&record.branch)).await?;
        let branch = branch.map_or_else(|| "gone".to_owned(), |head| head.to_string());
        things.insert(record.branch.to_string(), branch);
        match tree.filter(|tree| tree.path.is_dir()) {
            Some(tree) => {
                things.insert(".git".into(), words(&tree.path.join(".git")));
                things.extend(self.tree(&tree).await?);
            }
            None => {
                things.insert(".".into(), "gone".into());
            }
        }
        Ok(Some(things))
    }

    /// The head of a worktree, and what differs from it there: changed, staged, untracked, and what
    /// git was told to overlook.
    async fn tree(&self, tree: &Tree) -> Result<Things> {
        let mut things = Things::new();
        let doing = operation_in_progress(&tree.git_dir).unwrap_or_default();
        let head = words(&tree.git_dir.join("HEAD"));
        things.insert("HEAD".into(), format!("{head} {doing}"));
        // What is set for one worktree could have git run programs there.
        if let Err(error) = self.watch.check_with(tree) {
            things.insert("config.worktree".into(), error.to_string());
            return Ok(things);
        }
        let status = self.status_of(tree, "--untracked-files=all");
        let (status, overlooked) = tokio::join!(status.run(), self.overlooked(tree));
        let (status, overlooked) = match (status, overlooked) {
            (Ok(status), Ok(overlooked)) => (status, overlooked),
            // Git cannot read it, and that is what there is to see.
            (Err(GitError::Failed { .. }), _) | (_, Err(GitError::Refused { .. })) => {
                things.insert("index".into(), "damaged".into());
                return Ok(things);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        for entry in entries(&status) {
            let (words, path) = entry?;
            things.insert(path.to_string(), look(tree, words, &path));
        }
        for path in overlooked {
            let path = RepoPath::from_bytes(&path);
            things.insert(path.to_string(), look(tree, b"overlooked", &path));
        }
        Ok(things)
    }
}

fn note(around: &mut Surroundings, place: &Place, things: Things) {
    for (what, look) in things {
        around.note(place.clone(), what, look);
    }
}

/// A ref as people call it; a branch that is called like another ref keeps its whole name.
fn short(name: &str) -> String {
    let branch = name.strip_prefix("refs/heads/");
    let branch = branch.filter(|branch| !branch.starts_with("refs/"));
    branch.unwrap_or(name).to_owned()
}

/// What git says of a file, and its state.
fn look(tree: &Tree, words: &[u8], path: &RepoPath) -> String {
    let words = String::from_utf8_lossy(words);
    match inner_path(path) {
        Some(path) => format!("{words} {}", state(&tree.path.join(path))),
        None => words.into_owned(),
    }
}

/// What changes with every change to a file. Its time of modification may be set to anything.
fn state(path: &Path) -> String {
    let shown = |found: Metadata| {
        let (seconds, nanos) = (found.ctime(), found.ctime_nsec());
        let (size, inode, mode) = (found.size(), found.ino(), found.mode());
        format!("{mode:o} {size} {inode} {seconds}.{nanos:09}")
    };
    path.symlink_metadata()
        .map_or_else(|_| "gone".into(), shown)
}

/// A small file's text. Whoever puts something else in its place shows that.
fn words(path: &Path) -> String {
    let small = |found: &Metadata| found.is_file() && found.len() <= FEW_WORDS;
    let found = path.symlink_metadata().ok().filter(small);
    match found.and_then(|_| fs::read(path).ok()) {
        Some(text) => String::from_utf8_lossy(text.trim_ascii()).into_owned(),
        None => state(path),
    }
}
