//! What kinds of workflow states mean.

use sprint_core::domain::ticket::TicketStatus;

/// The type of a workflow state. Linear adds types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Triage,
    Backlog,
    Unstarted,
    Started,
    Completed,
    Canceled,
    Duplicate,
    /// One that is not known here.
    Other(String),
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "triage" => Self::Triage,
            "backlog" => Self::Backlog,
            "unstarted" => Self::Unstarted,
            "started" => Self::Started,
            "completed" => Self::Completed,
            "canceled" => Self::Canceled,
            "duplicate" => Self::Duplicate,
            other => Self::Other(other.to_owned()),
        }
    }

    /// What it is called in Linear's API.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Triage => "triage",
            Self::Backlog => "backlog",
            Self::Unstarted => "unstarted",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
            Self::Duplicate => "duplicate",
            Self::Other(name) => name,
        }
    }

    /// What it means for a ticket; `None` if nobody here knows.
    const fn status(&self) -> Option<TicketStatus> {
        match self {
            Self::Triage | Self::Backlog | Self::Unstarted => Some(TicketStatus::Todo),
            Self::Started => Some(TicketStatus::InProgress),
            Self::Completed => Some(TicketStatus::Done),
            Self::Canceled | Self::Duplicate => Some(TicketStatus::Cancelled),
            Self::Other(_) => None,
        }
    }
}

/// Whether an issue can still be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It can.
    Live,
    /// It was put away, by a person or after some time; it cannot be changed.
    Archived,
    /// It was deleted, and is gone after some days.
    Trashed,
}

impl Life {
    /// From the two fields that tell. A deleted issue has both.
    pub(crate) const fn of(archived_at: Option<&str>, trashed: Option<bool>) -> Self {
        match (archived_at, trashed) {
            (_, Some(true)) => Self::Trashed,
            (Some(_), Some(false) | None) => Self::Archived,
            (None, Some(false) | None) => Self::Live,
        }
    }
}

/// Where a ticket stands that is in a state of this type. What is deleted is cancelled, and so is
/// what was put away without being completed: nobody will work on it.
///
/// # Errors
///
/// For a type that is not known: a sentence fragment that names it.
pub(crate) fn status(kind: &str, life: Life) -> Result<TicketStatus, String> {
    let status = Kind::parse(kind).status();
    match (life, status) {
        (Life::Trashed, _) => Ok(TicketStatus::Cancelled),
        (Life::Archived, Some(status)) if status != TicketStatus::Done => {
            Ok(TicketStatus::Cancelled)
        }
        (_, Some(status)) => Ok(status),
        (_, None) => {
            let kind = crate::call_error::printable(kind);
            Err(format!("its state has the unknown type {kind:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_state_means_one_status() {
        use Life::{Archived, Live, Trashed};
        let mut table = String::new();
        for kind in [
            "triage",
            "backlog",
            "unstarted",
            "started",
            "completed",
            "canceled",
            "duplicate",
            "paused",
        ] {
            assert_eq!(Kind::parse(kind).name(), kind);
            let cell = |life| match status(kind, life) {
                Ok(status) => status.to_string(),
                Err(_) => "an error".into(),
            };
            let [live, archived, trashed] = [Live, Archived, Trashed].map(cell);
            table.extend([format!("{kind}: {live}, {archived}, {trashed}\n")]);
        }
        insta::assert_snapshot!(table, @r"
        triage: Todo, Cancelled, Cancelled
        backlog: Todo, Cancelled, Cancelled
        unstarted: Todo, Cancelled, Cancelled
        started: In Progress, Cancelled, Cancelled
        completed: Done, Done, Cancelled
        canceled: Cancelled, Cancelled, Cancelled
        duplicate: Cancelled, Cancelled, Cancelled
        paused: an error, an error, Cancelled
        ");
        let error = status("paused\n", Live).expect_err("nobody knows it");
        assert_eq!(error, "its state has the unknown type \"paused\"");
    }

    #[test]
    fn what_is_deleted_is_not_merely_archived() {
        assert_eq!(Life::of(None, None), Life::Live);
        assert_eq!(Life::of(Some("t"), None), Life::Archived);
        assert_eq!(Life::of(Some("t"), Some(true)), Life::Trashed);
    }
}
