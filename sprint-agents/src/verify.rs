//! Gate commands, run and observed.

mod files;
#[cfg(test)]
mod fixtures;
mod read;
mod runner;

use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::check::{CheckPlan, CheckReport, Subject};
use sprint_core::domain::command::{CheckKind, CheckRun, CommandLine};
use sprint_core::failure::ErrorKind;
use sprint_core::id::EnvironmentId;
use sprint_core::ports::{EffectContext, Error, Result, Verifier};

use crate::environment::Environment;
use crate::output;
use crate::process::{self, Finished, Limits, Process, Streams};
use crate::redact::Redactor;

pub use read::{OutputReader, Reading};

/// The end of an output that goes into reports.
const TAIL_BYTES: usize = 8 * 1024;

/// Runs gate commands as processes.
///
/// Output is captured up to 16 MiB per command, half from its start and half from its end.
/// Numbers of tests and names of failed ones are read for [`CheckKind::Test`], numbers of files for
/// [`CheckKind::Lint`] and [`CheckKind::Typecheck`].
#[derive(Clone, Debug)]
pub struct CommandVerifier {
    environment: Environment,
    redactor: Redactor,
    silence: Option<Duration>,
}

impl CommandVerifier {
    /// A verifier whose commands get this environment, whose secrets are redacted.
    pub fn new(environment: Environment) -> Self {
        Self {
            redactor: Redactor::new(environment.secrets()),
            environment,
            silence: None,
        }
    }

    /// The same verifier, with these values redacted too.
    #[must_use]
    pub fn with_redacted<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.redactor = self.redactor.and(secrets);
        self
    }

    /// The same verifier, ending commands that print nothing for this long.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    async fn execute(
        &self,
        line: &CommandLine,
        subject: &Subject,
        timeout: Duration,
    ) -> Result<Finished> {
        let process = Process {
            line,
            directory: &subject.directory,
            environment: &self.environment,
            stdin: b"",
            streams: Streams::Merged,
            limits: Limits {
                silence: self.silence,
                ..Limits::wall(timeout)
            },
        };
        process.run().await.map_err(|error| {
            let line = self.redactor.redact(line.as_str());
            Error::new(process::start_kind(&error), "run check", line).because(error)
        })
    }

    /// Installs dependencies; `Some` says how that failed.
    async fn install(
        &self,
        line: &CommandLine,
        subject: &Subject,
        timeout: Duration,
        cx: &EffectContext,
    ) -> Result<Option<String>> {
        let finished = self.execute(line, subject, timeout).await?;
        let (text, _) = output::keep(finished.stdout, &self.redactor, cx).await?;
        if finished.exit.success() {
            return Ok(None);
        }
        let lines = CheckKind::Build.tail_lines();
        let tail = output::tail(&text, lines, TAIL_BYTES, &self.redactor);
        let line = self.redactor.redact(line.as_str());
        Ok(Some(format!("`{line}`: {}\n{tail}", finished.exit)))
    }

    async fn check(
        &self,
        check: CheckKind,
        command: &CommandLine,
        subject: &Subject,
        timeout: Duration,
        cx: &EffectContext,
    ) -> Result<CheckRun> {
        let finished = self.execute(command, subject, timeout).await?;
        let (exit, duration) = (finished.exit, finished.duration);
        let (text, output) = output::keep(finished.stdout, &self.redactor, cx).await?;
        let Reading { count, failing } = match check {
            CheckKind::Test => read::read(&text),
            CheckKind::Lint | CheckKind::Typecheck => Reading {
                count: files::read(&text),
                ..Reading::default()
            },
            CheckKind::Build => Reading::default(),
        };
        tracing::debug!(key = %cx.key, %check, %exit, output = %output, "check ended");
        Ok(CheckRun {
            check,
            command: command.clone(),
            exit,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            output,
            tail: output::tail(&text, check.tail_lines(), TAIL_BYTES, &self.redactor),
            count,
            failing,
            redacted: 0,
            reused: None,
        })
    }
}

#[async_trait]
impl Verifier for CommandVerifier {
    async fn environment(&self, _: &Subject, _: &CheckPlan) -> Result<EnvironmentId> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "describe",
            "the environment",
        ))
    }

    async fn verify(
        &self,
        subject: &Subject,
        plan: &CheckPlan,
        cx: &EffectContext,
    ) -> Result<CheckReport> {
        if let Some(line) = &plan.install {
            let failure = self.install(line, subject, plan.timeout, cx).await?;
            if let Some(why) = failure {
                return Ok(CheckReport::not_installed(why));
            }
        }
        let mut runs = Vec::with_capacity(plan.checks.len());
        for (check, command) in &plan.checks {
            runs.push(
                self.check(*check, command, subject, plan.timeout, cx)
                    .await?,
            );
        }
        Ok(CheckReport::new(runs, None))
    }
}
