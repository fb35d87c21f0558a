//! The verdict on a sprint (spec 11.2 step 7).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::phases::ship::status::Status;

/// Whether a sprint can be shipped. The worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It can.
    #[default]
    Ready,
    /// It can, and something should be known.
    ReadyWithWarnings,
    /// A person has to decide about a phase that failed.
    NeedsDecision,
    /// It cannot.
    Blocked,
}

impl Verdict {
    /// The name, as people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::ReadyWithWarnings => "READY_WITH_WARNINGS",
            Self::NeedsDecision => "NEEDS_DECISION",
            Self::Blocked => "BLOCKED",
        }
    }

    /// Whether it may be shipped.
    pub const fn may_ship(self) -> bool {
        matches!(self, Self::Ready | Self::ReadyWithWarnings)
    }

    /// What one phase alone would make of it.
    pub(super) const fn of(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ready,
            Status::Warn | Status::Waived => Self::ReadyWithWarnings,
            Status::Failed => Self::NeedsDecision,
            Status::Blocked
            | Status::Stale
            | Status::Invalid
            | Status::Missing
            | Status::Tampered => Self::Blocked,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What conflicts make of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflicts {
    /// All are resolved.
    Settled,
    /// Some were put off, or cannot be understood.
    Open,
    /// Some wait for a person, without whom nothing goes on.
    Unconfirmed,
}

/// The worst of everything. Nothing at all is ready.
pub(super) fn verdict(statuses: impl IntoIterator<Item = Status>, conflicts: Conflicts) -> Verdict {
    let conflicts = match conflicts {
        Conflicts::Settled => Verdict::Ready,
        Conflicts::Open => Verdict::ReadyWithWarnings,
        Conflicts::Unconfirmed => Verdict::Blocked,
    };
    statuses
        .into_iter()
        .map(Verdict::of)
        .fold(conflicts, Verdict::max)
}

/// What a person is asked about a phase that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Do it again.
    Retry,
    /// Go on without its sign-off. This needs a reason.
    Waive,
    /// Do not ship. What happens if nobody can be asked.
    #[default]
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_the_worst_of_all_phases() {
        let pair = |one, other| verdict([one, other], Conflicts::Settled);
        let rows = Status::ALL.map(|one| {
            let short = |verdict| match verdict {
                Verdict::Ready => "ready",
                Verdict::ReadyWithWarnings => "warnings",
                Verdict::NeedsDecision => "decision",
                Verdict::Blocked => "blocked",
            };
            let cells = Status::ALL.map(|other| format!("{:<9}", short(pair(one, other))));
            format!("{one:<9}{}", cells.join("")).trim_end().to_owned()
        });
        insta::assert_snapshot!(rows.join("\n"), @r#"
OK       ready    warnings warnings decision blocked  blocked  blocked  blocked  blocked
WARN     warnings warnings warnings decision blocked  blocked  blocked  blocked  blocked
WAIVED   warnings warnings warnings decision blocked  blocked  blocked  blocked  blocked
FAILED   decision decision decision decision blocked  blocked  blocked  blocked  blocked
BLOCKED  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked
STALE    blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked
INVALID  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked
MISSING  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked
TAMPERED blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked  blocked
"#);
    }

    #[test]
    fn conflicts_make_a_verdict_worse_and_never_better() {
        for status in Status::ALL {
            let alone = Verdict::of(status);
            assert_eq!(verdict([status], Conflicts::Settled), alone);
            let open = verdict([status], Conflicts::Open);
            assert_eq!(open, alone.max(Verdict::ReadyWithWarnings));
            assert_eq!(verdict([status], Conflicts::Unconfirmed), Verdict::Blocked);
        }
        assert_eq!(verdict([], Conflicts::Settled), Verdict::Ready);
    }

    #[test]
    fn nobody_to_ask_means_stop() {
        assert_eq!(Answer::default(), Answer::Stop);
    }
}
