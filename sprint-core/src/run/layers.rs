//! The verification layers as decisions: what was seen or said in, a verdict out.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agent::{
    Answer, Claimed, CompletionResult, ReviewResult, RoleResult, WorkerResult, WorkerStatus,
};
use crate::domain::command::{CheckKind, CommandLine};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;
use crate::domain::verdict::{Finding, FindingKind, LayerId, Verdict};
use crate::run::classify;

/// Layers 0.5 and 1: whether the worker says that it ran everything, with success. The first
/// layer that is not satisfied speaks.
pub(super) fn claims(
    claim: &WorkerResult,
    checks: &BTreeMap<CheckKind, CommandLine>,
    known: Option<&BTreeSet<String>>,
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
        .filter_map(|kind| missing_evidence(claim, *kind, known))
        .collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err((LayerId::Evidence, findings))
    }
}

fn missing_evidence(
    claim: &WorkerResult,
    kind: CheckKind,
    known: Option<&BTreeSet<String>>,
) -> Option<Finding> {
    let entry = claim
        .evidence
        .as_ref()
        .and_then(|evidence| evidence.checks.get(&kind));
    let Some(entry) = entry else {
        let message = format!("no evidence that the {kind} command was run");
        return Some(Finding::blocking(FindingKind::MissingEvidence, message));
    };
    // On a red base nobody can show an exit code of 0; which tests they were shows in layer 2.
    let excused = known.map_or(0, BTreeSet::len) as u64;
    if kind == CheckKind::Test && entry.failed.is_some_and(|n| n > 0 && n <= excused) {
        return None;
    }
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

/// Layer 3: what a reviewer's answer comes to, and its words. `None` if it is no answer.
pub fn review(answer: &Answer) -> Option<(Verdict, String)> {
    let ReviewResult { findings, summary } = match answer {
        Answer::Result(Claimed(RoleResult::Review(result))) => result,
        Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_) => return None,
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
    Some((Verdict::of(findings), summary.clone()))
}

/// Layer 4: what a completion agent's answer comes to, after the mechanical guards. `Err` if the
/// answer cannot be taken seriously, with the reason.
pub(super) fn completion(
    answer: &Answer,
    ticket: &Ticket,
    cited: &BTreeMap<RepoPath, u32>,
) -> Result<(Verdict, CompletionResult), String> {
    let result = match answer {
        Answer::Result(Claimed(RoleResult::Completion(result))) => result,
        answer @ (Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_)) => {
            return Err(answer.shortfall());
        }
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
        let place = row.place.as_deref().unwrap_or("nothing");
        let (path, line) = place_of(place);
        let lines = cited.get(&RepoPath::from(path));
        let wrong = match lines {
            None => "which is in neither the change nor what it builds on".to_owned(),
            Some(lines) if line.is_some_and(|line| line == 0 || line > *lines) => {
                format!("which has {lines} lines")
            }
            Some(_) => continue,
        };
        return Err(format!(
            "the completion agent cites {place} for {:?}, {wrong}",
            row.requirement
        ));
    }
    let missing: Vec<_> = result
        .requirements
        .iter()
        .filter(|row| !row.met)
        .map(|row| Finding::blocking(FindingKind::IncompleteRequirements, row.requirement.clone()))
        .collect();
    Ok((Verdict::of(missing), result.clone()))
}

/// The path and the line of `path`, `path:12`, `path:12:5` or `path:12-20`.
pub(super) fn place_of(place: &str) -> (&str, Option<u32>) {
    let (path, rest) = place.split_once(':').unwrap_or((place, ""));
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    (path, digits.and_then(|digits| digits.parse().ok()))
}

/// The files that a completion agent cites.
pub fn citations(answer: &Answer) -> BTreeSet<RepoPath> {
    let rows = match answer {
        Answer::Result(Claimed(RoleResult::Completion(result))) => &result.requirements[..],
        Answer::Result(_) | Answer::Malformed(_) | Answer::Asks(_) => &[],
    };
    let places = rows.iter().filter_map(|row| row.place.as_deref());
    places
        .map(|place| RepoPath::from(place_of(place).0))
        .collect()
}

fn squash(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn last_lines(text: &str, n: usize) -> String {
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
    use crate::testing::fixture::claim;

    #[test]
    fn layers_0_5_and_1_need_a_claim_per_command() {
        let checks = [(CheckKind::Test, CommandLine::new("t").unwrap())].into();
        assert!(claims(&claim(0, Some(2)), &checks, None).is_ok());
        assert_eq!(
            claims(&claim(0, Some(0)), &checks, None).unwrap_err().0,
            LayerId::Evidence
        );
        assert_eq!(
            claims(&claim(1, Some(2)), &checks, None).unwrap_err().0,
            LayerId::Evidence
        );
        let mut silent = claim(0, Some(2));
        silent.evidence.as_mut().unwrap().preflight_ran = false;
        assert_eq!(
            claims(&silent, &checks, None).unwrap_err().0,
            LayerId::Preflight
        );
        let mut partial = claim(0, Some(2));
        partial.status = WorkerStatus::Partial;
        assert_eq!(
            claims(&partial, &checks, None).unwrap_err().1[0].kind,
            FindingKind::IncompleteRequirements
        );
    }
}
