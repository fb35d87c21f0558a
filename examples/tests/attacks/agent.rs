//! The agents: a worker that does what the case says, and auditors that let everything pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use async_trait::async_trait;
use sprint_core::domain::agent::{
    AgentReport, AgentTask, Answer, Claimed, ClaimedCheck, CompletionResult, RequirementRow,
    ReviewResult, Role, RoleResult, WorkerEvidence, WorkerResult, WorkerStatus,
};
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Result};

use crate::case::Case;

/// The hand of an agent in its workspace.
#[derive(Debug)]
pub(crate) struct Hand<'a> {
    pub(crate) task: &'a AgentTask,
}

impl Hand<'_> {
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.task.workspace.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.task.workspace, path, text);
    }

    /// Writes a program.
    pub(crate) fn program(&self, path: &str, text: &str) {
        program(&self.task.workspace, path, text);
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// Replaces what has to be there.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.task.workspace, arguments)
    }

    /// Commits everything, as many agents do themselves.
    pub(crate) fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "All done"]);
    }

    /// The directory that all worktrees share.
    pub(crate) fn shared(&self) -> PathBuf {
        self.path(&self.git(&["rev-parse", "--git-common-dir"]))
    }
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn program(root: &Path, path: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    write(root, path, text);
    fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs git as somebody without any configuration.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> String {
    let settings = [
        "user.name=Mallory",
        "user.email=mallory@localhost",
        "core.hooksPath=/dev/null",
    ];
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Plays every role of a case.
#[derive(Debug)]
pub(crate) struct Players(pub(crate) Case);

impl Players {
    fn audited(&self, hand: &Hand<'_>, mut result: RoleResult) -> RoleResult {
        (self.0.audit)(hand, &mut result);
        result
    }
}

#[async_trait]
impl AgentRunner for Players {
    fn capabilities(&self) -> AgentCapabilities {
        let roles = [Role::Worker, Role::Review, Role::Completion].into();
        AgentCapabilities {
            roles,
            ..AgentCapabilities::default()
        }
    }

    async fn run(&self, task: &AgentTask, _: &EffectContext) -> Result<AgentReport> {
        let hand = Hand { task };
        let result = match task.role {
            Role::Worker => {
                let mut result = finished(task);
                (self.0.work)(&hand, &mut result);
                RoleResult::Worker(result)
            }
            Role::Review => self.audited(&hand, RoleResult::Review(ReviewResult::default())),
            Role::Completion => self.audited(&hand, RoleResult::Completion(lenient(task))),
            Role::Context
            | Role::Simplifier
            | Role::Conflict
            | Role::E2e
            | Role::Retrospective
            | Role::Explore
            | Role::TicketContext
            | Role::Scheduler => {
                unreachable!("there is no agent for {}", task.role)
            }
        };
        Ok(AgentReport::of(Answer::Result(Claimed(result))))
    }
}

/// What a worker says that finished, and saw everything succeed.
fn finished(task: &AgentTask) -> WorkerResult {
    let succeeded = |_: &String| ClaimedCheck {
        exit_code: 0,
        passed: None,
        failed: None,
        output: "ok".into(),
    };
    let checks = task.checks.iter();
    WorkerResult {
        ticket_id: task.ticket.clone(),
        branch: task.branch.clone(),
        status: WorkerStatus::Success,
        commit_hash: None,
        evidence: Some(WorkerEvidence {
            preflight_ran: true,
            checks: checks
                .map(|(kind, line)| (*kind, succeeded(line)))
                .collect(),
        }),
        learnings_added: Vec::new(),
        notes: Vec::new(),
    }
}

/// The verdict of a completion agent that believes everything: every criterion is met by the first
/// file that the change left in place.
fn lenient(task: &AgentTask) -> CompletionResult {
    let there = |path: &&sprint_core::domain::path::RepoPath| {
        task.workspace
            .join(path.as_str())
            .symlink_metadata()
            .is_ok()
    };
    let place = task.changed.iter().find(there);
    // Where everything was removed, what was removed is what there is to show.
    let place = place.or_else(|| task.changed.first());
    let row = |requirement: &str| RequirementRow {
        requirement: requirement.to_owned(),
        met: true,
        place: Some(place.map_or_else(|| "README.md".to_owned(), ToString::to_string)),
    };
    let criteria = task
        .description
        .lines()
        .filter_map(|line| line.strip_prefix("- [ ] "));
    let mut requirements: Vec<_> = criteria.map(row).collect();
    requirements.push(row(&task.title));
    CompletionResult { requirements }
}
