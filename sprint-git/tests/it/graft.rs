//! Files of one commit on another.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::GraftSpec;
use sprint_core::id::CommitId;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, at, commit_all, git, write};

/// A graft of a commit's files onto `main`, as `git ls-tree` sees it.
async fn grafted(fixture: &Fixture, from: &CommitId, paths: &[&str]) -> String {
    let spec = GraftSpec {
        onto: fixture.head(),
        from: from.clone(),
        paths: paths.iter().map(|path| RepoPath::from(*path)).collect(),
        at: at(),
    };
    let grafted = fixture.vcs.graft(&spec).await.unwrap();
    let parent = format!("{}^", grafted.commit);
    assert_eq!(fixture.rev(&parent), fixture.head());
    let tree = format!("{}^{{tree}}", grafted.commit);
    assert_eq!(
        git(&fixture.root, &["rev-parse", &tree]),
        grafted.tree.as_str()
    );
    git(
        &fixture.root,
        &["fsck", "--strict", grafted.commit.as_str()],
    );
    let format = "--format=%(objectmode) %(path)";
    git(
        &fixture.root,
        &["ls-tree", "-r", format, grafted.commit.as_str()],
    )
}

/// A commit that no branch holds, with what `change` made of the files of `main`.
fn elsewhere(fixture: &Fixture, change: impl FnOnce(&Path)) -> CommitId {
    let root = &fixture.root;
    git(root, &["checkout", "-q", "--detach"]);
    change(root);
    let commit = commit_all(root, "elsewhere");
    git(root, &["checkout", "-q", "main"]);
    commit
}

#[tokio::test]
async fn files_come_with_their_kind() {
    let fixture = Fixture::new().await;
    let from = elsewhere(&fixture, |root| {
        write(root, "run.sh", "#!/bin/sh\n");
        fs::set_permissions(root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(root.join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("a.txt", root.join("link")).unwrap();
        write(root, "left.txt", "not asked for\n");
    });
    let before = fixture.fingerprint(&[]);
    let paths = ["run.sh", "a.txt", "link"];
    insta::assert_snapshot!(grafted(&fixture, &from, &paths).await, @r"
    100644 .gitignore
    100755 a.txt
    120000 link
    100755 run.sh
    100644 src/lib.rs
    ");
    assert_eq!(fixture.fingerprint(&[]), before);
}

#[tokio::test]
async fn files_and_directories_make_room_for_each_other() {
    let fixture = Fixture::new().await;
    let from = elsewhere(&fixture, |root| {
        fs::remove_dir_all(root.join("src")).unwrap();
        write(root, "src", "a file now\n");
        fs::remove_file(root.join("a.txt")).unwrap();
        write(root, "a.txt/deep/b.txt", "a directory now\n");
    });
    let both = grafted(&fixture, &from, &["src", "a.txt/deep/b.txt"]).await;
    insta::assert_snapshot!(both, @r"
    100644 .gitignore
    100644 a.txt/deep/b.txt
    100644 src
    ");
    // The name of a directory is not that of a file, on whichever side.
    let neither = grafted(&fixture, &from, &["a.txt/deep", "absent/x"]).await;
    insta::assert_snapshot!(neither, @r"
    100644 .gitignore
    100644 a.txt
    100644 src/lib.rs
    ");
    let from = fixture.head();
    let same = grafted(&fixture, &from, &["src"]).await;
    assert!(same.contains("src/lib.rs"), "{same}");
}

#[tokio::test]
async fn paths_from_elsewhere_are_data() {
    let fixture = Fixture::new().await;
    let from = elsewhere(&fixture, |root| write(root, "b.txt", "b\n"));
    let start = grafted(&fixture, &from, &[]).await;
    for path in ["", "/", "../a", ".git/config", "--all", "a.txt/", "./a.txt"] {
        assert_eq!(grafted(&fixture, &from, &[path]).await, start, "{path:?}");
    }
}
