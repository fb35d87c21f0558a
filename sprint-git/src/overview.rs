//! What a person should see of a repository before a sprint starts. Looks, and changes nothing.

use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, CommitPrefix};
use sprint_core::preflight::facts::{Age, Commit};

use crate::error::{GitError, Result};
use crate::ignore::ENTRIES;
use crate::refs::{RefName, parse_commit};
use crate::repo::Repo;

/// Commits of base that are shown.
const RECENT: &str = "-3";

/// Objects that one abbreviation is looked up among; more are as good as not found.
const CANDIDATES: usize = 64;

/// The base branch and what is around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overview {
    /// Where base is.
    pub head: CommitId,
    /// The branch that the main checkout is on; `None` if it is on none. Any name that git takes.
    pub current: Option<String>,
    /// The last three commits of base, newest first.
    pub recent: Vec<Commit>,
    /// The branch that base follows elsewhere, and how many commits it is known to be ahead. Nothing is
    /// fetched.
    pub upstream: Option<(String, u64)>,
    /// Of the places that sprints write to, those that git does not ignore yet.
    pub not_ignored: Vec<String>,
}

impl Repo {
    pub(crate) async fn overview(&self, base: &BranchName) -> Result<Overview> {
        let head = self.branch_head(base).await?;
        let (current, recent, upstream, not_ignored) = tokio::try_join!(
            self.current_branch(),
            self.recent(&head),
            self.upstream(base, &head),
            self.not_ignored(),
        )?;
        Ok(Overview {
            head,
            current,
            recent,
            upstream,
            not_ignored,
        })
    }

    /// Where a branch is; an error that names it if there is none.
    async fn branch_head(&self, branch: &BranchName) -> Result<CommitId> {
        let name = RefName::branch(branch);
        let found = self.resolve(&name).await?;
        found.ok_or_else(|| {
            let message = format!("there is no branch {branch}");
            GitError::refused(ErrorKind::NotFound, message)
        })
    }

    async fn current_branch(&self) -> Result<Option<String>> {
        let call = self.call(["symbolic-ref", "--quiet", "--short", "HEAD"]);
        let output = call.finish().await?;
        Ok((output.code == Some(0)).then(|| one_line(&output.stdout)))
    }

    async fn recent(&self, head: &CommitId) -> Result<Vec<Commit>> {
        // NUL ends each entry: a subject may hold anything else.
        let call = ["log", RECENT, "-z", "--no-show-signature", "--format=%H %s"];
        let output = self.call(call).args([head.as_str(), "--"]).run().await?;
        let mut commits = Vec::new();
        for entry in output.split(|byte| *byte == 0).filter(|e| !e.is_empty()) {
            let (id, subject) = entry.split_at(entry.iter().position(|b| *b == b' ').unwrap_or(0));
            commits.push(Commit {
                id: parse_commit(id)?,
                subject: one_line(subject),
            });
        }
        Ok(commits)
    }

    async fn upstream(&self, base: &BranchName, head: &CommitId) -> Result<Option<(String, u64)>> {
        let format = "--format=%(upstream)";
        let name = RefName::branch(base);
        let output = self.call(["for-each-ref", format, "--", name.as_str()]);
        let upstream = one_line(&output.run().await?);
        if upstream.is_empty() {
            return Ok(None);
        }
        // The branch may be gone there while the setting stays.
        let Some(other) = self.peel(&upstream).await? else {
            return Ok(None);
        };
        let behind = self.count(head, &other).await?;
        let short = upstream.strip_prefix("refs/remotes/").unwrap_or(&upstream);
        Ok(Some((short.to_owned(), behind)))
    }

    /// Asks git itself: people ignore whole directories, by files of their own.
    async fn not_ignored(&self) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for entry in ENTRIES {
            // A directory is ignored if what would be in it is.
            let example = entry.replace('*', "x");
            let example = match example.strip_suffix('/') {
                Some(directory) => format!("{directory}/x"),
                None => example,
            };
            let call = self.call(["check-ignore", "--quiet", "--no-index", "--"]);
            if !call.arg(&example).yes().await? {
                missing.push(entry.to_owned());
            }
        }
        Ok(missing)
    }

    /// Where base is, seen from a commit that somebody wrote down.
    pub(crate) async fn age(&self, base: &BranchName, from: &CommitPrefix) -> Result<Age> {
        let head = self.branch_head(base).await?;
        // Not as a name: a branch may be called `abcd`.
        let disambiguate = format!("--disambiguate={from}");
        let output = self.call(["rev-parse", &disambiguate]).run().await?;
        let text = String::from_utf8_lossy(&output);
        let mut commits = Vec::new();
        for id in text.lines().take(CANDIDATES) {
            commits.extend(self.peel_if_commit(id).await?);
        }
        commits.dedup();
        let [commit] = &commits[..] else {
            return Ok(Age::Unknown);
        };
        if self.contains(&head, commit).await? {
            Ok(Age::Ahead(self.count(commit, &head).await?))
        } else {
            Ok(Age::Diverged)
        }
    }

    async fn peel_if_commit(&self, id: &str) -> Result<Option<CommitId>> {
        let kind = self.call(["cat-file", "-t", id]).finish().await?;
        if kind.code == Some(0) && kind.stdout.trim_ascii() == b"commit" {
            parse_commit(id.as_bytes()).map(Some)
        } else {
            Ok(None)
        }
    }
}

fn one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
