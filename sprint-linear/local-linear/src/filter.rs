//! Filters. A member the schema has and this server does not know fails loudly.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::errors::Failure;
use crate::model::{Attachment, Comment, Issue, Label, Project, State, Team, User};
use crate::store::Store;
use crate::time;

type Verdict = Result<bool, Failure>;

/// What filters are decided by.
#[derive(Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) store: &'a Store,
    pub(crate) now: u64,
    pub(crate) viewer: &'a str,
}

/// All members must hold; `and` and `or` are known here, the others are the caller's.
fn members(
    filter: &Value,
    whole: &dyn Fn(&Value) -> Verdict,
    member: &dyn Fn(&str, &Value) -> Verdict,
) -> Verdict {
    let Value::Object(filter) = filter else {
        return Ok(true);
    };
    for (name, wanted) in filter {
        let holds = match (name.as_str(), wanted) {
            (_, Value::Null) => true,
            ("and", Value::Array(all)) => every(all, whole)?,
            ("or", Value::Array(any)) => any.is_empty() || some(any, whole)?,
            _ => member(name, wanted)?,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn every<T>(items: &[T], test: impl Fn(&T) -> Verdict) -> Verdict {
    items
        .iter()
        .try_fold(true, |held, item| Ok(held && test(item)?))
}

fn some<T>(items: &[T], test: impl Fn(&T) -> Verdict) -> Verdict {
    items
        .iter()
        .try_fold(false, |held, item| Ok(held || test(item)?))
}

fn unknown(filter: &str, name: &str) -> Verdict {
    Err(Failure::unmodelled(format_args!(
        "member {name} of {filter}"
    )))
}

/// A filter of something that may be missing: `{null: true}` wants it missing, any other member wants it there.
fn nullable<T>(wanted: &Value, there: Option<&T>, test: impl Fn(&T, &Value) -> Verdict) -> Verdict {
    match wanted.get("null").and_then(Value::as_bool) {
        Some(missing) => Ok(missing == there.is_none()),
        None => there.map_or(Ok(false), |it| test(it, wanted)),
    }
}

/// A filter of a collection: `some`, `every`, `length`, or the members of `some` directly.
fn collection<T>(filter: &Value, rows: &[Arc<T>], test: &dyn Fn(&T, &Value) -> Verdict) -> Verdict {
    let mut direct = Map::new();
    let Value::Object(given) = filter else {
        return Ok(true);
    };
    for (name, wanted) in given {
        let holds = match (name.as_str(), wanted) {
            ("some", wanted) => some(rows, |row| test(row, wanted))?,
            ("every", wanted) => every(rows, |row| test(row, wanted))?,
            ("length", wanted) => {
                number(wanted, Some(i64::try_from(rows.len()).unwrap_or(i64::MAX)))?
            }
            ("and", Value::Array(all)) => every(all, |inner| collection(inner, rows, test))?,
            ("or", Value::Array(any)) => some(any, |inner| collection(inner, rows, test))?,
            _ => {
                direct.insert(name.clone(), wanted.clone());
                true
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    let direct = Value::Object(direct);
    if direct.as_object().is_none_or(Map::is_empty) {
        Ok(true)
    } else {
        some(rows, |row| test(row, &direct))
    }
}

impl Filter<'_> {
    pub(crate) fn issue(&self, issue: &Issue, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.issue(issue, inner),
            &|name, wanted| match name {
                "id" => Ok(text(wanted, Some(&issue.id))? || identifier(wanted, issue)),
                "number" => number(wanted, i64::try_from(issue.number).ok()),
                "title" => text(wanted, Some(&issue.title)),
                "description" => text(wanted, issue.description.as_deref()),
                "priority" => number(wanted, Some(issue.priority)),
                "estimate" => number(wanted, issue.estimate),
                "createdAt" => self.date(wanted, Some(issue.created_at)),
                "updatedAt" => self.date(wanted, Some(issue.updated_at)),
                "completedAt" => self.date(wanted, issue.completed_at),
                "canceledAt" => self.date(wanted, issue.canceled_at),
                "startedAt" => self.date(wanted, issue.started_at),
                "archivedAt" => self.date(wanted, issue.archived_at),
                "team" => self
                    .store
                    .teams
                    .get(&issue.team)
                    .map_or(Ok(false), |t| self.team(t, wanted)),
                "state" => self
                    .store
                    .states
                    .get(&issue.state)
                    .map_or(Ok(false), |s| self.state(s, wanted)),
                "project" => {
                    let project = issue
                        .project
                        .as_ref()
                        .and_then(|id| self.store.projects.get(id));
                    nullable(wanted, project, |p, wanted| self.project(p, wanted))
                }
                "parent" => {
                    let parent = issue
                        .parent
                        .as_ref()
                        .and_then(|id| self.store.issues.get(id));
                    nullable(wanted, parent, |p, wanted| self.issue(p, wanted))
                }
                "assignee" => {
                    let user = issue
                        .assignee
                        .as_ref()
                        .and_then(|id| self.store.users.get(id));
                    nullable(wanted, user, |u, wanted| self.user(u, wanted))
                }
                "labels" => {
                    let labels: Vec<_> = issue
                        .labels
                        .iter()
                        .filter_map(|id| self.store.labels.get(id))
                        .map(Arc::clone)
                        .collect();
                    collection(wanted, &labels, &|l, wanted| self.label(l, wanted))
                }
                _ => self.issue_among_issues(issue, name, wanted),
            },
        )
    }

    /// Members that look at other issues.
    fn issue_among_issues(&self, issue: &Issue, name: &str, wanted: &Value) -> Verdict {
        match name {
            "children" => {
                let children = self
                    .store
                    .issues
                    .values()
                    .filter(|i| i.parent.as_ref() == Some(&issue.id));
                let children: Vec<_> = children.map(Arc::clone).collect();
                collection(wanted, &children, &|i, wanted| self.issue(i, wanted))
            }
            "hasBlockedByRelations" => {
                let there = self
                    .store
                    .relations
                    .values()
                    .any(|r| r.kind == "blocks" && r.related == issue.id);
                boolean(wanted, there)
            }
            "hasBlockingRelations" => boolean(
                wanted,
                self.store
                    .relations
                    .values()
                    .any(|r| r.kind == "blocks" && r.issue == issue.id),
            ),
            _ => unknown("IssueFilter", name),
        }
    }

    pub(crate) fn comment(&self, comment: &Comment, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.comment(comment, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&comment.id)),
                "body" => text(wanted, Some(&comment.body)),
                "createdAt" => self.date(wanted, Some(comment.created_at)),
                "updatedAt" => self.date(wanted, Some(comment.updated_at)),
                "issue" => nullable(
                    wanted,
                    self.store.issues.get(&comment.issue),
                    |i, wanted| self.issue(i, wanted),
                ),
                "user" => self
                    .store
                    .users
                    .get(&comment.user)
                    .map_or(Ok(false), |u| self.user(u, wanted)),
                "parent" => {
                    let parent = comment
                        .parent
                        .as_ref()
                        .and_then(|id| self.store.comments.get(id));
                    nullable(wanted, parent, |p, wanted| self.comment(p, wanted))
                }
                _ => unknown("CommentFilter", name),
            },
        )
    }

    pub(crate) fn state(&self, state: &State, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.state(state, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&state.id)),
                "name" => text(wanted, Some(&state.name)),
                "type" => text(wanted, Some(&state.kind)),
                "createdAt" => self.date(wanted, Some(state.created_at)),
                "team" => self
                    .store
                    .teams
                    .get(&state.team)
                    .map_or(Ok(false), |t| self.team(t, wanted)),
                _ => unknown("WorkflowStateFilter", name),
            },
        )
    }

    pub(crate) fn team(&self, team: &Team, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.team(team, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&team.id)),
                "key" => text(wanted, Some(&team.key)),
                "name" => text(wanted, Some(&team.name)),
                "retiredAt" => self.date(wanted, team.retired_at),
                "createdAt" => self.date(wanted, Some(team.created_at)),
                _ => unknown("TeamFilter", name),
            },
        )
    }

    pub(crate) fn label(&self, label: &Label, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.label(label, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&label.id)),
                "name" => text(wanted, Some(&label.name)),
                "createdAt" => self.date(wanted, Some(label.created_at)),
                "team" => {
                    let team = label.team.as_ref().and_then(|id| self.store.teams.get(id));
                    nullable(wanted, team, |t, wanted| self.team(t, wanted))
                }
                _ => unknown("IssueLabelFilter", name),
            },
        )
    }

    pub(crate) fn project(&self, project: &Project, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.project(project, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&project.id)),
                "name" => text(wanted, Some(&project.name)),
                "createdAt" => self.date(wanted, Some(project.created_at)),
                "updatedAt" => self.date(wanted, Some(project.updated_at)),
                "accessibleTeams" => {
                    let teams: Vec<_> = project
                        .teams
                        .iter()
                        .filter_map(|id| self.store.teams.get(id))
                        .map(Arc::clone)
                        .collect();
                    collection(wanted, &teams, &|t, wanted| self.team(t, wanted))
                }
                _ => unknown("ProjectFilter", name),
            },
        )
    }

    pub(crate) fn attachment(&self, attachment: &Attachment, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.attachment(attachment, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&attachment.id)),
                "url" => text(wanted, Some(&attachment.url)),
                "title" => text(wanted, Some(&attachment.title)),
                "createdAt" => self.date(wanted, Some(attachment.created_at)),
                "updatedAt" => self.date(wanted, Some(attachment.updated_at)),
                _ => unknown("AttachmentFilter", name),
            },
        )
    }

    fn user(&self, user: &User, filter: &Value) -> Verdict {
        members(
            filter,
            &|inner| self.user(user, inner),
            &|name, wanted| match name {
                "id" => text(wanted, Some(&user.id)),
                "name" | "displayName" => text(wanted, Some(&user.name)),
                "email" => text(wanted, Some(&user.email)),
                "isMe" => boolean(wanted, user.id == self.viewer),
                _ => unknown("UserFilter", name),
            },
        )
    }

    fn date(&self, wanted: &Value, held: Option<u64>) -> Verdict {
        let read = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            time::parse(text, self.now)
                .ok_or_else(|| Failure::input("date is neither a time nor a duration"))
        };
        comparator(wanted, |name, value| {
            Ok(match name {
                "null" => value.as_bool() == Some(held.is_none()),
                "eq" => held == Some(read(value)?),
                "neq" => held != Some(read(value)?),
                "gt" => held.is_some_and(|h| read(value).is_ok_and(|w| h > w)),
                "gte" => held.is_some_and(|h| read(value).is_ok_and(|w| h >= w)),
                "lt" => held.is_some_and(|h| read(value).is_ok_and(|w| h < w)),
                "lte" => held.is_some_and(|h| read(value).is_ok_and(|w| h <= w)),
                _ => return unknown("DateComparator", name),
            })
        })
    }
}

/// Whether a filter for ids names the issue by its identifier.
fn identifier(wanted: &Value, issue: &Issue) -> bool {
    let names = |value: &Value| value.as_str() == Some(&issue.identifier);
    wanted.get("eq").is_some_and(names)
        || wanted
            .get("in")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(names))
}

fn comparator(wanted: &Value, test: impl Fn(&str, &Value) -> Verdict) -> Verdict {
    members(wanted, &|_| unknown("comparator", "and"), &|name, value| {
        test(name, value)
    })
}

fn boolean(wanted: &Value, held: bool) -> Verdict {
    comparator(wanted, |name, value| match name {
        "eq" => Ok(value.as_bool() == Some(held)),
        "neq" => Ok(value.as_bool() != Some(held)),
        _ => unknown("BooleanComparator", name),
    })
}

fn number(wanted: &Value, held: Option<i64>) -> Verdict {
    comparator(wanted, |name, value| {
        let among = |value: &Value| {
            value
                .as_array()
                .is_some_and(|all| all.iter().any(|v| v.as_f64() == float(held)))
        };
        Ok(match name {
            "null" => value.as_bool() == Some(held.is_none()),
            "eq" => value.as_f64() == float(held),
            "neq" => value.as_f64() != float(held),
            "in" => among(value),
            "nin" => !among(value),
            "gt" => float(held) > value.as_f64(),
            "gte" => held.is_some() && float(held) >= value.as_f64(),
            "lt" => held.is_some() && float(held) < value.as_f64(),
            "lte" => held.is_some() && float(held) <= value.as_f64(),
            _ => return unknown("NumberComparator", name),
        })
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of issues and priorities are small"
)]
fn float(held: Option<i64>) -> Option<f64> {
    held.map(|n| n as f64)
}

fn text(wanted: &Value, held: Option<&str>) -> Verdict {
    comparator(wanted, |name, value| {
        let one = value.as_str().unwrap_or_default();
        let among = || {
            value
                .as_array()
                .is_some_and(|all| all.iter().any(|v| v.as_str() == held))
        };
        let lower = |text: &str| text.to_lowercase();
        let is = |test: &dyn Fn(&str) -> bool| held.is_some_and(test);
        Ok(match name {
            "null" => value.as_bool() == Some(held.is_none()),
            "eq" => held == Some(one),
            "neq" => held != Some(one),
            "in" => among(),
            "nin" => !among(),
            "eqIgnoreCase" => is(&|h| lower(h) == lower(one)),
            "neqIgnoreCase" => !is(&|h| lower(h) == lower(one)),
            "startsWith" => is(&|h| h.starts_with(one)),
            "startsWithIgnoreCase" => is(&|h| lower(h).starts_with(&lower(one))),
            "notStartsWith" => !is(&|h| h.starts_with(one)),
            "endsWith" => is(&|h| h.ends_with(one)),
            "notEndsWith" => !is(&|h| h.ends_with(one)),
            "contains" => is(&|h| h.contains(one)),
            "containsIgnoreCase" => is(&|h| lower(h).contains(&lower(one))),
            "notContains" => !is(&|h| h.contains(one)),
            "notContainsIgnoreCase" => !is(&|h| lower(h).contains(&lower(one))),
            _ => return unknown("StringComparator", name),
        })
    })
}
