//! Which issue a ticket is.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sprint_core::id::TicketId;

/// The UUIDs of tickets, as far as they were seen. Identifiers change when an issue moves to
/// another team or a team is renamed; the UUID stays, and an identifier is never used again for
/// another issue.
#[derive(Debug, Default)]
pub(crate) struct Directory(Mutex<BTreeMap<TicketId, String>>);

impl Directory {
    /// Takes in the identifiers of an issue, those it had before included. What is no valid id
    /// of a ticket is not asked for either.
    pub(crate) fn learn(&self, uuid: &str, identifier: &str, previous: &[String]) {
        let previous = previous.iter().map(String::as_str);
        let ids = previous.chain([identifier]).flat_map(TicketId::new);
        self.all().extend(ids.map(|id| (id, uuid.to_owned())));
    }

    /// Takes in one identifier.
    pub(crate) fn know(&self, id: &TicketId, uuid: &str) {
        self.all().insert(id.clone(), uuid.to_owned());
    }

    /// The UUID of a ticket.
    pub(crate) fn uuid(&self, id: &TicketId) -> Option<String> {
        self.all().get(id).cloned()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<TicketId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_found_by_all_the_names_it_ever_had() {
        let directory = Directory::default();
        let id = |text| TicketId::new(text).expect("valid");
        directory.learn("u", "OPS-5", &["ENG-1".into(), "not one".into()]);
        assert_eq!(directory.uuid(&id("OPS-5")).as_deref(), Some("u"));
        assert_eq!(directory.uuid(&id("ENG-1")).as_deref(), Some("u"));
        assert_eq!(directory.uuid(&id("ENG-2")), None);
        directory.know(&id("ENG-2"), "v");
        assert_eq!(directory.uuid(&id("ENG-2")).as_deref(), Some("v"));
    }
}
