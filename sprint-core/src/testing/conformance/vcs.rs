//! The contract of [`Vcs`] as checks.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use crate::domain::merge::{
    CombineSpec, Combined, LandKind, LandSpec, Landed, MergeInput, Resolution,
};
use crate::domain::path::RepoPath;
use crate::domain::probe::ProbeSpec;
use crate::domain::stray::Whereabouts;
use crate::domain::workspace::{
    Collected, Leftovers, Opened, RefreshSpec, Refreshed, Workspace, WorkspaceSpec,
};
use crate::failure::ErrorKind;
use crate::id::{CommitId, SprintId, TagName, TicketId};
use crate::ports::Vcs;
use crate::run::effect::{EffectId, EffectKey, Step};
use crate::testing::conformance::{around, audit, proof, undo};
use crate::time::Timestamp;

/// An adapter on a fresh repository whose base holds at least one file, `a.txt`, and is checked
/// out by the user without changes; and the hands to change things behind its back.
pub trait VcsHarness: Send + Sync {
    /// The adapter.
    fn vcs(&self) -> &dyn Vcs;

    /// Writes a file in a workspace without committing it.
    fn write(&self, workspace: &Workspace, path: &str, text: &str);

    /// Commits a file to base, as another person would.
    fn advance_base(&self, path: &str, text: &str) -> CommitId;

    /// Changes `a.txt` in the user's checkout, or takes that back.
    fn set_checkout_dirty(&self, dirty: bool);
}

/// Runs every check, each on a fresh harness.
pub async fn all<H: VcsHarness>(fresh: impl AsyncFn() -> H) {
    tags_are_made_once(&fresh().await).await;
    opening_twice_finds_the_same_workspace(&fresh().await).await;
    a_workspace_is_where_it_was_opened(&fresh().await).await;
    generations_are_apart(&fresh().await).await;
    collecting_says_what_changed(&fresh().await).await;
    restoring_reports_a_difference_once(&fresh().await).await;
    a_workspace_follows_base(&fresh().await).await;
    a_workspace_that_cannot_follow_base_stays(&fresh().await).await;
    a_workspace_with_dependencies_follows_base(&fresh().await).await;
    a_published_branch_is_merged(&fresh().await).await;
    combining_is_repeatable_and_skips_conflicts(&fresh().await).await;
    resolutions_are_remembered_by_content(&fresh().await).await;
    pairs_are_tried_once(&fresh().await).await;
    dependencies_come_with_the_workspace(&fresh().await).await;
    landing_is_by_compare_and_swap(&fresh().await).await;
    landing_waits_for_a_clean_checkout(&fresh().await).await;
    proof::grafting_takes_the_files_it_names(&fresh().await).await;
    proof::grafting_takes_away_what_is_not_there(&fresh().await).await;
    proof::grafting_touches_nothing(&fresh().await).await;
    proof::what_is_beside_a_commit_is_seen(&fresh().await).await;
    proof::commits_are_traced(&fresh().await).await;
    proof::a_branch_that_moved_is_traced(&fresh().await).await;
    audit::branches_are_told_apart(&fresh().await).await;
    audit::landings_are_seen(&fresh().await).await;
    audit::auditing_changes_nothing(&fresh().await).await;
    undo::taking_back_goes_both_ways(&fresh().await).await;
    undo::taking_back_leaves_the_others(&fresh().await).await;
    undo::taking_back_is_not_forced(&fresh().await).await;
    around::looking_around_names_what_others_change(&fresh().await).await;
    around::what_the_sprint_does_is_no_stray(&fresh().await).await;
    closing_and_tidying_can_be_repeated(&fresh().await).await;
}

/// A tag stays where it is; the same tag at another commit is a conflict.
pub async fn tags_are_made_once(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let tag = TagName::new("sprint-start-x").unwrap();
    let head = vcs.status().await.unwrap().base_head;
    vcs.tag(&tag, &head).await.unwrap();
    vcs.tag(&tag, &head).await.unwrap();
    let other = harness.advance_base("b.txt", "b\n");
    let error = vcs.tag(&tag, &other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

/// A workspace is there from its opening until it is given back.
pub async fn a_workspace_is_where_it_was_opened(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "b\n");
    let found = vcs.whereabouts(&workspace).await.unwrap();
    assert_eq!(found, Whereabouts::There);
    vcs.close(&workspace).await.unwrap();
    let found = vcs.whereabouts(&workspace).await.unwrap();
    assert_eq!(found, Whereabouts::Gone);
}

/// A workspace is found again by its spec, with the work in it, also after base has moved.
pub async fn opening_twice_finds_the_same_workspace(harness: &dyn VcsHarness) {
    let spec = spec(harness, "ENG-1").await;
    let workspace = open(harness, &spec).await;
    assert_eq!(workspace.base, spec.base);
    assert_eq!(workspace.work_base, spec.base);
    harness.write(&workspace, "b.txt", "b\n");
    let collected = collect(harness, &workspace).await;
    harness.advance_base("c.txt", "c\n");
    assert_eq!(open(harness, &spec).await, workspace);
    assert_eq!(collect(harness, &workspace).await, collected);
}

/// A fresh agent's workspace shares nothing with the one before.
pub async fn generations_are_apart(harness: &dyn VcsHarness) {
    let mut spec = spec(harness, "ENG-1").await;
    let first = open(harness, &spec).await;
    harness.write(&first, "b.txt", "b\n");
    collect(harness, &first).await;
    spec.generation = 2;
    let second = open(harness, &spec).await;
    assert_ne!(second.path, first.path);
    assert_ne!(second.branch, first.branch);
    assert_eq!(collect(harness, &second).await.commits, 0);
}

/// Uncommitted changes are committed, and the ticket's changes are described.
pub async fn collecting_says_what_changed(harness: &dyn VcsHarness) {
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    let untouched = collect(harness, &workspace).await;
    assert_eq!((untouched.commits, untouched.changed.len()), (0, 0));
    assert_eq!(untouched.head, workspace.work_base);
    harness.write(&workspace, "b.txt", "first\nsecond\n");
    let collected = collect(harness, &workspace).await;
    assert_eq!(collected.commits, 1);
    assert_eq!(collected.changed[0].path, RepoPath::from("b.txt"));
    let added: Vec<_> = collected
        .added
        .iter()
        .map(|line| (line.line, line.text.as_str()))
        .collect();
    assert_eq!(added, [(1, "first"), (2, "second")]);
    let wanted = [RepoPath::from("b.txt"), RepoPath::from("absent.txt")];
    let files = harness.vcs().read(&collected.head, &wanted).await.unwrap();
    assert_eq!(files, [(wanted[0].clone(), b"first\nsecond\n".to_vec())]);
}

/// A workspace that is not at the commit is put back, and the call says so; the next one is fine.
pub async fn restoring_reports_a_difference_once(harness: &dyn VcsHarness) {
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "b\n");
    let good = collect(harness, &workspace).await;
    let restore = Leftovers::RestoreTo(good.head.clone());
    assert_eq!(
        harness.vcs().collect(&workspace, &restore).await.unwrap(),
        good
    );
    harness.write(&workspace, "b.txt", "tampered\n");
    let error = harness
        .vcs()
        .collect(&workspace, &restore)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        harness.vcs().collect(&workspace, &restore).await.unwrap(),
        good
    );
}

/// A workspace is brought up to base once, also if nobody heard of it, and is found there again.
pub async fn a_workspace_follows_base(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let spec = spec(harness, "ENG-1").await;
    let stale = open(harness, &spec).await;
    assert_eq!(
        refresh(harness, &stale, &spec.base).await,
        Refreshed::Current
    );
    harness.write(&stale, "b.txt", "b\n");
    let before = collect(harness, &stale).await;
    assert_eq!(
        refresh(harness, &stale, &spec.base).await,
        Refreshed::Current
    );
    let base = harness.advance_base("c.txt", "c\n");
    let fresh = Workspace {
        base: base.clone(),
        work_base: base.clone(),
        ..stale.clone()
    };
    let moved = Refreshed::Moved(fresh.clone());
    assert_eq!(refresh(harness, &stale, &base).await, moved);
    assert_eq!(refresh(harness, &stale, &base).await, moved);
    assert_eq!(refresh(harness, &fresh, &base).await, Refreshed::Current);
    assert_eq!(open(harness, &spec).await, fresh);
    let after = collect(harness, &fresh).await;
    assert_ne!(after.head, before.head);
    assert_eq!((after.commits, &after.changed), (1, &before.changed));
    let wanted = ["b.txt", "c.txt"].map(RepoPath::from);
    assert_eq!(vcs.read(&after.head, &wanted).await.unwrap().len(), 2);
    // The commits from before are still to be had.
    assert_eq!(vcs.read(&before.head, &wanted).await.unwrap().len(), 1);
}

/// Conflicts and uncommitted changes leave a workspace as it is.
pub async fn a_workspace_that_cannot_follow_base_stays(harness: &dyn VcsHarness) {
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "ours\n");
    let before = collect(harness, &workspace).await;
    let base = harness.advance_base("b.txt", "theirs\n");
    let paths = vec![RepoPath::from("b.txt")];
    let refreshed = refresh(harness, &workspace, &base).await;
    assert_eq!(refreshed, Refreshed::Conflict { paths });
    assert_eq!(collect(harness, &workspace).await, before);
    harness.write(&workspace, "c.txt", "uncommitted\n");
    let refreshed = harness.vcs().refresh(&refreshing(&workspace, &base)).await;
    assert_eq!(refreshed.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(collect(harness, &workspace).await.commits, 2);
}

/// Merged dependencies stay merged, and what they and base changed is not the ticket's.
pub async fn a_workspace_with_dependencies_follows_base(harness: &dyn VcsHarness) {
    let dependency = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    let mut spec = spec(harness, "ENG-2").await;
    spec.dependencies = vec![(dependency.ticket, dependency.commit)];
    let workspace = open(harness, &spec).await;
    harness.write(&workspace, "d.txt", "d\n");
    let before = collect(harness, &workspace).await;
    let base = harness.advance_base("c.txt", "c\n");
    let refreshed = refresh(harness, &workspace, &base).await;
    let Refreshed::Moved(fresh) = refreshed else {
        panic!("{refreshed:?}");
    };
    assert_eq!(fresh.base, base);
    assert_ne!(fresh.work_base, base);
    assert_eq!(collect(harness, &fresh).await.changed, before.changed);
    assert_eq!(refresh(harness, &fresh, &base).await, Refreshed::Current);
}

/// A branch that others may know keeps its commits.
pub async fn a_published_branch_is_merged(harness: &dyn VcsHarness) {
    let workspace = open(harness, &spec(harness, "ENG-1").await).await;
    harness.write(&workspace, "b.txt", "b\n");
    let before = collect(harness, &workspace).await;
    let base = harness.advance_base("c.txt", "c\n");
    let spec = RefreshSpec {
        published: true,
        ..refreshing(&workspace, &base)
    };
    let refreshed = harness.vcs().refresh(&spec).await.unwrap();
    let Refreshed::Moved(fresh) = refreshed else {
        panic!("{refreshed:?}");
    };
    let after = collect(harness, &fresh).await;
    assert_eq!((after.commits, &after.changed), (2, &before.changed));
}

/// The same merges make the same commits; what conflicts is left out and named.
pub async fn combining_is_repeatable_and_skips_conflicts(harness: &dyn VcsHarness) {
    let inputs = [
        ticket(harness, "ENG-1", "b.txt", "one\n").await,
        ticket(harness, "ENG-2", "b.txt", "two\n").await,
        ticket(harness, "ENG-3", "c.txt", "three\n").await,
    ];
    let base = harness.vcs().status().await.unwrap().base_head;
    let combined = combine(harness, &base, &inputs).await;
    assert_eq!(combine(harness, &base, &inputs).await, combined);
    let merged: Vec<_> = combined
        .merged
        .iter()
        .map(|merged| merged.ticket.as_str())
        .collect();
    assert_eq!(merged, ["ENG-1", "ENG-3"]);
    let [clash] = &combined.conflicts[..] else {
        panic!("{:?}", combined.conflicts)
    };
    assert_eq!(clash.ticket, inputs[1].ticket);
    assert_eq!(clash.paths, [RepoPath::from("b.txt")]);
    assert_eq!(clash.ours, combined.merged[0].commit);
    assert_eq!(clash.theirs, inputs[1].commit);
    assert_eq!(clash.ancestor, base);
    assert_eq!(combined.tip, combined.merged[1].commit);
    assert_eq!(combined.tree, combined.merged[1].tree);
    assert_eq!(harness.vcs().status().await.unwrap().base_head, base);
}

/// Who resolves a conflict begins with both sides marked; once the result is remembered, the same
/// content merges, whatever was merged before it. Markers are not taken for a result.
pub async fn resolutions_are_remembered_by_content(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let inputs = [
        ticket(harness, "ENG-1", "b.txt", "one\n").await,
        ticket(harness, "ENG-2", "b.txt", "two\n").await,
        ticket(harness, "ENG-3", "c.txt", "three\n").await,
    ];
    let base = vcs.status().await.unwrap().base_head;
    let clash = combine(harness, &base, &inputs).await.conflicts.remove(0);
    let mut spec = spec(harness, "ENG-2").await;
    (spec.generation, spec.base) = (2, clash.marked.clone());
    let workspace = open(harness, &spec).await;
    let path = [RepoPath::from("b.txt")];
    let marked = vcs.read(&clash.marked, &path).await.unwrap();
    let text = String::from_utf8(marked[0].1.clone()).unwrap();
    assert!(text.contains("<<<<<<< ") && text.contains("one\n") && text.contains("two\n"));
    let unresolved = Resolution {
        clash: clash.clone(),
        resolved: clash.marked.clone(),
    };
    let refused = vcs.remember(&unresolved).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    harness.write(&workspace, "b.txt", "one\ntwo\n");
    let resolved = collect(harness, &workspace).await.head;
    let resolution = Resolution { clash, resolved };
    vcs.remember(&resolution).await.unwrap();
    vcs.remember(&resolution).await.unwrap();
    for order in [[0, 1, 2], [2, 0, 1]] {
        let inputs = order.map(|at| inputs[at].clone());
        let combined = combine(harness, &base, &inputs).await;
        assert_eq!(combined.conflicts, []);
        let by_memory = combined.merged.iter().find(|m| !m.resolved.is_empty());
        let by_memory = by_memory.unwrap();
        assert_eq!(
            (by_memory.ticket.as_str(), &by_memory.resolved[..]),
            ("ENG-2", &path[..])
        );
        let files = vcs.read(&combined.tip, &path).await.unwrap();
        assert_eq!(files[0].1, b"one\ntwo\n");
    }
    // Other content on one side is another conflict.
    let other = ticket(harness, "ENG-4", "b.txt", "four\n").await;
    let combined = combine(harness, &base, &[inputs[0].clone(), other]).await;
    assert_eq!(combined.conflicts.len(), 1);
}

/// Every pair is tried on base; what is known is not tried again.
pub async fn pairs_are_tried_once(harness: &dyn VcsHarness) {
    let inputs = [
        ticket(harness, "ENG-1", "b.txt", "one\n").await,
        ticket(harness, "ENG-2", "b.txt", "two\n").await,
        ticket(harness, "ENG-3", "c.txt", "three\n").await,
    ];
    let base = harness.advance_base("c.txt", "by hand\n");
    let branch = |input: &MergeInput| (input.ticket.clone(), input.commit.clone());
    let mut spec = ProbeSpec {
        base,
        branches: inputs.iter().map(branch).collect(),
    };
    let first = harness.vcs().probe(&spec).await.unwrap();
    let against_base = [(inputs[2].ticket.clone(), vec![RepoPath::from("c.txt")])];
    assert_eq!(first.against_base, against_base.into());
    let clashing = first.pairs.iter().filter(|pair| !pair.clashes.is_empty());
    let clashing: Vec<_> = clashing
        .map(|pair| (pair.a.as_str(), pair.b.as_str(), &pair.clashes[..]))
        .collect();
    let path = [RepoPath::from("b.txt")];
    assert_eq!(clashing, [("ENG-1", "ENG-2", &path[..])]);
    assert!(first.merges > 0);
    let again = harness.vcs().probe(&spec).await.unwrap();
    assert_eq!((again.merges, &again.pairs), (0, &first.pairs));
    let moved = ticket(harness, "ENG-5", "b.txt", "five\n").await;
    spec.branches.insert(inputs[1].ticket.clone(), moved.commit);
    let moved = harness.vcs().probe(&spec).await.unwrap();
    assert!(moved.merges > 0 && moved.merges < first.merges, "{moved:?}");
    assert_eq!(moved.pairs.len(), first.pairs.len());
}

/// Dependencies are in a workspace and do not count as the ticket's changes.
pub async fn dependencies_come_with_the_workspace(harness: &dyn VcsHarness) {
    let first = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    let second = ticket(harness, "ENG-2", "b.txt", "two\n").await;
    let mut spec = spec(harness, "ENG-3").await;
    spec.dependencies = vec![(first.ticket, first.commit)];
    let workspace = open(harness, &spec).await;
    assert_ne!(workspace.work_base, workspace.base);
    assert_eq!(collect(harness, &workspace).await.commits, 0);
    let wanted = [RepoPath::from("b.txt")];
    let files = harness
        .vcs()
        .read(&workspace.work_base, &wanted)
        .await
        .unwrap();
    assert_eq!(files.len(), 1);

    spec.ticket = TicketId::new("ENG-4").unwrap();
    spec.dependencies
        .push((second.ticket.clone(), second.commit));
    let opened = harness.vcs().open(&spec, &key()).await.unwrap();
    let conflict = Opened::Conflict {
        dependency: second.ticket,
        paths: wanted.to_vec(),
    };
    assert_eq!(opened, conflict);
}

/// Base advances only from where it was expected, and landing again changes nothing.
pub async fn landing_is_by_compare_and_swap(harness: &dyn VcsHarness) {
    let input = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    let stale = landing(harness, &input).await;
    let moved = harness.advance_base("c.txt", "c\n");
    assert_eq!(land(harness, &stale).await, Landed::BaseMoved(moved));
    let spec = landing(harness, &input).await;
    for _ in 0..2 {
        assert_eq!(land(harness, &spec).await, Landed::Yes);
        assert_eq!(harness.vcs().status().await.unwrap().base_head, spec.tip);
    }
}

/// A checkout of base with changes stops landing, and is foretold by the status.
pub async fn landing_waits_for_a_clean_checkout(harness: &dyn VcsHarness) {
    let input = ticket(harness, "ENG-1", "b.txt", "one\n").await;
    let spec = landing(harness, &input).await;
    harness.set_checkout_dirty(true);
    let status = harness.vcs().status().await.unwrap();
    assert!(status.base_checkout_dirty.is_some());
    let landed = land(harness, &spec).await;
    assert!(matches!(landed, Landed::CheckoutInTheWay(_)), "{landed:?}");
    assert_eq!(
        harness.vcs().status().await.unwrap().base_head,
        spec.expected
    );
    harness.set_checkout_dirty(false);
    assert_eq!(land(harness, &spec).await, Landed::Yes);
}

/// Giving back twice is as good as once.
pub async fn closing_and_tidying_can_be_repeated(harness: &dyn VcsHarness) {
    let vcs = harness.vcs();
    let spec = spec(harness, "ENG-1").await;
    let workspace = open(harness, &spec).await;
    harness.write(&workspace, "b.txt", "never merged\n");
    let head = collect(harness, &workspace).await.head;
    vcs.checkout(&head, &spec.sprint, None).await.unwrap();
    for _ in 0..2 {
        vcs.close(&workspace).await.unwrap();
        vcs.tidy(&spec.sprint).await.unwrap();
    }
    // The branch was not merged, so its commit is still to be had.
    let wanted = [RepoPath::from("b.txt")];
    assert_eq!(vcs.read(&head, &wanted).await.unwrap().len(), 1);
}

pub(super) async fn spec(harness: &dyn VcsHarness, ticket: &str) -> WorkspaceSpec {
    WorkspaceSpec {
        sprint: key().sprint,
        ticket: TicketId::new(ticket).unwrap(),
        generation: 1,
        base: harness.vcs().status().await.unwrap().base_head,
        dependencies: Vec::new(),
        at: AT,
    }
}

pub(super) async fn open(harness: &dyn VcsHarness, spec: &WorkspaceSpec) -> Workspace {
    match harness.vcs().open(spec, &key()).await.unwrap() {
        Opened::Ready(workspace) => workspace,
        Opened::Conflict { dependency, .. } => panic!("{dependency} conflicts"),
    }
}

pub(super) async fn collect(harness: &dyn VcsHarness, workspace: &Workspace) -> Collected {
    let leftovers = Leftovers::Commit {
        subject: "leftovers".into(),
        at: AT,
    };
    harness.vcs().collect(workspace, &leftovers).await.unwrap()
}

fn refreshing(workspace: &Workspace, base: &CommitId) -> RefreshSpec {
    RefreshSpec {
        workspace: workspace.clone(),
        base: base.clone(),
        published: false,
        at: AT,
    }
}

pub(super) async fn refresh(
    harness: &dyn VcsHarness,
    workspace: &Workspace,
    base: &CommitId,
) -> Refreshed {
    let spec = refreshing(workspace, base);
    harness.vcs().refresh(&spec).await.unwrap()
}

pub(super) async fn ticket(
    harness: &dyn VcsHarness,
    id: &str,
    path: &str,
    text: &str,
) -> MergeInput {
    let workspace = open(harness, &spec(harness, id).await).await;
    harness.write(&workspace, path, text);
    MergeInput {
        ticket: TicketId::new(id).unwrap(),
        commit: collect(harness, &workspace).await.head,
        subject: format!("merge: {id}"),
    }
}

async fn combine(harness: &dyn VcsHarness, base: &CommitId, merges: &[MergeInput]) -> Combined {
    let spec = CombineSpec {
        base: base.clone(),
        merges: merges.to_vec(),
        at: AT,
    };
    harness.vcs().combine(&spec, &key()).await.unwrap()
}

pub(super) async fn landing(harness: &dyn VcsHarness, input: &MergeInput) -> LandSpec {
    let expected = harness.vcs().status().await.unwrap().base_head;
    let combined = combine(harness, &expected, std::slice::from_ref(input)).await;
    LandSpec {
        sprint: key().sprint,
        expected,
        tip: combined.tip,
        merges: combined.merged,
        kind: LandKind::Merges,
    }
}

pub(super) async fn land(harness: &dyn VcsHarness, spec: &LandSpec) -> Landed {
    harness.vcs().land(spec, &key()).await.unwrap()
}

pub(super) const AT: Timestamp = Timestamp::from_millis(1_769_850_300_000);

pub(super) fn key() -> EffectKey {
    EffectKey {
        sprint: SprintId::new("sprint-20260131-090500").unwrap(),
        effect: EffectId::sprint(1, Step::Combine),
    }
}
