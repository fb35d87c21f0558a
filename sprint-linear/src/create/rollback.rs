//! Taking a plan back: what we made and nobody touched, and nothing else.
//!
//! Relations go first, then issues, children before their parents, then the project if it holds
//! nothing any more. Labels stay: others may wear them. Every deletion is proven by reading, for
//! an answer that says so has been seen without effect. What stays is told, with the reason.

mod delete;
mod look;
mod told;

use std::collections::BTreeMap;

use sprint_core::ports;

use crate::call_error::{CallError, Problem, printable};
use crate::client::Client;
use crate::create::journal::{Book, Entry, State, What};
use crate::create::place::Place;

pub use told::{Survivor, TakenBack, Why};

/// Takes back what a journal says that we made.
pub(super) async fn take_back<'a>(
    client: &'a Client,
    place: &'a Place,
    book: Book<'a>,
) -> ports::Result<TakenBack> {
    let mut rollback = Rollback {
        client,
        place,
        book,
        kept: BTreeMap::new(),
    };
    let failed = |error: CallError| error.during("take back", "the plan", client.now());
    rollback.look_at_issues().await.map_err(failed)?;
    // Before the first request that changes anything.
    rollback.leave();
    rollback.book.save()?;
    let done = rollback.delete_all().await;
    rollback.stay();
    rollback.book.save()?;
    match done {
        Ok(()) => Ok(rollback.told()),
        Err(error) if matches!(error.problem, Problem::Unauthorized | Problem::Drift) => {
            Err(failed(error))
        }
        Err(error) => {
            // What was not come to is still there for this reason.
            let why = error.to_string();
            let left = rollback.book.journal.find(concerns);
            for at in left {
                let why = Why::Failed(why.clone());
                rollback.kept.entry(at).or_insert(why);
            }
            Ok(rollback.told())
        }
    }
}

/// Whether an entry is about something that has to go.
fn concerns(entry: &Entry) -> bool {
    entry.may_be_there() && !matches!(entry.what, What::Label { .. })
}

struct Rollback<'a> {
    client: &'a Client,
    place: &'a Place,
    book: Book<'a>,
    /// What stays, by its entry.
    kept: BTreeMap<usize, Why>,
}

impl Rollback<'_> {
    /// Issues that may be there and have to go, the last made first.
    fn issues(&self) -> Vec<usize> {
        let issue = |entry: &Entry| concerns(entry) && matches!(entry.what, What::Ticket { .. });
        let mut issues = self.book.journal.find(issue);
        issues.retain(|at| !self.kept.contains_key(at));
        issues.reverse();
        issues
    }

    fn relations(&self) -> Vec<usize> {
        self.book
            .journal
            .find(|entry| concerns(entry) && matches!(entry.what, What::Relation { .. }))
    }

    fn ids(&self, entries: &[usize]) -> Vec<String> {
        let id = |at: &usize| self.book.journal.entries[*at].id.clone();
        entries.iter().map(id).collect()
    }

    /// Puts on record what is going to be deleted.
    fn leave(&mut self) {
        for at in self.book.journal.find(concerns) {
            let stays = match &self.book.journal.entries[at].what {
                What::Relation { .. } => self.connects(at),
                What::Project => false,
                What::Ticket { .. } | What::Label { .. } => self.kept.contains_key(&at),
            };
            match stays {
                true => _ = self.kept.entry(at).or_insert(Why::Connects),
                false => self.book.journal.entries[at].state = State::Leaving,
            }
        }
    }

    /// Puts on record what is there after all.
    fn stay(&mut self) {
        for (at, why) in &self.kept {
            let entry = &mut self.book.journal.entries[*at];
            // What could not be deleted may be gone the next moment.
            if entry.state == State::Leaving && !matches!(why, Why::Failed(_)) {
                entry.state = State::Confirmed;
            }
        }
    }

    /// Whether a relation connects two issues that stay.
    fn connects(&self, at: usize) -> bool {
        let What::Relation { blocker, blocked } = &self.book.journal.entries[at].what else {
            return false;
        };
        let stays = |key| {
            let at = self.book.journal.ticket(key);
            at.is_some_and(|at| self.kept.contains_key(&at))
        };
        stays(blocker) && stays(blocked)
    }

    /// What is gone and what is not.
    fn told(&self) -> TakenBack {
        let journal = &self.book.journal;
        let gone = journal.find(|entry| entry.state == State::TakenBack).len();
        let survivor = |(at, why): (&usize, &Why)| {
            let entry = &journal.entries[*at];
            let name = match (&entry.what, &entry.shown) {
                (What::Relation { blocker, blocked }, _) => format!("{blocker} blocks {blocked}"),
                (_, Some(shown)) => printable(&shown.name),
                (What::Ticket { key, .. }, None) => format!("ticket {key}"),
                (What::Project | What::Label { .. }, None) => "the project".to_owned(),
            };
            Survivor {
                name,
                url: entry.shown.as_ref().map(|shown| printable(&shown.url)),
                why: why.clone(),
            }
        };
        let there = self
            .kept
            .iter()
            .filter(|(at, _)| journal.entries[**at].may_be_there());
        TakenBack {
            gone,
            survivors: there.map(survivor).collect(),
        }
    }
}
