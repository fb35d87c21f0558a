//! Which problem is meant, as a function of what there is (spec 4.1).

use std::fmt;

use crate::id::ProblemId;

/// The files that the layout before problem directories had directly in `.claude`. The commands of
/// the originals look for different subsets of them; this is the union (spec C-32).
pub const LEGACY_FILES: [&str; 5] = [
    "problem-statement.md",
    "sprint-hints.json",
    "sprint-state.json",
    "sprint-dashboard.md",
    "sprint-preflight.json",
];

/// What the problem is needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To start a sprint, or go on with one: the directory is made, the old layout is moved.
    Start {
        /// The problem to work on where there is none at all. For hosts that need no planner: where
        /// tickets are files, a first sprint needs no directory. The pipeline has no such rule.
        otherwise: Option<ProblemId>,
    },
    /// To look: nothing is made and nothing is moved.
    Look,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The problem that the command line names.
    pub given: Option<ProblemId>,
    /// What `.claude/active-problem` says.
    pub marker: Marker,
    /// The directories below `.claude/sprints` whose names are ids, in order.
    pub directories: Vec<ProblemId>,
    /// Which of [`LEGACY_FILES`] are directly in `.claude`, in that order, or on their way from there.
    pub legacy: Vec<&'static str>,
}

/// What the marker says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Marker {
    /// There is none.
    #[default]
    Absent,
    /// It names a problem.
    Names(ProblemId),
    /// It cannot be used; the text says why.
    Bad(String),
}

/// The answer, with what a person should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub resolution: Resolution,
    /// Lower-case fragments.
    pub warnings: Vec<String>,
}

/// Which problem is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// This one.
    Use {
        /// Its id.
        problem: ProblemId,
        /// How it was found.
        by: By,
    },
    /// The one in the old layout, which has to be moved first.
    Migrate {
        /// The files that are there.
        files: Vec<&'static str>,
    },
    /// The one in the old layout, which is read where it is (spec C-33).
    InPlace {
        /// The files that are there.
        files: Vec<&'static str>,
    },
    /// None; the command has to end.
    Stop(Stop),
}

/// How a problem was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The command line names it.
    Argument,
    /// The marker names it.
    Marker,
    /// There is no other.
    OnlyOne,
    /// There is none, and the host has a name for that case.
    Otherwise,
}

/// Why no problem is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// There is none.
    #[error(
        "no problem is defined here; define one, or name one with --problem-id (lower-case letters, \
         digits and hyphens)"
    )]
    Nothing,
    /// There are several.
    #[error("which problem? name one with --problem-id: {}", listed(.0))]
    Several(Vec<ProblemId>),
}

/// Decides. The first rule that matches counts: the argument, the marker, the only directory, the old
/// layout. The marker is read here and never again: a sprint keeps its problem (spec 4.3).
pub fn decide(facts: &Facts, purpose: &Purpose) -> Decision {
    let mut warnings = Vec::new();
    let resolution = resolve(facts, purpose, &mut warnings);
    if !facts.legacy.is_empty()
        && let Resolution::Use { problem, .. } = &resolution
    {
        warnings.push(format!(
            "{} in .claude belong to the layout before problem directories, and {problem} is meant; \
             they are left alone",
            facts.legacy.join(", ")
        ));
    }
    Decision {
        resolution,
        warnings,
    }
}

fn resolve(facts: &Facts, purpose: &Purpose, warnings: &mut Vec<String>) -> Resolution {
    let found = |problem: &ProblemId, by| Resolution::Use {
        problem: problem.clone(),
        by,
    };
    if let Some(given) = &facts.given {
        return found(given, By::Argument);
    }
    match &facts.marker {
        Marker::Absent => {}
        Marker::Names(problem) if facts.directories.contains(problem) => {
            return found(problem, By::Marker);
        }
        Marker::Names(problem) => warnings.push(format!(
            ".claude/active-problem names {problem}, and there is no .claude/sprints/{problem}; it \
             is ignored"
        )),
        Marker::Bad(reason) => {
            warnings.push(format!(".claude/active-problem is ignored: {reason}"));
        }
    }
    if let [only] = &facts.directories[..] {
        return found(only, By::OnlyOne);
    }
    match (&facts.legacy[..], &facts.directories[..], purpose) {
        ([_, ..], _, Purpose::Start { .. }) => Resolution::Migrate {
            files: facts.legacy.clone(),
        },
        ([_, ..], _, Purpose::Look) => Resolution::InPlace {
            files: facts.legacy.clone(),
        },
        (
            [],
            [],
            Purpose::Start {
                otherwise: Some(problem),
            },
        ) => found(problem, By::Otherwise),
        ([], [], Purpose::Start { otherwise: None } | Purpose::Look) => {
            Resolution::Stop(Stop::Nothing)
        }
        ([], several, _) => Resolution::Stop(Stop::Several(several.to_vec())),
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argument => "named by --problem-id",
            Self::Marker => "named by .claude/active-problem",
            Self::OnlyOne => "the only one there is",
            Self::Otherwise => "there is none yet",
        })
    }
}

fn listed(problems: &[ProblemId]) -> String {
    let names: Vec<_> = problems.iter().map(ProblemId::as_str).collect();
    names.join(", ")
}
