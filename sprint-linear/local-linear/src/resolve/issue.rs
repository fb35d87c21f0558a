//! Fields of issues, their relations and their history.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::Value;

use super::{
    Answer, Node, View, arguments, date, entity, float, index, maybe_date, reference, strings,
    unmodelled,
};
use crate::errors::Failure;
use crate::model::{Actor, HistoryEntry, Issue, Relation};
use crate::page::connection;

impl Node for Issue {
    const TYPE: &'static str = "Issue";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn updated(&self) -> u64 {
        self.updated_at
    }
    fn seq(&self) -> u64 {
        self.seq
    }
    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "identifier" => ResolvedValue::leaf(self.identifier.as_str()),
            "previousIdentifiers" => strings(&self.previous_identifiers),
            "number" => float(self.number),
            "title" => ResolvedValue::leaf(self.title.as_str()),
            "description" => ResolvedValue::leaf(self.description.clone()),
            "priority" => ResolvedValue::leaf(f64::from(i32::try_from(self.priority).unwrap_or(0))),
            "priorityLabel" => {
                let label = ["No priority", "Urgent", "High", "Medium", "Low"];
                ResolvedValue::leaf(
                    usize::try_from(self.priority)
                        .ok()
                        .and_then(|p| label.get(p))
                        .copied(),
                )
            }
            "estimate" => ResolvedValue::leaf(
                self.estimate
                    .and_then(|e| i32::try_from(e).ok())
                    .map(f64::from),
            ),
            "url" => ResolvedValue::leaf(format!(
                "https://linear.app/local/issue/{}",
                self.identifier
            )),
            "branchName" => ResolvedValue::leaf(self.identifier.to_lowercase()),
            "createdAt" => date(self.created_at),
            "updatedAt" => date(self.updated_at),
            "startedAt" => maybe_date(self.started_at),
            "completedAt" => maybe_date(self.completed_at),
            "canceledAt" => maybe_date(self.canceled_at),
            "archivedAt" => maybe_date(self.archived_at),
            "trashed" => ResolvedValue::leaf(self.trashed.then_some(true)),
            "labelIds" => strings(&self.labels),
            "team" => return reference(view, &view.store.teams, Some(&self.team)),
            "state" => return reference(view, &view.store.states, Some(&self.state)),
            "project" => return reference(view, &view.store.projects, self.project.as_ref()),
            "parent" => return reference(view, &view.store.issues, self.parent.as_ref()),
            "assignee" => return reference(view, &view.store.users, self.assignee.as_ref()),
            "creator" => return reference(view, &view.store.users, Some(&self.creator)),
            _ => return connections(self, view, info),
        })
    }
}

fn connections<'a>(issue: &Issue, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
    let filter = view.filter();
    let index = view.index();
    let wanted = arguments(info).remove("filter").unwrap_or(Value::Null);
    match info.field_name() {
        "labels" => {
            let rows = issue
                .labels
                .iter()
                .filter_map(|id| view.store.labels.get(id))
                .map(Arc::clone)
                .collect();
            connection(view, info, keep(rows, |row| filter.label(row, &wanted))?)
        }
        "comments" => connection(
            view,
            info,
            keep(index::of(&index.comments, &issue.id), |row| {
                filter.comment(row, &wanted)
            })?,
        ),
        "children" => connection(
            view,
            info,
            keep(index::of(&index.children, &issue.id), |row| {
                filter.issue(row, &wanted)
            })?,
        ),
        "attachments" => connection(
            view,
            info,
            keep(index::of(&index.attachments, &issue.id), |row| {
                filter.attachment(row, &wanted)
            })?,
        ),
        "relations" => connection(view, info, index::of(&index.relations, &issue.id)),
        "inverseRelations" => connection(view, info, index::of(&index.inverse, &issue.id)),
        "history" => connection(view, info, index::of(&index.history, &issue.id)),
        _ => unmodelled(view, info, Issue::TYPE),
    }
}

/// The rows that a filter keeps.
pub(super) fn keep<T>(
    rows: Vec<Arc<T>>,
    test: impl Fn(&T) -> Result<bool, Failure>,
) -> Result<Vec<Arc<T>>, Failure> {
    let mut kept = Vec::new();
    for row in rows {
        if test(&row)? {
            kept.push(row);
        }
    }
    Ok(kept)
}

impl Node for Relation {
    const TYPE: &'static str = "IssueRelation";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn seq(&self) -> u64 {
        self.seq
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "type" => ResolvedValue::leaf(self.kind.as_str()),
            "createdAt" | "updatedAt" => date(self.created_at),
            "archivedAt" => ResolvedValue::null(),
            "issue" => return reference(view, &view.store.issues, Some(&self.issue)),
            "relatedIssue" => return reference(view, &view.store.issues, Some(&self.related)),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for HistoryEntry {
    const TYPE: &'static str = "IssueHistory";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn seq(&self) -> u64 {
        self.seq
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        let states = &view.store.states;
        let teams = &view.store.teams;
        Ok(match (info.field_name(), &self.actor) {
            ("id", _) => ResolvedValue::leaf(self.id.as_str()),
            ("createdAt" | "updatedAt", _) => date(self.created_at),
            ("archivedAt", _) => ResolvedValue::null(),
            ("issue", _) => return reference(view, &view.store.issues, Some(&self.issue)),
            ("fromState", _) => return reference(view, states, self.from_state.as_ref()),
            ("toState", _) => return reference(view, states, self.to_state.as_ref()),
            ("fromStateId", _) => ResolvedValue::leaf(self.from_state.clone()),
            ("toStateId", _) => ResolvedValue::leaf(self.to_state.clone()),
            ("fromTeam", _) => return reference(view, teams, self.from_team.as_ref()),
            ("toTeam", _) => return reference(view, teams, self.to_team.as_ref()),
            ("trashed", _) => ResolvedValue::leaf(self.trashed.then_some(true)),
            ("actor", Actor::User(user)) => return reference(view, &view.store.users, Some(user)),
            ("actorId", Actor::User(user)) => ResolvedValue::leaf(user.as_str()),
            ("botActor", Actor::Bot(name)) => ResolvedValue::object(Bot { name: name.clone() }),
            ("actor" | "actorId" | "botActor", _) => ResolvedValue::null(),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

struct Bot {
    name: String,
}

impl ObjectValue for Bot {
    fn type_name(&self) -> &str {
        "ActorBot"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::null(),
            "name" => ResolvedValue::leaf(self.name.as_str()),
            "type" => ResolvedValue::leaf("workflow"),
            "subType" | "avatarUrl" | "userDisplayName" => ResolvedValue::null(),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

/// The issue with this UUID or identifier, as the value of a field.
pub(super) fn by_id<'a>(view: &Rc<View>, id: &str) -> Answer<'a> {
    view.store
        .issue(id)
        .map(|issue| entity(view, issue))
        .ok_or_else(|| Failure::not_found("Issue").into())
}
