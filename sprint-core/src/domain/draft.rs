//! What a planner hands to a tracker: a project, and tickets that do not exist yet.
//!
//! Tickets name each other by keys of the plan, for the tracker gives out identifiers only when it
//! makes them. [`PlanDraft::check`] is the way to a [`CheckedDraft`], which an adapter can make
//! from first to last: every reference is to a ticket of the plan, and every parent comes before
//! its children.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ticket::{Priority, Size};
use crate::id::{DraftKey, ProblemId};

/// The most characters that the name of a project may have (planning 10.1).
pub const MAX_PROJECT_NAME: usize = 50;

/// The most levels of parents that a ticket may have above it; Linear nests no deeper.
pub const MAX_PARENTS: usize = 10;

/// A plan as it was written. Texts in it are untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDraft {
    /// The problem that it solves. Plans of one problem are one plan over time.
    pub problem: ProblemId,
    /// The project that the tickets go into, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectDraft>,
    /// Labels that every ticket gets.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The tickets, in the order in which people should see them.
    pub tickets: Vec<TicketDraft>,
}

/// A project that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectDraft {
    /// Its name: one line of at most [`MAX_PROJECT_NAME`] characters.
    pub name: String,
    /// What it is about, in Markdown.
    #[serde(default)]
    pub description: String,
}

/// A ticket that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketDraft {
    /// Its name within the plan.
    pub key: DraftKey,
    /// One line.
    pub title: String,
    /// The description in Markdown, with the headings that [`Ticket`](crate::domain::ticket::Ticket)
    /// is read by.
    #[serde(default)]
    pub body: String,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Estimated size.
    #[serde(default)]
    pub size: Size,
    /// Labels beside those of the plan.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Tickets of the plan that must be done before this one.
    #[serde(default)]
    pub blocked_by: Vec<DraftKey>,
    /// The ticket of the plan that this one is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<DraftKey>,
}

/// What a ticket of the plan names another one as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A ticket that has to be done before.
    Blocker,
    /// The ticket that it is a part of.
    Parent,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocker => "blocked by",
            Self::Parent => "part of",
        })
    }
}

/// Why a plan cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DraftProblem {
    /// There is nothing to make.
    #[error("the plan has no tickets")]
    Empty,
    /// Two tickets have one key.
    #[error("the key {0} is there more than once")]
    DuplicateKey(DraftKey),
    /// A ticket names one that is not in the plan.
    #[error("{ticket} is {reference} {unknown}, which is not in the plan")]
    UnknownKey {
        /// The ticket that names it.
        ticket: DraftKey,
        /// As what.
        reference: Reference,
        /// What it names.
        unknown: DraftKey,
    },
    /// Tickets that wait for each other, or are parts of each other: each names the next, and the
    /// first is repeated at the end.
    #[error("{reference} each other: {}", chain(.tickets))]
    Cycle {
        /// What they are to each other.
        reference: Reference,
        /// The tickets, beginning with the smallest key.
        tickets: Vec<DraftKey>,
    },
    /// A ticket has more than [`MAX_PARENTS`] levels of parents above it.
    #[error("{ticket} has {depth} levels of parents above it, and {MAX_PARENTS} are the most")]
    TooDeep {
        /// The ticket.
        ticket: DraftKey,
        /// How many levels there are.
        depth: usize,
    },
    /// A ticket has no title.
    #[error("{0} has no title")]
    NoTitle(DraftKey),
    /// The project has no name.
    #[error("the project has no name")]
    NoProjectName,
    /// The name of the project has more than [`MAX_PROJECT_NAME`] characters.
    #[error("the name of the project has {0} characters, and {MAX_PROJECT_NAME} are the most")]
    LongProjectName(usize),
}

fn chain(keys: &[DraftKey]) -> String {
    let keys: Vec<_> = keys.iter().map(DraftKey::as_str).collect();
    keys.join(" → ")
}

/// A plan that can be made as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDraft {
    plan: PlanDraft,
    levels: Vec<Vec<DraftKey>>,
}

impl CheckedDraft {
    /// The plan, as it was written.
    pub const fn plan(&self) -> &PlanDraft {
        &self.plan
    }

    /// The tickets by the number of parents above them: those without a parent first, and within
    /// a level in the order of the plan. No level is empty.
    pub fn levels(&self) -> impl Iterator<Item = Vec<&TicketDraft>> {
        let tickets: BTreeMap<_, _> = self.plan.tickets.iter().map(|t| (&t.key, t)).collect();
        self.levels.iter().map(move |level| {
            let of_level = level.iter().filter_map(|key| tickets.get(key).copied());
            of_level.collect()
        })
    }

    /// Which ticket waits for which: `(ticket, blocker)`, each pair once, in the order of the plan.
    pub fn relations(&self) -> Vec<(&DraftKey, &DraftKey)> {
        let mut seen = BTreeSet::new();
        let pairs = self.plan.tickets.iter().flat_map(|ticket| {
            let blockers = ticket.blocked_by.iter();
            blockers.map(move |blocker| (&ticket.key, blocker))
        });
        pairs.filter(|pair| seen.insert(*pair)).collect()
    }

    /// The labels of a ticket: those of the plan, then its own, each once, whatever its case.
    pub fn labels<'a>(&'a self, ticket: &'a TicketDraft) -> Vec<&'a str> {
        let mut seen = BTreeSet::new();
        let labels = self.plan.labels.iter().chain(&ticket.labels);
        let labels = labels.map(|label| label.trim());
        let new = |label: &&str| !label.is_empty() && seen.insert(label.to_lowercase());
        labels.filter(new).collect()
    }
}

impl PlanDraft {
    /// Checks the plan as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in a fixed order: the project, then tickets in the order
    /// of the plan, then cycles and depths.
    pub fn check(self) -> Result<CheckedDraft, Vec<DraftProblem>> {
        let mut problems = self.project_problems();
        problems.extend(self.ticket_problems());
        let blockers = self.edges(|ticket| ticket.blocked_by.iter().collect());
        let parents = self.edges(|ticket| ticket.parent.iter().collect());
        problems.extend(cycles(Reference::Blocker, &blockers));
        let circular = cycles(Reference::Parent, &parents);
        let mut levels: Vec<Vec<DraftKey>> = Vec::new();
        // Nothing in a circle has a depth.
        if circular.is_empty() {
            for ticket in &self.tickets {
                let depth = depth(&parents, &ticket.key);
                if depth > MAX_PARENTS {
                    let ticket = ticket.key.clone();
                    problems.push(DraftProblem::TooDeep { ticket, depth });
                    continue;
                }
                if levels.len() <= depth {
                    levels.resize_with(depth + 1, Vec::new);
                }
                levels[depth].push(ticket.key.clone());
            }
        }
        problems.extend(circular);
        match problems.is_empty() {
            true => Ok(CheckedDraft { plan: self, levels }),
            false => Err(problems),
        }
    }

    fn project_problems(&self) -> Vec<DraftProblem> {
        let Some(project) = &self.project else {
            return Vec::new();
        };
        let length = project.name.trim().chars().count();
        match length {
            0 => vec![DraftProblem::NoProjectName],
            1..=MAX_PROJECT_NAME => Vec::new(),
            _ => vec![DraftProblem::LongProjectName(length)],
        }
    }

    fn ticket_problems(&self) -> Vec<DraftProblem> {
        let keys: BTreeSet<_> = self.tickets.iter().map(|ticket| &ticket.key).collect();
        let mut problems = Vec::new();
        if self.tickets.is_empty() {
            problems.push(DraftProblem::Empty);
        }
        let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for ticket in &self.tickets {
            if !seen.insert(&ticket.key) && twice.insert(&ticket.key) {
                problems.push(DraftProblem::DuplicateKey(ticket.key.clone()));
            }
            if ticket.title.trim().is_empty() {
                problems.push(DraftProblem::NoTitle(ticket.key.clone()));
            }
            let blockers = ticket
                .blocked_by
                .iter()
                .map(|key| (Reference::Blocker, key));
            let named = blockers.chain(ticket.parent.iter().map(|key| (Reference::Parent, key)));
            let unknown = named.filter(|(_, key)| !keys.contains(key));
            problems.extend(unknown.map(|(reference, key)| DraftProblem::UnknownKey {
                ticket: ticket.key.clone(),
                reference,
                unknown: key.clone(),
            }));
        }
        problems
    }

    /// What each ticket names, of the plan.
    fn edges<'a>(&'a self, names: fn(&'a TicketDraft) -> Vec<&'a DraftKey>) -> Edges<'a> {
        let keys: BTreeSet<_> = self.tickets.iter().map(|ticket| &ticket.key).collect();
        let mut edges = Edges::new();
        for ticket in &self.tickets {
            let of_plan = names(ticket).into_iter().filter(|key| keys.contains(key));
            edges.entry(&ticket.key).or_default().extend(of_plan);
        }
        edges
    }
}

type Edges<'a> = BTreeMap<&'a DraftKey, BTreeSet<&'a DraftKey>>;

/// One cycle for each group of tickets that cannot be brought into an order.
fn cycles(reference: Reference, edges: &Edges<'_>) -> Vec<DraftProblem> {
    // What names nothing that is left is in no cycle, and neither is what nothing left names.
    let mut left = edges.clone();
    loop {
        let named: BTreeSet<_> = left.values().flatten().copied().collect();
        let before = left.len();
        left.retain(|key, names| !names.is_empty() && named.contains(key));
        let rest: BTreeSet<_> = left.keys().copied().collect();
        for names in left.values_mut() {
            names.retain(|key| rest.contains(key));
        }
        if left.len() == before {
            break;
        }
    }
    let (mut found, mut told) = (Vec::new(), BTreeSet::new());
    for start in left.keys().copied() {
        if told.contains(start) {
            continue;
        }
        if let Some(walk) = shortest_way_back(&left, start) {
            told.extend(walk.iter().copied());
            let tickets = walk.into_iter().cloned().collect();
            found.push(DraftProblem::Cycle { reference, tickets });
        }
    }
    found
}

/// The shortest walk from a ticket to itself, both ends included.
fn shortest_way_back<'a>(edges: &Edges<'a>, start: &'a DraftKey) -> Option<Vec<&'a DraftKey>> {
    let mut came_from: BTreeMap<&DraftKey, &DraftKey> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for next in edges.get(at).into_iter().flatten().copied() {
            if next == start {
                let mut walk = vec![start];
                let mut back = Some(at);
                while let Some(step) = back.filter(|step| *step != start) {
                    walk.push(step);
                    back = came_from.get(step).copied();
                }
                walk.push(start);
                walk.reverse();
                return Some(walk);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, at);
                open.push_back(next);
            }
        }
    }
    None
}

/// How many parents a ticket has above it, where parents make no circle.
fn depth(parents: &Edges<'_>, key: &DraftKey) -> usize {
    let mut depth = 0;
    let mut at = key;
    while let Some(parent) = parents.get(at).and_then(|parents| parents.first()) {
        depth += 1;
        at = parent;
    }
    depth
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
