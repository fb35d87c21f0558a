//! The tables. A copy shares every table that was not changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ids;
use crate::model::{
    Attachment, Comment, HistoryEntry, Issue, Label, Project, Relation, State, StoredFile, Team,
    User,
};

/// Entities by id.
pub(crate) type Table<T> = Arc<BTreeMap<String, Arc<T>>>;

/// Everything the organisation has, at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) users: Table<User>,
    pub(crate) teams: Table<Team>,
    pub(crate) states: Table<State>,
    pub(crate) labels: Table<Label>,
    pub(crate) projects: Table<Project>,
    pub(crate) issues: Table<Issue>,
    pub(crate) comments: Table<Comment>,
    pub(crate) relations: Table<Relation>,
    pub(crate) attachments: Table<Attachment>,
    pub(crate) history: Table<HistoryEntry>,
    pub(crate) files: Table<StoredFile>,
    /// Ids that were used once, also of deleted entities.
    pub(crate) taken: Arc<BTreeSet<String>>,
    /// Issues that the key cannot see, though relations name them.
    pub(crate) hidden: Arc<BTreeSet<String>>,
    /// Counts ids and changes.
    pub(crate) seq: u64,
}

/// Puts an entity into a table, in place of the one with the same id.
pub(crate) fn put<T>(table: &mut Table<T>, id: &str, value: T) {
    Arc::make_mut(table).insert(id.to_owned(), Arc::new(value));
}

/// Takes an entity out of a table.
pub(crate) fn take<T>(table: &mut Table<T>, id: &str) {
    Arc::make_mut(table).remove(id);
}

impl Store {
    /// The next number of the whole server.
    pub(crate) fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// An id made by the server.
    pub(crate) fn fresh_id(&mut self) -> String {
        let id = ids::derived(self.next());
        self.claim(&id);
        id
    }

    /// Notes that an id is used.
    pub(crate) fn claim(&mut self, id: &str) {
        Arc::make_mut(&mut self.taken).insert(id.to_owned());
    }

    /// The issue with this UUID or identifier, old identifiers included.
    pub(crate) fn issue(&self, id: &str) -> Option<&Arc<Issue>> {
        let found = self.issues.get(id).or_else(|| {
            self.issues.values().find(|i| {
                i.identifier == id || i.previous_identifiers.iter().any(|previous| previous == id)
            })
        });
        found.filter(|issue| !self.hidden.contains(&issue.id))
    }

    /// Changes an issue and the time of its last change.
    pub(crate) fn edit_issue(&mut self, id: &str, now: u64, change: impl FnOnce(&mut Issue)) {
        if let Some(issue) = self.issues.get(id) {
            let mut issue = Issue::clone(issue);
            change(&mut issue);
            issue.updated_at = now;
            put(&mut self.issues, id, issue);
        }
    }
}
