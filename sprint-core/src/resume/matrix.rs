//! The matrix of spec 15.3: what was saved against what the tracker shows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a ticket is, as far as recovery cares (spec 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Every layer has passed and it was marked Done.
    Complete,
    /// A person has to look at it.
    Stuck,
    /// Anything else.
    Other,
}

/// What is done with a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Nothing; it costs no agent.
    Skip,
    /// It is verified, and nothing is implemented.
    ReVerify,
    /// Its agents go on with it, or begin.
    ReImplement,
    /// It stays stuck until a person asks for more.
    Stuck,
    /// It is proven and only has to be marked Done.
    RepairStatus,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::Skip,
        Self::RepairStatus,
        Self::ReVerify,
        Self::ReImplement,
        Self::Stuck,
    ];

    /// The name people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "SKIP",
            Self::ReVerify => "RE_VERIFY",
            Self::ReImplement => "RE_IMPLEMENT",
            Self::Stuck => "STUCK",
            Self::RepairStatus => "REPAIR_STATUS",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The twelve cells, before anything is refined.
pub const fn matrix(class: Class, done: bool, evidence: bool) -> Action {
    match (class, done, evidence) {
        (Class::Complete, true, true) | (Class::Stuck | Class::Other, true, _) => Action::Skip,
        (Class::Complete, false, true) => Action::RepairStatus,
        (Class::Complete, _, false) => Action::ReVerify,
        (Class::Stuck, false, _) => Action::Stuck,
        (Class::Other, false, _) => Action::ReImplement,
    }
}
