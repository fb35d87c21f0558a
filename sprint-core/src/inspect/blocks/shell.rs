//! Shell: `@test "name" {` of bats, functions `test_x`, and plain scripts.

use crate::inspect::blocks::Head;
use crate::inspect::lex::Source;

/// A script without any test function is one test if its name says that it is one.
pub(super) fn heads(source: &Source<'_>, is_test: bool) -> Vec<Head> {
    let mut heads: Vec<Head> = source
        .code_lines()
        .filter_map(|(at, line)| bats(source, at, line).or_else(|| function(source, at, line)))
        .collect();
    if is_test && heads.is_empty() && source.code.contains(|c: char| !c.is_whitespace()) {
        heads.push(Head::test("the script", 0, 0..source.code.len()));
    }
    heads
}

fn bats(source: &Source<'_>, at: usize, line: &str) -> Option<Head> {
    let indent = line.len() - line.trim_start().len();
    line.trim_start().strip_prefix("@test")?;
    let brace = at + line.rfind('{')?;
    let title = source.text.get(at + indent + "@test".len()..brace)?.trim();
    let title = title.trim_matches(['"', '\'']);
    let mut head = Head::test(title, at, brace..source.past(brace)?);
    // The mark stands in the comment above.
    let before = source.text[..at].lines().next_back().unwrap_or_default();
    head.focused = before.contains("bats:focus");
    Some(head)
}

fn function(source: &Source<'_>, at: usize, line: &str) -> Option<Head> {
    let declared = line.trim_start();
    let declared = declared.strip_prefix("function ").unwrap_or(declared);
    let name = declared.split(['(', ' ', '{']).next()?;
    if !(name.starts_with("test_")
        || name.starts_with("test") && name[4..].starts_with(char::is_uppercase))
    {
        return None;
    }
    let after = declared[name.len()..].trim_start();
    let marked = after.starts_with("()") || line.trim_start().starts_with("function ");
    let open = at + line.len() - after.len() + after.find('{').unwrap_or(after.len());
    let (open, brace) = source.next_mark(open.min(source.code.len()))?;
    let past = source.past(open).filter(|_| marked && brace == '{')?;
    Some(Head::test(name, at, open..past))
}

/// Whether a line of a script asserts something by its status.
pub(super) fn asserts(line: &str) -> bool {
    const COMMANDS: &[&str] = &["[", "[[", "test", "grep", "diff", "cmp", "cd"];
    const FAILS: &[&str] = &["exit 1", "return 1", "fail", "false"];
    // The condition of an `if` decides, it does not assert.
    if ["if ", "elif ", "while ", "until "]
        .iter()
        .any(|word| line.starts_with(word))
    {
        return false;
    }
    let first = line
        .trim_start_matches("! ")
        .split_whitespace()
        .next()
        .unwrap_or_default();
    let compares = COMMANDS.contains(&first) && first != "cd";
    let named = ["assert", "refute", "expect", "check_"]
        .iter()
        .any(|prefix| first.starts_with(prefix))
        && !line.contains("()");
    let guards = line
        .split_once("||")
        .is_some_and(|(_, otherwise)| FAILS.iter().any(|fails| otherwise.contains(fails)));
    compares || named || guards
}
