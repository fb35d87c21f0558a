//! Gate commands, run and observed.

mod files;
#[cfg(test)]
mod fixtures;
mod path_trust;
mod programs;
mod read;
mod reading;
mod runner;
mod surroundings;
mod variables;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::check::{CheckPlan, CheckReport, Subject};
use sprint_core::domain::command::{CheckKind, CheckRun, CommandLine};
use sprint_core::domain::verdict::{Finding, FindingKind};
use sprint_core::failure::ErrorKind;
use sprint_core::id::EnvironmentId;
use sprint_core::ports::{EffectContext, Error, Result, Verifier};

use crate::environment::Environment;
use crate::lease::Leases;
use crate::output::{self, Kept};
use crate::process::{self, Ended, Limits, Process, Streams};
use crate::redact::Redactor;
use crate::spool::Spool;
use reading::Reader;
use surroundings::Surroundings;

pub use read::{OutputReader, Reading};

/// The end of an output that goes into reports.
const TAIL_BYTES: usize = 8 * 1024;

/// How much of the output of one command is kept.
const OUTPUT_LIMIT: u64 = 1 << 30;

/// Runs gate commands as processes.
///
/// # Output
///
/// Output waits in a file without a name until its command has ended, up to 1 GiB: half from its
/// start and half from its end, and a remark in the report if something was left out. Then it is
/// redacted, read and stored in one pass, in memory that does not grow with it. Command lines are
/// redacted in the report, too. Numbers of tests and names of failed ones are read for
/// [`CheckKind::Test`], numbers of files for [`CheckKind::Lint`] and [`CheckKind::Typecheck`].
///
/// # Environment
///
/// Commands get the variables they are given, less the entries of `PATH` that lie inside the
/// checked tree, and are run by `/bin/sh`. A report says so if such an entry has a program of the
/// gate, and if a variable voids or bends what the commands say. With [`Leases`] they also get ports
/// and a directory of their ticket's own, which differ from one run to the next.
///
/// The [`EnvironmentId`] covers those variables, other than what is leased, the machine's kind, the command lines, and path,
/// size and time of the programs that they name. It does not cover what these run in turn, nor the
/// files they read: settings in the home directory, or the toolchain behind a launcher.
#[derive(Clone, Debug)]
pub struct CommandVerifier {
    environment: Environment,
    redactor: Redactor,
    silence: Option<Duration>,
    output: u64,
    leases: Option<Arc<Leases>>,
}

impl CommandVerifier {
    /// A verifier whose commands get this environment, whose secrets are redacted.
    pub fn new(environment: Environment) -> Self {
        Self {
            redactor: Redactor::new(environment.secrets()),
            environment,
            silence: None,
            output: OUTPUT_LIMIT,
            leases: None,
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

    /// The same verifier, keeping so many bytes of the output of each command.
    #[must_use]
    pub fn with_output_limit(mut self, bytes: u64) -> Self {
        self.output = bytes;
        self
    }

    /// The same verifier, whose commands get the lease of their ticket or sprint, as
    /// [`variables`](crate::lease::Lease::variables).
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<Leases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// Looks at what the plan's commands would run in. That touches disks.
    async fn look(&self, subject: &Subject, plan: &CheckPlan) -> Result<Surroundings> {
        let (environment, directory) = (self.environment.clone(), subject.directory.clone());
        let plan = plan.clone();
        let look = move || Surroundings::of(&environment, &directory, &plan);
        tokio::task::spawn_blocking(look).await.map_err(|error| {
            let directory = subject.directory.display().to_string();
            Error::new(
                ErrorKind::Transient,
                "look at the environment of",
                directory,
            )
            .because(error)
        })
    }

    /// Runs one line, and keeps what it prints.
    async fn execute(&self, line: &CommandLine, reader: Reader, cx: &Run<'_>) -> Result<Executed> {
        let process = Process {
            line,
            directory: &cx.subject.directory,
            environment: cx.environment,
            stdin: b"",
            streams: Streams::Merged,
            limits: Limits {
                silence: self.silence,
                ..Limits::wall(cx.timeout)
            },
        };
        let failed = |error| {
            let line = self.redactor.redact(line.as_str());
            Error::new(process::start_kind(&error), "run check", line).because(error)
        };
        let spool = Spool::new(self.output).map_err(failed)?;
        let (ended, spool) = process.run_into(spool).await.map_err(failed)?;
        let spooled = spool.finish().map_err(failed)?;
        let left_out = spooled.left_out();
        let kept =
            output::keep_stream(spooled, reader, TAIL_BYTES, &self.redactor, cx.effect).await?;
        Ok(Executed {
            ended,
            kept,
            left_out,
        })
    }

    /// Installs dependencies; `Some` says how that failed.
    async fn install(&self, line: &CommandLine, cx: &Run<'_>) -> Result<Option<String>> {
        let check = CheckKind::Build;
        let Executed { ended, kept, .. } = self.execute(line, Reader::new(check), cx).await?;
        if ended.exit.success() {
            return Ok(None);
        }
        let tail = output::tail(&kept.end, check.tail_lines(), TAIL_BYTES);
        let line = self.redactor.redact(line.as_str());
        Ok(Some(format!("`{line}`: {}\n{tail}", ended.exit)))
    }

    async fn check(
        &self,
        check: CheckKind,
        command: &CommandLine,
        cx: &Run<'_>,
    ) -> Result<(CheckRun, Option<Finding>)> {
        let executed = self.execute(command, Reader::new(check), cx).await?;
        let Ended { exit, duration } = executed.ended;
        let Kept {
            output,
            end,
            redacted,
            lines,
        } = executed.kept;
        tracing::debug!(key = %cx.effect.key, %check, %exit, %output, redacted, "check ended");
        let Reading { count, failing } = lines.finish();
        let run = CheckRun {
            check,
            command: self.shown(command),
            exit,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            output,
            tail: output::tail(&end, check.tail_lines(), TAIL_BYTES),
            count,
            failing,
            redacted,
            reused: None,
        };
        let remark = (executed.left_out > 0).then(|| {
            let message = format!(
                "{check} printed more than is kept: {} bytes of its output were left out, so \
                 numbers read from it may be too small",
                executed.left_out
            );
            Finding::remark(FindingKind::UntrustedRun, message)
        });
        Ok((run, remark))
    }

    /// The line as it may be shown.
    fn shown(&self, line: &CommandLine) -> CommandLine {
        CommandLine::new(self.redactor.redact(line.as_str()))
            .expect("a marker is neither blank nor a NUL byte")
    }
}

/// What the commands of one call have in common.
struct Run<'a> {
    subject: &'a Subject,
    environment: &'a Environment,
    timeout: Duration,
    effect: &'a EffectContext,
}

/// What became of one line.
struct Executed {
    ended: Ended,
    kept: Kept<Reader>,
    left_out: u64,
}

#[async_trait]
impl Verifier for CommandVerifier {
    async fn environment(&self, subject: &Subject, plan: &CheckPlan) -> Result<EnvironmentId> {
        Ok(self.look(subject, plan).await?.id)
    }

    async fn verify(
        &self,
        subject: &Subject,
        plan: &CheckPlan,
        cx: &EffectContext,
    ) -> Result<CheckReport> {
        let Surroundings {
            environment,
            id,
            mut findings,
        } = self.look(subject, plan).await?;
        // Not part of what was looked at: where something may listen says nothing about the code.
        let environment = match &self.leases {
            Some(leases) => leases.of(&cx.key).await?.give(environment),
            None => environment,
        };
        let cx = Run {
            subject,
            environment: &environment,
            timeout: plan.timeout,
            effect: cx,
        };
        if let Some(line) = &plan.install
            && let Some(why) = self.install(line, &cx).await?
        {
            return Ok(CheckReport {
                findings,
                ..CheckReport::not_installed(why)
            });
        }
        let mut runs = Vec::with_capacity(plan.checks.len());
        for (check, command) in &plan.checks {
            let (run, remark) = self.check(*check, command, &cx).await?;
            runs.push(run);
            findings.extend(remark);
        }
        // What changed meanwhile ran partly in one environment and partly in another.
        let unchanged = self.look(subject, plan).await?.id == id;
        Ok(CheckReport {
            findings,
            ..CheckReport::new(runs, unchanged.then_some(id))
        })
    }
}
