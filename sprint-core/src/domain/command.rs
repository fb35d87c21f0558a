//! Commands we run ourselves, and what we saw when they ran.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::BlobId;

/// The checks of a gate, in the order in which they run and in which blame is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Compiles or bundles.
    Build,
    /// Style and static analysis.
    Lint,
    /// Type checking where it is a step of its own.
    Typecheck,
    /// The test suite.
    Test,
}

impl CheckKind {
    /// All kinds in gate order.
    pub const ALL: [Self; 4] = [Self::Build, Self::Lint, Self::Typecheck, Self::Test];

    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Lint => "lint",
            Self::Typecheck => "typecheck",
            Self::Test => "test",
        }
    }

    /// How many lines of output its evidence keeps (spec 20).
    pub const fn tail_lines(self) -> usize {
        match self {
            Self::Build | Self::Test => 50,
            Self::Lint | Self::Typecheck => 30,
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A command line of the user's configuration, run by `sh -c` exactly as written.
///
/// It is the only text that ever reaches a shell; nothing is substituted into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandLine(String);

impl CommandLine {
    /// A command line; `None` if it is blank or holds a NUL byte.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.trim().is_empty() && !text.contains('\0')).then_some(Self(text))
    }

    /// The line as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It exited by itself with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// We ended it because it ran longer than it may.
    TimedOut,
    /// We ended it because it printed nothing for longer than it may.
    Silent,
}

impl Exit {
    /// Whether it exited by itself with code 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Silent => f.write_str("went silent"),
        }
    }
}

/// One run of one check, observed by us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// Which check.
    pub check: CheckKind,
    /// The command line as it ran, redacted.
    pub command: CommandLine,
    /// How it ended.
    pub exit: Exit,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// The whole output (standard output and error as they came, redacted), as a stored blob.
    pub output: BlobId,
    /// The end of the output, at most [`CheckKind::tail_lines`] lines and 8 KiB, redacted.
    pub tail: String,
    /// How many tests (or linted files) the output reports.
    pub count: Count,
    /// The names of failed tests, where the runner prints them; at most [`MAX_FAILING`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub failing: BTreeSet<String>,
    /// How many secrets were taken out of the output.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub redacted: u64,
    /// The effect that this run was made for, if it was made for another one and its result holds
    /// here: same tree, same command, same environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<String>,
}

/// How many names of failed tests a [`CheckRun`] keeps.
pub const MAX_FAILING: usize = 200;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl CheckRun {
    /// Whether every test that failed is named.
    pub fn names_every_failure(&self) -> bool {
        match self.count {
            Count::Known { failed, .. } => failed > 0 && self.failing.len() as u64 == failed,
            Count::Unknown => false,
        }
    }
}

/// A number read from a tool's output: known, or not stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// The output states these numbers.
    Known {
        /// How many passed, or were looked at.
        passed: u64,
        /// How many failed.
        failed: u64,
        /// How many were skipped.
        skipped: u64,
    },
    /// The output states no number we can read.
    #[default]
    Unknown,
}

impl Count {
    /// Whether the tool says that it did nothing at all, the mark of a silent success.
    pub const fn is_known_zero(self) -> bool {
        matches!(
            self,
            Self::Known {
                passed: 0,
                failed: 0,
                ..
            }
        )
    }

    /// The number of passes, if known.
    pub const fn passed(self) -> Option<u64> {
        match self {
            Self::Known { passed, .. } => Some(passed),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known {
                passed,
                failed,
                skipped,
            } => {
                write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
            }
            Self::Unknown => f.write_str("no count in the output"),
        }
    }
}
