//! Leases as gate commands and agents see them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sprint_agents::lease::LeaseRange;
use sprint_agents::{CommandAgent, CommandVerifier, Environment, Leases};
use sprint_core::domain::agent::{AgentTask, Role};
use sprint_core::domain::check::{CheckPlan, Subject};
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::{BranchName, CommitId, EnvironmentId, TicketId, TreeId};
use sprint_core::ports::{AgentRunner as _, EffectContext, Verifier as _};
use sprint_core::run::effect::{EffectId, Step};
use support::{Memory, context};

const SHOW: &str = "echo $SPRINT_PORT $SPRINT_PORTS $SPRINT_SCRATCH";

fn leases(folder: &Path) -> Arc<Leases> {
    let leases = Leases::new(folder.join("leases"), folder).unwrap();
    Arc::new(leases.with_range(LeaseRange::new(22_000, 5, 100).unwrap()))
}

fn about(effect: EffectId) -> (EffectContext, Memory) {
    let (mut cx, blobs) = context();
    cx.key.effect = effect;
    (cx, blobs)
}

fn ticket(id: &str, step: Step) -> EffectId {
    EffectId::ticket(TicketId::new(id).unwrap(), 1, step)
}

/// What a gate command sees, and the environment that the run counts for.
async fn gate(
    verifier: &CommandVerifier,
    folder: &Path,
    effect: EffectId,
) -> (String, Option<EnvironmentId>) {
    let subject = Subject {
        directory: folder.into(),
        commit: CommitId::new("a".repeat(40)).unwrap(),
        tree: TreeId::new("b".repeat(40)).unwrap(),
    };
    let plan = CheckPlan {
        install: None,
        checks: [(CheckKind::Build, CommandLine::new(SHOW).unwrap())].into(),
        timeout: Duration::from_secs(60),
    };
    let (cx, blobs) = about(effect);
    let report = verifier.verify(&subject, &plan, &cx).await.unwrap();
    assert!(report.runs[0].exit.success());
    (blobs.text(&report.runs[0].output), report.environment)
}

#[tokio::test]
async fn what_is_leased_differs_and_a_run_counts_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let plain = CommandVerifier::new(Environment::inherit());
    let (_, without) = gate(&plain, folder.path(), ticket("A", Step::Check)).await;
    assert!(without.is_some());
    let verifier = plain.with_leases(leases(folder.path()));
    let mut seen = Vec::new();
    for effect in [
        ticket("A", Step::Check),
        ticket("A", Step::Control),
        ticket("B", Step::Check),
        EffectId::sprint(1, Step::Gate),
    ] {
        let (shown, environment) = gate(&verifier, folder.path(), effect).await;
        assert_eq!(environment, without, "{shown}");
        seen.push(shown);
    }
    let words: Vec<_> = seen[0].split_whitespace().collect();
    let first: u16 = words[0].parse().unwrap();
    assert_eq!(words[1], format!("{first}-{}", first + 4));
    assert!(Path::new(words[2]).starts_with(folder.path().canonicalize().unwrap()));
    assert_eq!(seen[0], seen[1], "one lease for all of a ticket");
    assert!(seen[0] != seen[2] && seen[0] != seen[3] && seen[2] != seen[3]);
}

#[tokio::test]
async fn an_agent_has_the_lease_of_its_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let leases = leases(folder.path());
    let commands = BTreeMap::from([(Role::Context, CommandLine::new(SHOW).unwrap())]);
    let agent =
        CommandAgent::new(commands, Environment::inherit()).with_leases(Arc::clone(&leases));
    let workspace = Workspace {
        path: folder.path().into(),
        branch: BranchName::new("a").unwrap(),
        base: CommitId::new("a".repeat(40)).unwrap(),
        work_base: CommitId::new("a".repeat(40)).unwrap(),
    };
    let task = AgentTask {
        timeout_s: 60,
        ..AgentTask::new("k", Role::Context, TicketId::new("A").unwrap(), &workspace)
    };
    let (cx, blobs) = about(ticket("A", Step::Research));
    agent.run(&task, &cx).await.unwrap();
    let verifier = CommandVerifier::new(Environment::inherit()).with_leases(leases);
    let (shown, _) = gate(&verifier, folder.path(), ticket("A", Step::Check)).await;
    assert_eq!(blobs.only(), shown);
}
