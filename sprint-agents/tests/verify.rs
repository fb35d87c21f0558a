//! Gate commands, with real processes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;
use std::time::Duration;

use sprint_agents::environment::Environment;
use sprint_agents::verify::CommandVerifier;
use sprint_core::domain::check::{CheckPlan, CheckReport, Subject};
use sprint_core::domain::command::{CheckKind, CommandLine, Count, Exit};
use sprint_core::domain::verdict::{FindingKind, Severity};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TreeId};
use sprint_core::ports::{Error, Verifier};
use sprint_core::testing::conformance;
use support::{Memory, context};

fn verifier() -> CommandVerifier {
    CommandVerifier::new(Environment::inherit())
}

fn plan(install: Option<&str>, checks: &[(CheckKind, &str)]) -> CheckPlan {
    let line = |text: &str| CommandLine::new(text).unwrap();
    CheckPlan {
        install: install.map(line),
        checks: checks
            .iter()
            .map(|(kind, text)| (*kind, line(text)))
            .collect(),
        timeout: Duration::from_secs(60),
    }
}

async fn verify(
    verifier: &CommandVerifier,
    directory: &Path,
    plan: &CheckPlan,
) -> (Result<CheckReport, Error>, Memory) {
    let subject = Subject {
        directory: directory.into(),
        commit: CommitId::new("a".repeat(40)).unwrap(),
        tree: TreeId::new("b".repeat(40)).unwrap(),
    };
    let (cx, blobs) = context();
    (verifier.verify(&subject, plan, &cx).await, blobs)
}

#[tokio::test]
async fn every_check_runs_in_gate_order_also_after_a_red_one() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(
        Some("echo install >> order"),
        &[
            (
                CheckKind::Test,
                "echo test >> order; echo '2 passed, 1 failed'; exit 1",
            ),
            (CheckKind::Build, "echo build >> order; exit 7"),
            (
                CheckKind::Lint,
                "cat order; echo lint >> order; echo '3 passed, 0 failed'",
            ),
        ],
    );
    let (report, blobs) = verify(&verifier(), directory.path(), &plan).await;
    let report = report.unwrap();
    assert_eq!(report.install_failure, None);
    let seen: Vec<_> = report
        .runs
        .iter()
        .map(|run| (run.check, run.exit, run.count))
        .collect();
    let counted = Count::Known {
        passed: 2,
        failed: 1,
        skipped: 0,
    };
    assert_eq!(
        seen,
        [
            (CheckKind::Build, Exit::Code(7), Count::Unknown),
            (CheckKind::Lint, Exit::Code(0), Count::Unknown),
            (CheckKind::Test, Exit::Code(1), counted),
        ]
    );
    assert_eq!(report.runs[1].tail, "install\nbuild\n3 passed, 0 failed");
    assert_eq!(
        blobs.text(&report.runs[1].output),
        "install\nbuild\n3 passed, 0 failed\n"
    );
    assert_eq!(&report.runs[0].command, &plan.checks[&CheckKind::Build]);
}

#[tokio::test]
async fn what_tools_print_is_read_as_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let pytest = "printf '%s\\n' '[100%]' '== short test summary info ==' 'FAILED a.py::b - no' \
                  '== 1 failed, 2 passed in 0.1s =='";
    let plan = plan(
        None,
        &[
            (CheckKind::Build, pytest),
            (CheckKind::Lint, "echo 'Checked 2 files in 3ms.'"),
            (CheckKind::Typecheck, "echo 'error TS18003: No inputs'"),
            (CheckKind::Test, pytest),
        ],
    );
    let (report, _) = verify(&verifier(), directory.path(), &plan).await;
    let runs = report.unwrap().runs;
    let seen = runs.iter().map(|run| {
        let failing: Vec<_> = run.failing.iter().cloned().collect();
        format!("{}: {}; {}", run.check, run.count, failing.join(", "))
    });
    insta::assert_snapshot!(seen.collect::<Vec<_>>().join("\n"), @r"
    build: no count in the output; 
    lint: 2 passed, 0 failed, 0 skipped; 
    typecheck: 0 passed, 0 failed, 0 skipped; 
    test: 2 passed, 1 failed, 0 skipped; a.py::b
    ");
    assert!(runs[3].names_every_failure());
}

#[tokio::test]
async fn after_a_failed_install_nothing_runs() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(
        Some("echo fetching; echo no network >&2; exit 2"),
        &[(CheckKind::Build, "touch built")],
    );
    let (report, _) = verify(&verifier(), directory.path(), &plan).await;
    let report = report.unwrap();
    insta::assert_snapshot!(report.install_failure.unwrap(), @r"
    `echo fetching; echo no network >&2; exit 2`: exit 2
    fetching
    no network
    ");
    assert!(report.runs.is_empty() && !directory.path().join("built").exists());
}

#[tokio::test]
async fn a_command_that_hangs_is_reported_as_timed_out() {
    let mut plan = plan(
        None,
        &[
            (CheckKind::Build, "echo begin; sleep 600"),
            (CheckKind::Lint, "true"),
        ],
    );
    plan.timeout = Duration::from_secs(1);
    let (report, _) = verify(&verifier(), Path::new("/"), &plan).await;
    let runs = report.unwrap().runs;
    assert_eq!(
        (runs[0].exit, runs[0].tail.as_str()),
        (Exit::TimedOut, "begin")
    );
    assert!(runs[0].duration_ms >= 1000);
    assert_eq!(runs[1].exit, Exit::Code(0));

    let verifier = verifier().with_silence_limit(Duration::from_millis(100));
    let (report, _) = verify(&verifier, Path::new("/"), &plan).await;
    assert_eq!(report.unwrap().runs[0].exit, Exit::Silent);
}

#[tokio::test]
async fn tails_are_short_and_outputs_whole() {
    let long = "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done";
    let wide = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); printf '%0500d\\n' $i; done";
    let plan = plan(
        None,
        &[
            (CheckKind::Lint, long),
            (CheckKind::Build, long),
            (CheckKind::Test, wide),
        ],
    );
    let (report, blobs) = verify(&verifier(), Path::new("/"), &plan).await;
    let runs = report.unwrap().runs;
    let lines: Vec<_> = runs.iter().map(|run| run.tail.lines().count()).collect();
    assert_eq!(lines[..2], [50, 30]);
    assert!(runs[1].tail.starts_with("line 71\n") && runs[1].tail.ends_with("line 100"));
    assert!(runs[2].tail.len() <= 8 * 1024 && runs[2].tail.ends_with("040"));
    assert_eq!(blobs.text(&runs[1].output).lines().count(), 100);
}

#[tokio::test]
async fn secrets_reach_neither_the_commands_nor_the_report() {
    let parent = [
        ("PATH", "/usr/bin:/bin"),
        ("LINEAR_API_KEY", "linear"),
        ("NPM_TOKEN", "npm"),
    ];
    let parent = parent.map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::select(parent, &["LINEAR_API_KEY", "NPM_TOKEN"]);
    let verifier = CommandVerifier::new(environment).with_redacted(["planted-value"]);
    let command = "env; echo planted-value; echo token=abcdef >&2; echo AKIAIOSFODNN7EXAMPLE";
    let plan = plan(None, &[(CheckKind::Build, command)]);
    let (report, blobs) = verify(&verifier, Path::new("/"), &plan).await;
    let run = report.unwrap().runs.remove(0);
    for text in [run.tail, blobs.only()] {
        assert_eq!(text.matches("[redacted]").count(), 3, "{text}");
        for secret in ["linear", "npm", "planted-value", "abcdef", "AKIA"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn what_was_redacted_is_counted_and_command_lines_are_redacted_too() {
    let environment = Environment::inherit().with_secret("SERVICE_KEY", "s3cr3t-value");
    let verifier = CommandVerifier::new(environment);
    let line = "echo s3cr3t-value; echo $SERVICE_KEY; printf 's3cr3t\\033[1m-value'";
    let plan = plan(None, &[(CheckKind::Build, line), (CheckKind::Lint, "true")]);
    let (report, blobs) = verify(&verifier, Path::new("/"), &plan).await;
    let runs = report.unwrap().runs;
    assert_eq!((runs[0].redacted, runs[1].redacted), (3, 0));
    assert_eq!(blobs.text(&runs[0].output).matches("[redacted]").count(), 3);
    insta::assert_snapshot!(runs[0].command, @r"echo [redacted]; echo $SERVICE_KEY; printf 's3cr3t\033[1m-value'");
    assert_eq!(&runs[1].command, &plan.checks[&CheckKind::Lint]);
}

#[tokio::test]
async fn output_over_the_limit_is_left_out_in_the_middle_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let verifier = verifier().with_output_limit(1000);
    let line = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo line $i; done; echo '2 passed'";
    let plan = plan(None, &[(CheckKind::Test, line)]);
    let (report, blobs) = verify(&verifier, directory.path(), &plan).await;
    let report = report.unwrap();
    let stored = blobs.text(&report.runs[0].output);
    assert!(stored.len() < 1100 && stored.starts_with("line 1\n"));
    assert!(stored.contains(" bytes of output left out]\nline "));
    assert!(report.runs[0].tail.ends_with("line 1000\n2 passed"));
    assert_eq!(report.runs[0].count.passed(), Some(2));
    assert_eq!(report.findings.len(), 1);
    insta::assert_snapshot!(report.findings[0].message, @"test printed more than is kept: 7911 bytes of its output were left out, so numbers read from it may be too small");
    assert!(!report.findings[0].severity.blocks());
}

#[tokio::test]
async fn a_runner_in_the_tree_is_not_run_by_name_and_reported() {
    let tree = tempfile::tempdir().unwrap();
    let fake = tree.path().join("grep");
    std::fs::write(&fake, "#!/bin/sh\necho fake\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&fake, executable).unwrap();
    let path = format!("{}:/usr/bin:/bin", tree.path().display());
    let environment = Environment::empty()
        .with("PATH", path)
        .with("PYTEST_ADDOPTS", "--co");
    let verifier = CommandVerifier::new(environment);
    let plan = plan(
        None,
        &[(CheckKind::Test, "echo real | grep real; echo $PATH")],
    );
    let (report, _) = verify(&verifier, tree.path(), &plan).await;
    let report = report.unwrap();
    assert_eq!(report.runs[0].tail, "real\n/usr/bin:/bin");
    let found = report.findings.iter();
    let found: Vec<_> = found.map(|found| (found.kind, found.severity)).collect();
    assert_eq!(found, [(FindingKind::UntrustedRun, Severity::High); 2]);
}

#[tokio::test]
async fn an_environment_that_a_command_changes_is_not_claimed() {
    let tools = tempfile::tempdir().unwrap();
    let tree = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.path().display());
    let verifier = CommandVerifier::new(Environment::empty().with("PATH", path));
    let line = format!("cp /bin/true {}/mytool; mytool", tools.path().display());
    let plan = plan(None, &[(CheckKind::Build, &line)]);
    let (report, _) = verify(&verifier, tree.path(), &plan).await;
    let report = report.unwrap();
    assert_eq!(report.runs[0].exit, Exit::Code(0));
    assert_eq!(report.environment, None);
}

#[tokio::test]
async fn hostile_names_in_the_directory_are_just_a_directory() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("$(touch canary); `touch canary`\n");
    std::fs::create_dir(&directory).unwrap();
    let plan = plan(
        None,
        &[(
            CheckKind::Build,
            "ls -a | wc -l; printf '\\377 caf\\351\\n'",
        )],
    );
    let (report, _) = verify(&verifier(), &directory, &plan).await;
    assert_eq!(
        report.unwrap().runs[0].tail.trim_start(),
        "2\n\u{fffd} caf\u{fffd}"
    );
}

#[tokio::test]
async fn only_commands_that_cannot_run_at_all_are_errors() {
    let plan = plan(None, &[(CheckKind::Build, "no-such-program-here")]);
    let (report, _) = verify(&verifier(), Path::new("/"), &plan).await;
    assert_eq!(report.unwrap().runs[0].exit, Exit::Code(127));
    let (error, _) = verify(&verifier(), Path::new("/nonexistent"), &plan).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let subject = Subject {
        directory: directory.path().into(),
        commit: CommitId::new("a".repeat(40)).unwrap(),
        tree: TreeId::new("b".repeat(40)).unwrap(),
    };
    let (cx, _) = context();
    conformance::verifier::all(&verifier(), &subject, &cx).await;
}
