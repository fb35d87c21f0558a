//! What the examples of embedding share: a repository of poems, two tickets, and a poet.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Assignment, Claimed, ClaimedCheck, CompletionResult,
    RequirementRow, ReviewResult, Role, RoleResult, WorkerEvidence, WorkerResult, WorkerStatus,
};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Error};

/// How a signed poem ends.
pub(crate) const SIGNATURE: &str = "-- the poet";

/// The test suite of the repository: no poem is empty.
const TESTS: &str = "\
n=0; failed=0
for poem in *.txt; do
    n=$((n + 1))
    if test -s \"$poem\"; then echo \"ok $n - $poem\"; else echo \"not ok $n - $poem\"; failed=1; fi
done
echo \"1..$n\"
exit $failed
";

/// An agent written in Rust: it writes the poem that the ticket's title asks for, and signs it when
/// it is told to.
#[derive(Debug)]
pub(crate) struct Poet;

#[async_trait]
impl AgentRunner for Poet {
    fn capabilities(&self) -> AgentCapabilities {
        let roles = [Role::Worker, Role::Review, Role::Completion].into();
        AgentCapabilities {
            roles,
            ..AgentCapabilities::default()
        }
    }

    async fn run(
        &self,
        task: &AgentTask,
        _: &EffectContext,
    ) -> sprint_core::ports::Result<AgentReport> {
        let poem = format!("{}.txt", task.ticket);
        let result = match task.role {
            Role::Worker => {
                let mut text = format!("{}\nis what I was asked for.\n", task.title);
                if let Assignment::Fix { feedback } = &task.assignment
                    && feedback.contains(SIGNATURE)
                {
                    text.extend([SIGNATURE, "\n"]);
                }
                let failed =
                    |e| Error::new(ErrorKind::Transient, "write", poem.as_str()).because(e);
                fs::write(task.workspace.join(&poem), text).map_err(failed)?;
                let ran = |_: &String| ClaimedCheck {
                    exit_code: 0,
                    passed: None,
                    failed: None,
                    output: String::new(),
                };
                RoleResult::Worker(WorkerResult {
                    ticket_id: task.ticket.clone(),
                    branch: task.branch.clone(),
                    status: WorkerStatus::Success,
                    commit_hash: None,
                    evidence: Some(WorkerEvidence {
                        preflight_ran: true,
                        checks: task
                            .checks
                            .iter()
                            .map(|(kind, line)| (*kind, ran(line)))
                            .collect(),
                    }),
                    learnings_added: Vec::new(),
                    notes: Vec::new(),
                })
            }
            Role::Completion => {
                let requirement = "the poem exists".to_owned();
                let row = RequirementRow {
                    requirement,
                    met: true,
                    place: Some(poem),
                };
                RoleResult::Completion(CompletionResult {
                    requirements: vec![row],
                })
            }
            Role::Review
            | Role::Context
            | Role::Simplifier
            | Role::Conflict
            | Role::E2e
            | Role::Retrospective
            | Role::Explore
            | Role::TicketContext
            | Role::Scheduler => RoleResult::Review(ReviewResult::default()),
        };
        let answer = Answer::Result(Claimed(result));
        Ok(AgentReport::of(answer))
    }
}

/// A repository with one commit, and two tickets of which one waits for the other.
pub(crate) fn repository(root: &Path) -> Result<()> {
    let git = |args: &[&str]| -> Result<()> {
        let identity = ["-c", "user.name=Embed", "-c", "user.email=embed@localhost"];
        let status = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(identity)
            .args(args)
            .status()?;
        ensure!(status.success(), "git {args:?} failed");
        Ok(())
    };
    git(&["init", "-q", "-b", "main"])?;
    fs::write(root.join("first.txt"), "roses are red\n")?;
    fs::write(root.join("test.sh"), TESTS)?;
    git(&["add", "first.txt", "test.sh"])?;
    git(&["commit", "-q", "-m", "A first line"])?;
    fs::create_dir(root.join("tickets"))?;
    for (id, title, after) in [
        ("ODE-1", "An ode to git", ""),
        ("ODE-2", "An ode to Rust", "ODE-1"),
    ] {
        let text =
            format!("---\nid: {id}\ntitle: {title}\nstatus: Todo\nblocked-by: [{after}]\n---\n");
        fs::write(root.join(format!("tickets/{id}.md")), text)?;
    }
    Ok(())
}
