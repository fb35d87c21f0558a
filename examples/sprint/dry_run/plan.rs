//! What is planned, and what the tracker says of it.

use std::collections::{BTreeMap, BTreeSet};

use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::ticket::{Ticket, TicketStatus};
use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::ports::{Error, ReadOnlyTracker};
use sprint_core::readiness::{Planned, TrackedTicket, TrackerFacts};

/// Every state there is.
const ALL: [TicketStatus; 4] = [
    TicketStatus::Todo,
    TicketStatus::InProgress,
    TicketStatus::Done,
    TicketStatus::Cancelled,
];

/// What the tracker has, as far as the filter is about it.
pub(super) struct Fetch {
    tracker: ReadOnlyTracker,
    tickets: Vec<Ticket>,
    malformed: Vec<String>,
    filter: TicketFilter,
}

impl Fetch {
    /// Asks for the tickets of the filter in every state.
    pub(super) async fn make(
        tracker: ReadOnlyTracker,
        filter: &TicketFilter,
    ) -> Result<Self, Error> {
        let fetched = tracker.tickets(&everywhere(filter)).await?;
        Ok(Self {
            tracker,
            tickets: fetched.tickets,
            malformed: fetched.malformed,
            filter: filter.clone(),
        })
    }

    /// The tickets that a sprint would pick up.
    pub(super) fn picked(&self) -> Vec<Ticket> {
        let picked = self
            .tickets
            .iter()
            .filter(|ticket| self.filter.picks(ticket));
        picked.cloned().collect()
    }

    /// Why a plan cannot be made of the tickets.
    pub(super) fn nothing(&self) -> String {
        let states: Vec<_> = self
            .filter
            .status
            .iter()
            .map(|status| status.label())
            .collect();
        let (tracker, count) = (&self.tracker, self.tickets.len());
        match count {
            0 => format!("{tracker}: none at all"),
            _ => format!(
                "{tracker}: {count} in all, none of them {}",
                states.join(" or ")
            ),
        }
    }

    /// What is known of planned tickets and of those that they wait for; looks for the ones that the
    /// filter is not about.
    pub(super) async fn facts(self, planned: &Planned) -> Result<TrackerFacts, Error> {
        let over =
            |ticket: &Ticket| matches!(ticket.status, TicketStatus::Done | TicketStatus::Cancelled);
        let labelled = everywhere(&self.filter);
        let wanted = |ticket: &Ticket| {
            let open = self.filter.label.is_some() && labelled.picks(ticket) && !over(ticket);
            self.filter.picks(ticket) || open
        };
        let mut known = BTreeMap::new();
        for ticket in &self.tickets {
            known.insert(ticket.id.clone(), tracked(ticket, wanted(ticket)));
        }
        let named: BTreeSet<&TicketId> = planned
            .tickets
            .iter()
            .flat_map(|(id, ticket)| ticket.dependencies.iter().chain([id]))
            .collect();
        if named.iter().any(|id| !known.contains_key(*id)) {
            let mut wider = everywhere(&self.filter);
            wider.label = None;
            wider.project = None;
            for ticket in self.tracker.tickets(&wider).await?.tickets {
                let entry = known.entry(ticket.id.clone());
                let _there = entry.or_insert_with(|| tracked(&ticket, false));
            }
        }
        // Those of other teams.
        for id in named {
            if known.contains_key(id) {
                continue;
            }
            match self.tracker.reality(id).await {
                Ok(reality) => {
                    let ticket = TrackedTicket {
                        title: None,
                        body: String::new(),
                        status: reality.status,
                        blocked_by: planned
                            .tickets
                            .get(id)
                            .map(|ticket| ticket.dependencies.iter().cloned().collect())
                            .unwrap_or_default(),
                        wanted: false,
                    };
                    known.insert(id.clone(), ticket);
                }
                // A file that cannot be read is no ticket; it is told among the malformed.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(TrackerFacts::Up {
            tickets: known,
            malformed: self.malformed,
        })
    }
}

fn tracked(ticket: &Ticket, wanted: bool) -> TrackedTicket {
    TrackedTicket {
        title: Some(ticket.title.clone()),
        body: ticket.body.clone(),
        status: ticket.status,
        blocked_by: ticket.blocked_by.clone(),
        wanted,
    }
}

/// The same filter for every state.
fn everywhere(filter: &TicketFilter) -> TicketFilter {
    TicketFilter {
        status: ALL.into(),
        states: BTreeSet::new(),
        ..filter.clone()
    }
}
