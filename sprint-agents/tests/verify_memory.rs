//! A test log of hundreds of megabytes, in a process of its own: its peak of memory is looked at.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::check::{CheckPlan, Subject};
use sprint_core::domain::command::{CheckKind, CommandLine, Exit};
use sprint_core::id::{BlobId, CommitId, SprintId, TicketId, TreeId};
use sprint_core::ports::{BlobStore, EffectContext, Result, Verifier};
use sprint_core::run::effect::{EffectId, EffectKey, Step};

const LENGTH: u64 = 200_000_000;

/// Reads what it is given and forgets it.
#[derive(Debug)]
struct Forgetful;

impl BlobStore for Forgetful {
    fn store(&self, source: &mut dyn Read) -> Result<BlobId> {
        let length = std::io::copy(source, &mut std::io::sink()).unwrap();
        assert_eq!(length, LENGTH, "the whole output is stored");
        Ok(BlobId::new("0".repeat(64)).unwrap())
    }

    fn open(&self, _: &BlobId) -> Result<Box<dyn Read + Send>> {
        unreachable!("nobody reads outputs here")
    }
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.unwrap().split_whitespace().nth(1);
    words.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_large_output_takes_little_memory() {
    let line =
        "yes 'test parsing::numbers::reads_the_largest_one_that_fits ... ok' | head -c 200000000";
    let plan = CheckPlan {
        install: None,
        checks: [(CheckKind::Test, CommandLine::new(line).unwrap())].into(),
        timeout: Duration::from_secs(3600),
    };
    let subject = Subject {
        directory: "/".into(),
        commit: CommitId::new("a".repeat(40)).unwrap(),
        tree: TreeId::new("b".repeat(40)).unwrap(),
    };
    let cx = EffectContext {
        key: EffectKey {
            sprint: SprintId::new("sprint-20260131-090500").unwrap(),
            effect: EffectId::ticket(TicketId::new("ENG-1").unwrap(), 1, Step::Implement),
        },
        blobs: Arc::new(Forgetful),
    };
    let verifier = CommandVerifier::new(Environment::inherit());
    let before = peak();
    let report = verifier.verify(&subject, &plan, &cx).await.unwrap();
    let grown = peak() - before;
    assert_eq!(report.runs[0].exit, Exit::Code(0));
    assert!(grown < 32 * 1024, "{grown} KiB for {LENGTH} bytes");
}
