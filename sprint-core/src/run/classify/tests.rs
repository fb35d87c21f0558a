use proptest::prelude::*;

use super::*;
use crate::domain::verdict::FindingKind::{
    MissingDependency, MissingFile, RateLimit, TestFailure, Timeout, TypeError,
};

fn kind(text: &str) -> FindingKind {
    classify(Some(CheckKind::Test), text)
}

const TABLE: &[(FindingKind, &str)] = &[
    (
        RateLimit,
        "npm ERR! 429 Too Many Requests - GET https://registry.npmjs.org/x",
    ),
    (RateLimit, "API Error: 429 {\"type\":\"error\"}"),
    (RateLimit, "remote: API rate limit exceeded for user ID 1."),
    (RateLimit, "request failed with HTTP status 429."),
    (TestFailure, "assertion failed: left: 429, right: 430"),
    (TestFailure, "HTTP body had 4290 bytes"),
    (
        MissingDependency,
        "Error: Cannot find module 'zod'\nRequire stack:",
    ),
    (
        MissingDependency,
        "Module not found: Error: Can't resolve './x'",
    ),
    (MissingDependency, "sh: 1: vitest: not found"),
    (
        MissingDependency,
        "error[E0463]: can't find crate for `serde`",
    ),
    (
        MissingDependency,
        "error[E0432]: unresolved import `crate::config`",
    ),
    (
        MissingDependency,
        "error[E0433]: failed to resolve: use of unresolved module or unlinked crate `rand`",
    ),
    (
        MissingDependency,
        "E   ModuleNotFoundError: No module named 'requests'",
    ),
    (
        MissingDependency,
        "ImportError: cannot import name 'x' from 'app'",
    ),
    (
        MissingDependency,
        "main.go:4:2: no required module provides package github.com/x/y",
    ),
    (
        MissingDependency,
        "main.go:3:8: cannot find package \"x\" in any of:",
    ),
    (
        MissingDependency,
        "App.java:3: error: package org.junit does not exist",
    ),
    (
        TypeError,
        "src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    (TypeError, "Type 'A' is not assignable to type 'B'."),
    (TypeError, "error[E0308]: mismatched types"),
    (
        TypeError,
        "error[E0502]: cannot borrow `v` as mutable because it is also borrowed as immutable",
    ),
    (TypeError, "a.py:3: error: Incompatible types in assignment"),
    (TypeError, "./main.go:7:2: undefined: Frobnicate"),
    (
        TypeError,
        "./main.go:9:12: cannot use x (variable of type int) as string value in argument",
    ),
    (TestFailure, "ReferenceError: undefined: x"),
    (
        TestFailure,
        "TypeError: Cannot read properties of null (reading 'id')",
    ),
    (MissingFile, "Error: ENOENT: open 'fixtures/a.json'"),
    (
        MissingFile,
        "thread 'x' panicked: Os { code: 2, message: \"No such file or directory\" }",
    ),
    (Timeout, "Error: connect ETIMEDOUT 10.0.0.1:443"),
    (Timeout, "Error: Test timeout of 5000ms exceeded."),
    (Timeout, "E   Failed: Timed out after 3s"),
    (TestFailure, "test tests::adds ... FAILED"),
    (TestFailure, ""),
];

#[test]
fn each_stack_maps_to_the_same_six_classes() {
    for (expected, text) in TABLE {
        assert_eq!(kind(text), *expected, "{text}");
    }
}

#[test]
fn the_first_class_wins_whatever_the_order_of_lines() {
    let text = "Error: timeout\nENOENT: no such file\nCannot find module 'x'";
    assert_eq!(kind(text), MissingDependency);
}

#[test]
fn what_has_no_class_is_named_after_the_check() {
    let kinds = CheckKind::ALL.map(|check| classify(Some(check), "something broke"));
    assert_eq!(
        kinds,
        [
            FindingKind::BuildError,
            FindingKind::LintError,
            TypeError,
            TestFailure,
        ]
    );
    assert_eq!(classify(None, "something broke"), FindingKind::Unknown);
}

#[test]
fn only_failures_at_the_end_count() {
    let early = format!("Cannot find module 'x'\n{}", "noise\n".repeat(50));
    assert_eq!(kind(&early), TestFailure);
    let passing =
        "test retries_after_timeout ... ok\n ✓ honours the rate limit (3 ms)\ntest b ... FAILED";
    assert_eq!(kind(passing), TestFailure);
    assert_eq!(
        kind("\u{1b}[31mCannot find\u{1b}[0m module 'x'"),
        MissingDependency
    );
}

#[test]
fn signatures_lose_what_varies() {
    let shown: Vec<String> = [
        "   Compiling app v0.1.0\n\u{1b}[1m\u{1b}[31merror[E0308]\u{1b}[0m: mismatched types\n --> src/a.rs:12:5",
        "running 2 tests\ntest a ... ok\ntest deep::b ... FAILED",
        "/w/ENG-1/src/a.ts(12,5): error TS2322: Type 'string' is not assignable",
        "/w/ENG-1/src/a.js:12:5\tAssertionError: expected 3 to be 4  (took 12.5ms)",
        "error: commit 9fceb02d0ae598e95dc970b74767f19372d61af8 not found in 3 seconds",
        "Error: user 123e4567-e89b-12d3-a456-426614174000 at 0x7ffee3b1 failed",
        "FAIL src/item_12.test.ts > adds 3 items",
        "\r50%\rError: deadbeef and facade and 1234567",
        "nothing said",
        "",
    ]
    .iter()
    .map(|text| signature(text, "/w/ENG-1/"))
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
        error[en]: mismatched types
        test deep::b ... failed
        src/a.ts: error tsn: type 'string' is not assignable
        src/a.js assertionerror: expected n to be n (took )
        error: commit not found in
        error: user at failed
        fail src/item_n.test.ts > adds n items
        error: deadbeef and facade and n
        nothing said
        ");
}

#[test]
fn the_same_failure_elsewhere_has_the_same_signature() {
    let a = signature(
        "/w/A-1/src/x.rs:3:1: error: took 12ms, id 9fceb02",
        "/w/A-1",
    );
    let b = signature(
        "/w/A-1-r2/src/x.rs:47:22: error: took 3s, id 1aceb99f",
        "/w/A-1-r2",
    );
    assert_eq!(a, b);
    assert_ne!(
        a,
        signature("src/y.rs:3:1: error: took 12ms, id 9fceb02", "/w/A-1")
    );
}

proptest! {
    #[test]
    fn signatures_are_short_single_lines_without_digits(text in any::<String>(), path: String) {
        let signature = signature(&text, &path);
        prop_assert!(signature.chars().count() <= 200);
        prop_assert!(!signature.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_control()));
    }

    #[test]
    fn line_numbers_and_times_never_matter(
        line in 1u32..99_999, column in 1u32..999, took in 0u32..100_000, padding in "[ -~\n]{0,80}"
    ) {
        let text = |l, c, t| format!("src/a.rs:{l}:{c}: error: slow ({t}ms)\n{padding}");
        prop_assert_eq!(
            signature(&text(line, column, took), "/w"),
            signature(&text(1, 2, 3), "/w")
        );
        classify(None, &padding);
    }
}
