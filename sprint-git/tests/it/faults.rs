//! Things that go wrong, and what comes of each.
//!
//! | Fault | Test |
//! |---|---|
//! | stale lock in a ticket's worktree | `workspace::the_locks_of_a_stopped_agent_are_removed_once_they_are_old` |
//! | stale lock of the user | [`locks_of_the_user_are_named_and_left`] |
//! | locked worktree | [`a_locked_worktree_stays`] |
//! | prunable or half-made worktree, crash while adding | `workspace::opening_finishes_what_a_crash_left` |
//! | crash while a worktree changes hands | `pool::giving_and_taking_can_be_cut_off_at_every_call` |
//! | crash while a branch follows base | `refresh::refreshing_can_be_cut_off_at_every_call` |
//! | crash in the middle of merging and landing | [`merging_and_landing_can_be_cut_off_at_every_call`] |
//! | many worktrees at once | [`a_hundred_worktrees_open_at_once`], `workspace::many_workspaces_open_at_once` |
//! | name of a branch or directory taken | `workspace::branches_and_directories_of_others_are_left_alone` |
//! | branch checked out elsewhere | [`a_branch_checked_out_elsewhere_is_left_there`] |
//! | base checked out twice, detached head | [`unusual_checkouts_of_base`] |
//! | unborn head, bare, reftable | `hygiene::repositories_that_cannot_carry_a_sprint_are_refused` |
//! | dirty base, operation in progress | `land::a_checkout_in_the_way_is_left_alone` |
//! | dirty workspace | `workspace::closing_keeps_unmerged_branches_and_uncommitted_work` |
//! | base moved | `land::a_base_that_moved_is_reported_and_the_next_attempt_lands` |
//! | gc while working | [`commits_in_flight_survive_gc`] |
//! | rename/delete, modes, add/add, file/directory | `merge::verdicts_and_trees_are_those_of_git`, [`modes_are_merged`] |
//! | names that collide where case does not count | [`names_that_differ_in_case_only_conflict`] |
//! | links leaving the tree | [`links_out_of_the_repository_are_not_merged`] |
//! | paths that are not UTF-8 | `workspace::collecting_commits_what_nobody_committed_and_describes_it` |
//! | submodules | [`submodules_are_pointers_and_conflict_when_both_move`] |
//! | LFS pointers and filters | [`pointers_stay_pointers_and_filters_do_not_run`], `attributes::large_files_are_stored_elsewhere_where_the_repository_says_so` |
//! | merge drivers, `merge=union` | `attributes::*` |
//! | stale lock of packed refs or of the settings | `storage::a_lock_*` |
//! | full disk | `storage::a_full_disk_stops_the_sprint_and_costs_nothing` |
//! | partial clone | `storage::a_partial_clone_works_where_it_has_the_objects_and_says_what_to_do_where_not` |
//! | changes hidden from git | `workspace::changes_that_git_was_told_to_overlook_are_seen_and_kept` |
//! | branch without a commit | `workspace::a_head_without_a_commit_keeps_nobody_from_giving_back` |
//! | hooks | `hygiene::hooks_and_monitors_of_the_repository_never_run` |
//! | signing required | [`signing_is_not_attempted_and_foretold`] |
//! | foreign owner | [`a_repository_of_somebody_else_stops_the_sprint`] |
//! | missing identity | every test: the fixture has none |
//! | shallow clone | [`a_shallow_clone_is_foretold_and_works_where_history_allows`] |
//! | SHA-256 | [`sha256_repositories_work`] |
//! | git missing or too old | `hygiene::a_git_that_is_missing_or_too_old_stops_the_sprint` |

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use sprint_core::domain::merge::{Landed, MergeInput};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{Opened, RefreshSpec, WorkspaceSpec};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::ports::Vcs;
use sprint_git::{GitConfig, GitVcs};

use crate::support::{
    Fixture, at, command, commit_all, cut_off, git, key, open, scripted_git, sprint, write,
    write_program,
};

fn input(ticket: &str, commit: CommitId) -> MergeInput {
    MergeInput {
        ticket: TicketId::new(ticket).unwrap(),
        commit,
        subject: format!("merge: {ticket}"),
    }
}

#[tokio::test]
async fn locks_of_the_user_are_named_and_left() {
    let fixture = Fixture::new().await;
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    let landing = fixture.landing(&combined);
    for name in ["index.lock", "refs/heads/main.lock"] {
        let lock = fixture.root.join(".git").join(name);
        fs::File::create(&lock)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        // Git may write the index and take that back, so it is compared by what it says.
        let seen = || {
            let mut seen = fixture.fingerprint(&["refs/tags/"]);
            seen.remove(".git/index");
            seen
        };
        let before = seen();
        let error = fixture.vcs.land(&landing, &key()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient, "{name}");
        let place = lock.display().to_string();
        assert!(error.chain().contains(&place), "{}", error.chain());
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        assert_eq!(seen(), before);
    }
    assert_eq!(fixture.land(&landing).await, Landed::Yes);
}

#[tokio::test]
async fn a_locked_worktree_stays() {
    for pool in [0, 4] {
        let fixture = Fixture::with(|config| config.pool = pool).await;
        let workspace = fixture.open(&fixture.spec("ENG-1")).await;
        let place = workspace.path.display().to_string();
        let lock = ["worktree", "lock", "--reason", "looking at it", &place];
        git(&fixture.root, &lock);
        let error = fixture.vcs.close(&workspace).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let text = error.chain().replace(&place, "/ENG-1");
        insta::allow_duplicates! {
        insta::assert_snapshot!(text, @r#"failed to close workspace on worktree-ENG-1: /ENG-1 is locked ("looking at it"); `git worktree unlock` releases it"#);
        }
        assert!(workspace.path.join("a.txt").exists());
        git(&fixture.root, &["worktree", "unlock", &place]);
        fixture.vcs.close(&workspace).await.unwrap();
        assert!(!workspace.path.exists());
    }
}

#[tokio::test]
async fn merging_and_landing_can_be_cut_off_at_every_call() {
    let mut cuts = 0;
    for stop in 1.. {
        let mut fixture = Fixture::new().await;
        let one = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
        let two = fixture.ticket("ENG-2", &[("two.txt", "2\n")]).await;
        let (base, both) = (fixture.head(), [one, two]);
        let script = scripted_git(&fixture);
        fixture
            .reopen(|config| config.program = script.clone())
            .await;
        let was_cut = cut_off(&script, stop, async {
            let combined = fixture.combine(&base, &both).await;
            let mut landing = fixture.landing(&combined);
            landing.expected = base.clone();
            assert_eq!(fixture.land(&landing).await, Landed::Yes);
        })
        .await;
        fixture.reopen(|_| {}).await;
        let combined = fixture.combine(&base, &both).await;
        let mut landing = fixture.landing(&combined);
        landing.expected = base.clone();
        assert_eq!(fixture.land(&landing).await, Landed::Yes, "call {stop}");
        assert_eq!(fixture.head(), combined.tip, "call {stop}");
        assert_eq!(
            git(&fixture.root, &["status", "--porcelain"]),
            "",
            "call {stop}"
        );
        let tags = git(&fixture.root, &["tag", "--list"]);
        assert_eq!(tags.lines().count(), 2, "call {stop}");
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 8, "{cuts}");
}

#[tokio::test]
async fn a_branch_checked_out_elsewhere_is_left_there() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("ENG-1");
    let workspace = fixture.open(&spec).await;
    fixture
        .vcs
        .close(&fixture.open(&fixture.spec("ENG-2")).await)
        .await
        .unwrap();
    let place = workspace.path.display().to_string();
    git(&fixture.root, &["worktree", "remove", &place]);
    git(&fixture.root, &["checkout", "-q", "worktree-ENG-1"]);
    let before = fixture.fingerprint(&[]);
    let error = fixture.vcs.open(&spec, &key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let root = fixture.root.display().to_string();
    assert!(error.chain().contains(&root), "{}", error.chain());
    assert_eq!(fixture.fingerprint(&[]), before);
}

#[tokio::test]
async fn unusual_checkouts_of_base() {
    let fixture = Fixture::new().await;
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    let landing = fixture.landing(&combined);
    let other = fixture.root.with_file_name("other");
    let place = other.display().to_string();
    git(
        &fixture.root,
        &["worktree", "add", "-q", "--force", &place, "main"],
    );
    let landed = fixture.land(&landing).await;
    let Landed::CheckoutInTheWay(text) = landed else {
        panic!("{landed:?}");
    };
    let text = text.replace(&place, "/other");
    let text = text.replace(&fixture.root.display().to_string(), "/project");
    insta::assert_snapshot!(text, @"main is checked out both in /project and in /other; switch one of them to another branch");
    git(&fixture.root, &["worktree", "remove", &place]);

    git(&fixture.root, &["checkout", "-q", "--detach"]);
    let before = fixture.fingerprint(&["refs/heads/main", "refs/tags/"]);
    assert_eq!(fixture.land(&landing).await, Landed::Yes);
    assert_eq!(
        fixture.fingerprint(&["refs/heads/main", "refs/tags/"]),
        before
    );
}

#[tokio::test]
async fn commits_in_flight_survive_gc() {
    let fixture = Fixture::new().await;
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let mut spec = fixture.spec("ENG-2");
    spec.dependencies = vec![(ticket.ticket.clone(), ticket.commit.clone())];
    let dependent = fixture.open(&spec).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    let options = ["-c", "gc.reflogExpire=now", "gc", "-q", "--prune=now"];
    git(&fixture.root, &options);
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    assert_eq!(fixture.collect(&dependent).await.commits, 0);
    assert_eq!(fixture.open(&spec).await, dependent);
}

#[tokio::test]
async fn modes_are_merged() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let file = workspace.path.join("src/lib.rs");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let commit = fixture.collect(&workspace).await.head;
    write(&fixture.root, "src/lib.rs", "fn main() { /* other */ }\n");
    let base = commit_all(&fixture.root, "outside");
    let combined = fixture.combine(&base, &[input("ENG-1", commit)]).await;
    let entry = git(
        &fixture.root,
        &["ls-tree", combined.tip.as_str(), "src/lib.rs"],
    );
    assert!(entry.starts_with("100755 blob"), "{entry}");
}

#[tokio::test]
async fn names_that_differ_in_case_only_conflict() {
    let fixture = Fixture::new().await;
    for (one, two) in [
        ("Read.md", "read.md"),
        ("Dir/x", "dir/y"),
        ("deep/é", "deep/e\u{301}"),
    ] {
        let first = fixture.ticket("ENG-1", &[(one, "1\n")]).await;
        let second = fixture.ticket("ENG-2", &[(two, "2\n")]).await;
        let combined = fixture.combine(&fixture.head(), &[first, second]).await;
        assert_eq!(combined.merged.len(), 1, "{one}");
        let paths = &combined.conflicts[0].paths;
        assert_eq!(paths.len(), 2, "{paths:?}");
        for ticket in ["ENG-1", "ENG-2"] {
            let workspace = fixture.open(&fixture.spec(ticket)).await;
            git(&workspace.path, &["reset", "-q", "--hard", "main"]);
        }
    }
    // A collision that was there before is no reason to stop everything.
    write(&fixture.root, "Makefile", "1\n");
    write(&fixture.root, "makefile", "2\n");
    commit_all(&fixture.root, "two of them");
    let third = fixture.ticket("ENG-3", &[("third.txt", "3\n")]).await;
    write(&fixture.root, "fourth.txt", "4\n");
    let base = commit_all(&fixture.root, "outside");
    assert_eq!(fixture.combine(&base, &[third]).await.conflicts, []);
}

#[tokio::test]
async fn links_out_of_the_repository_are_not_merged() {
    let fixture = Fixture::new().await;
    symlink("/usr/share", fixture.root.join("the-users")).unwrap();
    commit_all(&fixture.root, "the user may");
    for (target, is_refused) in [
        ("/etc/passwd", true),
        ("../../secret", true),
        ("../a.txt", false),
        ("lib.rs", false),
    ] {
        let workspace = fixture.open(&fixture.spec("ENG-1")).await;
        git(&workspace.path, &["reset", "-q", "--hard", "main"]);
        symlink(target, workspace.path.join("src/link")).unwrap();
        let commit = fixture.collect(&workspace).await.head;
        let combined = fixture
            .combine(&fixture.head(), &[input("ENG-1", commit)])
            .await;
        let paths = combined.conflicts.first().map(|clash| clash.paths.clone());
        let expected = is_refused.then(|| vec![RepoPath::from("src/link")]);
        assert_eq!(paths, expected, "{target}");
        fs::remove_file(workspace.path.join("src/link")).unwrap();
    }
}

#[tokio::test]
async fn submodules_are_pointers_and_conflict_when_both_move() {
    let fixture = Fixture::new().await;
    let point = |dir: &Path, digit: &str| {
        let entry = format!("160000,{},vendor", digit.repeat(40));
        git(dir, &["update-index", "--add", "--cacheinfo", &entry]);
        git(dir, &["commit", "-q", "-m", "pointer"]);
        CommitId::new(git(dir, &["rev-parse", "HEAD"])).unwrap()
    };
    point(&fixture.root, "1");
    fs::create_dir_all(fixture.root.join("vendor")).unwrap();
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    assert_eq!(
        fs::read_dir(workspace.path.join("vendor")).unwrap().count(),
        0
    );
    let commit = point(&workspace.path, "2");
    assert_eq!(fixture.collect(&workspace).await.head, commit);
    let combined = fixture
        .combine(&fixture.head(), &[input("ENG-1", commit.clone())])
        .await;
    let entry = git(&fixture.root, &["ls-tree", combined.tip.as_str(), "vendor"]);
    assert!(entry.contains(&"2".repeat(40)), "{entry}");
    let base = point(&fixture.root, "3");
    let combined = fixture.combine(&base, &[input("ENG-1", commit)]).await;
    assert_eq!(combined.conflicts[0].paths, ["vendor".into()]);
    fixture.vcs.close(&workspace).await.unwrap();
    assert!(!workspace.path.exists());
}

#[tokio::test]
async fn pointers_stay_pointers_and_filters_do_not_run() {
    let fixture = Fixture::new().await;
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    write(&fixture.root, "big.bin", pointer);
    commit_all(&fixture.root, "pointer");
    write(&fixture.root, ".gitattributes", "*.bin filter=lfs -text\n");
    commit_all(&fixture.root, "attributes");
    let before = fixture.fingerprint(&["refs/"]);
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let text = fs::read_to_string(workspace.path.join("big.bin")).unwrap();
    assert_eq!(text, pointer);
    write(&workspace.path, "b.txt", "b\n");
    let collected = fixture.collect(&workspace).await;
    assert_eq!(collected.changed.len(), 1);
    assert_eq!(fixture.fingerprint(&["refs/"]), before);
    let warnings = fixture.vcs.status().await.unwrap().warnings;
    insta::assert_snapshot!(warnings.join("\n"), @"files are kept with git-lfs, whose filters are not run: workspaces hold the pointers, what is left uncommitted is committed as it is, and landing brings pointers into the checkout; `git lfs install --local` has the filters run");
}

#[tokio::test]
async fn signing_is_not_attempted_and_foretold() {
    let fixture = Fixture::new().await;
    git(&fixture.root, &["config", "commit.gpgSign", "true"]);
    git(&fixture.root, &["config", "gpg.program", "/nowhere/gpg"]);
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    let warnings = fixture.vcs.status().await.unwrap().warnings;
    insta::assert_snapshot!(warnings.join("\n"), @"commit.gpgSign is set, but nobody could be asked for a passphrase: commits made by the sprint itself, merges among them, are not signed");
}

#[tokio::test]
async fn a_repository_of_somebody_else_stops_the_sprint() {
    let fixture = Fixture::new().await;
    let script = fixture.root.with_file_name("stranger");
    let text = "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git \"$@\"\n";
    write_program(&script, text);
    let mut config = GitConfig::new(&fixture.root, BranchName::new("main").unwrap());
    config.program = script;
    let error = GitVcs::open(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fatal);
    let text = error.chain();
    assert!(text.contains("dubious ownership"), "{text}");
    assert!(text.contains("safe.directory"), "{text}");
}

#[tokio::test]
async fn a_shallow_clone_is_foretold_and_works_where_history_allows() {
    let mut fixture = Fixture::new().await;
    commit_all(&fixture.root, "second");
    let clone = fixture.root.with_file_name("clone");
    let (from, to) = (
        format!("file://{}", fixture.root.display()),
        clone.display().to_string(),
    );
    git(&fixture.root, &["clone", "-q", "--depth=1", &from, &to]);
    fixture.root = clone;
    fixture.reopen(|_| {}).await;
    let warnings = fixture.vcs.status().await.unwrap().warnings;
    insta::assert_snapshot!(warnings.join("\n"), @"the clone is shallow, so merges may lack a common ancestor; `git fetch --unshallow` completes it");
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
}

#[tokio::test]
async fn sha256_repositories_work() {
    let mut fixture = Fixture::new().await;
    let root = fixture.root.with_file_name("sha256");
    fs::create_dir(&root).unwrap();
    git(
        &root,
        &["init", "-q", "-b", "main", "--object-format=sha256"],
    );
    write(&root, "a.txt", "one\ntwo\nthree\n");
    write(&root, "src/lib.rs", "fn main() {}\n");
    commit_all(&root, "start");
    fixture.root = root;
    fixture.reopen(|_| {}).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    let collected = fixture.collect(&workspace).await;
    assert_eq!(collected.head.as_str().len(), 64);
    write(&fixture.root, "c.txt", "c\n");
    let base = commit_all(&fixture.root, "outside");
    let spec = RefreshSpec {
        workspace: workspace.clone(),
        base: base.clone(),
        published: false,
        at: at(),
    };
    fixture.vcs.refresh(&spec).await.unwrap();
    let commit = fixture.rev("refs/heads/worktree-ENG-1");
    let combined = fixture.combine(&base, &[input("ENG-1", commit)]).await;
    fixture
        .vcs
        .checkout(&combined.tip, &sprint(), None)
        .await
        .unwrap();
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    fixture.vcs.close(&workspace).await.unwrap();
    fixture.open(&fixture.spec("ENG-2")).await;
    fixture.vcs.tidy(&sprint()).await.unwrap();
    assert_eq!(git(&fixture.root, &["fsck", "--no-dangling"]), "");
}

/// Empty files, in memory where the machine offers that: what is tested is the number of files
/// and of worktrees, not the disk.
#[tokio::test]
async fn a_hundred_worktrees_open_at_once() {
    const FILES: usize = 10_000;
    let memory = Path::new("/dev/shm");
    let dir = match tempfile::tempdir_in(memory) {
        Ok(dir) => dir,
        Err(_) => tempfile::tempdir().unwrap(),
    };
    let root = dir.path().canonicalize().unwrap().join("project");
    fs::create_dir(&root).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    let start = String::from(
        "blob\nmark :1\ndata 0\n\ncommit refs/heads/main\n\
         committer Person <person@example.org> 1700000000 +0000\ndata 5\nstart\n",
    );
    let lines = (0..FILES).map(|n| format!("M 100644 :1 d{}/f{n}\n", n / 100));
    let stream: String = std::iter::once(start).chain(lines).collect();
    let file = dir.path().join("stream");
    fs::write(&file, stream).unwrap();
    let mut import = command(&root, &["fast-import", "--quiet"]);
    import.stdin(fs::File::open(&file).unwrap());
    assert!(import.status().unwrap().success());
    git(&root, &["reset", "-q", "--hard"]);

    let vcs = Arc::new(open(&root, "main").await);
    let base = vcs.status().await.unwrap().base_head;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (vcs, base) = (Arc::clone(&vcs), base.clone());
        tasks.spawn(async move {
            let spec = WorkspaceSpec {
                sprint: sprint(),
                ticket: TicketId::new(format!("ENG-{n}")).unwrap(),
                generation: 1,
                base,
                dependencies: Vec::new(),
                at: at(),
            };
            vcs.open(&spec, &key()).await.unwrap()
        });
    }
    let mut paths = BTreeSet::new();
    for opened in tasks.join_all().await {
        let Opened::Ready(workspace) = opened else {
            panic!("{opened:?}");
        };
        assert_eq!(git(&workspace.path, &["status", "--porcelain"]), "");
        assert!(paths.insert(workspace.path));
    }
    assert_eq!(paths.len(), 100);
}
