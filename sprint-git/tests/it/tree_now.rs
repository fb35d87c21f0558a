//! The tree that the files here would make.

use std::fs;

use sprint_core::id::{BranchName, TreeId};
use sprint_git::{GitConfig, GitReader};

use crate::support::{Fixture, commit_all, git, write};

async fn look(fixture: &Fixture) -> TreeId {
    let config = GitConfig::new(&fixture.root, BranchName::new("main").unwrap());
    let reader = GitReader::open(config).await.unwrap();
    let root = &fixture.root;
    let around = || {
        let index = fs::read(root.join(".git/index")).unwrap();
        (index, git(root, &["count-objects", "-v"]))
    };
    let before = around();
    let tree = reader.tree_now().await.unwrap();
    assert!(around() == before, "something was written");
    tree
}

#[tokio::test]
async fn the_same_files_are_the_same_tree_committed_or_not() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    let head = git(root, &["rev-parse", "HEAD^{tree}"]);
    assert_eq!(look(&fixture).await.as_str(), head);
    write(root, "a.txt", "another\n");
    write(root, "b/new: \"odd\".txt", "new\n");
    fs::remove_file(root.join("src/lib.rs")).unwrap();
    write(root, "target/ignored", "x\n");
    write(root, ".claude/review.json", "{}\n");
    let changed = look(&fixture).await;
    assert_ne!(changed.as_str(), head);
    fs::remove_dir_all(root.join(".claude")).unwrap();
    commit_all(root, "all of it");
    let head = git(root, &["rev-parse", "HEAD^{tree}"]);
    assert_eq!(changed.as_str(), head);
    assert_eq!(look(&fixture).await, changed);
    // What was only staged is looked at as it lies there.
    write(root, "a.txt", "staged\n");
    git(root, &["add", "a.txt"]);
    write(root, "a.txt", "another\n");
    assert_eq!(look(&fixture).await, changed);
}
