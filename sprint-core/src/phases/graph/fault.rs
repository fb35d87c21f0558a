//! What can be wrong with a graph, in words.

use std::fmt;

use crate::id::PhaseName;
use crate::phases::graph::builtin;

/// One thing that keeps a graph from being used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphFault {
    /// There is nothing to do.
    #[error("the graph has no phases; name at least one")]
    Empty,
    /// It is far larger than a sprint can be.
    #[error("the graph has {count} phases, and {limit} are allowed; split it into several sprints")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The text is no graph at all.
    #[error(
        "the graph cannot be read: {reason}; write a JSON array of {{\"name\", \"depends_on\"}}"
    )]
    Unreadable {
        /// Why not.
        reason: String,
    },
    /// One of its phases is not described as it should be.
    #[error("phase number {number} cannot be read: {reason}")]
    Malformed {
        /// Its place, from 1.
        number: usize,
        /// Why not.
        reason: String,
    },
    /// A name that would not be safe in a path.
    #[error("{reason}; rename the phase")]
    Unsafe {
        /// The name and the rule.
        reason: String,
    },
    /// Two phases have one name.
    #[error("phase {0} is declared more than once; keep one of them")]
    Duplicate(PhaseName),
    /// A phase waits for something that is not there.
    #[error(
        "{phase} depends on {dependency}, which is not in the graph; add it, or remove it from depends_on"
    )]
    Dangling {
        /// Who waits.
        phase: PhaseName,
        /// For what.
        dependency: PhaseName,
    },
    /// Phases wait for each other.
    #[error("{} wait for each other; remove one of these dependencies", chain(.0))]
    Cycle(
        /// Each waits for the next, and the last is the first.
        Vec<PhaseName>,
    ),
    /// A phase that everybody knows is declared as something else.
    #[error(
        "{phase} is always {known}, and cannot be declared {declared}; use another name for another phase"
    )]
    Redefined {
        /// Which.
        phase: PhaseName,
        /// Its class.
        known: &'static str,
        /// What it was to be.
        declared: &'static str,
    },
    /// A list of names holds one that nothing is known about.
    #[error("{0} is not one of {known}; describe phases of your own in JSON", known = builtin::names())]
    NotKnown(PhaseName),
}

fn chain(phases: &[PhaseName]) -> String {
    let names: Vec<_> = phases.iter().map(PhaseName::as_str).collect();
    names.join(" → ")
}

/// Everything that is wrong with a graph; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphFaults(Vec<GraphFault>);

impl GraphFaults {
    /// These faults; nothing if there are none.
    pub(super) fn of(faults: Vec<GraphFault>) -> Result<(), Self> {
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Self(faults)),
        }
    }

    /// The faults.
    pub fn all(&self) -> &[GraphFault] {
        &self.0
    }
}

impl From<GraphFault> for GraphFaults {
    fn from(fault: GraphFault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for GraphFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(GraphFault::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for GraphFaults {}

/// Something worth telling about a graph that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphWarning {
    /// The class of a phase is unknown, so it counts as one that writes (C-012).
    UnknownClass {
        /// Which.
        phase: PhaseName,
        /// What was declared; nothing if nothing was.
        declared: Option<String>,
    },
    /// There is no phase `ship`.
    NoShip,
    /// Ship does not wait for this phase.
    ShipDoesNotWait(PhaseName),
}

impl fmt::Display for GraphWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownClass { phase, declared } => {
                let declared = declared.as_deref().map_or_else(
                    || "says no concurrency".to_owned(),
                    |text| format!("has the unknown concurrency {text:?}"),
                );
                write!(
                    f,
                    "{phase} {declared}, so it runs alone, as a phase that writes"
                )
            }
            Self::NoShip => f.write_str("the graph has no phase ship, so nothing ships it"),
            Self::ShipDoesNotWait(phase) => write!(f, "ship does not wait for {phase}"),
        }
    }
}
