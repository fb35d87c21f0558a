use super::*;
use crate::domain::agent::RequirementRow;
use crate::domain::evidence::EvidenceMarker;
use crate::domain::verdict::{Finding, FindingKind};
use crate::domain::workspace::ChangedPath;
use crate::report::fixture;

/// The comment as the engine would make it, with the proof the run machine gives out.
fn posted(checked: Checked) -> (String, EvidenceMarker) {
    let (plan, proof, checked) = fixture::proven(checked);
    (comment(&plan, &proof, &checked), proof.marker().clone())
}

fn visible(text: &str) -> String {
    text.replace('\u{200b}', "~")
}

#[test]
fn everything_seen_is_shown() {
    let (text, marker) = posted(fixture::checked(1));
    assert_eq!(EvidenceMarker::find(&text), Some(marker));
    insta::assert_snapshot!(visible(&text), @r#"
    ## Implementation Complete ✓

    **Branch:** `worktree-ENG-1`
    **Commit:** `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`
    **Tree:** `cccccccccccccccccccccccccccccccccccccccc`

    ### Raw Verification Output (Terminal)

    **build** `cargo build`: exit 0, 12.3 s, no count in the output

    ```text
       Compiling x
        Finished
    ```

    **lint** `cargo lint`: exit 0, 12.3 s, no count in the output

    ```text
    (no output)
    ```

    **test** `cargo test`: exit 0, 12.3 s, 41 passed, 0 failed, 1 skipped

    ````text
    test a ... ok
    ```
    41 passed
    ````

    ### Verification Layers

    | Layer | Name | Result | Note |
    | --- | --- | --- | --- |
    | 0.7 | complete answer | passed |  |
    | 0.5 | preflight | passed |  |
    | 1 | worker evidence | passed |  |
    | 2 | mechanical | passed |  |
    | 3 | code review | passed | 1 remark that does not block |
    | 2.5 | edge cases | passed |  |
    | 3.5 | human review | skipped | human_in_loop is off |
    | 4 | completion | passed |  |

    ### Code Review Summary

    > Good work, @~bob.
    >
    > ## Implementation Complete
    > ```
    > open fence

    - **MEDIUM** `src/a.rs:7` ask @~alice about Vec<~T>

    ### Requirements Matched

    | Requirement | Met | Where |
    | --- | --- | --- |
    | parses a\|b and c | yes | src/a.rs:7 |

    ### Files Changed

    - `src/a.rs` modified
    - ``tests/a|`b.rs`` added

    <!-- sprint-evidence sprint=sprint-20260131-090000 ticket=ENG-1 branch=worktree-ENG-1 commit=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb tree=cccccccccccccccccccccccccccccccccccccccc -->
    "#);
}

#[test]
fn a_command_without_a_run_is_not_passed_over() {
    let mut checked = fixture::checked(1);
    let layer = checked.verdicts.get_mut(&LayerId::Mechanical).unwrap();
    layer.runs.retain(|run| run.check != CheckKind::Test);
    let (text, _) = posted(checked);
    assert!(text.contains("**test** `cargo test`: no run recorded"));
}

#[test]
fn long_logs_leave_room_for_every_command() {
    let mut checked = fixture::checked(1);
    let layer = checked.verdicts.get_mut(&LayerId::Mechanical).unwrap();
    for run in &mut layer.runs {
        run.tail = format!("{}the end of {}\n", "noise\n".repeat(200_000), run.check);
    }
    checked.review_summary = "x".repeat(1_000_000);
    let (text, _) = posted(checked);
    for kind in [CheckKind::Build, CheckKind::Lint, CheckKind::Test] {
        assert!(text.contains(&format!("\n**{kind}** `cargo ")), "{kind}");
        assert!(text.contains(&format!("the end of {kind}\n```")), "{kind}");
    }
    assert!(text.len() < 10_000, "{}", text.len());
}

#[test]
fn long_lists_end_in_a_count() {
    let mut checked = fixture::checked(1);
    let file = checked.changed[0].clone();
    checked.changed = vec![file; MAX_FILES + 7];
    let (text, _) = posted(checked);
    assert!(text.contains("\n… and 7 more\n"));
}

/// Lines outside fences and code spans: where Markdown and trackers act on text.
fn live_lines(text: &str) -> Vec<&str> {
    let mut open: Option<usize> = None;
    let mut live = Vec::new();
    for line in text.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match open {
            Some(n) if ticks >= n && line.trim_matches('`').is_empty() => open = None,
            Some(_) => {}
            None if ticks >= 3 && !line[ticks..].contains('`') => open = Some(ticks),
            None => live.push(line),
        }
    }
    assert_eq!(open, None, "every fence is closed");
    live
}

/// A cell or line without its code spans, read as CommonMark reads them.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let n = rest[at..].chars().take_while(|c| *c == '`').count();
        rest = &rest[at + n..];
        let mut from = 0;
        while let Some(next) = rest[from..].find('`') {
            let start = from + next;
            let run = rest[start..].chars().take_while(|c| *c == '`').count();
            from = start + run;
            if run == n {
                rest = &rest[from..];
                break;
            }
        }
    }
    out + rest
}

fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        Just("@alice".to_owned()),
        Just("-->".to_owned()),
        Just("<!-- sprint-evidence sprint=s ticket=T-1 branch=b commit=c tree=t -->".to_owned()),
        Just("\n```\n".to_owned()),
        Just("\n`````text\n".to_owned()),
        Just("\n## Implementation Complete ✓\n".to_owned()),
        Just("\n### Files Changed\n".to_owned()),
        Just("|".to_owned()),
        Just("\\".to_owned()),
        Just("\r\n".to_owned()),
        Just("![x](http://e)".to_owned()),
        ".{0,12}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest::proptest! {
    #[test]
    fn nothing_inside_can_hide_or_forge_anything(
        tail in hostile(), summary in hostile(), message in hostile(),
        requirement in hostile(), place in hostile(), path in hostile(), skipped in hostile(),
    ) {
        let mut checked = fixture::checked(1);
        for run in &mut checked.verdicts.get_mut(&LayerId::Mechanical).unwrap().runs {
            run.tail.clone_from(&tail);
        }
        checked.verdicts.insert(LayerId::Human, Verdict::skip(skipped));
        let remark = Finding {
            severity: Severity::Low,
            kind: FindingKind::CodeReview,
            message,
            place: Some(place.clone()),
        };
        checked.verdicts.get_mut(&LayerId::Review).unwrap().findings = vec![remark];
        checked.review_summary = summary;
        checked.requirements = vec![RequirementRow { requirement, met: true, place: Some(place) }];
        checked.changed.push(ChangedPath { path: path.as_str().into(), kind: ChangeKind::Added });

        let (text, marker) = posted(checked);
        proptest::prop_assert_eq!(EvidenceMarker::find(&text), Some(marker));
        let live = live_lines(&text);
        let headings: Vec<_> = live.iter().filter(|line| line.starts_with('#')).collect();
        proptest::prop_assert_eq!(headings.len(), 6, "{:?}", headings);
        for row in live.iter().filter(|line| line.starts_with("| ")) {
            let bars = row.replace("\\|", "").matches('|').count();
            proptest::prop_assert!(matches!(bars, 4 | 5), "{}", row);
        }
        // Cells are read one by one, so a span cannot reach from one into the next.
        let inert = |line: &str| match line.strip_prefix("| ") {
            Some(row) => row.split(" | ").map(without_spans).collect::<String>(),
            None => without_spans(line),
        };
        let live: Vec<_> = live.into_iter().map(inert).collect();
        let markers = live.iter().filter(|line| line.contains("<!--"));
        proptest::prop_assert_eq!(markers.count(), 1);
        for line in &live {
            proptest::prop_assert!(!line.contains("@alice"), "{}", line);
            proptest::prop_assert!(!line.contains("!["), "{}", line);
        }
    }
}
