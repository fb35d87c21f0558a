//! The contract of [`Verifier`], for those that run commands on this machine.

use std::time::Duration;

use crate::domain::check::{CheckPlan, Subject};
use crate::domain::command::{CheckKind, CheckRun, CommandLine, Exit};
use crate::ports::{EffectContext, Verifier};

/// Every check, one after another. `subject` names an empty directory; nothing is left in it.
pub async fn all(verifier: &dyn Verifier, subject: &Subject, cx: &EffectContext) {
    every_check_runs_in_order_and_is_reported(verifier, subject, cx).await;
    lines_run_as_written_in_the_directory(verifier, subject, cx).await;
    a_failed_install_stops_everything(verifier, subject, cx).await;
    a_command_without_end_is_ended(verifier, subject, cx).await;
    the_environment_is_the_one_of_the_report(verifier, subject, cx).await;
}

/// A red check is a report, not an error, and the checks after it run.
pub async fn every_check_runs_in_order_and_is_reported(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
) {
    let lines = CheckKind::ALL.map(|kind| (kind, "echo out; echo err >&2; exit 3"));
    let runs = run(verifier, subject, cx, &lines).await;
    let kinds: Vec<_> = runs.iter().map(|run| run.check).collect();
    assert_eq!(kinds, CheckKind::ALL, "every check runs, in gate order");
    for run in &runs {
        assert_eq!(
            run.exit,
            Exit::Code(3),
            "exit codes are reported as they are"
        );
        assert_eq!(
            run.tail.trim_end(),
            "out\nerr",
            "both streams, as they came"
        );
        let output = cx.blobs.get(&run.output).expect("the output is stored");
        assert_eq!(output, b"out\nerr\n", "the output is stored whole");
    }
}

/// Nothing is substituted into a line, and it runs where the subject is checked out.
pub async fn lines_run_as_written_in_the_directory(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
) {
    let line = "touch '{directory} {commit} $PWD' && ls && rm ./*";
    let runs = run(verifier, subject, cx, &[(CheckKind::Build, line)]).await;
    assert_eq!(runs[0].tail.trim_end(), "{directory} {commit} $PWD");
    assert_eq!(
        runs[0].command.as_str(),
        line,
        "the line is reported as it ran"
    );
}

/// After a failed install no check runs, and its output is told.
pub async fn a_failed_install_stops_everything(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
) {
    let plan = CheckPlan {
        install: CommandLine::new("echo no network; exit 1"),
        ..plan(&[(CheckKind::Build, "true")])
    };
    let report = verifier.verify(subject, &plan, cx).await;
    let report = report.expect("a failed install is a report");
    let told = report.install_failure.expect("the install failed");
    assert!(told.contains("no network"), "its output is told: {told}");
    assert!(report.runs.is_empty(), "no check runs without an install");
}

/// A command that outlives its limit is ended and reported as such, and the next one runs.
pub async fn a_command_without_end_is_ended(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
) {
    let plan = CheckPlan {
        timeout: Duration::from_millis(500),
        ..plan(&[(CheckKind::Build, "sleep 600 & sleep 600")])
    };
    let report = verifier.verify(subject, &plan, cx).await;
    let report = report.expect("a timeout is a report");
    assert_eq!(report.runs[0].exit, Exit::TimedOut);
}

/// The environment is the same twice, is the report's, and is another one for another command.
pub async fn the_environment_is_the_one_of_the_report(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
) {
    const WORKS: &str = "the environment can be described";
    let here = plan(&[(CheckKind::Build, "true")]);
    let before = verifier.environment(subject, &here).await.expect(WORKS);
    let again = verifier.environment(subject, &here).await.expect(WORKS);
    assert_eq!(before, again, "nothing has changed");
    let report = verifier.verify(subject, &here, cx).await;
    let report = report.expect("a green gate is a report");
    assert_eq!(report.environment, Some(before), "it ran in what was said");
    let other = plan(&[(CheckKind::Build, "true 1")]);
    let other = verifier.environment(subject, &other).await.expect(WORKS);
    assert_ne!(other, again, "another command is another environment");
}

async fn run(
    verifier: &dyn Verifier,
    subject: &Subject,
    cx: &EffectContext,
    lines: &[(CheckKind, &str)],
) -> Vec<CheckRun> {
    let report = verifier.verify(subject, &plan(lines), cx).await;
    let report = report.expect("a red gate is a report");
    assert_eq!(report.install_failure, None, "nothing was to be installed");
    report.runs
}

fn plan(lines: &[(CheckKind, &str)]) -> CheckPlan {
    let line = |text: &str| CommandLine::new(text).expect("the line is not blank");
    CheckPlan {
        install: None,
        checks: lines
            .iter()
            .map(|(kind, text)| (*kind, line(text)))
            .collect(),
        timeout: Duration::from_secs(60),
    }
}
