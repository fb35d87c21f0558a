//! Saved steps per second, durable before they return, beside what one would write first: the
//! whole state as JSON into a temporary file, synced and renamed.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use sprint_core::id::ProblemId;
use sprint_core::local::{FileLease, FileStore, Layout, NetworkFiles};
use sprint_core::ports::{LeaseHolder as _, Owner, StateStore as _};
use sprint_core::run::snapshot::{Delta, Snapshot};
use sprint_core::testing::sample;
use sprint_core::time::Timestamp;

fn whole_file(dir: &Path, snapshot: &Snapshot) -> std::io::Result<()> {
    let temporary = dir.join("state.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(snapshot)?)?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join("state.json"))?;
    File::open(dir)?.sync_all()
}

fn commit(c: &mut Criterion) {
    let mut group = c.benchmark_group("one durable step");
    group.sample_size(20);
    for tickets in [10, 1_000, 10_000] {
        let dir = tempfile::tempdir().expect("a folder");
        let first = sample::snapshot(tickets);

        let problem = ProblemId::new("bench").expect("an id");
        let layout = Layout::new(dir.path(), problem);
        layout.prepare().expect("folders");
        let owner = Owner {
            pid: 1,
            host: "bench".into(),
            since: Timestamp::default(),
        };
        let lease = FileLease::new(layout.clone(), NetworkFiles::Accept).acquire(&owner);
        let lease = lease.expect("a lease");
        // Without a view: what is measured is what makes a step durable.
        let store = FileStore::with_publish(layout, |_: &Snapshot| Vec::new());
        block_on(store.commit(&Delta::first(first.clone()), &lease)).expect("a save");
        let mut current = first.clone();
        group.bench_function(BenchmarkId::new("sprint journal", tickets), |b| {
            b.iter(|| {
                let delta = sample::delta(&current);
                block_on(store.commit(&delta, &lease)).expect("a save");
                current.revision = delta.revision;
                current.at = delta.at;
            });
        });
        group.bench_function(BenchmarkId::new("whole file", tickets), |b| {
            b.iter(|| whole_file(dir.path(), black_box(&first)).expect("a save"));
        });
    }
    group.finish();
}

criterion_group!(benches, commit);
criterion_main!(benches);
