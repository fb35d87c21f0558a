//! The part of the contract of [`Vcs`](crate::ports::Vcs) about taking changes back, as checks.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use crate::domain::merge::{LandKind, LandSpec, Landed, Merged, RevertInput, RevertSpec, Reverted};
use crate::domain::path::RepoPath;
use crate::id::{CommitId, TreeId};
use crate::testing::conformance::vcs::{AT, VcsHarness, key, land, landing, ticket};

/// Taking a merge back gives the tree before it, and taking that back gives the change again; the
/// history only grows, and doing it again makes the same commits.
pub async fn taking_back_goes_both_ways(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let before = vcs.status().await.unwrap().base_tree;
    let merged = land_one(harness, "ENG-1", "b.txt").await;
    let base = merged.commit.clone();

    let undone = revert(harness, &base, &[&merged]).await;
    assert_eq!(revert(harness, &base, &[&merged]).await, undone);
    assert_eq!((&undone.tree, &undone.conflict), (&before, &None));
    assert_eq!(undone.merged.len(), 1);
    assert_eq!(undone.merged[0].commit, undone.tip);
    assert_eq!(vcs.status().await.unwrap().base_head, base);
    land_all(harness, &base, &undone, &before).await;

    let redone = revert(harness, &undone.tip, &[&undone.merged[0]]).await;
    assert_eq!((&redone.tree, &redone.conflict), (&merged.tree, &None));
    land_all(harness, &undone.tip, &redone, &merged.tree).await;
}

/// Several changes go one after the other; others that are beside them stay.
pub async fn taking_back_leaves_the_others(harness: &dyn VcsHarness) {
    let first = land_one(harness, "ENG-1", "b.txt").await;
    let second = land_one(harness, "ENG-2", "c.txt").await;
    let third = land_one(harness, "ENG-3", "d.txt").await;
    let undone = revert(harness, &third.commit, &[&third, &first]).await;
    let names: Vec<_> = undone.merged.iter().map(|m| m.ticket.clone()).collect();
    assert_eq!(names, [third.ticket, first.ticket]);
    assert_eq!(undone.merged[1].commit, undone.tip);
    let wanted = ["b.txt", "c.txt", "d.txt"].map(RepoPath::from);
    let files = harness.vcs().read(&undone.tip, &wanted).await.unwrap();
    let there: Vec<_> = files.into_iter().map(|(path, _)| path).collect();
    assert_eq!(there, [RepoPath::from("c.txt")], "{}", second.ticket);
}

/// What came later and touches the same lines is in the way, and what is gone already makes no
/// commit.
pub async fn taking_back_is_not_forced(harness: &dyn VcsHarness) {
    let merged = land_one(harness, "ENG-1", "b.txt").await;
    let other = land_one(harness, "ENG-2", "c.txt").await;
    let head = harness.advance_base("b.txt", "by hand\n");
    let clash = revert(harness, &head, &[&other, &merged]).await;
    let paths = vec![RepoPath::from("b.txt")];
    assert_eq!(clash.conflict, Some((merged.ticket, paths)));
    assert_eq!(clash.merged.len(), 1);
    assert_eq!(clash.tip, clash.merged[0].commit);
    assert_eq!(harness.vcs().status().await.unwrap().base_head, head);

    let tree = clash.tree.clone();
    land_all(harness, &head, &clash, &tree).await;
    let again = revert(harness, &clash.tip, &[&other]).await;
    assert_eq!((&again.tip, &again.tree), (&clash.tip, &tree));
    assert_eq!((again.merged.len(), again.conflict), (1, None));
}

async fn land_one(harness: &dyn VcsHarness, id: &str, path: &str) -> Merged {
    let input = ticket(harness, id, path, "one\n").await;
    let mut spec = landing(harness, &input).await;
    assert_eq!(land(harness, &spec).await, Landed::Yes);
    spec.merges.remove(0)
}

async fn revert(harness: &dyn VcsHarness, base: &CommitId, back: &[&Merged]) -> Reverted {
    let input = |merged: &&Merged| RevertInput {
        ticket: merged.ticket.clone(),
        commit: merged.commit.clone(),
        subject: format!("revert: {}", merged.ticket),
    };
    let spec = RevertSpec {
        base: base.clone(),
        commits: back.iter().map(input).collect(),
        at: AT,
    };
    harness.vcs().revert(&spec, &key()).await.unwrap()
}

async fn land_all(harness: &dyn VcsHarness, from: &CommitId, made: &Reverted, tree: &TreeId) {
    let spec = LandSpec {
        sprint: key().sprint,
        expected: from.clone(),
        tip: made.tip.clone(),
        merges: made.merged.clone(),
        kind: LandKind::Reverts,
    };
    for _ in 0..2 {
        assert_eq!(land(harness, &spec).await, Landed::Yes);
    }
    let status = harness.vcs().status().await.unwrap();
    assert_eq!((&status.base_head, &status.base_tree), (&made.tip, tree));
}
