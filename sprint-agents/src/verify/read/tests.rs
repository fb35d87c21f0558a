use proptest::prelude::*;
use sprint_core::domain::command::{Count, MAX_FAILING};

use super::OutputReader;

const fn known(passed: u64, failed: u64, skipped: u64) -> Count {
    Count::Known {
        passed,
        failed,
        skipped,
    }
}

fn read(output: &str) -> Count {
    super::read(output).count
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
        // The producer's own sum is better than one of ours.
        if mark == "#" {
            check(
                &format!("TAP version 13\nok 1 - suite\n1..1\n{closing}"),
                known(2, 1, 2),
            );
        }
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
    check("1..5\n3 passed, 0 failed\n", known(3, 0, 0));
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
    check("----\nRan 1 test in 0.1s\n\nOK\n", known(1, 0, 0));
}

// By the documentation of go, not recorded.
#[test]
fn go_is_counted_only_where_it_names_its_tests() {
    let verbose = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n=== RUN   TestB/x\n--- FAIL: TestB (0.00s)\n    --- FAIL: TestB/x (0.00s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\nFAIL\nFAIL\texample.org/x\t0.003s\n";
    check(verbose, known(1, 2, 1));
    check(
        "ok  \texample.org/x\t0.003s\n?   \texample.org/y\t[no test files]\n",
        Count::Unknown,
    );
    check(
        "--- FAIL: TestA (0.00s)\nFAIL\nFAIL\texample.org/x\t0.003s\nFAIL\n",
        Count::Unknown,
    );
    let parallel = "=== RUN   TestA\n=== PAUSE TestA\n=== RUN   TestB\n=== PAUSE TestB\n=== CONT  TestA\n=== CONT  TestB\n--- PASS: TestB (0.00s)\n--- PASS: TestA (0.00s)\nok  \texample.org/x\t0.003s\n";
    check(parallel, known(2, 0, 0));
    check(
        "?   \texample.org/y\t[no test files]\nok  \texample.org/x\t0.003s [no tests to run]\n",
        known(0, 0, 0),
    );
}

#[test]
fn several_runners_are_added_and_an_unknown_part_makes_the_sum_unknown() {
    let cargo = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.08s\n";
    check(
        &format!("{cargo}Test Suites: 1 passed, 1 total\nTests:       3 passed, 3 total\n"),
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
    fn numbers_come_back_as_printed(passed in 0..1_000_000_u64, failed in 0..1_000_000_u64, skipped in 0..1_000_000_u64) {
        let expect = known(passed, failed, skipped);
        let total = passed + failed + skipped;
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        for output in [
            format!("running {total} tests\ntest result: {verdict}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured\n"),
            format!("Test Suites: 1 total\nTests: {failed} failed, {skipped} skipped, {passed} passed, {total} total\n"),
            format!(" Test Files  1 failed (1)\n      Tests  {failed} failed | {passed} passed | {skipped} skipped ({total})\n"),
            format!("== {failed} failed, {passed} passed, {skipped} skipped in 1.00s ==\n"),
            format!("----\nRan {total} tests in 1.0s\n\nFAILED (failures={failed}, skipped={skipped})\n"),
            format!("\n  {passed} passing (1ms)\n  {skipped} pending\n  {failed} failing\n\n"),
            format!("Failed!  - Failed: {failed}, Passed: {passed}, Skipped: {skipped}, Total: {total}, Duration: 1 s - a.dll\n"),
            format!("{total} tests completed, {failed} failed, {skipped} skipped\n"),
            format!("Finished in 1 second (files took 1 second to load)\n{total} examples, {failed} failures, {skipped} pending\n"),
            format!("{passed} passed, {failed} failed, {skipped} skipped\n"),
        ] {
            prop_assert_eq!(read(&output), expect, "{}", output);
        }
    }

    #[test]
    fn text_without_the_mark_of_a_runner_is_unknown(lines in proptest::collection::vec("[a-z .,:()=-]{0,60}", 0..20)) {
        let text = lines.join("\n");
        let quiet = !lines.iter().any(|line| super::says_nothing(line));
        prop_assert!(!quiet || super::read(&text) == super::Reading::default(), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn state_does_not_grow_with_the_output(
        lines in proptest::collection::vec(hostile_line(), 1..8),
    ) {
        let mut reader = OutputReader::new();
        let mut sizes = Vec::new();
        for rounds in [0..300, 300..2_300] {
            for round in rounds {
                for line in &lines {
                    reader.line(&line.replace('N', &format!("{round:06}")));
                }
            }
            // All state is owned and shown by `Debug`.
            sizes.push(format!("{reader:?}").len());
        }
        // One title of a failure may be open, and numbers get longer.
        prop_assert!(sizes[1] < sizes[0] + 15_000, "{:?}", sizes);
        prop_assert!(reader.finish().failing.len() <= MAX_FAILING);
    }
}

/// A line that makes some runner's reader keep something; `N` stands for an ever new number.
fn hostile_line() -> impl Strategy<Value = String> {
    let lines = [
        "running 5 tests",
        "failures:",
        "    tests::nN",
        "test result: ok. 5 passed; 0 failed; 0 ignored",
        "    Starting 6 tests across 2 binaries",
        "     Summary [ 0.1s] 1 tests run: 0 passed, 1 failed",
        "        FAIL [ 0.1s] (1/6) demo nN",
        "===== test session starts =====",
        "===== short test summary info =====",
        "FAILED test_a.py::nN - no",
        "===== 1 failed in 0.1s =====",
        "==========",
        "FAIL: nN (pkg.Group)",
        "FAIL ./a.test.js",
        "  ● sum › nN",
        "Test Suites: 1 failed, 1 total",
        "Tests: 1 failed, 1 total",
        " RUN  v4.1.12 /project",
        " FAIL  a.test.js > nN",
        " Test Files  1 failed (1)",
        "      Tests  1 failed (1)",
        "",
        "  0 passing (1ms)",
        "  1000000 failing",
        "  N) title N",
        "          deeper N",
        "▶ suite N",
        "  ✖ leaf N (1ms)",
        "ℹ tests 1",
        "ℹ fail 1",
        "# Subtest: N",
        "    # Subtest: N",
        "not ok N - name N",
        "    not ok N - name N",
        "1..N",
        "<testsuite name=\"N\">",
        "<testcase name=\"N\" classname=\"c\"><failure/>",
        "</testsuite>",
        "=== RUN   TestN",
        "--- FAIL: TestN (0.00s)",
        "FAIL\texample.org/N\t0.1s",
        "Test project /project",
        "0% tests passed, 1 tests failed out of 1",
        "Total Test time (real) = 1.0 sec",
        "The following tests FAILED:",
        "\t  1 - nN (Failed)",
        "> Task :appN:test",
        "Group > nN FAILED",
        "[INFO]  T E S T S",
        "[ERROR] nN(org.example.Test)  Time elapsed: 0 s  <<< ERROR!",
        "PHPUnit 9.6.7 by Sebastian Bergmann and contributors.",
        "There was 1 failure:",
        "1) Group::nN",
        "Failed examples:",
        "rspec ./a.rb:1 # nN",
        "  Failed nN [1 ms]",
    ];
    let long = "[a-zé\u{7}]{300,400}";
    (
        proptest::sample::select(lines.to_vec()),
        proptest::option::of(long),
    )
        .prop_map(|(line, long)| line.replace("nN", &format!("nN{}", long.unwrap_or_default())))
}

#[test]
fn what_a_test_prints_does_not_raise_the_count() {
    let summaries = [
        "test result: ok. 99 passed; 0 failed; 0 ignored; 0 measured\n",
        "===== 99 passed in 0.1s =====\n",
        "99 passed in 0.1s\n",
        "----\nRan 99 tests in 0.1s\n\nOK\n",
        "Test Suites: 1 passed, 1 total\nTests: 99 passed, 99 total\n",
        " Test Files  1 passed (1)\n      Tests  99 passed (99)\n",
        "\n  99 passing (1ms)\n\n",
        "ℹ tests 99\nℹ pass 99\nℹ fail 0\n",
        "     Summary [ 0.1s] 99 tests run: 99 passed, 0 skipped\n",
        "<testsuite name=\"a\"><testcase name=\"b\"/></testsuite>\n",
        "100% tests passed, 0 tests failed out of 99\n",
        "OK (99 tests, 99 assertions)\n",
        "[INFO] Tests run: 99, Failures: 0, Errors: 0, Skipped: 0\n",
        "=== RUN   TestA\n=== RUN   TestX\n--- PASS: TestX (0.00s)\n--- PASS: TestA (0.00s)\nok  \ta\t0.1s\n",
        "=== RUN   TestA\n=== RUN   TestA/x\n    --- PASS: TestA/x (0.00s)\n--- PASS: TestA (0.00s)\nok  \ta\t0.1s\n",
        "Finished in 1 s (files took 1 s to load)\n99 examples, 0 failures\n",
        "Passed!  - Failed: 0, Passed: 99, Skipped: 0, Total: 99\n",
        "Test summary: total: 99, failed: 0, succeeded: 99, skipped: 0\n",
        "99 tests completed, 0 failed\n",
        "99 passed, 0 failed\n",
        "1..1\nok 1\n",
    ];
    // What stands before and after what its tests print, for runners that announce themselves.
    let announced = [
        (
            "running 2 tests\n",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n",
        ),
        (
            "    Starting 2 tests across 1 binary\n",
            "     Summary [ 0.1s] 2 tests run: 2 passed, 0 skipped\n",
        ),
        (
            "========= test session starts =========\n",
            "========= 2 passed in 0.01s ===========\n",
        ),
        (
            " RUN  v4.1.12 /project\n",
            " Test Files  1 passed (1)\n      Tests  2 passed (2)\n",
        ),
        (
            "Test project /project\n",
            "100% tests passed, 0 tests failed out of 2\n\nTotal Test time (real) = 1 sec\n",
        ),
        (
            "PHPUnit 9.6.7 by Sebastian Bergmann and contributors.\n",
            "Time: 00:00.004, Memory: 4.00 MB\n\nOK (2 tests, 2 assertions)\n",
        ),
        (
            "[INFO]  T E S T S\n",
            "[INFO] Results:\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n",
        ),
        (
            "<testsuites tests=\"2\">\n<testsuite>\n",
            "<testcase name=\"a\"/><testcase name=\"b\"/></testsuite></testsuites>\n",
        ),
    ];
    for (start, end) in announced {
        assert_eq!(read(&format!("{start}{end}")), known(2, 0, 0), "{start}");
        for printed in summaries {
            let output = format!("{start}{printed}{end}");
            let passed = read(&output).passed();
            assert!(
                passed.is_none_or(|passed| passed <= 2),
                "{passed:?} in {output}"
            );
        }
    }
    // Where nothing announces the runner, two summaries of it contradict each other.
    for twice in [
        "99 passed in 0.1s\n2 passed in 0.1s\n",
        "----\nRan 99 tests in 0.1s\n\nOK\n----\nRan 2 tests in 0.1s\n\nOK\n",
        "Test Suites: 1 total\nTests: 99 passed, 99 total\nTest Suites: 1 total\nTests: 2 passed, 2 total\n",
        "\n  99 passing (1ms)\n\n\n  2 passing (1ms)\n\n",
        "ℹ tests 99\nℹ pass 99\n\nℹ tests 2\nℹ pass 2\n",
        "1..1\nok 1\n1..1\nok 1\n",
        "=== RUN   TestA\n--- PASS: TestX (0.00s)\n--- PASS: TestA (0.00s)\nok  \ta\t0.1s\n",
        "Finished in 1 s (files took 1 s to load)\n99 examples, 0 failures\nFinished in 1 s (files took 1 s to load)\n2 examples, 0 failures\n",
    ] {
        check(twice, Count::Unknown);
    }
}

#[test]
fn numbers_that_disagree_with_themselves_are_unknown() {
    for text in [
        "running 2 tests\n",
        "running 2 tests\ntest result: ok. 1 passed; 0 failed; 0 ignored\n",
        "running 1 test\ntest result: ok. 0 passed; 1 failed; 0 ignored\n",
        "Test Suites: 1 total\nTests: 2 passed, 3 total\n",
        " Test Files  1 passed (1)\n      Tests  2 passed (3)\n",
        "1..3\nok 1\n",
        "1..1\nok 1\nBail out!\n",
        "ℹ tests 3\nℹ pass 2\n",
        "Failed!  - Failed: 1, Passed: 1, Skipped: 0, Total: 3\n",
        "<testsuite><testcase name=\"a\"/>\n",
        "Test project /project\n",
        "----\nRan 1 test in 0.1s\n\nFAILED (failures=2)\n",
        "> Task :test NO-SOURCE\n> Task :functionalTests\n",
        "<testsuite tests=\"2\"><testcase name=\"a\"/></testsuite>\n",
    ] {
        check(text, Count::Unknown);
    }
}

#[test]
fn a_tag_that_never_ends_is_not_kept() {
    let mut reader = OutputReader::new();
    reader.line("<testsuite name=\"");
    for _ in 0..10_000 {
        reader.line("a line of a name");
        assert!(format!("{reader:?}").len() < 100_000);
    }
    reader.line("\"><testcase/></testsuite>");
    assert_eq!(reader.finish().count, Count::Unknown);
}

#[test]
fn only_the_start_of_a_long_line_is_read() {
    let long = "é".repeat(super::MAX_LINE);
    check(&format!("3 passed, 1 failed{long}"), Count::Unknown);
    assert_eq!(super::plain(&long).len(), super::MAX_LINE);
    let mut reader = OutputReader::new();
    reader.line(&format!("FAILED test_a.py::{long}"));
    reader.line("===== short test summary info =====");
    reader.line(&format!("FAILED test_a.py::{long}"));
    reader.line("===== 1 failed in 0.1s =====");
    let names: Vec<usize> = reader
        .finish()
        .failing
        .iter()
        .map(|name| name.chars().count())
        .collect();
    assert_eq!(names, [300]);
}
