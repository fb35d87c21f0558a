//! Private keys in PEM and PGP armour.

use super::scan::{Scan, count, word};

/// `text` without private key blocks, also where one end of a block is missing.
pub(super) fn redact(text: &str) -> String {
    Scan::rewrite(text, rule)
}

fn rule(scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    let run = &rest[..count(rest, word)];
    let after = &rest[run.len()..];
    // The cheap test first: labels are looked at only where one is announced.
    let announced = run.ends_with(b"-----BEGIN") || run.ends_with(b"-----END");
    if !announced || !is_key_label(after) {
        return false;
    }
    if let Some(head) = run.strip_suffix(b"-----BEGIN") {
        scan.copy(head.len());
        scan.replace(run.len() - head.len() + key_block(after));
    } else {
        // The beginning was cut off: take the body back.
        scan.copy(run.len() - b"-----END".len());
        scan.take_back(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b));
        let label = count(after, |b| b != b'-');
        scan.replace(b"-----END".len() + label + count(&after[label..], |b| b == b'-'));
    }
    true
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
    const END: &[u8] = b"-----END";
    let belongs = |b: u8| b.is_ascii_alphanumeric() || b"+/=\r\n\t \\:,_-".contains(&b);
    let body = &after[..count(after, belongs)];
    let Some(end) = body.windows(END.len()).position(|window| window == END) else {
        return without_end(after, body.len());
    };
    let label = count(&body[end + END.len()..], |b| b != b'-' && b != b'\n');
    let close = end + END.len() + label;
    close + count(&body[close..], |b| b == b'-')
}

/// Where the line at `from` ends, or the JSON string in it: an answer that only speaks of keys stays
/// readable.
fn without_end(after: &[u8], from: usize) -> usize {
    let ends_string = |at: usize| {
        after[at] == b'"'
            && after[at - 1] != b'\\'
            && matches!(after.get(at + 1), None | Some(b',' | b'}' | b']' | b'\n'))
    };
    (from.max(1)..after.len())
        .find(|&at| after[at] == b'\n' || ends_string(at))
        .unwrap_or(after.len())
}
