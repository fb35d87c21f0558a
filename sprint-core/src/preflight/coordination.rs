//! How agents should work together, as planning recommends it (spec 3.6).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::config::CoordinationMode;
use crate::domain::hints::Hints;
use crate::domain::ticket::{Size, Ticket};
use crate::plan::edge_cases::EdgeCase;
use crate::plan::files::planned;

/// More tickets that depend on others speak for teams.
const DEPENDENT: usize = 3;
/// More tickets that change files of others speak for teams.
const SHARING: usize = 2;
/// More edge cases speak for teams.
const MANY_EDGE_CASES: u64 = 30;
/// At most so many tickets can do with subagents.
const FEW_TICKETS: usize = 3;
/// Fewer edge cases can do with subagents.
const FEW_EDGE_CASES: u64 = 15;

/// What the rule looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Tickets.
    pub tickets: usize,
    /// Tickets that depend on others.
    pub dependent: usize,
    /// Small tickets.
    pub small: usize,
    /// Large tickets.
    pub large: usize,
    /// Tickets that touch a file which another one touches.
    pub sharing: usize,
    /// Edge cases of all together.
    pub edge_cases: u64,
}

impl Shape {
    /// The shape of what was planned.
    pub fn of_hints(hints: &Hints) -> Self {
        let tickets = hints.tickets.values();
        Self {
            sharing: sharing(tickets.clone().map(|t| t.files().collect())),
            ..Self::of(tickets.map(|ticket| {
                let dependent = ticket.dependencies.as_ref().is_some_and(|d| !d.is_empty());
                let cases = ticket.edge_case_count.unwrap_or_default();
                (ticket.complexity.unwrap_or_default(), dependent, cases)
            }))
        }
    }

    /// The shape of tickets as the tracker has them.
    pub fn of_tickets(tickets: &[Ticket]) -> Self {
        let files: Vec<_> = tickets.iter().map(planned).collect();
        Self {
            sharing: sharing(files.iter().map(|files| files.iter().collect())),
            ..Self::of(tickets.iter().map(|ticket| {
                let cases = u64::try_from(EdgeCase::of(ticket).len()).unwrap_or(u64::MAX);
                (ticket.size, !ticket.blocked_by.is_empty(), cases)
            }))
        }
    }

    fn of(tickets: impl Iterator<Item = (Size, bool, u64)>) -> Self {
        let mut shape = Self::default();
        for (size, dependent, cases) in tickets {
            shape.tickets += 1;
            shape.small += usize::from(size == Size::S);
            shape.large += usize::from(size == Size::L);
            shape.dependent += usize::from(dependent);
            shape.edge_cases = shape.edge_cases.saturating_add(cases);
        }
        shape
    }
}

/// How many of these sets share an element with another one.
fn sharing<T: Ord>(sets: impl Iterator<Item = BTreeSet<T>>) -> usize {
    let mut owners: BTreeMap<T, BTreeSet<usize>> = BTreeMap::new();
    for (number, set) in sets.enumerate() {
        for element in set {
            owners.entry(element).or_default().insert(number);
        }
    }
    let shared = owners.into_values().filter(|owners| owners.len() > 1);
    shared.flatten().collect::<BTreeSet<_>>().len()
}

/// A recommendation with what speaks for each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// The mode.
    pub mode: CoordinationMode,
    /// What speaks for teams; any of it is enough.
    pub teams: Vec<&'static str>,
    /// What speaks for subagents; all four are needed.
    pub subagents: Vec<&'static str>,
}

/// Recommends a mode.
pub fn recommend(shape: &Shape) -> Recommendation {
    let matched = |rules: [(bool, &'static str); 4]| {
        let rules = rules.into_iter().filter(|(holds, _)| *holds);
        rules.map(|(_, what)| what).collect::<Vec<_>>()
    };
    let teams = matched([
        (
            shape.dependent > DEPENDENT,
            "more than 3 tickets depend on others",
        ),
        (shape.large > 0, "a ticket is large"),
        (
            shape.sharing > SHARING,
            "more than 2 tickets change files of each other",
        ),
        (
            shape.edge_cases > MANY_EDGE_CASES,
            "there are more than 30 edge cases",
        ),
    ]);
    let subagents = matched([
        (shape.dependent == 0, "no ticket depends on another"),
        (shape.small == shape.tickets, "every ticket is small"),
        (shape.tickets <= FEW_TICKETS, "there are at most 3 tickets"),
        (
            shape.edge_cases < FEW_EDGE_CASES,
            "there are fewer than 15 edge cases",
        ),
    ]);
    let mode = if teams.is_empty() && subagents.len() == 4 {
        CoordinationMode::Subagents
    } else {
        CoordinationMode::AgentTeams
    };
    Recommendation {
        mode,
        teams,
        subagents,
    }
}
