//! Branches as they are, looked at without touching anything.

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{ChangeKind, ChangedPath};

use crate::support::{Fixture, commit_all, git, write};

#[tokio::test]
async fn branches_come_with_what_base_contains_and_with_any_name_git_takes() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    git(root, &["branch", "old"]);
    git(root, &["checkout", "-q", "-b", "topic"]);
    write(root, "new.txt", "new\n");
    let topic = commit_all(root, "topic");
    git(root, &["checkout", "-q", "main"]);
    // Git makes no such branch on request, but takes it from elsewhere.
    let hostile = "refs/heads/--upload-pack=touch${IFS}canary";
    git(root, &["update-ref", hostile, topic.as_str()]);
    git(root, &["tag", "topic", "old"]);
    let before = fixture.fingerprint(&[]);

    let found = fixture.vcs.branches().await.unwrap();
    let names: Vec<_> = found.iter().map(|b| (b.name.as_str(), b.merged)).collect();
    assert_eq!(
        names,
        [
            ("--upload-pack=touch${IFS}canary", false),
            ("main", true),
            ("old", true),
            ("topic", false),
        ]
    );
    assert_eq!((&found[3].commit, &found[0].commit), (&topic, &topic));
    assert_eq!(fixture.fingerprint(&[]), before);
}

#[tokio::test]
async fn a_branch_changes_what_it_did_since_it_left_base() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    write(root, "lib/gone.txt", "1\n");
    write(root, "lib/kept.txt", "1\n");
    let start = commit_all(root, "more");
    git(root, &["checkout", "-q", "-b", "topic"]);
    git(root, &["rm", "-q", "lib/gone.txt"]);
    write(root, "lib/kept.txt", "2\n");
    write(root, "lib/sub/new.txt", "new\n");
    let topic = commit_all(root, "topic");
    git(root, &["checkout", "-q", "main"]);
    write(root, "elsewhere.txt", "base moved on\n");
    let base = commit_all(root, "base");
    git(root, &["checkout", "-q", "--orphan", "other"]);
    let other = commit_all(root, "other");

    let changed = fixture.vcs.changed(&base, &topic).await.unwrap().unwrap();
    let path = |path: &str, kind| ChangedPath {
        path: path.into(),
        kind,
    };
    let expected = [
        path("lib/gone.txt", ChangeKind::Deleted),
        path("lib/kept.txt", ChangeKind::Modified),
        path("lib/sub/new.txt", ChangeKind::Added),
    ];
    assert_eq!(changed, expected);
    assert_eq!(
        fixture.vcs.changed(&base, &start).await.unwrap(),
        Some(vec![])
    );
    assert_eq!(fixture.vcs.changed(&base, &other).await.unwrap(), None);

    let paths = fixture.vcs.paths(&topic).await.unwrap();
    for there in ["lib", "lib/sub", "lib/sub/new.txt"] {
        assert!(paths.contains(&RepoPath::from(there)), "{there}: {paths:?}");
    }
    assert!(
        !paths.contains(&RepoPath::from("lib/gone.txt")),
        "{paths:?}"
    );
}
