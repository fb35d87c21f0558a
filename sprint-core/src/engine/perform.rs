//! From a description of work to port calls: one arm per kind.

use std::sync::Arc;

use futures_util::future::try_join_all;

use crate::domain::evidence::Note;
use crate::domain::stray::Whereabouts;
use crate::domain::ticket::TicketStatus;
use crate::domain::workspace::RefreshSpec;
use crate::engine::{Ports, agents, gates, looks};
use crate::failure::{ErrorKind, Failure};
use crate::id::TicketId;
use crate::inspect::Inspection;
use crate::plan::sprint_plan::SprintPlan;
use crate::ports::EffectContext;
use crate::report::{evidence, note};
use crate::run::effect::{Done, Work};
use crate::run::proof::Proof;
use crate::run::sweep::{Back, Shown};
use crate::run::team::Alongside;
use crate::run::ticket::Checked;

/// Does one piece of work and says what came of it. Safe to repeat with the same context.
#[expect(
    clippy::too_many_lines,
    reason = "one arm per kind of work, and nothing else"
)]
pub async fn perform(
    ports: Ports,
    plan: Arc<SprintPlan>,
    work: Work,
    cx: EffectContext,
) -> Result<Done, Failure> {
    let key = &cx.key;
    let sprint = &key.sprint;
    match work {
        Work::Checkpoint { tag, commit } => ports.vcs.tag(&tag, &commit).await?,
        Work::Combine(spec) => return Ok(Done::Combined(ports.vcs.combine(&spec, key).await?)),
        Work::Baseline(plan) => return gates::baseline(&ports, &plan, &cx).await,
        Work::Gate {
            commit,
            tree,
            plan,
            earlier,
        } => {
            let report = gates::gate(&ports, commit, tree, &plan, &earlier, &cx).await?;
            return Ok(Done::Checked(report));
        }
        Work::Control { spec, plan } => {
            let report = gates::control(&ports, &spec, &plan, &cx).await?;
            return Ok(Done::Checked(report));
        }
        Work::Layers { layers, subject } => {
            return gates::layers(&ports, &layers, &subject, &cx).await;
        }
        Work::Restore { workspace, commit } => {
            gates::restore(&ports, &workspace, &commit).await?;
        }
        Work::Probe { spec, changed } => return looks::probe(&ports, spec, &changed).await,
        Work::Inspect {
            workspace,
            leftovers,
            clash,
        } => return looks::inspect(&ports, &workspace, &leftovers, &clash).await,
        Work::Remember(resolution) => ports.vcs.remember(&resolution).await?,
        Work::Revert(spec) => return Ok(Done::Reverted(ports.vcs.revert(&spec, key).await?)),
        Work::Land(spec) => return Ok(Done::Landed(ports.vcs.land(&spec, key).await?)),
        Work::Sweep(tickets) => return sweep(&ports, tickets).await,
        Work::Tidy => ports.vcs.tidy(sprint).await?,
        Work::Start(ticket) => ports.tracker.start(&ticket, key).await?,
        Work::Open(spec) => return Ok(Done::Opened(ports.vcs.open(&spec, key).await?)),
        Work::Agent {
            task,
            read_only_at,
            workspace,
            citable,
        } => {
            let at = read_only_at.as_ref();
            return agents::run(&ports, &task, &workspace, at, &citable, &cx).await;
        }
        Work::Refresh(spec) => return refresh(&ports, &spec).await,
        Work::Collect {
            workspace,
            leftovers,
        } => {
            let found = ports.vcs.collect(&workspace, &leftovers).await?;
            let ticket = key.effect.ticket_id().and_then(|id| plan.tickets.get(id));
            let inspection = match ticket {
                Some(ticket) => {
                    let config = &plan.config;
                    looks::change(&ports, &ticket.ticket, config, &workspace, &found).await?
                }
                None => Inspection::default(),
            };
            return Ok(Done::Collected {
                found: Box::new(found),
                inspection: Box::new(inspection),
            });
        }
        Work::Check {
            workspace,
            commit,
            tree,
            plan,
        } => {
            return gates::check(&ports, workspace, commit, tree, &plan, &cx)
                .await
                .map(Done::Checked);
        }
        Work::Install { workspace, plan } => {
            return gates::install(&ports, workspace, &plan, &cx)
                .await
                .map(Done::Checked);
        }
        Work::Read { commit, paths } => return looks::read(&ports, &commit, &paths).await,
        Work::Post {
            proof,
            checked,
            alongside,
        } => return post(&ports, &plan, &proof, &checked, &alongside, &cx).await,
        Work::Close(proof) => return close(&ports, &proof, &cx).await,
        Work::Note(facts) => {
            let note = Note {
                body: note::stuck(&facts),
            };
            ports.tracker.comment(&facts.ticket, &note, key).await?;
        }
        Work::Reopen(facts) => {
            let note = Note {
                body: note::reopened(&facts),
            };
            ports.tracker.reopen(&facts.ticket, &note, key).await?;
        }
        Work::Release(workspaces) => {
            for workspace in &workspaces {
                ports.vcs.close(workspace).await?;
            }
        }
    }
    Ok(Done::Plain)
}

/// Brings base into a workspace. One whose directory is gone is to be made anew first.
async fn refresh(ports: &Ports, spec: &RefreshSpec) -> Result<Done, Failure> {
    if ports.vcs.whereabouts(&spec.workspace).await? == Whereabouts::Gone {
        return Err(Failure::new(ErrorKind::NotFound, "its directory is gone"));
    }
    Ok(Done::Refreshed(ports.vcs.refresh(spec).await?))
}

/// Layer 5: posts the evidence unless it is there, then looks for it.
async fn post(
    ports: &Ports,
    plan: &SprintPlan,
    proof: &Proof,
    checked: &Checked,
    alongside: &Alongside,
    cx: &EffectContext,
) -> Result<Done, Failure> {
    let comment = evidence::comment(plan, proof, checked, alongside);
    let posted = ports
        .tracker
        .post_evidence(proof, &comment, &cx.key)
        .await?;
    let reality = ports.tracker.reality(proof.ticket()).await?;
    Ok(if reality.evidence.contains(proof.marker()) {
        Done::Posted(posted)
    } else {
        Done::NotFoundAgain
    })
}

/// Looks at every ticket at once; an adapter may make fewer calls of that.
async fn sweep(ports: &Ports, tickets: Vec<TicketId>) -> Result<Done, Failure> {
    let looks = tickets.into_iter().map(|id| async move {
        let shown = shown(ports, &id).await?;
        Ok::<_, Failure>((id, shown))
    });
    let shown = try_join_all(looks).await?;
    Ok(Done::Swept(shown.into_iter().collect()))
}

async fn shown(ports: &Ports, id: &TicketId) -> Result<Shown, Failure> {
    let status = match ports.tracker.reality(id).await {
        Ok(reality) => reality.status,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Shown::Gone),
        Err(error) => return Err(error.into()),
    };
    if status == TicketStatus::Done {
        return Ok(Shown::Done);
    }
    // Who it was is for people only: not to know it is no reason to fail.
    let moved = ports.tracker.moved(id).await.unwrap_or_default();
    Ok(Shown::MovedBack(Back { status, moved }))
}

/// Layer 5.5: marks the ticket Done, then looks whether it is.
async fn close(ports: &Ports, proof: &Proof, cx: &EffectContext) -> Result<Done, Failure> {
    ports.tracker.close(proof, &cx.key).await?;
    let reality = ports.tracker.reality(proof.ticket()).await?;
    Ok(Done::Closed(reality.status == TicketStatus::Done))
}
