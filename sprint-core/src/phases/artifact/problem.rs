//! What is wrong with an artifact.

use std::fmt;

use serde::Serialize;

use crate::id::PhaseName;

/// Longer reasons are cut: they may quote what an agent wrote.
const LONGEST: usize = 200;

/// One thing that is wrong with an artifact, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The member, such as `findings[2].severity`. Empty if it is the document as a whole.
    pub path: String,
    /// What is wrong with it. Printable, on one line.
    pub reason: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        let shown = reason.chars().filter(|c| !c.is_control());
        Self {
            path: path.into(),
            reason: shown.take(LONGEST).collect(),
        }
    }

    pub(crate) fn whole(reason: impl fmt::Display) -> Self {
        Self::new("", reason)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

/// An artifact that is not taken, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not what {phase} has to hand in:{}", listed(.problems))]
pub struct Rejected {
    /// The phase it was handed in for.
    pub phase: PhaseName,
    /// At least one.
    pub problems: Vec<Problem>,
}

fn listed(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    lines.collect()
}
