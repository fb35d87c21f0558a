use std::collections::BTreeMap;

use super::*;
use crate::domain::command::Exit;
use crate::domain::evidence::{CheckMark, CommentRef, EVIDENCE_HEADING, EvidenceMarker};
use crate::id::{BranchName, CommitId, SprintId, TreeId};

fn commit(digit: char) -> CommitId {
    CommitId::new(digit.to_string().repeat(40)).unwrap()
}

fn tree(digit: char) -> TreeId {
    TreeId::new(digit.to_string().repeat(40)).unwrap()
}

fn ticket(number: u32) -> TicketId {
    TicketId::new(format!("ENG-{number}")).unwrap()
}

fn sprint(year: u32) -> SprintId {
    SprintId::new(format!("sprint-{year}0101-000000")).unwrap()
}

/// Work on ticket 1 at this commit, whose tree has the same digit.
fn marker(digit: char) -> EvidenceMarker {
    EvidenceMarker {
        sprint: sprint(2026),
        ticket: ticket(1),
        branch: BranchName::new("work").unwrap(),
        commit: commit(digit),
        tree: tree(digit),
    }
}

/// How the checks of a comment ended.
#[derive(Clone, Copy)]
enum Exits {
    AllZero,
    TestsFailed,
    LintFailed,
}

fn checks(exits: Exits) -> BTreeMap<CheckKind, CheckMark> {
    let mark = |exit, count| CheckMark {
        exit: Exit::Code(exit),
        count,
        output: BlobId::of(b"output"),
    };
    let count = |failed| Count::Known {
        passed: 9,
        failed,
        skipped: 0,
    };
    let (lint, test) = match exits {
        Exits::AllZero => (mark(0, Count::Unknown), mark(0, count(0))),
        Exits::TestsFailed => (mark(0, Count::Unknown), mark(1, count(2))),
        Exits::LintFailed => (mark(1, Count::Unknown), mark(0, count(0))),
    };
    [(CheckKind::Lint, lint), (CheckKind::Test, test)].into()
}

fn evidence(number: u32, marker: &EvidenceMarker, exits: Exits) -> Comment {
    let text = format!("{EVIDENCE_HEADING}\n\ncomment {number}");
    Comment {
        reference: CommentRef(format!("#{number}")),
        body: EvidenceTrailer::close(&text, marker, None, checks(exits)),
        author: Author::Us,
        edited: false,
    }
}

fn outputs(output: Output) -> Outputs {
    Outputs::Seen([(BlobId::of(b"output"), output)].into())
}

fn at_head(marker: &EvidenceMarker) -> (EvidenceMarker, Trace) {
    let trace = Trace {
        tree: Some(marker.tree.clone()),
        head: Some(marker.commit.clone()),
        on_branch: true,
        on_base: false,
    };
    (marker.clone(), trace)
}

fn anything() -> Expected {
    Expected::default()
}

/// The whole domain: tree × branch × base, and for each how the checks ended × what is stored.
#[test]
fn every_combination_of_facts_has_its_status() {
    let trees = [("same", Some('a')), ("other", Some('b')), ("gone", None)];
    let branches = ["at commit", "ahead", "rewritten", "gone"];
    let exits = [Exits::AllZero, Exits::TestsFailed, Exits::LintFailed];
    let stores = [
        outputs(Output::Intact),
        outputs(Output::Gone),
        outputs(Output::Altered),
        Outputs::NotAtHand,
    ];
    let mut lines = Vec::new();
    for (tree_name, tree_digit) in trees {
        for branch in branches {
            for on_base in [false, true] {
                let head = match branch {
                    "at commit" => Some(commit('a')),
                    "gone" => None,
                    _ => Some(commit('c')),
                };
                let trace = Trace {
                    tree: tree_digit.map(tree),
                    head,
                    on_branch: matches!(branch, "at commit" | "ahead"),
                    on_base,
                };
                let mut cells = Vec::new();
                for exits in exits {
                    for outputs in stores.clone() {
                        let facts = Facts {
                            traces: [(marker('a'), trace.clone())].into(),
                            outputs,
                        };
                        let comments = [evidence(1, &marker('a'), exits)];
                        let report = judge(&ticket(1), &comments, &anything(), &facts);
                        cells.push(short(&report.status()));
                    }
                }
                let base = if on_base { "on base" } else { "not on base" };
                let cells = cells.chunks(4).map(|four| four.join(" "));
                let cells = cells.collect::<Vec<_>>().join(" | ");
                let line = format!("{tree_name:5} {branch:9} {base:11} | {cells}");
                lines.push(line.trim_end().to_owned());
            }
        }
    }
    // Columns: all exits zero, tests failed, lint failed; each with outputs intact, gone, altered,
    // not at hand. V is valid, with a + for each remark; M is mismatched, by Tree, Exit or Output;
    // X is voided: no Commit, Rewritten or Abandoned.
    insta::assert_snapshot!(lines.join("\n"), @r"
    same  at commit not on base | V    M:O  M:O  V+   | V+   M:O  M:O  V++  | M:E  M:E  M:E  M:E
    same  at commit on base     | V    M:O  M:O  V+   | V+   M:O  M:O  V++  | M:E  M:E  M:E  M:E
    same  ahead     not on base | V+   M:O  M:O  V++  | V++  M:O  M:O  V+++ | M:E  M:E  M:E  M:E
    same  ahead     on base     | V+   M:O  M:O  V++  | V++  M:O  M:O  V+++ | M:E  M:E  M:E  M:E
    same  rewritten not on base | X:R  X:R  X:R  X:R  | X:R  X:R  X:R  X:R  | X:R  X:R  X:R  X:R
    same  rewritten on base     | X:R  X:R  X:R  X:R  | X:R  X:R  X:R  X:R  | X:R  X:R  X:R  X:R
    same  gone      not on base | X:A  X:A  X:A  X:A  | X:A  X:A  X:A  X:A  | X:A  X:A  X:A  X:A
    same  gone      on base     | V    M:O  M:O  V+   | V+   M:O  M:O  V++  | M:E  M:E  M:E  M:E
    other at commit not on base | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other at commit on base     | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other ahead     not on base | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other ahead     on base     | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other rewritten not on base | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other rewritten on base     | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other gone      not on base | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    other gone      on base     | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T  | M:T  M:T  M:T  M:T
    gone  at commit not on base | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  at commit on base     | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  ahead     not on base | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  ahead     on base     | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  rewritten not on base | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  rewritten on base     | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  gone      not on base | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    gone  gone      on base     | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C  | X:C  X:C  X:C  X:C
    ");
}

fn short(status: &EvidenceStatus) -> String {
    let text = match status {
        EvidenceStatus::Valid { remarks, .. } => {
            return format!("V{:3}", "+".repeat(remarks.len()));
        }
        EvidenceStatus::Mismatched(Mismatch::OtherTree(_)) => "M:T",
        EvidenceStatus::Mismatched(Mismatch::Failed(..)) => "M:E",
        EvidenceStatus::Mismatched(Mismatch::OutputGone(_) | Mismatch::OutputAltered(_)) => "M:O",
        EvidenceStatus::Voided(Voided::NoCommit) => "X:C",
        EvidenceStatus::Voided(Voided::Rewritten { .. }) => "X:R",
        EvidenceStatus::Voided(Voided::Abandoned) => "X:A",
        EvidenceStatus::Mismatched(
            Mismatch::Unreadable(_)
            | Mismatch::Foreign(_)
            | Mismatch::OtherTicket(_)
            | Mismatch::OtherSprint(_)
            | Mismatch::OtherCommit(_),
        )
        | EvidenceStatus::Missing(_) => "?",
    };
    format!("{text:4}")
}

/// Everything a comment can be wrong in by itself, with a repository in which all is well.
#[test]
fn what_is_said_about_a_comment() {
    let good = evidence(1, &marker('a'), Exits::AllZero).body;
    let other_ticket = EvidenceMarker {
        ticket: ticket(2),
        ..marker('a')
    };
    let other_sprint = EvidenceMarker {
        sprint: sprint(2025),
        ..marker('a')
    };
    let written = |marker: &EvidenceMarker, exits| evidence(1, marker, exits).body;
    let old = EvidenceTrailer {
        marker: marker('a'),
        details: None,
    };
    let bare = EvidenceTrailer::close(EVIDENCE_HEADING, &marker('a'), None, BTreeMap::new());
    let bodies = [
        ("as posted", good.clone()),
        ("rewritten by the tracker", good.replace("\n\n", "\n \n\n")),
        ("edited text", good.replace("comment 1", "all good")),
        ("edited trailer", good.replace("9/0/0", "99/0/0")),
        ("edited commit", good.replace("commit=aa", "commit=bb")),
        ("newer", good.replace(" v=2 ", " v=3 ")),
        ("cut off", good[..good.len() - 9].to_owned()),
        (
            "without trailer",
            good[..good.find("<!--").unwrap()].to_owned(),
        ),
        ("written on", format!("{good}\nThanks!\n")),
        ("quoted", format!("> {good}")),
        ("blank", String::new()),
        ("other ticket", written(&other_ticket, Exits::AllZero)),
        ("other sprint", written(&other_sprint, Exits::AllZero)),
        ("other commit", written(&marker('b'), Exits::AllZero)),
        ("tests failed", written(&marker('a'), Exits::TestsFailed)),
        ("lint failed", written(&marker('a'), Exits::LintFailed)),
        ("earlier form", format!("{EVIDENCE_HEADING}\n{old}")),
        ("without checks", bare),
    ];
    let expected = Expected {
        sprint: Some(sprint(2026)),
        commit: Some(commit('a')),
    };
    let facts = Facts {
        traces: ['a', 'b'].map(|digit| at_head(&marker(digit))).into(),
        outputs: outputs(Output::Intact),
    };
    let lines = bodies.map(|(name, body)| {
        let comment = Comment {
            reference: CommentRef("#1".into()),
            body,
            author: Author::Us,
            edited: false,
        };
        let status = judge(&ticket(1), &[comment], &expected, &facts).status();
        format!("{name}: {}", said(&status))
    });
    insta::assert_snapshot!(lines.join("\n"), @r"
    as posted: VALID, the branch is at the verified commit
    rewritten by the tracker: VALID, the branch is at the verified commit
    edited text: VALID, the branch is at the verified commit; the text differs from what was posted
    edited trailer: MISMATCHED, its machine-readable line is damaged or was changed
    edited commit: MISMATCHED, its machine-readable line is damaged or was changed
    newer: MISMATCHED, its machine-readable line has a form that this version cannot read
    cut off: MISMATCHED, its machine-readable line is damaged or was changed
    without trailer: MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    written on: MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    quoted: MISSING, no comment on the ticket is evidence
    blank: MISSING, no comment on the ticket is evidence
    other ticket: MISMATCHED, it is evidence for ticket ENG-2
    other sprint: MISMATCHED, it is of sprint-20250101-000000
    other commit: MISMATCHED, it is about bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, and another commit was verified
    tests failed: VALID, the branch is at the verified commit; test ended with exit 1, which its layer let pass
    lint failed: MISMATCHED, it says that lint ended with exit 1
    earlier form: VALID, the branch is at the verified commit; its form is an earlier one that names no checks
    without checks: VALID, the branch is at the verified commit; it names no checks
    ");
}

fn said(status: &EvidenceStatus) -> String {
    let mut said = format!("{}, {}", status.name(), status.why());
    if let EvidenceStatus::Valid { remarks, .. } = status {
        said.extend(remarks.iter().map(|remark| format!("; {remark}")));
    }
    said
}

#[test]
fn whys_name_what_is_there_now() {
    let check = |head: Option<char>, on_branch, on_base, output| {
        let trace = Trace {
            tree: Some(tree('a')),
            head: head.map(commit),
            on_branch,
            on_base,
        };
        let facts = Facts {
            traces: [(marker('a'), trace)].into(),
            outputs: outputs(output),
        };
        let comments = [evidence(1, &marker('a'), Exits::AllZero)];
        said(&judge(&ticket(1), &comments, &anything(), &facts).status())
    };
    let lines = [
        check(Some('a'), true, true, Output::Intact),
        check(Some('c'), true, false, Output::Intact),
        check(Some('c'), true, true, Output::Intact),
        check(Some('c'), false, false, Output::Intact),
        check(Some('c'), false, true, Output::Intact),
        check(None, false, true, Output::Intact),
        check(None, false, false, Output::Intact),
        check(Some('a'), true, false, Output::Gone),
        check(Some('a'), true, false, Output::Altered),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    VALID, the branch is at the verified commit, and base has it
    VALID, the branch holds the verified commit; the branch went on to cccccccccccccccccccccccccccccccccccccccc, which this does not speak of
    VALID, the branch and base hold the verified commit; the branch went on to cccccccccccccccccccccccccccccccccccccccc, which this does not speak of
    VOIDED, the branch was rewritten: it is at cccccccccccccccccccccccccccccccccccccccc now, without the verified commit
    VOIDED, the branch was rewritten: it is at cccccccccccccccccccccccccccccccccccccccc now, without the verified commit, which base holds
    VALID, base holds the verified commit
    VOIDED, the branch is gone, and base does not hold the verified commit
    MISMATCHED, the stored output of lint is gone
    MISMATCHED, the stored output of lint was altered
    ");
}

#[test]
fn a_commit_nobody_looked_up_is_not_there() {
    let comments = [evidence(1, &marker('a'), Exits::AllZero)];
    let report = judge(&ticket(1), &comments, &anything(), &Facts::default());
    assert_eq!(report.status(), EvidenceStatus::Voided(Voided::NoCommit));
}

/// Which comment counts, out of several; given oldest first.
#[test]
fn the_newest_about_the_present_commit_counts() {
    // The branch is at c and holds b; a was there before it was rewritten.
    let trace = |digit, on_branch| Trace {
        tree: Some(tree(digit)),
        head: Some(commit('c')),
        on_branch,
        on_base: false,
    };
    let traces = [('a', false), ('b', true), ('c', true)];
    let traces = traces.map(|(digit, on_branch)| (marker(digit), trace(digit, on_branch)));
    let facts = Facts {
        traces: traces.into(),
        outputs: outputs(Output::Intact),
    };
    let foreign = EvidenceMarker {
        ticket: ticket(2),
        ..marker('c')
    };
    let check = |kinds: &str, expected: &str| {
        let comments = (1..).zip(kinds.chars()).map(|(number, kind)| match kind {
            'f' => evidence(number, &foreign, Exits::AllZero),
            'x' => {
                let mut comment = evidence(number, &marker('c'), Exits::AllZero);
                comment.body.push_str("more");
                comment
            }
            'o' => Comment {
                author: Author::Other("mallory".into()),
                ..evidence(number, &marker('c'), Exits::AllZero)
            },
            '-' => Comment {
                reference: CommentRef(format!("#{number}")),
                body: "I had a look.".into(),
                author: Author::Us,
                edited: false,
            },
            digit => evidence(number, &marker(digit), Exits::AllZero),
        });
        let comments: Vec<_> = comments.collect();
        let report = judge(&ticket(1), &comments, &anything(), &facts);
        let all = report.counts.iter().chain(&report.others);
        let shown: Vec<_> = all.map(|judged| judged.comment.0.as_str()).collect();
        let shown = format!("{} {}", report.status().name(), shown.join(" "));
        assert_eq!(shown, expected, "{kinds}");
    };
    check("", "MISSING ");
    check("-", "MISSING ");
    check("c", "VALID #1");
    check("cc", "VALID #2 #1");
    check("ac-", "VALID #2 #1");
    check("ca", "VALID #1 #2");
    check("cb", "VALID #1 #2");
    check("ba", "VALID #1 #2");
    check("a", "VOIDED #1");
    check("af", "VOIDED #1 #2");
    check("ax", "VOIDED #1 #2");
    check("f", "MISMATCHED #1");
    check("fx", "MISSING #2 #1");
    check("x", "MISSING #1");
    check("o", "MISSING #1");
    check("co", "VALID #1 #2");
    check("oao", "VOIDED #2 #3 #1");
    check("xo", "MISSING #1 #2");
    check("cfxba", "VALID #1 #5 #4 #3 #2");
}

/// The whole domain: author × edited, for each form a comment may have.
#[test]
fn whoever_posted_it_and_whoever_edited_it() {
    let good = evidence(1, &marker('a'), Exits::AllZero).body;
    let old = EvidenceTrailer {
        marker: marker('a'),
        details: None,
    };
    let bodies = [
        ("as posted", good.clone()),
        ("edited text", good.replace("comment 1", "all good")),
        ("edited trailer", good.replace("9/0/0", "99/0/0")),
        ("cut", good[..good.find("<!--").unwrap()].to_owned()),
        ("earlier", format!("{EVIDENCE_HEADING}\n{old}")),
        ("no heading", "I had a look.".to_owned()),
    ];
    let authors = [
        ("us", Author::Us),
        ("unknown", Author::Unknown),
        ("other", Author::Other("mal\u{1b}[2Jlory".into())),
    ];
    let facts = Facts {
        traces: [at_head(&marker('a'))].into(),
        outputs: outputs(Output::Intact),
    };
    let mut lines = Vec::new();
    for (form, body) in &bodies {
        for (who, author) in &authors {
            for edited in [false, true] {
                let comment = Comment {
                    reference: CommentRef("#1".into()),
                    body: body.clone(),
                    author: author.clone(),
                    edited,
                };
                let report = judge(&ticket(1), &[comment], &anything(), &facts);
                let besides = report.others.iter().map(|other| said(&other.status));
                let besides = besides.map(|text| format!("; besides: {text}"));
                let all = [said(&report.status())].into_iter().chain(besides);
                let mark = if edited { "edited" } else { "" };
                let line = format!("{form:14} {who:7} {mark:6} | {}", all.collect::<String>());
                lines.push(line);
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    as posted      us             | VALID, the branch is at the verified commit
    as posted      us      edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted
    as posted      unknown        | VALID, the branch is at the verified commit
    as posted      unknown edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted
    as posted      other          | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    as posted      other   edited | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    edited text    us             | VALID, the branch is at the verified commit; the text differs from what was posted
    edited text    us      edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted; the text differs from what was posted
    edited text    unknown        | VALID, the branch is at the verified commit; the text differs from what was posted
    edited text    unknown edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted; the text differs from what was posted
    edited text    other          | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    edited text    other   edited | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    edited trailer us             | MISMATCHED, its machine-readable line is damaged or was changed
    edited trailer us      edited | MISMATCHED, its machine-readable line is damaged or was changed
    edited trailer unknown        | MISMATCHED, its machine-readable line is damaged or was changed
    edited trailer unknown edited | MISMATCHED, its machine-readable line is damaged or was changed
    edited trailer other          | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    edited trailer other   edited | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    cut            us             | MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    cut            us      edited | MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    cut            unknown        | MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    cut            unknown edited | MISSING, a comment looks like evidence, but its last line is not the machine-readable one
    cut            other          | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    cut            other   edited | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    earlier        us             | VALID, the branch is at the verified commit; its form is an earlier one that names no checks
    earlier        us      edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted; its form is an earlier one that names no checks
    earlier        unknown        | VALID, the branch is at the verified commit; its form is an earlier one that names no checks
    earlier        unknown edited | VALID, the branch is at the verified commit; somebody edited the comment after it was posted; its form is an earlier one that names no checks
    earlier        other          | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    earlier        other   edited | MISSING, no comment on the ticket is evidence; besides: MISMATCHED, it is foreign: "mal\u{1b}[2Jlory" posted it
    no heading     us             | MISSING, no comment on the ticket is evidence
    no heading     us      edited | MISSING, no comment on the ticket is evidence
    no heading     unknown        | MISSING, no comment on the ticket is evidence
    no heading     unknown edited | MISSING, no comment on the ticket is evidence
    no heading     other          | MISSING, no comment on the ticket is evidence
    no heading     other   edited | MISSING, no comment on the ticket is evidence
    "#);
}
