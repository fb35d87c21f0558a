//! The power is cut before every operation of a short run, and again during each recovery from
//! that; whatever the disk then holds, nothing acknowledged may be lost or distorted.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use super::*;
use crate::local::simulated::{Content, Fault, SimulatedDisk};
use crate::testing::sample;

/// The state after each commit.
fn states() -> Vec<Snapshot> {
    let mut states = vec![sample::snapshot(2)];
    for number in 1..15 {
        let last = &states[number - 1];
        // One of them starts over, so that revisions repeat.
        let next = match number {
            8 => sample::snapshot(1),
            _ => sample::after(last, &sample::delta(last)),
        };
        states.push(next);
    }
    states
}

/// The change that leads to `states[number]`.
fn change(states: &[Snapshot], number: usize) -> Delta {
    match number {
        0 | 8 => Delta::first(states[number].clone()),
        _ => sample::delta(&states[number - 1]),
    }
}

/// What went wrong.
type Violation = String;

struct Model {
    states: Vec<Snapshot>,
    limits: Limits,
    fault: Fault,
    rule: SeqRule,
    /// Hashes of what was gone on from: the content of a disk, what may be found on it, and how
    /// deep it was looked into.
    seen: BTreeSet<u64>,
    /// Every name of a file that was there.
    names: BTreeSet<String>,
}

/// How many commits may be found: at least the acknowledged ones, at most the attempted ones.
type Range = (usize, usize);

impl Model {
    fn new(fault: Fault, rule: SeqRule) -> Self {
        let states = states();
        let full = record::encode(1, 1, &Delta::first(states[0].clone())).unwrap();
        let line = record::encode(1, 1, &change(&states, 1)).unwrap();
        Self {
            limits: Limits {
                rotate_above: (full.len() + 4 * line.len()) as u64,
                rotate_factor: 1,
            },
            states,
            fault,
            rule,
            seen: BTreeSet::new(),
            names: BTreeSet::new(),
        }
    }

    /// Cuts the power before every operation of the whole run.
    fn check(&mut self) -> Result<(), Violation> {
        let total = self.states.len();
        self.check_from(&Content::new(), (0, 0), total, 1)
    }

    /// Goes on from `content` up to the commit `end`, with the power cut before every operation;
    /// then a little further from everything that may be left, `depth` times.
    fn check_from(
        &mut self,
        content: &Content,
        before: Range,
        end: usize,
        depth: u32,
    ) -> Result<(), Violation> {
        for operations in 0.. {
            let disk = SimulatedDisk::new(content, operations, self.fault);
            let (after, flow) = self.live(&disk, before, end)?;
            for left in disk.after_power_cut() {
                let mut hasher = DefaultHasher::new();
                (&left, after, depth).hash(&mut hasher);
                if !self.seen.insert(hasher.finish()) {
                    continue;
                }
                self.names.extend(left.keys().cloned());
                if depth > 0 {
                    let end = (after.1 + 1).min(self.states.len());
                    self.check_from(&left, after, end, depth - 1)?;
                } else {
                    let disk = SimulatedDisk::new(&left, 0, self.fault);
                    self.recover(&disk, after)?;
                }
            }
            if flow.is_continue() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One process: recovers and commits, until the power is cut or `end` is reached.
    fn live(
        &self,
        disk: &SimulatedDisk,
        (mut acknowledged, attempted): Range,
        end: usize,
    ) -> Result<(Range, ControlFlow<()>), Violation> {
        let (found, recovered) = self.recover(disk, (acknowledged, attempted))?;
        let mut journal = Journal::new(disk.clone(), self.limits, recovered);
        for number in found..end {
            match journal.commit(&change(&self.states, number), 1) {
                Ok(()) => acknowledged = number + 1,
                Err(JournalError::Io { .. }) => {
                    let range = (acknowledged, number + 1);
                    return Ok((range, ControlFlow::Break(())));
                }
                Err(error) => return Err(format!("commit {number}: {error}")),
            }
        }
        let range = (acknowledged, found.max(acknowledged));
        Ok((range, ControlFlow::Continue(())))
    }

    /// Recovers, and finds a state that may be there.
    fn recover(
        &self,
        disk: &SimulatedDisk,
        (acknowledged, attempted): Range,
    ) -> Result<(usize, Option<Recovered>), Violation> {
        let recovered = recover(disk, self.rule)
            .map_err(|error| format!("after {acknowledged} commits: {error}"))?;
        let found = recovered.as_ref().map(|found| &found.snapshot);
        let is_state = |number: &usize| match number.checked_sub(1) {
            None => found.is_none(),
            Some(number) => found.is_some() && found == self.states.get(number),
        };
        match (acknowledged..=attempted).find(is_state) {
            Some(number) => Ok((number, recovered)),
            None => Err(format!(
                "after {acknowledged} commits: found revision {:?}",
                found.map(|found| found.revision)
            )),
        }
    }
}

#[test]
fn no_power_cut_loses_or_distorts_an_acknowledged_commit() {
    let mut model = Model::new(Fault::None, SeqRule::Strict);
    model.check().unwrap();
    assert!(model.names.contains("journal-4.jsonl"), "it never rotates");
    assert!(model.names.iter().any(|name| name.ends_with(".tail")));
    assert!(model.seen.len() > 2_000, "{} disks", model.seen.len());
    println!("{} disks", model.seen.len());
}

/// The test of the test: each planted fault is noticed.
#[test]
fn every_planted_fault_is_caught() {
    for (fault, rule) in [
        (Fault::NoDirectorySync, SeqRule::Strict),
        (Fault::NoFileSync, SeqRule::Strict),
        (Fault::OldGenerationRemovedFirst, SeqRule::Strict),
        (Fault::None, SeqRule::Off),
    ] {
        let caught = Model::new(fault, rule).check();
        assert!(caught.is_err(), "{fault:?}, {rule:?}");
    }
}
