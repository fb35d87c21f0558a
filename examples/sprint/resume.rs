//! `sprint resume`: say what an interrupted sprint needs, ask, and go on with it.

mod find;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use sprint_core::engine::survey;
use sprint_core::id::TicketId;
use sprint_core::report::recovery;
use sprint_core::report::summary::Summary;
use sprint_core::resume::{Choice, Choices, Reconciliation};
use sprint_core::run::SprintRun;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::run::state::{Ending, Phase};
use sprint_git::{GitConfig, GitVcs};

use crate::agents::AgentArgs;
use crate::cli::{Cli, RunArgs, Usage};
use crate::run::{self, GitRoot};
use crate::say;
use crate::tracker::TrackerArgs;

/// What the actions mean.
pub(crate) const RESUME_HELP: &str = "\
What was saved is compared with what the tracker shows and with what is in the repository. Evidence
counts only if the commit and the tree that it names are there.

Actions:
  SKIP           nothing to do; it costs no agent
  REPAIR_STATUS  proven, and only to be marked Done
  RE_VERIFY      verified again, or further; nothing is implemented
  RE_IMPLEMENT   its agents go on with it, or begin
  STUCK          stays as it is, unless you ask for another try

Without --yes and without a terminal to ask on, the plan is shown and nothing is changed.

Example: see what would happen, then do it

  $ sprint resume
  $ sprint resume --yes --reattempt-stuck

Exit codes: those of `run`; 0 also where only the plan was shown, or the sprint is over";

/// Options of `resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// Where the tickets are.
    #[command(flatten)]
    tracker: TrackerArgs,
    /// Who does the work.
    #[command(flatten)]
    agents: AgentArgs,
    /// Go on without asking.
    #[arg(long)]
    yes: bool,
    /// Do not take a ticket for done that is Done at the tracker and not proven.
    #[arg(long)]
    strict: bool,
    /// Try every stuck ticket again, with a new budget.
    #[arg(long)]
    reattempt_stuck: bool,
    /// Do nothing for a ticket: what is not complete leaves the sprint; may be repeated.
    #[arg(long, value_name = "TICKET")]
    skip: Vec<TicketId>,
    /// Verify a ticket again without implementing anything; may be repeated.
    #[arg(long, value_name = "TICKET")]
    re_verify: Vec<TicketId>,
    /// Implement a ticket anew, with a new budget; may be repeated.
    #[arg(long, value_name = "TICKET")]
    re_implement: Vec<TicketId>,
}

impl ResumeArgs {
    fn choices(&self, saved: &Snapshot) -> Result<Choices> {
        let mut choices = Choices {
            strict: self.strict,
            reattempt_stuck: self.reattempt_stuck,
            ..Choices::default()
        };
        for (ids, choice) in [
            (&self.skip, Choice::Skip),
            (&self.re_verify, Choice::ReVerify),
            (&self.re_implement, Choice::ReImplement),
        ] {
            for id in ids {
                if !saved.tickets.contains_key(id) {
                    return Err(Usage(format!("{id} is not in this sprint")).into());
                }
                if choices.tickets.insert(id.clone(), choice).is_some() {
                    return Err(Usage(format!("{id} is named twice")).into());
                }
            }
        }
        Ok(choices)
    }
}

/// Shows what becomes of every ticket, asks, and goes on.
pub(crate) fn resume(cli: &Cli, args: &ResumeArgs) -> Result<u8> {
    let folder = cli
        .repo
        .canonicalize()
        .with_context(|| format!("no folder {}", cli.repo.display()))?;
    let root = GitRoot::find(&folder)?.0;
    let (problem, saved) = find::find(cli, &root)?;
    if is_over(&saved) {
        return Ok(over(cli, &saved));
    }
    let choices = args.choices(&saved)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let plan = runtime.block_on(look(&root, args, &saved, choices.clone()))?;
    drop(runtime);
    show(cli, &saved, &plan);
    if !args.yes && !asked(cli)? {
        return Ok(0);
    }
    let sprint = run::Sprint {
        root,
        problem: Some(problem),
        config: cli.config.clone(),
        json: cli.json,
    };
    let run = RunArgs {
        agents: args.agents.clone(),
        go_on: true,
        choices: Some(choices),
        ..RunArgs::on(args.tracker.clone())
    };
    run::sprint(&sprint, &run)
}

/// Looks at the tracker and the repository. What was shown is what happens, unless something
/// changes before the sprint goes on: it is looked up once more then.
async fn look(
    root: &Path,
    args: &ResumeArgs,
    saved: &Snapshot,
    choices: Choices,
) -> Result<Reconciliation> {
    let base = saved.plan.config.branch_base.clone();
    let vcs = GitVcs::open(GitConfig::new(root, base.clone())).await;
    let vcs = vcs.with_context(|| {
        let tag = format!("sprint-start-{}", saved.plan.started_at.compact());
        format!(
            "cannot go on in this repository; if {base} is gone, `git branch {base} {tag}` makes it \
             anew where the sprint began"
        )
    })?;
    let tracker = args
        .tracker
        .open(root, &saved.plan.config, Some(saved), None);
    let tracker = tracker.await?;
    let run = SprintRun::restore(saved.clone());
    let survey = survey(&vcs, tracker.as_ref(), &run, choices).await;
    let survey = survey.context("cannot look at what is outside; nothing was changed")?;
    Ok(run.reconciliation(&survey))
}

fn show(cli: &Cli, saved: &Snapshot, plan: &Reconciliation) {
    if cli.json {
        let (sprint, problem) = (&saved.plan.sprint, &saved.plan.problem);
        let agents = plan.agents();
        let document = serde_json::json!({
            "recovery": { "sprint": sprint, "problem": problem, "agents": agents, "plan": plan }
        });
        say(&document.to_string());
    } else {
        say(recovery::text(saved, plan, 100).trim_end());
    }
}

/// Asks on the terminal whether to go on; without one, the answer is no.
fn asked(cli: &Cli) -> Result<bool> {
    if cli.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        if !cli.json {
            say("\nNothing was changed. Go on with `sprint resume --yes`.");
        }
        return Ok(false);
    }
    say(
        "\nGo on? [y/N] (--skip, --re-verify, --re-implement TICKET and --reattempt-stuck decide otherwise)",
    );
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !yes {
        say("Nothing was changed.");
    }
    Ok(yes)
}

const fn is_over(saved: &Snapshot) -> bool {
    matches!(
        saved.sprint.phase,
        Phase::Complete {
            ending: Ending::Finished
        }
    )
}

/// A sprint that is over: what came of it.
fn over(cli: &Cli, saved: &Snapshot) -> u8 {
    let summary = Summary::new(saved, None);
    if cli.json {
        say(&serde_json::json!({ "recovery": null, "summary": summary }).to_string());
    } else {
        say(&format!(
            "{} is over, nothing to resume. `sprint status` shows what came of it, `sprint run --new` \
             starts another, `sprint reattempt TICKET` tries a stuck ticket again.",
            saved.plan.sprint
        ));
    }
    0
}
