//! Looking at an agent before a sprint relies on it.

use std::fmt;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// What: `program`, `version`, `login`, `tools`, `tracker`.
    pub what: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found and, where something has to be done, what.
    pub found: String,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// As it should be.
    Good,
    /// Maybe not as it should be.
    Doubtful,
    /// A sprint cannot be run like that.
    Bad,
}

impl Standing {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "doubt",
            Self::Bad => "bad",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Checkup {
    pub(crate) fn good(what: &'static str, found: impl Into<String>) -> Self {
        let found = found.into();
        Self {
            what,
            standing: Standing::Good,
            found,
        }
    }

    pub(crate) fn doubtful(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            standing: Standing::Doubtful,
            ..Self::good(what, found)
        }
    }

    pub(crate) fn bad(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            standing: Standing::Bad,
            ..Self::good(what, found)
        }
    }
}
