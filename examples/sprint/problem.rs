//! Which problem is meant, and what there is of the others.

use std::path::Path;

use anyhow::Result;
use sprint_core::id::ProblemId;
use sprint_core::local::layout::Layout;
use sprint_core::local::problems::{Purpose, Resolution, Stop, decide, facts, list, migrate};

use crate::cli::Usage;

/// The problem that is meant.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) layout: Layout,
    /// How it was found.
    pub(crate) by: String,
    /// What a person should know about that.
    pub(crate) warnings: Vec<String>,
}

impl Chosen {
    pub(crate) const fn problem(&self) -> &ProblemId {
        self.layout.problem()
    }
}

/// The problem to run a sprint of. Moves the old layout to where it belongs, and says so.
pub(crate) fn to_run(root: &Path, given: Option<&ProblemId>) -> Result<Chosen> {
    let otherwise = Some(ProblemId::default());
    choose(root, given, &Purpose::Start { otherwise })
}

/// The problem to look at. Changes nothing: the old layout is read where it is.
pub(crate) fn to_look_at(root: &Path, given: Option<&ProblemId>) -> Result<Chosen> {
    choose(root, given, &Purpose::Look)
}

fn choose(root: &Path, given: Option<&ProblemId>, purpose: &Purpose) -> Result<Chosen> {
    let decision = decide(&facts(root, given)?, purpose);
    let warnings = decision.warnings;
    let (layout, by) = match decision.resolution {
        Resolution::Use { problem, by } => (Layout::new(root, problem), by.to_string()),
        Resolution::Migrate { .. } => {
            let moved = migrate(root)?;
            eprintln!(
                "note: moved {} from .claude to .claude/sprints/default, which is active now",
                moved.join(", ")
            );
            (Layout::of_default(root), "moved from the old layout".into())
        }
        Resolution::InPlace { files } => {
            eprintln!(
                "note: {} in .claude belong to the layout before problem directories; `sprint run` \
                 moves them",
                files.join(", ")
            );
            (Layout::legacy(root), "in the old layout".into())
        }
        // There is nothing to see, which is no mistake of whoever looks.
        Resolution::Stop(Stop::Nothing) => (Layout::of_default(root), "there is none yet".into()),
        Resolution::Stop(stop @ Stop::Several(_)) => {
            let listed = list(root)?;
            let lines: String = listed.iter().map(|one| format!("\n  {one}")).collect();
            return Err(Usage(format!("{stop}{lines}")).into());
        }
    };
    Ok(Chosen {
        layout,
        by,
        warnings,
    })
}
