use proptest::prelude::*;
use sprint_core::domain::command::Count;

use super::read;

const fn known(passed: u64, failed: u64, skipped: u64) -> Count {
    Count::Known {
        passed,
        failed,
        skipped,
    }
}

fn check(output: &str, expect: Count) {
    assert_eq!(read(output), expect, "{output}");
}

// Recorded from cargo 1.95 and cargo-nextest 0.9.143.
#[test]
fn libtest_is_summed_over_binaries() {
    check(
        "running 4 tests\n\
         test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.08s\n\
         running 1 test\n\
         test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        known(3, 1, 1),
    );
    check(
        "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 5 filtered out; finished in 0.00s\n",
        known(0, 0, 0),
    );
}

#[test]
fn nextest_is_read_from_its_summary() {
    check(
        "    Starting 4 tests across 2 binaries (1 test skipped)\n     Summary [   0.089s] 4 tests run: 3 passed, 1 failed, 1 skipped\nerror: test run failed\n",
        known(3, 1, 1),
    );
    check(
        "────────────\n     Summary [   0.000s] 0 tests run: 0 passed, 5 skipped\nerror: no tests to run\n",
        known(0, 0, 5),
    );
    // By its documentation, not recorded.
    check(
        "     Summary [   1.000s] 3/5 tests run: 2 passed (1 slow), 1 timed out, 2 skipped\n",
        known(2, 1, 2),
    );
}

// Recorded from jest 30, vitest 4.1, mocha 12, tape 5 and node 20.
#[test]
fn javascript_runners_are_read_from_their_summaries() {
    check(
        "Test Suites: 1 failed, 1 total\nTests:       1 failed, 1 skipped, 1 todo, 2 passed, 5 total\nSnapshots:   0 total\n",
        known(2, 1, 2),
    );
    check(
        "No tests found, exiting with code 1\nRun with `--passWithNoTests` to exit with code 0\n",
        known(0, 0, 0),
    );
    check(
        "\u{1b}[2m Test Files \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m\u{1b}[90m (1)\u{1b}[39m\n\
         \u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m\u{1b}[2m | \u{1b}[22m\u{1b}[1m\u{1b}[32m2 passed\u{1b}[39m\u{1b}[22m\u{1b}[2m | \u{1b}[22m\u{1b}[33m1 skipped\u{1b}[39m\u{1b}[2m | \u{1b}[22m\u{1b}[90m1 todo\u{1b}[39m\u{1b}[90m (5)\u{1b}[39m\n",
        known(2, 1, 2),
    );
    check(
        "\u{1b}[31mNo test files found, exiting with code 1\n\u{1b}[39m",
        known(0, 0, 0),
    );
    check(
        "\n\n  x\n    ✔ a\n    1) c\n    - d\n\n\n  2 passing (4ms)\n  1 pending\n  1 failing\n\n  1) x\n",
        known(2, 1, 1),
    );
    check("\n\n  0 passing (1ms)\n\n", known(0, 0, 0));
    for mark in ["#", "ℹ"] {
        let closing = [
            "tests 5",
            "suites 0",
            "pass 2",
            "fail 1",
            "cancelled 0",
            "skipped 1",
            "todo 1",
            "duration_ms 102.197093",
        ];
        let closing = closing.map(|line| format!("{mark} {line}\n")).concat();
        check(&closing, known(2, 1, 2));
        check(
            &format!("TAP version 13\nok 1 - suite\n1..1\n{closing}"),
            known(2, 1, 2),
        );
    }
    check(
        "TAP version 13\n# a\nok 1 should be truthy\nnot ok 2 should be truthy\nok 3 s # SKIP\n\n1..3\n# tests 3\n# pass  2\n# fail  1\n",
        known(2, 1, 0),
    );
}

// By the TAP specification, not recorded.
#[test]
fn tap_points_are_counted_where_nothing_adds_them_up() {
    check(
        "TAP version 14\n1..5\nok 1 - a\n    ok 1 - inside\n    1..1\nnot ok 2\nok 3 # SKIP no network\nnot ok 4 - x # TODO later\nok\n",
        known(2, 1, 2),
    );
    check("1..0 # SKIP nothing here\n", known(0, 0, 0));
    check("ok 1\nok 2\n", Count::Unknown);
}

// Recorded from pytest 9 and Python 3.11.
#[test]
fn python_runners_are_read_from_their_summaries() {
    check(
        "FAILED test_x.py::U::test_f - AssertionError: None\n============== 2 failed, 2 passed, 2 skipped, 1 xfailed in 0.03s ===============\n",
        known(2, 2, 3),
    );
    check(
        "2 failed, 2 passed, 2 skipped, 1 xfailed in 0.03s\n",
        known(2, 2, 3),
    );
    check(
        "======================= 1 passed, 6 deselected in 0.01s ========================\n",
        known(1, 0, 0),
    );
    check(
        "============================ 7 deselected in 0.01s =============================\n",
        known(0, 0, 0),
    );
    check(
        "============================ no tests ran in 0.00s =============================\n",
        known(0, 0, 0),
    );
    check(
        "----\nRan 3 tests in 0.000s\n\nFAILED (failures=1, skipped=1)\n",
        known(1, 1, 1),
    );
    check("----\nRan 0 tests in 0.000s\n\nOK\n", known(0, 0, 0));
    // By their documentation, not recorded.
    check(
        "=== 3 passed, 2 warnings in 65.10s (0:01:05) ===\n",
        known(3, 0, 0),
    );
    check("Ran 1 test in 0.1s\n\nOK\n", known(1, 0, 0));
}

// By the documentation of go, not recorded.
#[test]
fn go_is_counted_only_where_it_names_its_tests() {
    let verbose = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n=== RUN   TestB/x\n    --- FAIL: TestB/x (0.00s)\n--- FAIL: TestB (0.00s)\n--- SKIP: TestC (0.00s)\nFAIL\nFAIL\texample.org/x\t0.003s\n";
    check(verbose, known(1, 2, 1));
    check(
        "ok  \texample.org/x\t0.003s\n?   \texample.org/y\t[no test files]\n",
        Count::Unknown,
    );
    check(
        "--- FAIL: TestA (0.00s)\nFAIL\nFAIL\texample.org/x\t0.003s\nFAIL\n",
        Count::Unknown,
    );
    check(
        "?   \texample.org/y\t[no test files]\nok  \texample.org/x\t0.003s [no tests to run]\n",
        known(0, 0, 0),
    );
}

#[test]
fn several_runners_are_added_and_an_unknown_part_makes_the_sum_unknown() {
    let cargo = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.08s\n";
    check(
        &format!("{cargo}Tests:       3 passed, 3 total\n"),
        known(5, 0, 0),
    );
    check(
        &format!("{cargo}ok  \texample.org/x\t0.003s\n"),
        Count::Unknown,
    );
}

#[test]
fn a_plain_closing_line_counts_only_as_the_last_line_and_alone() {
    check("hello\n3 passed, 1 failed\n\n", known(3, 1, 0));
    check("3 passed, 0 failed, 2 skipped", known(3, 0, 2));
    check("3 passed, 1 failed\nbye\n", Count::Unknown);
    check("3 passed, 1 failed to start\n", Count::Unknown);
}

#[test]
fn output_without_numbers_is_unknown() {
    for text in [
        "",
        "\n",
        "all good\n",
        "Tests: fine\n",
        "1..x\n",
        "99999999999999999999 passed, 0 failed\n",
    ] {
        check(text, Count::Unknown);
    }
}

proptest! {
    #[test]
    fn any_text_is_fine(text: String) {
        read(&text);
    }

    #[test]
    fn text_that_looks_like_summaries_is_fine(
        pieces in proptest::collection::vec(prop_oneof![
            Just("test result: ok. "), Just("Summary ["), Just("tests run: "), Just("Tests:"), Just("Tests  "),
            Just(" total"), Just("  3 passing "), Just("# pass "), Just("ok "), Just("not ok"), Just("1.."),
            Just("Ran "), Just(" tests in "), Just("OK"), Just("FAILED ("), Just("failures="), Just(" in 1s"),
            Just("18446744073709551615"), Just(" passed"), Just(", "), Just("("), Just(")"), Just("\n"),
            Just("\u{1b}["), Just("é"), Just("--- "), Just("=== RUN "), Just("ok  \t"),
        ], 0..20),
    ) {
        read(&pieces.concat());
    }

    #[test]
    fn numbers_come_back_as_printed(passed: u64, failed: u64, skipped: u64) {
        let expect = known(passed, failed, skipped);
        prop_assert_eq!(read(&format!("test result: FAILED. {passed} passed; {failed} failed; {skipped} ignored; 0 measured\n")), expect);
        prop_assert_eq!(read(&format!("Tests: {failed} failed, {skipped} skipped, {passed} passed, 9 total\n")), expect);
        prop_assert_eq!(read(&format!("== {failed} failed, {passed} passed, {skipped} skipped in 1.00s ==\n")), expect);
        prop_assert_eq!(read(&format!("{passed} passed, {failed} failed, {skipped} skipped\n")), expect);
    }
}
