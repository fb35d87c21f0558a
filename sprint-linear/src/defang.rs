//! Text of others made harmless for Linear: it can be read, and it notifies and links nobody.
//!
//! Linear turns names after `@`, addresses of its own pages and identifiers such as `ENG-1` into
//! mentions, copies images to its storage, and makes links of what looks like one. A zero-width
//! space behind the character that would start such a thing takes its effect away and leaves the
//! look alone. Code is left as it is, except where it is not sure that Linear sees code too:
//!
//! - Fences count at the beginning of a line only, are made longer than any run of backticks
//!   inside, and are closed if the text does not.
//! - A code span ends on its line. A backtick that opens none becomes a letter that looks alike:
//!   otherwise it could find its partner lines later.
//! - In a span with a bare `|`, which would end a cell of a table, the text is treated like prose.

use sprint_core::report::plain;

const ZERO_WIDTH: char = '\u{200b}';
/// Looks like a backtick.
const LONE: char = '\u{2cb}';
/// Stands where something was cut off.
const CUT: &str = "\n\n… (cut)";

/// `text` made harmless, at most `room` bytes of it; the beginning is kept.
pub(crate) fn defang(text: &str, room: usize) -> String {
    let plain = clean(text);
    let whole = rendered(&plain);
    if whole.len() <= room {
        return whole;
    }
    let room = room.saturating_sub(CUT.len());
    let mut length = room;
    loop {
        while !plain.is_char_boundary(length) {
            length -= 1;
        }
        let cut = rendered(&plain[..length]);
        if cut.len() <= room || length == 0 {
            return cut + CUT;
        }
        let excess = cut.len() - room;
        length = length.saturating_sub(excess).max(length / 2);
    }
}

/// Without control characters and what else nobody sees; zero-width spaces stay, they may be ours.
fn clean(text: &str) -> String {
    let pieces: Vec<_> = text.split(ZERO_WIDTH).map(plain::lines).collect();
    pieces.join("\u{200b}")
}

fn rendered(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut lines = text.trim_end().split('\n');
    while let Some(line) = lines.next() {
        if let Some((ticks, info)) = opening(line) {
            let body: Vec<_> = lines
                .by_ref()
                .take_while(|line| !closes(line, ticks))
                .collect();
            fence(&mut out, &info, &body);
        } else {
            prose(&mut out, line);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// How many backticks open a fence in this line, and what it says about the language.
fn opening(line: &str) -> Option<(usize, String)> {
    let info = line.trim_start_matches('`');
    let ticks = line.len() - info.len();
    if ticks < 3 || info.contains('`') {
        return None;
    }
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    let info: String = info.trim().chars().take_while(plain).take(20).collect();
    // Diagrams are drawn, and can have links.
    let drawn = info.eq_ignore_ascii_case("mermaid");
    Some((ticks, if drawn { "text".into() } else { info }))
}

fn closes(line: &str, ticks: usize) -> bool {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    let mark = line.trim();
    spaces < 4 && mark.len() >= ticks && mark.bytes().all(|byte| byte == b'`')
}

fn fence(out: &mut String, info: &str, body: &[&str]) {
    let runs = body.iter().flat_map(|line| line.split(|c| c != '`'));
    let longest = runs.map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat((longest + 1).max(3));
    out.extend([&ticks, info, "\n"]);
    for line in body {
        out.extend([*line, "\n"]);
    }
    out.push_str(&ticks);
}

/// One line that is in no fence.
fn prose(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let (before, after) = rest.split_at(start);
        defuse(out, before, after.chars().next());
        let inside = after.trim_start_matches('`');
        let ticks = after.len() - inside.len();
        rest = inside;
        let Some(length) = span(inside, ticks) else {
            out.extend(std::iter::repeat_n(LONE, ticks));
            continue;
        };
        let code = &inside[..length];
        out.push_str(&after[..ticks]);
        if bare_bar(code) {
            defuse(out, code, Some('`'));
        } else {
            out.push_str(code);
        }
        out.push_str(&after[..ticks]);
        rest = &inside[length + ticks..];
    }
    defuse(out, rest, None);
}

/// How long the code is that a run of `ticks` backticks has opened; `None` if none closes it.
fn span(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let run = text[at + start..].len() - text[at + start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(at + start);
        }
        at += start + run;
    }
    None
}

/// Whether there is a bar that no backslash stands before.
fn bare_bar(text: &str) -> bool {
    let bytes = text.as_bytes();
    let bar = |at: usize| bytes[at] == b'|' && (at == 0 || bytes[at - 1] != b'\\');
    (0..bytes.len()).any(bar)
}

/// Takes the effect from everything in `text`, which is no code, that Linear acts on. `next` is
/// what stands behind it.
fn defuse(out: &mut String, text: &str, next: Option<char>) {
    let mut word = Word::default();
    let mut run = (ZERO_WIDTH, 0);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        out.push(c);
        let behind = chars.as_str();
        let follows = behind.chars().next().or(next);
        let is = |wanted: char| follows == Some(wanted);
        run = (c, if run.0 == c { run.1 + 1 } else { 1 });
        let acts = match c {
            '@' | '<' => true,
            '&' => follows.is_some_and(|n| n == '#' || n.is_ascii_alphanumeric()),
            ':' => is('/'),
            '!' => is('['),
            ']' => is('(') || is('[') || is(':'),
            // It would take the effect from what we escape; before a bar it is an escape.
            '\\' => !is('|'),
            // Fences of another kind, and sections that can be folded.
            '~' | '+' => run.1 == 2 && is(c),
            '-' => word.is_team_key(&text[..at]) && follows.is_some_and(|n| n.is_ascii_digit()),
            '.' => {
                ends_with_ignoring_case(&text[..at], "linear")
                    && behind
                        .get(..3)
                        .is_some_and(|n| n.eq_ignore_ascii_case("app"))
            }
            _ => false,
        };
        word.take(at, c);
        if acts && !is(ZERO_WIDTH) {
            out.push(ZERO_WIDTH);
            run.1 = 0;
        }
    }
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    /// Where it began, if something of it was read.
    start: Option<usize>,
}

impl Word {
    fn take(&mut self, at: usize, c: char) {
        if c.is_alphanumeric() || c == '_' {
            self.start.get_or_insert(at);
        } else {
            self.start = None;
        }
    }

    /// Whether `before` ends in this word and it may be the key of a team.
    fn is_team_key(&self, before: &str) -> bool {
        let Some(start) = self.start else {
            return false;
        };
        let key = &before[start..];
        key.len() <= 16
            && key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }
}

fn ends_with_ignoring_case(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    let tail = start.and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
#[path = "defang_tests.rs"]
mod tests;
