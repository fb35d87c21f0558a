//! Merges in memory, and the integration worktree.

use std::fs;
use std::path::Path;

use sprint_core::domain::path::RepoPath;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, command, commit_all, git, scripted_git, sprint, write};

#[tokio::test]
async fn tickets_are_merged_in_order_with_one_commit_each() {
    let fixture = Fixture::new().await;
    let base = fixture.head();
    let one = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let two = fixture.ticket("ENG-2", &[("two.txt", "2\n")]).await;
    let before = fixture.fingerprint(&["refs/sprint/"]);
    let combined = fixture.combine(&base, &[one.clone(), two.clone()]).await;
    assert_eq!(fixture.fingerprint(&["refs/sprint/"]), before);

    let tip = combined.tip.as_str();
    assert_eq!(
        git(
            &fixture.root,
            &["log", "--first-parent", "--format=%s|%an|%ct", tip]
        ),
        "merge: ENG-2|sprint|1769850300\nmerge: ENG-1|sprint|1769850300\nstart|Person|1700000000"
    );
    let first = &combined.merged[0];
    assert_eq!(
        git(
            &fixture.root,
            &[
                "rev-parse",
                &format!("{}^1", first.commit),
                &format!("{}^2", first.commit)
            ]
        ),
        format!("{base}\n{}", one.commit)
    );
    assert_eq!(combined.merged[1].commit, combined.tip);
    assert_eq!(
        combined.tree.as_str(),
        git(&fixture.root, &["rev-parse", &format!("{tip}^{{tree}}")])
    );
    let trial = fixture.rev("refs/sprint/sprint-20260131-090500/trial");
    assert_eq!(trial, combined.tip);

    assert_eq!(fixture.combine(&base, &[one.clone(), two]).await, combined);
    // What is in already is reported and makes no commit.
    let again = fixture.combine(&combined.tip, &[one]).await;
    assert_eq!(again.tip, combined.tip);
    assert_eq!(again.merged[0].commit, combined.tip);
}

#[tokio::test]
async fn a_conflicting_ticket_is_left_out_and_the_next_one_is_not() {
    let fixture = Fixture::new().await;
    let one = fixture
        .ticket("ENG-1", &[("a.txt", "ONE\ntwo\nthree\n")])
        .await;
    let two = fixture
        .ticket("ENG-2", &[("a.txt", "uno\ntwo\nthree\n")])
        .await;
    let three = fixture.ticket("ENG-3", &[("c.txt", "c\n")]).await;
    let combined = fixture
        .combine(&fixture.head(), &[one, two.clone(), three])
        .await;
    let [clash] = &combined.conflicts[..] else {
        panic!("{:?}", combined.conflicts)
    };
    assert_eq!(clash.ticket, two.ticket);
    assert_eq!(clash.paths, [RepoPath::from("a.txt")]);
    let merged: Vec<_> = combined
        .merged
        .iter()
        .map(|merged| merged.ticket.as_str())
        .collect();
    assert_eq!(merged, ["ENG-1", "ENG-3"]);
}

/// Pairs of changes, on which our verdict and tree must be git's.
#[tokio::test]
async fn verdicts_and_trees_are_those_of_git() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "long.txt", &lines(0));
    for name in ["x", "y", "z"] {
        write(
            &fixture.root,
            &format!("dir/{name}.txt"),
            &format!("{name}\n{name}\n"),
        );
    }
    let base = commit_all(&fixture.root, "more files");
    let mut changes = Vec::new();
    for name in EDITS {
        git(
            &fixture.root,
            &["checkout", "-q", "--detach", base.as_str()],
        );
        edit(name, &fixture.root);
        changes.push((name, commit_all(&fixture.root, name)));
    }
    git(&fixture.root, &["checkout", "-q", "main"]);
    let input = |(name, commit): &(&str, sprint_core::id::CommitId), ticket: &str| {
        sprint_core::domain::merge::MergeInput {
            ticket: sprint_core::id::TicketId::new(ticket).unwrap(),
            commit: commit.clone(),
            subject: (*name).into(),
        }
    };
    let mut conflicts = 0;
    for ours in &changes {
        for theirs in changes.iter().filter(|theirs| theirs.0 != ours.0) {
            let combined = fixture
                .combine(&base, &[input(ours, "A"), input(theirs, "B")])
                .await;
            let tip = combined.merged[0].commit.as_str();
            let arguments = [
                "merge-tree",
                "--write-tree",
                "--no-messages",
                tip,
                theirs.1.as_str(),
            ];
            let git = command(&fixture.root, &arguments).output().unwrap();
            let what = format!("{} + {}", ours.0, theirs.0);
            let verdict = !combined.conflicts.is_empty();
            assert_eq!(verdict, git.status.code() == Some(1), "{what}");
            conflicts += usize::from(verdict);
            if !verdict {
                let tree = String::from_utf8(git.stdout).unwrap();
                assert_eq!(combined.tree.as_str(), tree.trim(), "{what}");
            }
        }
    }
    assert!((10..80).contains(&conflicts), "{conflicts}");
}

const EDITS: [&str; 10] = [
    "nothing much",
    "first line",
    "another line",
    "same line differently",
    "deleted",
    "renamed",
    "directory renamed",
    "file added to directory",
    "added with other content",
    "file becomes directory",
];

fn edit(name: &str, root: &Path) {
    let long = root.join("long.txt");
    match name {
        "nothing much" => write(root, "new.txt", "new\n"),
        "first line" => write(root, "long.txt", &lines(1)),
        "another line" => write(root, "long.txt", &lines(30)),
        "same line differently" => write(root, "long.txt", &lines(1).to_uppercase()),
        "deleted" => fs::remove_file(long).unwrap(),
        "renamed" => fs::rename(long, root.join("moved.txt")).unwrap(),
        "directory renamed" => fs::rename(root.join("dir"), root.join("place")).unwrap(),
        "file added to directory" => write(root, "dir/extra.txt", "extra\n"),
        "added with other content" => write(root, "new.txt", "other\n"),
        _ => {
            fs::remove_file(long).unwrap();
            write(root, "long.txt/inside", "inside\n");
        }
    }
}

fn lines(changed: usize) -> String {
    let line = |n: usize| match n == changed {
        true => format!("line {n} changed\n"),
        false => format!("line {n}\n"),
    };
    (1..40).map(line).collect()
}

#[tokio::test]
async fn the_integration_worktree_is_reset_and_keeps_its_build_cache() {
    let fixture = Fixture::new().await;
    let base = fixture.head();
    let one = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let combined = fixture.combine(&base, &[one]).await;
    let path = fixture
        .vcs
        .checkout(&combined.tip, &sprint(), None)
        .await
        .unwrap();
    assert!(path.join("one.txt").exists());
    write(&path, "a.txt", "changed by a test\n");
    write(&path, "stray.txt", "stray\n");
    write(&path, "target/cache", "cache\n");
    assert_eq!(
        fixture.vcs.checkout(&base, &sprint(), None).await.unwrap(),
        path
    );
    assert_eq!(git(&path, &["status", "--porcelain"]), "");
    assert_eq!(git(&path, &["rev-parse", "HEAD"]), base.as_str());
    assert!(!path.join("one.txt").exists());
    assert!(path.join("target/cache").exists());
    // Removed by hand, it is made again.
    fs::remove_dir_all(&path).unwrap();
    fixture
        .vcs
        .checkout(&combined.tip, &sprint(), None)
        .await
        .unwrap();
    assert!(path.join("one.txt").exists());
    assert_eq!(git(&fixture.root, &["branch", "--show-current"]), "main");
}

/// A search for the ticket that breaks a check merges the same commits many times.
#[tokio::test]
async fn git_is_asked_about_a_merge_once() {
    let mut fixture = Fixture::new().await;
    let inputs = [
        fixture.ticket("ENG-1", &[("b.txt", "one\n")]).await,
        fixture.ticket("ENG-2", &[("b.txt", "two\n")]).await,
        fixture.ticket("ENG-3", &[("c.txt", "three\n")]).await,
    ];
    let base = fixture.head();
    let fresh = fixture.combine(&base, &inputs).await;
    let script = scripted_git(&fixture);
    let log = script.with_file_name("log");
    fixture.reopen(|config| config.program = script).await;
    let asked = || {
        let calls = fs::read_to_string(&log).unwrap();
        calls.matches(" merge-tree ").count()
    };
    assert_eq!(fixture.combine(&base, &inputs).await, fresh);
    assert_eq!(asked(), 3);
    assert_eq!(fixture.combine(&base, &inputs).await, fresh);
    assert_eq!(fixture.combine(&base, &inputs[..1]).await.conflicts, []);
    assert_eq!(asked(), 3);
    fixture.combine(&base, &inputs[1..]).await;
    assert_eq!(asked(), 5);
    // What nothing refers to may be pruned; git then makes it again.
    git(
        &fixture.root,
        &[
            "update-ref",
            "-d",
            "refs/sprint/sprint-20260131-090500/trial",
        ],
    );
    git(&fixture.root, &["gc", "-q", "--prune=now"]);
    assert_eq!(fixture.combine(&base, &inputs).await, fresh);
}
