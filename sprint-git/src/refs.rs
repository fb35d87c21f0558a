//! Refs: what ours are called, and how they are read and moved.
//!
//! ```text
//! refs/sprint/{sprint}/open/{ticket}/{generation}/{branch}/base   head of base at the time
//! refs/sprint/{sprint}/open/{ticket}/{generation}/{branch}/work   where the ticket's changes begin
//! refs/sprint/{sprint}/trial                                      the last trial merge
//! refs/sprint/{sprint}/marked/{ticket}/{commit}                   a conflict, for who resolves it
//! refs/sprint/{sprint}/integration                                the integration worktree is ours
//! refs/sprint/rescue/{branch}/{commit}                            work that had to make room
//! ```

use std::collections::BTreeMap;

use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, SprintId, TagName, TicketId};

use crate::error::{GitError, Result};
use crate::git_cli::Call;
use crate::repo::Repo;

/// The name of a ref, made by the functions below only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RefName(String);

impl RefName {
    pub(crate) fn branch(name: &BranchName) -> Self {
        Self(format!("refs/heads/{name}"))
    }

    pub(crate) fn tag(name: &TagName) -> Self {
        Self(format!("refs/tags/{name}"))
    }

    pub(crate) fn pre_merge(sprint: &SprintId, ticket: &TicketId) -> Self {
        Self(format!("{}{ticket}", Self::pre_merges(sprint)))
    }

    /// What the names of a sprint's checkpoints begin with.
    pub(crate) fn pre_merges(sprint: &SprintId) -> String {
        format!("refs/tags/pre-merge-{sprint}-")
    }

    pub(crate) fn rescue(branch: &BranchName, commit: &CommitId) -> Self {
        let short = &commit.as_str()[..12];
        Self(format!("refs/sprint/rescue/{branch}/{short}"))
    }

    pub(crate) fn resolutions() -> Self {
        Self("refs/sprint/resolutions".into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The refs of one sprint.
#[derive(Clone, Debug)]
pub(crate) struct SprintRefs(String);

impl SprintRefs {
    pub(crate) fn new(sprint: &SprintId) -> Result<Self> {
        let kept = match sprint.as_str() {
            "rescue" => Some("rescued work is"),
            "resolutions" => Some("resolved conflicts are"),
            _ => None,
        };
        if let Some(kept) = kept {
            let message =
                format!("a sprint cannot be called {sprint}: {kept} kept under that name");
            return Err(GitError::refused(ErrorKind::Invalid, message));
        }
        Ok(Self(format!("refs/sprint/{sprint}")))
    }

    /// Everything of the sprint.
    pub(crate) fn all(&self) -> String {
        format!("{}/", self.0)
    }

    pub(crate) fn trial(&self) -> RefName {
        RefName(format!("{}/trial", self.0))
    }

    pub(crate) fn marked(&self, ticket: &TicketId, commit: &CommitId) -> RefName {
        let short = &commit.as_str()[..12];
        RefName(format!("{}/marked/{ticket}/{short}", self.0))
    }

    pub(crate) fn integration(&self) -> RefName {
        RefName(format!("{}/integration", self.0))
    }

    /// Says that there is a private worktree of a ticket.
    pub(crate) fn control(&self, ticket: &TicketId) -> RefName {
        RefName(format!("{}{ticket}", self.controls()))
    }

    /// Where the private worktrees of tickets are named.
    pub(crate) fn controls(&self) -> String {
        format!("{}/control/", self.0)
    }

    /// The records of a ticket's workspace; the branch is the next part of their names.
    pub(crate) fn opened(&self, ticket: &TicketId, generation: u32) -> String {
        format!("{}/open/{ticket}/{generation}/", self.0)
    }
}

/// What is recorded about a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The common part of its two refs.
    prefix: String,
    pub(crate) branch: BranchName,
    pub(crate) base: CommitId,
    pub(crate) work_base: CommitId,
}

impl Record {
    pub(crate) fn new(
        opened: &str,
        branch: BranchName,
        base: CommitId,
        work_base: CommitId,
    ) -> Self {
        Self {
            prefix: format!("{opened}{branch}"),
            branch,
            base,
            work_base,
        }
    }

    /// The sprint and the ticket whose workspace it is.
    pub(crate) fn owner(&self) -> Option<(SprintId, TicketId)> {
        let mut parts = self.prefix.strip_prefix("refs/sprint/")?.split('/');
        let sprint = SprintId::new(parts.next()?).ok()?;
        let ticket = TicketId::new(parts.nth(1)?).ok()?;
        Some((sprint, ticket))
    }

    pub(crate) fn refs(&self) -> [RefName; 2] {
        ["base", "work"].map(|part| RefName(format!("{}/{part}", self.prefix)))
    }
}

impl Repo {
    /// The commit a ref leads to, if there is such a ref.
    pub(crate) async fn resolve(&self, name: &RefName) -> Result<Option<CommitId>> {
        self.peel(name.as_str()).await
    }

    /// The head of base.
    pub(crate) async fn base_head(&self) -> Result<CommitId> {
        let base = &self.base;
        self.resolve(&RefName::branch(base)).await?.ok_or_else(|| {
            let message = format!("branch {base} does not exist or has no commit yet");
            GitError::refused(ErrorKind::Invalid, message)
        })
    }

    /// The commit that a full ref name or id means.
    pub(crate) async fn peel(&self, name: &str) -> Result<Option<CommitId>> {
        peel(self.call(PEEL), name).await
    }

    /// Moves a ref to `new` if it is at `old`, or makes it if `old` is `None`.
    pub(crate) async fn move_ref(
        &self,
        name: &RefName,
        new: &CommitId,
        old: Option<&CommitId>,
    ) -> Result<()> {
        // The id of no object says that the ref must not exist.
        let nothing = "0".repeat(new.as_str().len());
        self.call(["update-ref", "-m", "sprint", "--no-deref", "--"])
            .arg(name.as_str())
            .arg(new.as_str())
            .arg(old.map_or(nothing.as_str(), CommitId::as_str))
            .durable()
            .run()
            .await?;
        Ok(())
    }

    /// Makes a ref point at `commit`, wherever it was: for refs that are only ours.
    pub(crate) async fn set_ref(&self, name: &RefName, commit: &CommitId) -> Result<()> {
        let old = self.resolve(name).await?;
        if old.as_ref() == Some(commit) {
            return Ok(());
        }
        self.move_ref(name, commit, old.as_ref()).await
    }

    /// Removes a ref if it is at `old`.
    pub(crate) async fn delete_ref(&self, name: &RefName, old: &CommitId) -> Result<()> {
        self.call(["update-ref", "--no-deref", "-d", "--"])
            .arg(name.as_str())
            .arg(old.as_str())
            .run()
            .await?;
        Ok(())
    }

    /// All refs under a prefix that ends in a slash, or below and at one that does not.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<(RefName, CommitId)>> {
        let format = "--format=%(refname)%00%(objectname)";
        let text = self
            .call(["for-each-ref", format, "--", prefix])
            .text()
            .await?;
        let parse = |line: &str| {
            let (name, id) = line.split_once('\0')?;
            Some((RefName(name.into()), CommitId::new(id).ok()?))
        };
        Ok(text.lines().filter_map(parse).collect())
    }

    /// The records under a prefix. One whose second ref is missing was never finished; it is
    /// left out, and overwritten when its workspace is opened again.
    pub(crate) async fn records(&self, prefix: &str) -> Result<Vec<Record>> {
        let refs = self.list(prefix).await?;
        let known: BTreeMap<_, _> = refs.iter().map(|(name, id)| (name.as_str(), id)).collect();
        let record = |(name, work_base): &(RefName, CommitId)| {
            let prefix = name.0.strip_suffix("/work")?;
            let branch = BranchName::new(prefix.rsplit('/').next()?).ok()?;
            let base = *known.get(format!("{prefix}/base").as_str())?;
            Some(Record {
                prefix: prefix.into(),
                branch,
                base: base.clone(),
                work_base: work_base.clone(),
            })
        };
        Ok(refs.iter().filter_map(record).collect())
    }

    /// Whether `ancestor` is contained in `descendant`.
    pub(crate) async fn contains(
        &self,
        descendant: &CommitId,
        ancestor: &CommitId,
    ) -> Result<bool> {
        self.call(["merge-base", "--is-ancestor", "--"])
            .arg(ancestor.as_str())
            .arg(descendant.as_str())
            .yes()
            .await
    }

    /// How many commits `tip` holds that `since` does not.
    pub(crate) async fn count(&self, since: &CommitId, tip: &CommitId) -> Result<u64> {
        let call = self.call(["rev-list", "--count", "--end-of-options", tip.as_str()]);
        let text = call.arg(format!("^{since}")).text().await?;
        text.trim().parse().map_err(|_| GitError::Unreadable {
            command: "rev-list".into(),
        })
    }

    /// Keeps a commit from being lost, under a name that says whose it was.
    pub(crate) async fn rescue(&self, branch: &BranchName, commit: &CommitId) -> Result<RefName> {
        let name = RefName::rescue(branch, commit);
        self.set_ref(&name, commit).await?;
        Ok(name)
    }
}

/// The call that [`peel`] takes.
pub(crate) const PEEL: [&str; 4] = ["rev-parse", "--verify", "--quiet", "--end-of-options"];

/// The commit that a name means to this call.
pub(crate) async fn peel(call: Call, name: &str) -> Result<Option<CommitId>> {
    let output = call.arg(format!("{name}^{{commit}}")).finish().await?;
    match output.code {
        Some(0) => parse_commit(&output.stdout).map(Some),
        Some(1) => Ok(None),
        Some(_) | None => Err(output.failed("rev-parse".into())),
    }
}

/// Reads a commit id from output.
pub(crate) fn parse_commit(bytes: &[u8]) -> Result<CommitId> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| CommitId::new(text.trim_end()).ok())
        .ok_or_else(|| GitError::Unreadable {
            command: "rev-parse".into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sprint_takes_the_names_of_what_outlives_sprints() {
        for (name, expected) in [
            ("rescue", false),
            ("resolutions", false),
            ("sprint-1", true),
        ] {
            let sprint = SprintId::new(name).unwrap();
            assert_eq!(SprintRefs::new(&sprint).is_ok(), expected, "{name}");
        }
    }
}
