//! The sweep: whether what was closed is still Done at the tracker.
//!
//! A tracker's automation, or a person, may move a ticket back after its verification. So the tracker
//! is looked at before a sprint is tidied up, and when a saved one is gone on with. A ticket that
//! was moved back is closed again once, with the same proof and a key of its own. If it is moved
//! back once more the engine does not fight: a person is asked, and going on accepts it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::reality::Moved;
use crate::domain::ticket::TicketStatus;
use crate::id::TicketId;
use crate::run::SprintRun;
use crate::run::effect::Step;
use crate::run::event::Event;
use crate::run::state::{Ending, Phase};
use crate::run::ticket::TicketRun;

/// What the tracker shows of a ticket that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shown", rename_all = "snake_case")]
pub enum Shown {
    /// It is Done.
    Done,
    /// It is not.
    MovedBack(Back),
    /// It cannot be found any more.
    Gone,
}

/// How a ticket was moved back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// What it is now.
    pub status: TicketStatus,
    /// Who did it, if the tracker tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// What became of a closed ticket at the tracker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "since", rename_all = "snake_case")]
pub enum Aftermath {
    /// It is Done, as far as anybody looked.
    #[default]
    Kept,
    /// It was moved back and is closed again: once, and not a second time.
    ClosedAgain,
    /// It was moved back once more, and a person is asked.
    Asked(Back),
    /// It was moved back once more, and a person accepts that.
    Accepted(Back),
}

impl Aftermath {
    /// Whether nothing has happened.
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }

    /// How it was moved back, if it is and stays so.
    pub const fn back(&self) -> Option<&Back> {
        match self {
            Self::Asked(back) | Self::Accepted(back) => Some(back),
            Self::Kept | Self::ClosedAgain => None,
        }
    }
}

/// Characters shown of a name.
const MAX_NAME: usize = 60;

impl std::fmt::Display for Back {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names are the words of others: escaped, so that they act on nothing.
        let cut = |text: &str| text.chars().take(MAX_NAME).collect::<String>();
        match &self.moved {
            Some(Moved { by, to }) => write!(f, "moved to {:?} by {:?}", cut(to), cut(by)),
            None => write!(f, "moved to {}", self.status),
        }
    }
}

impl SprintRun {
    /// A saved sprint is gone on with: nobody has looked at the tracker meanwhile.
    pub(super) fn resumed(&mut self) {
        let works = matches!(
            self.sprint.phase,
            Phase::Tickets
                | Phase::Tidying {
                    ending: Ending::Finished
                }
        );
        if works {
            self.sweep_is_due();
        }
    }

    /// The tracker has to be looked at, if there is anything to see.
    pub(super) fn sweep_is_due(&mut self) {
        // Also while one is still being closed, or its evidence posted, again: that is waited for.
        let due = self.tickets.values().any(TicketRun::is_complete);
        if self.sprint.sweep_due != due {
            self.sprint.sweep_due = due;
            self.changed.sprint = true;
        }
    }

    /// The tickets that were closed and not reopened, as far as the tracker was told.
    pub(super) fn closed(&self) -> Vec<TicketId> {
        let told = |ticket: &TicketRun| {
            let chores = [Step::PostAgain, Step::Close, Step::CloseAgain];
            ticket.is_complete() && !chores.iter().any(|step| ticket.chores.contains(step))
        };
        let closed = self.tickets.iter().filter(|(_, ticket)| told(ticket));
        closed.map(|(id, _)| id.clone()).collect()
    }

    /// The number of the sweep that is wanted, if one is.
    pub(super) fn wanted_sweep(&self) -> Option<u32> {
        let due = self.sprint.sweep_due && !self.closed().is_empty();
        due.then_some(self.sprint.sweeps + 1)
    }

    /// Takes in what the tracker shows.
    pub(super) fn swept(&mut self, shown: BTreeMap<TicketId, Shown>) {
        self.sprint.sweeps += 1;
        self.sprint.sweep_due = false;
        let ends = self.sprint.phase != Phase::Tickets;
        let mut repairs = false;
        for (id, shown) in shown {
            let Some(ticket) = self.tickets.get(&id).filter(|t| t.is_complete()) else {
                continue;
            };
            match (shown, ticket.aftermath.clone()) {
                (Shown::Done, Aftermath::Kept | Aftermath::ClosedAgain)
                | (Shown::MovedBack(_), Aftermath::Accepted(_)) => {}
                (Shown::Done, Aftermath::Asked(_) | Aftermath::Accepted(_)) => {
                    self.set_aftermath(&id, Aftermath::ClosedAgain);
                }
                (Shown::MovedBack(back), Aftermath::Kept) => {
                    repairs = true;
                    self.close_again(&id, &back);
                }
                (Shown::MovedBack(back), Aftermath::ClosedAgain | Aftermath::Asked(_)) if ends => {
                    self.set_aftermath(&id, Aftermath::Asked(back));
                }
                // While others are worked on nobody is disturbed; it is looked at again at the end.
                (Shown::MovedBack(_), Aftermath::ClosedAgain | Aftermath::Asked(_)) => {}
                (Shown::Gone, _) => {
                    let message = format!("{id} was Done, and the tracker has it no more");
                    self.events.push(Event::Warning { message });
                }
            }
        }
        if ends && repairs {
            // Whether it stays is seen when it was closed again.
            self.sprint.sweep_due = true;
        } else if ends {
            self.ask_about_moved();
        }
    }

    /// The tracker cannot be looked at: that stops nothing.
    pub(super) fn unswept(&mut self, message: String) {
        self.sprint.sweep_due = false;
        self.events.push(Event::Warning { message });
        if self.sprint.phase != Phase::Tickets {
            self.ask_about_moved();
        }
    }

    pub(super) fn close_again(&mut self, id: &TicketId, back: &Back) {
        let message = format!("{id} was Done and was {back}; it is closed again, once");
        self.events.push(Event::Warning { message });
        self.with_ticket(id, |ticket, _| {
            ticket.aftermath = Aftermath::ClosedAgain;
            ticket.chores.insert(Step::CloseAgain);
        });
    }

    fn set_aftermath(&mut self, id: &TicketId, aftermath: Aftermath) {
        self.with_ticket(id, |ticket, _| ticket.aftermath = aftermath);
    }

    fn asked(&self) -> impl Iterator<Item = (&TicketId, &Back)> {
        self.tickets
            .iter()
            .filter_map(|(id, ticket)| match &ticket.aftermath {
                Aftermath::Asked(back) => Some((id, back)),
                Aftermath::Kept | Aftermath::ClosedAgain | Aftermath::Accepted(_) => None,
            })
    }

    /// Whether a person is asked about tickets that were moved back.
    pub(super) fn asks_about_moved(&self) -> bool {
        self.asked().next().is_some()
    }

    fn ask_about_moved(&mut self) {
        let asked: Vec<_> = self
            .asked()
            .map(|(id, back)| format!("{id} ({back})"))
            .collect();
        if !asked.is_empty() {
            let reason = format!(
                "no longer Done, although closed twice: {}; move them back to Done, or go on to \
                 accept it",
                asked.join(", ")
            );
            self.enter_phase(Phase::Parked { reason });
        }
    }

    /// A person goes on although tickets are no longer Done at the tracker.
    pub(super) fn accept_moved(&mut self) {
        let asked: Vec<_> = self
            .asked()
            .map(|(id, back)| (id.clone(), back.clone()))
            .collect();
        for (id, back) in asked {
            let message = format!("{id} stays as it is at the tracker: {back}");
            self.events.push(Event::Warning { message });
            self.set_aftermath(&id, Aftermath::Accepted(back));
        }
        self.enter_phase(Phase::Tidying {
            ending: Ending::Finished,
        });
    }
}
