//! What every step of building a plan has at hand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sprint_core::domain::draft::CheckedDraft;
use sprint_core::ports;

use crate::call_error::{CallError, Problem};
use crate::client::Client;
use crate::create::journal::{Book, State};
use crate::create::place::Place;
use crate::once::{Creation, LOOKS, once};

/// A plan that is being built.
pub(super) struct Building<'a> {
    pub(super) client: &'a Client,
    pub(super) place: &'a Place,
    pub(super) draft: &'a CheckedDraft,
    /// Never held across a wait.
    book: Mutex<Book<'a>>,
}

impl<'a> Building<'a> {
    pub(super) const fn new(
        client: &'a Client,
        place: &'a Place,
        draft: &'a CheckedDraft,
        book: Book<'a>,
    ) -> Self {
        Self {
            client,
            place,
            draft,
            book: Mutex::new(book),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book<'a>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn save(&self) -> ports::Result<()> {
        self.book().save()
    }

    /// Sets the state of an entry, to be saved before the next request.
    pub(super) fn set(&self, at: usize, state: State) {
        self.book().journal.entries[at].state = state;
    }

    /// The id of an entry.
    pub(super) fn id(&self, at: usize) -> String {
        self.book().journal.entries[at].id.clone()
    }

    /// Puts on record that the id of an entry in this epoch is about to be sent.
    pub(super) fn sending(&self, at: usize, epoch: u32) -> Result<String, CallError> {
        let mut book = self.book();
        book.at_epoch(at, epoch);
        book.journal.entries[at].state = State::Sent;
        book.try_save().map_err(|()| {
            CallError::new(
                "creation journal",
                Problem::Invalid,
                "it could not be saved",
            )
        })?;
        Ok(book.journal.entries[at].id.clone())
    }

    /// A failed call as a failure of the port; a journal that could not be saved comes first.
    pub(super) fn failed(
        &self,
        error: CallError,
        doing: &'static str,
        subject: impl Into<String>,
    ) -> ports::Error {
        let unsaved = self.book().unsaved();
        unsaved.unwrap_or_else(|| error.during(doing, subject, self.client.now()))
    }
}

/// Creates something as [`once`] does, and reads it back: answers have said that something was
/// done which was not.
pub(super) async fn proven<C: Creation>(
    building: &Building<'_>,
    what: &C,
    at: usize,
) -> Result<C::Entity, CallError> {
    let client = building.client;
    for again in [false, true] {
        let (epoch, doubtful) = {
            let entry = &building.book().journal.entries[at];
            (entry.epoch, entry.is_doubtful())
        };
        let created = once(client, what, epoch, doubtful || again).await?;
        if created.adopted {
            return Ok(created.entity);
        }
        let id = building.id(at);
        for look in 0..LOOKS.len() {
            client.wait_for_look(&LOOKS, look).await;
            if what.look(&id).await?.is_some() {
                return Ok(created.entity);
            }
        }
    }
    Err(CallError::new("look", Problem::NotApplied, ""))
}

/// Whether a failure concerns everything that would be sent, rather than one thing.
pub(super) const fn stops(problem: Problem) -> bool {
    match problem {
        Problem::RateLimited { .. }
        | Problem::Unauthorized
        | Problem::Forbidden
        | Problem::UsageLimit
        | Problem::Drift
        | Problem::Unsent
        | Problem::Lost
        | Problem::Locked => true,
        Problem::Conflict
        | Problem::NotFound
        | Problem::TooComplex
        | Problem::TooLarge
        | Problem::Invalid
        | Problem::NotApplied
        | Problem::NotConfirmed
        | Problem::Unknown => false,
    }
}
