use proptest::prelude::*;

use super::*;

const LINES: &[&str] = &[
    "- [ ] `parseUser`: empty string → expected: null",
    "- [ ] `parseUser`: negative id → expected: throws",
    "- [ ] `add`: zero → expected: 0",
];

/// Which of the lines the source leaves uncovered.
fn missing(lines: &[&str], path: &str, source: &str) -> Vec<String> {
    let cases: Vec<_> = lines
        .iter()
        .map(|line| EdgeCase::parse(line).unwrap())
        .collect();
    let sources = [(RepoPath::from(path), source.to_owned())];
    let found = coverage(&cases, &sources);
    assert_eq!(
        (found.total, found.covered()),
        (lines.len(), lines.len() - found.missing.len())
    );
    found.missing.into_iter().map(|case| case.text).collect()
}

#[test]
fn a_test_with_function_and_keyword_or_synonym_covers() {
    let source = "
it('returns null for a blank name', () => {
  expect(parseUser('')).toBeNull();
});

test('parse_user throws on minus five', () => { expect(f).toThrow(); });
";
    assert_eq!(
        missing(LINES, "a.test.ts", source),
        ["`add`: zero → expected: 0"]
    );
}

#[rustfmt::skip]
#[test]
fn a_test_covers_in_every_language() {
    for (path, source) in [
        ("a.test.ts", "import {\n  parseUser,\n} from './user';\nit('refuses an empty name', () => { expect(run('')).toBe(1); });"),
        ("a.rs", "use crate::user::parse_user;\n#[test]\nfn empty_name() { assert!(run(\"\").is_err()); }"),
        ("test_a.py", "from user import parse_user\n\ndef test_empty():\n    assert run('') == 1\n"),
        ("a_test.go", "func TestParseUser(t *testing.T) {\n\tt.Run(\"empty\", func(t *testing.T) {\n\t\trequire.Error(t, ParseUser(\"\"))\n\t})\n}"),
        ("a.bats", "load user\n@test \"parse_user of nothing is empty\" {\n  run parse_user\n  [ -z \"$output\" ]\n}"),
        ("UserTest.java", "class UserTest {\n  @Test\n  void parseUserOfBlank() { assertNull(parseUser(\"\")); }\n}"),
        ("user_spec.rb", "describe 'parse_user' do\n  it 'is nil when empty' do\n    expect(f('')).to eq(nil)\n  end\nend"),
        ("UserTest.php", "<?php\nclass UserTest {\n  public function testParseUserEmpty() { $this->assertNull(parseUser('')); }\n}"),
        ("user.t", "parse_user of an empty string"),
    ] {
        assert_eq!(missing(&LINES[..1], path, source).len(), 0, "{path}");
    }
}

#[rustfmt::skip]
#[test]
fn what_does_not_run_or_cannot_fail_covers_nothing() {
    for source in [
        "it.skip('empty', () => { expect(parseUser('')).toBe(1); });",
        "it('empty', () => { parseUser; expect(true).toBe(true); });",
        "it('a', () => { /* parseUser: empty */ expect(f()).toBe(1); });",
        "it('empty', () => { expect(f()).toBe(1); });\nit('b', () => { expect(parseUser('x')).toBe(1); });",
    ] {
        assert_eq!(missing(&LINES[..1], "a.test.ts", source).len(), 1, "{source}");
    }
}

#[test]
fn a_keyword_in_another_test_does_not_cover() {
    let source = "#[test]\nfn parse_user_works() { parse_user(\"x\").unwrap(); }\n#[test]\nfn other_is_empty() { other().unwrap(); }\n";
    assert_eq!(missing(&LINES[..1], "a.rs", source).len(), 1);
    let imported = format!("use user::parse_user;\n{source}");
    assert_eq!(missing(&LINES[..1], "a.rs", &imported).len(), 0);
}

#[test]
fn parts_of_words_are_not_words() {
    let zero = &["- [ ] `add`: zero"];
    let test = |body: &str| format!("#[test]\nfn t() {{ assert_eq!({body}, 1); }}");
    assert_eq!(missing(zero, "a.rs", &test("address(10)")).len(), 1);
    assert_eq!(missing(zero, "a.rs", &test("add(0)")).len(), 0);
    assert_eq!(
        missing(&["- [ ] min of the list"], "a.rs", &test("admin()")).len(),
        1
    );
}

#[test]
fn without_tests_everything_is_missing() {
    let cases: Vec<_> = LINES
        .iter()
        .map(|line| EdgeCase::parse(line).unwrap())
        .collect();
    assert_eq!(uncovered(&cases, &[]), cases);
    assert_eq!(missing(&["- [ ] ???"], "a.ts", "anything"), ["???"]);
}

proptest! {
    #[test]
    fn any_line_can_be_looked_for(line: String, source: String) {
        for line in [line.clone(), format!("- [ ] {line}"), format!("- [ ] `{line}`: {line} -> {line}")] {
            if let Some(case) = EdgeCase::parse(&line) {
                uncovered(&[case], &[(RepoPath::from("a.ts"), source.clone())]);
            }
        }
    }
}
