//! Every parser of files that others write: on the corpus, on what is cut off or changed in it, and on
//! anything. The same parsers run under libFuzzer, from `fuzz/`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::test_runner::{Config, TestRunner};
use sprint_core::testing::parsers::{PARSERS, Parser};
use sprint_core::testing::rng::Rng;

/// Changed copies of each file of a corpus.
const CHANGED: u64 = 200;

fn corpus(parser: &Parser) -> Vec<(PathBuf, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = fs::read_dir(root.join(parser.name)).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// One or more small changes, the same for the same seed.
fn change(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    const ODD: [&[u8]; 12] = [
        b"\0", b"\n", b"\r\n", b"\"", b"\\", b"{", b"]", b"```\n", b"## ", b"---\n", b"\xff",
        b"null",
    ];
    let mut changed = bytes.to_vec();
    for _ in 0..=rng.below(4) {
        let at = rng.below(changed.len() + 1);
        match rng.below(5) {
            0 => changed.truncate(at),
            1 if at < changed.len() => changed[at] = rng.next().to_le_bytes()[0],
            2 => {
                let odd = rng.pick(&ODD).copied().unwrap_or_default();
                changed.splice(at..at, odd.iter().copied());
            }
            3 => {
                let end = (at + rng.below(20)).min(changed.len());
                changed.drain(at..end);
            }
            _ => {
                let end = (at + rng.below(40)).min(changed.len());
                let copy = changed[at..end].to_vec();
                changed.splice(at..at, copy);
            }
        }
    }
    changed
}

#[test]
fn every_parser_has_a_target_and_a_corpus() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names: BTreeSet<_> = PARSERS.iter().map(|parser| parser.name).collect();
    assert_eq!(names.len(), PARSERS.len());
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for parser in &PARSERS {
        let target = root.join(format!("fuzz_targets/{}.rs", parser.name));
        let text = fs::read_to_string(target).unwrap();
        assert!(
            text.contains(&format!("\"{}\"", parser.name)),
            "{}",
            parser.name
        );
        assert!(
            manifest.contains(&format!("name = \"{}\"", parser.name)),
            "{}",
            parser.name
        );
        assert!(corpus(parser).len() >= 2, "{}", parser.name);
    }
}

#[test]
fn no_file_of_the_corpus_and_nothing_like_it_breaks_a_parser() {
    for parser in &PARSERS {
        for (path, bytes) in corpus(parser) {
            (parser.run)(&bytes);
            let mut rng = Rng::new(u64::try_from(bytes.len()).unwrap());
            for _ in 0..CHANGED {
                let changed = change(&bytes, &mut rng);
                let result = std::panic::catch_unwind(|| (parser.run)(&changed));
                assert!(
                    result.is_ok(),
                    "{} from {}: {:?}",
                    parser.name,
                    path.display(),
                    String::from_utf8_lossy(&changed)
                );
            }
        }
    }
}

#[test]
fn anything_is_read_or_refused() {
    for parser in &PARSERS {
        let mut runner = TestRunner::new_with_rng(
            Config {
                cases: 64,
                failure_persistence: None,
                ..Config::default()
            },
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let bytes = proptest::collection::vec(proptest::num::u8::ANY, 0..300);
        let result = runner.run(&bytes, |bytes| {
            (parser.run)(&bytes);
            Ok(())
        });
        assert!(result.is_ok(), "{}: {result:?}", parser.name);
    }
}
