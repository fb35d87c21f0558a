//! The power is cut before every operation on the disk of a sprint, and again during each recovery from
//! that (spec 16, iv): whatever the disk then holds, the sprint stands as after a command that was
//! given, none that was acknowledged is lost, and what is complete has its artifact.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::log::{EVENTS, LogError};
use super::tests::{name, phase, reason, tag};
use super::*;
use crate::id::BlobId;
use crate::local::simulated::{Content, Fault, SimulatedDisk};
use crate::phases::event::{ArtifactRef, Epoch, Grant, SCHEMA_VERSION, Settings, Start};
use crate::phases::graph;

/// One command: an event, and what is stored before it.
struct Command {
    event: Event,
    artifact: Option<(&'static str, &'static [u8])>,
}

fn at() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}

fn owner() -> Owner {
    Owner {
        agent: name("ann"),
        host: crate::id::HostName::new("here").unwrap(),
        process: None,
    }
}

fn start() -> Start {
    Start {
        schema_version: SCHEMA_VERSION,
        sprint: SprintId::new("sprint-1").unwrap(),
        by: owner(),
        base: None,
        settings: Settings::default(),
        phases: graph::from_text("review,qa").unwrap().graph,
    }
}

fn grant(text: &str, epoch: u64) -> Grant {
    Grant {
        phase: phase(text),
        epoch: Epoch(epoch),
        token: ClaimToken::new(format!("{epoch:032x}")).unwrap(),
        owner: owner(),
    }
}

fn complete(text: &str, epoch: u64, bytes: &[u8]) -> Event {
    Event::Complete {
        phase: phase(text),
        epoch: Epoch(epoch),
        artifact: Some(ArtifactRef {
            sha256: BlobId::of(bytes),
            bytes: bytes.len() as u64,
        }),
        tree: None,
    }
}

fn commands() -> Vec<Command> {
    let one = |event| Command {
        event,
        artifact: None,
    };
    let fail = Event::Fail {
        phase: phase("qa"),
        epoch: Epoch(1),
        reason: reason("it broke"),
        tag: tag("red"),
    };
    let retry = Event::Retry {
        phase: phase("qa"),
        forced: None,
    };
    vec![
        one(Event::SprintStart(Box::new(start()))),
        one(Event::Claim(grant("review", 1))),
        one(Event::Claim(grant("qa", 1))),
        Command {
            event: complete("review", 1, b"{\"review\":1}"),
            artifact: Some(("review-1.json", b"{\"review\":1}")),
        },
        one(fail),
        one(retry),
        one(Event::Claim(grant("qa", 2))),
        Command {
            event: complete("qa", 2, b"{}"),
            artifact: Some(("qa-2.json", b"{}")),
        },
    ]
}

struct Model {
    commands: Vec<Command>,
    /// How the sprint stands after each number of commands.
    boards: Vec<Option<Board>>,
    fault: Fault,
    seen: BTreeSet<u64>,
    torn: usize,
}

/// How many commands may be found: at least those that were acknowledged, at most those given.
type Range = (usize, usize);

impl Model {
    fn new(fault: Fault) -> Self {
        let commands = commands();
        let mut events: Vec<(Timestamp, &Event)> = Vec::new();
        let mut boards = vec![None];
        for command in &commands {
            events.push((at(), &command.event));
            boards.push(Board::fold(events.iter().copied()).unwrap());
        }
        Self {
            commands,
            boards,
            fault,
            seen: BTreeSet::new(),
            torn: 0,
        }
    }

    fn check(&mut self) -> Result<(), String> {
        self.check_from(&Content::new(), (0, 0), self.commands.len(), 1)
    }

    fn check_from(
        &mut self,
        content: &Content,
        before: Range,
        end: usize,
        depth: u32,
    ) -> Result<(), String> {
        for operations in 0.. {
            let disk = SimulatedDisk::new(content, operations, self.fault);
            let (after, done) = self.live(&disk, before, end)?;
            for left in disk.after_power_cut() {
                let mut hasher = DefaultHasher::new();
                (&left, after, depth).hash(&mut hasher);
                if !self.seen.insert(hasher.finish()) {
                    continue;
                }
                let whole = |bytes: &Vec<u8>| bytes.is_empty() || bytes.ends_with(b"\n");
                self.torn += usize::from(left.get(EVENTS).is_some_and(|bytes| !whole(bytes)));
                if depth > 0 {
                    let end = (after.1 + 1).min(self.commands.len());
                    self.check_from(&left, after, end, depth - 1)?;
                } else {
                    let disk = SimulatedDisk::new(&left, 0, self.fault);
                    self.recover(&disk, after)?;
                }
            }
            if done {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One process: reads and goes on until the power is cut or `end` is reached.
    fn live(
        &self,
        disk: &SimulatedDisk,
        (mut acknowledged, given): Range,
        end: usize,
    ) -> Result<(Range, bool), String> {
        let log = log(disk);
        let (found, mut known) = self.recover(disk, (acknowledged, given))?;
        for number in found..end {
            match self.give(&log, &mut known, &self.commands[number]) {
                Ok(()) => acknowledged = number + 1,
                Err(LogError::Io { .. }) => return Ok(((acknowledged, number + 1), false)),
                Err(error) => return Err(format!("command {number}: {error}")),
            }
        }
        Ok(((acknowledged, found.max(acknowledged)), true))
    }

    fn give(
        &self,
        log: &SprintLog<SimulatedDisk>,
        known: &mut Option<Known>,
        command: &Command,
    ) -> Result<(), LogError> {
        if let Some((name, bytes)) = command.artifact {
            log.store(name, bytes)?;
        }
        match known {
            None => {
                log.create(at(), &start())?;
                *known = Some(log.read(None)?);
            }
            Some(known) => log.append(known, at(), std::slice::from_ref(&command.event))?,
        }
        Ok(())
    }

    fn recover(
        &self,
        disk: &SimulatedDisk,
        (acknowledged, given): Range,
    ) -> Result<(usize, Option<Known>), String> {
        let log = log(disk);
        let known = match log.exists().unwrap() {
            true => Some(log.read(None).map_err(|error| error.to_string())?),
            false => None,
        };
        let board = known.as_ref().map(|known| &*known.board);
        let mut numbers = acknowledged..=given;
        let found = numbers.find(|number| self.boards[*number].as_ref() == board);
        let Some(found) = found else {
            return Err(format!("after {acknowledged} commands: {board:?}"));
        };
        for node in board.into_iter().flat_map(|board| board.graph().nodes()) {
            let state = board.and_then(|board| board.state(&node.name));
            let Some(crate::phases::board::State::Complete(done)) = state else {
                continue;
            };
            let name = format!("{}-{}.json", node.name, done.epoch);
            let bytes = crate::local::disk::Disk::read(disk, &name);
            let stored = bytes.ok().map(|bytes| BlobId::of(&bytes));
            if stored
                != done
                    .artifact
                    .as_ref()
                    .map(|artifact| artifact.sha256.clone())
            {
                return Err(format!("{name} is not what was handed in"));
            }
        }
        Ok((found, known))
    }
}

fn log(disk: &SimulatedDisk) -> SprintLog<SimulatedDisk> {
    SprintLog::new(disk.clone(), disk.clone(), Durability::PowerCut)
}

#[test]
fn no_power_cut_loses_a_command_or_leaves_half_of_one() {
    let mut model = Model::new(Fault::None);
    model.check().unwrap();
    println!("{} disks, {} torn", model.seen.len(), model.torn);
    assert!(model.seen.len() > 200, "{} disks", model.seen.len());
    assert!(model.torn > 20, "{} torn", model.torn);
}

#[test]
fn every_planted_fault_is_caught() {
    for fault in [Fault::NoDirectorySync, Fault::NoFileSync] {
        assert!(Model::new(fault).check().is_err(), "{fault:?}");
    }
}

#[test]
fn a_full_disk_refuses_a_command_and_leaves_the_sprint_as_it_was() {
    let disk = SimulatedDisk::new(&Content::new(), usize::MAX, Fault::None);
    log(&disk).create(at(), &start()).unwrap();
    let full = disk.with_fault(Fault::Full);
    let mut known = log(&full).read(None).unwrap();
    let before = crate::local::disk::Disk::read(&disk, EVENTS).unwrap();
    let claim = Event::Claim(grant("review", 1));
    let error = log(&full)
        .append(&mut known, at(), std::slice::from_ref(&claim))
        .unwrap_err();
    let LogError::Io { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(
        crate::local::disk::Disk::read(&disk, EVENTS).unwrap(),
        before
    );
    log(&full).store("review-1.json", b"{}").unwrap_err();
    // There is room again.
    let mut known = log(&disk).read(Some(known)).unwrap();
    log(&disk).append(&mut known, at(), &[claim]).unwrap();
    assert_eq!(log(&disk).read(None).unwrap().board, known.board);
}

#[test]
fn what_the_system_refuses_comes_with_advice() {
    use std::io::ErrorKind;
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::PermissionDenied,
        ErrorKind::NotFound,
        ErrorKind::TimedOut,
    ];
    let texts = kinds.map(|kind| advice(kind.into()).to_string());
    insta::assert_snapshot!(texts.join("\n"), @r#"
no storage space; make room on the disk, then try again
quota exceeded; make room within the quota, then try again
read-only filesystem or storage medium; the file system is read-only: work in a place that can be written
permission denied; let this user read and write the file, and what is above it
entity not found; it was removed meanwhile; start the sprint again
timed out
"#);
}

#[test]
fn a_reader_that_meets_a_writer_at_a_torn_end_reads_again() {
    let disk = SimulatedDisk::new(&Content::new(), usize::MAX, Fault::None);
    log(&disk).create(at(), &start()).unwrap();
    let reader = log(&disk).read(None).unwrap();
    // Something torn, which the next writer cuts off and writes over.
    let mut file = crate::local::disk::Disk::open(&disk, EVENTS).unwrap();
    crate::local::disk::DiskFile::append(&mut file, b"0000 {\"seq\":2,").unwrap();
    let torn = log(&disk).read(Some(reader)).unwrap();
    let mut writer = log(&disk).read(None).unwrap();
    for event in [
        Event::Claim(grant("review", 1)),
        Event::Claim(grant("qa", 1)),
    ] {
        log(&disk).append(&mut writer, at(), &[event]).unwrap();
    }
    let read = log(&disk).read(Some(torn)).unwrap();
    assert_eq!(read.board, writer.board);
    // The file was put back as it was before: what was read is forgotten, too.
    let short = SimulatedDisk::new(&Content::new(), usize::MAX, Fault::None);
    log(&short).create(at(), &start()).unwrap();
    let back = log(&short).read(Some(read)).unwrap();
    assert_eq!(back.board.claims().count(), 0);
}
