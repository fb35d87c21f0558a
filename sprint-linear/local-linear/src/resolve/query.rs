//! Root fields of queries.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::{Map, Value};

use super::issue::{by_id, keep};
use super::organisation::{Organisation, RateLimit};
use super::{Answer, Node, View, arguments, entity, unmodelled};
use crate::errors::Failure;
use crate::page::connection;
use crate::store::Table;

/// The root of queries.
pub(crate) struct Query {
    pub(crate) view: Rc<View>,
}

impl ObjectValue for Query {
    fn type_name(&self) -> &str {
        "Query"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        let view = &self.view;
        let store = &view.store;
        let arguments = arguments(info);
        let id = arguments
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match info.field_name() {
            "viewer" => super::reference(view, &store.users, Some(&view.viewer)),
            "organization" => Ok(ResolvedValue::object(Organisation {
                view: Rc::clone(view),
            })),
            "rateLimitStatus" => Ok(ResolvedValue::object(RateLimit {
                budgets: view.budgets.clone(),
                viewer: view.viewer.clone(),
            })),
            "issue" => by_id(view, id),
            "team" => match store.teams.values().find(|t| t.id == id || t.key == id) {
                Some(team) => Ok(entity(view, team)),
                None => Err(Failure::not_found("Team").into()),
            },
            "project" => one(view, &store.projects, id),
            "comment" => one(view, &store.comments, id),
            "attachment" => one(view, &store.attachments, id),
            "issueRelation" => one(view, &store.relations, id),
            "issueLabel" => one(view, &store.labels, id),
            "workflowState" => one(view, &store.states, id),
            "user" => one(view, &store.users, id),
            _ => self.list(info, &arguments),
        }
    }
}

impl Query {
    fn list<'a>(&'a self, info: &'a ResolveInfo<'a>, arguments: &Map<String, Value>) -> Answer<'a> {
        let view = &self.view;
        let listed = view.listed();
        let store = &view.store;
        let filter = view.filter();
        let wanted = arguments.get("filter").unwrap_or(&Value::Null);
        macro_rules! rows {
            ($table:ident, $test:expr) => {
                connection(
                    view,
                    info,
                    fresh(keep(all(&listed.$table), $test)?, &view.store.$table),
                )
            };
        }
        match info.field_name() {
            "issues" if arguments.get("sort").is_some_and(|sort| !sort.is_null()) => {
                Err(Failure::unmodelled("argument sort of issues").into())
            }
            "issues" => rows!(issues, |row| {
                Ok(!store.hidden.contains(&row.id) && filter.issue(row, wanted)?)
            }),
            "comments" => rows!(comments, |row| filter.comment(row, wanted)),
            "teams" => rows!(teams, |row| filter.team(row, wanted)),
            "workflowStates" => rows!(states, |row| filter.state(row, wanted)),
            "issueLabels" => rows!(labels, |row| filter.label(row, wanted)),
            "projects" => rows!(projects, |row| filter.project(row, wanted)),
            "attachments" => rows!(attachments, |row| filter.attachment(row, wanted)),
            "attachmentsForURL" => {
                let url = arguments
                    .get("url")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                rows!(attachments, |row| Ok(row.url == url))
            }
            "issueRelations" => rows!(relations, |_| Ok(true)),
            _ => unmodelled(view, info, "Query"),
        }
    }
}

fn one<'a, T: Node>(view: &Rc<View>, table: &Table<T>, id: &str) -> Answer<'a> {
    table
        .get(id)
        .map(|value| entity(view, value))
        .ok_or_else(|| Failure::not_found(T::TYPE).into())
}

fn all<T>(table: &Table<T>) -> Vec<Arc<T>> {
    table.values().map(Arc::clone).collect()
}

/// The rows as they are now, though the list that found them may lag.
fn fresh<T: Node>(rows: Vec<Arc<T>>, table: &Table<T>) -> Vec<Arc<T>> {
    rows.into_iter()
        .filter_map(|row| table.get(row.id()).map(Arc::clone))
        .collect()
}
