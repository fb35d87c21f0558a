//! `sprint verify`: whether the evidence on tickets still holds.

mod show;

use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use sprint_core::domain::evidence::Comment;
use sprint_core::engine::verify_evidence;
use sprint_core::evidence::{EvidenceReport, Expected};
use sprint_core::failure::ErrorKind;
use sprint_core::id::TicketId;
use sprint_core::local::blobs::FileBlobs;
use sprint_core::local::layout::Layout;
use sprint_core::ports::Tracker;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::ticket::{Checked, Stage, TicketRun};
use sprint_git::{GitConfig, GitVcs};

use crate::cli::{Cli, Usage};
use crate::tracker::TrackerArgs;
use crate::wire;

/// Exit code if any evidence does not hold, or there is none.
const DOUBT: u8 = 3;

/// What the four answers mean.
pub(crate) const VERIFY_HELP: &str = "\
Answers:
  VALID       the commit is there with the tree that was verified; its branch, or base where the
              branch is gone, holds it; every stored output has the hash that the evidence names
  MISSING     no comment on the ticket is evidence; one that another account posted never counts, and
              is listed as foreign
  MISMATCHED  the evidence was edited, is about another ticket, sprint or commit, or an output it
              rests on is gone or altered
  VOIDED      it held once: the branch was amended, rebased or removed since

Example: DEMO-3's branch was amended after it was verified

  $ sprint verify DEMO-3
  DEMO-3  VOIDED  the branch was rewritten: it is at 5d1c… now, without the verified commit

`git reset --hard` to the commit that the evidence names makes it VALID again; what the branch is
now needs verification of its own. An edited text is a remark, for trackers rewrite Markdown: only
the last line of the comment counts, which is hidden where comments are rendered.

Exit codes: 0 all valid · 1 error · 2 usage · 3 some are not valid, or there is nothing to verify";

/// Options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The tickets. Default: all of the sprint that have evidence, or should have.
    #[arg(value_name = "TICKET")]
    only: Vec<TicketId>,
    /// Where the tickets are.
    #[command(flatten)]
    tracker: TrackerArgs,
}

/// A ticket's evidence, and what the sprint knows of it.
#[derive(Debug)]
struct Verified<'a> {
    report: EvidenceReport,
    /// Where the ticket stands.
    stage: &'static str,
    /// What was verified, if the sprint says that it was.
    checked: Option<&'a Checked>,
}

/// Prints what the evidence of each ticket is worth.
pub(crate) fn verify(cli: &Cli, args: &VerifyArgs) -> Result<u8> {
    let (layout, saved) = wire::saved(cli)?;
    if let Some(unknown) = args.only.iter().find(|id| !saved.tickets.contains_key(id)) {
        return Err(Usage(format!("{unknown} is not in this sprint")).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let verified = runtime.block_on(look(&layout, &saved, args))?;
    show::show(cli, &verified);
    let holds = |verified: &Verified<'_>| verified.report.status().is_valid();
    let sure = !verified.is_empty() && verified.iter().all(holds);
    Ok(if sure { 0 } else { DOUBT })
}

async fn look<'a>(
    layout: &Layout,
    saved: &'a Snapshot,
    args: &VerifyArgs,
) -> Result<Vec<Verified<'a>>> {
    let blobs = FileBlobs::new(layout.clone());
    let outputs = Arc::new(FileBlobs::new(layout.clone()));
    let config = &saved.plan.config;
    let tracker = &args.tracker;
    let tracker = tracker
        .open(layout.root(), config, Some(saved), Some(outputs))
        .await?;
    let base = saved.plan.config.branch_base.clone();
    let vcs = GitVcs::open(GitConfig::new(layout.root(), base)).await?;
    let mut all = Vec::new();
    for (id, run) in &saved.tickets {
        if !args.only.is_empty() && !args.only.contains(id) {
            continue;
        }
        let checked = proven(run);
        let expected = Expected {
            sprint: Some(saved.plan.sprint.clone()),
            commit: checked.map(|checked| checked.head.clone()),
        };
        let comments = comments(&*tracker, id).await?;
        let report = verify_evidence(&vcs, Some(&blobs), id, &comments, &expected).await?;
        let asked_for = !args.only.is_empty();
        if asked_for || checked.is_some() || report.counts.is_some() {
            let stage = run.stage.name();
            all.push(Verified {
                report,
                stage,
                checked,
            });
        }
    }
    Ok(all)
}

/// The comments on a ticket; none where somebody deleted it.
async fn comments(tracker: &dyn Tracker, id: &TicketId) -> Result<Vec<Comment>> {
    match tracker.comments(id).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("note: there is no ticket {id} in {tracker}");
            Ok(Vec::new())
        }
        comments => Ok(comments?),
    }
}

/// What every layer accepted and evidence was posted for.
fn proven(run: &TicketRun) -> Option<&Checked> {
    if let Stage::Closing { checked, .. }
    | Stage::Verified { checked, .. }
    | Stage::Merged { checked, .. } = &run.stage
    {
        return Some(checked);
    }
    let taken_back = run.taken_back.as_ref()?;
    Some(&taken_back.checked)
}
