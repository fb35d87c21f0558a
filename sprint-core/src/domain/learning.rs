//! What sprints before this one taught, for its agents.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Guidance, TestingLevel};
use crate::domain::path::RepoPath;

/// How often a failure has to have happened before agents are warned of it (spec 5.6).
const FREQUENT: u32 = 3;
/// Failures that the agents of one ticket are warned of, the most frequent first.
const MAX_PATTERNS: usize = 20;

/// A failure that came back. All of it is untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailurePattern {
    /// What the file calls it, `fp-001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The kind of failure.
    #[serde(default)]
    pub error_type: String,
    /// Where it happens: the beginning of a path, without an extension. Nowhere in particular if
    /// empty.
    #[serde(default)]
    pub module: String,
    /// A part of its message.
    pub pattern: String,
    /// What helped.
    #[serde(default)]
    pub resolution: String,
    /// How often it happened.
    #[serde(default)]
    pub frequency: u32,
    /// The sprint in which it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<String>,
    /// The sprint in which it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// The tickets it happened in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets_affected: Vec<String>,
}

impl FailurePattern {
    /// Whether it happened often enough that agents are warned of it.
    pub const fn is_frequent(&self) -> bool {
        self.frequency >= FREQUENT
    }

    /// Whether it happens in this file: its module is the path without the extension, or whole
    /// components at the beginning of it.
    pub fn is_in(&self, file: &RepoPath) -> bool {
        let module = self.module.trim().trim_end_matches('/');
        let path = file.as_str();
        let stem = match path.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') && !stem.is_empty() => stem,
            Some(_) | None => path,
        };
        let rest = stem.strip_prefix(module);
        !module.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn told(&self) -> String {
        let kind = match self.error_type.trim() {
            "" => "failure",
            kind => kind,
        };
        let mut text = format!(
            "{kind} in {}, {} times: {}",
            self.module, self.frequency, self.pattern
        );
        if !self.resolution.trim().is_empty() {
            text = format!("{text}; what helped: {}", self.resolution);
        }
        text
    }
}

/// Everything that sprints before this one taught.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lessons {
    /// Patterns of the code base, from the global progress file; untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patterns: Option<String>,
    /// What earlier sprints on the problem taught, from its progress file; untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Failures that came back, frequent or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure_patterns: Vec<FailurePattern>,
    /// How much is to be tested.
    #[serde(default)]
    pub testing: TestingLevel,
}

impl Lessons {
    /// Whether it teaches nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the agents of a ticket are told that touches these files: of the failures only those
    /// that happened often, and in one of its files (spec 1.3).
    pub fn for_files(&self, files: &BTreeSet<RepoPath>) -> Guidance {
        let concerns = |pattern: &&FailurePattern| {
            pattern.is_frequent() && files.iter().any(|file| pattern.is_in(file))
        };
        let mut patterns: Vec<_> = self.failure_patterns.iter().filter(concerns).collect();
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.frequency));
        let told = patterns.into_iter().take(MAX_PATTERNS);
        Guidance {
            patterns: self.patterns.clone(),
            progress: self.progress.clone(),
            failure_patterns: told.map(FailurePattern::told).collect(),
            testing: self.testing.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(module: &str, frequency: u32) -> FailurePattern {
        FailurePattern {
            error_type: "type_error".into(),
            module: module.into(),
            pattern: "mismatched types".into(),
            resolution: "annotate it".into(),
            frequency,
            ..FailurePattern::default()
        }
    }

    #[test]
    fn a_module_is_the_beginning_of_a_path_in_whole_components() {
        let file = RepoPath::from("src/auth/login.test.ts");
        let modules = [
            "src",
            "src/",
            "src/auth",
            "src/au",
            "src/auth/login.test",
            "src/auth/login",
            "auth",
            "",
            "src/auth/login.test.ts",
        ];
        let matching: Vec<_> = modules
            .into_iter()
            .filter(|module| pattern(module, 3).is_in(&file))
            .collect();
        assert_eq!(matching, ["src", "src/", "src/auth", "src/auth/login.test"]);
        assert!(pattern("Makefile", 3).is_in(&"Makefile".into()));
        assert!(pattern("a.b/c", 3).is_in(&"a.b/c".into()));
    }

    #[test]
    fn agents_hear_of_what_happened_often_in_their_files_and_of_the_worst_first() {
        let lessons = Lessons {
            patterns: Some("use the pool".into()),
            failure_patterns: vec![
                pattern("src/a", 2),
                pattern("src/a", 3),
                pattern("src/b", 9),
                pattern("src", 4),
            ],
            ..Lessons::default()
        };
        let guidance = lessons.for_files(&["src/a.rs".into()].into());
        insta::assert_snapshot!(guidance.failure_patterns.join("\n"), @r"
        type_error in src, 4 times: mismatched types; what helped: annotate it
        type_error in src/a, 3 times: mismatched types; what helped: annotate it
        ");
        assert_eq!(guidance.patterns.as_deref(), Some("use the pool"));
        assert_eq!(lessons.for_files(&[].into()).failure_patterns, [""; 0]);
    }
}
