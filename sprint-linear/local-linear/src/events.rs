//! What other people and automations do while a client works.

use std::sync::Arc;

use crate::linear::LocalLinear;
use crate::model::{Actor, Comment, Issue};
use crate::mutate::{move_team, set_state};
use crate::store;

impl LocalLinear {
    /// Moves an issue to a state of its team, as somebody or as an automation.
    ///
    /// # Panics
    /// On an unknown issue, and on a state that does not fit its team.
    pub fn move_issue(&self, id: &str, state: &str, actor: Actor) {
        let now = self.now();
        set_state(&mut self.lock().store, id, state, actor, now).expect("the state fits the issue");
    }

    /// Moves an issue to another team: it gets a new identifier and the team's default state.
    ///
    /// # Panics
    /// On an unknown issue or team, and on a team without states.
    pub fn move_team(&self, id: &str, team: &str) {
        let now = self.now();
        let mut state = self.lock();
        let actor = Actor::User(state.owner.clone());
        move_team(&mut state.store, id, team, actor, now).expect("the team exists and has states");
    }

    /// Changes an issue by hand, whatever the rules.
    pub fn edit_issue(&self, id: &str, change: impl FnOnce(&mut Issue)) {
        let now = self.now();
        self.lock().store.edit_issue(id, now, change);
    }

    /// Deletes an issue, which trashes it.
    pub fn trash(&self, id: &str) {
        let now = self.now();
        self.edit_issue(id, |issue| {
            issue.archived_at = Some(now);
            issue.trashed = true;
        });
    }

    /// Archives an issue, as the team's timer does.
    pub fn archive(&self, id: &str) {
        let now = self.now();
        self.edit_issue(id, |issue| issue.archived_at = Some(now));
    }

    /// Removes an issue for good, with nothing left of it but its relations and comments.
    pub fn purge(&self, id: &str) {
        let store = &mut self.lock().store;
        store::take(&mut store.issues, id);
    }

    /// Moves an issue out of the key's sight, as into a private team: it is not found, and not
    /// listed, and relations still name it.
    pub fn hide(&self, id: &str) {
        let store = &mut self.lock().store;
        Arc::make_mut(&mut store.hidden).insert(id.to_owned());
    }

    /// Edits the text of a comment in the application.
    pub fn edit_comment(&self, id: &str, body: &str) {
        let now = self.now();
        let store = &mut self.lock().store;
        if let Some(comment) = store.comments.get(id) {
            let mut comment = Comment::clone(comment);
            comment.body = body.to_owned();
            comment.edited_at = Some(now);
            comment.updated_at = now;
            store::put(&mut store.comments, id, comment);
        }
    }

    /// Deletes a comment in the application.
    pub fn delete_comment(&self, id: &str) {
        let store = &mut self.lock().store;
        store::take(&mut store.comments, id);
    }

    /// Deletes an attachment in the application.
    pub fn delete_attachment(&self, id: &str) {
        let store = &mut self.lock().store;
        store::take(&mut store.attachments, id);
    }

    /// Removes a relation in the application.
    pub fn delete_relation(&self, id: &str) {
        let store = &mut self.lock().store;
        store::take(&mut store.relations, id);
    }

    /// Replaces the bytes of a file, or loses them.
    pub fn replace_file(&self, id: &str, bytes: Option<bytes::Bytes>) {
        let store = &mut self.lock().store;
        if let Some(file) = store.files.get(id) {
            let mut file = crate::model::StoredFile::clone(file);
            file.bytes = bytes;
            store::put(&mut store.files, id, file);
        }
    }
}
