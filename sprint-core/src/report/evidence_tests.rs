use super::*;
use crate::domain::agent::RequirementRow;
use crate::domain::command::{Count, Exit};
use crate::domain::evidence::EvidenceMarker;
use crate::domain::stray::{Place, Stray};
use crate::domain::verdict::FindingKind;
use crate::domain::workspace::ChangedPath;
use crate::id::BlobId;
use crate::report::fixture;

/// The comment as the engine would make it, with the proof the run machine gives out.
fn posted(checked: Checked) -> (String, EvidenceMarker) {
    let (plan, proof, checked) = fixture::proven(checked);
    let text = comment(&plan, &proof, &checked, &Alongside::default());
    (text, proof.marker().clone())
}

#[test]
fn what_went_on_beside_the_work_is_shown_where_something_did() {
    let (plan, proof, checked) = fixture::proven(fixture::checked(1));
    let stray = |place, what: &str| Stray {
        place,
        what: what.into(),
    };
    let alongside = Alongside {
        questions: 3,
        answered: 2,
        degraded: 1,
        exchanges: vec![BlobId::of(b"exchange")],
        strays: [
            stray(Place::Checkout, "a`b|@alice.txt"),
            stray(Place::Refs, "main"),
        ]
        .into(),
    };
    let text = comment(&plan, &proof, &checked, &alongside);
    let section = |head: &str| {
        let from = text.find(head).unwrap();
        let more = text[from + 3..].find("\n### ").unwrap();
        visible(text[from..from + 3 + more].trim_end())
    };
    insta::assert_snapshot!(section("### Questions"), @r"
    ### Questions to the Context Agent

    - asked: 3, answered in time: 2, with a sign of degradation: 1
    - exchange: `ab27b729d9cc4cb1c00960700446924159e9298d0f952aee3d55408b8e0b1b71`
    ");
    insta::assert_snapshot!(section("### Changed Elsewhere"), @r"
    ### Changed Elsewhere Meanwhile

    Seen while its agents ran; nothing says that they did it.

    - ``a`b|@alice.txt`` in your checkout
    - `main` in branches and tags
    ");
    let (quiet, _) = posted(fixture::checked(1));
    assert!(!quiet.contains("### Questions") && !quiet.contains("### Changed Elsewhere"));
}

fn visible(text: &str) -> String {
    text.replace('\u{200b}', "~")
}

#[test]
fn everything_seen_is_shown() {
    let (text, marker) = posted(fixture::checked(1));
    assert_eq!(EvidenceMarker::find(&text), Some(marker));
    insta::assert_snapshot!(visible(&text), @r"
    ## Implementation Complete ✓

    **Branch:** `worktree-ENG-1`
    **Commit:** `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`
    **Tree:** `cccccccccccccccccccccccccccccccccccccccc`

    ### Raw Verification Output (Terminal)

    **build** `cargo build`: exit 0, 12.3 s, no count in the output

    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`

    ```text
       Compiling x
        Finished
    ```

    **lint** `cargo lint`: exit 0, 12.3 s, no count in the output

    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`

    ```text
    (no output)
    ```

    **test** `cargo test`: exit 0, 12.3 s, 41 passed, 0 failed, 1 skipped

    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`

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

    ### Remarks

    - **MEDIUM** L3 code review `src/a.rs:7`: ask @~alice about Vec<~T>

    ### Requirements Matched

    | Requirement | Met | Where |
    | --- | --- | --- |
    | parses a\|b and c | yes | src/a.rs:7 |

    ### Files Changed

    - `src/a.rs` modified
    - ``tests/a|`b.rs`` added

    <!-- sprint-evidence v=2 sprint=sprint-20260131-090000 ticket=ENG-1 branch=worktree-ENG-1 commit=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb tree=cccccccccccccccccccccccccccccccccccccccc text=693c1ed0f93324dbdf1635aa1c91d8cbfe2fcaa20d3edd32abd3b953fd4cbf8f build=0:?:0000000000000000000000000000000000000000000000000000000000000000 lint=0:?:0000000000000000000000000000000000000000000000000000000000000000 test=0:41/0/1:0000000000000000000000000000000000000000000000000000000000000000 seal=66a47d18576caa3c0df2c4bfa9e6e4d000a03579a3cc9ab1a1f0ff1ea04fc4c0 -->
    ");
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
fn a_check_says_what_was_taken_out_and_where_it_was_seen() {
    let mut checked = fixture::checked(1);
    let layer = checked.verdicts.get_mut(&LayerId::Mechanical).unwrap();
    layer.runs[0].redacted = 1;
    let run = &mut layer.runs[2];
    run.redacted = 3;
    run.exit = Exit::Code(101);
    run.count = Count::Known {
        passed: 40,
        failed: 12,
        skipped: 0,
    };
    run.reused = Some("ENG-1/1/check".into());
    run.failing = (1..=12)
        .map(|n| format!("tests::`old`_{n:02} @alice"))
        .collect();
    let known = Finding::remark(FindingKind::TestFailure, "fails on base too").at("tests::old");
    layer.findings = vec![
        Finding {
            severity: Severity::Low,
            ..known.clone()
        },
        known,
    ];
    let (text, _) = posted(checked);
    let start = text.find("**build**").unwrap();
    let shown: Vec<_> = text[start..]
        .lines()
        .filter(|line| line.starts_with("**") || line.starts_with("- "))
        .collect();
    insta::assert_snapshot!(visible(&shown.join("\n")), @r"
    **build** `cargo build`: exit 0, 12.3 s, no count in the output
    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`, 1 secret redacted
    **lint** `cargo lint`: exit 0, 12.3 s, no count in the output
    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`
    **test** `cargo test`: exit 101, 12.3 s, 40 passed, 12 failed, 0 skipped
    - whole output: `0000000000000000000000000000000000000000000000000000000000000000`, 3 secrets redacted
    - reused from `ENG-1/1/check`: same tree, command and environment
    - failed: ``tests::`old`_01 @alice``, ``tests::`old`_02 @alice``, ``tests::`old`_03 @alice``, ``tests::`old`_04 @alice``, ``tests::`old`_05 @alice``, ``tests::`old`_06 @alice``, ``tests::`old`_07 @alice``, ``tests::`old`_08 @alice``, ``tests::`old`_09 @alice``, ``tests::`old`_10 @alice``, … and 2 more
    - **MEDIUM** L2 mechanical `tests::old`: fails on base too
    - **MEDIUM** L3 code review `src/a.rs:7`: ask @~alice about Vec<~T>
    - **LOW** L2 mechanical `tests::old`: fails on base too
    - `src/a.rs` modified
    - ``tests/a|`b.rs`` added
    ");
}

#[test]
fn the_trailer_names_every_check() {
    let (text, marker) = posted(fixture::checked(1));
    let trailer = EvidenceTrailer::read(&text).unwrap();
    assert_eq!(trailer.marker, marker);
    assert_eq!(trailer.is_verbatim(&text), Some(true));
    let checks = trailer.details.unwrap().checks;
    let shown: Vec<_> = checks
        .iter()
        .map(|(check, mark)| format!("{check} {}, {}", mark.exit, mark.count))
        .collect();
    let expected = [
        "build exit 0, no count in the output",
        "lint exit 0, no count in the output",
        "test exit 0, 41 passed, 0 failed, 1 skipped",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn long_lists_end_in_a_count() {
    let mut checked = fixture::checked(1);
    let file = checked.changed[0].clone();
    checked.changed = vec![file; MAX_FILES + 7];
    let (text, _) = posted(checked);
    assert!(text.contains("\n… and 7 more\n"));
}

/// Everything an agent or a ticket can make long, as long as it gets.
fn enormous(filler: &str, files: usize) -> Checked {
    let long = filler.repeat(3000);
    let mut checked = fixture::checked(1);
    for verdict in checked.verdicts.values_mut() {
        let finding = Finding::remark(FindingKind::CodeReview, long.clone()).at(long.clone());
        verdict.findings = vec![finding; 30];
        for run in &mut verdict.runs {
            run.tail.clone_from(&long);
            run.reused = Some(long.clone());
            run.failing = (0..200).map(|n| format!("{n}{long}")).collect();
        }
    }
    let human = Verdict::skip(long.clone());
    checked.verdicts.insert(LayerId::Human, human);
    checked.review_summary.clone_from(&long);
    let row = RequirementRow {
        requirement: long.clone(),
        met: true,
        place: Some(long.clone()),
    };
    checked.requirements = vec![row; 500];
    let file = |n| ChangedPath {
        path: format!("{n}/{long}").as_str().into(),
        kind: ChangeKind::Added,
    };
    checked.changed = (0..files).map(file).collect();
    checked
}

#[test]
fn the_whole_stays_within_what_trackers_take() {
    for filler in ["word ", "`", "\n", "@", "é", "```\n", "<!-- "] {
        let (text, marker) = posted(enormous(filler, 500));
        let length = text.chars().count();
        assert!(length <= COMMENT, "{filler:?}: {length}");
        assert_eq!(EvidenceMarker::find(&text), Some(marker), "{filler:?}");
        assert_eq!(text.matches("\n… and ").count(), 3, "{filler:?}");
    }
}

#[test]
fn a_short_list_keeps_all_it_has_beside_long_ones() {
    let (text, _) = posted(enormous("word ", 3));
    let files = text.split("### Files Changed").nth(1).unwrap();
    assert_eq!(files.matches("` added").count(), 3);
    assert_eq!(text.matches("\n… and ").count(), 2);
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
        proptest::prop_assert_eq!(headings.len(), 7, "{:?}", headings);
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
