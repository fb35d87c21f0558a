//! The part of the contract of [`Vcs`](crate::ports::Vcs) that proofs rest on, as checks.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use crate::domain::path::RepoPath;
use crate::domain::workspace::{GraftSpec, Grafted, Refreshed, Trace};
use crate::id::{BranchName, CommitId};
use crate::testing::conformance::vcs::{
    AT, VcsHarness, collect, key, land, landing, open, refresh, spec, ticket,
};

/// A graft has the files that it takes, and everything else as it was; making it again makes the
/// same commit.
pub async fn grafting_takes_the_files_it_names(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let first = ticket(harness, "ENG-1", "b.txt", "one\n").await.commit;
    let second = ticket(harness, "ENG-2", "c.txt", "two\n").await.commit;
    let grafted = graft(harness, &first, &second, &["c.txt"]).await;
    assert_eq!(graft(harness, &first, &second, &["c.txt"]).await, grafted);
    let wanted = ["a.txt", "b.txt", "c.txt"].map(RepoPath::from);
    let files = vcs.read(&grafted.commit, &wanted).await.unwrap();
    let there: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(there, ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(
        files[1..]
            .iter()
            .map(|(_, text)| &text[..])
            .collect::<Vec<_>>(),
        [b"one\n", b"two\n"]
    );
    let directory = vcs
        .checkout(&grafted.commit, &key().sprint, None)
        .await
        .unwrap();
    let altered = vcs.altered(&directory, &grafted.commit).await.unwrap();
    assert_eq!(altered, []);

    let nothing = graft(harness, &first, &second, &[]).await;
    let same = graft(harness, &first, &first, &["b.txt"]).await;
    assert_eq!(nothing.tree, same.tree);
    assert_ne!(nothing.tree, grafted.tree);
}

/// A file that the other commit does not have goes, and so does what was changed since; what
/// neither has is no difference.
pub async fn grafting_takes_away_what_is_not_there(harness: &dyn VcsHarness) {
    let before = harness.vcs().status().await.unwrap();
    let work = ticket(harness, "ENG-1", "b.txt", "one\n").await.commit;
    let paths = ["a.txt", "b.txt", "absent.txt"];
    let grafted = graft(harness, &work, &before.base_head, &paths).await;
    assert_eq!(grafted.tree, before.base_tree);
    let changed = ticket(harness, "ENG-2", "a.txt", "changed\n").await.commit;
    let grafted = graft(harness, &changed, &before.base_head, &paths).await;
    assert_eq!(grafted.tree, before.base_tree);
}

/// A graft touches no branch and no workspace.
pub async fn grafting_touches_nothing(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "one\n");
    let work = collect(harness, &workspace).await;
    let before = vcs.status().await.unwrap();
    graft(harness, &before.base_head, &work.head, &["b.txt"]).await;
    assert_eq!(vcs.status().await.unwrap(), before);
    assert_eq!(vcs.altered(&workspace.path, &work.head).await.unwrap(), []);
    assert_eq!(collect(harness, &workspace).await, work);
}

/// A directory is pristine until there is a file in it that its commit does not hold, ignored or
/// not.
pub async fn what_is_beside_a_commit_is_seen(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    let is_pristine = async || vcs.is_pristine(&workspace.path).await.unwrap();
    assert!(is_pristine().await, "nobody was there");
    harness.write(&workspace, "b.txt", "one\n");
    assert!(!is_pristine().await, "a new file");
    collect(harness, &workspace).await;
    assert!(is_pristine().await, "it was committed");
    harness.write(&workspace, "b.txt", "changed\n");
    assert!(!is_pristine().await, "a changed file");
    harness.write(&workspace, ".gitignore", "kept-out/\n");
    let head = collect(harness, &workspace).await.head;
    harness.write(&workspace, "kept-out/c.txt", "ignored\n");
    assert!(!is_pristine().await, "an ignored file");
    let sprint = key().sprint;
    let directory = vcs.checkout(&head, &sprint, None).await.unwrap();
    assert!(vcs.is_pristine(&directory).await.unwrap(), "elsewhere");
}

/// A commit is found on its branch, on base once it has landed, and without its branch once that
/// is gone; one that nobody knows is nowhere.
pub async fn commits_are_traced(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let start = vcs.status().await.unwrap().base_head;
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "one\n");
    let work = collect(harness, &workspace).await;
    let on_branch = Trace {
        tree: Some(work.tree.clone()),
        head: Some(work.head.clone()),
        on_branch: true,
        on_base: false,
    };
    let branch = &workspace.branch;
    assert_eq!(trace(harness, branch, &work.head).await, on_branch);
    let earlier = trace(harness, branch, &start).await;
    assert!(earlier.on_branch && earlier.on_base, "{earlier:?}");
    let unknown = CommitId::new("1".repeat(work.head.as_str().len())).unwrap();
    let nowhere = Trace {
        tree: None,
        on_branch: false,
        ..on_branch.clone()
    };
    assert_eq!(trace(harness, branch, &unknown).await, nowhere);

    let input = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    land(harness, &landing(harness, &input).await).await;
    vcs.close(&workspace).await.unwrap();
    let landed = Trace {
        head: None,
        on_branch: false,
        on_base: true,
        ..on_branch
    };
    assert_eq!(trace(harness, branch, &work.head).await, landed);
}

/// A commit that its branch was moved away from is still there, and not on the branch.
pub async fn a_branch_that_moved_is_traced(harness: &dyn VcsHarness) {
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "one\n");
    let work = collect(harness, &workspace).await;
    let base = harness.advance_base("c.txt", "c\n");
    let refreshed = refresh(harness, &workspace, &base).await;
    let Refreshed::Moved(moved) = refreshed else {
        panic!("{refreshed:?}");
    };
    let made_again = Trace {
        tree: Some(work.tree),
        head: Some(collect(harness, &moved).await.head),
        on_branch: false,
        on_base: false,
    };
    let branch = &workspace.branch;
    assert_eq!(trace(harness, branch, &work.head).await, made_again);
}

async fn graft(
    harness: &dyn VcsHarness,
    onto: &CommitId,
    from: &CommitId,
    paths: &[&str],
) -> Grafted {
    let spec = GraftSpec {
        onto: onto.clone(),
        from: from.clone(),
        paths: paths.iter().map(|path| RepoPath::from(*path)).collect(),
        at: AT,
    };
    harness.vcs().graft(&spec).await.unwrap()
}

async fn trace(harness: &dyn VcsHarness, branch: &BranchName, commit: &CommitId) -> Trace {
    harness.vcs().trace(branch, commit).await.unwrap()
}
