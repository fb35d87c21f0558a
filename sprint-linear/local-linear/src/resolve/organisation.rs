//! Fields of the organisation, its people, teams, states, labels and projects.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::Value;

use super::issue::keep;
use super::{Answer, Node, View, arguments, date, maybe_date, reference, unmodelled};
use crate::ids;
use crate::limits::Budget;
use crate::model::{Label, Project, State, Team, User};
use crate::page::connection;

impl Node for User {
    const TYPE: &'static str = "User";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "name" | "displayName" => ResolvedValue::leaf(self.name.as_str()),
            "email" => ResolvedValue::leaf(self.email.as_str()),
            "isMe" => ResolvedValue::leaf(self.id == view.viewer),
            "active" => ResolvedValue::leaf(true),
            "admin" => ResolvedValue::leaf(view.settings.admin),
            "app" | "guest" | "owner" => ResolvedValue::leaf(false),
            "createdAt" | "updatedAt" => date(self.created_at),
            "archivedAt" => ResolvedValue::null(),
            "organization" => ResolvedValue::object(Organisation {
                view: Rc::clone(view),
            }),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for Team {
    const TYPE: &'static str = "Team";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        let listed = view.listed();
        let filter = view.filter();
        let wanted = arguments(info).remove("filter").unwrap_or(Value::Null);
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "name" | "displayName" => ResolvedValue::leaf(self.name.as_str()),
            "key" => ResolvedValue::leaf(self.key.as_str()),
            "retiredAt" => maybe_date(self.retired_at),
            "createdAt" | "updatedAt" => date(self.created_at),
            "archivedAt" | "parent" => ResolvedValue::null(),
            "autoCloseParentIssues" => ResolvedValue::leaf(self.auto_close_parents),
            "autoCloseChildIssues" | "requirePriorityToLeaveTriage" => ResolvedValue::leaf(false),
            "autoClosePeriod" => ResolvedValue::null(),
            "triageEnabled" => ResolvedValue::leaf(self.triage_state.is_some()),
            "triageIssueState" => {
                return reference(view, &view.store.states, self.triage_state.as_ref());
            }
            "defaultIssueState" => {
                let state = crate::mutate::default_state(&view.store, self);
                return reference(view, &view.store.states, state.as_ref());
            }
            "organization" => ResolvedValue::object(Organisation {
                view: Rc::clone(view),
            }),
            "states" => {
                let rows = listed
                    .states
                    .values()
                    .filter(|s| s.team == self.id)
                    .map(Arc::clone)
                    .collect();
                return connection(view, info, keep(rows, |row| filter.state(row, &wanted))?);
            }
            "labels" => {
                let rows = listed
                    .labels
                    .values()
                    .filter(|l| l.team.as_ref() == Some(&self.id))
                    .map(Arc::clone);
                return connection(
                    view,
                    info,
                    keep(rows.collect(), |row| filter.label(row, &wanted))?,
                );
            }
            "issues" => {
                let rows = listed
                    .issues
                    .values()
                    .filter(|i| i.team == self.id)
                    .map(Arc::clone)
                    .collect();
                return connection(view, info, keep(rows, |row| filter.issue(row, &wanted))?);
            }
            "projects" => {
                let rows = listed
                    .projects
                    .values()
                    .filter(|p| p.teams.contains(&self.id))
                    .map(Arc::clone)
                    .collect();
                return connection(view, info, keep(rows, |row| filter.project(row, &wanted))?);
            }
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for State {
    const TYPE: &'static str = "WorkflowState";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "name" => ResolvedValue::leaf(self.name.as_str()),
            "type" => ResolvedValue::leaf(self.kind.as_str()),
            "position" => ResolvedValue::leaf(self.position),
            "color" => ResolvedValue::leaf("#bec2c8"),
            "createdAt" | "updatedAt" => date(self.created_at),
            "archivedAt" => maybe_date(self.archived_at),
            "description" | "inheritedFrom" => ResolvedValue::null(),
            "team" => return reference(view, &view.store.teams, Some(&self.team)),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for Label {
    const TYPE: &'static str = "IssueLabel";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "name" => ResolvedValue::leaf(self.name.as_str()),
            "color" => ResolvedValue::leaf(self.color.as_str()),
            "description" => ResolvedValue::leaf(self.description.clone()),
            "isGroup" => ResolvedValue::leaf(false),
            "createdAt" | "updatedAt" => date(self.created_at),
            "archivedAt" | "retiredAt" | "parent" => ResolvedValue::null(),
            "team" => return reference(view, &view.store.teams, self.team.as_ref()),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for Project {
    const TYPE: &'static str = "Project";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn updated(&self) -> u64 {
        self.updated_at
    }
    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        let listed = view.listed();
        let filter = view.filter();
        let wanted = arguments(info).remove("filter").unwrap_or(Value::Null);
        let slug = ids::hex(&ids::shuffle_key(0, &self.id).to_be_bytes()[..6]);
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "name" => ResolvedValue::leaf(self.name.as_str()),
            "description" => ResolvedValue::leaf(self.description.as_str()),
            "content" => ResolvedValue::leaf(self.content.clone()),
            "createdAt" => date(self.created_at),
            "updatedAt" => date(self.updated_at),
            "archivedAt" => maybe_date(self.archived_at),
            "trashed" => ResolvedValue::leaf(self.trashed.then_some(true)),
            "url" => ResolvedValue::leaf(format!("https://linear.app/local/project/{slug}")),
            "slugId" => ResolvedValue::leaf(slug),
            "creator" => return reference(view, &view.store.users, Some(&self.creator)),
            "teams" => {
                let rows = self
                    .teams
                    .iter()
                    .filter_map(|id| listed.teams.get(id))
                    .map(Arc::clone)
                    .collect();
                return connection(view, info, keep(rows, |row| filter.team(row, &wanted))?);
            }
            "issues" => {
                let rows = listed
                    .issues
                    .values()
                    .filter(|i| i.project.as_ref() == Some(&self.id))
                    .map(Arc::clone);
                return connection(
                    view,
                    info,
                    keep(rows.collect(), |row| filter.issue(row, &wanted))?,
                );
            }
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

/// The one organisation.
pub(super) struct Organisation {
    pub(super) view: Rc<View>,
}

impl ObjectValue for Organisation {
    fn type_name(&self) -> &str {
        "Organization"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.view.organisation.as_str()),
            "name" => ResolvedValue::leaf("Local"),
            "urlKey" => ResolvedValue::leaf("local"),
            "createdAt" | "updatedAt" => date(0),
            "archivedAt" => ResolvedValue::null(),
            _ => return unmodelled(&self.view, info, "Organization"),
        })
    }
}

/// The allowances and what is left of them.
pub(super) struct RateLimit {
    pub(super) budgets: Vec<Budget>,
    pub(super) viewer: String,
}

impl ObjectValue for RateLimit {
    fn type_name(&self) -> &str {
        "RateLimitPayload"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "identifier" => ResolvedValue::leaf(self.viewer.as_str()),
            "kind" => ResolvedValue::leaf("user"),
            "limits" => ResolvedValue::list(
                self.budgets
                    .iter()
                    .map(|b| ResolvedValue::object(b.clone())),
            ),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

impl ObjectValue for Budget {
    fn type_name(&self) -> &str {
        "RateLimitResultPayload"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "type" => ResolvedValue::leaf(self.name),
            "allowedAmount" => super::float(self.allowed),
            "remainingAmount" => super::float(self.remaining),
            "requestedAmount" => super::float(self.requested),
            "period" => super::float(3_600_000),
            "reset" => super::float(self.reset_at),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}
