//! Noticing that phases which should change files change none (spec 12.4).

use crate::id::TreeId;

/// Completions in a row after which files that stay the same are worth a word.
const WARN_AT: u32 = 2;

/// What the phases that write left behind. Phases that read are not counted: they have nothing to
/// change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoopGuard {
    last: Option<TreeId>,
    same: u32,
}

impl LoopGuard {
    /// A phase that writes was completed with these files.
    pub(super) fn completed(&mut self, tree: &TreeId) {
        if self.last.as_ref() == Some(tree) {
            self.same += 1;
        } else {
            self.same = 1;
            self.last = Some(tree.clone());
        }
    }

    /// How many phases in a row that should have changed files ended with the same ones, if that is
    /// worth a word: two or more.
    pub fn warning(&self) -> Option<u32> {
        (self.same >= WARN_AT).then_some(self.same)
    }
}
