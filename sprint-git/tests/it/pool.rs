//! Worktrees that are used again, and what workspaces begin with.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::BranchName;
use sprint_core::ports::Vcs;
use sprint_git::{GitConfig, GitVcs, Seed, SeedMode};

use crate::support::{Fixture, commit_all, cut_off, git, key, scripted_git, sprint, write};

fn kept(fixture: &Fixture) -> Vec<String> {
    let entries = fs::read_dir(fixture.root.join(".claude/worktrees")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    names.sort();
    names
}

fn inode(path: &Path) -> u64 {
    path.metadata().unwrap().ino()
}

async fn closed(fixture: &Fixture, ticket: &str) -> Workspace {
    let workspace = fixture.open(&fixture.spec(ticket)).await;
    fixture.vcs.close(&workspace).await.unwrap();
    workspace
}

#[tokio::test]
async fn a_closed_workspace_is_used_again_without_adding_a_worktree() {
    let mut fixture = Fixture::new().await;
    let first = fixture.open(&fixture.spec("ENG-1")).await;
    write(&first.path, "b.txt", "committed\n");
    commit_all(&first.path, "agent");
    write(&first.path, "target/deep/cache", "built\n");
    let seen = [first.path.clone(), first.path.join("src/lib.rs")].map(|path| inode(&path));
    fixture.vcs.close(&first).await.unwrap();
    assert!(!first.path.exists());
    assert_eq!(kept(&fixture), [".pool-1"]);

    let script = scripted_git(&fixture);
    fixture
        .reopen(|config| config.program = script.clone())
        .await;
    write(&fixture.root, "base.txt", "newer\n");
    commit_all(&fixture.root, "base moves on");
    let second = fixture.open(&fixture.spec("ENG-2")).await;
    assert_eq!(second.path, fixture.root.join(".claude/worktrees/ENG-2"));
    assert_eq!(
        [second.path.clone(), second.path.join("src/lib.rs")].map(|path| inode(&path)),
        seen
    );
    let calls = fs::read_to_string(script.with_file_name("log")).unwrap();
    assert!(!calls.contains("worktree add"), "{calls}");

    assert_eq!(kept(&fixture), Vec::<String>::new());
    assert!(second.path.join("target/deep/cache").exists());
    assert!(!second.path.join("b.txt").exists() && second.path.join("base.txt").exists());
    let status = git(&second.path, &["status", "--porcelain", "--branch"]);
    assert_eq!(status, "## worktree-ENG-2");
    let registered = git(&fixture.root, &["worktree", "list", "--porcelain"]);
    let place = format!("worktree {}", second.path.display());
    assert!(registered.contains(&place), "{registered}");
    assert!(!registered.contains("prunable"), "{registered}");
    assert_eq!(git(&fixture.root, &["fsck", "--no-dangling"]), "");
}

#[tokio::test]
async fn nothing_of_one_ticket_reaches_the_next() {
    let fixture = Fixture::new().await;
    write(
        &fixture.root,
        ".gitignore",
        "target/\nnode_modules/\n.env\n*.log\n",
    );
    commit_all(&fixture.root, "ignore more");
    let first = fixture.open(&fixture.spec("ENG-1")).await;
    write(&first.path, ".env", "TOKEN=secret\n");
    write(&first.path, "src/run.log", "secret\n");
    write(
        &first.path,
        "src/target/secret",
        "not the one at the root\n",
    );
    write(&first.path, "stray.txt", "rescued\n");
    write(&first.path, "a.txt", "rescued\n");
    write(&first.path, "target/cache", "kept\n");
    let outside = fixture.root.with_file_name("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, first.path.join("node_modules")).unwrap();
    fixture.vcs.close(&first).await.unwrap();

    let second = fixture.open(&fixture.spec("ENG-2")).await;
    let ignored = git(&second.path, &["status", "--porcelain", "--ignored"]);
    assert_eq!(ignored, "!! target/");
    let reflog = git(&second.path, &["reflog", "HEAD"]);
    assert!(!reflog.contains("checkout"), "{reflog}");
    assert!(outside.exists());
    // What was unique is kept elsewhere.
    let log = git(&fixture.root, &["log", "-p", "--glob=refs/sprint/rescue"]);
    assert!(
        log.contains("stray.txt") && log.contains("+rescued"),
        "{log}"
    );
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn the_pool_has_a_limit() {
    for pool in [0, 2] {
        let mut fixture = Fixture::with(|config| config.pool = pool).await;
        let mut open = Vec::new();
        for ticket in ["ENG-1", "ENG-2", "ENG-3"] {
            open.push(fixture.open(&fixture.spec(ticket)).await);
        }
        for workspace in &open {
            fixture.vcs.close(workspace).await.unwrap();
        }
        fixture.vcs.tidy(&sprint()).await.unwrap();
        assert_eq!(kept(&fixture).len(), pool);
        // A later sprint that wants fewer removes the rest, also from git's list.
        fixture.reopen(|config| config.pool = 0).await;
        fixture.vcs.tidy(&sprint()).await.unwrap();
        assert_eq!(kept(&fixture).len(), 0);
        let registered = git(&fixture.root, &["worktree", "list"]);
        assert_eq!(registered.lines().count(), 1, "{registered}");
    }
}

type Damage<'a> = &'a dyn Fn(&Path);

#[tokio::test]
async fn worktrees_in_an_unusual_state_are_not_used_again() {
    let left_out = |path: &Path| {
        git(path, &["update-index", "--skip-worktree", "a.txt"]);
        fs::remove_file(path.join("a.txt")).unwrap();
    };
    let sparse = |path: &Path| {
        let git_dir = git(path, &["rev-parse", "--absolute-git-dir"]);
        write(Path::new(&git_dir), "info/sparse-checkout", "/src/\n");
    };
    let elsewhere = |path: &Path| fs::write(path.join(".git"), "gitdir: /nowhere\n").unwrap();
    let states: [(&str, Damage<'_>); 3] = [
        ("a file that is left out", &left_out),
        ("a sparse checkout", &sparse),
        ("a link to another repository", &elsewhere),
    ];
    for (what, bring_about) in states {
        let fixture = Fixture::new().await;
        let workspace = fixture.open(&fixture.spec("ENG-1")).await;
        bring_about(&workspace.path);
        fixture.vcs.close(&workspace).await.unwrap();
        assert_eq!(kept(&fixture), Vec::<String>::new(), "{what}");
        let next = fixture.open(&fixture.spec("ENG-2")).await;
        let text = fs::read_to_string(next.path.join("a.txt")).unwrap();
        assert_eq!(text, "one\ntwo\nthree\n", "{what}");
    }
}

#[tokio::test]
async fn work_somebody_did_in_a_kept_worktree_is_rescued() {
    let fixture = Fixture::new().await;
    closed(&fixture, "ENG-1").await;
    let place = fixture.root.join(".claude/worktrees/.pool-1");
    write(&place, "committed.txt", "mine\n");
    commit_all(&place, "on no branch");
    write(&place, "a.txt", "mine too\n");
    let next = fixture.open(&fixture.spec("ENG-2")).await;
    assert_eq!(git(&next.path, &["status", "--porcelain"]), "");
    assert!(!next.path.join("committed.txt").exists());
    let log = git(&fixture.root, &["log", "-p", "--glob=refs/sprint/rescue"]);
    assert!(
        log.contains("on no branch") && log.contains("+mine too"),
        "{log}"
    );
}

/// No two get the same one, and no call fails, with two processes and more tickets than worktrees.
#[tokio::test]
async fn many_take_from_the_pool_at_once() {
    let fixture = Fixture::new().await;
    let other = crate::support::open(&fixture.root, "main").await;
    let mut open = Vec::new();
    for ticket in ["A-1", "A-2", "A-3"] {
        open.push(fixture.open(&fixture.spec(ticket)).await);
    }
    for workspace in &open {
        fixture.vcs.close(workspace).await.unwrap();
    }
    let specs: Vec<_> = (0..6).map(|n| fixture.spec(&format!("ENG-{n}"))).collect();
    let key = key();
    let take = async |vcs: &GitVcs, n: usize| vcs.open(&specs[n], &key).await.unwrap();
    let (a, b) = (&fixture.vcs, &other);
    tokio::join!(
        take(a, 0),
        take(b, 1),
        take(a, 2),
        take(b, 3),
        take(a, 4),
        take(b, 5)
    );
    let mut git_dirs = Vec::new();
    for spec in &specs {
        let workspace = fixture.open(spec).await;
        let status = git(&workspace.path, &["status", "--porcelain", "--branch"]);
        assert_eq!(status, format!("## {}", workspace.branch));
        git_dirs.push(git(&workspace.path, &["rev-parse", "--absolute-git-dir"]));
    }
    git_dirs.sort();
    git_dirs.dedup();
    assert_eq!(git_dirs.len(), 6);
    assert_eq!(kept(&fixture), Vec::<String>::new());
}

#[tokio::test]
async fn giving_and_taking_can_be_cut_off_at_every_call() {
    let mut fixture = Fixture::new().await;
    let script = scripted_git(&fixture);
    let key = key();
    let mut cuts = 0;
    for stop in 1.. {
        let workspace = fixture.open(&fixture.spec(&format!("A-{stop}"))).await;
        let unique = format!("unique {stop}");
        write(&workspace.path, "b.txt", &unique);
        let spec = fixture.spec(&format!("B-{stop}"));
        fixture
            .reopen(|config| config.program = script.clone())
            .await;
        let was_cut = cut_off(&script, stop, async {
            fixture.vcs.close(&workspace).await.unwrap();
            fixture.vcs.open(&spec, &key).await.unwrap();
        })
        .await;
        fixture.reopen(|_| {}).await;
        fixture.vcs.close(&workspace).await.unwrap();
        let second = fixture.open(&spec).await;
        let status = git(&second.path, &["status", "--porcelain", "--branch"]);
        assert_eq!(status, format!("## {}", second.branch), "call {stop}");
        let log = git(
            &fixture.root,
            &["log", "-p", "--glob=refs/sprint/rescue/worktree-A-*"],
        );
        assert!(log.contains(&unique), "call {stop}: {log}");
        assert!(!workspace.path.exists(), "call {stop}");
        let names = fs::read_dir(fixture.root.join(".claude/worktrees")).unwrap();
        let registered = git(&fixture.root, &["worktree", "list"]);
        let registered = registered.lines().count();
        assert_eq!(registered, names.count() + 1, "call {stop}");
        fixture.vcs.close(&second).await.unwrap();
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 15, "{cuts}");
    assert_eq!(git(&fixture.root, &["fsck", "--no-dangling"]), "");
}

#[tokio::test]
async fn moves_that_were_cut_off_are_finished() {
    let fixture = Fixture::new().await;
    closed(&fixture, "ENG-1").await;
    let entry = fixture.root.join(".git/worktrees/ENG-1");
    let place = |name: &str| fixture.root.join(".claude/worktrees").join(name);
    let register = |name: &str| {
        let text = format!("{}\n", place(name).join(".git").display());
        fs::write(entry.join("gitdir"), text).unwrap();
    };
    let note = |from: &str| {
        let head = fixture.head();
        fs::write(entry.join("sprint-pool"), format!("{from}\n{head}\n")).unwrap();
    };
    // Taken, but not renamed yet.
    note(".pool-1");
    register("ENG-2");
    let second = fixture.open(&fixture.spec("ENG-2")).await;
    let status = git(&second.path, &["status", "--porcelain", "--branch"]);
    assert_eq!(status, "## worktree-ENG-2");
    assert_eq!(kept(&fixture), Vec::<String>::new());
    assert!(!entry.join("sprint-pool").exists());

    // Given back, but not renamed yet.
    note("ENG-2");
    register(".pool-7");
    git(&second.path, &["checkout", "-q", "--detach"]);
    fixture.vcs.close(&second).await.unwrap();
    assert_eq!(kept(&fixture), [".pool-7"]);
    assert!(!second.path.exists());

    // The directory was removed by hand.
    fs::remove_dir_all(place(".pool-7")).unwrap();
    fixture.open(&fixture.spec("ENG-3")).await;
    assert!(!entry.exists());
}

#[tokio::test]
async fn directories_to_keep_or_to_begin_with_are_inside_the_repository() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "plain/file", "not ignored\n");
    let outside = fixture.root.with_file_name("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, fixture.root.join("target")).unwrap();
    let refused = async |change: &dyn Fn(&mut GitConfig)| {
        let mut config = GitConfig::new(&fixture.root, BranchName::new("main").unwrap());
        change(&mut config);
        let error = GitVcs::open(config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error
            .chain()
            .replace(&fixture.root.display().to_string(), "/project")
    };
    let seed = async |path: &str| {
        let seed = Seed {
            path: path.into(),
            mode: SeedMode::Copy,
        };
        refused(&|config| config.seed = vec![seed.clone()]).await
    };
    let keep = refused(&|config| config.keep_ignored = vec!["../x".into()]).await;
    insta::assert_snapshot!(keep, @"failed to open repository /project: ../x is no directory inside the repository to be kept");
    insta::assert_snapshot!(seed("/etc").await, @"failed to open repository /project: /etc cannot be seeded: it is not inside the repository");
    insta::assert_snapshot!(seed("src").await, @"failed to open repository /project: src cannot be seeded: it holds tracked files");
    insta::assert_snapshot!(seed("plain").await, @"failed to open repository /project: plain cannot be seeded: it is not ignored");
    insta::assert_snapshot!(seed("target").await, @"failed to open repository /project: target cannot be seeded: it is not a directory, or behind a symbolic link");
}

async fn seeded(mode: SeedMode, ignore: &str) -> (Fixture, Workspace) {
    let mut fixture = Fixture::new().await;
    write(&fixture.root, ".gitignore", ignore);
    commit_all(&fixture.root, "ignore");
    write(&fixture.root, "deps/lib/index.js", "installed\n");
    fs::set_permissions(
        fixture.root.join("deps/lib/index.js"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    symlink("lib/index.js", fixture.root.join("deps/bin")).unwrap();
    symlink("/etc/passwd", fixture.root.join("deps/absolute")).unwrap();
    symlink("../../outside", fixture.root.join("deps/out")).unwrap();
    fixture
        .reopen(|config| {
            let path = "deps".into();
            config.seed = vec![Seed { path, mode }];
        })
        .await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    (fixture, workspace)
}

#[tokio::test]
async fn a_copy_is_the_workspaces_own_and_leads_nowhere() {
    let (fixture, workspace) = seeded(SeedMode::Copy, "deps/\n").await;
    let (theirs, ours) = (fixture.root.join("deps"), workspace.path.join("deps"));
    let file = ours.join("lib/index.js");
    assert_eq!(fs::read_to_string(ours.join("bin")).unwrap(), "installed\n");
    let [a, b] = [&file, &theirs.join("lib/index.js")].map(|path| path.metadata().unwrap());
    assert_eq!(a.mode(), b.mode());
    assert_eq!(a.modified().unwrap(), b.modified().unwrap());
    for link in ["absolute", "out"] {
        assert!(ours.join(link).symlink_metadata().is_err(), "{link}");
    }
    write(&ours, "lib/index.js", "changed\n");
    let text = fs::read_to_string(theirs.join("lib/index.js")).unwrap();
    assert_eq!(text, "installed\n");
    // Nothing of it is the ticket's work, and opening again leaves it alone.
    assert_eq!(fixture.collect(&workspace).await.commits, 0);
    fixture.open(&fixture.spec("ENG-1")).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), "changed\n");
    assert_eq!(kept(&fixture), Vec::<String>::new());
}

#[tokio::test]
async fn a_link_is_made_where_git_ignores_it_and_removed_without_its_target() {
    let (fixture, workspace) = seeded(SeedMode::Link, "deps\n").await;
    let link = workspace.path.join("deps");
    assert_eq!(fs::read_link(&link).unwrap(), fixture.root.join("deps"));
    assert_eq!(fixture.collect(&workspace).await.commits, 0);
    fixture.vcs.close(&workspace).await.unwrap();
    assert!(fixture.root.join("deps/lib/index.js").exists());
    let pooled = fixture.root.join(".claude/worktrees/.pool-1");
    assert!(pooled.join("a.txt").exists() && pooled.join("deps").symlink_metadata().is_err());
    let next = fixture.open(&fixture.spec("ENG-2")).await;
    assert!(next.path.join("deps").is_symlink());

    // A pattern for directories would let a link into the next commit.
    let (fixture, workspace) = seeded(SeedMode::Link, "deps/\n").await;
    assert!(!workspace.path.join("deps").is_symlink());
    assert!(workspace.path.join("deps/lib/index.js").exists());
    assert_eq!(fixture.collect(&workspace).await.commits, 0);
}

#[tokio::test]
async fn a_branch_that_tracks_the_directory_is_not_overwritten() {
    let mut fixture = Fixture::new().await;
    write(&fixture.root, "target/built", "cache\n");
    let before = fixture.head();
    write(&fixture.root, "src/target", "a file\n");
    write(&fixture.root, ".gitignore", "");
    let workspace = {
        let mut spec = fixture.spec("ENG-1");
        // A commit that ignores nothing.
        git(&fixture.root, &["add", ".gitignore"]);
        git(&fixture.root, &["commit", "-q", "-m", "ignore nothing"]);
        spec.base = fixture.head();
        git(
            &fixture.root,
            &["checkout", "-q", "--detach", before.as_str()],
        );
        let path = "target".into();
        let mode = SeedMode::Copy;
        fixture
            .reopen(|config| config.seed = vec![Seed { path, mode }])
            .await;
        fixture.open(&spec).await
    };
    assert!(!workspace.path.join("target").exists());
    assert_eq!(fixture.collect(&workspace).await.commits, 0);
}
