//! The files of the repository, as far as phases are about them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sprint_core::domain::path::RepoPath;
use sprint_core::id::{BranchName, CommitId, CommitPrefix};
use sprint_core::local::conductor::Files;
use sprint_core::local::layout::Layout;
use sprint_core::phases::ship::Repository;
use sprint_git::{GitConfig, GitReader};

use crate::conflicts::checked_out;

/// The repository and its branch; none if no branch is checked out, or there is no commit yet.
async fn reader(layout: &Layout) -> Result<Option<(GitReader, BranchName)>> {
    let Ok(branch) = checked_out(layout.root()) else {
        return Ok(None);
    };
    let reader = GitReader::open(GitConfig::new(layout.root(), branch.clone())).await?;
    Ok(Some((reader, branch)))
}

fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(future)
}

/// The commit that is checked out.
pub(super) fn head(layout: &Layout) -> Result<Option<CommitId>> {
    wait(async {
        match reader(layout).await? {
            Some((reader, _)) => Ok(Some(reader.standing().await?.head)),
            None => Ok(None),
        }
    })
}

/// What there is to look at now.
pub(super) fn now(layout: &Layout) -> Result<Files> {
    wait(async {
        match reader(layout).await? {
            Some((reader, branch)) => Ok(Files {
                branch: Some(branch),
                tree: Some(reader.tree_now().await?),
            }),
            None => Ok(Files::default()),
        }
    })
}

/// What would be shipped, and what was changed since the sprint began.
pub(super) fn to_ship(layout: &Layout, base: Option<&CommitId>) -> Result<Repository> {
    wait(async {
        let Some((reader, _)) = reader(layout).await? else {
            return Ok(Repository::default());
        };
        let standing = reader.standing().await?;
        let mut changed: BTreeSet<RepoPath> = standing.dirty.iter().cloned().collect();
        if let Some(base) = base
            && let Some(since) = reader
                .since(&CommitPrefix::new(base.as_str())?, &[])
                .await?
        {
            changed.extend(since.changed);
        }
        let tree = reader.tree_now().await?;
        Ok(Repository {
            // The same tree has no differences; what differs from others is not known.
            changed_since: BTreeMap::from([(tree.clone(), BTreeSet::new())]),
            tree: Some(tree),
            changed,
        })
    })
}
