use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use super::*;
use crate::domain::agent::AgentTask;
use crate::domain::evidence::EvidenceMarker;
use crate::domain::merge::{LandKind, LandSpec, Landed, Merged};
use crate::domain::workspace::{Opened, WorkspaceSpec};
use crate::id::{BranchName, SprintId};
use crate::run::proof::Proof;
use crate::testing::world::repo::{Change, Tree};

/// What the world says to a call that cannot be.
fn refused(world: &World, call: impl FnOnce(&mut State)) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| world.with(call))).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn sprint() -> SprintId {
    SprintId::new("sprint-20260101-000000").unwrap()
}

fn proof(world: &World) -> Proof {
    let head = world.with(|state| state.repo.base_head());
    let tree = world.with(|state| state.repo.commits[&head].tree_id.clone());
    Proof::for_tests(EvidenceMarker {
        sprint: sprint(),
        ticket: fixture::id("A"),
        branch: BranchName::new("sprint/A-1").unwrap(),
        commit: head,
        tree,
    })
}

#[test]
fn nothing_unproven_is_closed() {
    let (world, _) = World::planned("A");
    let proof = proof(&world);
    let close = |state: &mut State| drop(state.close_ticket(&proof));
    let said = refused(&world, close);
    assert!(
        said.contains("close(A) for") && said.contains("never green"),
        "{said}"
    );
    world.with(|state| {
        state.log.green.insert(proof.tree().clone());
        state.log.reviewed.insert(proof.commit().clone());
        state.log.complete.insert(proof.commit().clone());
    });
    insta::assert_snapshot!(refused(&world, close), @"impossible call: close(A) without evidence on the ticket");
}

#[test]
fn only_a_chain_from_base_with_a_green_end_lands() {
    let (world, _) = World::planned("A");
    let land = |state: &mut State, merges: Vec<Merged>| {
        let expected = state.repo.base_head();
        let tip = merges
            .last()
            .map_or_else(|| expected.clone(), |m| m.commit.clone());
        let sprint = sprint();
        state.land(&LandSpec {
            sprint,
            expected,
            tip,
            merges,
            kind: LandKind::Merges,
        })
    };
    let (merged, work) = world.with(|state| {
        let base = state.repo.base_head();
        let change = Change {
            version: 1,
            flaw: None,
        };
        let tree: Tree = [("A".to_owned(), change)].into();
        let work = state
            .repo
            .commit(vec![base.clone()], tree.clone(), "feat: A");
        let commit = state
            .repo
            .commit(vec![base, work.clone()], tree, "merge: A");
        let tree = state.repo.commits[&commit].tree_id.clone();
        let ticket = fixture::id("A");
        let merged = Merged {
            ticket,
            commit,
            tree,
            resolved: Vec::new(),
        };
        (merged, work)
    });
    let alone = Merged {
        commit: work.clone(),
        ..merged.clone()
    };
    assert!(refused(&world, |state| drop(land(state, vec![alone]))).contains("land("));
    assert!(refused(&world, |state| drop(land(state, vec![merged.clone()]))).contains("land("));
    world.with(|state| {
        state.log.closed.push((fixture::id("A"), work));
    });
    assert!(refused(&world, |state| drop(land(state, vec![merged.clone()]))).contains("land("));
    world.with(|state| state.log.green.insert(merged.tree.clone()));
    assert_eq!(world.with(|state| land(state, vec![merged])), Landed::Yes);
}

#[test]
fn an_agent_needs_its_own_workspace() {
    let (world, plan) = World::planned("A, B");
    let spec = WorkspaceSpec {
        sprint: sprint(),
        ticket: fixture::id("A"),
        generation: 1,
        base: plan.base,
        dependencies: vec![],
        at: fixture::START,
    };
    let opened = world.with(|state| state.open_workspace(&spec)).unwrap();
    let Opened::Ready(workspace) = opened else {
        panic!("{opened:?}")
    };
    let mut task = AgentTask::new("k", Role::Worker, fixture::id("B"), &workspace);
    let other = refused(&world, |state| drop(state.agent(&task)));
    assert!(
        other.contains("run(k) in the workspace of another"),
        "{other}"
    );
    task.workspace = PathBuf::from("/nowhere");
    let unknown = refused(&world, |state| drop(state.agent(&task)));
    assert_eq!(unknown, "impossible call: no workspace at /nowhere");
}

#[test]
fn merging_is_three_way_and_knows_what_touches_the_same_lines() {
    let (world, _) = World::planned("A, B");
    world.with(|state| {
        let repo = &mut state.repo;
        let base = repo.base_head();
        let tree = |names: &[&str], version| -> Tree {
            let change = Change {
                version,
                flaw: None,
            };
            names
                .iter()
                .map(|name| ((*name).to_owned(), change.clone()))
                .collect()
        };
        let a = repo.commit(vec![base.clone()], tree(&["A"], 1), "a");
        let a2 = repo.commit(vec![base.clone()], tree(&["A"], 2), "a2");
        let b = repo.commit(vec![base], tree(&["B"], 1), "b");
        let on_a = repo.commit(vec![a.clone()], tree(&["A", "B"], 1), "b on a");
        let merge = |repo: &Repo, ours, theirs| {
            let merged = repo.merge(ours, theirs).map(|(tree, _)| tree);
            merged.map_err(|clashed| clashed.names.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(merge(repo, &a, &b), Ok(tree(&["A", "B"], 1)));
        assert_eq!(merge(repo, &a, &a2), Err(vec!["A".to_owned()]));
        repo.conflicts.insert(("A".into(), "B".into()));
        assert!(repo.merge(&a, &b).is_err());
        // Who built on the other's work has dealt with it.
        assert_eq!(merge(repo, &a, &on_a), Ok(tree(&["A", "B"], 1)));
    });
}
