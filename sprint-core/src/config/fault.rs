//! What can be wrong with a configuration, and where.

use std::fmt;

use crate::id::InvalidId;

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong, by source and line; never empty.
    pub issues: Vec<Issue>,
    /// What does not stop anything and may explain the rest, such as a misspelt key.
    pub warnings: Vec<Issue>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        for issue in &self.issues {
            write!(f, "\n  {issue}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Which text it is in; none if it is about something that is in neither.
    pub source: Option<Source>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The key, with dots between levels.
    pub key: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl Issue {
    pub(super) fn general(fault: Fault) -> Self {
        Self {
            source: None,
            line: None,
            key: None,
            fault,
        }
    }

    pub(super) fn at(line: u32, fault: Fault) -> Self {
        Self {
            line: Some(line),
            ..Self::general(fault)
        }
    }

    pub(super) fn of_key(line: Option<u32>, key: &str, fault: Fault) -> Self {
        Self {
            line,
            key: Some(key.to_owned()),
            ..Self::general(fault)
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.source {
            write!(f, "{source}")?;
            match self.line {
                Some(line) => write!(f, " line {line}: ")?,
                None => f.write_str(": ")?,
            }
        }
        if let Some(key) = &self.key {
            write!(f, "{}: ", key.escape_debug())?;
        }
        write!(f, "{}", self.fault)
    }
}

/// Where a setting was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The YAML file.
    File,
    /// The block given at the start of the sprint.
    Inline,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Inline => "inline",
        })
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is longer than is read.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The text is not YAML.
    #[error("not valid YAML: {0}")]
    Syntax(String),
    /// Aliases could grow without bound, and a configuration needs none.
    #[error("aliases (*name) are not supported")]
    Alias,
    /// There is more than one document.
    #[error("a second document begins here; only one is read")]
    SecondDocument,
    /// The key is there twice at one level.
    #[error("is there twice")]
    Twice,
    /// The key is not known. This is only a warning.
    #[error("unknown key, ignored{}", suggest(.nearest.as_deref()))]
    UnknownKey {
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// The value is of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The number is too small or too large.
    #[error("must be between {min} and {max}, found {found}")]
    OutOfRange {
        /// The smallest legal value.
        min: u64,
        /// The largest legal value.
        max: u64,
        /// What is there.
        found: String,
    },
    /// The value is none of the few that are allowed.
    #[error("must be one of {allowed}, found {found:?}")]
    NotAmong {
        /// What is allowed.
        allowed: &'static str,
        /// What is there.
        found: String,
    },
    /// A required key has no value.
    #[error("is required and has no value")]
    Missing,
    /// A command is blank.
    #[error("the command is empty")]
    EmptyCommand,
    /// A list must not be empty.
    #[error("the list is empty")]
    EmptyList,
    /// The branch or problem has an impossible name.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// The path leaves the repository.
    #[error("must be a path inside the repository, found {0:?}")]
    OutsidePath(String),
    /// The text cannot be part of a commit subject.
    #[error("must be 1 to 40 printable characters, found {0:?}")]
    BadPrefix(String),
    /// Models of this family are too weak for any role.
    #[error("model {0:?} is not allowed: haiku models are too weak for any role")]
    WeakModel(String),
    /// Verification cannot be switched off.
    #[error("cannot be switched off: without verification nothing may be marked Done")]
    VerificationOff,
    /// The key belongs to another program.
    #[error("belongs to ticket planning, not to a sprint; remove it")]
    PlanningKey,
}

fn suggest(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => String::new(),
    }
}
