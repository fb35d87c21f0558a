//! The verification layers as decisions: what was seen or said in, a verdict out.

use std::collections::BTreeMap;

use crate::domain::agent::{
    Answer, Claimed, CompletionResult, ReviewResult, RoleResult, WorkerResult, WorkerStatus,
};
use crate::domain::check::CheckReport;
use crate::domain::command::{CheckKind, CheckRun, CommandLine, Exit};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::{Finding, FindingKind, LayerId, Outcome, Verdict};
use crate::domain::workspace::AddedLine;
use crate::run::classify;

/// Layers 0.5 and 1: whether the worker says that it ran everything, with success. The first
/// layer that is not satisfied speaks.
pub(super) fn claims(
    claim: &WorkerResult,
    checks: &BTreeMap<CheckKind, CommandLine>,
) -> Result<(), (LayerId, Vec<Finding>)> {
    let ran = claim
        .evidence
        .as_ref()
        .is_some_and(|evidence| evidence.preflight_ran);
    if !ran {
        let names: Vec<_> = checks
            .iter()
            .map(|(kind, line)| format!("{kind}: {line}"))
            .collect();
        let message = format!(
            "run every configured command before finishing ({})",
            names.join("; ")
        );
        let finding = Finding::blocking(FindingKind::PreflightSkipped, message);
        return Err((LayerId::Preflight, vec![finding]));
    }
    if claim.status == WorkerStatus::Partial {
        let message = format!(
            "the worker says the work is not finished: {}",
            claim.notes.join("; ")
        );
        let finding = Finding::blocking(FindingKind::IncompleteRequirements, message);
        return Err((LayerId::Evidence, vec![finding]));
    }
    let findings: Vec<_> = checks
        .keys()
        .filter_map(|kind| missing_evidence(claim, *kind))
        .collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err((LayerId::Evidence, findings))
    }
}

fn missing_evidence(claim: &WorkerResult, kind: CheckKind) -> Option<Finding> {
    let entry = claim
        .evidence
        .as_ref()
        .and_then(|evidence| evidence.checks.get(&kind));
    let Some(entry) = entry else {
        let message = format!("no evidence that the {kind} command was run");
        return Some(Finding::blocking(FindingKind::MissingEvidence, message));
    };
    let tests_fail =
        kind == CheckKind::Test && (entry.failed.is_some_and(|n| n > 0) || entry.passed == Some(0));
    if entry.exit_code == 0 && !tests_fail {
        return None;
    }
    // What a worker quotes may mention a rate limit; only what we run ourselves can meet one.
    let shown = Some(classify::classify(Some(kind), &entry.output));
    let shown = shown.filter(|kind| *kind != FindingKind::RateLimit);
    let message = format!(
        "the worker's own {kind} run shows failure (exit {}): {}",
        entry.exit_code,
        last_lines(&entry.output, 15)
    );
    Some(Finding::blocking(
        shown.unwrap_or(FindingKind::MissingEvidence),
        message,
    ))
}

/// Layer 2: what running the gate ourselves says. The first finding is the one that routes the
/// ticket: a false claim, then the first failing command in gate order, then a silent success,
/// then debugging leftovers.
///
/// `claim` is given only if the worker spoke of exactly the checked commit.
pub(super) fn mechanical(
    report: CheckReport,
    claim: Option<&WorkerResult>,
    artifacts: &[String],
) -> Verdict {
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(report.runs.iter().find_map(|run| mismatch(run, claim)));
    findings.extend(
        report
            .runs
            .iter()
            .filter(|run| !run.exit.success())
            .map(failed_command),
    );
    if let Some(text) = &report.install_failure {
        let message = format!("installing dependencies failed: {}", last_lines(text, 15));
        findings.push(Finding::blocking(classify::classify(None, text), message));
    }
    if !report.altered.is_empty() {
        let paths: Vec<_> = report
            .altered
            .iter()
            .take(5)
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "running the gate changed tracked files: {}",
            paths.join(", ")
        );
        findings.push(Finding::blocking(FindingKind::IsolationBreach, message));
    }
    findings.extend(report.runs.iter().filter_map(silent_success));
    findings.extend(artifacts.iter().map(|place| {
        let mut finding = Finding::blocking(
            FindingKind::DebugArtifacts,
            "debugging leftover in an added line",
        );
        finding.place = Some(place.clone());
        finding
    }));
    let verdict = if findings.is_empty() {
        Verdict::pass()
    } else {
        Verdict::fail(findings)
    };
    verdict.with_runs(report.runs)
}

fn failed_command(run: &CheckRun) -> Finding {
    let kind = match run.exit {
        Exit::TimedOut | Exit::Silent => FindingKind::Timeout,
        Exit::Code(_) | Exit::Signal(_) => classify::classify(Some(run.check), &run.tail),
    };
    let message = format!(
        "{} failed ({}): {}",
        run.check,
        run.exit,
        last_lines(&run.tail, 20)
    );
    Finding::blocking(kind, message)
}

fn silent_success(run: &CheckRun) -> Option<Finding> {
    let silent = run.exit.success() && run.check == CheckKind::Test && run.count.is_known_zero();
    silent.then(|| {
        let message = format!("{} succeeded without running a single test", run.check);
        Finding::blocking(FindingKind::SilentSuccess, message)
    })
}

/// A worker that claims another number of passed tests than we counted, for the same commit.
fn mismatch(run: &CheckRun, claim: Option<&WorkerResult>) -> Option<Finding> {
    let claimed = claim?.evidence.as_ref()?.checks.get(&run.check)?;
    let differs = match (claimed.passed, run.count.passed()) {
        (Some(said), Some(seen)) => run.check == CheckKind::Test && said != seen,
        _ => false,
    };
    let lied = claimed.exit_code == 0 && !run.exit.success();
    if !differs && !lied {
        return None;
    }
    let said = claimed
        .passed
        .map_or_else(String::new, |n| format!(", {n} passed"));
    let message = format!(
        "the worker claims exit {}{said} for {}; we saw {}, {}",
        claimed.exit_code, run.check, run.exit, run.count
    );
    Some(Finding::blocking(FindingKind::EvidenceMismatch, message))
}

/// Layer 3: what a reviewer's answer comes to. `None` if it is no answer.
pub(super) fn review(answer: &Answer) -> Option<(Verdict, String)> {
    let ReviewResult { findings, summary } = match answer {
        Answer::Result(Claimed(RoleResult::Review(result))) => result,
        Answer::Result(_) | Answer::Malformed(_) => return None,
    };
    let findings: Vec<_> = findings
        .iter()
        .map(|remark| Finding {
            severity: remark.severity,
            kind: FindingKind::CodeReview,
            message: remark.message.clone(),
            place: remark.place.clone(),
        })
        .collect();
    let blocked = findings.iter().any(|finding| finding.severity.blocks());
    let outcome = if blocked {
        Outcome::Failed
    } else {
        Outcome::Passed
    };
    Some((
        Verdict {
            outcome,
            findings,
            runs: Vec::new(),
        },
        summary.clone(),
    ))
}

/// Layer 4: what a completion agent's answer comes to, after the mechanical guards. `Err` if the
/// answer cannot be taken seriously, with the reason.
pub(super) fn completion(
    answer: &Answer,
    ticket: &Ticket,
    changed: &[RepoPath],
) -> Result<(Verdict, CompletionResult), String> {
    let result = match answer {
        Answer::Result(Claimed(RoleResult::Completion(result))) => result,
        Answer::Result(_) => return Err("the completion agent answered in another role".into()),
        Answer::Malformed(reason) => return Err(reason.clone()),
    };
    if result.requirements.is_empty() {
        return Err("the completion agent listed no requirement".into());
    }
    for criterion in ticket.acceptance_criteria() {
        let wanted = squash(&criterion);
        if !result
            .requirements
            .iter()
            .any(|row| squash(&row.requirement).contains(&wanted))
        {
            return Err(format!(
                "the completion agent did not judge the criterion {criterion:?}"
            ));
        }
    }
    for row in result.requirements.iter().filter(|row| row.met) {
        let path = row
            .place
            .as_deref()
            .map(|place| place.split(':').next().unwrap_or(place));
        if !path.is_some_and(|path| changed.iter().any(|changed| changed.as_str() == path)) {
            let cited = row.place.as_deref().unwrap_or("nothing");
            return Err(format!(
                "the completion agent cites {cited} for {:?}, which the change does not touch",
                row.requirement
            ));
        }
    }
    let missing: Vec<_> = result
        .requirements
        .iter()
        .filter(|row| !row.met)
        .map(|row| Finding::blocking(FindingKind::IncompleteRequirements, row.requirement.clone()))
        .collect();
    let verdict = if missing.is_empty() {
        Verdict::pass()
    } else {
        Verdict::fail(missing)
    };
    Ok((verdict, result.clone()))
}

fn squash(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Debugging leftovers among the lines a change adds, as `path:line: text`. Prose and data files
/// are not searched.
pub(super) fn artifacts(added: &[AddedLine]) -> Vec<String> {
    /// What counts as a leftover, by file extension.
    const TABLE: &[(&[&str], &[&str])] = &[
        (
            &["js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte"],
            &["console.log(", "debugger"],
        ),
        (&["rs"], &["dbg!(", "todo!(", "unimplemented!("]),
        (&["py"], &["breakpoint()", "pdb.set_trace()"]),
        (&["rb"], &["binding.pry", "byebug"]),
    ];
    let leftover = |line: &&AddedLine| {
        let extension = line
            .path
            .file_name()
            .rsplit_once('.')
            .map_or("", |(_, ext)| ext);
        TABLE
            .iter()
            .filter(|(extensions, _)| extensions.contains(&extension))
            .flat_map(|(_, marks)| *marks)
            .any(|mark| line.text.contains(mark))
    };
    added
        .iter()
        .filter(leftover)
        .take(20)
        .map(|line| format!("{}:{}: {}", line.path, line.line, line.text.trim()))
        .collect()
}

fn last_lines(text: &str, n: usize) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(n)..].join("\n")
}

/// The message a worker gets: everything every layer found, in one piece.
pub(super) fn feedback(verdicts: &BTreeMap<LayerId, Verdict>) -> String {
    let mut text = String::new();
    for (layer, verdict) in verdicts
        .iter()
        .filter(|(_, verdict)| !verdict.findings.is_empty())
    {
        let line = format!("{layer}:\n");
        text.push_str(&line);
        for finding in &verdict.findings {
            let place = finding
                .place
                .as_ref()
                .map_or_else(String::new, |place| format!(" ({place})"));
            let line = format!("- {:?}{place}: {}\n", finding.severity, finding.message);
            text.push_str(&line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::{ClaimedCheck, WorkerEvidence};
    use crate::domain::command::Count;
    use crate::id::{BlobId, BranchName, TicketId};

    fn run(check: CheckKind, code: i32, count: Count) -> CheckRun {
        CheckRun {
            check,
            command: CommandLine::new("x").unwrap(),
            exit: Exit::Code(code),
            duration_ms: 1,
            output: BlobId::new("0".repeat(64)).unwrap(),
            tail: "boom".into(),
            count,
            failing: [].into(),
            redacted: 0,
            reused: None,
        }
    }

    fn claim(code: i32, passed: Option<u64>) -> WorkerResult {
        let check = ClaimedCheck {
            exit_code: code,
            passed,
            failed: Some(0),
            output: String::new(),
        };
        WorkerResult {
            ticket_id: TicketId::new("T-1").unwrap(),
            branch: BranchName::new("b").unwrap(),
            status: WorkerStatus::Success,
            commit_hash: None,
            evidence: Some(WorkerEvidence {
                preflight_ran: true,
                checks: [(CheckKind::Test, check)].into(),
            }),
            learnings_added: vec![],
            notes: vec![],
        }
    }

    const fn known(passed: u64, failed: u64) -> Count {
        Count::Known {
            passed,
            failed,
            skipped: 0,
        }
    }

    /// The kinds layer 2 finds, in order.
    fn kinds(
        runs: Vec<CheckRun>,
        claim: Option<&WorkerResult>,
        artifacts: &[String],
    ) -> Vec<FindingKind> {
        let report = CheckReport::new(runs, None);
        mechanical(report, claim, artifacts)
            .findings
            .iter()
            .map(|f| f.kind)
            .collect()
    }

    #[test]
    fn layer_2_decides_by_exit_code_count_claim_and_leftovers() {
        use FindingKind::{DebugArtifacts, EvidenceMismatch, SilentSuccess};
        let test = |code, count| vec![run(CheckKind::Test, code, count)];
        let none: &[String] = &[];
        assert_eq!(kinds(test(0, known(3, 0)), None, none), []);
        assert_eq!(kinds(test(0, Count::Unknown), None, none), []);
        assert_eq!(kinds(test(0, known(0, 0)), None, none), [SilentSuccess]);
        assert_eq!(
            kinds(test(0, known(3, 0)), Some(&claim(0, Some(3))), none),
            []
        );
        assert_eq!(
            kinds(test(0, known(3, 0)), Some(&claim(0, Some(4))), none),
            [EvidenceMismatch]
        );
        assert_eq!(
            kinds(test(1, known(2, 1)), Some(&claim(0, None)), none)[0],
            EvidenceMismatch
        );
        assert_eq!(
            kinds(test(0, known(3, 0)), None, &["a:1".into()]),
            [DebugArtifacts]
        );
        assert_eq!(kinds(test(1, known(0, 1)), None, none).len(), 1);
    }

    #[test]
    fn a_gate_that_changes_tracked_files_is_red() {
        let runs = vec![run(CheckKind::Test, 0, known(3, 0))];
        let altered = vec!["Cargo.lock".into()];
        let mut report = CheckReport::new(runs, None);
        report.altered = altered;
        let verdict = mechanical(report, None, &[]);
        assert!(!verdict.accepts());
        assert_eq!(verdict.findings[0].kind, FindingKind::IsolationBreach);
    }

    #[test]
    fn layers_0_5_and_1_need_a_claim_per_command() {
        let checks = [(CheckKind::Test, CommandLine::new("t").unwrap())].into();
        assert!(claims(&claim(0, Some(2)), &checks).is_ok());
        assert_eq!(
            claims(&claim(0, Some(0)), &checks).unwrap_err().0,
            LayerId::Evidence
        );
        assert_eq!(
            claims(&claim(1, Some(2)), &checks).unwrap_err().0,
            LayerId::Evidence
        );
        let mut silent = claim(0, Some(2));
        silent.evidence.as_mut().unwrap().preflight_ran = false;
        assert_eq!(claims(&silent, &checks).unwrap_err().0, LayerId::Preflight);
        let mut partial = claim(0, Some(2));
        partial.status = WorkerStatus::Partial;
        assert_eq!(
            claims(&partial, &checks).unwrap_err().1[0].kind,
            FindingKind::IncompleteRequirements
        );
    }

    #[test]
    fn leftovers_are_found_in_code_only() {
        let line = |path: &str, text: &str| AddedLine {
            path: path.into(),
            line: 7,
            text: text.into(),
        };
        let added = [
            line("a.rs", "  dbg!(x);"),
            line("a.md", "dbg!(x)"),
            line("b.ts", "ok()"),
        ];
        assert_eq!(artifacts(&added), ["a.rs:7: dbg!(x);"]);
    }
}
