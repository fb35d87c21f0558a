//! Looking up what is outside before a saved sprint goes on.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use crate::domain::audit::BranchFacts;
use crate::engine::{Engine, verify_evidence};
use crate::evidence::Expected;
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::ports::{Error, Result, Tracker, Vcs};
use crate::resume::{Choices, Evidence, Seen, SeenBranch, Shown, Survey};
use crate::run::SprintRun;
use crate::run::snapshot::Snapshot;
use crate::run::ticket::Stage;

impl Engine {
    /// Looks up what is outside of a saved sprint: its tickets at the tracker, their branches, and
    /// base. Changes nothing. [`SprintRun::reconciliation`] says what it comes to, and
    /// [`resume_with`](Self::resume_with) goes on with it.
    ///
    /// # Errors
    ///
    /// What the tracker or the repository cannot look up. A ticket, a branch or a commit that is not
    /// there is no error but an answer.
    pub async fn survey(&self, saved: &Snapshot, choices: Choices) -> Result<Survey> {
        let run = SprintRun::restore(saved.clone());
        survey(&*self.ports.vcs, &*self.ports.tracker, &run, choices).await
    }
}

/// The same without an engine. Looks, and changes nothing.
///
/// # Errors
///
/// As for [`Engine::survey`].
pub async fn survey(
    vcs: &dyn Vcs,
    tracker: &dyn Tracker,
    run: &SprintRun,
    choices: Choices,
) -> Result<Survey> {
    let status = vcs.status().await?;
    let (audited, spec) = run.to_audit();
    let audit = vcs.audit(&spec).await?;
    let found = audited.into_iter().zip(spec.branches).zip(audit.branches);
    let mut branches: BTreeMap<_, _> = found
        .map(|((id, asked), facts)| {
            let seen = SeenBranch {
                name: asked.workspace.branch,
                known: asked.known,
                facts,
            };
            (id, seen)
        })
        .collect();
    let known = run.branches();
    let orphans = audit.made.into_iter();
    let orphans = orphans.filter(|branch| !known.contains(branch)).collect();
    let tickets = run.tickets().iter();
    let inside = tickets.filter(|(_, t)| !matches!(t.stage, Stage::Dropped | Stage::DoneOutside));
    let looks = inside.map(|(id, ticket)| {
        let branch = branches.remove(id);
        async move {
            let facts = branch.as_ref().map(|branch| &branch.facts);
            let shown = shown(vcs, tracker, run, id, &ticket.stage, facts).await?;
            Ok((id.clone(), Seen { shown, branch }))
        }
    });
    let seen: Vec<_> = try_join_all(looks.collect::<Vec<_>>()).await?;
    Ok(Survey {
        base: audit.base,
        tickets: seen.into_iter().collect(),
        orphans,
        notes: status
            .warnings
            .into_iter()
            .chain(status.base_checkout_dirty)
            .collect(),
        choices,
    })
}

async fn shown(
    vcs: &dyn Vcs,
    tracker: &dyn Tracker,
    run: &SprintRun,
    id: &TicketId,
    stage: &Stage,
    branch: Option<&BranchFacts>,
) -> Result<Shown> {
    let look = async {
        let status = tracker.reality(id).await?.status;
        let comments = tracker.comments(id).await?;
        Ok::<_, Error>((status, comments))
    };
    let (status, comments) = match look.await {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Shown::Gone),
        Err(error) => return Err(error),
    };
    let complete = matches!(stage, Stage::Verified { .. } | Stage::Merged { .. });
    let proves = complete || matches!(stage, Stage::Posting(_) | Stage::Closing { .. });
    let proven = stage.checked().filter(|_| proves);
    let expected = Expected {
        sprint: Some(run.plan().sprint.clone()),
        // Evidence of an earlier attempt proves nothing about this one.
        commit: proven.map(|checked| checked.head.clone()),
    };
    let report = verify_evidence(vcs, None, id, &comments, &expected).await?;
    let landed = complete && branch.is_some_and(|branch| branch.landed);
    Ok(Shown::There {
        status,
        evidence: Evidence::of(&report, landed),
    })
}
