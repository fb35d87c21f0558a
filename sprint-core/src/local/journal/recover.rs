//! Reading a journal back.

use std::io;

use serde::Deserialize;

use crate::local::disk::Disk;
use crate::local::frame;
use crate::local::journal::record::Record;
use crate::local::journal::{JournalError, journal_name};
use crate::run::snapshot::{Snapshot, check_version};

/// What a directory of journals holds.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// The state.
    pub(crate) snapshot: Snapshot,
    /// Where writing goes on.
    pub(crate) position: Position,
    /// Bytes after the last good record: a change that was never acknowledged.
    pub(crate) tail: Vec<u8>,
}

/// A place in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The generation; 0 before the first.
    pub(crate) generation: u64,
    /// The number of the last record.
    pub(crate) seq: u64,
    /// The greatest epoch seen.
    pub(crate) epoch: u64,
}

/// Whether records must follow each other by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeqRule {
    /// They must: blocks of an older journal may show up in a newer one.
    Strict,
    /// The fault that tests plant.
    #[cfg(test)]
    Off,
}

/// Reads the newest generation. Writes nothing, so that readers need no lease.
pub(crate) fn recover<D: Disk>(disk: &D, rule: SeqRule) -> Result<Option<Recovered>, JournalError> {
    // A writer may rotate between the listing and the read; its new generation is there then.
    const TRIES: u32 = 5;
    for attempt in 1.. {
        let Some(generation) = generations(disk)?.last().copied() else {
            return Ok(None);
        };
        let file = journal_name(generation);
        match disk.read(&file) {
            Ok(bytes) => return replay(&bytes, generation, rule).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < TRIES => {}
            Err(error) => return Err(JournalError::io("read", &file, error)),
        }
    }
    Ok(None)
}

/// The generations there are, in order.
pub(super) fn generations<D: Disk>(disk: &D) -> Result<Vec<u64>, JournalError> {
    let names = disk
        .list()
        .map_err(|error| JournalError::io("list", "the journals", error))?;
    let number = |name: &String| -> Option<u64> {
        let digits = name.strip_prefix("journal-")?.strip_suffix(".jsonl")?;
        // Only the way we write it, so that two names never mean one generation.
        let number = digits.parse().ok()?;
        (journal_name(number) == *name).then_some(number)
    };
    let mut found: Vec<u64> = names.iter().filter_map(number).collect();
    found.sort_unstable();
    Ok(found)
}

/// Folds the lines of one generation.
///
/// The first must be whole: it was flushed under another name before the file got this one.
fn replay(bytes: &[u8], generation: u64, rule: SeqRule) -> Result<Recovered, JournalError> {
    let damaged = |line| JournalError::Damaged {
        file: journal_name(generation),
        line,
    };
    let (first, mut rest) = frame::split_line(bytes).ok_or_else(|| damaged(1))?;
    let json = frame::verify(first).ok_or_else(|| damaged(1))?;
    let record = parse_first(json, generation)?;
    let snapshot = record.delta.full.ok_or_else(|| damaged(1))?;
    let mut recovered = Recovered {
        snapshot: *snapshot,
        position: Position {
            generation,
            seq: record.seq,
            epoch: record.epoch,
        },
        tail: Vec::new(),
    };
    let mut number = 1;
    while let Some((line, after)) = frame::split_line(rest) {
        number += 1;
        let Some(json) = frame::verify(line) else {
            break;
        };
        let record: Record = serde_json::from_slice(json).map_err(|_| damaged(number))?;
        let position = &mut recovered.position;
        let follows = record.seq == position.seq + 1 && record.epoch >= position.epoch;
        if rule == SeqRule::Strict && !follows {
            if record.seq > position.seq {
                return Err(damaged(number));
            }
            break;
        }
        recovered
            .snapshot
            .absorb(&record.delta)
            .map_err(|_| damaged(number))?;
        position.seq = record.seq;
        position.epoch = record.epoch;
        rest = after;
    }
    if frame::holds_later_record(rest, recovered.position.seq) {
        return Err(damaged(number));
    }
    recovered.tail = rest.to_vec();
    Ok(recovered)
}

/// Reads bytes as a journal, and says what is at its end that is none; for tests.
#[cfg(any(test, feature = "test-util"))]
pub(crate) fn replay_bytes(bytes: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
    replay(bytes, 1, SeqRule::Strict).map(|found| Some(found.tail))
}

fn parse_first(json: &[u8], generation: u64) -> Result<Record, JournalError> {
    #[derive(Deserialize)]
    struct Line {
        delta: Change,
    }
    #[derive(Deserialize)]
    struct Change {
        full: Versioned,
    }
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: u32,
    }
    let file = journal_name(generation);
    // The version is read on its own: the form of a newer one need not be ours.
    if let Ok(line) = serde_json::from_slice::<Line>(json)
        && let Err(reason) = check_version(line.delta.full.schema_version)
    {
        return Err(JournalError::Version { file, reason });
    }
    serde_json::from_slice(json).map_err(|source| JournalError::Unreadable { file, source })
}
