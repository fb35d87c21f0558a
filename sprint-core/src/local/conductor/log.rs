//! The events of one sprint in a file, one line each, and the artifacts beside it.
//!
//! Whoever appends holds the lock of the conductor. Readers hold nothing: a line counts when its
//! checksum does, and lines that count never change. What a crash or a full disk left behind the last
//! of them was never acknowledged; the next writer cuts it off.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::local::disk::{Disk, DiskFile, Durability};
use crate::local::frame;
use crate::phases::board::Board;
use crate::phases::event::{Event, SCHEMA_VERSION, Start};
use crate::time::Timestamp;

/// The file of events.
pub(super) const EVENTS: &str = "events.jsonl";

/// One event.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    at: Timestamp,
    event: Event,
}

/// A sprint as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// How it stands.
    pub(super) board: Arc<Board>,
    /// The number of the last event.
    seq: u64,
    /// Where the next one will be.
    end: u64,
    /// Whether there is something behind the last event that is none.
    torn: bool,
}

/// Why events cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    /// The file system refused.
    #[error("cannot {operation} {file}")]
    Io {
        operation: &'static str,
        file: String,
        source: io::Error,
    },
    /// What was acknowledged cannot be read, or cannot be.
    #[error(
        "{EVENTS} is damaged at line {line}: {reason}; nothing is guessed: restore the file from a \
         backup, or start another sprint in place of this one"
    )]
    Damaged { line: u64, reason: String },
    /// Another version wrote it.
    #[error(
        "{EVENTS} has version {0}, and this program knows {SCHEMA_VERSION}; use a newer program"
    )]
    Version(u32),
    /// The event cannot be written down.
    #[error("cannot write the event as JSON")]
    Encode(#[from] serde_json::Error),
}

impl LogError {
    fn io(operation: &'static str, file: &str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Io {
            operation,
            file,
            source,
        }
    }
}

/// Reads that meet a writer which cuts something off may see a mixture of before and after.
const TRIES: u32 = 5;

/// What was being done when a file turned out to be shorter than before.
const FOLLOW: &str = "follow";

/// The directory of one sprint.
#[derive(Clone, Debug)]
pub(super) struct SprintLog<D> {
    disk: D,
    artifacts: D,
    durability: Durability,
}

impl<D: Disk> SprintLog<D> {
    pub(super) const fn new(disk: D, artifacts: D, durability: Durability) -> Self {
        Self {
            disk,
            artifacts,
            durability,
        }
    }

    /// Whether the sprint has begun.
    pub(super) fn exists(&self) -> Result<bool, LogError> {
        self.disk
            .exists(EVENTS)
            .map_err(LogError::io("look at", EVENTS))
    }

    /// Begins the sprint: its whole definition appears at once.
    pub(super) fn create(&self, at: Timestamp, start: &Start) -> Result<(), LogError> {
        let line = encode(1, at, &Event::SprintStart(Box::new(start.clone())))?;
        self.publish(&self.disk, EVENTS, &line)
    }

    /// Stores an artifact as a whole. It counts when an event names it, and not before.
    pub(super) fn store(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        self.publish(&self.artifacts, name, bytes)
    }

    fn publish(&self, disk: &D, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        let temporary = format!(".{name}.tmp");
        disk.remove(&temporary)
            .map_err(LogError::io("remove", &temporary))?;
        let mut file = disk
            .create(&temporary)
            .map_err(LogError::io("create", &temporary))?;
        file.append(bytes)
            .map_err(LogError::io("write", &temporary))?;
        if self.durability == Durability::PowerCut {
            file.sync().map_err(LogError::io("flush", &temporary))?;
        }
        disk.rename(&temporary, name)
            .map_err(LogError::io("rename", &temporary))?;
        match self.durability {
            Durability::Atomic => Ok(()),
            Durability::PowerCut => disk
                .sync_directory()
                .map_err(LogError::io("flush the directory of", name)),
        }
    }

    /// Reads what was appended since `known`, or everything. Writes nothing.
    pub(super) fn read(&self, known: Option<Known>) -> Result<Known, LogError> {
        let first = match known {
            Some(known) => self.follow(known),
            None => self.read_all(),
        };
        let mut result = first;
        for _ in 1..TRIES {
            if !matches!(
                result,
                Err(LogError::Damaged { .. }
                    | LogError::Io {
                        operation: FOLLOW,
                        ..
                    })
            ) {
                break;
            }
            result = self.read_all();
        }
        result
    }

    fn read_all(&self) -> Result<Known, LogError> {
        let damaged = |reason: &str| LogError::Damaged {
            line: 1,
            reason: reason.to_owned(),
        };
        let bytes = self
            .disk
            .read(EVENTS)
            .map_err(LogError::io("read", EVENTS))?;
        let (first, rest) = frame::split_line(&bytes)
            .and_then(|(line, rest)| Some((frame::verify(line)?, rest)))
            .ok_or_else(|| damaged("it is not whole"))?;
        let line = parse_first(first)?;
        let Event::SprintStart(start) = line.event else {
            return Err(damaged("it does not begin a sprint"));
        };
        if line.seq != 1 {
            return Err(damaged("it has the wrong number"));
        }
        let mut known = Known {
            board: Arc::new(Board::new(line.at, *start)),
            seq: 1,
            end: (bytes.len() - rest.len()) as u64,
            torn: false,
        };
        known.take(rest)?;
        Ok(known)
    }

    fn follow(&self, mut known: Known) -> Result<Known, LogError> {
        let bytes = self.disk.read_from(EVENTS, known.end).map_err(|error| {
            // It is shorter than it was: another file has its name.
            let shorter = error.kind() == io::ErrorKind::UnexpectedEof;
            LogError::io(if shorter { FOLLOW } else { "read" }, EVENTS)(error)
        })?;
        known.take(&bytes)?;
        Ok(known)
    }

    /// Appends events, all or none. `known` is how the sprint stands, read under the lock; afterwards
    /// it is how it stands then.
    pub(super) fn append(
        &self,
        known: &mut Known,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), LogError> {
        let mut next = known.clone();
        let mut bytes = Vec::new();
        for event in events {
            next.seq += 1;
            let line = encode(next.seq, at, event)?;
            next.end += line.len() as u64;
            bytes.extend(line);
            Arc::make_mut(&mut next.board)
                .apply(at, event)
                .map_err(|error| next.damaged(error.to_string()))?;
        }
        let mut file = self
            .disk
            .open(EVENTS)
            .map_err(LogError::io("open", EVENTS))?;
        if known.torn {
            file.truncate(known.end)
                .map_err(LogError::io("shorten", EVENTS))?;
        }
        let written = file.append(&bytes).map_err(LogError::io("write", EVENTS));
        let written = written.and_then(|()| match self.durability {
            Durability::Atomic => Ok(()),
            Durability::PowerCut => file.sync().map_err(LogError::io("flush", EVENTS)),
        });
        if let Err(error) = written {
            // It was not acknowledged, so it should not be there. If this fails as well, the next
            // writer does it, or finds an event that is whole after all.
            drop(file.truncate(known.end));
            return Err(error);
        }
        next.torn = false;
        *known = next;
        Ok(())
    }
}

impl Known {
    /// Takes in lines that follow.
    fn take(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let mut rest = bytes;
        while let Some((line, after)) = frame::split_line(rest) {
            let Some(json) = frame::verify(line) else {
                break;
            };
            let record: Line =
                serde_json::from_slice(json).map_err(|error| self.damaged(error.to_string()))?;
            if record.seq != self.seq + 1 {
                return Err(self.damaged(format!("it has number {}", record.seq)));
            }
            Arc::make_mut(&mut self.board)
                .apply(record.at, &record.event)
                .map_err(|error| self.damaged(error.to_string()))?;
            self.seq = record.seq;
            self.end += (rest.len() - after.len()) as u64;
            rest = after;
        }
        self.torn = !rest.is_empty();
        if self.torn && frame::holds_later_record(rest, self.seq) {
            return Err(self.damaged("it cannot be read, and later ones can".into()));
        }
        Ok(())
    }

    fn damaged(&self, reason: String) -> LogError {
        LogError::Damaged {
            line: self.seq + 1,
            reason,
        }
    }
}

fn encode(seq: u64, at: Timestamp, event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        seq: u64,
        at: Timestamp,
        event: &'a Event,
    }
    frame::encode(&Line { seq, at, event })
}

/// The version is read on its own: the form of a newer one need not be ours.
fn parse_first(json: &[u8]) -> Result<Line, LogError> {
    #[derive(Deserialize)]
    struct Versioned {
        event: Start,
    }
    #[derive(Deserialize)]
    struct Start {
        sprint_start: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        schema_version: u32,
    }
    if let Ok(line) = serde_json::from_slice::<Versioned>(json)
        && line.event.sprint_start.schema_version > SCHEMA_VERSION
    {
        return Err(LogError::Version(line.event.sprint_start.schema_version));
    }
    serde_json::from_slice(json).map_err(|error| LogError::Damaged {
        line: 1,
        reason: error.to_string(),
    })
}
