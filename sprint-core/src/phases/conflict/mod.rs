//! Findings of different phases that contradict each other, and how that is resolved (spec 10).
//!
//! [`detect`] compares places, topics and sides, never the meaning of texts; [`resolve`] applies the
//! rules of a [`Rulebook`](rulebook::Rulebook) and records which one decided.

pub mod detect;
pub mod opinion;
mod place;
pub mod precedence;
pub mod precedent;
pub mod resolve;
pub mod rulebook;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{PrecedentId, StanceName, TopicName};
use crate::phases::artifact::Tension;
use crate::phases::artifact::finding::{FindingRef, InvalidFindingRef, Severity};
pub(in crate::phases) use place::normal;

/// Two findings of different phases that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The finding whose phase comes first in the alphabet.
    pub a: Side,
    /// The other one.
    pub b: Side,
    /// What both are about, if they say so.
    pub topic: Option<TopicName>,
    /// How they relate, if an agent said so.
    pub tension: Option<Tension>,
    /// The precedent that an agent thinks applies.
    pub named: Option<PrecedentId>,
    /// Who noticed it.
    pub source: Source,
}

impl Conflict {
    /// What people call it.
    pub fn id(&self) -> ConflictId {
        ConflictId {
            a: self.a.finding.clone(),
            b: self.b.finding.clone(),
        }
    }
}

/// One of two findings that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Which it is.
    pub finding: FindingRef,
    /// How much it matters.
    pub severity: Severity,
    /// Which side of the topic it takes.
    pub stance: Option<StanceName>,
}

/// Who noticed that two findings contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An agent wrote it into its artifact.
    Told,
    /// Place, topic and side show it.
    Detected,
    /// Somebody who was asked understood it so.
    Judged,
}

/// What people call a conflict: its two findings, `review/REV-1+security/SEC-2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConflictId {
    a: FindingRef,
    b: FindingRef,
}

impl ConflictId {
    /// That of these two findings, in whichever order.
    pub fn new(one: FindingRef, other: FindingRef) -> Self {
        let (a, b) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        Self { a, b }
    }
}

impl fmt::Display for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.a, self.b)
    }
}

impl From<ConflictId> for String {
    fn from(id: ConflictId) -> Self {
        id.to_string()
    }
}

/// The text does not name a conflict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConflictId {
    /// It has not two parts.
    #[error("a conflict is named by its two findings, as in review/REV-1+security/SEC-2")]
    Parts,
    /// A part is no finding.
    #[error(transparent)]
    Finding(#[from] InvalidFindingRef),
}

impl std::str::FromStr for ConflictId {
    type Err = InvalidConflictId;

    fn from_str(text: &str) -> Result<Self, InvalidConflictId> {
        let (one, other) = text.split_once('+').ok_or(InvalidConflictId::Parts)?;
        Ok(Self::new(one.parse()?, other.parse()?))
    }
}

impl TryFrom<String> for ConflictId {
    type Error = InvalidConflictId;
    fn try_from(text: String) -> Result<Self, InvalidConflictId> {
        text.parse()
    }
}

/// Which of two findings holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The first; the second is downgraded.
    A,
    /// The second; the first is downgraded.
    B,
    /// Both, by something that has to be done.
    Both,
    /// Nobody knows yet: both stand as they are.
    Deferred,
}

impl Outcome {
    /// The name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Both => "both",
            Self::Deferred => "deferred",
        }
    }
}

impl Outcome {
    /// The same for the two in the other order.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
            Self::Both | Self::Deferred => self,
        }
    }
}

#[cfg(test)]
mod tests;
