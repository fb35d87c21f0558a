//! States in all the spellings there are.

use serde_json::json;

use crate::domain::pipeline_state::{
    MAX_STATE_BYTES, PipelinePhase, PipelineStateError, PipelineStatus, parse,
};

#[test]
fn every_spelling_of_a_status_has_one_meaning() {
    let mut lines = Vec::new();
    for text in [
        "queued",
        "pending",
        "context",
        "implementing",
        "in_progress",
        "in-progress",
        "verifying",
        "complete",
        "done",
        "Done",
        "stuck",
        "blocked",
        "skipped",
        "finished",
        "",
    ] {
        let of =
            |result| PipelineStatus::parse(text, result).map_or("nothing", PipelineStatus::name);
        let (without, with) = (of(false), of(true));
        let both = if with == without {
            with.to_owned()
        } else {
            format!("{without}; with a result {with}")
        };
        lines.push(format!("{text:?}: {both}"));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
"queued": queued
"pending": queued
"context": context
"implementing": implementing
"in_progress": implementing; with a result verifying
"in-progress": implementing; with a result verifying
"verifying": verifying
"complete": complete
"done": complete
"Done": complete
"stuck": stuck
"blocked": blocked
"skipped": skipped
"finished": nothing
"": nothing
"#);
}

#[test]
fn every_phase_is_read_by_its_name_and_by_the_names_it_had() {
    for phase in PipelinePhase::ALL {
        assert_eq!(PipelinePhase::parse(phase.name()), Some(phase));
    }
    for (alias, phase) in [
        ("5-evidence", PipelinePhase::BuildGate),
        ("5-build-gate-passed", PipelinePhase::BuildGate),
        ("3-selective-redeploy", PipelinePhase::Implementation),
        ("1-fetch", PipelinePhase::Context),
    ] {
        assert_eq!(PipelinePhase::parse(alias), Some(phase));
    }
    assert_eq!(PipelinePhase::parse("2-tests"), None);
}

#[test]
fn a_state_of_the_original_prompts_is_read() {
    let state = json!({
        "sprint_id": "sprint-20250501-101500", "problem_id": "login", "branch_base": "main",
        "phase": "5-evidence", "dashboard": {
            "started_at": "2025-05-01T10:15:00Z", "current_phase": "4-merge"
        },
        "tickets": {
            "CLA-1": {"status": "done", "worktree_branch": "worktree-CLA-1",
                "merge_sha": "ABCDEF1", "commit_sha": "1234567"},
            "CLA-2": {"status": "in-progress", "branch": "worktree-CLA-2", "commit": "7654321"},
            "CLA-3": {"status": "in_progress"},
            "CLA-4": {"status": "skipped"},
            "CLA-5": {"status": "resting", "branch": "--help", "merge_sha": "HEAD"},
            "../x": {"status": "done"},
            "CLA-6": []
        }
    });
    let found = parse(state.to_string().as_bytes()).unwrap();
    assert_eq!(
        found.to_string(),
        "sprint-20250501-101500, phase 5-build-gate, 1 of 5 tickets complete"
    );
    assert!(!found.carries_run && !found.is_complete());
    let owned: Vec<_> = found.owned().map(ToString::to_string).collect();
    assert_eq!(owned, ["CLA-1", "CLA-2", "CLA-3", "CLA-5"]);
    let mut lines: Vec<_> = found
        .tickets
        .iter()
        .map(|(id, t)| {
            let (status, branch) = (t.status.name(), &t.branch);
            format!("{id} {status} {branch:?} {:?} {:?}", t.head, t.merged)
        })
        .collect();
    // In the order of the members, which is not always that of the file.
    let mut warnings = found.warnings;
    warnings.sort();
    lines.extend(warnings);
    insta::assert_snapshot!(lines.join("\n"), @r#"
CLA-1 complete Some(worktree-CLA-1) Some(1234567) Some(abcdef1)
CLA-2 verifying Some(worktree-CLA-2) Some(7654321) None
CLA-3 implementing None None None
CLA-4 skipped None None None
CLA-5 queued None None None
CLA-5.branch: branch name "--help" must not start with '-' or be '@' or 'HEAD'
CLA-5.merge_sha: commit "head" must be 4 to 64 lower-case hexadecimal digits
CLA-5: status "resting" is none of the pipeline's; it counts as not begun
CLA-6: expected an object, found a list
dashboard.current_phase is "4-merge" and phase is 5-build-gate; the latter counts
tickets: ticket id "../x" may contain only letters, digits, '.', '_' and '-'; left out
"#);
}

#[test]
fn what_says_nothing_about_a_sprint_is_an_error() {
    let error = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
    let said = [
        error(b""),
        error(b"\0\0\0\0"),
        error(b"{\n  \"phase\": \"2-impl"),
        error(b"[1]"),
        error(b"{}"),
        error(b"{\"phase\": 3}"),
        error(b"{\"phase\": \"lunch\"}"),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
the file is empty: what should be in it was never written
the file is empty: what should be in it was never written
not valid JSON: EOF while parsing a string at line 2 column 18
expected an object, found a list
it names no phase: neither phase nor dashboard.current_phase
it names no phase: neither phase nor dashboard.current_phase
phase "lunch" is none of the pipeline's
"#);
    let long = vec![b' '; MAX_STATE_BYTES + 1];
    assert_eq!(parse(&long), Err(PipelineStateError::TooLong));
}

#[test]
fn a_complete_sprint_owns_nothing() {
    let text = br#"{"phase": "complete", "tickets": {"A": {"status": "complete"}}}"#;
    let found = parse(text).unwrap();
    assert_eq!(found.owned().count(), 0);
    assert_eq!(found.progress(), (1, 1));
    assert!(
        found
            .to_string()
            .starts_with("a sprint without a valid id, phase complete")
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(parse(&bytes));
    }
}
