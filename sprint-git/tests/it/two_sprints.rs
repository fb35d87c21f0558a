//! Two sprints of one repository at once, in two processes: neither touches what is the other's.

use sprint_core::domain::merge::{CombineSpec, Combined, LandKind, LandSpec, Landed, MergeInput};
use sprint_core::domain::workspace::{Opened, Workspace, WorkspaceSpec};
use sprint_core::id::{CommitId, SprintId, TagName, TicketId};
use sprint_core::ports::Vcs as _;
use sprint_git::GitVcs;

use crate::support::{Fixture, at, key, leftovers, open, write};

fn spec(sprint: &str, ticket: &str, base: CommitId) -> WorkspaceSpec {
    WorkspaceSpec {
        sprint: SprintId::new(sprint).unwrap(),
        ticket: TicketId::new(ticket).unwrap(),
        generation: 1,
        base,
        dependencies: Vec::new(),
        at: at(),
    }
}

async fn opened(vcs: &GitVcs, spec: &WorkspaceSpec) -> Workspace {
    match vcs.open(spec, &key()).await.unwrap() {
        Opened::Ready(workspace) => workspace,
        Opened::Conflict { dependency, .. } => panic!("{dependency} conflicts"),
    }
}

async fn combined(vcs: &GitVcs, base: &CommitId, merges: &[MergeInput]) -> Combined {
    let spec = CombineSpec {
        base: base.clone(),
        merges: merges.to_vec(),
        at: at(),
    };
    vcs.combine(&spec, &key()).await.unwrap()
}

fn landing(sprint: &str, expected: CommitId, done: &Combined) -> LandSpec {
    LandSpec {
        sprint: SprintId::new(sprint).unwrap(),
        expected,
        tip: done.tip.clone(),
        merges: done.merged.clone(),
        kind: LandKind::Merges,
    }
}

#[tokio::test]
async fn both_land_and_cleaning_up_after_one_leaves_the_other_alone() {
    let fixture = Fixture::new().await;
    let others = open(&fixture.root, "main").await;
    let (ours, base) = (&fixture.vcs, fixture.head());
    // The same ticket in both is the hardest case for names.
    let (first, second) = ("sprint-20260101-000000", "sprint-20260101-000001");
    let one = opened(ours, &spec(first, "T-1", base.clone())).await;
    let other = opened(&others, &spec(second, "T-1", base.clone())).await;
    assert_ne!(one.branch, other.branch);
    assert_ne!(one.path, other.path);
    write(&one.path, "one.txt", "1\n");
    write(&other.path, "other.txt", "2\n");
    let head_one = ours.collect(&one, &leftovers()).await.unwrap().head;
    let head_other = others.collect(&other, &leftovers()).await.unwrap().head;
    let merge = |commit: CommitId| MergeInput {
        ticket: TicketId::new("T-1").unwrap(),
        commit,
        subject: "merge: T-1".into(),
    };
    // Both combine on the same base at the same time; the later one to land has to do it again.
    let merged_one = combined(ours, &base, &[merge(head_one)]).await;
    let merged_other = combined(&others, &base, &[merge(head_other.clone())]).await;
    for (vcs, sprint, done) in [(ours, first, &merged_one), (&others, second, &merged_other)] {
        vcs.checkout(&done.tip, &SprintId::new(sprint).unwrap(), None)
            .await
            .unwrap();
    }
    let landed = ours
        .land(&landing(first, base.clone(), &merged_one), &key())
        .await
        .unwrap();
    assert_eq!(landed, Landed::Yes);
    let late = others
        .land(&landing(second, base, &merged_other), &key())
        .await
        .unwrap();
    assert_eq!(late, Landed::BaseMoved(fixture.head()));

    // The first is over, and cleans up.
    ours.close(&one).await.unwrap();
    ours.tidy(&SprintId::new(first).unwrap()).await.unwrap();
    assert!(other.path.join("other.txt").exists());
    assert!(fixture.has(&format!("refs/heads/{}", other.branch)));
    assert!(fixture.has(&format!("refs/sprint/{second}/")));
    assert!(!fixture.has(&format!("refs/sprint/{first}/")));

    let now = fixture.head();
    let again = combined(&others, &now, &[merge(head_other)]).await;
    let landed = others
        .land(&landing(second, now, &again), &key())
        .await
        .unwrap();
    assert_eq!(landed, Landed::Yes);
    for (sprint, file) in [(first, "one.txt"), (second, "other.txt")] {
        assert!(fixture.has(&format!("refs/tags/pre-merge-{sprint}-T-1")));
        assert!(fixture.root.join(file).exists());
    }
    // Sprints that start in the same second on the same commit share the tag; elsewhere it is refused.
    let tag = TagName::new("sprint-start-20260101-000000").unwrap();
    ours.tag(&tag, &fixture.head()).await.unwrap();
    others.tag(&tag, &fixture.head()).await.unwrap();
}
