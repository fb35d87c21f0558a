use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::markdown;
use crate::domain::path::RepoPath;
use crate::id::SprintId;
use crate::phases::artifact::Mode;
use crate::phases::conflict::opinion::Opinion;
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::ship::fixture::{document, finding, phase, says, sprint, tree};
use crate::phases::ship::summary::Summary;
use crate::phases::ship::{Check, Failure, Inputs, PhaseFacts, Repository, Waiver, decide};
use crate::phases::standing::Standing;
use crate::report::fixture::HOSTILE;
use crate::time::Timestamp;

fn decided(phases: &[PhaseFacts], mode: Mode) -> Summary {
    let gone = Check {
        present: false,
        by: HOSTILE.into(),
    };
    let id = "review/REV-4+qa/QA-1".parse().unwrap();
    let opinion = Opinion {
        conflict: false,
        topic: None,
        tension: None,
        quote_a: HOSTILE.into(),
        quote_b: HOSTILE.into(),
    };
    decide(&Inputs {
        sprint: &SprintId::new("sprint-20260131-090000").unwrap(),
        target: &phase("ship"),
        phases,
        repository: &Repository {
            tree: Some(tree('a')),
            changed: BTreeSet::from([RepoPath::from("src/login.rs"), RepoPath::from("a|`b.rs")]),
            changed_since: BTreeMap::new(),
        },
        rules: &Rulebook::default(),
        mode,
        opinions: &BTreeMap::from([(id, opinion)]),
        confirmed: &BTreeMap::new(),
        checks: &BTreeMap::from([("review/REV-2".parse().unwrap(), gone)]),
        at: "2026-01-31T11:00:00Z".parse::<Timestamp>().unwrap(),
    })
}

/// A sprint in which everything that can be said is, by somebody who wants to do harm.
fn hostile() -> Vec<PhaseFacts> {
    let mut phases = sprint();
    let here = |topic: &str, stance: &str| json!({"file": "src/|<b>.rs", "line": 7, "topic": topic, "stance": stance, "description": HOSTILE});
    let mut review = document(
        "review",
        json!([
            finding("REV-1", "should_fix", here("error_detail", "more")),
            finding("REV-2", "blocking", json!({"description": HOSTILE})),
            finding("REV-3", "nitpick", here("validation", "remove")),
            finding(
                "REV-4",
                "nitpick",
                json!({"file": "src/|<b>.rs", "line": 70})
            ),
        ]),
    );
    review["conflicts"] =
        json!([{"finding_id": "REV-1", "conflicts_with": HOSTILE, "tension": "scope"}]);
    says(&mut phases, &review);
    says(
        &mut phases,
        &document(
            "security",
            json!([
                finding("SEC-1", "high", here("error_detail", "less")),
                finding("SEC-2", "medium", here("validation", "keep")),
                finding("SEC-3", "low", json!({"file": "src/|<b>.rs", "line": 70})),
            ]),
        ),
    );
    let qa = phases
        .iter_mut()
        .find(|facts| facts.phase.as_str() == "qa")
        .unwrap();
    qa.standing = Standing::Failed;
    qa.failure = Some(Failure {
        reason: HOSTILE.into(),
        tag: None,
    });
    phases
}

#[test]
fn a_quiet_sprint_is_told_in_a_few_lines() {
    insta::assert_snapshot!(markdown(&decided(&sprint(), Mode::Standard)), @r#"
# sprint-20260131-090000: READY

It can be shipped. Decided 2026-01-31T11:00:00Z. Tree `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`.

| Phase | Status | Agent | Time | Why |
| --- | --- | --- | --- | --- |
| review | OK | `agent-review` | 00:20:00 |  |
| qa | OK | `agent-qa` | 00:30:00 |  |
| security | OK | `agent-security` | 00:10:00 |  |

## Not taken

- qa/QA-1+review/REV-4 is not waiting for an opinion

## Numbers

- Findings: none
- Security grade: A
- Scope: changed beside the plan: ``a|`b.rs``
- Total time: 01:10:00, work: 01:40:00
- Critical path: plan → build → qa (01:10:00)
- Speed-up by working side by side: 1.42
"#);
}

#[test]
fn everything_that_is_decided_is_told_and_no_text_of_an_agent_acts() {
    let text = markdown(&decided(&hostile(), Mode::Quick));
    assert!(!text.contains('\u{1b}'));
    insta::assert_snapshot!(text.replace('\u{200b}', "~"), @r#"
# sprint-20260131-090000: BLOCKED

It must not be shipped. Decided 2026-01-31T11:00:00Z. Tree `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`.

| Phase | Status | Agent | Time | Why |
| --- | --- | --- | --- | --- |
| review | OK | `agent-review` | 00:20:00 |  |
| qa | FAILED | `agent-qa` | 00:30:00 | Fix: a \| b <~script> @~alice red ### new `tick` |
| security | BLOCKED | `agent-security` | 00:10:00 | 1 high; 1 medium |

## Decide

- qa failed: Fix: a \| b <~script> @~alice red ### new `tick`. Retry, waive or stop?

## Blocking findings

- review/REV-2 (blocking): Fix: a \| b <~script> @~alice red ### new `tick` (gone: Fix: a \| b <~script> @~alice red ### new `tick` looked)
- security/SEC-1 (high) in `src/|<b>.rs` line 7: Fix: a \| b <~script> @~alice red ### new `tick` (still there: nothing was changed since)

## Conflicts

- review/REV-1 and security/SEC-1 about `error_detail`: security/SEC-1 holds, by the order of phases. security comes before review. review/REV-1 is informational now. Decided automatically.
- review/REV-3 and security/SEC-2 about `validation`: security/SEC-2 holds, by the order of phases. security comes before review. review/REV-3 is informational now. Decided automatically.

## May contradict each other

- review/REV-4 and security/SEC-3 in `src/|<b>.rs`

## Conflicts that make no sense

- review: conflicts[0].conflicts_with: "Fix: a \| b <~script> @~alice \~u{1b}[31mred\~n### new `tick`" is no finding of another phase

## Not taken

- qa/QA-1+review/REV-4 is not waiting for an opinion

## Numbers

- Findings: 1 high, 1 medium, 1 low, 1 nitpick, 3 informational
- Security grade: B
- Scope: changed beside the plan: ``a|`b.rs``
- Total time: 01:10:00, work: 01:40:00
- Critical path: plan → build → qa (01:10:00)
- Speed-up by working side by side: 1.42
"#);
}

#[test]
fn a_waived_phase_is_told_as_not_signed_off() {
    let mut phases = hostile();
    let qa = phases
        .iter_mut()
        .find(|facts| facts.phase.as_str() == "qa")
        .unwrap();
    qa.standing = Standing::Waived;
    qa.waiver = Some(Waiver {
        by: HOSTILE.into(),
        reason: HOSTILE.into(),
        at: "2026-01-31T10:00:00Z".parse().unwrap(),
    });
    let text = markdown(&decided(&phases, Mode::Thorough));
    let waived = text
        .split("\n\n")
        .skip_while(|part| *part != "## Not signed off")
        .nth(1);
    insta::assert_snapshot!(waived.unwrap().replace('\u{200b}', "~"), @r#"- qa: Fix: a \| b <~script> @~alice red ### new `tick`, 2026-01-31T10:00:00Z: Fix: a \| b <~script> @~alice red ### new `tick`"#);
    let conflicts = text
        .split("\n\n")
        .skip_while(|part| *part != "## Conflicts")
        .nth(1);
    insta::assert_snapshot!(conflicts.unwrap(), @r#"
- review/REV-1 and security/SEC-1 about `error_detail`: both hold, by precedent CP-001. Users get a stable code and a generic text; the details go into the server's logs only. A person has to confirm it.
- review/REV-3 and security/SEC-2 about `validation`: security/SEC-2 holds, by precedent CP-003. At a trust boundary (input, query, rendering) every layer stays. Inside one boundary a check is made once; whoever wants one removed shows that it is inside. A person has to confirm it.
"#);
}

/// Every member that holds no other, with its path.
fn leaves(json: &Value) -> Vec<String> {
    let (mut leaves, mut open) = (Vec::new(), vec![(String::new(), json)]);
    while let Some((path, value)) = open.pop() {
        if let Some(members) = value.as_object() {
            let members = members.iter().rev();
            open.extend(members.map(|(name, value)| (format!("{path}.{name}"), value)));
        } else if let Some(items) = value.as_array() {
            open.extend(items.first().map(|first| (format!("{path}[]"), first)));
        } else {
            leaves.push(format!("{path}: {value}"));
        }
    }
    leaves
}

/// The form of the JSON: what programs read.
#[test]
fn the_summary_as_json_has_names_that_do_not_change() {
    let json = serde_json::to_value(decided(&hostile(), Mode::Standard)).unwrap();
    let leaves = leaves(&json).into_iter();
    let mut leaves: Vec<_> = leaves.filter(|leaf| !leaf.contains("alice")).collect();
    leaves.sort();
    insta::assert_snapshot!(leaves.join("\n"), @r#"
.at: "2026-01-31T11:00:00Z"
.blocking[].file: null
.blocking[].finding: "review/REV-2"
.blocking[].line: null
.blocking[].severity: "blocking"
.candidates[].a: "review/REV-4"
.candidates[].b: "security/SEC-3"
.candidates[].file: "src/|<b>.rs"
.conflicts[].action: "Users get a stable code and a generic text; the details go into the server's logs only."
.conflicts[].auto: false
.conflicts[].confirmed_by: null
.conflicts[].conflict.a.finding: "review/REV-1"
.conflicts[].conflict.a.severity: "should_fix"
.conflicts[].conflict.a.stance: "more"
.conflicts[].conflict.b.finding: "security/SEC-1"
.conflicts[].conflict.b.severity: "high"
.conflicts[].conflict.b.stance: "less"
.conflicts[].conflict.named: null
.conflicts[].conflict.source: "detected"
.conflicts[].conflict.tension: null
.conflicts[].conflict.topic: "error_detail"
.conflicts[].downgraded: null
.conflicts[].needs_confirmation: false
.conflicts[].obligations[]: "The error that users see has a stable code and a generic text."
.conflicts[].outcome: "both"
.conflicts[].rule.built_in: "CP-001"
.findings.high: 1
.findings.informational: 2
.findings.low: 1
.findings.medium: 1
.findings.nitpick: 1
.findings.should_fix: 1
.mode: "standard"
.obligations[].conflict: "review/REV-1+security/SEC-1"
.obligations[].text: "The error that users see has a stable code and a generic text."
.phases[].agent: "agent-review"
.phases[].duration_ms: 1200000
.phases[].phase: "review"
.phases[].status: "WARN"
.phases[].why[]: "1 should fix"
.questions[].failure.tag: null
.questions[].phase: "qa"
.refused[]: "qa/QA-1+review/REV-4 is not waiting for an opinion"
.schema_version: 1
.scope.out_of_scope[]: "a|`b.rs"
.scope.status: "drift_detected"
.security_grade: "B"
.sprint: "sprint-20260131-090000"
.timing.critical_path[]: "plan"
.timing.critical_path_ms: 4200000
.timing.speed_up_percent: 142
.timing.total_ms: 4200000
.timing.work_ms: 6000000
.tree: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
.unresolved[].phase: "review"
.unresolved[].problem.path: "conflicts[0].conflicts_with"
.verdict: "BLOCKED"
"#);
}
