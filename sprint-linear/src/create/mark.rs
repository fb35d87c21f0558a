//! The machine lines by which what a plan made is known as its own.

use serde::{Deserialize, Serialize};

use crate::create::journal::{Entry, Journal, What};
use crate::machine::{self, Line};

/// At the end of an issue's description.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TicketMark {
    pub(super) problem: String,
    pub(super) key: String,
    /// SHA-256 of the plan.
    pub(super) plan: String,
}

impl Line for TicketMark {
    const TAG: &'static str = "sprint-ticket/1";
}

/// At the end of a project's long text.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProjectMark {
    pub(super) problem: String,
    /// SHA-256 of the plan.
    pub(super) plan: String,
}

impl Line for ProjectMark {
    const TAG: &'static str = "sprint-project/1";
}

impl Journal {
    /// The mark of a ticket with this key.
    pub(super) fn ticket_mark(&self, key: &str) -> TicketMark {
        TicketMark {
            problem: self.problem.to_string(),
            key: key.to_owned(),
            plan: self.plan.clone(),
        }
    }

    /// The mark of the project.
    pub(super) fn project_mark(&self) -> ProjectMark {
        ProjectMark {
            problem: self.problem.to_string(),
            plan: self.plan.clone(),
        }
    }

    /// Whether a text ends in the mark of an entry.
    pub(super) fn marks(&self, entry: &Entry, text: Option<&str>) -> bool {
        let text = text.unwrap_or_default();
        match &entry.what {
            What::Ticket { key, .. } => {
                let mark = self.ticket_mark(key.as_str());
                machine::read::<TicketMark>(text).is_some_and(|(found, _)| found == mark)
            }
            What::Project => {
                let mark = self.project_mark();
                machine::read::<ProjectMark>(text).is_some_and(|(found, _)| found == mark)
            }
            What::Label { .. } | What::Relation { .. } => false,
        }
    }
}
