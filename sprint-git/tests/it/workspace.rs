//! Opening, collecting and closing workspaces.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::UNIX_EPOCH;

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::stray::Whereabouts;
use sprint_core::domain::workspace::{ChangeKind, GraftSpec, Leftovers, Opened};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, SprintId, TicketId};
use sprint_core::ports::Vcs;
use sprint_git::{GitConfig, GitVcs};

use crate::support::{Fixture, at, command, commit_all, git, key, leftovers, sprint, write};

#[tokio::test]
async fn a_workspace_is_a_worktree_on_a_branch_of_its_own() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    assert_eq!(workspace.path, fixture.root.join(".claude/worktrees/ENG-1"));
    assert_eq!(workspace.branch.as_str(), "worktree-ENG-1");
    assert_eq!(workspace.base, fixture.head());
    assert_eq!(workspace.work_base, fixture.head());
    let text = fs::read_to_string(workspace.path.join("a.txt")).unwrap();
    assert_eq!(text, "one\ntwo\nthree\n");
    assert_eq!(git(&workspace.path, &["status", "--porcelain"]), "");

    let mut second = fixture.spec("ENG-1");
    second.generation = 2;
    let fresh = fixture.open(&second).await;
    assert_eq!(fresh.branch.as_str(), "worktree-ENG-1-r2");
    assert_eq!(git(&fixture.root, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn opening_again_finds_the_same_workspace_with_the_work_in_it() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("ENG-1");
    let first = fixture.open(&spec).await;
    write(&first.path, "b.txt", "committed\n");
    let moved = commit_all(&first.path, "agent");
    write(&first.path, "c.txt", "not committed\n");
    write(&fixture.root, "elsewhere.txt", "base moves on\n");
    commit_all(&fixture.root, "outside");

    let again = fixture.open(&spec).await;
    assert_eq!(again, first);
    assert_eq!(fixture.rev("refs/heads/worktree-ENG-1"), moved);
    assert!(again.path.join("c.txt").exists());
}

/// Every state in which an interrupted `open` can leave the repository is repaired.
#[tokio::test]
async fn opening_finishes_what_a_crash_left() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("ENG-1");
    let first = fixture.open(&spec).await;
    let entry = fixture.root.join(".git/worktrees/ENG-1");

    // Checked out, but not to the end.
    fs::remove_file(entry.join("index")).unwrap();
    fs::write(entry.join("index.lock"), "").unwrap();
    fs::remove_file(first.path.join("a.txt")).unwrap();
    assert_eq!(fixture.open(&spec).await, first);
    assert_eq!(git(&first.path, &["status", "--porcelain"]), "");

    // Registered, but not to the end.
    fs::write(entry.join("locked"), "initializing\n").unwrap();
    fs::remove_file(entry.join("HEAD")).unwrap();
    fs::remove_dir_all(&first.path).unwrap();
    fs::create_dir(&first.path).unwrap();
    fs::write(first.path.join(".git"), "gitdir: ").unwrap();
    assert_eq!(fixture.open(&spec).await, first);

    // An entry without an end, which makes any `git worktree add` fail.
    fs::write(entry.join("commondir"), "").unwrap();
    fixture.open(&fixture.spec("ENG-2")).await;
    assert_eq!(fixture.open(&spec).await, first);

    // The directory is gone, the branch is not.
    write(&first.path, "b.txt", "work\n");
    commit_all(&first.path, "agent");
    fs::remove_dir_all(&first.path).unwrap();
    assert_eq!(fixture.open(&spec).await, first);
    assert!(first.path.join("b.txt").exists());

    // The branch was never made, the record was.
    git(
        &fixture.root,
        &["worktree", "remove", "--force", ".claude/worktrees/ENG-1"],
    );
    git(&fixture.root, &["branch", "-q", "-D", "worktree-ENG-1"]);
    assert_eq!(fixture.open(&spec).await, first);
    assert_eq!(git(&first.path, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn where_a_workspace_is_and_what_is_checked_out_in_it_is_seen() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("ENG-1");
    let workspace = fixture.open(&spec).await;
    let seen = async || fixture.vcs.whereabouts(&workspace).await.unwrap();
    assert_eq!(seen().await, Whereabouts::There);
    git(&workspace.path, &["checkout", "-q", "-b", "feature/x"]);
    let branch = Some(BranchName::new("feature/x").unwrap());
    assert_eq!(seen().await, Whereabouts::Elsewhere { branch });
    git(&workspace.path, &["checkout", "-q", "--detach"]);
    let detached = Whereabouts::Elsewhere { branch: None };
    assert_eq!(seen().await, detached);
    fs::remove_dir_all(&workspace.path).unwrap();
    assert_eq!(seen().await, Whereabouts::Gone);
    assert_eq!(fixture.open(&spec).await, workspace);
}

#[tokio::test]
async fn files_of_a_worktree_that_lost_its_registration_are_kept() {
    let fixture = Fixture::new().await;
    let spec = fixture.spec("ENG-1");
    let workspace = fixture.open(&spec).await;
    write(&workspace.path, "b.txt", "not committed\n");
    fs::remove_dir_all(fixture.root.join(".git/worktrees/ENG-1")).unwrap();
    assert_eq!(fixture.open(&spec).await, workspace);
    let kept = fixture.root.join(".claude/worktrees/ENG-1.kept-1/b.txt");
    assert_eq!(fs::read_to_string(kept).unwrap(), "not committed\n");
}

#[tokio::test]
async fn branches_and_directories_of_others_are_left_alone() {
    let fixture = Fixture::new().await;
    git(&fixture.root, &["branch", "worktree-ENG-1"]);
    git(&fixture.root, &["branch", "worktree-ENG-2/sub"]);
    write(&fixture.root, ".claude/worktrees/ENG-3/mine.txt", "mine\n");
    for ticket in ["ENG-1", "ENG-2", "ENG-3"] {
        let workspace = fixture.open(&fixture.spec(ticket)).await;
        let expected = format!("worktree-{ticket}-20260131-090500");
        assert_eq!(workspace.branch.as_str(), expected);
    }
    // Another sprint with the same ticket gets its own, too, even if ours is only recorded.
    let mut other = fixture.spec("ENG-4");
    let ours = fixture.open(&other).await;
    git(
        &fixture.root,
        &["worktree", "remove", ".claude/worktrees/ENG-4"],
    );
    git(&fixture.root, &["branch", "-q", "-D", "worktree-ENG-4"]);
    other.sprint = SprintId::new("sprint-20270101-000000").unwrap();
    let theirs = fixture.open(&other).await;
    assert_eq!(theirs.branch.as_str(), "worktree-ENG-4-20270101-000000");
    assert_ne!(ours.path, theirs.path);
    other.sprint = sprint();
    assert_eq!(fixture.open(&other).await, ours);
}

#[tokio::test]
async fn dependencies_are_merged_in_and_their_changes_are_not_the_tickets_own() {
    let fixture = Fixture::new().await;
    let first = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let second = fixture.ticket("ENG-2", &[("two.txt", "2\n")]).await;
    let mut spec = fixture.spec("ENG-3");
    spec.dependencies = [&first, &second, &first]
        .map(|input| (input.ticket.clone(), input.commit.clone()))
        .to_vec();
    let workspace = fixture.open(&spec).await;
    let log = git(
        &workspace.path,
        &["log", "--first-parent", "--format=%s %an %at"],
    );
    assert_eq!(
        log,
        "pre-merge dep ENG-2 sprint 1769850300\npre-merge dep ENG-1 sprint 1769850300\n\
         start Person 1700000000"
    );
    write(&workspace.path, "three.txt", "3\n");
    let collected = fixture.collect(&workspace).await;
    assert_eq!(collected.commits, 1);
    assert_eq!(collected.changed.len(), 1);

    // The same call in a copy of the repository makes the same commits.
    let other = Fixture::new().await;
    for input in [("ENG-1", "one.txt", "1\n"), ("ENG-2", "two.txt", "2\n")] {
        other.ticket(input.0, &[(input.1, input.2)]).await;
    }
    assert_eq!(other.open(&spec).await.work_base, workspace.work_base);
}

#[tokio::test]
async fn a_dependency_that_conflicts_leaves_nothing_behind() {
    let fixture = Fixture::new().await;
    let first = fixture.ticket("ENG-1", &[("a.txt", "1\n")]).await;
    let second = fixture.ticket("ENG-2", &[("a.txt", "2\n")]).await;
    let before = fixture.fingerprint(&[]);
    let mut spec = fixture.spec("ENG-3");
    spec.dependencies = vec![(first.ticket, first.commit), (second.ticket, second.commit)];
    let opened = fixture.vcs.open(&spec, &key()).await.unwrap();
    let expected = Opened::Conflict {
        dependency: TicketId::new("ENG-2").unwrap(),
        paths: vec![RepoPath::from("a.txt")],
    };
    assert_eq!(opened, expected);
    assert_eq!(fixture.fingerprint(&[]), before);
    assert!(!fixture.root.join(".claude/worktrees/ENG-3").exists());
}

#[tokio::test]
async fn many_workspaces_open_at_once() {
    let fixture = Fixture::new().await;
    // Another process would have its own handle.
    let other = crate::support::open(&fixture.root, "main").await;
    let specs: Vec<_> = (0..8).map(|n| fixture.spec(&format!("ENG-{n}"))).collect();
    let key = key();
    let open = async |n: usize| {
        let vcs = if n.is_multiple_of(2) {
            &fixture.vcs
        } else {
            &other
        };
        vcs.open(&specs[n], &key).await.unwrap()
    };
    let opened = tokio::join!(
        open(0),
        open(1),
        open(2),
        open(3),
        open(4),
        open(5),
        open(6),
        open(7)
    );
    for one in <[Opened; 8]>::from(opened) {
        let Opened::Ready(workspace) = one else {
            panic!("{one:?}");
        };
        assert_eq!(git(&workspace.path, &["status", "--porcelain"]), "");
    }
}

#[tokio::test]
async fn collecting_commits_what_nobody_committed_and_describes_it() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "a.txt", "one\nTWO\nthree\nfour\n");
    fs::remove_file(workspace.path.join("src/lib.rs")).unwrap();
    commit_all(&workspace.path, "agent");
    write(&workspace.path, "new\n.txt", "x\n");
    write(&workspace.path, "target/built", "ignored\n");
    fs::write(workspace.path.join("bin"), b"\0\n").unwrap();
    fs::write(workspace.path.join(OsStr::from_bytes(b"\xff.txt")), "y\n").unwrap();

    let collected = fixture.collect(&workspace).await;
    assert_eq!(collected.commits, 2);
    let changed: Vec<_> = collected
        .changed
        .iter()
        .map(|change| (change.path.as_str(), change.kind))
        .collect();
    assert_eq!(
        changed,
        [
            ("\\xff.txt", ChangeKind::Added),
            ("a.txt", ChangeKind::Modified),
            ("bin", ChangeKind::Added),
            ("new\\x0a.txt", ChangeKind::Added),
            ("src/lib.rs", ChangeKind::Deleted),
        ]
    );
    let added: Vec<_> = collected
        .added
        .iter()
        .map(|line| format!("{}:{} {}", line.path, line.line, line.text))
        .collect();
    assert_eq!(
        added,
        [
            "\\xff.txt:1 y",
            "a.txt:2 TWO",
            "a.txt:4 four",
            "new\\x0a.txt:1 x"
        ]
    );
    assert_eq!(
        collected.tree.as_str(),
        git(&workspace.path, &["rev-parse", "HEAD^{tree}"])
    );
    assert_eq!(
        git(
            &workspace.path,
            &["log", "-1", "--format=%s %an %ae %cn %at %ct"]
        ),
        "wip sprint sprint@localhost sprint 1769850300 1769850300"
    );
    // Nothing is left, so a second time changes nothing.
    assert_eq!(fixture.collect(&workspace).await, collected);

    let odd = RepoPath::from_bytes(b"\xff.txt");
    let wanted = [
        odd.clone(),
        "src".into(),
        "nope".into(),
        "../../a.txt".into(),
    ];
    let files = fixture.vcs.read(&collected.head, &wanted).await.unwrap();
    assert_eq!(files, [(odd, b"y\n".to_vec())]);
}

#[tokio::test]
async fn large_files_and_links_are_not_read() {
    let fixture = Fixture::new().await;
    fs::write(fixture.root.join("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    fs::write(fixture.root.join("limit"), vec![b'x'; 1 << 20]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", fixture.root.join("link")).unwrap();
    let commit = commit_all(&fixture.root, "files");
    let wanted = ["large", "link", "limit"].map(RepoPath::from);
    let files = fixture.vcs.read(&commit, &wanted).await.unwrap();
    let names: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["limit"]);
}

#[tokio::test]
async fn a_workspace_on_another_branch_is_not_collected() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    git(&workspace.path, &["checkout", "-q", "--detach"]);
    let error = fixture
        .vcs
        .collect(&workspace, &leftovers())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Breach);
    fs::remove_dir_all(&workspace.path).unwrap();
    let error = fixture
        .vcs
        .collect(&workspace, &leftovers())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// Without its `.git`, a worktree looks like a directory of the user's checkout.
#[tokio::test]
async fn a_worktree_without_its_link_never_reaches_the_users_checkout() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    fs::remove_file(workspace.path.join(".git")).unwrap();
    write(&workspace.path, "b.txt", "work\n");
    write(&fixture.root, "a.txt", "the user's\n");
    let before = fixture.fingerprint(&["refs/heads/worktree-ENG-1"]);
    let collected = fixture.collect(&workspace).await;
    assert_eq!(collected.changed.len(), 1);
    assert_eq!(fixture.fingerprint(&["refs/heads/worktree-ENG-1"]), before);
}

#[tokio::test]
async fn restoring_keeps_what_it_removes() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "verified\n");
    let verified = fixture.collect(&workspace).await.head;
    let restore = Leftovers::RestoreTo(verified.clone());
    assert_eq!(
        fixture
            .vcs
            .collect(&workspace, &restore)
            .await
            .unwrap()
            .head,
        verified
    );

    write(&workspace.path, "b.txt", "tampered\n");
    let tampered = commit_all(&workspace.path, "audit");
    write(&workspace.path, "stray.txt", "stray\n");
    write(&workspace.path, "target/cache", "cache\n");
    let error = fixture.vcs.collect(&workspace, &restore).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let rescued = format!(
        "refs/sprint/rescue/worktree-ENG-1/{}",
        &tampered.as_str()[..12]
    );
    assert!(error.chain().contains(&rescued), "{}", error.chain());
    assert_eq!(fixture.rev(&rescued), tampered);
    let all = git(
        &fixture.root,
        &["for-each-ref", "--format=%(refname)", "refs/sprint/rescue"],
    );
    let stray = all.lines().find(|name| *name != rescued).unwrap();
    assert_eq!(
        git(&fixture.root, &["show", &format!("{stray}:stray.txt")]),
        "stray"
    );

    assert_eq!(
        git(&workspace.path, &["status", "--porcelain", "--branch"]),
        "## worktree-ENG-1"
    );
    assert_eq!(fixture.rev("refs/heads/worktree-ENG-1"), verified);
    assert!(workspace.path.join("target/cache").exists());
    assert_eq!(
        fixture
            .vcs
            .collect(&workspace, &restore)
            .await
            .unwrap()
            .head,
        verified
    );
}

#[tokio::test]
async fn a_rebase_that_an_agent_left_in_conflict_is_undone() {
    let fixture = Fixture::new().await;
    let other = fixture.ticket("ENG-1", &[("a.txt", "theirs\n")]).await;
    let workspace = fixture.open(&fixture.spec("ENG-2")).await;
    write(&workspace.path, "a.txt", "ours\n");
    let verified = fixture.collect(&workspace).await.head;
    write(&workspace.path, "src/lib.rs", "set aside\n");
    let onto = other.commit.as_str();
    let mut rebase = command(&workspace.path, &["rebase", "-q", "--autostash", onto]);
    assert!(!rebase.output().unwrap().status.success());

    let committed = fixture.vcs.collect(&workspace, &leftovers()).await;
    assert_eq!(committed.unwrap_err().kind(), ErrorKind::Conflict);
    let restore = Leftovers::RestoreTo(verified.clone());
    let restored = fixture.vcs.collect(&workspace, &restore).await;
    assert_eq!(restored.unwrap_err().kind(), ErrorKind::Conflict);
    let collected = fixture.vcs.collect(&workspace, &restore).await.unwrap();
    assert_eq!(collected.head, verified);
    let state = git(&workspace.path, &["status"]);
    assert!(!state.contains("rebase"), "{state}");
    assert_eq!(git(&fixture.root, &["stash", "list"]), "");
    let kept = git(
        &fixture.root,
        &["log", "-p", "-m", "--glob=refs/sprint/rescue"],
    );
    assert!(kept.contains("+set aside"), "{kept}");
}

#[tokio::test]
async fn closing_keeps_unmerged_branches_and_uncommitted_work() {
    let fixture = Fixture::with(|config| config.pool = 0).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "committed\n");
    let head = commit_all(&workspace.path, "agent");
    write(&workspace.path, "c.txt", "uncommitted\n");
    git(&workspace.path, &["checkout", "-q", "--detach"]);
    let lost = commit_all(&workspace.path, "on no branch");
    write(&workspace.path, "d.txt", "uncommitted\n");
    for _ in 0..2 {
        fixture.vcs.close(&workspace).await.unwrap();
        assert!(!workspace.path.exists());
        assert_eq!(fixture.rev("refs/heads/worktree-ENG-1"), head);
    }
    let short = &lost.as_str()[..12];
    assert_eq!(
        fixture.rev(&format!("refs/sprint/rescue/worktree-ENG-1/{short}")),
        lost
    );
    let rescued = git(
        &fixture.root,
        &["log", "--format=%s", "--glob=refs/sprint/rescue"],
    );
    assert!(
        rescued.contains("rescue: uncommitted work of worktree-ENG-1"),
        "{rescued}"
    );
    assert!(!fixture.root.join(".git/worktrees/ENG-1").exists());
}

#[tokio::test]
async fn closing_removes_a_merged_branch_and_tidying_the_rest() {
    let fixture = Fixture::with(|config| config.pool = 0).await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let open = fixture.open(&fixture.spec("ENG-2")).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    fixture
        .vcs
        .checkout(&combined.tip, &sprint(), None)
        .await
        .unwrap();
    fixture.land(&fixture.landing(&combined)).await;
    fixture.vcs.close(&workspace).await.unwrap();
    assert!(!fixture.has("refs/heads/worktree-ENG-1"));
    fixture.vcs.close(&workspace).await.unwrap();

    for _ in 0..2 {
        fixture.vcs.tidy(&sprint()).await.unwrap();
        let left = git(
            &fixture.root,
            &["for-each-ref", "--format=%(refname)", "refs/sprint"],
        );
        let ours = "refs/sprint/sprint-20260131-090500/open/ENG-2/1/worktree-ENG-2";
        assert_eq!(left, format!("{ours}/base\n{ours}/work"));
    }
    let integration = fixture
        .root
        .join(".claude/worktrees/integration-sprint-20260131-090500");
    assert!(!integration.exists());
    fixture.vcs.close(&open).await.unwrap();
    assert!(!fixture.has("refs/sprint"));
    let trees = git(&fixture.root, &["worktree", "list"]);
    assert_eq!(trees.lines().count(), 1, "{trees}");
}

#[tokio::test]
async fn a_repository_inside_a_workspace_stops_its_removal() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "inner/x.txt", "x\n");
    git(&workspace.path.join("inner"), &["init", "-q"]);
    let error = fixture.vcs.close(&workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(workspace.path.join("inner/x.txt").exists());
}

#[tokio::test]
async fn a_workspace_we_did_not_open_is_left_alone() {
    let fixture = Fixture::new().await;
    let mut workspace = fixture.open(&fixture.spec("ENG-1")).await;
    workspace.path = fixture.root.join("src");
    let error = fixture.vcs.close(&workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(fixture.root.join("src/lib.rs").exists());
    // Nor is anything committed in a worktree that somebody else made.
    let theirs = fixture.root.with_file_name("theirs");
    let place = theirs.display().to_string();
    git(
        &fixture.root,
        &["worktree", "add", "-q", "-b", "worktree-X", &place],
    );
    write(&theirs, "b.txt", "mine\n");
    workspace.path = theirs.clone();
    workspace.branch = "worktree-X".parse().unwrap();
    let collected = fixture.vcs.collect(&workspace, &leftovers()).await;
    assert_eq!(collected.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(git(&theirs, &["status", "--porcelain"]), "?? b.txt");
}

#[tokio::test]
async fn the_locks_of_a_stopped_agent_are_removed_once_they_are_old() {
    for name in [
        "worktrees/ENG-1/index",
        "worktrees/ENG-1/HEAD",
        "refs/heads/worktree-ENG-1",
    ] {
        let fixture = Fixture::new().await;
        let workspace = fixture.open(&fixture.spec("ENG-1")).await;
        write(&workspace.path, "b.txt", "b\n");
        let lock = fixture.root.join(format!(".git/{name}.lock"));
        let file = fs::File::create(&lock).unwrap();
        let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Transient, "{name}");
        file.set_modified(UNIX_EPOCH).unwrap();
        assert_eq!(fixture.collect(&workspace).await.commits, 1, "{name}");
    }
}

#[tokio::test]
async fn a_merge_that_an_agent_did_not_finish_is_committed_as_one() {
    let fixture = Fixture::new().await;
    let other = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let workspace = fixture.open(&fixture.spec("ENG-2")).await;
    git(
        &workspace.path,
        &[
            "merge",
            "-q",
            "--no-ff",
            "--no-commit",
            other.commit.as_str(),
        ],
    );
    let head = fixture.collect(&workspace).await.head;
    let merged = fixture.rev(&format!("{head}^2"));
    assert_eq!(merged, other.commit);
}

#[tokio::test]
async fn leftovers_make_the_same_commit_every_time() {
    let mut heads = Vec::new();
    for _ in 0..2 {
        let fixture = Fixture::new().await;
        heads.push(fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await.commit);
    }
    assert_eq!(heads[0], heads[1]);
    assert_eq!(at().to_string(), "2026-01-31T09:05:00Z");
}

#[tokio::test]
async fn another_repository_inside_a_workspace_is_refused_and_not_lost() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let nested = workspace.path.join("vendor");
    fs::create_dir(&nested).unwrap();
    git(&nested, &["init", "--quiet"]);
    write(&nested, "lib.txt", "only copy\n");
    git(&nested, &["add", "lib.txt"]);
    git(&nested, &["commit", "--quiet", "-m", "nested"]);
    let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
    assert!(nested.join("lib.txt").exists());
}

#[tokio::test]
async fn what_a_gate_changes_in_tracked_files_is_seen_and_left() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let head = fixture.collect(&workspace).await.head;
    let altered = async || fixture.vcs.altered(&workspace.path, &head).await.unwrap();
    write(&workspace.path, "untracked.txt", "x\n");
    assert_eq!(altered().await, []);
    write(&workspace.path, "a.txt", "changed\n");
    assert_eq!(altered().await, ["a.txt".into()]);
    assert_eq!(
        fs::read_to_string(workspace.path.join("a.txt")).unwrap(),
        "changed\n"
    );
}

/// Nothing is below another repository, whose commits are not among ours.
#[tokio::test]
async fn what_a_nested_repository_took_the_place_of_is_gone() {
    let fixture = Fixture::new().await;
    let before = fixture.head();
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let path = &workspace.path;
    git(path, &["rm", "-q", "-r", "--cached", "src"]);
    git(&path.join("src"), &["init", "-q"]);
    commit_all(&path.join("src"), "nested");
    commit_all(path, "swapped");
    let collected = fixture.collect(&workspace).await;
    let changed: Vec<_> = collected
        .changed
        .iter()
        .map(|changed| (changed.path.as_str(), changed.kind))
        .collect();
    let expected = [
        ("src", ChangeKind::Added),
        ("src/lib.rs", ChangeKind::Deleted),
    ];
    assert_eq!(changed, expected);
    let paths = ["a.txt", "a.txt/below", "src", "src/lib.rs", "src/x/y.rs"].map(Into::into);
    let files = fixture.vcs.read(&collected.head, &paths).await.unwrap();
    assert_eq!(files, [("a.txt".into(), b"one\ntwo\nthree\n".to_vec())]);
    let spec = GraftSpec {
        onto: before,
        from: collected.head,
        paths: paths.to_vec(),
        at: at(),
    };
    fixture.vcs.graft(&spec).await.unwrap();
}

#[tokio::test]
async fn whatever_is_beside_a_commit_is_seen_and_left() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let path = &workspace.path;
    let is_pristine = async || fixture.vcs.is_pristine(path).await.unwrap();
    let remove = |name: &str| fs::remove_dir_all(path.join(name)).unwrap();
    assert!(is_pristine().await);
    write(path, "target/debug/app", "built\n");
    assert!(!is_pristine().await, "an ignored file");
    assert!(path.join("target/debug/app").exists());
    remove("target");
    write(path, "deep/er/new.txt", "new\n");
    assert!(!is_pristine().await, "an untracked file");
    remove("deep");
    fs::create_dir(path.join("nested")).unwrap();
    git(&path.join("nested"), &["init", "-q"]);
    assert!(!is_pristine().await, "another repository");
    remove("nested");
    assert!(is_pristine().await);
    for hide in ["assume-unchanged", "skip-worktree"] {
        git(path, &["update-index", &format!("--{hide}"), "a.txt"]);
        fs::remove_file(path.join("a.txt")).unwrap();
        assert!(!is_pristine().await, "{hide}");
        git(path, &["update-index", &format!("--no-{hide}"), "a.txt"]);
        git(path, &["checkout", "-q", "--", "a.txt"]);
        assert!(is_pristine().await, "{hide}");
    }
    fs::remove_file(path.join("src/lib.rs")).unwrap();
    assert!(!is_pristine().await, "a missing file");
    let elsewhere = fixture.vcs.is_pristine(&path.join("src")).await;
    assert_eq!(elsewhere.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Git can be told to look away from changes of a file.
#[tokio::test]
async fn changes_that_git_was_told_to_overlook_are_seen_and_kept() {
    for hide in ["--assume-unchanged", "--skip-worktree"] {
        let fixture = Fixture::new().await;
        let workspace = fixture.open(&fixture.spec("ENG-1")).await;
        let head = fixture.collect(&workspace).await.head;
        git(&workspace.path, &["update-index", hide, "a.txt"]);
        write(&workspace.path, "a.txt", "hidden\n");
        let altered = fixture.vcs.altered(&workspace.path, &head).await.unwrap();
        assert_eq!(altered, ["a.txt".into()], "{hide}");
        let restore = Leftovers::RestoreTo(head.clone());
        let restored = fixture.vcs.collect(&workspace, &restore).await;
        assert_eq!(restored.unwrap_err().kind(), ErrorKind::Conflict, "{hide}");
        let text = fs::read_to_string(workspace.path.join("a.txt")).unwrap();
        assert_eq!(text, "one\ntwo\nthree\n", "{hide}");

        git(&workspace.path, &["update-index", hide, "a.txt"]);
        write(&workspace.path, "a.txt", "hidden\n");
        let collected = fixture.collect(&workspace).await;
        assert_eq!(collected.changed.len(), 1, "{hide}");
        git(&workspace.path, &["update-index", hide, "a.txt"]);
        write(&workspace.path, "a.txt", "hidden again\n");
        fixture.vcs.close(&workspace).await.unwrap();
        let kept = git(
            &fixture.root,
            &["for-each-ref", "--format=%(refname)", "refs/sprint/rescue/"],
        );
        let texts: Vec<_> = kept
            .lines()
            .map(|name| git(&fixture.root, &["show", &format!("{name}:a.txt")]))
            .collect();
        assert!(
            texts.contains(&"hidden again".to_owned()),
            "{hide}: {texts:?}"
        );
    }
}

/// An agent may have begun a branch without a commit.
#[tokio::test]
async fn a_head_without_a_commit_keeps_nobody_from_giving_back() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    git(&workspace.path, &["checkout", "-q", "--orphan", "fresh"]);
    write(&workspace.path, "b.txt", "b\n");
    let collected = fixture.vcs.collect(&workspace, &leftovers()).await;
    assert_eq!(collected.unwrap_err().kind(), ErrorKind::Breach);
    fixture.vcs.close(&workspace).await.unwrap();
    assert!(!workspace.path.exists());
    let kept = git(
        &fixture.root,
        &["for-each-ref", "--format=%(refname)", "refs/sprint/rescue/"],
    );
    let text = git(&fixture.root, &["show", &format!("{kept}:b.txt")]);
    assert_eq!(text, "b");
}

/// One ticket cannot go on then; the others can.
#[tokio::test]
async fn a_damaged_index_is_named_and_nothing_is_removed() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    let index = fixture.root.join(".git/worktrees/ENG-1/index");
    fs::write(&index, "nonsense").unwrap();
    let collected = fixture.vcs.collect(&workspace, &leftovers()).await;
    for error in [
        collected.unwrap_err(),
        fixture.vcs.close(&workspace).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let place = index.display().to_string();
        assert!(error.chain().contains(&place), "{}", error.chain());
    }
    assert!(workspace.path.join("b.txt").exists());
    fs::remove_file(&index).unwrap();
    git(&workspace.path, &["read-tree", "HEAD"]);
    assert_eq!(fixture.collect(&workspace).await.commits, 1);
}

#[tokio::test]
async fn a_directory_that_went_away_is_named() {
    let fixture = Fixture::new().await;
    let config = GitConfig::new(fixture.root.join("nowhere"), "main".parse().unwrap());
    let error = GitVcs::open(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error
        .chain()
        .replace(&fixture.root.display().to_string(), "/project");
    insta::assert_snapshot!(text, @"failed to open repository /project/nowhere: there is no directory /project/nowhere");
}
