//! The contract that every adapter of the port keeps.

use sprint_core::domain::workspace::Workspace;
use sprint_core::id::CommitId;
use sprint_core::ports::Vcs;
use sprint_core::testing::conformance::vcs::{VcsHarness, all};

use crate::support::{Fixture, commit_all, git, write};

impl VcsHarness for Fixture {
    fn vcs(&self) -> &dyn Vcs {
        &self.vcs
    }

    fn write(&self, workspace: &Workspace, path: &str, text: &str) {
        write(&workspace.path, path, text);
    }

    fn advance_base(&self, path: &str, text: &str) -> CommitId {
        write(&self.root, path, text);
        commit_all(&self.root, "outside")
    }

    fn set_checkout_dirty(&self, dirty: bool) {
        if dirty {
            write(&self.root, "a.txt", "changed\n");
        } else {
            git(&self.root, &["checkout", "-q", "a.txt"]);
        }
    }
}

#[tokio::test]
async fn the_adapter_keeps_the_contract() {
    all(Fixture::new).await;
}
