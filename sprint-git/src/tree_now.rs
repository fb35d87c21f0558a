//! Which tree the files that are here would make.

use sprint_core::id::TreeId;
use sprint_core::ports;

use crate::error::{GitError, Result};
use crate::git_cli::Call;
use crate::reader::GitReader;
use crate::repo::Repo;

impl GitReader {
    /// The tree that committing everything here would make: what is checked out, with changes that
    /// are not committed and files that git does not know, without those that it ignores, and without
    /// those in `.claude` that it does not know: what agents and sprints leave there is no part of the
    /// work. So two looks at the same files give the same tree, committed or not.
    ///
    /// Nothing is written into the repository: the index and the objects that this takes are made in
    /// a temporary directory.
    pub async fn tree_now(&self) -> ports::Result<TreeId> {
        let tree = self.repo.tree_now().await;
        tree.map_err(|error| error.during("look at", self.repo.main.display().to_string()))
    }
}

impl Repo {
    async fn tree_now(&self) -> Result<TreeId> {
        let scratch = tempfile::tempdir();
        let scratch = scratch.map_err(GitError::io(
            "make a temporary folder to look at",
            &self.main,
        ))?;
        let objects = scratch.path().join("objects");
        let made = tokio::fs::create_dir(&objects).await;
        made.map_err(GitError::io("make", &objects))?;
        let index = scratch.path().join("index");
        let theirs = self.call(["rev-parse", "--path-format=absolute", "--git-path", "index"]);
        // With times of files in it, most of them need not be read. One that is not there is not
        // needed.
        let known = tokio::fs::copy(theirs.text().await?, &index).await;
        let aside = |call: Call| call.aside(&index, &objects, &self.common.join("objects"));
        if known.is_err() {
            aside(self.call(["read-tree", "HEAD"])).run().await?;
        }
        aside(self.call(["add", "--update"])).run().await?;
        let others = ["add", "--all", "--", ":(top)", ":(top,exclude).claude"];
        aside(self.call(others)).run().await?;
        let tree = aside(self.call(["write-tree"])).text().await?;
        TreeId::new(tree).map_err(|_| GitError::Unreadable {
            command: "write-tree".into(),
        })
    }
}
