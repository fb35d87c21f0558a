//! The lines of `status`, as the seed of this design shows them.

use std::fmt;

use crate::phases::refused::Missing;
use crate::phases::standing::Standing;
use crate::phases::view::{PhaseView, SprintView};

impl fmt::Display for PhaseView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.standing.name())?;
        let text = match self.standing {
            Standing::Ready => None,
            Standing::Blocked => Some(format!("by {}", names(&self.missing))),
            Standing::Claimed => self.owner.as_ref().map(ToString::to_string),
            Standing::Stale => self.gone.map(|gone| format!("{gone}, claimable")),
            Standing::Complete => self.artifact.as_ref().map(|_| "artifact saved".to_owned()),
            Standing::Failed | Standing::Waived => self.reason.as_ref().map(ToString::to_string),
        };
        match text {
            Some(text) if self.standing == Standing::Claimed => write!(f, " by {text}"),
            Some(text) => write!(f, " ({text})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for SprintView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for phase in &self.phases {
            writeln!(f, "{phase}")?;
        }
        if let Some(times) = self.unchanged_writes {
            writeln!(
                f,
                "warning: {times} phases in a row that should have changed files changed none"
            )?;
        }
        Ok(())
    }
}

fn names(missing: &[Missing]) -> String {
    let names: Vec<_> = missing
        .iter()
        .map(|missing| missing.phase.as_str())
        .collect();
    names.join(", ")
}
