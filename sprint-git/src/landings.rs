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
    /// Whether base is known to have got there.
    arrived: bool,
    /// What base looked like before it, see [`Landings::look`].
    look: String,
}

impl Landings {
    /// Takes base as it is.
    pub(crate) fn begin(&self, head: CommitId) {
        let look = head.to_string();
        self.with(|landings| {
            landings.push(Landing {
                before: None,
                tip: head,
                arrived: true,
                look,
            });
        });
    }

    /// Notes that base is about to go from one commit to another. It may get there even if the
    /// call that moves it fails.
    pub(crate) fn note(&self, before: &CommitId, tip: &CommitId) {
        self.with(|landings| {
            landings.push(Landing {
                before: Some(before.clone()),
                tip: tip.clone(),
                arrived: false,
                look: look(landings, before),
            });
        });
    }

    /// Notes that base got to where it was to go last.
    pub(crate) fn arrived(&self) {
        self.with(|landings| {
            if let Some(last) = landings.last_mut() {
                last.arrived = true;
            }
        });
    }

    /// What base at `head` looks like to who cares only for how others move it: the same before and
    /// after a landing of ours, and another wherever else it goes, back included.
    pub(crate) fn look(&self, head: &CommitId) -> String {
        self.with(|landings| look(landings, head))
    }

    fn all(&self) -> Vec<Landing> {
        self.with(|landings| landings.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Landing>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn look(landings: &[Landing], head: &CommitId) -> String {
    let is_ours = |last: &&Landing| {
        let is_on_its_way = !last.arrived && last.before.as_ref() == Some(head);
        last.tip == *head || is_on_its_way
    };
    match landings.last().filter(is_ours) {
        Some(last) => last.look.clone(),
        None => format!("{head}, not by us"),
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
        for Landing { before, tip, .. } in self.landings.all() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_looks_the_same_after_our_landings_and_another_after_any_other_move() {
        let at = |digit: &str| CommitId::new(digit.repeat(40)).unwrap();
        let landings = Landings::default();
        landings.begin(at("0"));
        let begun = landings.look(&at("0"));
        landings.note(&at("0"), &at("1"));
        assert_eq!(landings.look(&at("0")), begun, "on its way");
        assert_eq!(landings.look(&at("1")), begun);
        landings.arrived();
        assert_eq!(landings.look(&at("1")), begun);
        let back = landings.look(&at("0"));
        assert_ne!(back, begun, "somebody moved it back");
        let foreign = landings.look(&at("2"));
        assert!(foreign != begun && foreign != back);
        landings.note(&at("2"), &at("3"));
        landings.arrived();
        assert_eq!(landings.look(&at("3")), foreign, "we built on it");
    }
}
