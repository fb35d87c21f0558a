//! Which issues are there, and which of them others have touched.

use std::collections::{BTreeMap, BTreeSet};

use crate::call_error::{CallError, printable};
use crate::create::issues::BATCH;
use crate::create::journal::{Shown, State, What};
use crate::create::read;
use crate::create::rollback::{Rollback, Why};
use crate::once::LOOKS;
use crate::ops::plan::issues::{self, Touched};

impl Rollback<'_> {
    /// Finds out which issues are there, and which of them others have touched.
    pub(super) async fn look_at_issues(&mut self) -> Result<(), CallError> {
        let issues = self.issues();
        for batch in issues.chunks(BATCH) {
            self.judge_all(batch).await?;
        }
        Ok(())
    }

    /// Reads issues, again while some are not seen; the ids of those that are there and cannot be
    /// looked at.
    async fn touches(
        &self,
        batch: &[usize],
    ) -> Result<(BTreeMap<String, Touched>, BTreeSet<String>), CallError> {
        let ids = self.ids(batch);
        let mut found = BTreeMap::new();
        for look in 0..LOOKS.len() {
            self.client.wait_for_look(&LOOKS, look).await;
            found = read::touches(self.client, &ids).await?;
            if found.len() == ids.len() {
                break;
            }
        }
        let mut unseen = BTreeSet::new();
        for id in ids.into_iter().filter(|id| !found.contains_key(id)) {
            if read::issue(self.client, &id)
                .await?
                .is_some_and(|issue| issue.is_live())
            {
                unseen.insert(id);
            }
        }
        Ok((found, unseen))
    }

    /// Looks at issues, and keeps those that others have touched.
    pub(super) async fn judge_all(&mut self, batch: &[usize]) -> Result<(), CallError> {
        let (found, unseen) = self.touches(batch).await?;
        for at in batch {
            let id = self.book.journal.entries[*at].id.clone();
            if unseen.contains(&id) {
                let why = "it is there, but is not listed yet, so nobody knows who touched it";
                self.kept.insert(*at, Why::Failed(why.into()));
            } else {
                self.judge(*at, found.get(&id));
            }
        }
        self.keep_parents();
        Ok(())
    }

    /// What is known of an issue now.
    fn judge(&mut self, at: usize, found: Option<&Touched>) {
        let journal = &self.book.journal;
        let entry = &journal.entries[at];
        let Some(issue) = found.filter(|issue| issue.is_live()) else {
            self.book.journal.entries[at].state = State::TakenBack;
            return;
        };
        let by_others = |said: &issues::Said| {
            said.user
                .as_ref()
                .is_none_or(|user| user.id != self.place.viewer)
        };
        let comments = &issue.comments;
        let commented = comments.page_info.has_next_page || comments.nodes.iter().any(by_others);
        let why = if !journal.marks(entry, issue.description.as_deref()) {
            Some(Why::Unmarked)
        } else if issue.state.id != journal.state {
            Some(Why::Moved(printable(&issue.state.name)))
        } else if commented {
            Some(Why::Commented)
        } else if self.has_other_children(issue) {
            Some(Why::Parent)
        } else {
            None
        };
        let entry = &mut self.book.journal.entries[at];
        entry.shown = Some(Shown {
            name: issue.identifier.clone(),
            url: issue.url.clone(),
        });
        if let Some(why) = why {
            self.kept.insert(at, why);
        }
    }

    /// Whether an issue has children that are not of this journal, or too many to be seen.
    fn has_other_children(&self, issue: &Touched) -> bool {
        let ours: BTreeSet<_> = self
            .book
            .journal
            .entries
            .iter()
            .map(|entry| &entry.id)
            .collect();
        let children = &issue.children;
        // With more than a page of children those of ours go first; then the rest is seen.
        children.nodes.iter().any(|child| !ours.contains(&child.id))
    }

    /// Keeps the parents of what is kept, up to the top.
    pub(super) fn keep_parents(&mut self) {
        // Children come after their parents, so one way back is enough.
        for at in (0..self.book.journal.entries.len()).rev() {
            if !self.kept.contains_key(&at) {
                continue;
            }
            let What::Ticket {
                parent: Some(parent),
                ..
            } = &self.book.journal.entries[at].what
            else {
                continue;
            };
            if let Some(parent) = self.book.journal.ticket(parent)
                && self.book.journal.entries[parent].may_be_there()
            {
                self.kept.entry(parent).or_insert(Why::Parent);
            }
        }
    }
}
