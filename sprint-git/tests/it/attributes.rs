//! What `.gitattributes` says about merging and storing files.

use std::fs;
use std::path::Path;
use std::process::Command;

use sprint_core::domain::merge::MergeInput;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{Opened, WorkspaceSpec};
use sprint_core::ports::Vcs;

use crate::support::{Fixture, command, commit_all, git, key, skipped, write};

/// Two tickets that append to the same file, which has these attributes.
async fn appending(attribute: &str, set_up: impl FnOnce(&Path)) -> (Fixture, [MergeInput; 2]) {
    let mut fixture = Fixture::new().await;
    set_up(&fixture.root);
    fixture.reopen(|_| {}).await;
    write(
        &fixture.root,
        ".gitattributes",
        &format!("NEWS {attribute}\n"),
    );
    write(&fixture.root, "NEWS", "start\n");
    commit_all(&fixture.root, "attributes");
    let one = fixture.ticket("ENG-1", &[("NEWS", "start\none\n")]).await;
    let two = fixture.ticket("ENG-2", &[("NEWS", "start\ntwo\n")]).await;
    // What the user looks at does not matter, as far as git can be told so.
    let root = &fixture.root;
    let able = command(root, &["--attr-source=HEAD", "version"]).output();
    if able.unwrap().status.success() {
        git(root, &["checkout", "-q", "--detach", "main~1"]);
    }
    (fixture, [one, two])
}

/// The file after merging both, or `None` if they clash; the same for trial merges and for
/// dependencies, and what git makes of it.
async fn merged(fixture: &Fixture, both: &[MergeInput; 2]) -> Option<String> {
    let news = |commit: &str| git(&fixture.root, &["show", &format!("{commit}:NEWS")]);
    let combined = fixture.combine(&fixture.head(), both).await;
    let dependencies = both
        .iter()
        .map(|one| (one.ticket.clone(), one.commit.clone()));
    let spec = WorkspaceSpec {
        dependencies: dependencies.collect(),
        ..fixture.spec("ENG-3")
    };
    let opened = fixture.vcs.open(&spec, &key()).await.unwrap();
    let paths = vec![RepoPath::from("NEWS")];
    let Opened::Ready(workspace) = opened else {
        let dependency = both[1].ticket.clone();
        assert_eq!(
            opened,
            Opened::Conflict {
                dependency,
                paths: paths.clone()
            }
        );
        assert_eq!(combined.conflicts[0].paths, paths);
        return None;
    };
    assert_eq!(combined.conflicts, []);
    let text = news(combined.tip.as_str());
    assert_eq!(news(workspace.work_base.as_str()), text);
    git(
        &fixture.root,
        &["checkout", "-q", "--detach", both[0].commit.as_str()],
    );
    git(
        &fixture.root,
        &["merge", "-q", "-m", "by git", both[1].commit.as_str()],
    );
    assert_eq!(news("HEAD"), text);
    Some(text)
}

#[tokio::test]
async fn both_sides_are_kept_where_files_are_to_be_joined() {
    let (fixture, both) = appending("merge=union", |_| {}).await;
    let text = merged(&fixture, &both).await;
    assert_eq!(text.as_deref(), Some("start\none\ntwo"));
}

/// A program of the user's own that merges files is asked, as it is by `git merge`.
#[tokio::test]
async fn the_users_way_of_merging_decides() {
    let driver = |root: &Path| {
        let command = "printf 'joined by hand\\n' > %A";
        git(root, &["config", "merge.joined.driver", command]);
    };
    let (fixture, both) = appending("merge=joined", driver).await;
    let text = merged(&fixture, &both).await;
    assert_eq!(text.as_deref(), Some("joined by hand"));
}

#[tokio::test]
async fn files_clash_where_nobody_says_how_to_merge_them() {
    for attribute in ["text", "merge=absent", "-merge", "binary"] {
        let (fixture, both) = appending(attribute, |_| {}).await;
        assert_eq!(merged(&fixture, &both).await, None, "{attribute}");
    }
}

#[tokio::test]
async fn large_files_are_stored_elsewhere_where_the_repository_says_so() {
    let there = Command::new("git").args(["lfs", "version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return skipped("git-lfs is not installed");
    }
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    git(root, &["lfs", "install", "--local"]);
    git(root, &["lfs", "track", "*.bin"]);
    write(root, "big.bin", "large\n");
    commit_all(root, "a large file");
    let show = |commit: &str| git(root, &["show", &format!("{commit}:big.bin")]);
    assert!(show("HEAD").starts_with("version https://git-lfs"));
    assert_eq!(fixture.vcs.status().await.unwrap().warnings, [""; 0]);

    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let file = workspace.path.join("big.bin");
    assert_eq!(fs::read_to_string(&file).unwrap(), "large\n");
    assert_eq!(fixture.collect(&workspace).await.changed, []);
    fs::write(&file, "larger\n").unwrap();
    let head = fixture.collect(&workspace).await.head;
    assert!(show(head.as_str()).starts_with("version https://git-lfs"));
    let input = MergeInput {
        ticket: "ENG-1".parse().unwrap(),
        commit: head,
        subject: "merge: ENG-1".into(),
    };
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    fixture.land(&fixture.landing(&combined)).await;
    assert_eq!(
        fs::read_to_string(root.join("big.bin")).unwrap(),
        "larger\n"
    );
    assert_eq!(git(root, &["status", "--porcelain"]), "");
}
