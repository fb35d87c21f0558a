//! Runs of gates, each on exactly one tree.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::check::{CheckPlan, CheckReport, LayerSubject, Subject};
use crate::domain::command::CommandLine;
use crate::domain::verdict::LayerName;
use crate::domain::workspace::{GraftSpec, Leftovers, Workspace};
use crate::engine::Ports;
use crate::failure::{ErrorKind, Failure};
use crate::id::{CommitId, EnvironmentId, TreeId};
use crate::ports::EffectContext;
use crate::run::effect::{Done, Earlier};

/// Runs the gate on base, wherever that is.
pub(super) async fn baseline(
    ports: &Ports,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<Done, Failure> {
    let status = ports.vcs.status().await?;
    let (commit, tree) = (status.base_head, status.base_tree);
    let report = gate(ports, commit.clone(), tree.clone(), plan, &[], cx).await?;
    Ok(Done::Baseline {
        commit,
        tree,
        report,
    })
}

/// The report of an earlier run, if all that could change it is the same and every check passed. What
/// lay beside the files of the commit then is asked for where runs are [offered](Earlier).
fn reuse(
    earlier: &[Earlier],
    environment: &EnvironmentId,
    plan: &CheckPlan,
) -> Option<CheckReport> {
    let run_of = |earlier: &Earlier, kind, line: &CommandLine| {
        let mut runs = earlier.report.runs.iter();
        let run = runs.find(|run| run.check == kind && run.command == *line)?;
        let holds = run.exit.success() && earlier.report.environment.as_ref() == Some(environment);
        let mut run = holds.then(|| run.clone())?;
        // Where it was reused already, the effect that it was made for stays named.
        run.reused.get_or_insert_with(|| earlier.by.clone());
        Some(run)
    };
    earlier.iter().find_map(|earlier| {
        let runs = plan
            .checks
            .iter()
            .map(|(kind, line)| run_of(earlier, *kind, line));
        let runs = runs.collect::<Option<Vec<_>>>()?;
        Some(CheckReport {
            pristine: earlier.report.pristine,
            ..CheckReport::new(runs, Some(environment.clone()))
        })
    })
}

/// Runs the tests of a ticket without its change, in a worktree of their own.
pub(super) async fn control(
    ports: &Ports,
    spec: &GraftSpec,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let grafted = ports.vcs.graft(spec).await?;
    let (sprint, ticket) = (&cx.key.sprint, cx.key.effect.ticket_id());
    let directory = ports.vcs.checkout(&grafted.commit, sprint, ticket).await?;
    let subject = Subject {
        directory,
        commit: grafted.commit,
        tree: grafted.tree,
    };
    let report = ports.verifier.verify(&subject, plan, cx).await;
    if let Some(ticket) = ticket {
        ports.vcs.leave(sprint, ticket).await?;
    }
    Ok(report?)
}

/// Asks the layers of the host, one after the other, and sees that they changed nothing.
pub(super) async fn layers(
    ports: &Ports,
    names: &BTreeSet<LayerName>,
    subject: &LayerSubject,
    cx: &EffectContext,
) -> Result<Done, Failure> {
    let mut verdicts = BTreeMap::new();
    for name in names {
        let layer = ports.layers.iter().find(|layer| layer.name() == *name);
        let verdict = match layer {
            Some(layer) => layer.judge(subject, cx).await?,
            None => {
                let message = format!("the layer {name} is part of the sprint and not at hand");
                return Err(Failure::new(ErrorKind::Fatal, message));
            }
        };
        verdicts.insert(*name, verdict);
    }
    left_alone(ports, &subject.workspace, &subject.commit).await?;
    Ok(Done::Layers(verdicts))
}

/// Brings a workspace back to a commit; what was there is kept aside.
pub(super) async fn restore(
    ports: &Ports,
    workspace: &Workspace,
    commit: &CommitId,
) -> Result<(), Failure> {
    match untouched(ports, workspace, commit).await {
        Err(failure) if failure.kind != ErrorKind::Conflict => Err(failure),
        // It says so because something had to be put aside, as was to be expected.
        Ok(()) | Err(_) => Ok(()),
    }
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, error.to_string())
}

/// Runs the gate on a combination, in the sprint's own worktree.
pub(super) async fn gate(
    ports: &Ports,
    commit: CommitId,
    tree: TreeId,
    plan: &CheckPlan,
    earlier: &[Earlier],
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let directory = ports.vcs.checkout(&commit, &cx.key.sprint, None).await?;
    let subject = Subject {
        directory,
        commit,
        tree,
    };
    // A verifier that cannot say what commands run in loses nothing but the saving.
    if !earlier.is_empty()
        && let Ok(environment) = ports.verifier.environment(&subject, plan).await
        && let Some(report) = reuse(earlier, &environment, plan)
    {
        return Ok(report);
    }
    observed(ports, &subject, plan, cx).await
}

/// Runs the gate, and says what lay beside the files of the commit before, and what of them is not
/// as it was after.
async fn observed(
    ports: &Ports,
    subject: &Subject,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let directory = &subject.directory;
    let pristine = ports.vcs.is_pristine(directory).await?;
    let report = ports.verifier.verify(subject, plan, cx).await?;
    let altered = ports.vcs.altered(directory, &subject.commit).await?;
    Ok(CheckReport {
        pristine,
        altered,
        ..report
    })
}

/// Installs dependencies. That speaks of no tree, and nothing is concluded from it.
pub(super) async fn install(
    ports: &Ports,
    workspace: Workspace,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    let tree = TreeId::new("0".repeat(40)).map_err(invalid)?;
    let subject = Subject {
        directory: workspace.path,
        commit: workspace.work_base,
        tree,
    };
    Ok(ports.verifier.verify(&subject, plan, cx).await?)
}

/// Runs the gate in a workspace that is exactly at `commit`, and says if it is not any more: what
/// was seen must be about that tree and no other.
pub(super) async fn check(
    ports: &Ports,
    workspace: Workspace,
    commit: CommitId,
    tree: TreeId,
    plan: &CheckPlan,
    cx: &EffectContext,
) -> Result<CheckReport, Failure> {
    untouched(ports, &workspace, &commit).await?;
    let subject = Subject {
        directory: workspace.path.clone(),
        commit: commit.clone(),
        tree,
    };
    let report = observed(ports, &subject, plan, cx).await?;
    // What a gate leaves lying about is not the worker's work; it is kept aside, and goes.
    restore(ports, &workspace, &commit).await?;
    Ok(report)
}

/// Fails, after putting things right, if an auditing agent changed tracked files. Files that a
/// gate running beside it has made are not its doing, and are not cleaned away under the gate.
pub(super) async fn left_alone(
    ports: &Ports,
    workspace: &Workspace,
    commit: &CommitId,
) -> Result<(), Failure> {
    if ports.vcs.altered(&workspace.path, commit).await?.is_empty() {
        return Ok(());
    }
    untouched(ports, workspace, commit).await
}

/// Fails, after putting things right, if a workspace is not exactly at `commit`.
async fn untouched(ports: &Ports, workspace: &Workspace, commit: &CommitId) -> Result<(), Failure> {
    let leftovers = Leftovers::RestoreTo(commit.clone());
    ports.vcs.collect(workspace, &leftovers).await?;
    Ok(())
}
