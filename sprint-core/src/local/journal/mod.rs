//! The journal: every commit is one line, flushed before it counts.
//!
//! A journal file is a generation. Its first line holds the whole state, each later line one
//! change. Every writer begins a generation of its own and never touches an older one except to
//! remove it, so nothing that was acknowledged is ever written to again, and a writer that lost
//! its lease without noticing writes into a file that nobody reads.
//!
//! Beginning a generation: write it under a temporary name, flush it, rename it, flush the
//! directory; only then remove the older ones.

mod record;
mod recover;

#[cfg(test)]
mod power_cut_tests;
#[cfg(test)]
mod tests;

use std::io;

use crate::local::disk::{Disk, DiskFile};
use crate::run::snapshot::{BadVersion, Delta, Snapshot};

#[cfg(any(test, feature = "test-util"))]
pub(crate) use recover::replay_bytes;
pub(crate) use recover::{Position, Recovered, SeqRule, recover};

/// When a generation is long enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A journal up to this size is never rotated.
    pub(crate) rotate_above: u64,
    /// Nor is one up to this many times the length of its first line.
    pub(crate) rotate_factor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rotate_above: 1 << 20,
            rotate_factor: 4,
        }
    }
}

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// The file system refused.
    #[error("cannot {operation} {file}")]
    Io {
        operation: &'static str,
        file: String,
        source: io::Error,
    },
    /// An acknowledged record is gone.
    #[error(
        "{file} is damaged at line {line}: a saved change cannot be read, and is not guessed; \
         restore the file from a backup, or move it away to start from sprint-state.json"
    )]
    Damaged { file: String, line: u64 },
    /// Another version wrote it.
    #[error("{file} {reason}")]
    Version { file: String, reason: BadVersion },
    /// The checksum is right and the content is not ours.
    #[error("{file} holds a state that cannot be understood")]
    Unreadable {
        file: String,
        source: serde_json::Error,
    },
    /// The change cannot be written down.
    #[error("cannot write the change as JSON")]
    Encode(#[from] serde_json::Error),
    /// The change is not the next one.
    #[error("{0}")]
    Conflict(String),
}

impl JournalError {
    fn io(operation: &'static str, file: &str, source: io::Error) -> Self {
        Self::Io {
            operation,
            file: file.to_owned(),
            source,
        }
    }
}

/// A journal that one writer appends to.
#[derive(Debug)]
pub(crate) struct Journal<D: Disk> {
    disk: D,
    limits: Limits,
    position: Position,
    snapshot: Option<Snapshot>,
    tail: Vec<u8>,
    current: Option<Generation<D::File>>,
}

/// The file being written.
#[derive(Debug)]
struct Generation<F> {
    name: String,
    file: F,
    length: u64,
    /// The length of its first line: the size of the whole state.
    full: u64,
}

impl<D: Disk> Journal<D> {
    /// The journal that goes on after `recovered`, or begins.
    pub(crate) fn new(disk: D, limits: Limits, recovered: Option<Recovered>) -> Self {
        let (position, snapshot, tail) = recovered.map_or_else(Default::default, |found| {
            (found.position, Some(found.snapshot), found.tail)
        });
        Self {
            disk,
            limits,
            position,
            snapshot,
            tail,
            current: None,
        }
    }

    /// Goes on from a state that was found outside the journal.
    pub(crate) fn adopt(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
    }

    /// The state after the last commit.
    pub(crate) const fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The state after the last commit, alone.
    pub(crate) fn into_snapshot(self) -> Option<Snapshot> {
        self.snapshot
    }

    /// Whether the file being written is still the one that readers find. False before the first
    /// commit too: until then somebody else may write.
    pub(crate) fn is_current(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| self.disk.exists(&current.name).unwrap_or(false))
    }

    /// The size of the whole state as one line; 0 before the first commit.
    pub(crate) fn full_size(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.full)
    }

    /// Makes `delta` durable. After an error other than [`JournalError::Conflict`] the journal
    /// must not be used again: what is on disk is unknown until it is read.
    pub(crate) fn commit(&mut self, delta: &Delta, epoch: u64) -> Result<(), JournalError> {
        self.check(delta, epoch)?;
        let seq = self.position.seq + 1;
        let line = record::encode(seq, epoch, delta)?;
        let fits = |current: &Generation<D::File>| {
            let Limits {
                rotate_above,
                rotate_factor,
            } = self.limits;
            let limit = rotate_above.max(rotate_factor * current.full);
            current.length + line.len() as u64 <= limit
        };
        match &mut self.current {
            Some(current) if delta.full.is_none() && fits(current) => {
                let io = |operation| {
                    let name = current.name.clone();
                    move |error| JournalError::io(operation, &name, error)
                };
                current.file.append(&line).map_err(io("write"))?;
                current.file.sync().map_err(io("flush"))?;
                current.length += line.len() as u64;
                self.absorb(delta)?;
            }
            _ => {
                self.absorb(delta)?;
                self.begin_generation(seq, epoch)?;
            }
        }
        self.position.seq = seq;
        self.position.epoch = epoch;
        Ok(())
    }

    fn check(&self, delta: &Delta, epoch: u64) -> Result<(), JournalError> {
        let conflict = |text: String| Err(JournalError::Conflict(text));
        if epoch < self.position.epoch {
            return conflict(format!(
                "the lease has number {epoch}, and number {0} has written already: another \
                 process took over, or the file lease-epoch was lost; if so, write {0} into it",
                self.position.epoch
            ));
        }
        if let Some(current) = &self.current {
            let there = self.disk.exists(&current.name);
            if !there.map_err(|error| JournalError::io("look at", &current.name, error))? {
                return conflict(format!(
                    "{} is gone: another process took over",
                    current.name
                ));
            }
        }
        match (&delta.full, &self.snapshot) {
            (Some(full), _) if full.revision == delta.revision => Ok(()),
            (Some(full), _) => conflict(format!(
                "change {} carries a state of revision {}",
                delta.revision, full.revision
            )),
            (None, Some(stored)) if stored.revision.checked_add(1) == Some(delta.revision) => {
                Ok(())
            }
            (None, Some(stored)) => conflict(format!(
                "change {} does not follow revision {}",
                delta.revision, stored.revision
            )),
            (None, None) => conflict(format!(
                "change {} follows nothing: no state is stored",
                delta.revision
            )),
        }
    }

    fn absorb(&mut self, delta: &Delta) -> Result<(), JournalError> {
        match (&mut self.snapshot, &delta.full) {
            (Some(snapshot), _) => snapshot
                .absorb(delta)
                .map_err(|error| JournalError::Conflict(error.to_string())),
            (None, full) => {
                self.snapshot = full.as_deref().cloned();
                Ok(())
            }
        }
    }

    /// Writes the whole state, which includes the change being committed, as a new generation.
    fn begin_generation(&mut self, seq: u64, epoch: u64) -> Result<(), JournalError> {
        let Some(snapshot) = self.snapshot.clone() else {
            return Ok(());
        };
        self.keep_tail()?;
        let line = record::encode(seq, epoch, &Delta::first(snapshot))?;
        let older = recover::generations(&self.disk)?;
        let last = older.last().copied().unwrap_or(0);
        let generation = last.max(self.position.generation) + 1;
        let name = journal_name(generation);
        let temporary = format!("{name}.tmp");
        let file = write_new(&self.disk, &temporary, &line)?;
        self.disk
            .rename(&temporary, &name)
            .map_err(|error| JournalError::io("rename", &temporary, error))?;
        self.disk
            .sync_directory()
            .map_err(|error| JournalError::io("flush the directory of", &name, error))?;
        for old in older {
            let old = journal_name(old);
            self.disk
                .remove(&old)
                .map_err(|error| JournalError::io("remove", &old, error))?;
        }
        self.position.generation = generation;
        let length = line.len() as u64;
        self.current = Some(Generation {
            name,
            file,
            length,
            full: length,
        });
        Ok(())
    }

    /// Keeps what an interrupted commit left behind, for people: its journal goes away.
    fn keep_tail(&mut self) -> Result<(), JournalError> {
        if !self.tail.is_empty() {
            let name = format!("journal-{}.tail", self.position.generation);
            write_new(&self.disk, &name, &self.tail)?;
            self.tail.clear();
        }
        Ok(())
    }
}

fn write_new<D: Disk>(disk: &D, name: &str, bytes: &[u8]) -> Result<D::File, JournalError> {
    let io = |operation| move |error| JournalError::io(operation, name, error);
    disk.remove(name).map_err(io("remove"))?;
    let mut file = disk.create(name).map_err(io("create"))?;
    file.append(bytes).map_err(io("write"))?;
    file.sync().map_err(io("flush"))?;
    Ok(file)
}

fn journal_name(generation: u64) -> String {
    format!("journal-{generation}.jsonl")
}
