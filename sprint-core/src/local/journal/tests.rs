use super::*;
use crate::local::disk::StdDisk;
use crate::local::simulated::{Fault, SimulatedDisk};
use crate::testing::sample;

/// A directory with a journal of one generation and `changes` lines after its first.
fn written(changes: u64) -> (tempfile::TempDir, Vec<Snapshot>) {
    let directory = tempfile::tempdir().unwrap();
    let mut journal = Journal::new(disk(&directory), Limits::default(), None);
    let mut states = vec![sample::snapshot(2)];
    journal.commit(&Delta::first(states[0].clone()), 1).unwrap();
    for _ in 0..changes {
        let last = states.last().unwrap();
        let delta = sample::delta(last);
        journal.commit(&delta, 1).unwrap();
        states.push(sample::after(last, &delta));
    }
    (directory, states)
}

fn disk(directory: &tempfile::TempDir) -> StdDisk {
    StdDisk::new(directory.path().to_owned())
}

fn read(directory: &tempfile::TempDir) -> Result<Option<Recovered>, JournalError> {
    recover(&disk(directory), SeqRule::Strict)
}

/// A disk with this journal.
fn holding(journal: Vec<u8>) -> SimulatedDisk {
    SimulatedDisk::new(&[(journal_name(1), journal)].into(), 0, Fault::None)
}

fn file(directory: &tempfile::TempDir) -> std::path::PathBuf {
    directory.path().join("journal-1.jsonl")
}

#[test]
fn lines_are_a_checksum_and_json() {
    let (directory, _) = written(1);
    let text = std::fs::read_to_string(file(&directory)).unwrap();
    let last = text.lines().last().unwrap();
    insta::assert_snapshot!(last, @r#"5c782bfe {"seq":2,"epoch":1,"delta":{"revision":2,"at":"1970-01-01T00:00:02Z","tickets":{"T-1":{"stage":{"stage":"queued"},"attempt":2,"generation":1,"budget":{"loops":0,"fresh_agent":false,"exhaustions":0,"rate_limits":0,"rewrites":0,"agent_runs":0,"cost_micro_usd":0,"presumed_micro_usd":0,"forgiven_micro_usd":0,"questions":0},"breaker":{"last":null,"streak":0,"before_fresh":null,"fingerprint":null,"trips":0},"merge":"unmerged"}}}}"#);
}

#[test]
fn every_single_bit_flip_is_noticed() {
    let (directory, states) = written(2);
    let good = std::fs::read(file(&directory)).unwrap();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            match recover(&holding(bad), SeqRule::Strict) {
                Err(JournalError::Damaged { line, .. }) => assert!(line <= 3),
                // In the last line a flip looks like a commit that was cut off.
                Ok(Some(found)) => {
                    assert_eq!(found.snapshot, states[1], "byte {at} bit {bit}");
                    assert!(!found.tail.is_empty(), "byte {at} bit {bit}");
                }
                other => panic!("byte {at} bit {bit}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_cut_last_line_is_a_tail_and_is_kept() {
    let (directory, states) = written(3);
    let path = file(&directory);
    let good = std::fs::read(&path).unwrap();
    let last = good[..good.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap();
    for keep in last + 1..good.len() {
        std::fs::write(&path, &good[..keep]).unwrap();
        let found = read(&directory).unwrap().unwrap();
        assert_eq!(found.snapshot, states[2]);
        assert_eq!(found.tail, good[last + 1..keep]);
    }
    let found = read(&directory).unwrap();
    let mut journal = Journal::new(disk(&directory), Limits::default(), found);
    journal.commit(&sample::delta(&states[2]), 1).unwrap();
    let tail = std::fs::read(directory.path().join("journal-1.tail")).unwrap();
    assert_eq!(tail, good[last + 1..good.len() - 1]);
    let found = read(&directory).unwrap().unwrap();
    assert_eq!(found.snapshot.revision, states[2].revision + 1);
    assert_eq!(found.position.generation, 2);
}

#[test]
fn damage_is_named_with_file_and_line() {
    let (directory, _) = written(3);
    let path = file(&directory);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"attempt\":3", "\"attempt\":9", 1)).unwrap();
    let error = read(&directory).unwrap_err();
    insta::assert_snapshot!(error, @"journal-1.jsonl is damaged at line 3: a saved change cannot be read, and is not guessed; restore the file from a backup, or move it away to start from sprint-state.json");
}

#[test]
fn a_long_journal_is_rotated_and_the_old_one_removed() {
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits {
        rotate_above: 0,
        ..Limits::default()
    };
    let mut journal = Journal::new(disk(&directory), limits, None);
    let mut state = sample::snapshot(2);
    journal.commit(&Delta::first(state.clone()), 1).unwrap();
    while recover::generations(&disk(&directory)).unwrap() == [1] {
        let delta = sample::delta(&state);
        journal.commit(&delta, 1).unwrap();
        state = sample::after(&state, &delta);
        assert!(state.revision < 1000, "it never rotates");
    }
    assert_eq!(recover::generations(&disk(&directory)).unwrap(), [2]);
    assert!(state.revision > 4, "it waits for four times the state");
    assert_eq!(read(&directory).unwrap().unwrap().snapshot, state);
}

proptest::proptest! {
    #[test]
    fn no_content_makes_recovery_panic(bytes: Vec<u8>) {
        drop(recover(&holding(bytes), SeqRule::Strict));
    }
}
