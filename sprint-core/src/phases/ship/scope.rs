//! What was changed beside the plan (C-095).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::path::RepoPath;
use crate::phases::artifact::summary::DriftStatus;
use crate::phases::conflict::normal;

/// Files that tools write when something else changes.
const LOCK_FILES: &[&str] = &[
    "Cargo.lock",
    "Gemfile.lock",
    "Package.resolved",
    "Pipfile.lock",
    "Podfile.lock",
    "bun.lock",
    "bun.lockb",
    "composer.lock",
    "deno.lock",
    "flake.lock",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pubspec.lock",
    "uv.lock",
    "yarn.lock",
];

/// How what was changed relates to the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// As a whole. What is missing weighs more than what is too much.
    pub status: DriftStatus,
    /// What was changed, and not planned.
    pub out_of_scope: Vec<RepoPath>,
    /// What was planned, and not changed; as the plan wrote it.
    pub missing: Vec<String>,
}

/// Compares what was planned with what was changed.
///
/// A planned path that ends in `/` stands for everything below. Lock files need no plan, also where
/// one was planned and not needed.
pub fn scope(planned: &[String], changed: &BTreeSet<RepoPath>) -> Scope {
    let planned: Vec<Planned<'_>> = planned.iter().map(|told| Planned::new(told)).collect();
    let exempt = |path: &RepoPath| LOCK_FILES.contains(&path.file_name());
    let out_of_scope: Vec<_> = changed
        .iter()
        .filter(|path| !exempt(path) && !planned.iter().any(|planned| planned.covers(path)))
        .cloned()
        .collect();
    let missing: Vec<_> = planned
        .iter()
        .filter(|planned| !changed.iter().any(|path| planned.covers(path)))
        .filter(|planned| !planned.path.as_ref().is_some_and(exempt))
        .map(|planned| planned.told.to_owned())
        .collect();
    let status = match (missing.is_empty(), out_of_scope.is_empty()) {
        (false, _) => DriftStatus::RequirementsMissing,
        (true, false) => DriftStatus::DriftDetected,
        (true, true) => DriftStatus::Clean,
    };
    Scope {
        status,
        out_of_scope,
        missing,
    }
}

struct Planned<'a> {
    told: &'a str,
    /// None if it is no path of the repository.
    path: Option<RepoPath>,
    directory: bool,
}

impl<'a> Planned<'a> {
    fn new(told: &'a str) -> Self {
        Self {
            told,
            path: normal(told).map(|path| RepoPath::from(path.as_str())),
            directory: told.trim_end().ends_with('/'),
        }
    }

    fn covers(&self, path: &RepoPath) -> bool {
        let Some(planned) = &self.path else {
            return false;
        };
        let below = || {
            let rest = path.as_str().strip_prefix(planned.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        planned == path || self.directory && below()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        planned: &[&str],
        changed: &[&str],
        status: DriftStatus,
        out: &[&str],
        missing: &[&str],
    ) {
        let planned: Vec<_> = planned.iter().map(|&path| path.to_owned()).collect();
        let changed = changed.iter().map(|&path| RepoPath::from(path)).collect();
        let scope = scope(&planned, &changed);
        let found: Vec<_> = scope.out_of_scope.iter().map(RepoPath::as_str).collect();
        assert_eq!((scope.status, found.as_slice()), (status, out));
        assert_eq!(scope.missing, missing);
    }

    #[test]
    fn what_is_changed_is_compared_with_what_was_planned() {
        use DriftStatus::{Clean, DriftDetected, RequirementsMissing};
        check(&["src/a.rs"], &["src/a.rs"], Clean, &[], &[]);
        check(&["./src//a.rs"], &["src/a.rs"], Clean, &[], &[]);
        check(&[], &["src/a.rs"], DriftDetected, &["src/a.rs"], &[]);
        check(
            &["a", "b"],
            &["a", "c"],
            RequirementsMissing,
            &["c"],
            &["b"],
        );
        check(
            &["/etc/passwd"],
            &[],
            RequirementsMissing,
            &[],
            &["/etc/passwd"],
        );
    }

    #[test]
    fn a_directory_covers_what_is_below_it() {
        check(
            &["src/"],
            &["src/a/b.rs", "src/c.rs"],
            DriftStatus::Clean,
            &[],
            &[],
        );
        check(
            &["src/"],
            &["srcs/a.rs"],
            DriftStatus::RequirementsMissing,
            &["srcs/a.rs"],
            &["src/"],
        );
        check(
            &["src"],
            &["src/a.rs"],
            DriftStatus::RequirementsMissing,
            &["src/a.rs"],
            &["src"],
        );
    }

    #[test]
    fn lock_files_need_no_plan() {
        check(
            &["a"],
            &["a", "web/package-lock.json", "Cargo.lock"],
            DriftStatus::Clean,
            &[],
            &[],
        );
        check(&["a", "Cargo.lock"], &["a"], DriftStatus::Clean, &[], &[]);
        check(
            &["a"],
            &["a", "my-Cargo.lock"],
            DriftStatus::DriftDetected,
            &["my-Cargo.lock"],
            &[],
        );
    }
}
