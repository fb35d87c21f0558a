use proptest::prelude::*;

use super::*;
use crate::inspect::lex::words;

/// Everything about the tests of a source, a line each. `ASYNC` keeps the word out of this file,
/// in which nothing waits.
fn shown(path: &str, text: &str) -> String {
    let text = text.replace("ASYNC", "async");
    let tests = read(&RepoPath::from(path), &text, true).unwrap();
    let line = |test: &TestBlock| {
        let mut line = format!("{} {}", test.start_line, test.name);
        line.push_str(match test.skipped {
            None => "",
            Some(Skip::Sometimes) => " [skipped sometimes]",
            Some(Skip::Always) => " [skipped]",
        });
        for (mark, is) in [
            ("[only]", test.focused),
            ("[cases]", test.parameterised),
            ("[tautological]", test.tautological()),
        ] {
            if is {
                line = format!("{line} {mark}");
            }
        }
        if let Some(hollow) = test.hollow {
            line = format!("{line} [{hollow:?}]");
        }
        if !test.may_throw {
            line.push_str(" [asserts nothing]");
        }
        for assertion in &test.assertions {
            line = format!("{line}\n    {}", assertion.text);
        }
        line
    };
    tests.blocks.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn tests_of_javascript_are_read() {
    let source = r"
import { test, expect } from 'vitest';
// it('commented out', () => {})
const s = `it('in a string', () => {})`;
describe('parser', () => {
  it('reads a number', () => {
    expect(parse('1')).toBe(1);
    expect(
      parse('2'),
    ).toEqual({ n: 2 });
  });
  it.skip('is slow', ASYNC () => { expect(slow()).resolves.toBe(1); });
  it.each([[1, 2], [3, 4]])('adds %i', (a, b) => { assert.equal(add(a), b); });
  it.todo('writes');
  xit('was', function () { this.timeout(1); });
  describe.only('alone', () => { test(`works`, () => { expect(true).toBe(true) }) });
});
describe.skip('old', () => { it('x', () => { expect(f()).toBe(2); }); });
test('node', { skip: true }, (t) => { t.is(a, 1); });
test('at run time', (t) => { if (!db) { t.skip('no db'); } ok(t); });
if (/x/.test(name)) { run(test); }
it('hides', ASYNC () => {
  try {
    expect(await get()).toBe(1);
  } catch (e) {}
});
it('leaves', () => {
  return;
  expect(f()).toBe(1);
});
test(name, () => { check(name); });
";
    insta::assert_snapshot!(shown("a.test.ts", source), @r#"
    6 parser > reads a number
        expect(parse('1')).toBe(1)
        expect( parse('2'), ).toEqual({ n: 2 })
    12 parser > is slow [skipped]
        expect(slow()).resolves.toBe(1)
    13 parser > adds %i [cases]
        assert.equal(add(a), b)
    14 parser > writes [skipped] [asserts nothing]
    15 parser > was [skipped] [asserts nothing]
    16 parser > alone > works [only] [tautological]
        expect(true).toBe(true)
    18 old > x [skipped]
        expect(f()).toBe(2)
    19 node [skipped]
        is(a, 1)
    20 at run time [skipped sometimes] [asserts nothing]
    22 hides [SwallowsErrors]
        expect(await get()).toBe(1)
    27 leaves [ReturnsFirst]
        expect(f()).toBe(1)
    31 name
        check(name)
    "#);
}

#[test]
fn tests_of_rust_are_read() {
    let source = r##"
/// #[test] fn in_a_comment() {}
fn helper(x: [u8; 3]) { assert!(x.len() > 1); }
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
        let x = get().expect("there");
    }
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "slow"]
    pub ASYNC fn waits(a: [u8; 2]) -> Result<(), E> { go().await? }
    #[rstest]
    #[case(1)]
    fn cases(#[case] n: u8) { assert!(true); }
    #[test]
    #[cfg(target_os = "linux")]
    fn somewhere() { assert!(f().is_ok()); }
    #[test]
    #[cfg(any())]
    fn nowhere() { assert_eq!(1, 1, "never"); }
    proptest! {
        #[test]
        fn holds(x in 0..3, v in vec(any::<u8>(), 0..3)) { prop_assert!(x < 3); }
    }
    #[test]
    fn prints() { println!("x"); }
}
#[cfg(all(test, feature = "slow"))]
mod slow { #[test] fn s() { insta::assert_snapshot!(x(), @"#[test] fn no() {}"); } }
"##;
    insta::assert_snapshot!(shown("a.rs", source), @r##"
    7 tests > adds
        assert_eq!(add(1, 2), 3)
    12 tests > waits [skipped]
    15 tests > cases [cases] [tautological]
        assert!(true)
    18 tests > somewhere [skipped sometimes]
        assert!(f().is_ok())
    21 tests > nowhere [skipped] [tautological]
        assert_eq!(1, 1, "never")
    25 tests > holds
        prop_assert!(x < 3)
    28 tests > prints
    32 slow > s [skipped sometimes]
        assert_snapshot!(x(), @"#[test] fn no() {}")
    "##);
}

#[test]
fn tests_of_python_are_read() {
    let source = r#"
"""def test_in_a_docstring(): pass"""
import pytest

def test_adds():
    assert add(1, 2) == 3
    with pytest.raises(ValueError):
        add(None)

@pytest.mark.skip(reason="flaky")
def test_skipped(): assert f() == 1

@pytest.mark.skipif(sys.platform == "win32",
                    reason="x")
def test_somewhere():
    assert f()

@pytest.mark.parametrize("a,b", [
    (1, 2),
])
ASYNC def test_many(
    a, b,
):
    assert add(a) == b

class TestUser:
    def test_name(self):
        pytest.skip("later")
        assert user.name == "x"

    def helper(self):
        def test_local(): pass

class Hidden:
    def test_never(self): assert 1

class Case(unittest.TestCase):
    @unittest.expectedFailure
    def test_old(self):
        self.assertEqual(1, 1)
    def test_true(self):
        assert (f() == 1, "a tuple")
    def test_hides(self):
        try:
            self.assertEqual(f(), 1)
        except Exception:
            pass
    def test_runs(self):
        f()
# def test_comment(): pass
"#;
    insta::assert_snapshot!(shown("test_a.py", source), @r#"
    5 test_adds
        assert add(1, 2) == 3
        raises(ValueError)
    11 test_skipped [skipped]
        assert f() == 1
    15 test_somewhere [skipped sometimes]
        assert f()
    21 test_many [cases]
        assert add(a) == b
    27 TestUser > test_name [skipped]
        assert user.name == "x"
    39 Case > test_old [skipped] [tautological]
        assertEqual(1, 1)
    41 Case > test_true [tautological]
        assert (f() == 1, "a tuple")
    43 Case > test_hides [SwallowsErrors]
        assertEqual(f(), 1)
    48 Case > test_runs [asserts nothing]
    "#);
}

#[test]
fn tests_of_go_are_read() {
    let source = r#"package a
// func TestComment(t *testing.T) {}
func TestAdd(t *testing.T) {
	if got := Add(1, 2); got != 3 {
		t.Errorf("got %d", got)
	}
	t.Run("zero", func(t *testing.T) {
		assert.Equal(t, 0, Add(0, 0))
	})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.NoError(t, f(tt)) })
	}
}
func TestShort(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	require.True(t, true)
}
func TestOff(t *testing.T) {
	t.Skip("later")
	f()
}
func Testify() {}
func helper(t *testing.T) { t.Fatal("x") }
"#;
    insta::assert_snapshot!(shown("a_test.go", source), @r#"
    3 TestAdd
        if got := Add(1, 2); got != 3
    7 TestAdd > zero
        assert.Equal(t, 0, Add(0, 0))
    11 TestAdd > tt.name [cases]
        require.NoError(t, f(tt))
    14 TestShort [skipped sometimes] [tautological]
        require.True(t, true)
    20 TestOff [skipped] [asserts nothing]
    "#);
    assert_eq!(shown("a.go", source), "", "tests stand in files of tests");
}

#[test]
fn tests_of_shell_java_kotlin_ruby_and_php_are_read() {
    let bats = "@test \"adds {\" {\n  run add 1 2\n  [ \"$status\" -eq 0 ]\n  skip \"later\"\n}\n@test 'hides' {\n  [ $x = 1 ] || true\n}\n";
    let script =
        "#!/bin/sh\nset -e\n# [ 1 = 2 ]\nout=$(add 1 2)\n[ \"$out\" = 3 ] || exit 1\n[ 1 = 1 ]\n";
    let functions = "test_adds() {\n  assertEquals 3 \"$(add 1 2)\"\n}\nfunction test_b {\n  grep -q x file\n}\n";
    let java = "class ATest {\n  @Test\n  void adds() { assertEquals(3, add(1, 2)); }\n  @Test @Disabled(\"x\")\n  public void off() throws E { assertTrue(true); }\n  @org.junit.Test\n  public void old() { assertThat(f()).isEqualTo(1); }\n}\n@Disabled\nclass B { @ParameterizedTest @ValueSource(ints = {1})\n void c(int x) { verify(m).go(); } }\n";
    let kotlin = "class K {\n  @Test\n  fun `adds numbers`() = runTest {\n    add(1, 2) shouldBe 3\n  }\n}\n";
    let ruby = "RSpec.describe Parser do\n  # it 'comment' do\n  it 'adds' do\n    expect(add(1, 2)).to eq(3)\n  end\n  xit 'off' do\n    expect(f).to be true\n  end\n  it 'alone', :focus do\n    skip 'later'\n    expect(true).to be true\n  end\n  it 'is missing'\nend\nclass T < Minitest::Test\n  def test_one\n    assert_equal 1, f\n    refute_nil f\n  end\nend\n";
    let php = "<?php\nclass ATest {\n  public function testAdds(): void { $this->assertSame(3, add(1, 2)); }\n  #[Test]\n  public function it_works() { $this->markTestSkipped('x'); }\n  private function helper() { self::assertTrue(true); }\n}\nit('adds', function () { expect(add(1))->toBe(1); })->only();\ntest('x', fn () => expect(1)->toBe(1))->skip();\n";
    let all = [
        ("a.bats", bats),
        ("test_a.sh", script),
        ("b.sh", functions),
        ("ATest.java", java),
        ("K.kt", kotlin),
        ("a_spec.rb", ruby),
        ("ATest.php", php),
    ];
    let all = all.map(|(path, text)| format!("{path}\n{}", shown(path, text)));
    insta::assert_snapshot!(all.join("\n"), @r#"
    a.bats
    1 adds { [skipped]
        [ "$status" -eq 0 ]
    6 hides [IgnoresStatus]
        [ $x = 1 ] || true
    test_a.sh
    1 the script
        [ "$out" = 3 ] || exit 1
        [ 1 = 1 ]
    b.sh
    1 test_adds
        assertEquals 3 "$(add 1 2)"
    4 test_b
        grep -q x file
    ATest.java
    2 adds
        assertEquals(3, add(1, 2))
    4 off [skipped] [tautological]
        assertTrue(true)
    6 old
        assertThat(f()).isEqualTo(1)
    10 B > c [skipped] [cases]
        verify(m).go()
    K.kt
    2 adds numbers
        add(1, 2) shouldBe 3
    a_spec.rb
    3 Parser > adds
        expect(add(1, 2)).to eq(3)
    6 Parser > off [skipped]
        expect(f).to be true
    9 Parser > alone [skipped] [only] [tautological]
        expect(true).to be true
    13 Parser > is missing [skipped] [asserts nothing]
    16 T < Minitest::Test > test_one
        assert_equal 1, f
        refute_nil f
    ATest.php
    3 testAdds
        assertSame(3, add(1, 2))
    5 it_works [skipped] [asserts nothing]
    8 adds [only]
        expect(add(1))->toBe(1)
    9 x [skipped] [tautological]
        expect(1)->toBe(1)
    "#);
}

/// Whether the one assertion in the text cannot fail.
fn tautology(path: &str, text: &str) -> bool {
    let tests = read(&RepoPath::from(path), text, true).unwrap();
    assert_eq!(
        tests.assertions.len(),
        1,
        "{path}: {text}: {:?}",
        tests.assertions
    );
    tests.assertions[0].tautology
}

#[test]
fn tautologies_are_told_from_assertions() {
    let rows: &[(&str, &str, &str)] = &[
        ("a.rs", "assert!(true);", "assert!(f());"),
        ("a.rs", "assert!(1 == 1);", "assert!(a == 1);"),
        ("a.rs", "assert_eq!(1, 1);", "assert_eq!(f(), 1);"),
        (
            "a.rs",
            "assert_eq!(x, x, \"same\");",
            "assert_eq!(hash(x), hash(x));",
        ),
        ("a.rs", "assert!(f() || true);", "assert!(f() || g());"),
        ("a.rs", "assert_eq!(true, true);", "assert_ne!(a, b);"),
        (
            "a.ts",
            "expect(true).toBe(true);",
            "expect(f()).toBe(true);",
        ),
        ("a.ts", "expect(1).toEqual(1);", "expect(false).toBe(true);"),
        ("a.ts", "expect(f());", "expect(f()).toBeDefined();"),
        ("a.ts", "expect(x).toBe(x);", "expect(x).toBe(y);"),
        (
            "a.ts",
            "expect(true).toBeTruthy();",
            "expect(x).toBeTruthy();",
        ),
        ("a.ts", "assert.ok(true);", "assert.ok(f());"),
        (
            "a.ts",
            "assert.strictEqual(1, 1);",
            "assert.strictEqual(f(1), 1);",
        ),
        (
            "a.ts",
            "expect(f()).toEqual(expect.anything());",
            "expect(f()).toEqual(expect.objectContaining({ a }));",
        ),
        ("a.py", "assert True", "assert f()"),
        ("a.py", "assert 1 == 1, 'x'", "assert f(1) == 1, 'x'"),
        ("a.py", "assert (f() == 1, 'no')", "assert (f() == 1)"),
        ("a.py", "assert x is x", "assert x is None"),
        ("a.py", "assert f() or True", "assert False"),
        ("a.py", "self.assertEqual(1, 1)", "self.assertEqual(f(), 1)"),
        ("a.py", "self.assertTrue(True)", "self.assertFalse(f())"),
        (
            "a_test.go",
            "assert.Equal(t, 1, 1)",
            "assert.Equal(t, 1, f())",
        ),
        ("a_test.go", "require.True(t, true)", "require.True(t, f())"),
        (
            "a_test.go",
            "if false {\n t.Fatal()\n}",
            "if f() {\n t.Fatal()\n}",
        ),
        ("a.sh", "[ 1 = 1 ]", "[ \"$x\" = 1 ]"),
        ("a.sh", "[ \"$x\" = \"$x\" ]", "[ -f out ]"),
        ("a.sh", "test 1 -eq 1", "test -n \"$x\""),
        ("a.sh", "[[ a == a ]]", "[[ $a == a ]]"),
        ("A.java", "assertTrue(true);", "assertTrue(f());"),
        ("A.java", "assertEquals(1, 1);", "assertEquals(1, f());"),
        ("a.rb", "expect(true).to be true", "expect(f).to be true"),
        ("a.rb", "assert_equal 1, 1", "assert_equal 1, f"),
        ("a.rb", "assert true", "refute f"),
        (
            "a.php",
            "<?php $this->assertTrue(true);",
            "<?php $this->assertTrue(f());",
        ),
        (
            "a.php",
            "<?php $this->assertSame($x, $x);",
            "<?php $this->assertSame($x, $y);",
        ),
    ];
    for (path, idle, honest) in rows {
        assert!(tautology(path, idle), "{path}: {idle}");
        assert!(!tautology(path, honest), "{path}: {honest}");
    }
}

#[test]
fn wrapping_a_line_changes_no_assertion() {
    let key = |text: &str| {
        read(&RepoPath::from("a.ts"), text, true)
            .unwrap()
            .assertions[0]
            .key
            .clone()
    };
    assert_eq!(
        key("expect(f(a, b)).toBe(1);"),
        key("expect(\n  f(\n    a,\n    b,\n  ),\n).toBe(1)")
    );
    assert_eq!(words("a.b").count(), 2);
}

const PATHS: &[&str] = &[
    "a.test.ts",
    "a.rs",
    "test_a.py",
    "a_test.go",
    "a.bats",
    "A.java",
    "a_spec.rb",
    "ATest.php",
];

/// Every reader meets brackets that stay open, and calls that are chained to them.
#[test]
fn what_follows_a_bracket_that_stays_open_is_the_end_of_the_text() {
    for text in [
        "it('x'})->skip(",
        "it('x', f(1))->skip(->only(",
        "test.each(",
        "test.each([",
        "it.skipIf(",
        "@Test(",
        "@Test @Disabled(",
        "pub(",
        "#[test] fn a(",
        "#[",
        "func (",
        "func TestA(",
        "def test_x(",
        "expect(",
        "assert f(",
        "const f = (",
        "const f = () => {",
        "function f(",
        "function f() {",
        "@test \"x\" {",
        "test_a() {",
        "try {",
    ] {
        for path in PATHS {
            for more in ["", "é", "\n"] {
                read(&RepoPath::from(*path), &format!("{text}{more}"), true);
            }
        }
    }
    let source = Source::new("f(g[", Language::Php);
    assert_eq!((source.closing(1), source.past(1)), (Some(4), Some(4)));
    assert_eq!(Source::new("f()", Language::Php).past(1), Some(3));
}

proptest! {
    #[test]
    fn any_text_is_read(parts in proptest::collection::vec(part(), 0..30)) {
        let text = parts.concat();
        for path in PATHS {
            read(&RepoPath::from(*path), &text, true);
        }
    }
}

/// Pieces that the tables look for, and pieces that get in the way.
fn part() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let known = proptest::sample::select(vec![
        "it(", "'x'", ", () => {", "})", "describe.skip(", "test.each`", "`", "(", ")", "{", "}", "[", "]", "<", ">",
        "#[test]", "#[", "fn a", "mod b", "pub(crate) ", "extern \"C\" ", "def test_x", "class TestA", ":\n", "\n", "    ", "@pytest.mark.skip(",
        "func TestA", "t.Run(", "t.Errorf(", "@test ", "test_a() ", "@Test ", "`a b`", "it 'x' do", "end", "function testA", "->skip(",
        "assert", " x == y", "expect(", ".toBe(", "assert_eq!(", "try {", "catch (e) {}", "except: pass", "|| true", "return;", "é", "\"", "'", "//", "/*", "#",
        "rescue", "if ", "=", ";", ".", ",", "skip", "<<EOF", "EOF", "this.skip()", "should", " shouldBe ", "t.is(", "[ 1 = 1 ]",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[ -~é\n]{0,6}"]
}
