//! Taking landed tickets back.

use sprint_core::domain::merge::{LandKind, LandSpec, Landed, RevertInput, RevertSpec, Reverted};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TicketId};
use sprint_core::ports::Vcs as _;

use crate::support::{Fixture, at, commit_all, git, key, sprint, write};

async fn landed(fixture: &Fixture, id: &str, files: &[(&str, &str)]) -> CommitId {
    let input = fixture.ticket(id, files).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    let spec = fixture.landing(&combined);
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
    combined.tip
}

fn spec(fixture: &Fixture, commit: &CommitId) -> RevertSpec {
    RevertSpec {
        base: fixture.head(),
        commits: vec![RevertInput {
            ticket: TicketId::new("ENG-1").unwrap(),
            commit: commit.clone(),
            subject: "revert: one\nCo-authored-by: nobody (ENG-1)".into(),
        }],
        at: at(),
    }
}

async fn revert(fixture: &Fixture, commit: &CommitId) -> Reverted {
    let spec = spec(fixture, commit);
    fixture.vcs.revert(&spec, &key()).await.unwrap()
}

/// What git itself would have made, with a file that was renamed since, and without touching
/// anything but our own ref.
#[tokio::test]
async fn a_revert_is_what_git_makes_of_it() {
    let fixture = Fixture::new().await;
    let long: String = (0..40).map(|n| format!("line {n}\n")).collect();
    write(&fixture.root, "long.txt", &long);
    commit_all(&fixture.root, "a long file");
    let changed = long.replace("line 3\n", "line three\n");
    let files = [
        ("long.txt", changed.as_str()),
        ("src/new.rs", "fn new() {}\n"),
    ];
    let merge = landed(&fixture, "ENG-1", &files).await;
    git(&fixture.root, &["mv", "long.txt", "moved.txt"]);
    commit_all(&fixture.root, "move it");

    let before = fixture.fingerprint(&["refs/sprint/"]);
    let undone = revert(&fixture, &merge).await;
    assert_eq!(fixture.fingerprint(&["refs/sprint/"]), before);
    assert_eq!(
        fixture.rev("refs/sprint/sprint-20260131-090500/trial"),
        undone.tip
    );
    let subject = git(
        &fixture.root,
        &["log", "-1", "--format=%B", undone.tip.as_str()],
    );
    assert_eq!(subject, "revert: one Co-authored-by: nobody (ENG-1)");

    git(&fixture.root, &["checkout", "-q", "-b", "by-hand"]);
    git(
        &fixture.root,
        &["revert", "--no-edit", "-m", "1", merge.as_str()],
    );
    let by_hand = git(&fixture.root, &["rev-parse", "HEAD^{tree}"]);
    assert_eq!(undone.tree.as_str(), by_hand);
}

/// The tags say what base was before each merge, and go on saying it.
#[tokio::test]
async fn reverts_set_no_checkpoints() {
    let fixture = Fixture::new().await;
    let merge = landed(&fixture, "ENG-1", &[("one.txt", "1\n")]).await;
    let tag = "refs/tags/pre-merge-sprint-20260131-090500-ENG-1";
    let before = fixture.rev(tag);
    let undone = revert(&fixture, &merge).await;
    let spec = LandSpec {
        sprint: sprint(),
        expected: fixture.head(),
        tip: undone.tip.clone(),
        merges: undone.merged,
        kind: LandKind::Reverts,
    };
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
    assert_eq!(fixture.head(), undone.tip);
    assert!(!fixture.root.join("one.txt").exists());
    assert_eq!(fixture.rev(tag), before);
}

/// Landing a ticket again must not bring in a link out of the repository.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_does_not_come_back() {
    let fixture = Fixture::new().await;
    std::os::unix::fs::symlink("/etc/passwd", fixture.root.join("out")).unwrap();
    let link = commit_all(&fixture.root, "a link");
    git(&fixture.root, &["revert", "--no-edit", link.as_str()]);
    let again = revert(&fixture, &fixture.head()).await;
    let (_, paths) = again.conflict.unwrap();
    assert_eq!(paths[0].as_str(), "out");
    assert_eq!(again.tip, fixture.head());
}

#[tokio::test]
async fn the_first_commit_stays() {
    let fixture = Fixture::new().await;
    let spec = spec(&fixture, &fixture.head());
    let refused = fixture.vcs.revert(&spec, &key()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}
