//! Tokens recognised by how they look.

use super::scan::{Scan, count, word};

/// Prefixes no word of a language contains, and how long what follows must be.
const ANYWHERE: &[(&[u8], usize)] = &[
    (b"ghp_", 16),
    (b"gho_", 16),
    (b"ghu_", 16),
    (b"ghs_", 16),
    (b"ghr_", 16),
    (b"github_pat_", 16),
    (b"glpat-", 16),
    (b"lin_api_", 12),
    (b"lin_oauth_", 12),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxe-", 10),
    (b"xoxo-", 10),
    (b"xoxp-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"AIza", 30),
    (b"npm_", 30),
    (b"sk_live_", 12),
    (b"sk_test_", 12),
    (b"rk_live_", 12),
];

/// `text` without tokens.
pub(super) fn redact(text: &str) -> String {
    Scan::rewrite(text, rule)
}

fn rule(scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    let run = &rest[..count(rest, word)];
    if let Some(bytes) = json_web_token(rest, run.len()) {
        scan.replace(bytes);
    } else if let Some(start) = prefixed(run) {
        scan.copy(start);
        scan.replace(run.len() - start);
    } else {
        return false;
    }
    true
}

/// Where in a run a credential with a telling prefix begins.
fn prefixed(run: &[u8]) -> Option<usize> {
    if run.starts_with(b"sk-") && run.len() >= 19 && run.iter().any(u8::is_ascii_digit) {
        return Some(0);
    }
    (0..run.len()).find(|&start| {
        let rest = &run[start..];
        let known = |(prefix, least): &(&[u8], usize)| {
            rest.starts_with(prefix) && rest.len() >= prefix.len() + least
        };
        let upper = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        ANYWHERE.iter().any(known)
            || (rest.len() >= 20
                && (rest.starts_with(b"AKIA") || rest.starts_with(b"ASIA"))
                && rest[4..20].iter().all(upper))
    })
}

/// The length of `eyJ….….…` at the beginning of `rest`, whose first run has `first` bytes.
fn json_web_token(rest: &[u8], first: usize) -> Option<usize> {
    if !rest.starts_with(b"eyJ") || first < 10 || rest.get(first) != Some(&b'.') {
        return None;
    }
    let second = count(&rest[first + 1..], word);
    let mut end = first + 1 + second;
    if rest.get(end) == Some(&b'.') {
        end += 1 + count(&rest[end + 1..], word);
    }
    (second >= 4).then_some(end)
}
