//! Our merges beside git's, on many random histories.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use sprint_core::domain::merge::{CombineSpec, Combined, MergeInput};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::ProbeSpec;
use sprint_core::id::{CommitId, TicketId};
use sprint_core::ports::Vcs;
use tokio::task::JoinSet;

use crate::histories::{History, make};
use crate::support::{Fixture, at, command, key};

const HISTORIES: u64 = 2_000;

/// What git makes of a merge.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) clean: bool,
    pub(crate) tree: String,
    pub(crate) conflicts: BTreeSet<RepoPath>,
}

/// How often a prediction may differ from git, in histories where every other branch renames and
/// replaces whole directories. Nothing relies on it: what is merged in the end is what git makes
/// of it.
const ALLOWED: [(&str, RangeInclusive<usize>); 6] = [
    ("no conflict", 800..=1_500),
    ("predicted", 200..=600),
    // Git fails an assertion where both sides change the type of a file and one moves it.
    ("git gives up", 0..=10),
    // Gix sees a conflict that git does not, mostly after criss-cross merges; or we take files for
    // those of a renamed directory, and git does not.
    ("predicted in vain", 0..=50),
    // Git follows a renamed directory in more cases, and asks whether that was right.
    ("not predicted", 0..=40),
    // Both see a conflict. Git names the files it ends up in, gix those of both sides.
    ("other files predicted", 0..=600),
];

#[tokio::test]
async fn merges_are_those_of_git() {
    let fixture = Arc::new(Fixture::new().await);
    let seeds = match setting("SPRINT_HISTORY") {
        Some(seed) => seed..=seed,
        None => 1..=HISTORIES,
    };
    let histories = make(&fixture.root, seeds, 2);
    let pairs: Vec<_> = histories
        .iter()
        .map(|h| [&h.branches[0], &h.branches[1]])
        .collect();
    let verdicts = ask_git(&fixture.root, &pairs);
    let mut todo = histories.into_iter().zip(verdicts);
    let mut running = JoinSet::new();
    let mut seen: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    loop {
        while running.len() < 4
            && let Some((history, verdict)) = todo.next()
        {
            let fixture = Arc::clone(&fixture);
            running.spawn(async move { compare(&fixture, &history, verdict.as_ref()).await });
        }
        match running.join_next().await {
            Some(difference) => {
                let (seed, kind) = difference.unwrap();
                seen.entry(kind).or_default().push(seed);
            }
            None => break,
        }
    }
    for (kind, seeds) in &seen {
        let few = &seeds[..seeds.len().min(8)];
        println!("{kind}: {}, for example {few:?}", seeds.len());
    }
    let all = seen.values().map(Vec::len).sum::<usize>() > 1;
    for (kind, allowed) in ALLOWED.into_iter().filter(|_| all) {
        let count = seen.get(kind).map_or(0, Vec::len);
        assert!(allowed.contains(&count), "{kind}: {count}");
    }
}

/// Compares what is merged with what git merges, and says how good the prediction was.
async fn compare(
    fixture: &Fixture,
    history: &History,
    git: Option<&Verdict>,
) -> (u64, &'static str) {
    let seed = history.seed;
    let predicted = predict(fixture, history).await;
    let Some(git) = git else {
        return (seed, "git gives up");
    };
    let combined = combine(fixture, history).await;
    let again = format!("SPRINT_HISTORY={seed} cargo test -p sprint-git --test it differential");
    match combined.conflicts.first() {
        None => {
            assert!(git.clean, "{again}");
            assert_eq!(combined.tree.as_str(), git.tree, "{again}");
        }
        Some(clash) => {
            assert!(!git.clean, "{again}");
            let paths: BTreeSet<_> = clash.paths.iter().cloned().collect();
            assert_eq!(paths, git.conflicts, "{again}");
        }
    }
    let kind = match (predicted, git.clean) {
        (None, true) => "no conflict",
        (Some(_), true) => "predicted in vain",
        (None, false) => "not predicted",
        (Some(paths), false) if paths == git.conflicts => "predicted",
        (Some(_), false) => "other files predicted",
    };
    (seed, kind)
}

/// The files that a prediction has the two branches clash in.
async fn predict(fixture: &Fixture, history: &History) -> Option<BTreeSet<RepoPath>> {
    let ticket = TicketId::new("B").unwrap();
    let spec = ProbeSpec {
        base: history.branches[0].clone(),
        branches: [(ticket.clone(), history.branches[1].clone())].into(),
    };
    let mut probe = fixture.vcs.probe(&spec).await.unwrap();
    let paths = probe.against_base.remove(&ticket)?;
    Some(paths.into_iter().collect())
}

async fn combine(fixture: &Fixture, history: &History) -> Combined {
    let spec = CombineSpec {
        base: history.branches[0].clone(),
        merges: vec![MergeInput {
            ticket: TicketId::new("B").unwrap(),
            commit: history.branches[1].clone(),
            subject: "merge".into(),
        }],
        at: at(),
    };
    fixture.vcs.combine(&spec, &key()).await.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a seed is chosen from outside the test"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Has git make many merges, most of them in one process. Git 2.47 gives up on some changes of a
/// file's type with a failed assertion, and what it had not printed by then is lost: such a merge
/// has no verdict, and is found by going on one by one.
pub(crate) fn ask_git(root: &Path, pairs: &[[&CommitId; 2]]) -> Vec<Option<Verdict>> {
    let mut verdicts = Vec::new();
    let mut one_by_one = false;
    while verdicts.len() < pairs.len() {
        let rest = &pairs[verdicts.len()..];
        let asked = if one_by_one { &rest[..1] } else { rest };
        let (found, crashed) = run_git(root, asked);
        verdicts.extend(found.into_iter().map(Some));
        if one_by_one && crashed {
            verdicts.push(None);
        }
        one_by_one = crashed != one_by_one;
    }
    verdicts
}

/// What one process said, and whether it came to a bad end.
fn run_git(root: &Path, pairs: &[[&CommitId; 2]]) -> (Vec<Verdict>, bool) {
    let lines: String = pairs.iter().map(|[a, b]| format!("{a} {b}\n")).collect();
    let mut child = command(root, &["merge-tree", "--stdin", "--no-messages"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // A process that failed reads no more.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (parse(&output.stdout, pairs), !output.status.success())
}

/// `1 NUL tree NUL NUL` or `0 NUL tree NUL (mode id stage TAB path NUL)+ NUL`, again and again.
/// The last one may be cut off.
fn parse(output: &[u8], pairs: &[[&CommitId; 2]]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut words: Vec<_> = output.split(|byte| *byte == 0).collect();
    // What follows the last NUL is nothing, or the beginning of something.
    words.pop();
    let mut words = words.as_slice();
    while let [clean, tree, rest @ ..] = words {
        let Some(end) = rest.iter().position(|word| word.is_empty()) else {
            break;
        };
        let [ours, theirs] = pairs[verdicts.len()];
        let path = |entry: &&[u8]| {
            let entry = std::str::from_utf8(entry).unwrap();
            let (_, path) = entry.split_once('\t').unwrap();
            // A file that had to make room for another.
            let path = path.replace(&format!("~{ours}"), "");
            RepoPath::from(path.replace(&format!("~{theirs}"), "").as_str())
        };
        verdicts.push(Verdict {
            clean: *clean == b"1",
            tree: String::from_utf8(tree.to_vec()).unwrap(),
            conflicts: rest[..end].iter().map(path).collect(),
        });
        words = &rest[end + 1..];
    }
    verdicts
}
