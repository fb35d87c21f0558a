//! The steps and what comes of each.

use serde::Serialize;

use crate::domain::config::CoordinationMode;

/// One step, in the order in which they are taken. The pipeline's own names are in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Room in the context of whoever hosts the engine (0-Pre).
    Context,
    /// Which problem is meant (0-Pre.5), and whether a sprint of it is unfinished (0H).
    Problem,
    /// The branch that the sprint is for (6.1).
    Branch,
    /// One read of the tracker (0A), and whose tickets these are.
    Tracker,
    /// The user's checkout (0B).
    Tree,
    /// What git has to ignore (0E).
    Ignore,
    /// Failures of earlier sprints (0F.5).
    FailurePatterns,
    /// The problem statement (0F.7).
    Statement,
    /// The tool for browser tests (0F.8).
    E2e,
    /// What planning left (0G.5). Before the mode, which it has the default of (spec C-24).
    Hints,
    /// How agents work together (0G).
    Coordination,
    /// What agents may do without asking (0J).
    Permissions,
    /// The tag to return to (0D).
    SafetyTag,
    /// The gate on base (0C).
    Baseline,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 14] = [
        Self::Context,
        Self::Problem,
        Self::Branch,
        Self::Tracker,
        Self::Tree,
        Self::Ignore,
        Self::FailurePatterns,
        Self::Statement,
        Self::E2e,
        Self::Hints,
        Self::Coordination,
        Self::Permissions,
        Self::SafetyTag,
        Self::Baseline,
    ];

    /// A short name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Problem => "problem",
            Self::Branch => "branch",
            Self::Tracker => "tracker",
            Self::Tree => "checkout",
            Self::Ignore => "ignored",
            Self::FailurePatterns => "failures",
            Self::Statement => "statement",
            Self::E2e => "browser",
            Self::Hints => "hints",
            Self::Coordination => "agents",
            Self::Permissions => "permission",
            Self::SafetyTag => "safety tag",
            Self::Baseline => "gate",
        }
    }
}

/// What came of a step. All texts are lower-case fragments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok {
        /// What was found.
        found: String,
    },
    /// The sprint can start, and a person should know something.
    Warning {
        /// What was found.
        found: String,
        /// What to know.
        warnings: Vec<String>,
    },
    /// The sprint must not start.
    Failed {
        /// Why.
        reason: String,
        /// What to do about it.
        next: String,
    },
    /// There was nothing to judge, or it is not to be judged here.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A step with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The step.
    pub step: Step,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All steps with their outcomes, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checklist {
    /// The steps in order, each exactly once.
    pub steps: Vec<Checked>,
    /// How agents are to work together.
    pub mode: CoordinationMode,
}

impl Checklist {
    /// Whether the sprint may start: no step failed.
    pub fn is_ready(&self) -> bool {
        self.failed().is_none()
    }

    /// The step that failed, with its reason and what to do about it.
    pub fn failed(&self) -> Option<(Step, &str, &str)> {
        self.steps
            .iter()
            .find_map(|checked| match &checked.outcome {
                Outcome::Failed { reason, next } => Some((checked.step, &**reason, &**next)),
                Outcome::Ok { .. } | Outcome::Warning { .. } | Outcome::Skipped { .. } => None,
            })
    }

    /// Every warning, with its step.
    pub fn warnings(&self) -> impl Iterator<Item = (Step, &str)> {
        self.steps.iter().flat_map(|checked| {
            let warnings = match &checked.outcome {
                Outcome::Warning { warnings, .. } => &warnings[..],
                Outcome::Ok { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. } => &[],
            };
            warnings.iter().map(|warning| (checked.step, &**warning))
        })
    }
}
