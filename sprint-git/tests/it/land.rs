//! Status, tags and landing.

use std::fs;

use sprint_core::domain::merge::{Combined, Landed};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TagName};
use sprint_core::ports::Vcs;

use crate::support::{Fixture, commit_all, git, write};

async fn two_tickets(fixture: &Fixture) -> Combined {
    let one = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let two = fixture.ticket("ENG-2", &[("two.txt", "2\n")]).await;
    fixture.combine(&fixture.head(), &[one, two]).await
}

fn checkpoints(fixture: &Fixture) -> [CommitId; 2] {
    ["ENG-1", "ENG-2"]
        .map(|id| fixture.rev(&format!("refs/tags/pre-merge-sprint-20260131-090500-{id}")))
}

#[tokio::test]
async fn landing_moves_base_and_its_clean_checkout() {
    let fixture = Fixture::new().await;
    let base = fixture.head();
    let combined = two_tickets(&fixture).await;
    write(&fixture.root, "untracked.txt", "mine\n");
    let spec = fixture.landing(&combined);
    for _ in 0..2 {
        assert_eq!(fixture.land(&spec).await, Landed::Yes);
        assert_eq!(fixture.head(), combined.tip);
        assert_eq!(
            git(&fixture.root, &["status", "--porcelain"]),
            "?? untracked.txt"
        );
        assert!(fixture.root.join("two.txt").exists());
        assert_eq!(
            checkpoints(&fixture),
            [base.clone(), combined.merged[0].commit.clone()]
        );
    }
}

#[tokio::test]
async fn checkpoints_are_the_states_before_each_merge() {
    let fixture = Fixture::new().await;
    let base = fixture.head();
    let combined = two_tickets(&fixture).await;
    let mut spec = fixture.landing(&combined);
    // The first ticket was contained already, so it made no commit; and the chain begins later
    // than base.
    spec.merges[0].commit = base.clone();
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
    assert_eq!(
        checkpoints(&fixture),
        [base, combined.merged[0].commit.clone()]
    );
}

#[tokio::test]
async fn base_moves_without_a_checkout_too() {
    let fixture = Fixture::new().await;
    let combined = two_tickets(&fixture).await;
    git(&fixture.root, &["checkout", "-q", "-b", "feature"]);
    write(&fixture.root, "a.txt", "in progress\n");
    let before = fixture.fingerprint(&["refs/heads/main", "refs/tags/"]);
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    assert_eq!(fixture.head(), combined.tip);
    assert_eq!(
        fixture.fingerprint(&["refs/heads/main", "refs/tags/"]),
        before
    );
}

#[tokio::test]
async fn a_base_that_moved_is_reported_and_the_next_attempt_lands() {
    let fixture = Fixture::new().await;
    let first = two_tickets(&fixture).await;
    let spec = fixture.landing(&first);
    write(&fixture.root, "outside.txt", "outside\n");
    let moved = commit_all(&fixture.root, "outside");
    assert_eq!(fixture.land(&spec).await, Landed::BaseMoved(moved.clone()));
    assert!(!fixture.has("refs/tags"));

    let again = two_tickets(&fixture).await;
    assert_eq!(fixture.land(&fixture.landing(&again)).await, Landed::Yes);
    assert_eq!(checkpoints(&fixture)[0], moved);
}

#[tokio::test]
async fn a_checkout_in_the_way_is_left_alone() {
    let fixture = Fixture::new().await;
    let combined = two_tickets(&fixture).await;
    let spec = fixture.landing(&combined);
    let refused = async |what: &str| {
        let before = fixture.fingerprint(&["refs/tags/"]);
        let landed = fixture.land(&spec).await;
        assert!(
            matches!(landed, Landed::CheckoutInTheWay(_)),
            "{what}: {landed:?}"
        );
        assert_eq!(fixture.fingerprint(&["refs/tags/"]), before, "{what}");
        let Landed::CheckoutInTheWay(message) = landed else {
            return String::new();
        };
        message.replace(&fixture.root.display().to_string(), "/project")
    };

    write(&fixture.root, "a.txt", "changed\n");
    let message = refused("a changed file").await;
    insta::assert_snapshot!(message, @r#"/project is on main and has uncommitted changes ("a.txt"); commit or stash them"#);
    let dirty = fixture.vcs.status().await.unwrap().base_checkout_dirty;
    assert!(dirty.is_some_and(|message| message.contains("a.txt")));
    git(&fixture.root, &["checkout", "-q", "a.txt"]);

    write(&fixture.root, "staged.txt", "staged\n");
    git(&fixture.root, &["add", "staged.txt"]);
    refused("a staged file").await;
    git(&fixture.root, &["rm", "-q", "--cached", "-f", "staged.txt"]);
    fs::remove_file(fixture.root.join("staged.txt")).unwrap();

    write(&fixture.root, "one.txt", "mine\n");
    let message = refused("an untracked file of the same name").await;
    assert!(message.contains("one.txt"), "{message}");
    write(&fixture.root, ".git/info/exclude", "one.txt\n");
    refused("an ignored file of the same name").await;
    assert_eq!(
        fs::read_to_string(fixture.root.join("one.txt")).unwrap(),
        "mine\n"
    );
    fs::remove_file(fixture.root.join("one.txt")).unwrap();

    let head = fixture.head();
    write(&fixture.root, ".git/MERGE_HEAD", &format!("{head}\n"));
    let message = refused("a merge in progress").await;
    insta::assert_snapshot!(message, @"/project is in the middle of a merge on main; finish or abort it");
    assert_eq!(fixture.vcs.status().await.unwrap().warnings.len(), 1);
    fs::remove_file(fixture.root.join(".git/MERGE_HEAD")).unwrap();

    git(&fixture.root, &["checkout", "-q", "--detach"]);
    write(
        &fixture.root,
        ".git/rebase-merge/head-name",
        "refs/heads/main\n",
    );
    refused("a rebase of base").await;
    fs::remove_dir_all(fixture.root.join(".git/rebase-merge")).unwrap();

    assert_eq!(fixture.land(&spec).await, Landed::Yes);
}

#[tokio::test]
async fn status_says_what_is_there() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "untracked.txt", "does not count\n");
    let status = fixture.vcs.status().await.unwrap();
    assert_eq!(status.base_head, fixture.head());
    assert_eq!(
        status.base_tree.as_str(),
        git(&fixture.root, &["rev-parse", "main^{tree}"])
    );
    assert_eq!(status.base_checkout_dirty, None);
    assert_eq!(status.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_tag_is_made_once() {
    let fixture = Fixture::new().await;
    let tag = TagName::new("sprint-start-20260131-090500").unwrap();
    let head = fixture.head();
    for _ in 0..2 {
        fixture.vcs.tag(&tag, &head).await.unwrap();
    }
    let other = commit_all(&fixture.root, "other");
    let error = fixture.vcs.tag(&tag, &other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(fixture.rev("refs/tags/sprint-start-20260131-090500"), head);
}
