//! What is planned: by the hints that planning left, or by the tickets themselves.
//!
//! The originals stop without hints. Tickets that people write in files have no planner, and name
//! their files in sections of their text ([`crate::plan::files`]), so a plan is made of them: as of
//! now, and with nothing that it could be compared with.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::hints::{HintFault, Hints, HintsError};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::id::TicketId;
use crate::plan::edge_cases::EdgeCase;
use crate::plan::files;
use crate::readiness::finding::{Code, Finding, Severity};

/// Where the plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The hints file.
    Hints,
    /// The tickets that the filter picks.
    Tickets,
}

/// What is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Where it comes from.
    pub source: Source,
    /// The commit it was planned on, as written.
    pub commit: Option<String>,
    /// The tickets.
    pub tickets: BTreeMap<TicketId, PlannedTicket>,
    /// What is wrong with the hints.
    pub faults: Vec<HintFault>,
    /// How many tickets the planner counted.
    pub total_tickets: Option<u64>,
    /// How many edge cases the planner counted.
    pub total_edge_cases: Option<u64>,
}

/// One planned ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedTicket {
    /// Its title then; none if the hints lack it.
    pub title: Option<String>,
    /// What it waits for.
    pub dependencies: BTreeSet<TicketId>,
    /// Files that it makes.
    pub creates: BTreeSet<RepoPath>,
    /// Files that it changes.
    pub modifies: BTreeSet<RepoPath>,
    /// The wave that the planner put it in.
    pub wave: Option<u64>,
    /// Its edge cases.
    pub edge_cases: u64,
}

impl PlannedTicket {
    /// Every file that it makes or changes.
    pub fn files(&self) -> impl Iterator<Item = &RepoPath> {
        self.creates.union(&self.modifies)
    }
}

impl Planned {
    /// Takes the hints if there are any, else the tickets that the filter picks; `no_tickets` says
    /// why there are none to be taken.
    ///
    /// # Errors
    ///
    /// A fatal finding where there is nothing to report on.
    pub fn choose(
        hints: Option<Result<(Hints, Vec<HintFault>), HintsError>>,
        picked: &[Ticket],
        no_tickets: &str,
    ) -> Result<Self, Box<Finding>> {
        match hints {
            Some(Ok((hints, faults))) => Ok(Self::from_hints(hints, faults)),
            Some(Err(error)) => {
                let what = format!("the hints file is {error}");
                Err(Box::new(Finding::new(Code::HintsParse, what)))
            }
            None if picked.is_empty() => {
                let what = format!("no hints file, and no tickets: {no_tickets}");
                Err(Box::new(Finding::new(Code::HintsMissing, what)))
            }
            None => Ok(Self::from_tickets(picked)),
        }
    }

    fn from_hints(hints: Hints, faults: Vec<HintFault>) -> Self {
        let tickets = hints.tickets.into_iter().map(|(id, hint)| {
            let planned = PlannedTicket {
                title: hint.title,
                dependencies: hint.dependencies.unwrap_or_default(),
                creates: hint.files_to_create.unwrap_or_default(),
                modifies: hint.files_to_modify.unwrap_or_default(),
                wave: hint.wave,
                edge_cases: hint.edge_case_count.unwrap_or_default(),
            };
            (id, planned)
        });
        Self {
            source: Source::Hints,
            commit: hints.plan_commit.map(|commit| commit.to_string()),
            tickets: tickets.collect(),
            faults,
            total_tickets: hints.total_tickets,
            total_edge_cases: hints.total_edge_cases,
        }
    }

    fn from_tickets(tickets: &[Ticket]) -> Self {
        let planned = |ticket: &Ticket| PlannedTicket {
            title: Some(ticket.title.clone()),
            dependencies: ticket.blocked_by.iter().cloned().collect(),
            creates: files::to_create(ticket),
            modifies: files::to_modify(ticket),
            wave: None,
            edge_cases: EdgeCase::of(ticket).len() as u64,
        };
        Self {
            source: Source::Tickets,
            commit: None,
            tickets: tickets.iter().map(|t| (t.id.clone(), planned(t))).collect(),
            faults: Vec::new(),
            total_tickets: None,
            total_edge_cases: None,
        }
    }

    /// Every planned file.
    pub fn files(&self) -> BTreeSet<&RepoPath> {
        self.tickets
            .values()
            .flat_map(PlannedTicket::files)
            .collect()
    }

    /// What is wrong with the hints themselves.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<_> = self.faults.iter().filter_map(fault).collect();
        let edge_cases: u64 = self.tickets.values().map(|ticket| ticket.edge_cases).sum();
        let totals = [
            (
                "total_tickets",
                self.total_tickets,
                self.tickets.len() as u64,
            ),
            ("total_edge_cases", self.total_edge_cases, edge_cases),
        ];
        for (name, said, counted) in totals {
            if let Some(said) = said.filter(|said| *said != counted) {
                let what = format!("{name} says {said}, and the hints hold {counted}");
                let finding = Finding::new(Code::Count, what);
                found.push(
                    finding
                        .measuring("said", said)
                        .measuring("counted", counted),
                );
            }
        }
        if self.tickets.is_empty() {
            found.push(Finding::new(Code::ZeroTickets, "no ticket is planned"));
        }
        found
    }
}

/// A fault as a finding; none for a field that nothing here asks for.
fn fault(fault: &HintFault) -> Option<Finding> {
    if !fault.field.needed_by_dry_run() {
        return None;
    }
    let code = match fault.ticket {
        Some(_) => Code::TicketField,
        None => Code::HintsField,
    };
    let ticket = fault
        .ticket
        .as_deref()
        .and_then(|id| TicketId::new(id).ok());
    let finding = Finding::new(code, fault.to_string())
        .tickets(&ticket)
        .measuring("field", fault.field.name());
    Some(match fault.field.is_derivable() {
        true => finding
            .weighing(Severity::Warning)
            .advising("nothing: it is derived"),
        false => finding,
    })
}
