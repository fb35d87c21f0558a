//! Kinds of phases, as far as their artifacts differ.

use crate::id::PhaseName;

/// What form the artifact of a phase has (spec 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is worth building.
    Think,
    /// What will be changed.
    Plan,
    /// The change itself. It needs no artifact.
    Build,
    /// What a reader of the change found.
    Review,
    /// What a user of the change found.
    Qa,
    /// What an attacker of the change found.
    Security,
    /// What was handed over.
    Ship,
    /// A phase of the project's own.
    Custom,
}

impl Kind {
    /// All, in the order of a sprint.
    pub const ALL: [Self; 8] = [
        Self::Think,
        Self::Plan,
        Self::Build,
        Self::Review,
        Self::Qa,
        Self::Security,
        Self::Ship,
        Self::Custom,
    ];

    /// The kind of the phase of this name.
    pub fn of(phase: &PhaseName) -> Self {
        let named = |kind: &&Self| kind.name() == Some(phase.as_str());
        Self::ALL
            .iter()
            .find(named)
            .copied()
            .unwrap_or(Self::Custom)
    }

    /// The name of the one phase of this kind. None for the project's own.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Think => Some("think"),
            Self::Plan => Some("plan"),
            Self::Build => Some("build"),
            Self::Review => Some("review"),
            Self::Qa => Some("qa"),
            Self::Security => Some("security"),
            Self::Ship => Some("ship"),
            Self::Custom => None,
        }
    }

    /// Whether the phase can be complete only with an artifact.
    pub const fn needs_artifact(self) -> bool {
        !matches!(self, Self::Build)
    }
}
