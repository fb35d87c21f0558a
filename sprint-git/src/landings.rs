//! How work got onto base: through us, or by somebody's hand.
//!
//! Agents have the rights of their user, so one can move base to work that nobody has verified. Its
//! branch gives it away: base holds commits of a ticket that did not land. What base held when the
//! repository was opened is taken as it was.

use std::sync::{Mutex, PoisonError};

use sprint_core::failure::ErrorKind;
use sprint_core::id::CommitId;

use crate::error::{GitError, Result};
use crate::refs::RefName;
use crate::repo::Repo;

/// What came onto base with our knowledge.
#[derive(Debug, Default)]
pub(crate) struct Landings(Mutex<Vec<Landing>>);

#[derive(Clone, Debug)]
struct Landing {
    /// What base held before; it came there in another way.
    before: Option<CommitId>,
    tip: CommitId,
}

impl Landings {
    /// Takes base as it is.
    pub(crate) fn begin(&self, head: CommitId) {
        self.push(Landing {
            before: None,
            tip: head,
        });
    }

    /// Notes that base is about to go from one commit to another. It may get there even if the
    /// call that moves it fails.
    pub(crate) fn note(&self, before: &CommitId, tip: &CommitId) {
        self.push(Landing {
            before: Some(before.clone()),
            tip: tip.clone(),
        });
    }

    fn push(&self, landing: Landing) {
        let mut landings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        landings.push(landing);
    }

    fn all(&self) -> Vec<Landing> {
        let landings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        landings.clone()
    }
}

impl Repo {
    /// Fails if base holds the head of a branch with work of its own that did not land through us.
    pub(crate) async fn refuse_moved_base(&self, head: &CommitId) -> Result<()> {
        let base = RefName::branch(&self.base);
        let on_base = self.call(["merge-base", "--is-ancestor", "--"]);
        let on_base = on_base.args([head.as_str(), base.as_str()]);
        if !on_base.yes().await? {
            return Ok(());
        }
        for Landing { before, tip } in self.landings.all() {
            let was_there = match before {
                Some(before) => self.contains(&before, head).await?,
                None => false,
            };
            if !was_there && self.contains(&tip, head).await? {
                return Ok(());
            }
        }
        let (base, now) = (&self.base, self.base_head().await?);
        let message = format!(
            "{base} is at {now}, which holds {head}, work of a ticket that nobody verified: an agent \
             moved {base} or brought its branch forward to it, or somebody merged the branch by hand; \
             look at it, and move {base} back with `git update-ref`, or accept it by starting again"
        );
        Err(GitError::refused(ErrorKind::Fatal, message))
    }
}
