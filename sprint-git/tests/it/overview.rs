//! The repository as it is shown before a sprint starts.

use sprint_core::id::{BranchName, CommitPrefix};
use sprint_core::preflight::facts::Age;

use crate::support::{Fixture, commit_all, git, write};

fn main() -> BranchName {
    BranchName::new("main").unwrap()
}

#[tokio::test]
async fn base_is_shown_with_its_last_commits_and_what_is_around_it() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    for number in 1..=3 {
        write(root, "a.txt", &number.to_string());
        commit_all(root, &format!("change {number}\n\nmore"));
    }
    let before = fixture.fingerprint(&[]);
    let found = fixture.vcs.overview(&main()).await.unwrap();
    assert_eq!(found.head, fixture.head());
    assert_eq!(found.current.as_deref(), Some("main"));
    let subjects: Vec<_> = found.recent.iter().map(|c| c.subject.as_str()).collect();
    assert_eq!(subjects, ["change 3", "change 2", "change 1"]);
    assert_eq!(found.upstream, None);
    assert!(found.not_ignored.contains(&".claude/sprints/".to_owned()));
    assert_eq!(fixture.fingerprint(&[]), before);

    // What base follows is known to be ahead without being asked.
    git(root, &["remote", "add", "origin", "."]);
    git(root, &["update-ref", "refs/remotes/origin/main", "main"]);
    git(root, &["branch", "--set-upstream-to=origin/main", "main"]);
    git(root, &["checkout", "-q", "--detach", "main~2"]);
    git(root, &["update-ref", "refs/heads/main", "main~2"]);
    write(root, ".git/info/exclude", ".claude/\n");
    let found = fixture.vcs.overview(&main()).await.unwrap();
    assert_eq!(found.current, None);
    assert_eq!(found.upstream, Some(("origin/main".into(), 2)));
    assert_eq!(found.not_ignored, [""; 0]);
    let error = fixture
        .vcs
        .overview(&BranchName::new("gone").unwrap())
        .await;
    assert!(error.unwrap_err().chain().contains("no branch gone"));
}

#[tokio::test]
async fn a_plan_is_as_old_as_its_commit_however_it_is_written() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    let start = fixture.head();
    git(root, &["checkout", "-q", "-b", "topic"]);
    write(root, "b.txt", "b\n");
    let topic = commit_all(root, "topic");
    git(root, &["checkout", "-q", "main"]);
    for number in 1..=2 {
        write(root, "a.txt", &number.to_string());
        commit_all(root, "more");
    }
    // A branch with the name of an abbreviation is not what is meant.
    let short = &start.as_str()[..8];
    git(
        root,
        &["update-ref", &format!("refs/heads/{short}"), topic.as_str()],
    );
    let blob = git(root, &["rev-parse", "main:a.txt"]);
    let head = fixture.head();
    for (name, expected) in [
        (head.as_str(), Age::Ahead(0)),
        (start.as_str(), Age::Ahead(2)),
        (short, Age::Ahead(2)),
        (topic.as_str(), Age::Diverged),
        (&blob, Age::Unknown),
        ("0123456789abcdef", Age::Unknown),
    ] {
        let prefix = CommitPrefix::new(name).unwrap();
        let found = fixture.vcs.age(&main(), &prefix).await.unwrap();
        assert_eq!(found, expected, "{name}");
    }
}
