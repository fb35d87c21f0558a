//! Any program as an agent.

mod answer;
pub(crate) mod rate_limit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentReport, AgentTask, Answer, Role, Usage};
use sprint_core::domain::command::{CommandLine, Exit};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Error, Result};

use crate::environment::Environment;
use crate::lease::Leases;
use crate::output;
use crate::process::{self, Finished, Limits, Process, Streams};
use crate::redact::Redactor;

/// Exit code of a program that asks to be run again later (`EX_TEMPFAIL` of `sysexits.h`).
const TEMPORARY: i32 = 75;

/// Runs a command line per role.
///
/// # Protocol
///
/// - The line runs by `/bin/sh -c` as configured, in `task.workspace`. The task arrives as one JSON
///   document on standard input; nothing of it is ever part of a command line.
/// - The environment is the one given, plus `SPRINT_ROLE`, `SPRINT_TICKET`, `SPRINT_ATTEMPT`,
///   `SPRINT_KEY`, `SPRINT_BRANCH` and `SPRINT_RESULT_FILE`, and with [`Leases`] the ports and the
///   directory of the ticket.
/// - The answer is the content of `SPRINT_RESULT_FILE` if the program wrote one, else the last
///   line of standard output that is not blank: JSON, in the form of the
///   [`RoleResult`](sprint_core::domain::agent::RoleResult) of the role. It counts only if the
///   program exits with 0. A field `usage` with `cost_micro_usd` and `tokens` is taken over.
/// - Exit code 75 means "try again later".
///
/// All output, and the answer, is redacted before anything else is done with it.
#[derive(Clone, Debug)]
pub struct CommandAgent {
    commands: BTreeMap<Role, CommandLine>,
    environment: Environment,
    redactor: Redactor,
    silence: Option<Duration>,
    leases: Option<Arc<Leases>>,
}

impl CommandAgent {
    /// An agent with these commands and this environment, whose secrets are redacted.
    pub fn new(commands: BTreeMap<Role, CommandLine>, environment: Environment) -> Self {
        Self {
            redactor: Redactor::new(environment.secrets()),
            commands,
            environment,
            silence: None,
            leases: None,
        }
    }

    /// The same agent, with these values redacted too.
    #[must_use]
    pub fn with_redacted<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.redactor = self.redactor.and(secrets);
        self
    }

    /// The same agent, ended when it prints nothing for this long.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    /// The same agent, given the lease of its ticket, as
    /// [`variables`](crate::lease::Lease::variables).
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<Leases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// Names role and command; people write secrets into command lines, too.
    fn subject(&self, task: &AgentTask, line: &CommandLine) -> String {
        let line = self.redactor.redact(line.as_str());
        format!("{} with `{line}`", task.role)
    }

    /// Trouble on our side.
    fn trouble(&self, task: &AgentTask, line: &CommandLine) -> Error {
        Error::new(ErrorKind::Transient, RUN, self.subject(task, line))
    }

    async fn execute(
        &self,
        line: &CommandLine,
        task: &AgentTask,
        result_file: &Path,
        cx: &EffectContext,
    ) -> Result<Finished> {
        let input =
            serde_json::to_vec(task).map_err(|error| self.trouble(task, line).because(error))?;
        let environment = match &self.leases {
            Some(leases) => leases.of(&cx.key).await?.give(self.environment.clone()),
            None => self.environment.clone(),
        };
        let environment = environment
            .with("SPRINT_ROLE", task.role.name())
            .with("SPRINT_TICKET", task.ticket.as_str())
            .with("SPRINT_ATTEMPT", task.attempt.to_string())
            .with("SPRINT_KEY", task.key.replace('\0', ""))
            .with("SPRINT_BRANCH", task.branch.as_str())
            .with("SPRINT_RESULT_FILE", result_file);
        let process = Process {
            line,
            directory: &task.workspace,
            environment: &environment,
            stdin: &input,
            streams: Streams::Separate,
            limits: Limits {
                silence: self.silence,
                ..Limits::wall(Duration::from_secs(task.timeout_s))
            },
        };
        process.run().await.map_err(|error| {
            Error::new(process::start_kind(&error), RUN, self.subject(task, line)).because(error)
        })
    }
}

#[async_trait]
impl AgentRunner for CommandAgent {
    fn capabilities(&self) -> AgentCapabilities {
        AgentCapabilities {
            roles: self.commands.keys().copied().collect(),
            teams: false,
            sessions: false,
        }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        let Some(line) = self.commands.get(&task.role) else {
            let subject = format!("{} agent, for which no command is set", task.role);
            return Err(Error::new(ErrorKind::Unsupported, RUN, subject));
        };
        // Outside the workspace, or the answer would be part of the change.
        let private = tempfile::Builder::new()
            .prefix("sprint-agent-")
            .tempdir()
            .map_err(|error| self.trouble(task, line).because(error))?;
        let result_file = private.path().join("result.json");
        let finished = self.execute(line, task, &result_file, cx).await?;
        let written = answer::read_result_file(&result_file)
            .map_err(|error| self.trouble(task, line).because(error))?;
        let (exit, duration) = (finished.exit, finished.duration);
        let said = written.unwrap_or_else(|| answer::last_line(&finished.stdout).to_vec());
        let said = self.redactor.redact(said);
        let (transcript, blob) = output::keep(transcript(finished), &self.redactor, cx).await?;
        tracing::debug!(key = %cx.key, %exit, transcript = %blob, "agent ended");

        let tail = output::tail(&transcript, 20, 2048);
        let answer = match failure_of(exit, &tail) {
            None => answer::parse(task.role, &said, &tail),
            Some(Ended::Answerless) => {
                Answer::Malformed(answer::describe(&format!("the agent ended: {exit}"), &tail))
            }
            Some(Ended::Trouble(kind)) => {
                let cause = answer::describe(&format!("the agent ended: {exit}"), &tail);
                return Err(Error::new(kind, RUN, self.subject(task, line)).because(cause));
            }
        };
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Ok(AgentReport {
            usage: match &answer {
                Answer::Result(_) => answer::usage(&said, duration_ms),
                Answer::Malformed(_) | Answer::Asks(_) => Usage {
                    duration_ms,
                    ..Usage::default()
                },
            },
            transcript: Some(blob),
            ..AgentReport::of(answer)
        })
    }
}

const RUN: &str = "run agent";

/// What an end other than success means.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Something around the agent failed.
    Trouble(ErrorKind),
    /// The agent itself failed.
    Answerless,
}

fn failure_of(exit: Exit, tail: &str) -> Option<Ended> {
    Some(match exit {
        Exit::Code(0) => return None,
        Exit::TimedOut | Exit::Silent => Ended::Trouble(ErrorKind::Timeout),
        // The shell found no such program, or may not run it.
        Exit::Code(126 | 127) => Ended::Trouble(ErrorKind::Invalid),
        Exit::Code(code) => match rate_limit::find(tail) {
            Some(wait) => Ended::Trouble(ErrorKind::rate_limited(wait)),
            None if code == TEMPORARY => Ended::Trouble(ErrorKind::Transient),
            None => Ended::Answerless,
        },
        Exit::Signal(_) => Ended::Answerless,
    })
}

fn transcript(finished: Finished) -> Vec<u8> {
    let mut transcript = finished.stdout;
    if !finished.stderr.is_empty() {
        if !transcript.is_empty() && !transcript.ends_with(b"\n") {
            transcript.push(b'\n');
        }
        transcript.extend_from_slice(b"--- standard error ---\n");
        transcript.extend_from_slice(&finished.stderr);
    }
    transcript
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_end_has_one_meaning() {
        let limited = Ended::Trouble(ErrorKind::rate_limited(None));
        for (exit, tail, expect) in [
            (Exit::Code(0), "rate limit", None),
            (
                Exit::TimedOut,
                "rate limit",
                Some(Ended::Trouble(ErrorKind::Timeout)),
            ),
            (Exit::Silent, "", Some(Ended::Trouble(ErrorKind::Timeout))),
            (
                Exit::Code(127),
                "",
                Some(Ended::Trouble(ErrorKind::Invalid)),
            ),
            (
                Exit::Code(126),
                "",
                Some(Ended::Trouble(ErrorKind::Invalid)),
            ),
            (
                Exit::Code(75),
                "",
                Some(Ended::Trouble(ErrorKind::Transient)),
            ),
            (Exit::Code(75), "rate limit", Some(limited)),
            (Exit::Code(1), "", Some(Ended::Answerless)),
            (Exit::Signal(9), "", Some(Ended::Answerless)),
        ] {
            assert_eq!(failure_of(exit, tail), expect, "{exit} {tail}");
        }
    }
}
