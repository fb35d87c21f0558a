//! Which of a team's workflow states is meant.

use std::fmt;

use sprint_core::domain::ticket::TicketStatus;

use crate::call_error::printable;
use crate::ops::team as ops;
use crate::team::kind::Kind;

/// A team and its workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Team {
    pub(crate) id: String,
    /// What its identifiers begin with.
    pub(crate) key: String,
    pub(crate) name: String,
    /// Whether Linear completes a parent when its last child is completed.
    pub(crate) auto_closes_parents: bool,
    /// In the order of the workflow.
    pub(crate) states: Vec<State>,
}

/// A workflow state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// Why no state can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("team {team} {problem}: {states}", states = Choices(.states))]
pub(crate) struct Unclear {
    team: String,
    problem: String,
    states: Vec<State>,
}

/// Names of states for an error.
struct Choices<'a>(&'a [State]);

impl fmt::Display for Choices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |state: &State| format!("{:?} ({})", state.name, state.kind.name());
        let names: Vec<_> = self.0.iter().map(name).collect();
        f.write_str(&printable(&names.join(", ")))
    }
}

impl Team {
    pub(crate) fn new(team: ops::Team, more: Vec<ops::State>) -> Self {
        let mut states = team.states.nodes;
        states.extend(more);
        states.sort_by(|a, b| {
            let (kinds, places) = (
                Kind::parse(&a.kind).cmp(&Kind::parse(&b.kind)),
                a.position.total_cmp(&b.position),
            );
            kinds.then(places).then_with(|| a.name.cmp(&b.name))
        });
        let state = |state: ops::State| State {
            id: state.id,
            name: state.name,
            kind: Kind::parse(&state.kind),
        };
        Self {
            id: team.id,
            key: team.key,
            name: team.name,
            auto_closes_parents: team.auto_close_parent_issues == Some(true),
            states: states.into_iter().map(state).collect(),
        }
    }

    /// The state with this name, in any case.
    pub(crate) fn named(&self, name: &str) -> Result<&State, Unclear> {
        let wanted = name.trim().to_lowercase();
        let mut states = self.states.iter();
        let found = states.find(|state| state.name.to_lowercase() == wanted);
        found.ok_or_else(|| {
            let problem = format!("has no state {:?}; it has", printable(name));
            self.unclear(problem, |_| true)
        })
    }

    /// The state for work that has begun: the configured one, else the one called "In Progress",
    /// else the first of its type.
    pub(crate) fn started(&self, configured: Option<&str>) -> Result<&State, Unclear> {
        if let Some(name) = configured {
            return self.named_of(name, &Kind::Started);
        }
        let all = self.of(&Kind::Started);
        let usual = all.iter().find(|state| state.is_called("In Progress"));
        let chosen = usual.or_else(|| all.first()).copied();
        chosen.ok_or_else(|| self.none(&Kind::Started))
    }

    /// The state for finished work: the configured one, else the only one of its type.
    pub(crate) fn done(&self, configured: Option<&str>) -> Result<&State, Unclear> {
        if let Some(name) = configured {
            return self.named_of(name, &Kind::Completed);
        }
        match self.of(&Kind::Completed).as_slice() {
            [] => Err(self.none(&Kind::Completed)),
            [only] => Ok(only),
            _ => {
                let problem = "has several states of type completed, one has to be configured";
                Err(self.unclear(problem.into(), |state| state.kind == Kind::Completed))
            }
        }
    }

    /// The state for work that waits: the one called "Todo", else the first of its type.
    pub(crate) fn waiting(&self) -> Result<&State, Unclear> {
        let all = self.of(&Kind::Unstarted);
        let usual = all.iter().find(|state| state.is_called("Todo"));
        let chosen = usual.or_else(|| all.first()).copied();
        chosen.ok_or_else(|| self.none(&Kind::Unstarted))
    }

    /// The states in which a ticket is looked for that has this status. Triage and backlog are not
    /// among them: nobody has said yet that those are to be worked on.
    pub(crate) fn meant_by(
        &self,
        status: TicketStatus,
        started: Option<&str>,
    ) -> Result<Vec<&State>, Unclear> {
        let usual = |kind: Kind, name: &str| {
            let all = self.of(&kind);
            match all.iter().find(|state| state.is_called(name)) {
                Some(state) => vec![*state],
                None => all,
            }
        };
        let found = match (status, started) {
            (TicketStatus::Todo, _) => usual(Kind::Unstarted, "Todo"),
            (TicketStatus::InProgress, Some(name)) => vec![self.named_of(name, &Kind::Started)?],
            (TicketStatus::InProgress, None) => usual(Kind::Started, "In Progress"),
            (TicketStatus::Done, _) => self.of(&Kind::Completed),
            (TicketStatus::Cancelled, _) => {
                let mut both = self.of(&Kind::Canceled);
                both.extend(self.of(&Kind::Duplicate));
                both
            }
        };
        if found.is_empty() {
            let problem = format!("has no state that means {status}; it has");
            return Err(self.unclear(problem, |_| true));
        }
        Ok(found)
    }

    fn of(&self, kind: &Kind) -> Vec<&State> {
        let states = self.states.iter();
        states.filter(|state| state.kind == *kind).collect()
    }

    fn named_of(&self, name: &str, kind: &Kind) -> Result<&State, Unclear> {
        let state = self.named(name)?;
        if state.kind == *kind {
            return Ok(state);
        }
        let problem = format!(
            "calls {:?} a state of type {}; needed is one of type {}",
            printable(&state.name),
            printable(state.kind.name()),
            kind.name(),
        );
        Err(self.unclear(problem, |state| state.kind == *kind))
    }

    fn none(&self, kind: &Kind) -> Unclear {
        let problem = format!("has no state of type {}; it has", kind.name());
        self.unclear(problem, |_| true)
    }

    fn unclear(&self, problem: String, choice: impl Fn(&State) -> bool) -> Unclear {
        Unclear {
            team: printable(&self.key),
            problem,
            states: self.states.iter().filter(|s| choice(s)).cloned().collect(),
        }
    }
}

impl State {
    fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(states: &[(&str, &str)]) -> Team {
        let state = |(name, kind): &(&str, &str)| State {
            id: format!("id of {name}"),
            name: (*name).to_owned(),
            kind: Kind::parse(kind),
        };
        Team {
            id: "id".into(),
            key: "ENG".into(),
            name: "Engine".into(),
            auto_closes_parents: false,
            states: states.iter().map(state).collect(),
        }
    }

    fn shown(chosen: Result<&State, Unclear>) -> String {
        chosen.map_or_else(|error| error.to_string(), |state| state.name.clone())
    }

    #[test]
    fn the_usual_states_are_found_without_being_named() {
        let usual = team(&[
            ("Backlog", "backlog"),
            ("Todo", "unstarted"),
            ("Ready", "unstarted"),
            ("In Review", "started"),
            ("In progress", "started"),
            ("Done", "completed"),
            ("Canceled", "canceled"),
            ("Duplicate", "duplicate"),
        ]);
        assert_eq!(shown(usual.started(None)), "In progress");
        assert_eq!(shown(usual.done(None)), "Done");
        assert_eq!(shown(usual.waiting()), "Todo");
        let meant = |status, started| {
            let states = usual.meant_by(status, started).expect("there are some");
            let names = states.iter().map(|state| state.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(meant(TicketStatus::Todo, None), "Todo");
        assert_eq!(meant(TicketStatus::InProgress, None), "In progress");
        let review = meant(TicketStatus::InProgress, Some("in review"));
        assert_eq!(review, "In Review");
        assert_eq!(meant(TicketStatus::Done, None), "Done");
        assert_eq!(meant(TicketStatus::Cancelled, None), "Canceled, Duplicate");
    }

    #[test]
    fn what_cannot_be_chosen_is_an_error_with_the_choices() {
        let odd = team(&[
            ("Ready", "unstarted"),
            ("Next", "unstarted"),
            ("Doing", "started"),
            ("Shipped", "completed"),
            ("Released", "completed"),
            ("On\nHold", "paused"),
        ]);
        assert_eq!(shown(odd.started(None)), "Doing");
        assert_eq!(shown(odd.done(Some("released"))), "Released");
        let both = odd.meant_by(TicketStatus::Todo, None).expect("two wait");
        assert_eq!(both.len(), 2);
        let cancelled = odd.meant_by(TicketStatus::Cancelled, None);
        let errors = [
            shown(odd.done(None)),
            shown(odd.done(Some("Done"))),
            shown(odd.done(Some("doing"))),
            shown(team(&[("Done", "completed")]).started(None)),
            cancelled.expect_err("there is none").to_string(),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r#"
        team ENG has several states of type completed, one has to be configured: "Shipped" (completed), "Released" (completed)
        team ENG has no state "Done"; it has: "Ready" (unstarted), "Next" (unstarted), "Doing" (started), "Shipped" (completed), "Released" (completed), "On\nHold" (paused)
        team ENG calls "Doing" a state of type started; needed is one of type completed: "Shipped" (completed), "Released" (completed)
        team ENG has no state of type started; it has: "Done" (completed)
        team ENG has no state that means Cancelled; it has: "Ready" (unstarted), "Next" (unstarted), "Doing" (started), "Shipped" (completed), "Released" (completed), "On\nHold" (paused)
        "#);
    }
}
