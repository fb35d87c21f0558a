//! Copies of what the server keeps, in the order of creation.

use crate::linear::LocalLinear;
use crate::model::{
    Attachment, Comment, HistoryEntry, Issue, Label, Project, Relation, State, StoredFile, Team,
    User,
};
use crate::record::Recorded;
use crate::store::Table;

fn copies<T: Clone>(table: &Table<T>, order: impl Fn(&T) -> u64) -> Vec<T> {
    let mut rows: Vec<T> = table.values().map(|row| T::clone(row)).collect();
    rows.sort_by_key(order);
    rows
}

impl LocalLinear {
    /// The organisation's id.
    pub fn organisation(&self) -> String {
        self.lock().organisation.clone()
    }

    /// The id of the user who owns the key.
    pub fn owner(&self) -> String {
        self.lock().owner.clone()
    }

    /// All people.
    pub fn users(&self) -> Vec<User> {
        copies(&self.lock().store.users, |user| user.created_at)
    }

    /// All teams.
    pub fn teams(&self) -> Vec<Team> {
        copies(&self.lock().store.teams, |team| team.created_at)
    }

    /// All states, deleted ones included.
    pub fn states(&self) -> Vec<State> {
        copies(&self.lock().store.states, |state| state.created_at)
    }

    /// All labels.
    pub fn labels(&self) -> Vec<Label> {
        copies(&self.lock().store.labels, |label| label.created_at)
    }

    /// All projects, trashed ones included.
    pub fn projects(&self) -> Vec<Project> {
        copies(&self.lock().store.projects, |project| project.created_at)
    }

    /// All issues, archived and trashed ones included.
    pub fn issues(&self) -> Vec<Issue> {
        copies(&self.lock().store.issues, |issue| issue.seq)
    }

    /// The issue with this UUID or identifier.
    pub fn issue(&self, id: &str) -> Option<Issue> {
        self.lock().store.issue(id).map(|issue| Issue::clone(issue))
    }

    /// All comments.
    pub fn comments(&self) -> Vec<Comment> {
        copies(&self.lock().store.comments, |comment| comment.seq)
    }

    /// All relations.
    pub fn relations(&self) -> Vec<Relation> {
        copies(&self.lock().store.relations, |relation| relation.seq)
    }

    /// All attachments.
    pub fn attachments(&self) -> Vec<Attachment> {
        copies(&self.lock().store.attachments, |attachment| attachment.seq)
    }

    /// The changes of all issues.
    pub fn history(&self) -> Vec<HistoryEntry> {
        copies(&self.lock().store.history, |entry| entry.seq)
    }

    /// All files, also those that were announced and never sent.
    pub fn files(&self) -> Vec<StoredFile> {
        copies(&self.lock().store.files, |file| file.expires_at)
    }

    /// Every request since the beginning.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.lock().requests.clear();
    }
}
