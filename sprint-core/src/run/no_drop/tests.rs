use proptest::prelude::*;

use super::*;

const NONE: [u32; 0] = [];

fn judge(base: &str, ours: &str, theirs: &str, resolved: &str) -> NoDrop {
    judge_with(base, ours, theirs, resolved, &[])
}

fn judge_with(base: &str, ours: &str, theirs: &str, resolved: &str, waivers: &[Waiver]) -> NoDrop {
    judge_absent(
        Some(base),
        Some(ours),
        Some(theirs),
        Some(resolved),
        waivers,
    )
}

fn judge_absent(
    base: Option<&str>,
    ours: Option<&str>,
    theirs: Option<&str>,
    resolved: Option<&str>,
    waivers: &[Waiver],
) -> NoDrop {
    let path = RepoPath::from("f");
    let file = FileMerge {
        path: &path,
        base,
        ours,
        theirs,
        resolved,
    };
    NoDrop::judge([file], waivers)
}

fn waiver(what: &str, reason: &str) -> Waiver {
    Waiver {
        path: RepoPath::from("f"),
        what: what.to_owned(),
        reason: reason.to_owned(),
    }
}

/// What is lost, as `side line: text`.
fn lost(judged: &NoDrop) -> Vec<String> {
    let show = |d: &Dropped| {
        let back = if d.loss == Loss::Dropped { "" } else { " back" };
        format!("{:?}{back} {}: {}", d.side, d.line, d.text)
    };
    judged.dropped.iter().map(show).collect()
}

#[test]
fn resolutions_that_keep_both() {
    #[rustfmt::skip]
    let table = [
        ("both params", "fn f(a: A) {}", "fn f(a: A, b: B) {}", "fn f(a: A, c: C) {}", "fn f(a: A, b: B, c: C) {}"),
        ("over several lines", "fn f(a: A) {}", "fn f(a: A, b: B) {}", "fn f(a: A, c: C) {}", "fn f(\n    a: A,\n    b: B,\n    c: C,\n) {}"),
        ("both made it async", "fn f(a) {}", "async fn f(a, b) {}", "async fn f(a, c) {}", "async fn f(a, b, c) {}"),
        ("params of one type", "def f(a: int):", "def f(a: int, n: int):", "def f(a: int, m: int):", "def f(a: int, n: int, m: int):"),
        ("imports, js", "import { A } from './x'", "import { A, B } from './x'", "import { A, C } from \"./x\"", "import { A, B, C } from './x'"),
        ("imports, rust", "use a::A;", "use a::{A, B};", "use a::{A, B, C};", "use a::{A, B, C};"),
        ("imports, python", "import os\n", "import os\nimport re\n", "import os\nimport sys\n", "import os\nimport re\nimport sys\n"),
        ("the same import", "import os\n", "import os\nimport re\n", "import re\nimport os\n", "import os\nimport re\n"),
        ("json", "{\n \"a\": \"1\"\n}", "{\n \"a\": \"1\",\n \"b\": \"2\"\n}", "{\n \"a\": \"1\",\n \"c\": \"3\"\n}", "{\n \"a\": \"1\",\n \"b\": \"2\",\n \"c\": \"3\"\n}"),
        ("renamed and given a param", "def load():\n  pass", "def load_all():\n  pass", "def load(path):\n  pass", "def load_all(path):\n  pass"),
        ("one reflows, one adds", "f(\n  a,\n  b\n);", "f(a, b);", "f(\n  a,\n  b\n);\nlog(a);", "f(\n  a,\n  b,\n);\nlog(a);"),
        ("one removes, one adds", "a = 1\nb = 2\n", "a = 1\n", "a = 1\nb = 2\nc = 3\n", "a = 1\nc = 3\n"),
        ("one moves a copy", "x = 1\nx = 1\n", "x = 1\n", "x = 1\nx = 1\ny = 1\n", "x = 1\ny = 1\n"),
        ("indented", "a()", "a()\nb()", "if c:\n  a()", "if c:\n\ta()\n\tb()"),
    ];
    for (name, base, ours, theirs, resolved) in table {
        let judged = judge(base, ours, theirs, resolved);
        assert!(judged.holds(), "{name}: {judged}");
        let mirrored = judge(base, theirs, ours, resolved);
        assert!(mirrored.holds(), "{name}, mirrored: {mirrored}");
        assert_eq!(judged.kept(), mirrored.kept());
    }
}

#[test]
fn resolutions_that_lose_something() {
    #[rustfmt::skip]
    let table: [(&str, &str, &str, &str, &[&str]); 11] = [
        ("timeout = 10", "timeout = 20", "timeout = 30", "timeout = 30", &["Ours 1: timeout = 20"]),
        ("timeout = 10", "timeout = 20", "timeout = 30", "timeout = 10", &["Ours 1: timeout = 20", "Theirs 1: timeout = 30"]),
        ("fn f(a: A) {}", "fn f(a: A, b: B) {}", "fn f(a: A, c: C) {}", "fn f(a: A, b: B) {}", &["Theirs 1: fn f(a: A, c: C) {}"]),
        ("x();", "x();\nclose(file);", "x();\nopen(file);", "x();\nopen(file);", &["Ours 2: close(file);"]),
        // Every word of it is there, from the other side.
        ("a = b = x", "a = b = x\ny = x", "a = b = x\nx = y", "a = b = x\nx = y", &["Ours 2: y = x"]),
        ("if a < b {", "if a <= b {", "if a < b {\nlog(a)", "if a < b {\nlog(a)", &["Ours 1: if a <= b {", "Ours back 1: if a < b {"]),
        ("f(a, b)", "f(b, a)", "f(a, b)\ng(c)", "f(a, b)\ng(c)", &["Ours 1: f(b, a)", "Ours back 1: f(a, b)"]),
        // One of three equal lines.
        ("", "retry: 3\nretry: 3\nretry: 3", "", "retry: 3\nretry: 3", &["Ours 3: retry: 3"]),
        ("a\nold()\nb", "a\nb", "a\nold()\nb\nc", "a\nold()\nb\nc", &["Ours back 2: old()"]),
        ("{\n}", "{\n \"b\": 2\n}", "{\n \"c\": 3\n}", "{\n \"c\": 3\n}", &["Ours 2: \"b\": 2"]),
        // A new call of a function that the other side renamed: only a person can know.
        ("load()", "load_all()", "load()\nload(z)", "load_all()\nload_all(z)", &["Theirs 2: load(z)"]),
    ];
    for (base, ours, theirs, resolved, expected) in table {
        let judged = judge(base, ours, theirs, resolved);
        assert_eq!(lost(&judged), expected, "{base:?} {ours:?} {theirs:?}");
        assert!(!judged.holds());
    }
}

#[test]
fn a_waiver_names_the_line_or_a_symbol_and_gives_a_reason() {
    let cases = [
        ("timeout = 20", "30 covers it", true),
        ("  timeout  =  20 ", "30 covers it", true),
        ("`timeout`", "30 covers it", true),
        ("20", "30 covers it", true),
        ("time", "half of a word", false),
        ("=", "no symbol", false),
        ("", "nothing", false),
        ("timeout = 30", "another line", false),
        ("timeout", "  ", false),
    ];
    for (what, reason, waived) in cases {
        let waivers = [waiver(what, reason)];
        let judged = judge_with(
            "timeout = 10",
            "timeout = 20",
            "timeout = 30",
            "timeout = 30",
            &waivers,
        );
        assert_eq!(judged.holds(), waived, "{what:?} {reason:?}");
        assert_eq!(judged.waived.len(), usize::from(waived));
    }
    let elsewhere = Waiver {
        path: RepoPath::from("g"),
        ..waiver("timeout", "30 covers it")
    };
    assert!(!judge_with("", "timeout", "", "", &[elsewhere]).holds());
}

#[test]
fn one_side_changes_a_file_that_the_other_deletes() {
    let (base, changed) = (Some("a\nb"), Some("a\nb\nc = 1"));
    let judge = |resolved, waivers: &[_]| judge_absent(base, None, changed, resolved, waivers);
    assert_eq!(lost(&judge(None, &[])), ["Theirs 3: c = 1"]);
    assert!(judge(None, &[waiver("c", "moved to g")]).holds());
    assert_eq!(lost(&judge(changed, &[])), ["Ours back 1: f"]);
    assert!(!judge(changed, &[waiver("a", "a line is not the file")]).holds());
    assert!(judge(changed, &[waiver("f", "still needed by theirs")]).holds());
    // Both created it.
    let judged = judge_absent(
        None,
        Some("x = 1"),
        Some("y = 2"),
        Some("x = 1\ny = 2"),
        &[],
    );
    assert!(judged.holds(), "{judged}");
    assert_eq!(judged.kept(), 2);
}

#[test]
fn markers_are_told_from_underlines() {
    let conflict = "<<<<<<< ours\na\n||||||| base\nb\n=======\nc\r\n>>>>>>> theirs\r\n";
    assert_eq!(markers(conflict), [1, 3, 5, 7]);
    assert_eq!(markers("Title\n=======\n"), NONE);
    assert_eq!(markers(" <<<<<<< a\n<<<<<<<< b\n======== \n>>>>>>>c"), NONE);
    assert_eq!(markers("Title\n=======\n>>>>>>> theirs"), [2, 3]);

    let left = |base: &str, resolved: &str| {
        let lines = judge(base, base, base, resolved).markers.into_iter();
        lines.map(|(_, line)| line).collect::<Vec<_>>()
    };
    assert_eq!(left("Title\n=======\n", "Title\n=======\n"), NONE);
    assert_eq!(left("a", "a\n=======\n"), [2]);
    assert_eq!(
        left("Title\n=======\n", "Title\n=======\n<<<<<<< x"),
        [2, 3]
    );
    assert!(!judge("a", "a", "a", "a\n=======").holds());
}

#[test]
fn files_of_neither_side_are_outside() {
    let paths = |names: &[&str]| names.iter().map(|n| RepoPath::from(*n)).collect::<Vec<_>>();
    let outside = outside(
        &paths(&["a", "b", "c", "d"]),
        &paths(&["a"]),
        &paths(&["a", "b"]),
        &paths(&["c", "e"]),
    );
    assert_eq!(outside, paths(&["d"]));
}

#[test]
fn people_read_what_is_lost_and_why() {
    let (a, b) = (RepoPath::from("src/pool.rs"), RepoPath::from("README.md"));
    let files = [
        FileMerge {
            path: &a,
            base: Some("timeout = 10\nold()"),
            ours: Some("timeout = 20\nkeep_alive()"),
            theirs: Some("timeout = 30\nold()\nretry(3)"),
            resolved: Some("timeout = 30\nold()\n=======\nkeep_alive()"),
        },
        FileMerge {
            path: &b,
            base: None,
            ours: Some("hello \u{1b}[2J"),
            theirs: None,
            resolved: None,
        },
    ];
    let waivers = [Waiver {
        path: a.clone(),
        what: "timeout".into(),
        reason: "the longer one wins".into(),
    }];
    let judged = NoDrop::judge(files, &waivers);
    insta::assert_snapshot!(judged, @r"
    no-drop proof does not hold: 2 of 5 added lines kept
      src/pool.rs: ours 1 of 2, theirs 1 of 2
      README.md: ours 0 of 1, theirs 0 of 0
    lost:
      src/pool.rs:2 removed by ours, but back: old()
      src/pool.rs:3 added by theirs: retry(3)
      README.md:1 added by ours: hello �[2J
    waived:
      src/pool.rs:1 added by ours: timeout = 20 (the longer one wins)
    conflict markers:
      src/pool.rs:3
    ");
    let json = serde_json::to_string(&judged).unwrap();
    assert_eq!(serde_json::from_str::<NoDrop>(&json).unwrap(), judged);
}

#[test]
fn the_rendering_stays_on_one_screen() {
    let all: String = (0..99)
        .map(|n| format!("line {n}\n<<<<<<< {n}\n"))
        .collect();
    let some: String = all.lines().take(40).flat_map(|line| [line, "\n"]).collect();
    let waivers: Vec<_> = (0..40)
        .map(|n| waiver(&format!("line {n}"), "because"))
        .collect();
    let path = RepoPath::from("f");
    let file = FileMerge {
        path: &path,
        base: None,
        ours: Some(&all),
        theirs: None,
        resolved: Some(&some),
    };
    let shown = NoDrop::judge([file; 20], &waivers).to_string();
    assert!(shown.lines().count() <= 40, "{shown}");
}

/// Lines of three words of few, so that no line is a part of another.
fn side() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[pqr] [pqr] [pqr];", 0..6)
}

fn text(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}

/// What a merge by lines comes to, in some order; what both sides added alike is there `alike`
/// times.
fn union(base: &[String], ours: &[String], theirs: &[String], alike: usize) -> Vec<String> {
    let count = |lines: &[String], line: &String| lines.iter().filter(|l| *l == line).count();
    let lines: BTreeSet<_> = [base, ours, theirs].concat().into_iter().collect();
    let copies = |line: &String| {
        let (b, o, t) = (count(base, line), count(ours, line), count(theirs, line));
        let added = [o.saturating_sub(b), t.saturating_sub(b)];
        let removed = b.saturating_sub(o.min(t));
        let added = if alike == 1 {
            added[0].max(added[1])
        } else {
            added[0] + added[1]
        };
        b + added - removed
    };
    lines
        .into_iter()
        .flat_map(|line| vec![line.clone(); copies(&line)])
        .collect()
}

proptest! {
    #[test]
    fn a_union_of_both_always_holds(base in side(), ours in side(), theirs in side(), alike in 1usize..3) {
        let resolved = union(&base, &ours, &theirs, alike);
        let judged = judge(&text(&base), &text(&ours), &text(&theirs), &text(&resolved));
        prop_assert!(judged.holds(), "{}", judged);
        let tallies = [judged.files[0].ours, judged.files[0].theirs];
        prop_assert!(tallies.iter().all(|t| t.kept == t.added));
    }

    #[test]
    fn no_added_line_with_a_word_of_its_own_can_go(
        base in side(), mut ours in side(), theirs in side(), at in 0usize..6, word in 0usize..3,
    ) {
        let mut line = ["p", "q", "r"];
        line[word] = "own";
        ours.insert(at.min(ours.len()), line.join(" ") + ";");
        let mut resolved = union(&base, &ours, &theirs, 1);
        resolved.retain(|line| !line.contains("own"));
        let (base, ours, theirs) = (text(&base), text(&ours), text(&theirs));
        for judged in [
            judge(&base, &ours, &theirs, &text(&resolved)),
            judge(&base, &theirs, &ours, &text(&resolved)),
        ] {
            prop_assert!(lost(&judged).iter().any(|l| l.contains("own")), "{}", judged);
        }
    }

    #[test]
    fn one_side_alone_fails_if_the_other_added_a_line_of_its_own(
        base in side(), ours in side(), theirs in side(),
    ) {
        let own = theirs.iter().find(|l| !ours.contains(l) && !base.contains(l));
        let judged = judge(&text(&base), &text(&ours), &text(&theirs), &text(&ours));
        if let Some(own) = own {
            prop_assert!(lost(&judged).iter().any(|l| l.ends_with(own.as_str())), "{} {}", own, judged);
        }
        let judged = judge(&text(&base), &text(&ours), &text(&base), &text(&ours));
        prop_assert!(judged.holds(), "{}", judged);
    }

    #[test]
    fn any_text_can_be_judged(
        texts in prop::collection::vec(prop::option::of("([a-c,;(){}'\"<>=|_.1 \r\n\u{0}é]|<<<<<<< |\\PC){0,24}"), 4),
        what in "\\PC{0,4}", reason in "\\PC{0,2}",
    ) {
        let [base, ours, theirs, resolved] = &texts[..] else { unreachable!() };
        let judged = judge_absent(
            base.as_deref(), ours.as_deref(), theirs.as_deref(), resolved.as_deref(),
            &[waiver(&what, &reason)],
        );
        for tally in judged.files.iter().flat_map(|f| [f.ours, f.theirs]) {
            prop_assert!(tally.kept <= tally.added);
        }
        prop_assert!(judged.to_string().lines().count() <= 40);
    }
}
