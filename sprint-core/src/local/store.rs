//! The state of one problem, kept in a journal, and the files that show it to people.

mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::failure::ErrorKind;
use crate::local::disk::{Durability, StdDisk, replace};
use crate::local::journal::{Journal, JournalError, Limits, SeqRule, recover};
use crate::local::layout::{Layout, STATE_FILE, show};
use crate::ports::{Error, Lease, Result, StateStore};
use crate::run::snapshot::{Delta, SCHEMA_VERSION, Snapshot};
use crate::run::state::Phase;
use crate::time::Timestamp;

pub use crate::local::store::view::Stored;
#[cfg(any(test, feature = "test-util"))]
pub(crate) use crate::local::store::view::parse as parse_state;

/// Renders what people and tools read beside the journal.
///
/// One of the files should be [`STATE_FILE`], JSON with the snapshot under the key `run`: if the
/// journals are lost, a sprint goes on from there.
pub trait Publish: Send + Sync + 'static {
    /// The files for this state.
    fn files(&self, snapshot: &Snapshot) -> Vec<ViewFile>;
}

impl<F: Fn(&Snapshot) -> Vec<ViewFile> + Send + Sync + 'static> Publish for F {
    fn files(&self, snapshot: &Snapshot) -> Vec<ViewFile> {
        self(snapshot)
    }
}

/// One file in the problem's directory, replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewFile {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Keeps the state in `.claude/sprints/{problem}/journal-{generation}.jsonl`.
///
/// Reading needs no lease and writes nothing. After a commit the [`Publish`]ed files follow:
/// each time while the state is small, at most four times a second when it is large, and always
/// when the phase changes, on [`flush`](Self::flush) and on drop.
pub struct FileStore {
    layout: Layout,
    publish: Box<dyn Publish>,
    limits: Limits,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    writing: Option<Writing>,
    poisoned: bool,
    notes: BTreeSet<String>,
}

struct Writing {
    journal: Journal<StdDisk>,
    view: View,
}

/// What the published files show.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    at: Option<Timestamp>,
    stale: bool,
}

/// Up to this size of the state, the files follow every commit.
const SMALL_STATE: u64 = 256 << 10;

/// Larger states are published at most this often.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(250);

impl FileStore {
    /// The store of a problem, with the plain view: pretty JSON under the key `run`.
    pub fn new(layout: Layout) -> Self {
        Self::with_publish(layout, plain_view)
    }

    /// The store of a problem, with another view.
    pub fn with_publish(layout: Layout, publish: impl Publish) -> Self {
        Self {
            layout,
            publish: Box::new(publish),
            limits: Limits::default(),
            inner: Mutex::default(),
        }
    }

    /// What a person should know: a change that a crash cut off, a state that was found outside
    /// the journal, a view that could not be written.
    pub fn notes(&self) -> Vec<String> {
        self.lock().notes.iter().cloned().collect()
    }

    /// Publishes the state now, if the files are behind.
    pub fn flush(&self) {
        let mut inner = self.lock();
        let Inner { writing, notes, .. } = &mut *inner;
        // A writer that was replaced must not put its old view over the new one.
        if let Some(writing) = writing
            && writing.view.stale
            && writing.journal.is_current()
        {
            self.publish(writing, notes);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic while holding it leaves the journal as a failed commit would; `poisoned` says so.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disk(&self) -> StdDisk {
        StdDisk::new(self.layout.directory())
    }

    /// Reads what is stored, without writing.
    fn read(&self, notes: &mut BTreeSet<String>) -> Result<Journal<StdDisk>> {
        self.layout.check()?;
        let failed = |error| self.error("read state of", error);
        let recovered = recover(&self.disk(), SeqRule::Strict).map_err(failed)?;
        if let Some(found) = &recovered
            && !found.tail.is_empty()
        {
            notes.insert(format!(
                "journal-{} ends in {} bytes of a change that was cut off before it was saved; \
                 they are ignored, and kept in journal-{0}.tail when the sprint goes on",
                found.position.generation,
                found.tail.len()
            ));
        }
        let lost = recovered.is_none();
        let mut journal = Journal::new(self.disk(), self.limits, recovered);
        let directory = show(&self.layout.directory());
        if lost {
            match view::read(&self.layout)? {
                Stored::Nothing => {}
                Stored::Ours(snapshot) => {
                    notes.insert(format!(
                        "there is no journal in {directory}; going on from {STATE_FILE}, which may \
                         lack the last changes"
                    ));
                    journal.adopt(*snapshot);
                }
                Stored::Foreign(state) if state.is_complete() => {
                    notes.insert(format!(
                        "{STATE_FILE} in {directory} is what another program left of a sprint that \
                         is complete ({state}); it goes to {} when a sprint starts",
                        show(&self.layout.history())
                    ));
                }
                Stored::Foreign(state) => return Err(view::interrupted(&self.layout, &state)),
            }
        }
        Ok(journal)
    }

    /// What is stored, whoever wrote it. Reads without writing, and needs no lease.
    ///
    /// # Errors
    ///
    /// If it cannot be read, with the file, the place and the reason.
    pub fn peek(&self) -> Result<Stored> {
        self.layout.check()?;
        let failed = |error| self.error("read state of", error);
        match recover(&self.disk(), SeqRule::Strict).map_err(failed)? {
            Some(found) => Ok(Stored::Ours(Box::new(found.snapshot))),
            None => view::read(&self.layout),
        }
    }

    /// Moves everything that is stored about the sprint of the problem to a directory of its own below
    /// [`Layout::history`], whatever it is and whether or not it can be read, so that a sprint can start
    /// anew. Says where; `None` if nothing was there. The explicit word of a person is needed for that.
    pub fn set_aside(&self, _lease: &Lease) -> Result<Option<PathBuf>> {
        let mut inner = self.lock();
        // A view that is behind must not be written over what is gone.
        inner.writing = None;
        view::set_aside(&self.layout)
    }

    fn commit_now(&self, delta: &Delta, epoch: u64, inner: &mut Inner) -> Result<()> {
        let Inner { writing, notes, .. } = inner;
        let failed = |error| self.error("save state of", error);
        let writing = match writing {
            Some(writing) => writing,
            None => {
                self.layout.prepare()?;
                let journal = self.read(notes)?;
                let files = |snapshot: &Snapshot| self.publish.files(snapshot);
                notes.extend(view::keep_what_is_not_ours(&self.layout, &files)?);
                writing.insert(Writing {
                    journal,
                    view: View::default(),
                })
            }
        };
        let before = writing.journal.snapshot().map(|s| s.sprint.phase.clone());
        writing.journal.commit(delta, epoch).map_err(failed)?;
        writing.view.stale = true;
        if self.is_due(writing, before.as_ref(), delta.at) {
            self.publish(writing, notes);
        }
        Ok(())
    }

    fn is_due(&self, writing: &Writing, before: Option<&Phase>, now: Timestamp) -> bool {
        let phase = writing.journal.snapshot().map(|s| &s.sprint.phase);
        let waited = match writing.view.at {
            None => true,
            // A clock that was set back must not stop the view.
            Some(last) => now < last || now.since(last) >= PUBLISH_INTERVAL,
        };
        waited || phase != before || writing.journal.full_size() < SMALL_STATE
    }

    fn publish(&self, writing: &mut Writing, notes: &mut BTreeSet<String>) {
        let Some(snapshot) = writing.journal.snapshot() else {
            return;
        };
        for file in self.publish.files(snapshot) {
            let path = self.layout.directory().join(file.name);
            // The commit is durable already; a view that cannot be written is no reason to stop.
            if let Err(error) = replace(&path, &file.bytes, Durability::Atomic) {
                notes.insert(format!("cannot write {}: {error}", show(&path)));
            }
        }
        writing.view = View {
            at: Some(snapshot.at),
            stale: false,
        };
    }

    fn error(&self, operation: &'static str, error: JournalError) -> Error {
        let kind = match error {
            JournalError::Conflict(_) => ErrorKind::Conflict,
            JournalError::Io { .. }
            | JournalError::Damaged { .. }
            | JournalError::Version { .. }
            | JournalError::Unreadable { .. }
            | JournalError::Encode(_) => ErrorKind::Fatal,
        };
        Error::new(kind, operation, self.layout.problem().as_str()).because(error)
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.layout.directory())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl StateStore for FileStore {
    async fn load(&self) -> Result<Option<Snapshot>> {
        let journal = self.read(&mut self.lock().notes)?;
        Ok(journal.into_snapshot())
    }

    async fn commit(&self, delta: &Delta, lease: &Lease) -> Result<()> {
        let mut inner = self.lock();
        if inner.poisoned {
            let reason = "an earlier change could not be saved; start again to read what is there";
            return Err(Error::new(
                ErrorKind::Fatal,
                "save state of",
                self.layout.problem().as_str(),
            )
            .because(reason));
        }
        // Set while writing: a panic counts as a failure.
        inner.poisoned = true;
        let result = self.commit_now(delta, lease.epoch(), &mut inner);
        inner.poisoned = result
            .as_ref()
            .is_err_and(|error| error.kind() != ErrorKind::Conflict);
        if result.is_err()
            && !inner
                .writing
                .as_ref()
                .is_some_and(|w| w.journal.is_current())
        {
            // What was read may be old by the next attempt.
            inner.writing = None;
        }
        result
    }
}

fn plain_view(snapshot: &Snapshot) -> Vec<ViewFile> {
    #[derive(Serialize)]
    struct Plain<'a> {
        schema_version: u32,
        run: &'a Snapshot,
    }
    let view = Plain {
        schema_version: SCHEMA_VERSION,
        run: snapshot,
    };
    // Every map of a snapshot has text keys and every number is finite: JSON takes all of it.
    let bytes = serde_json::to_vec_pretty(&view).unwrap_or_default();
    vec![ViewFile {
        name: STATE_FILE,
        bytes,
    }]
}

#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod tests;
