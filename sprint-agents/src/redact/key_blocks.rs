//! Private keys in PEM and PGP armour.

use super::scan::{Scan, count, word};

const BEGIN: &[u8] = b"-----BEGIN";
const END: &[u8] = b"-----END";

/// How much of a key whose beginning was cut off is taken back. The largest keys in use are a
/// quarter of it.
const MAX_BODY: usize = 64 * 1024;

/// What every text has in which this looks for something.
pub(super) fn marks() -> impl Iterator<Item = &'static [u8]> {
    [b" PRIVATE KEY".as_slice()].into_iter()
}

/// `text` without private key blocks, also where one end of a block is missing.
pub(super) fn redact(text: &str, removed: &mut Vec<String>) -> String {
    Scan::rewrite(text, removed, rule)
}

/// Whether a block is open after `line`, if one was, or none, before it.
pub(super) fn open_after(line: &str, mut open: bool) -> bool {
    let mut rest = line.as_bytes();
    loop {
        if open {
            let body = &rest[..count(rest, belongs)];
            rest = match find(body, END) {
                Some(at) => &rest[at + END.len()..],
                None if body.len() == rest.len() => return true,
                None => &rest[without_end(rest, body.len())..],
            };
            open = false;
        } else {
            let Some(at) = find(rest, BEGIN) else {
                return false;
            };
            rest = &rest[at + BEGIN.len()..];
            open = is_key_label(rest);
        }
    }
}

/// Whether `line` may be the body, or the end, of a block whose beginning was cut off.
pub(super) fn may_belong(line: &str) -> bool {
    let line = line.as_bytes();
    let rest = &line[count(line, is_body)..];
    rest.is_empty() || rest.starts_with(END)
}

fn rule(scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    let run = &rest[..count(rest, word)];
    let after = &rest[run.len()..];
    // The cheap test first: labels are looked at only where one is announced.
    let announced = run.ends_with(BEGIN) || run.ends_with(END);
    if !announced || !is_key_label(after) {
        return false;
    }
    if let Some(head) = run.strip_suffix(BEGIN) {
        scan.copy(head.len());
        scan.replace(run.len() - head.len() + key_block(after));
    } else {
        // The beginning was cut off: take the body back.
        scan.copy(run.len() - END.len());
        scan.take_back(MAX_BODY, is_body);
        let label = count(after, |b| b != b'-');
        scan.replace(END.len() + label + dashes(&after[label..]));
    }
    true
}

fn is_body(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b)
}

fn belongs(b: u8) -> bool {
    is_body(b) || b"\t \\:,_-".contains(&b)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Whether ` … PRIVATE KEY…-----` follows on this line.
fn is_key_label(after: &[u8]) -> bool {
    let label = &after[..count(after, |b| {
        b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' '
    })];
    label.starts_with(b" ")
        && (label.ends_with(b" PRIVATE KEY") || label.ends_with(b" PRIVATE KEY BLOCK"))
        && after[label.len()..].starts_with(b"-----")
}

/// The length of a key block after `-----BEGIN`. If its end is missing, all lines that could belong
/// to it, and the rest of the last line.
fn key_block(after: &[u8]) -> usize {
    let body = &after[..count(after, belongs)];
    let Some(end) = find(body, END) else {
        return without_end(after, body.len());
    };
    let label = count(&body[end + END.len()..], |b| b != b'-' && b != b'\n');
    let close = end + END.len() + label;
    close + dashes(&body[close..])
}

/// The length of the dashes that close a line of armour. Those of the next one may follow at once.
fn dashes(text: &[u8]) -> usize {
    count(text, |b| b == b'-').min(5)
}

/// Where the line at `from` ends, or the JSON string in it: an answer that only speaks of keys stays
/// readable.
fn without_end(after: &[u8], from: usize) -> usize {
    let ends_string = |at: usize| {
        after[at] == b'"'
            && at
                .checked_sub(1)
                .is_none_or(|before| after[before] != b'\\')
            && matches!(after.get(at + 1), None | Some(b',' | b'}' | b']' | b'\n'))
    };
    (from..after.len())
        .find(|&at| after[at] == b'\n' || ends_string(at))
        .unwrap_or(after.len())
}
