//! How a phase stands, as people see it.

use serde::{Deserialize, Serialize};

/// How a phase stands. `Blocked`, `Ready` and `Stale` are derived from the others and never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not claimed, and something it depends on is neither complete nor waived.
    Blocked,
    /// Not claimed, and nothing it depends on is missing.
    Ready,
    /// An agent works on it.
    Claimed,
    /// It is claimed, and whoever claimed it is gone: it can be claimed again.
    Stale,
    /// Its artifact is saved.
    Complete,
    /// The agent reported that it cannot be done.
    Failed,
    /// It failed, and a person decided to go on without it.
    Waived,
}

impl Standing {
    /// Whether what depends on the phase may begin.
    pub const fn satisfies(self) -> bool {
        matches!(self, Self::Complete | Self::Waived)
    }

    /// The standing in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Claimed => "claimed",
            Self::Stale => "stale",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Waived => "waived",
        }
    }

    /// Whether nothing will happen to the phase unless somebody asks for it.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Waived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_complete_or_waived_lets_others_begin() {
        use Standing::{Blocked, Claimed, Complete, Failed, Ready, Stale, Waived};
        let all = [Blocked, Ready, Claimed, Stale, Complete, Failed, Waived];
        assert_eq!(
            all.map(Standing::satisfies),
            [false, false, false, false, true, false, true]
        );
        assert_eq!(
            all.map(Standing::is_settled),
            [false, false, false, false, true, true, true]
        );
    }
}
