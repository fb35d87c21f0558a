//! Root fields of mutations, one after the other on the same store.

mod attachment;
mod comment;
mod input;
mod issue;
mod label;
mod project;
mod relation;
mod state;
mod upload;

use serde_json::{Map, Value};

use self::input::Input;
pub(crate) use self::state::{default_state, move_team, set_state, take_number};
use crate::errors::Failure;
use crate::model::{Actor, HistoryEntry};
use crate::resolve::Outcome;
use crate::settings::Settings;
use crate::store::{self, Store};

/// The largest batch of issues.
pub(crate) const BATCH: usize = 50;

/// What mutations change, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Mutator {
    pub(crate) store: Store,
    pub(crate) now: u64,
    pub(crate) viewer: String,
    pub(crate) settings: Settings,
    pub(crate) urls: Urls,
}

/// Where files go and come from.
#[derive(Debug, Clone)]
pub(crate) struct Urls {
    pub(crate) upload: String,
    pub(crate) asset: String,
}

impl Mutator {
    /// Runs one root field. A failed one leaves the store as it was.
    ///
    /// # Errors
    /// What the service says to inputs that do not fit.
    pub(crate) fn run(
        &mut self,
        field: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Outcome, Failure> {
        let before = self.store.clone();
        let outcome = self.dispatch(field, arguments);
        if outcome.is_err() {
            let seq = self.store.seq;
            self.store = before;
            self.store.seq = seq;
        }
        outcome
    }

    fn dispatch(
        &mut self,
        field: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Outcome, Failure> {
        let id = arguments
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let input = arguments.get("input").and_then(Value::as_object);
        let input = |name| Input::new(name, input);
        let flag = |name: &str| {
            arguments
                .get(name)
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        match field {
            "issueCreate" => self
                .issue_create(&input("IssueCreateInput"))
                .map(Outcome::Issue),
            "issueBatchCreate" => self.issue_batch_create(&input("IssueBatchCreateInput")),
            "issueUpdate" => self
                .issue_update(id, &input("IssueUpdateInput"))
                .map(Outcome::Issue),
            "issueBatchUpdate" => {
                self.issue_batch_update(arguments.get("ids"), &input("IssueUpdateInput"))
            }
            "issueDelete" => self.issue_delete(id, flag("permanentlyDelete")),
            "issueRelationCreate" => self.relation_create(&input("IssueRelationCreateInput")),
            "issueRelationDelete" => self.relation_delete(id),
            "commentCreate" => self.comment_create(&input("CommentCreateInput")),
            "commentUpdate" => {
                self.comment_update(id, &input("CommentUpdateInput"), flag("skipEditedAt"))
            }
            "commentDelete" => self.comment_delete(id),
            "attachmentCreate" => self.attachment_create(&input("AttachmentCreateInput")),
            "attachmentDelete" => self.attachment_delete(id),
            "fileUpload" => self.file_upload(&Input::new("fileUpload", Some(arguments))),
            "issueLabelCreate" => self.label_create(&input("IssueLabelCreateInput")),
            "issueLabelDelete" => self.label_delete(id),
            "projectCreate" => self.project_create(&input("ProjectCreateInput")),
            "projectDelete" => self.project_delete(id),
            _ => Err(Failure::unmodelled(format_args!("mutation {field}"))),
        }
    }

    /// The id a client brought, checked and marked as used; or a new one.
    fn claim_id(
        &mut self,
        entity: &str,
        input: &Input<'_>,
        conflict_status: u16,
    ) -> Result<String, Failure> {
        let Some(id) = input.text("id") else {
            return Ok(self.store.fresh_id());
        };
        crate::ids::check(id)?;
        if self.store.taken.contains(id) {
            return Err(Failure::conflict(entity, id, conflict_status));
        }
        self.store.claim(id);
        Ok(id.to_owned())
    }

    fn me(&self) -> Actor {
        Actor::User(self.viewer.clone())
    }
}

/// Adds an entry to the history of an issue.
fn note(
    store: &mut Store,
    issue: &str,
    actor: Actor,
    now: u64,
    fill: impl FnOnce(&mut HistoryEntry),
) {
    let id = store.fresh_id();
    let mut entry = HistoryEntry {
        id: id.clone(),
        seq: store.next(),
        issue: issue.to_owned(),
        actor,
        created_at: now,
        from_state: None,
        to_state: None,
        from_team: None,
        to_team: None,
        trashed: false,
    };
    fill(&mut entry);
    store::put(&mut store.history, &id, entry);
}
