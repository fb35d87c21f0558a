//! What must never happen, and repositories we refuse.

use std::fs;
use std::path::Path;

use sprint_core::domain::merge::Landed;
use sprint_core::domain::workspace::Leftovers;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BranchName, SprintId};
use sprint_core::ports::Vcs;
use sprint_git::{GitConfig, GitVcs};

use crate::support::{Fixture, commit_all, git, sprint, write, write_program};

/// One of every call.
async fn whole_sprint(fixture: &Fixture) {
    fixture.vcs.status().await.unwrap();
    let input = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let at_head = Leftovers::RestoreTo(input.commit.clone());
    fixture.vcs.collect(&workspace, &at_head).await.unwrap();
    write(&workspace.path, "stray.txt", "stray\n");
    fixture.vcs.collect(&workspace, &at_head).await.unwrap_err();
    let combined = fixture.combine(&workspace.base, &[input]).await;
    fixture
        .vcs
        .checkout(&combined.tip, &sprint(), None)
        .await
        .unwrap();
    let mut spec = fixture.landing(&combined);
    spec.expected = workspace.base.clone();
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
    fixture.vcs.close(&workspace).await.unwrap();
    fixture.vcs.tidy(&sprint()).await.unwrap();
}

#[tokio::test]
async fn nothing_of_the_users_changes_but_base() {
    let fixture = Fixture::new().await;
    git(&fixture.root, &["branch", "other"]);
    write(&fixture.root, "a.txt", "stashed\n");
    git(&fixture.root, &["stash", "-q"]);
    git(&fixture.root, &["checkout", "-q", "-b", "feature"]);
    write(&fixture.root, "src/lib.rs", "staged\n");
    git(&fixture.root, &["add", "-A"]);
    write(&fixture.root, "a.txt", "not staged\n");
    write(&fixture.root, "untracked.txt", "untracked\n");
    let changing = [
        "refs/heads/main",
        "refs/tags/pre-merge-",
        "refs/sprint/rescue/",
    ];
    let before = fixture.fingerprint(&changing);
    whole_sprint(&fixture).await;
    assert_eq!(fixture.fingerprint(&changing), before);
}

#[tokio::test]
async fn hooks_and_monitors_of_the_repository_never_run() {
    let mut fixture = Fixture::new().await;
    let canary = fixture.root.with_file_name("canary");
    let script = format!("#!/bin/sh\necho \"$0\" >> '{}'\n", canary.display());
    let plant = |path: &Path| {
        write_program(path, &script);
    };
    let hooks = fixture.root.join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-checkout",
        "post-merge",
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "reference-transaction",
        "post-index-change",
    ] {
        plant(&hooks.join(hook));
    }
    let monitor = fixture.root.with_file_name("monitor");
    plant(&monitor);
    git(&fixture.root, &["branch", "proof"]);
    assert!(
        fs::remove_file(&canary).is_ok(),
        "the hooks do run for others"
    );
    let settings = format!("[core]\n\tfsmonitor = {}\n", monitor.display());
    let config = fixture.root.join(".git/config");
    let old = fs::read_to_string(&config).unwrap();
    fs::write(&config, old + &settings).unwrap();
    fixture.reopen(|_| {}).await;
    // Helpers of the fixture call git too, so only our calls are made while the hooks are there.
    let vcs = &fixture.vcs;
    let workspace = fixture.open(&spec_without_git(&fixture)).await;
    write(&workspace.path, "one.txt", "1\n");
    let commit = fixture.collect(&workspace).await.head;
    let input = sprint_core::domain::merge::MergeInput {
        ticket: "ENG-1".parse().unwrap(),
        commit,
        subject: "merge".into(),
    };
    let combined = fixture.combine(&workspace.base, &[input]).await;
    vcs.checkout(&combined.tip, &sprint(), None).await.unwrap();
    let spec = sprint_core::domain::merge::LandSpec {
        sprint: sprint(),
        expected: workspace.base.clone(),
        tip: combined.tip,
        merges: combined.merged,
        kind: sprint_core::domain::merge::LandKind::Merges,
    };
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
    vcs.close(&workspace).await.unwrap();
    vcs.tidy(&sprint()).await.unwrap();
    let ran = fs::read_to_string(&canary).unwrap_or_default();
    assert_eq!(ran, "");
}

fn spec_without_git(fixture: &Fixture) -> sprint_core::domain::workspace::WorkspaceSpec {
    let head = fs::read_to_string(fixture.root.join(".git/refs/heads/main")).unwrap();
    sprint_core::domain::workspace::WorkspaceSpec {
        sprint: sprint(),
        ticket: "ENG-1".parse().unwrap(),
        generation: 1,
        base: head.trim().parse().unwrap(),
        dependencies: Vec::new(),
        at: crate::support::at(),
    }
}

#[tokio::test]
async fn names_are_data() {
    let fixture = Fixture::on("feat/$(touch${IFS}x);`id`").await;
    let base = fixture.vcs.status().await.unwrap().base_head;
    git(&fixture.root, &["branch", "main"]);
    let mut spec = fixture.spec("ENG-1");
    spec.base = base.clone();
    let workspace = fixture.open(&spec).await;
    write(&workspace.path, "--help", "$(touch x)\n");
    let collected = fixture
        .vcs
        .collect(
            &workspace,
            &Leftovers::Commit {
                subject: "--amend \0\n$(touch x)".into(),
                at: crate::support::at(),
            },
        )
        .await
        .unwrap();
    assert_eq!(collected.changed[0].path.as_str(), "--help");
    assert_eq!(
        git(&workspace.path, &["log", "-1", "--format=%B"]),
        "--amend $(touch x)"
    );
    assert_eq!(collected.commits, 1);
    assert!(!fixture.root.join("x").exists() && !workspace.path.join("x").exists());
}

#[tokio::test]
async fn the_ignore_file_keeps_the_users_lines() {
    let fixture = Fixture::new().await;
    write(&fixture.root, ".git/info/exclude", "*.swp");
    fixture.open(&fixture.spec("ENG-1")).await;
    let exclude = fs::read_to_string(fixture.root.join(".git/info/exclude")).unwrap();
    let expected = "*.swp
.claude/worktrees/
.claude/sprints/
.claude/active-problem
.claude/tickets/*.comments.md
.claude/tickets/.lock
";
    assert_eq!(exclude, expected);
}

#[tokio::test]
async fn a_linked_directory_is_refused() {
    let fixture = Fixture::new().await;
    let outside = fixture.root.with_file_name("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(fixture.root.join(".claude")).unwrap();
    std::os::unix::fs::symlink(&outside, fixture.root.join(".claude/worktrees")).unwrap();
    let opened = fixture
        .vcs
        .open(&fixture.spec("ENG-1"), &crate::support::key())
        .await;
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn a_sprint_cannot_take_the_name_of_the_rescue_refs() {
    let fixture = Fixture::new().await;
    let tidied = fixture.vcs.tidy(&SprintId::new("rescue").unwrap()).await;
    assert_eq!(tidied.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn repositories_that_cannot_carry_a_sprint_are_refused() {
    let open = async |path: &Path, base: &str| {
        let config = GitConfig::new(path, BranchName::new(base).unwrap());
        let error = GitVcs::open(config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.chain().replace(&path.display().to_string(), "/repo")
    };
    let dir = tempfile::tempdir().unwrap();
    let message = open(dir.path(), "main").await;
    assert!(message.contains("not a git repository"), "{message}");

    let bare = dir.path().join("bare.git");
    git(dir.path(), &["init", "-q", "--bare", "bare.git"]);
    insta::assert_snapshot!(open(&bare, "main").await, @"failed to open repository /repo: the repository is bare; a sprint needs one with a checkout");

    let empty = dir.path().join("empty");
    git(dir.path(), &["init", "-q", "-b", "main", "empty"]);
    insta::assert_snapshot!(open(&empty, "main").await, @"failed to open repository /repo: branch main does not exist or has no commit yet");

    let reftable = dir.path().join("reftable");
    git(
        dir.path(),
        &[
            "init",
            "-q",
            "-b",
            "main",
            "--ref-format=reftable",
            "reftable",
        ],
    );
    commit_all(&reftable, "start");
    insta::assert_snapshot!(open(&reftable, "main").await, @"failed to open repository /repo: the repository keeps its refs in a reftable, which is not supported");
}

#[tokio::test]
async fn a_git_that_is_missing_or_too_old_stops_the_sprint() {
    let fixture = Fixture::new().await;
    let old = fixture.root.with_file_name("old-git");
    write_program(&old, "#!/bin/sh\necho git version 2.39.5\n");
    let open = async |program: &Path| {
        let mut config = GitConfig::new(&fixture.root, BranchName::new("main").unwrap());
        config.program = program.to_owned();
        let error = GitVcs::open(config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal);
        let place = fixture.root.display().to_string();
        error.chain().replace(&place, "/project")
    };
    insta::assert_snapshot!(open(&old).await, @r#"failed to open repository /project: git 2.40 or later is needed, found "git version 2.39.5""#);
    insta::assert_snapshot!(open(Path::new("/nowhere/git")).await, @"failed to open repository /project: cannot start /nowhere/git: No such file or directory (os error 2)");
}
