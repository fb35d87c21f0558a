//! Comments on tickets the engine gave up on.

use crate::run::effect::StuckNote;

/// Why a ticket is stuck.
pub fn stuck(facts: &StuckNote) -> String {
    format!(
        "## Stuck — Needs Manual Intervention\n\n{}\n",
        facts.message
    )
}

/// Why a Done ticket is open again.
pub fn reopened(facts: &StuckNote) -> String {
    format!("## Reopened\n\n{}\n", facts.message)
}
