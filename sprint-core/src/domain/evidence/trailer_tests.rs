use proptest::prelude::*;

use super::*;

fn marker(branch: &str) -> EvidenceMarker {
    EvidenceMarker {
        sprint: SprintId::new("sprint-20260101-000000").unwrap(),
        ticket: TicketId::new("ENG-1").unwrap(),
        branch: BranchName::new(branch).unwrap(),
        commit: CommitId::new("a".repeat(40)).unwrap(),
        tree: TreeId::new("b".repeat(40)).unwrap(),
    }
}

fn known(passed: u64, failed: u64, skipped: u64) -> Count {
    Count::Known {
        passed,
        failed,
        skipped,
    }
}

fn mark(exit: Exit, count: Count) -> CheckMark {
    let output = BlobId::of(b"output");
    CheckMark {
        exit,
        count,
        output,
    }
}

const TEXT: &str = "## Implementation Complete ✓\n\ntext";

fn comment() -> String {
    let checks = [
        (CheckKind::Build, mark(Exit::Code(0), Count::Unknown)),
        (CheckKind::Test, mark(Exit::Code(0), known(41, 0, 1))),
    ];
    EvidenceTrailer::close(TEXT, &marker("worktree-ENG-1->x"), None, checks.into())
}

#[test]
fn the_form_is_the_documented_one() {
    insta::assert_snapshot!(comment(), @r"
    ## Implementation Complete ✓

    text

    <!-- sprint-evidence v=2 sprint=sprint-20260101-000000 ticket=ENG-1 branch=worktree-ENG-1-%3Ex commit=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa tree=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb text=c834a1eacd016315d706f8b32a7fb228c52ea4bc5702b4f598bd28f0074ca9fb build=0:?:e0ee8bb50685e05fa0f47ed04203ae953fdfd055f5bd2892ea186504254f8c3a test=0:41/0/1:e0ee8bb50685e05fa0f47ed04203ae953fdfd055f5bd2892ea186504254f8c3a seal=f521b9aaf3eaf6c5a7b89c4fac41180a1b16bfa7e6a54bd87e4c10efe12ba436 -->
    ");
}

#[test]
fn the_earlier_form_is_still_read() {
    let (commit, tree) = ("a".repeat(40), "b".repeat(40));
    let old = format!(
        "{EVIDENCE_HEADING} ✓\ntext\n<!-- sprint-evidence sprint=sprint-20260101-000000 \
         ticket=ENG-1 branch=worktree-ENG-1-%3Ex commit={commit} tree={tree} -->\n"
    );
    let trailer = EvidenceTrailer::read(&old).unwrap();
    assert_eq!(trailer.marker, marker("worktree-ENG-1->x"));
    assert_eq!(trailer.details, None);
    assert!(old.contains(&trailer.to_string()), "and written as it was");
    assert_eq!(trailer.is_verbatim(&old), None);
}

#[test]
fn only_the_last_line_under_the_heading_counts() {
    let good = comment();
    assert_eq!(
        EvidenceMarker::find(&good),
        Some(marker("worktree-ENG-1->x"))
    );
    let check = |text: &str, expected| {
        assert_eq!(EvidenceTrailer::read(text), Err(expected), "{text}");
    };
    check(&format!("hi\n{good}"), NotEvidence::NoHeading);
    check("", NotEvidence::NoHeading);
    check(EVIDENCE_HEADING, NotEvidence::NoTrailer);
    check(&format!("{good}more\n"), NotEvidence::NoTrailer);
    check(&good.replace("v=2", "v=3"), NotEvidence::UnknownVersion);
    check(&good.replace("v=2 ", ""), NotEvidence::Damaged);
}

#[test]
fn every_altered_field_is_noticed() {
    let good = comment();
    let edits = [
        ("sprint=sprint-2026", "sprint=sprint-2027"),
        ("ticket=ENG-1", "ticket=ENG-2"),
        ("branch=worktree", "branch=other"),
        ("commit=aaaa", "commit=aaab"),
        ("tree=bbbb", "tree=bbba"),
        ("build=0:", "build=00:"),
        ("test=0:", "test=1:"),
        ("41/0/1", "42/0/1"),
        (" build=0:?:", " lint=0:?:"),
        (" seal=", " more=1 seal="),
        (" seal=", "  seal="),
    ];
    for (from, to) in edits {
        let edited = good.replace(from, to);
        assert_ne!(edited, good, "{from}");
        let read = EvidenceTrailer::read(&edited);
        assert_eq!(read, Err(NotEvidence::Damaged), "{from} → {to}");
    }
}

#[test]
fn the_text_is_compared_without_what_storing_changes() {
    let good = comment();
    let trailer = EvidenceTrailer::read(&good).unwrap();
    let same = [
        good.clone(),
        good.replace('\n', "\r\n"),
        good.replace("\n\n", "\n\n\n\n"),
        format!("\n\n{good}\n\n"),
        good.replace("text\n", "text   \n"),
    ];
    for comment in same {
        assert_eq!(EvidenceTrailer::read(&comment).as_ref(), Ok(&trailer));
        assert_eq!(trailer.is_verbatim(&comment), Some(true), "{comment:?}");
    }
    let edited = good.replace("\ntext", "\ntests");
    assert_eq!(EvidenceTrailer::read(&edited).as_ref(), Ok(&trailer));
    assert_eq!(trailer.is_verbatim(&edited), Some(false));
}

fn exits() -> impl Strategy<Value = Exit> {
    prop_oneof![
        any::<i32>().prop_map(Exit::Code),
        any::<i32>().prop_map(Exit::Signal),
        Just(Exit::TimedOut),
        Just(Exit::Silent),
    ]
}

fn counts() -> impl Strategy<Value = Count> {
    prop_oneof![
        Just(Count::Unknown),
        any::<(u64, u64, u64)>().prop_map(|(p, f, s)| known(p, f, s)),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        branch in "[a-zA-Z0-9%<>&!\"'@#=é日/ _-]{1,30}",
        checks in proptest::collection::btree_map(
            proptest::sample::select(CheckKind::ALL.to_vec()),
            (exits(), counts()).prop_map(|(exit, count)| mark(exit, count)),
            0..4,
        ),
        environment in proptest::option::of("[0-9a-f]{64}"),
        text in ".{0,80}",
    ) {
        prop_assume!(BranchName::new(&branch).is_ok());
        let environment = environment.map(|id| EnvironmentId::new(id).unwrap());
        let text = format!("{EVIDENCE_HEADING}\n{text}");
        let comment = EvidenceTrailer::close(&text, &marker(&branch), environment.clone(), checks.clone());
        let read = EvidenceTrailer::read(&comment).unwrap();
        prop_assert_eq!(&read.marker, &marker(&branch));
        prop_assert_eq!(read.is_verbatim(&comment), Some(true));
        let details = read.details.unwrap();
        prop_assert_eq!(details.checks, checks);
        prop_assert_eq!(details.environment, environment);
        let line = comment.lines().next_back().unwrap();
        prop_assert!(line.is_ascii());
        prop_assert_eq!(line.matches(['<', '>', '&', '@', '`']).count(), 2, "{}", line);
    }

    #[test]
    fn no_cut_of_a_comment_is_evidence(at in 0usize..600) {
        let good = comment();
        let end = good.trim_end().len();
        prop_assume!(at < end && good.is_char_boundary(at));
        prop_assert!(EvidenceTrailer::read(&good[..at]).is_err());
    }

    #[test]
    fn no_changed_byte_of_the_trailer_passes(at in 0usize..600, byte in 0x20u8..0x7f) {
        let good = comment();
        let start = good.find(OPEN).unwrap();
        let mut bytes = good.trim_end().as_bytes().to_vec();
        let at = start + at % (bytes.len() - start);
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let edited = String::from_utf8(bytes).unwrap();
        prop_assert!(EvidenceTrailer::read(&edited).is_err(), "{}", edited);
    }

    #[test]
    fn no_text_panics(tail in ".{0,200}") {
        for text in [format!("{EVIDENCE_HEADING}\n{OPEN}{tail}"), format!("{EVIDENCE_HEADING}\n{OPEN}v=2 {tail}{CLOSE}")] {
            prop_assert!(EvidenceTrailer::read(&text).is_err());
        }
    }
}
