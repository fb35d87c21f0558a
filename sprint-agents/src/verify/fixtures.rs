//! What is read from the recorded outputs in `tests/fixtures`, all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files, read};

fn directory(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(of)
}

fn entries(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// One paragraph per tool: a line per fixture, and under it whatever else was read.
fn table(of: &str, read: impl Fn(&str) -> Vec<String>) -> String {
    let mut lines = Vec::new();
    for tool in entries(&directory(of)) {
        lines.push(tool.file_name().unwrap().to_string_lossy().into_owned());
        for case in entries(&tool) {
            let said = read(&fs::read_to_string(&case).unwrap());
            let name = case.file_stem().unwrap().to_string_lossy();
            lines.push(format!("  {name}: {}", said[0]));
            lines.extend(said[1..].iter().map(|more| format!("    {more}")));
        }
    }
    lines.join("\n")
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of all fixtures")]
fn runners() {
    let table = table("runners", |output| {
        let reading = read::read(output);
        let names = reading.failing.into_iter();
        [reading.count.to_string()]
            .into_iter()
            .chain(names)
            .collect()
    });
    insta::assert_snapshot!(table, @r#"
    ctest
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 1 passed, 3 failed, 2 skipped
        missing
        slow
        wrong.case
      output-on-failure: 1 passed, 3 failed, 2 skipped
        missing
        slow
        wrong.case
      pass: 2 passed, 0 failed, 0 skipped
      verbose: 1 passed, 3 failed, 2 skipped
        missing
        slow
        wrong.case
    dotnet
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 4 passed, 2 failed, 1 skipped
        Demo.Tests.Sums.Each(text: "a [b]", number: 2)
        Demo.Tests.Sums.IsWrong
      pass: 2 passed, 0 failed, 0 skipped
      printed: no count in the output
      terminal: 2 passed, 1 failed, 1 skipped
    go
      build-failed-json: no count in the output
      build-failed: no count in the output
      empty-json: 0 passed, 0 failed, 0 skipped
      empty-verbose: 0 passed, 0 failed, 0 skipped
      empty: 0 passed, 0 failed, 0 skipped
      failed-json: 3 passed, 2 failed, 1 skipped
        TestWrong
        TestWrong/one_case
      failed-verbose: 3 passed, 2 failed, 1 skipped
        TestWrong
        TestWrong/one_case
      failed: no count in the output
        TestWrong
        TestWrong/one_case
      mixed-json: no count in the output
        TestWrong
        TestWrong/one_case
      mixed-verbose: no count in the output
        TestWrong
        TestWrong/one_case
      mixed: no count in the output
        TestWrong
        TestWrong/one_case
      pass-json: 2 passed, 0 failed, 0 skipped
      pass-verbose: 2 passed, 0 failed, 0 skipped
      pass: no count in the output
    gradle
      colour: 2 passed, 2 failed, 1 skipped
        org.example.DemoTest > raises
        org.example.DemoTest > wrong
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 2 passed, 2 failed, 1 skipped
        org.example.DemoTest > raises
        org.example.DemoTest > wrong
      modern: 2 passed, 2 failed, 1 skipped
        DemoTest > each(int) > [2] 2
        DemoTest > wrong()
      one-silent: no count in the output
        DemoTest > wrong()
      pass: no count in the output
      quiet: 2 passed, 2 failed, 1 skipped
    jest
      colour: 2 passed, 2 failed, 2 skipped
        alone
        sum > of text > fails > with a mark (5 ms)
      empty: 0 passed, 0 failed, 0 skipped
      mixed-verbose: 2 passed, 2 failed, 2 skipped
        alone
        sum > of text > fails > with a mark (5 ms)
      mixed: 2 passed, 2 failed, 2 skipped
        alone
        sum > of text > fails > with a mark (5 ms)
      pass: 2 passed, 0 failed, 0 skipped
      verbose: 2 passed, 0 failed, 0 skipped
    junit
      mocha: no count in the output
        alone
        hooks > "before all" hook: set up for "never"
        sum of text > fails (5ms)
      node: 1 passed, 3 failed, 2 skipped
        test > alone
        test > child
        test > fails # of 3
    libtest
      colour: 4 passed, 3 failed, 2 skipped
        broken
        tests::panics
        tests::wrong
      empty: 0 passed, 0 failed, 0 skipped
      mixed-quiet: 4 passed, 3 failed, 2 skipped
        broken
        tests::panics
        tests::wrong
      mixed: 4 passed, 3 failed, 2 skipped
        broken
        tests::panics
        tests::wrong
      nocapture-one-thread: 2 passed, 2 failed, 2 skipped
        tests::panics
        tests::wrong
      nocapture: 2 passed, 2 failed, 2 skipped
        tests::panics
        tests::wrong
      pass: 4 passed, 0 failed, 0 skipped
      quiet: 4 passed, 0 failed, 0 skipped
    maven
      colour: 2 passed, 2 failed, 1 skipped
        org.example.DemoTest.raises
        org.example.DemoTest.wrong
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 2 passed, 2 failed, 1 skipped
        org.example.DemoTest.raises
        org.example.DemoTest.wrong
      pass: 2 passed, 0 failed, 0 skipped
      quiet: no count in the output
        org.example.DemoTest.raises
        org.example.DemoTest.wrong
      skipped: 0 passed, 0 failed, 0 skipped
      surefire-3: 1 passed, 2 failed, 0 skipped
        org.example.DemoTest.each(int)[2]
        org.example.DemoTest.wrong
    mocha
      colour: 1 passed, 3 failed, 2 skipped
        alone
        hooks > "before all" hook: set up for "never"
        sum > of text > fails (5ms)
      dot: 1 passed, 3 failed, 2 skipped
        alone
        hooks > "before all" hook: set up for "never"
        sum > of text > fails (5ms)
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 1 passed, 3 failed, 2 skipped
        alone
        hooks > "before all" hook: set up for "never"
        sum > of text > fails (5ms)
      no-files: 0 passed, 0 failed, 0 skipped
      pass: 2 passed, 0 failed, 0 skipped
    nextest
      colour: 3 passed, 3 failed, 2 skipped
        demo tests::panics
        demo tests::wrong
        demo::whole broken
      empty: 0 passed, 0 failed, 3 skipped
      fail-fast: 1 passed, 2 failed, 2 skipped
        demo tests::panics
        demo tests::wrong
      mixed: 3 passed, 3 failed, 2 skipped
        demo tests::panics
        demo tests::wrong
        demo::whole broken
      pass: 3 passed, 0 failed, 0 skipped
    node-test
      colour-spec: 1 passed, 4 failed, 2 skipped
        alone
        parent > child
        sum > of text > fails # of 3
      empty-spec: 1 passed, 0 failed, 0 skipped
      empty-tap: 1 passed, 0 failed, 0 skipped
      mixed-spec: 1 passed, 4 failed, 2 skipped
        alone
        parent > child
        sum > of text > fails # of 3
      mixed-tap: 1 passed, 4 failed, 2 skipped
        alone
        parent > child
        sum > of text > fails # of 3
      pass-spec: 2 passed, 0 failed, 0 skipped
      pass-tap: 2 passed, 0 failed, 0 skipped
    phpunit
      colour: 3 passed, 3 failed, 2 skipped
        DemoTest::testEach with data set "two (2)"
        DemoTest::testThrows
        DemoTest::testWrong
      empty: 0 passed, 0 failed, 1 skipped
      mixed: 3 passed, 3 failed, 2 skipped
        DemoTest::testEach with data set "two (2)"
        DemoTest::testThrows
        DemoTest::testWrong
      pass: 2 passed, 0 failed, 0 skipped
      skipped: 1 passed, 0 failed, 1 skipped
      testdox: 3 passed, 3 failed, 2 skipped
    plain
      colour: 3 passed, 1 failed, 0 skipped
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 2 passed, 1 failed, 1 skipped
      pass: 3 passed, 0 failed, 0 skipped
    pytest
      collection-error: 0 passed, 1 failed, 0 skipped
        test_b.py
      colour: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      empty: 0 passed, 0 failed, 0 skipped
      failed-quiet: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      mixed-quiet: no count in the output
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      mixed-verbose: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      mixed: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      no-names: 3 passed, 3 failed, 2 skipped
      pass-quiet: 2 passed, 0 failed, 0 skipped
      pass-verbose: 2 passed, 0 failed, 0 skipped
      pass: 2 passed, 0 failed, 0 skipped
      stdout: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
      xdist: 3 passed, 3 failed, 2 skipped
        test_a.py::TestGroup::test_wrong
        test_a.py::test_each[c::d - e]
        test_a.py::test_needs
    rspec
      colour: 1 passed, 1 failed, 2 skipped
        sum of text fails # here
      documentation: 1 passed, 1 failed, 2 skipped
        sum of text fails # here
      empty: 0 passed, 0 failed, 0 skipped
      load-error: 0 passed, 1 failed, 0 skipped
      mixed: 1 passed, 1 failed, 2 skipped
        sum of text fails # here
      pass: 2 passed, 0 failed, 0 skipped
    tap
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 1 passed, 1 failed, 2 skipped
        wrong - 5 # here
      mocha: 1 passed, 3 failed, 2 skipped
        alone
        hooks "before all" hook: set up for "never"
        sum of text fails (5ms)
      pass: 2 passed, 0 failed, 0 skipped
      prove-verbose: no count in the output
        wrong - 5 # here
      prove: no count in the output
    unittest
      empty: 0 passed, 0 failed, 0 skipped
      mixed-verbose: 1 passed, 3 failed, 2 skipped
        u.Group.test_bad
        u.Group.test_error
        u.Group.test_parts
      mixed: 1 passed, 3 failed, 2 skipped
        u.Group.test_bad
        u.Group.test_error
        u.Group.test_parts
      pass-verbose: 2 passed, 0 failed, 0 skipped
      pass: 2 passed, 0 failed, 0 skipped
    vitest
      colour: 2 passed, 2 failed, 2 skipped
        a.test.js > alone
        a.test.js > sum > of text > fails › with a mark (5 ms)
      empty: 0 passed, 0 failed, 0 skipped
      mixed: 2 passed, 2 failed, 2 skipped
        a.test.js > alone
        a.test.js > sum > of text > fails › with a mark (5 ms)
      pass: 2 passed, 0 failed, 0 skipped
      verbose: 2 passed, 2 failed, 2 skipped
        a.test.js > alone
        a.test.js > sum > of text > fails › with a mark (5 ms)
    "#);
}

#[test]
fn linters() {
    let table = table("linters", |output| {
        vec![match files::read(output).passed() {
            Some(files) => format!("{files} files"),
            None => "unknown".to_owned(),
        }]
    });
    insta::assert_snapshot!(table, @r#"
    biome
      empty: 0 files
      mixed: 2 files
      pass: 1 files
    eslint
      colour: unknown
      empty-pattern: 0 files
      empty: 0 files
      mixed: unknown
      pass: unknown
    flake8
      empty: unknown
      mixed: unknown
      pass: unknown
    mypy
      empty: 0 files
      mixed: 3 files
      pass: 2 files
    prettier
      empty: 0 files
      mixed: unknown
      pass: unknown
    ruff
      colour: unknown
      empty: 0 files
      format-empty: 0 files
      format-mixed: 3 files
      format-pass: 2 files
      mixed: unknown
      pass: unknown
    shellcheck
      mixed: unknown
    stylelint
      empty: 0 files
      mixed: unknown
      pass: unknown
      verbose: 1 files
    tsc
      empty: 0 files
      pass: unknown
    "#);
}
