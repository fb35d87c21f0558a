//! One run of an agent, with a look at everything around it before and after.

use crate::domain::agent::{AgentReport, AgentTask, Answer, Role};
use crate::domain::path::RepoPath;
use crate::domain::stray::{Around, Place, Surroundings, Whereabouts};
use crate::domain::workspace::Workspace;
use crate::engine::{Ports, gates, looks};
use crate::failure::Failure;
use crate::id::{BranchName, CommitId};
use crate::ports::EffectContext;
use crate::run::effect::Done;

/// Runs an agent. Where it must leave the workspace at a commit, that is seen to; what a completion
/// agent cites is looked up.
pub(super) async fn run(
    ports: &Ports,
    task: &AgentTask,
    workspace: &Workspace,
    read_only_at: Option<&CommitId>,
    citable: &[RepoPath],
    cx: &EffectContext,
) -> Result<Done, Failure> {
    // An agent that nobody heard the end of may have taken it away.
    if ports.vcs.whereabouts(workspace).await? == Whereabouts::Gone {
        return Ok(Done::Agent(Box::new(gone("there is no workspace".into()))));
    }
    let before = ports.vcs.surroundings(workspace).await?;
    let ran = ports.agents.run(task, cx).await;
    let left = ports.vcs.whereabouts(workspace).await;
    let mut report = match (ran, &left) {
        (Ok(report), _) => report,
        // What else became of an agent without a workspace does not matter.
        (Err(error), Ok(Whereabouts::Gone)) => gone(error.chain()),
        (Err(error), _) => return Err(error.into()),
    };
    let cost = report.usage.cost_micro_usd;
    let looked = async {
        let left = left?;
        let commit = read_only_at.filter(|_| left != Whereabouts::Gone);
        // First of all, since a gate may be running beside it.
        let alone = match commit {
            Some(commit) => gates::left_alone(ports, workspace, commit).await,
            None => Ok(()),
        };
        report.around = around(ports, workspace, &before, left).await?;
        if report.strayed.is_empty() {
            // Where it did worse elsewhere, that is what has to be told.
            alone?;
        }
        answered(ports, task, commit, citable, report).await
    };
    looked
        .await
        .map_err(|failure: Failure| failure.costing(cost))
}

fn gone(why: String) -> AgentReport {
    AgentReport {
        around: Around {
            workspace: Whereabouts::Gone,
            ..Around::quiet()
        },
        ..AgentReport::of(Answer::Malformed(why))
    }
}

async fn around(
    ports: &Ports,
    workspace: &Workspace,
    before: &Surroundings,
    left: Whereabouts,
) -> Result<Around, Failure> {
    let after = ports.vcs.surroundings(workspace).await?;
    let branch = match &left {
        Whereabouts::Elsewhere { branch } => branch.as_ref().map(BranchName::as_str),
        Whereabouts::There | Whereabouts::Gone => None,
    };
    Ok(Around {
        changes: before.strays(&after),
        known_branch: branch.is_some_and(|name| before.knows(&Place::Refs, name)),
        workspace: left,
    })
}

async fn answered(
    ports: &Ports,
    task: &AgentTask,
    commit: Option<&CommitId>,
    citable: &[RepoPath],
    report: AgentReport,
) -> Result<Done, Failure> {
    let report = Box::new(report);
    let Some(commit) = commit.filter(|_| task.role == Role::Completion) else {
        return Ok(Done::Agent(report));
    };
    let cited = looks::cited(ports, &report.answer, citable, commit).await?;
    Ok(Done::Judged { report, cited })
}
