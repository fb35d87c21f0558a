//! Values given to names that speak of credentials.

use super::scan::{Scan, colour, count, word};

/// Names that end so are given credentials.
const KEYS: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"passphrase",
    b"token",
    b"secret",
    b"api_key",
    b"api-key",
    b"apikey",
    b"access_key",
    b"access_key_id",
    b"accesskey",
    b"accesskeyid",
    b"account_key",
    b"accountkey",
    b"secret_key",
    b"secretkey",
    b"private_key",
    b"privatekey",
    b"client_secret",
    b"authorization",
];

/// Names that are given credentials if they are written just so, and the value is long: the
/// signature in an address of Azure's, and the password in a connection string. `PWD` is a
/// directory.
const EXACT: &[(&[u8], usize)] = &[(b"sig", 40), (b"Pwd", 4)];

/// One of these is, in upper or lower case, in every text in which this looks for something.
pub(super) fn marks() -> impl Iterator<Item = &'static [u8]> {
    let others: [&[u8]; 2] = [b"://", b"bearer"];
    let exact = EXACT.iter().map(|(name, _)| *name);
    KEYS.iter().copied().chain(exact).chain(others)
}

/// `text` with such values replaced; the names stay.
pub(super) fn redact(text: &str, removed: &mut Vec<String>) -> String {
    Scan::rewrite(text, removed, rule)
}

fn rule(scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    if rest.starts_with(b"://") {
        scan.copy(3);
        user_info(scan);
        return true;
    }
    let run = &rest[..count(rest, word)];
    scan.copy(run.len());
    if ends_with_key(run) {
        assigned(scan, run);
    } else if run.eq_ignore_ascii_case(b"bearer") {
        bearer(scan);
    } else if let Some((_, least)) = EXACT.iter().find(|(name, _)| *name == run) {
        let value = count(scan.rest(), |b| !ends_value(b));
        if scan.rest().starts_with(b"=") && value > *least {
            scan.copy(1);
            scan.replace(value - 1);
        }
    }
    !run.is_empty()
}

/// What follows a name: `=value`, `: value`, `": "value"`.
fn assigned(scan: &mut Scan<'_>, name: &[u8]) {
    let rest = scan.rest();
    let mut at = quote(rest);
    let spaced = count(&rest[at..], |b| b == b' ');
    at += spaced;
    let Some(separator @ (b'=' | b':')) = rest.get(at).copied() else {
        return;
    };
    at += 1;
    // Comparisons, arrows and paths assign nothing.
    if matches!(rest.get(at), Some(b'=' | b'>' | b':' | b'~')) {
        return;
    }
    let spaces = count(&rest[at..], |b| b == b' ');
    at += spaces;
    at += colour(&rest[at..]);
    let opening = quote(&rest[at..]);
    let scheme = scheme(&rest[at + opening..]);
    if scheme > 0 && ends_with(name, b"authorization") {
        scan.copy(at + opening + scheme);
        let value = count(scan.rest(), |b| !ends_value(b));
        return scan.replace(value);
    }
    if opening > 0 {
        scan.copy(at + opening);
        let value = quoted(scan.rest(), rest[at + opening - 1], opening == 2);
        return scan.replace(value);
    }
    let value = count(&rest[at..], |b| !ends_value(b));
    let tight = separator == b'=' && spaced == 0 && spaces == 0;
    let least = if ends_with(name, b"password") { 4 } else { 8 };
    if tight || looks_random(&rest[at..at + value], least) {
        scan.copy(at);
        scan.replace(value);
    }
}

/// A token after the word `Bearer`.
fn bearer(scan: &mut Scan<'_>) {
    let rest = scan.rest();
    let value = rest
        .get(1..)
        .map_or(0, |rest| count(rest, |b| !ends_value(b)));
    if rest.starts_with(b" ") && value >= 16 && rest[1..=value].iter().any(u8::is_ascii_digit) {
        scan.copy(1);
        scan.replace(value);
    }
}

/// `user:password@` after `://`. The user may be a token as well.
fn user_info(scan: &mut Scan<'_>) {
    let rest = scan.rest();
    let authority = count(rest, |b| !b" \t\r\n/?#\"'`<>".contains(&b));
    let Some(end) = rest[..authority].iter().rposition(|b| *b == b'@') else {
        return;
    };
    if rest[..end].contains(&b':') {
        scan.replace(end);
    }
}

fn ends_value(b: u8) -> bool {
    b.is_ascii_whitespace() || b.is_ascii_control() || b"\"'`,;&<>(){}\\|".contains(&b)
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
}

fn ends_with_key(run: &[u8]) -> bool {
    KEYS.iter().any(|key| ends_with(run, key))
}

/// The length of an opening or closing quote, maybe escaped.
fn quote(text: &[u8]) -> usize {
    match text {
        [b'"' | b'\'' | b'`', ..] => 1,
        [b'\\', b'"' | b'\'', ..] => 2,
        _ => 0,
    }
}

/// The length of a quoted value up to its closing quote or the end of the line.
fn quoted(text: &[u8], quote: u8, escaped: bool) -> usize {
    let mut at = 0;
    while let Some(b) = text.get(at) {
        match b {
            b'\n' => return at,
            b'\\' if escaped => return at,
            // What follows may be the end of the line, which ends the value.
            b'\\' if text.get(at + 1) != Some(&b'\n') => at += 1,
            b if *b == quote => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of `Bearer `, `Basic ` or `token ` at the beginning.
fn scheme(text: &[u8]) -> usize {
    let name = count(text, |b| b.is_ascii_alphabetic());
    let known: [&[u8]; 4] = [b"bearer", b"basic", b"token", b"digest"];
    let is_known = known.iter().any(|k| k.eq_ignore_ascii_case(&text[..name]));
    if is_known && text.get(name) == Some(&b' ') {
        name + 1
    } else {
        0
    }
}

/// Whether an unquoted value is more likely a credential than a word of code.
fn looks_random(value: &[u8], least: usize) -> bool {
    value.len() >= least
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}
