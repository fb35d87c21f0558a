//! What git makes of merges.
//!
//! What lands must be what `git merge` would have made, and so git is asked about every merge of a
//! trial; where the two differ, git is right. Merges that are only predictions go without. What is
//! taken back from base, and what becomes part of a ticket's branch, is up to git alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;

use crate::error::{GitError, Result};
use crate::repo::Repo;

/// How many answers are kept; the one that would be too many takes the place of all.
const MOST_HEARD: usize = 10_000;

/// What git makes of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// The merged tree.
    Clean(ObjectId),
    /// The tree with conflict markers, and the files that have them.
    Clash(ObjectId, Vec<RepoPath>),
    /// Git broke off. Some changes of a file's type make it fail an assertion.
    Unknown,
}

/// What was merged: two commits, from their own common ancestor or from the one that is given.
type Question = (Option<ObjectId>, [ObjectId; 2]);

/// What git said before. A search merges the same commits again and again.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<BTreeMap<Question, Opinion>>);

impl Heard {
    fn recall(&self, question: &Question) -> Option<Opinion> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(question).cloned()
    }

    fn keep(&self, question: Question, opinion: &Opinion) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_HEARD {
            known.clear();
        }
        known.insert(question, opinion.clone());
    }
}

impl Repo {
    /// Has git merge two commits, without touching anything.
    pub(crate) async fn merged_by_git(&self, sides: [ObjectId; 2]) -> Result<Opinion> {
        self.ask((None, sides)).await
    }

    /// Has git do to `head` what leads from one commit to another, without touching anything.
    pub(crate) async fn applied_by_git(
        &self,
        head: ObjectId,
        from: ObjectId,
        to: ObjectId,
    ) -> Result<Opinion> {
        self.ask((Some(from), [head, to])).await
    }

    async fn ask(&self, question: Question) -> Result<Opinion> {
        if let Some(known) = self.heard.recall(&question) {
            // Nothing refers to a tree that was not used, so it may have been pruned.
            let (Opinion::Clean(tree) | Opinion::Clash(tree, _)) = known else {
                return Ok(known);
            };
            let there = self.with_objects(move |objects| Ok(objects.has_object(tree)));
            if there.await? {
                return Ok(known);
            }
        }
        let opinion = self.ask_afresh(question).await?;
        // Git may also have been killed, and know better next time.
        if opinion != Opinion::Unknown {
            self.heard.keep(question, &opinion);
        }
        Ok(opinion)
    }

    async fn ask_afresh(&self, (ancestor, sides): Question) -> Result<Opinion> {
        let options = ["merge-tree", "--write-tree", "-z", "--no-messages"];
        let [ours, theirs] = sides;
        let output = self
            .call(options)
            .args(ancestor.map(|ancestor| format!("--merge-base={ancestor}")))
            .args([
                "--end-of-options".into(),
                ours.to_string(),
                theirs.to_string(),
            ])
            .attributes_of(ours)
            .finish()
            .await?;
        let opinion = match output.code {
            Some(0) => parse_tree(&output.stdout).map(Opinion::Clean),
            Some(1) => parse_clash(&output.stdout, sides),
            // Ended by a signal: its own, when an assertion fails.
            None => {
                let stderr = output.stderr.trim();
                tracing::warn!(%ours, %theirs, stderr, "git cannot merge");
                return Ok(Opinion::Unknown);
            }
            Some(_) => return Err(output.failed("merge-tree".into())),
        };
        opinion.ok_or_else(|| GitError::Unreadable {
            command: "merge-tree".into(),
        })
    }
}

fn parse_tree(output: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(output.split(|byte| *byte == 0).next()?).ok()
}

/// Reads `tree NUL (mode SP id SP stage TAB path NUL)+`.
fn parse_clash(output: &[u8], sides: [ObjectId; 2]) -> Option<Opinion> {
    let tree = parse_tree(output)?;
    let mut paths = BTreeSet::new();
    let entries = output.split(|byte| *byte == 0).skip(1);
    for entry in entries.take_while(|entry| !entry.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t')?;
        // A file that had to make room is listed as `{name}~{side}`.
        let side = |path: Vec<u8>, side| path.replace(format!("~{side}"), "");
        let path = sides.into_iter().fold(entry[tab + 1..].to_vec(), side);
        paths.insert(RepoPath::from_bytes(&path));
    }
    Some(Opinion::Clash(tree, paths.into_iter().collect()))
}

/// Runs a merge of gix, which gives up with a panic on some changes it never expected.
pub(crate) fn or_unknown<T>(merge: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    let merge = std::panic::AssertUnwindSafe(merge);
    match std::panic::catch_unwind(merge) {
        Ok(merged) => merged.map(Some),
        Err(_) => Ok(None),
    }
}

/// The error for a merge that nobody can make.
pub(crate) fn unmergeable(ours: ObjectId, theirs: ObjectId) -> GitError {
    let message = format!("{ours} and {theirs} cannot be merged");
    GitError::refused(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_and_clashing_trees_are_read() {
        let id = "46d20440bc2bbfaa65128a2c3ee22d0261fd34d4";
        let tree = ObjectId::from_hex(id.as_bytes()).unwrap();
        assert_eq!(parse_tree(format!("{id}\0").as_bytes()), Some(tree));
        assert_eq!(parse_tree(b""), None);
        let entries = [
            format!("{id}\0"),
            format!("100644 {id} 2\ta b\0"),
            format!("100644 {id} 3\ta b\0"),
            format!("100644 {id} 1\tc~{id}\0"),
        ];
        let sides = [ObjectId::null(gix::hash::Kind::Sha1), tree];
        let paths = vec![RepoPath::from("a b"), RepoPath::from("c")];
        let clash = Opinion::Clash(tree, paths);
        assert_eq!(parse_clash(entries.concat().as_bytes(), sides), Some(clash));
        let nonsense = format!("{id}\0nonsense\0");
        assert_eq!(parse_clash(nonsense.as_bytes(), sides), None);
    }
}
