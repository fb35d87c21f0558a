//! Whose findings hold if nothing else decides (spec 10.3).

use serde::{Deserialize, Serialize};

use crate::id::PhaseName;

/// Phases in the order in which their findings hold, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Precedence(pub Vec<PhaseName>);

/// What a project is. It selects a precedence and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectKind {
    /// Strangers use it.
    #[default]
    PublicFacing,
    /// Colleagues use it.
    Internal,
    /// Somebody audits it.
    Compliance,
    /// Programs use it.
    Library,
}

impl ProjectKind {
    /// All, in the order of their declaration.
    pub const ALL: [Self; 4] = [
        Self::PublicFacing,
        Self::Internal,
        Self::Compliance,
        Self::Library,
    ];

    /// The precedence of such a project.
    pub fn precedence(self) -> Precedence {
        let names = match self {
            Self::PublicFacing | Self::Library => ["security", "review", "qa"],
            Self::Internal => ["review", "security", "qa"],
            Self::Compliance => ["security", "qa", "review"],
        };
        Precedence(
            names
                .into_iter()
                .filter_map(|name| PhaseName::new(name).ok())
                .collect(),
        )
    }
}

impl Default for Precedence {
    /// Security, then review, then qa.
    fn default() -> Self {
        ProjectKind::default().precedence()
    }
}

impl Precedence {
    /// Which of two phases is stronger. None if neither is listed: any listed one is stronger than
    /// one that is not.
    pub fn stronger<'a>(&self, one: &'a PhaseName, other: &'a PhaseName) -> Option<&'a PhaseName> {
        let rank = |phase: &PhaseName| self.0.iter().position(|listed| listed == phase);
        match (rank(one), rank(other)) {
            (None, None) => None,
            (Some(_), None) => Some(one),
            (None, Some(_)) => Some(other),
            (Some(first), Some(second)) => Some(if first <= second { one } else { other }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_project_selects_a_list() {
        let row = |kind: ProjectKind| {
            let names: Vec<_> = kind
                .precedence()
                .0
                .iter()
                .map(ToString::to_string)
                .collect();
            format!("{kind:?}: {}", names.join(" > "))
        };
        insta::assert_snapshot!(ProjectKind::ALL.map(row).join("\n"), @r#"
PublicFacing: security > review > qa
Internal: review > security > qa
Compliance: security > qa > review
Library: security > review > qa
"#);
    }

    #[test]
    fn what_is_listed_is_stronger_than_what_is_not() {
        let phase = |name| PhaseName::new(name).unwrap();
        let list = Precedence::default();
        let check = |one, other, expected: Option<&str>| {
            let (one, other) = (phase(one), phase(other));
            let stronger = |a, b| list.stronger(a, b).map(PhaseName::as_str);
            assert_eq!(stronger(&one, &other), expected);
            assert_eq!(stronger(&other, &one), expected);
        };
        check("review", "security", Some("security"));
        check("review", "qa", Some("review"));
        check("qa", "licences", Some("qa"));
        check("privacy", "licences", None);
    }
}
