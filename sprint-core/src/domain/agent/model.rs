//! Classes of models.

use std::fmt;

/// How strong a model a role needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelTier {
    /// Reads, judges and reports.
    Sonnet,
    /// Writes code.
    Opus,
}

impl ModelTier {
    /// Both classes.
    pub const ALL: [Self; 2] = [Self::Sonnet, Self::Opus];

    /// The lower-case name, which is also the alias of the newest model of the class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sonnet => "sonnet",
            Self::Opus => "opus",
        }
    }
}

impl fmt::Display for ModelTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a model of this name is too weak for every role: the whole "haiku" family is
/// (spec 1.1).
pub fn is_too_weak(model: &str) -> bool {
    model.to_ascii_lowercase().contains("haiku")
}
