use super::*;
use crate::testing::fixture;

/// What a change of one file gives, as severity and rule-like text, under a ticket with this body.
fn found_under(body: &str, files: &[(&str, Option<&str>, Option<&str>)]) -> Vec<Finding> {
    let mut ticket = fixture::tickets("T").remove(0);
    ticket.body = body.to_owned();
    let files: Vec<FileChange> = files
        .iter()
        .map(|(path, before, after)| FileChange {
            path: RepoPath::from(*path),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        })
        .collect();
    let globs = [
        "*.test.*",
        "*_test.*",
        "test_*",
        "tests/*",
        "*Test.*",
        "*.bats",
        "*_spec.rb",
    ]
    .map(str::to_owned);
    findings(&Change {
        ticket: &ticket,
        checks: &BTreeMap::new(),
        test_file_globs: &globs,
        files: &files,
        added: &[],
        configuration: &[],
    })
}

fn worst(path: &str, before: &str, after: &str) -> Option<Severity> {
    let found = found_under("", &[(path, Some(before), Some(after))]);
    found.iter().map(|finding| finding.severity).max()
}

const TS: &str = "it('adds', () => {\n  expect(add(1, 2)).toBe(3);\n  expect(add(0, 0)).toBe(0);\n});\nit('subtracts', () => {\n  expect(sub(2, 1)).toBe(1);\n});\n";
const RS: &str = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(add(1, 2), 3);\n    }\n}\n";
const PY: &str = "def test_adds():\n    assert add(1, 2) == 3\n    assert add(0, 0) == 0\n";
const GO: &str =
    "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Error(\"x\")\n\t}\n}\n";
const BATS: &str = "@test \"adds\" {\n  run add 1 2\n  [ \"$output\" = 3 ]\n}\n";
const JAVA: &str =
    "class ATest {\n  @Test\n  void adds() {\n    assertEquals(3, add(1, 2));\n  }\n}\n";
const RB: &str = "describe Add do\n  it 'adds' do\n    expect(add(1, 2)).to eq(3)\n  end\nend\n";
const PHP: &str = "<?php\nclass ATest extends T {\n  public function testAdds() {\n    $this->assertSame(3, add(1, 2));\n  }\n}\n";

/// A file, the text to replace in it, with what, and what that is worth.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<Severity>,
);

const HIGH: Option<Severity> = Some(Severity::High);
const MEDIUM: Option<Severity> = Some(Severity::Medium);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Deleted, and honestly renamed, moved or rewritten.
    ("a.test.ts", TS, "it('subtracts', () => {\n  expect(sub(2, 1)).toBe(1);\n});\n", "", HIGH),
    ("a.test.ts", TS, "it('subtracts'", "// it('subtracts'", HIGH),
    ("a.test.ts", TS, "'subtracts'", "'takes away'", None),
    ("a.test.ts", TS, "toBe(3)", "toBe(4)", None),
    ("a.test.ts", TS, "expect(add(1, 2)).toBe(3);", "expect(\n    add(1, 2),\n  ).toBe(3);", None),
    ("a.test.ts", TS, "it('adds', () => {\n", "it('adds', () => {\n  const x = 1;\n", None),
    ("a.test.ts", TS, "it('adds'", "it('multiplies', () => { expect(mul(1, 2)).toBe(2); });\nit('adds'", None),
    ("src/a.rs", RS, "    #[test]\n    fn adds() {\n        assert_eq!(add(1, 2), 3);\n    }\n", "", HIGH),
    ("src/a.rs", RS, "    #[test]\n", "", HIGH),
    ("src/a.rs", RS, "fn adds", "fn adds_two", None),
    ("test_a.py", PY, "def test_adds", "def check_adds", HIGH),
    ("test_a.py", PY, "def test_adds", "def test_addition", None),
    ("a_test.go", GO, "TestAdd", "testAdd", HIGH),
    ("a_test.go", GO, "TestAdd", "TestAddition", None),
    ("ATest.java", JAVA, "@Test", "", HIGH),
    ("ATest.java", JAVA, "adds()", "addsTwo()", None),
    ("a_spec.rb", RB, "it 'adds'", "# it 'adds'", HIGH),
    ("a_spec.rb", RB, "'adds'", "'adds two'", None),
    ("ATest.php", PHP, "testAdds", "helper", HIGH),
    ("ATest.php", PHP, "testAdds", "testAddsTwo", None),
    ("a.bats", BATS, "@test \"adds\"", "helper()", HIGH),
    ("a.bats", BATS, "\"adds\"", "\"adds two\"", None),
    // Kept from running.
    ("a.test.ts", TS, "it('adds'", "it.skip('adds'", HIGH),
    ("a.test.ts", TS, "it('adds'", "xit('adds'", HIGH),
    ("a.test.ts", TS, "it('adds'", "it.todo('adds'", HIGH),
    ("a.test.ts", TS, "it('adds'", "it.only('adds'", HIGH),
    ("a.test.ts", TS, "it('adds'", "fit('adds'", HIGH),
    ("a.test.ts", TS, "it('adds'", "it.skipIf(ci)('adds'", MEDIUM),
    ("a.test.ts", TS, "it('adds'", "it.concurrent('adds'", None),
    ("a.test.ts", TS, "it('adds', () => {", "it('adds', function () {\n  this.skip();", HIGH),
    ("src/a.rs", RS, "#[test]", "#[test]\n    #[ignore]", HIGH),
    ("src/a.rs", RS, "#[test]", "#[test]\n    #[cfg(any())]", HIGH),
    ("src/a.rs", RS, "#[test]", "#[test]\n    #[cfg(unix)]", MEDIUM),
    ("src/a.rs", RS, "#[cfg(test)]", "#[cfg(all(test, feature = \"slow\"))]", MEDIUM),
    ("src/a.rs", RS, "#[test]", "#[tokio::test]", None),
    ("src/a.rs", RS, "    #[test]", "    // #[ignore] would hide it\n    #[test]", None),
    ("test_a.py", PY, "def test", "@pytest.mark.skip\ndef test", HIGH),
    ("test_a.py", PY, "def test", "@pytest.mark.xfail\ndef test", HIGH),
    ("test_a.py", PY, "def test", "@pytest.mark.skipif(True, reason='x')\ndef test", HIGH),
    ("test_a.py", PY, "def test", "@pytest.mark.skipif(win, reason='x')\ndef test", MEDIUM),
    ("test_a.py", PY, "def test", "@pytest.mark.slow\ndef test", None),
    ("test_a.py", PY, "def test", "pytestmark = pytest.mark.skip\ndef test", HIGH),
    ("test_a.py", PY, "():\n", "():\n    pytest.skip('x')\n", HIGH),
    ("test_a.py", PY, "():\n", "():\n    if win:\n        pytest.skip('x')\n", MEDIUM),
    ("a_test.go", GO, "{\n\tif Add", "{\n\tt.Skip()\n\tif Add", HIGH),
    ("a_test.go", GO, "{\n\tif Add", "{\n\tif testing.Short() {\n\t\tt.Skip()\n\t}\n\tif Add", MEDIUM),
    ("a_test.go", GO, "{\n\tif Add", "{\n\tt.Parallel()\n\tif Add", None),
    ("a_test.go", GO, "func TestAdd", "//go:build ignore\n\npackage a\nfunc TestAdd", HIGH),
    ("a.bats", BATS, "  run", "  skip \"x\"\n  run", HIGH),
    ("a.bats", BATS, "  run", "  [ -n \"$CI\" ] && skip \"x\"\n  run", MEDIUM),
    ("ATest.java", JAVA, "@Test", "@Test @Disabled(\"x\")", HIGH),
    ("ATest.java", JAVA, "class", "@Disabled class", HIGH),
    ("ATest.java", JAVA, "@Test", "@Test @DisplayName(\"x\")", None),
    ("a_spec.rb", RB, "it 'adds'", "xit 'adds'", HIGH),
    ("a_spec.rb", RB, "it 'adds' do", "it 'adds', :focus do", HIGH),
    ("a_spec.rb", RB, "it 'adds' do", "it 'adds', :slow do", None),
    ("ATest.php", PHP, "{\n    $this", "{\n    $this->markTestSkipped('x');\n    $this", HIGH),
    // Assertions that are gone, or say nothing.
    ("a.test.ts", TS, "  expect(add(0, 0)).toBe(0);\n", "", HIGH),
    ("a.test.ts", TS, "expect(add(0, 0)).toBe(0)", "expect(true).toBe(true)", HIGH),
    ("a.test.ts", TS, "expect(add(0, 0)).toBe(0)", "expect(add(0, 0)).toBeDefined()", HIGH),
    ("a.test.ts", TS, "  expect(add(0, 0)).toBe(0);\n", "});\nit('adds nothing', () => {\n  expect(add(0, 0)).toBe(0);\n", None),
    ("a.test.ts", TS, "  expect(add(1, 2)).toBe(3);\n  expect(add(0, 0)).toBe(0);\n", "  expect([add(1, 2), add(0, 0)]).toEqual([3, 0]);\n", MEDIUM),
    ("a.test.ts", TS, "expect(add(0, 0)).toBe(0);", "expect(add(0, 0)).toBe(0);\n  expect(add(0, 1)).toBe(1);", None),
    ("src/a.rs", RS, "assert_eq!(add(1, 2), 3)", "assert!(true)", HIGH),
    ("src/a.rs", RS, "assert_eq!(add(1, 2), 3)", "add(1, 2)", HIGH),
    ("src/a.rs", RS, "assert_eq!(add(1, 2), 3)", "assert_eq!(add(1, 2), 4)", None),
    ("test_a.py", PY, "    assert add(0, 0) == 0\n", "", HIGH),
    ("test_a.py", PY, "assert add(0, 0) == 0", "assert True", HIGH),
    ("test_a.py", PY, "assert add(0, 0) == 0", "assert add(0, 0) is not None", HIGH),
    ("test_a.py", PY, "assert add(0, 0) == 0", "assert add(0, 0) == Decimal(0)", None),
    ("a_test.go", GO, "Add(1, 2) != 3", "false", HIGH),
    ("a_test.go", GO, "!= 3", "!= 4", None),
    ("a.bats", BATS, "[ \"$output\" = 3 ]", "[ 1 = 1 ]", HIGH),
    ("a.bats", BATS, "[ \"$output\" = 3 ]", "[ \"$output\" = 4 ]", None),
    ("ATest.java", JAVA, "assertEquals(3, add(1, 2))", "assertTrue(true)", HIGH),
    ("ATest.java", JAVA, "assertEquals(3, add(1, 2))", "assertNotNull(add(1, 2))", HIGH),
    ("ATest.java", JAVA, "3, ", "4, ", None),
    ("a_spec.rb", RB, "expect(add(1, 2)).to eq(3)", "expect(true).to be true", HIGH),
    ("ATest.php", PHP, "assertSame(3, add(1, 2))", "assertTrue(true)", HIGH),
    // Errors that nobody looks at.
    ("a.test.ts", "it('a', () => {\n  expect(f()).toBe(1);\n});", "  expect(f()).toBe(1);\n", "  try {\n    expect(f()).toBe(1);\n  } catch (e) {}\n", HIGH),
    ("a.test.ts", "it('a', () => {\n  expect(f()).toBe(1);\n});", "  expect(f()).toBe(1);\n", "  try {\n    expect(f()).toBe(1);\n  } finally {\n    close();\n  }\n", None),
    ("a.test.ts", TS, "  expect(add(1, 2))", "  return;\n  expect(add(1, 2))", HIGH),
    ("a.test.ts", TS, "  expect(add(0, 0))", "  return expect(add(0, 0))", None),
    ("test_a.py", "def test_a():\n    assert f() == 1\n", "    assert f() == 1\n", "    try:\n        assert f() == 1\n    except:\n        pass\n", HIGH),
    ("test_a.py", PY, "():\n", "():\n    return\n", HIGH),
    ("a.bats", BATS, "= 3 ]", "= 3 ] || true", HIGH),
    ("src/a.rs", RS, "        assert_eq!", "        return;\n        assert_eq!", HIGH),
    // New tests.
    ("a.test.ts", TS, "it('subtracts'", "it('new', () => { expect(true).toBe(true); });\nit('subtracts'", HIGH),
    ("a.test.ts", TS, "it('subtracts'", "it('new', () => { f(); });\nit('subtracts'", MEDIUM),
    ("a.test.ts", TS, "it('subtracts'", "it.only('new', () => { expect(f()).toBe(1); });\nit('subtracts'", HIGH),
    ("src/a.rs", RS, "    #[test]", "    #[test]\n    fn runs() { f().unwrap(); }\n    #[test]", None),
];

#[test]
fn every_way_to_weaken_a_test_is_told_from_honest_work() {
    let mut wrong = Vec::new();
    for (path, before, what, with, expected) in ROWS {
        assert!(before.contains(what), "{path}: {what}");
        let found = worst(path, before, &before.replacen(what, with, 1));
        if found != *expected {
            wrong.push(format!(
                "{path}: {what:?} -> {with:?}: {found:?}, not {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test file, what is put in front of it, and what its two first assertions become.
#[rustfmt::skip]
#[test]
fn a_helper_may_assert_for_a_test() {
    let py = ["assert add(1, 2) == 3", "assert add(0, 0) == 0"];
    let ts = ["expect(add(1, 2)).toBe(3);", "expect(add(0, 0)).toBe(0);"];
    let rows = [
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  expect(add(...a)).toBe(sum);\n}\n", "adds([1, 2], 3);", "adds([0, 0], 0);", None),
        ("a.test.ts", TS, ts, "const adds = async (a, sum) => {\n  expect(add(...a)).toBe(sum);\n};\n", "adds([1, 2], 3);", "adds([0, 0], 0);", None),
        ("test_a.py", PY, py, "def adds(a, total):\n    assert add(*a) == total\n\n", "adds((1, 2), 3)", "adds((0, 0), 0)", None),
        // Nobody calls it, it is called too seldom, or what it asserts has no force.
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  expect(add(...a)).toBe(sum);\n}\n", "", "'adds()';", HIGH),
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  expect(add(...a)).toBe(sum);\n}\n", "adds([1, 2], 3);", "", HIGH),
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  expect(true).toBe(true);\n}\n", "adds([1, 2], 3);", "adds([0, 0], 0);", HIGH),
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  expect(add(...a)).toBeDefined();\n}\n", "adds([1, 2], 3);", "adds([0, 0], 0);", HIGH),
        ("a.test.ts", TS, ts, "function adds(a, sum) {\n  try { expect(add(...a)).toBe(sum); } catch (e) {}\n}\n", "adds([1, 2], 3);", "adds([0, 0], 0);", HIGH),
        ("test_a.py", PY, py, "def adds(a, total):\n    add(*a) == total\n\n", "adds((1, 2), 3)", "adds((0, 0), 0)", HIGH),
    ];
    for (path, text, lost, helper, first, second, expected) in rows {
        let after = text.replace(lost[0], first).replace(lost[1], second);
        assert_eq!(worst(path, text, &format!("{helper}{after}")), expected, "{helper}{after}");
    }
}

#[test]
fn a_deleted_file_is_one_finding_unless_its_tests_are_elsewhere() {
    let gone = found_under("", &[("a.test.ts", Some(TS), None)]);
    let shown: Vec<_> = gone
        .iter()
        .map(|f| {
            format!(
                "{:?} {} ({})",
                f.severity,
                f.message,
                f.place.clone().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"High a test file with 2 tests was deleted: `adds`, `subtracts` (a.test.ts)"#);
    let moved = [
        ("a.test.ts", Some(TS), None),
        ("b/c.test.ts", None, Some(TS)),
    ];
    assert_eq!(found_under("", &moved), []);
    let data = found_under("", &[("tests/data.json", Some("{}"), None)]);
    assert_eq!(data[0].severity, Severity::Medium);
    assert_eq!(found_under("", &[("src/data.json", Some("{}"), None)]), []);
}

#[test]
fn the_ticket_permits_and_nobody_else() {
    let permitted = [
        "- Delete a.test.ts, the parser is gone",
        "- Remove the test `adds` and the test `subtracts`",
    ];
    for body in permitted {
        let found = found_under(body, &[("a.test.ts", Some(TS), Some(""))]);
        assert!(!found.is_empty());
        assert!(
            found.iter().all(|f| f.severity == Severity::Low),
            "{body}: {found:?}"
        );
        assert!(found[0].message.ends_with("(the ticket asks for it)"));
    }
    let said_in_code = found_under(
        "",
        &[(
            "a.test.ts",
            Some(TS),
            Some("// a.test.ts: delete `adds`, the ticket asks for it\n"),
        )],
    );
    assert!(said_in_code.iter().all(|f| f.severity == Severity::High));
    let empty = "it('adds', () => { expect(true).toBe(true); });";
    let found = found_under("Rewrite a.test.ts", &[("a.test.ts", None, Some(empty))]);
    assert_eq!(
        found[0].severity,
        Severity::High,
        "a test that cannot fail is never permitted"
    );
}

#[test]
fn a_table_of_cases_may_replace_tests() {
    let table = "it.each([[1, 2, 3], [0, 0, 0]])('adds %i', (a, b, c) => {\n  expect(add(a, b)).toBe(c);\n});\nit('subtracts', () => {\n  expect(sub(2, 1)).toBe(1);\n});\n";
    assert_eq!(worst("a.test.ts", TS, table), MEDIUM);
}

proptest::proptest! {
    #[test]
    fn any_change_is_read(before in "[a-z(){}'=>\n ;.]{0,60}", after in "[a-z(){}'=>\n ;.]{0,60}") {
        for path in ["a.test.ts", "a.rs", "test_a.py", "a_test.go", "a.bats", "ATest.java", "a_spec.rb", "ATest.php", "tests/x"] {
            worst(path, &format!("{TS}{RS}{PY}{before}"), &format!("{after}{RB}{GO}"));
        }
    }

    #[test]
    fn a_change_that_changes_nothing_is_fine(text in "[a-z(){}'=>\n ;.]{0,80}") {
        for path in ["a.test.ts", "a.rs", "test_a.py", "a.bats"] {
            let all = format!("{TS}{RS}{PY}{BATS}{text}");
            proptest::prop_assert_eq!(worst(path, &all, &all), None);
        }
    }
}
