//! The part of the contract of [`Vcs`](crate::ports::Vcs) that going on rests on, as checks.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use crate::domain::audit::{Audit, AuditBranch, AuditSpec, BaseCommit, BaseFacts, BranchFacts};
use crate::domain::workspace::{Refreshed, Workspace};
use crate::id::CommitId;
use crate::resume::BranchState;
use crate::testing::conformance::vcs::{
    VcsHarness, collect, key, land, landing, open, refresh, spec, ticket,
};

/// A branch is where it was, has gone on, was rewritten, or is gone; each is told apart.
pub async fn branches_are_told_apart(harness: &dyn VcsHarness) {
    let base = harness.vcs().status().await.unwrap().base_head;
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "one\n");
    let known = collect(harness, &workspace).await.head;
    let present = BranchFacts {
        head: Some(known.clone()),
        worktree: true,
        dirty: false,
        commits: 1,
        behind: 0,
        holds_known: true,
        landed: false,
        merged: false,
    };
    let facts = branch(harness, &base, &workspace, &known).await;
    assert_eq!(facts, present);
    assert_eq!(BranchState::of(&facts, Some(&known)), BranchState::Present);

    harness.write(&workspace, "c.txt", "two\n");
    let facts = branch(harness, &base, &workspace, &known).await;
    let dirty = BranchFacts {
        dirty: true,
        ..present.clone()
    };
    assert_eq!(facts, dirty);
    let head = collect(harness, &workspace).await.head;
    let facts = branch(harness, &base, &workspace, &known).await;
    let moved = BranchFacts {
        head: Some(head),
        commits: 2,
        ..present
    };
    assert_eq!(facts, moved);
    assert_eq!(BranchState::of(&facts, Some(&known)), BranchState::Moved);

    let new_base = harness.advance_base("d.txt", "three\n");
    let facts = branch(harness, &base, &workspace, &known).await;
    assert_eq!(facts.behind, 1);
    let refreshed = refresh(harness, &workspace, &new_base).await;
    let Refreshed::Moved(workspace) = refreshed else {
        panic!("{refreshed:?}");
    };
    let facts = branch(harness, &base, &workspace, &known).await;
    assert_eq!((facts.behind, facts.commits), (0, 2));
    assert_eq!(
        BranchState::of(&facts, Some(&known)),
        BranchState::Rewritten
    );

    let unknown = CommitId::new("1".repeat(known.as_str().len())).unwrap();
    let facts = branch(harness, &base, &workspace, &unknown).await;
    assert!(!facts.holds_known && !facts.landed, "{facts:?}");
}

/// What landed is known to be on base after its branch is gone, and base says what it merged.
pub async fn landings_are_seen(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let base = vcs.status().await.unwrap().base_head;
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    let input = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    let before = audit(harness, &base, &[]).await;
    assert_eq!(before.made, std::slice::from_ref(&workspace.branch));
    let same = BaseFacts {
        head: base.clone(),
        holds_seen: true,
        since: Vec::new(),
    };
    assert_eq!(before.base, same);

    let landing = landing(harness, &input).await;
    land(harness, &landing).await;
    vcs.close(&workspace).await.unwrap();
    let edit = harness.advance_base("c.txt", "two\n");
    let asked = AuditBranch {
        workspace,
        known: Some(input.commit.clone()),
    };
    let after = audit(harness, &base, &[asked]).await;
    let gone = BranchFacts {
        landed: true,
        ..BranchFacts::default()
    };
    assert_eq!(after.branches, [gone]);
    assert_eq!(after.made, []);
    let since = vec![
        BaseCommit {
            commit: edit.clone(),
            merged: Vec::new(),
        },
        BaseCommit {
            commit: landing.tip,
            merged: vec![input.commit],
        },
    ];
    let expected = BaseFacts {
        head: edit.clone(),
        holds_seen: true,
        since,
    };
    assert_eq!(after.base, expected);
    let unknown = CommitId::new("1".repeat(edit.as_str().len())).unwrap();
    let elsewhere = audit(harness, &unknown, &[]).await.base;
    assert!(!elsewhere.holds_seen && elsewhere.since.is_empty());
}

/// To look at a sprint changes nothing.
pub async fn auditing_changes_nothing(harness: &dyn VcsHarness) {
    let base = harness.vcs().status().await.unwrap();
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "one\n");
    let asked = [AuditBranch {
        workspace: workspace.clone(),
        known: None,
    }];
    let first = audit(harness, &base.base_head, &asked).await;
    assert_eq!(audit(harness, &base.base_head, &asked).await, first);
    assert_eq!(harness.vcs().status().await.unwrap(), base);
    assert!(first.branches[0].dirty, "what was not committed is there");
    assert_eq!(collect(harness, &workspace).await.commits, 1);
}

async fn audit(harness: &dyn VcsHarness, base: &CommitId, branches: &[AuditBranch]) -> Audit {
    let spec = AuditSpec {
        sprint: key().sprint,
        base: base.clone(),
        branches: branches.to_vec(),
    };
    harness.vcs().audit(&spec).await.unwrap()
}

async fn branch(
    harness: &dyn VcsHarness,
    base: &CommitId,
    workspace: &Workspace,
    known: &CommitId,
) -> BranchFacts {
    let asked = AuditBranch {
        workspace: workspace.clone(),
        known: Some(known.clone()),
    };
    audit(harness, base, &[asked]).await.branches.remove(0)
}
