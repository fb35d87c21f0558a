//! States and teams of issues, and what moves with them.

use super::note;
use crate::errors::Failure;
use crate::model::{Actor, State, Team};
use crate::store::{self, Store};

/// The state of an issue that is created without one, triage aside.
pub(crate) fn default_state(store: &Store, team: &Team) -> Option<String> {
    team.default_state.clone().or_else(|| {
        ["unstarted", "backlog", "started"]
            .iter()
            .find_map(|kind| first(store, &team.id, kind))
            .map(|s| s.id.clone())
    })
}

/// The first state of a type in a team.
fn first<'a>(store: &'a Store, team: &str, kind: &str) -> Option<&'a State> {
    store
        .states
        .values()
        .map(AsRef::as_ref)
        .filter(|s| s.team == team && s.kind == kind && s.archived_at.is_none())
        .min_by(|a, b| a.position.total_cmp(&b.position))
}

/// Moves an issue to a state of its team, and its parent if the team closes parents.
///
/// # Errors
/// An unknown state, or one of another team.
pub(crate) fn set_state(
    store: &mut Store,
    id: &str,
    state: &str,
    actor: Actor,
    now: u64,
) -> Result<(), Failure> {
    let Some(issue) = store.issues.get(id).cloned() else {
        return Err(Failure::not_found("Issue"));
    };
    let Some(to) = store.states.get(state).cloned() else {
        return Err(Failure::not_found("WorkflowState"));
    };
    if to.team != issue.team || to.archived_at.is_some() {
        return Err(Failure::input(
            "The state does not belong to the team of the issue.",
        ));
    }
    if issue.state == to.id {
        return Ok(());
    }
    store.edit_issue(id, now, |issue| {
        issue.state = to.id.clone();
        issue.completed_at = (to.kind == "completed").then_some(now);
        issue.canceled_at = matches!(to.kind.as_str(), "canceled" | "duplicate").then_some(now);
        match to.kind.as_str() {
            "started" => issue.started_at = issue.started_at.or(Some(now)),
            "completed" | "canceled" | "duplicate" => {}
            _ => issue.started_at = None,
        }
    });
    note(store, id, actor, now, |entry| {
        entry.from_state = Some(issue.state.clone());
        entry.to_state = Some(to.id.clone());
    });
    match &issue.parent {
        Some(parent) => close_parent(store, parent, now),
        None => Ok(()),
    }
}

fn close_parent(store: &mut Store, parent: &str, now: u64) -> Result<(), Failure> {
    let Some(parent) = store.issues.get(parent).cloned() else {
        return Ok(());
    };
    let closes = store
        .teams
        .get(&parent.team)
        .is_some_and(|team| team.auto_close_parents);
    let open = |issue: &str| {
        store
            .states
            .get(issue)
            .is_none_or(|s| !matches!(s.kind.as_str(), "completed" | "canceled" | "duplicate"))
    };
    let children_open = store.issues.values().any(|i| {
        i.parent.as_ref() == Some(&parent.id) && i.archived_at.is_none() && open(&i.state)
    });
    if !closes || children_open || !open(&parent.state) {
        return Ok(());
    }
    match first(store, &parent.team, "completed").map(|s| s.id.clone()) {
        Some(done) => set_state(
            store,
            &parent.id,
            &done,
            Actor::Bot("autoCloseParentIssues".to_owned()),
            now,
        ),
        None => Ok(()),
    }
}

/// Moves an issue to another team: new number, new identifier, the team's default state, no foreign labels.
///
/// # Errors
/// An unknown issue or team, or a team without states.
pub(crate) fn move_team(
    store: &mut Store,
    id: &str,
    team: &str,
    actor: Actor,
    now: u64,
) -> Result<(), Failure> {
    let Some(issue) = store.issues.get(id).cloned() else {
        return Err(Failure::not_found("Issue"));
    };
    let Some(to) = store.teams.get(team).cloned() else {
        return Err(Failure::not_found("Team"));
    };
    if issue.team == to.id {
        return Ok(());
    }
    let state =
        default_state(store, &to).ok_or_else(|| Failure::input("The team has no states."))?;
    let number = take_number(store, &to.id);
    let labels: Vec<String> = issue
        .labels
        .iter()
        .filter(|id| {
            store
                .labels
                .get(*id)
                .is_some_and(|l| l.team.as_ref().is_none_or(|t| *t == to.id))
        })
        .cloned()
        .collect();
    store.edit_issue(id, now, |issue| {
        issue.previous_identifiers.push(issue.identifier.clone());
        issue.identifier = format!("{}-{number}", to.key);
        issue.number = number;
        issue.team = to.id.clone();
        issue.state = state.clone();
        issue.labels = labels;
    });
    note(store, id, actor, now, |entry| {
        entry.from_team = Some(issue.team.clone());
        entry.to_team = Some(to.id.clone());
        entry.from_state = Some(issue.state.clone());
        entry.to_state = Some(state);
    });
    Ok(())
}

/// The next number of a team, which is never given out again.
pub(crate) fn take_number(store: &mut Store, team: &str) -> u64 {
    let Some(team) = store.teams.get(team) else {
        return 0;
    };
    let mut team = Team::clone(team);
    let number = team.next_number;
    team.next_number += 1;
    let id = team.id.clone();
    store::put(&mut store.teams, &id, team);
    number
}
