//! The scenarios in which other tools lost or damaged people's work, after the git safety suite of
//! vibe-kanban. Pushing and fetching have no counterpart here. Rebases with uncommitted or
//! untracked work or an open rebase are in [`refresh`](crate::refresh).

use std::fs;

use sprint_core::domain::merge::{Landed, MergeInput};
use sprint_core::domain::path::RepoPath;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, at, commit_all, git, key, write};

/// What landing may change.
const LANDING: [&str; 3] = ["refs/heads/main", "refs/tags/", "refs/sprint/"];

async fn conflict(fixture: &Fixture, input: MergeInput) -> Vec<RepoPath> {
    let before = fixture.fingerprint(&["refs/sprint/"]);
    let base = fixture.head();
    let combined = fixture.combine(&base, &[input]).await;
    assert_eq!(combined.tip, base);
    assert_eq!(fixture.fingerprint(&["refs/sprint/"]), before);
    combined.conflicts[0].paths.clone()
}

#[tokio::test]
async fn merge_preserves_untracked_files() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    write(&fixture.root, "mine/untracked.txt", "mine\n");
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    let status = git(&fixture.root, &["status", "--porcelain"]);
    assert_eq!(status, "?? mine/");
}

#[tokio::test]
async fn merge_refuses_staged_and_unstaged_changes_and_preserves_them() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    let landing = fixture.landing(&combined);
    for stage in [false, true] {
        write(&fixture.root, "src/lib.rs", "mine\n");
        if stage {
            git(&fixture.root, &["add", "src/lib.rs"]);
        }
        let before = fixture.fingerprint(&[]);
        let landed = fixture.land(&landing).await;
        assert!(matches!(landed, Landed::CheckoutInTheWay(_)), "{landed:?}");
        assert_eq!(fixture.fingerprint(&[]), before);
    }
}

#[tokio::test]
async fn merge_refuses_when_base_is_ahead() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    let landing = fixture.landing(&combined);
    write(&fixture.root, "c.txt", "c\n");
    let ahead = commit_all(&fixture.root, "outside");
    let before = fixture.fingerprint(&[]);
    assert_eq!(fixture.land(&landing).await, Landed::BaseMoved(ahead));
    assert_eq!(fixture.fingerprint(&[]), before);
}

#[tokio::test]
async fn merge_conflict_does_not_move_any_ref() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("a.txt", "ours\n")]).await;
    write(&fixture.root, "a.txt", "theirs\n");
    commit_all(&fixture.root, "outside");
    assert_eq!(conflict(&fixture, input).await, ["a.txt".into()]);
}

#[tokio::test]
async fn merge_delete_versus_modify_conflicts() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    fs::remove_file(workspace.path.join("a.txt")).unwrap();
    let commit = fixture.collect(&workspace).await.head;
    write(&fixture.root, "a.txt", "modified\n");
    commit_all(&fixture.root, "outside");
    let input = MergeInput {
        ticket: "ENG-1".parse().unwrap(),
        commit,
        subject: "merge".into(),
    };
    assert_eq!(conflict(&fixture, input).await, ["a.txt".into()]);
}

#[tokio::test]
async fn merge_follows_a_rename() {
    let fixture = Fixture::new().await;
    let input = fixture
        .ticket("ENG-1", &[("a.txt", "one\ntwo\nthree\nfour\n")])
        .await;
    git(&fixture.root, &["mv", "a.txt", "renamed.txt"]);
    let base = commit_all(&fixture.root, "rename");
    let combined = fixture.combine(&base, &[input]).await;
    let wanted = ["a.txt", "renamed.txt"].map(RepoPath::from);
    let files = fixture.vcs.read(&combined.tip, &wanted).await.unwrap();
    assert_eq!(
        files,
        [(wanted[1].clone(), b"one\ntwo\nthree\nfour\n".to_vec())]
    );
}

#[tokio::test]
async fn merge_of_a_binary_changed_on_both_sides_conflicts() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "logo.png", "\0start");
    commit_all(&fixture.root, "binary");
    let input = fixture.ticket("ENG-1", &[("logo.png", "\0ours")]).await;
    write(&fixture.root, "logo.png", "\0theirs");
    commit_all(&fixture.root, "outside");
    assert_eq!(conflict(&fixture, input).await, ["logo.png".into()]);
}

#[tokio::test]
async fn merge_respects_a_sparse_checkout() {
    let mut fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("docs/b.txt", "b\n")]).await;
    git(&fixture.root, &["sparse-checkout", "set", "src"]);
    fixture.reopen(|_| {}).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    assert!(!fixture.root.join("docs").exists());
    assert_eq!(git(&fixture.root, &["status", "--porcelain"]), "");
    assert_eq!(git(&fixture.root, &["sparse-checkout", "list"]), "src");
    // A ticket works on all files all the same.
    let next = fixture.open(&fixture.spec("ENG-2")).await;
    assert!(next.path.join("docs/b.txt").exists());
}

#[tokio::test]
async fn merge_into_a_base_checked_out_in_another_worktree_moves_that_one() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    git(&fixture.root, &["checkout", "-q", "-b", "feature"]);
    let other = fixture.root.with_file_name("other");
    let place = other.display().to_string();
    git(&fixture.root, &["worktree", "add", "-q", &place, "main"]);
    write(&fixture.root, "a.txt", "in progress\n");
    write(&other, "untracked.txt", "mine\n");
    let before = fixture.fingerprint(&LANDING);
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    assert_eq!(fixture.fingerprint(&LANDING), before);
    assert!(other.join("b.txt").exists());
    assert_eq!(git(&other, &["status", "--porcelain"]), "?? untracked.txt");
}

#[tokio::test]
async fn merge_onto_an_orphan_base_is_refused() {
    let fixture = Fixture::new().await;
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    git(&fixture.root, &["checkout", "-q", "--orphan", "apart"]);
    let apart = commit_all(&fixture.root, "apart");
    git(&fixture.root, &["checkout", "-q", "main"]);
    let before = fixture.fingerprint(&[]);
    let spec = sprint_core::domain::merge::CombineSpec {
        base: apart,
        merges: vec![input],
        at: at(),
    };
    let error = fixture.vcs.combine(&spec, &key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.chain().contains("shallow"), "{}", error.chain());
    assert_eq!(fixture.fingerprint(&[]), before);
}
