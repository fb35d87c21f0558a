//! Tokens recognised by how they look.

use super::scan::{Scan, count, word};

/// A prefix that no word of a language contains, and what has to follow it.
struct Shape {
    prefix: &'static [u8],
    least: usize,
    of: fn(u8) -> bool,
}

const fn shape(prefix: &'static [u8], least: usize, of: fn(u8) -> bool) -> Shape {
    Shape { prefix, least, of }
}

/// Found anywhere in a word, with so many characters after them, or more.
const ANYWHERE: &[Shape] = &[
    // GitHub.
    shape(b"ghp_", 16, alphanumeric),
    shape(b"gho_", 16, alphanumeric),
    shape(b"ghu_", 16, alphanumeric),
    shape(b"ghs_", 16, alphanumeric),
    shape(b"ghr_", 16, alphanumeric),
    shape(b"github_pat_", 16, word),
    // GitLab.
    shape(b"glpat-", 16, word),
    shape(b"gldt-", 16, word),
    shape(b"glrt-", 16, word),
    shape(b"glcbt-", 16, word),
    shape(b"glptt-", 16, word),
    shape(b"glft-", 16, word),
    shape(b"glimt-", 16, word),
    shape(b"glagent-", 16, word),
    shape(b"gloas-", 16, word),
    shape(b"glsoat-", 16, word),
    shape(b"GR1348941", 16, word),
    // Atlassian.
    shape(b"ATATT3", 20, base64),
    shape(b"ATCTT3", 20, base64),
    shape(b"ATBB", 28, alphanumeric),
    // Linear.
    shape(b"lin_api_", 12, alphanumeric),
    shape(b"lin_oauth_", 12, alphanumeric),
    // Slack.
    shape(b"xoxa-", 10, word),
    shape(b"xoxb-", 10, word),
    shape(b"xoxc-", 10, word),
    shape(b"xoxd-", 10, word),
    shape(b"xoxe-", 10, word),
    shape(b"xoxo-", 10, word),
    shape(b"xoxp-", 10, word),
    shape(b"xoxr-", 10, word),
    shape(b"xoxs-", 10, word),
    shape(b"xapp-", 10, word),
    // Google.
    shape(b"GOCSPX-", 20, word),
    // Model providers other than those of `sk-`.
    shape(b"gsk_", 40, alphanumeric),
    shape(b"pplx-", 40, alphanumeric),
    shape(b"xai-", 60, alphanumeric),
    shape(b"hf_", 30, alphanumeric),
    shape(b"r8_", 36, alphanumeric),
    // Stripe.
    shape(b"sk_live_", 12, alphanumeric),
    shape(b"sk_test_", 12, alphanumeric),
    shape(b"rk_live_", 12, alphanumeric),
    shape(b"rk_test_", 12, alphanumeric),
    shape(b"whsec_", 24, base64),
    // Package registries.
    shape(b"npm_", 30, alphanumeric),
    shape(b"pypi-AgE", 16, word),
    shape(b"rubygems_", 40, hexadecimal),
    shape(b"dckr_pat_", 20, word),
    shape(b"dckr_oat_", 20, word),
    // Hosting and databases.
    shape(b"dop_v1_", 40, hexadecimal),
    shape(b"doo_v1_", 40, hexadecimal),
    shape(b"dor_v1_", 40, hexadecimal),
    shape(b"HRKU-", 32, word),
    shape(b"pscale_tkn_", 24, word),
    shape(b"pscale_pw_", 24, word),
    shape(b"pscale_oauth_", 24, word),
    shape(b"dapi", 32, hexadecimal),
    shape(b"sbp_", 40, hexadecimal),
    shape(b"pul-", 40, hexadecimal),
    // Shops and payments.
    shape(b"shpat_", 24, hexadecimal),
    shape(b"shpca_", 24, hexadecimal),
    shape(b"shppa_", 24, hexadecimal),
    shape(b"shpss_", 24, hexadecimal),
    shape(b"sq0atp-", 22, word),
    shape(b"sq0csp-", 40, word),
    shape(b"sq0idp-", 22, word),
    // Monitoring and tools.
    shape(b"NRAK-", 24, alphanumeric),
    shape(b"sntrys_", 32, base64),
    shape(b"sntryu_", 32, hexadecimal),
    shape(b"glsa_", 32, word),
    shape(b"PMAK-", 40, word),
    shape(b"ntn_", 40, alphanumeric),
    shape(b"figd_", 32, word),
    shape(b"AGE-SECRET-KEY-1", 50, alphanumeric),
];

/// Whole words, with exactly so many characters after the prefix: more, or fewer, are hashes,
/// identifiers and stretches of encoded files.
const WHOLE: &[Shape] = &[
    shape(b"AIza", 35, word),
    shape(b"SK", 32, hexadecimal),
    shape(b"key-", 32, hexadecimal),
    shape(b"cio", 32, alphanumeric),
];

/// Prefixes that end at a dot, at the beginning of a word.
const DOTTED: &[Shape] = &[
    // SendGrid.
    shape(b"SG.", 40, dotted),
    // Vault.
    shape(b"hvs.", 20, dotted),
    shape(b"hvb.", 20, dotted),
    shape(b"hvr.", 20, dotted),
    // Google, Cloudflare, Doppler.
    shape(b"ya29.", 20, dotted),
    shape(b"v1.0-", 100, dotted),
    shape(b"dp.pt.", 40, dotted),
];

/// Addresses that are credentials by themselves.
const ADDRESSES: &[&[u8]] = &[b"hooks.slack.com/services/", b"api/webhooks/"];

/// Amazon's prefixes of key ids.
const AMAZON: &[&[u8]] = &[b"AKIA", b"ASIA", b"ABIA", b"ACCA"];

/// What else the rules need to see. Discord's begin with a number in Base64.
const OTHERS: &[&[u8]] = &[
    b"sk-",
    b"eyJ",
    b".atlasv1.",
    b"Q~",
    b":AA",
    b"MT",
    b"MD",
    b"Mz",
    b"Mj",
    b"NT",
    b"ND",
    b"Nz",
    b"Nj",
    b"OT",
    b"OD",
    b"Oz",
    b"Oj",
];

/// One of these is in every text in which this looks for something.
pub(super) fn marks() -> impl Iterator<Item = &'static [u8]> {
    let shapes = ANYWHERE.iter().chain(WHOLE).chain(DOTTED);
    let words = [ADDRESSES, AMAZON, OTHERS].into_iter().flatten();
    shapes.map(|shape| shape.prefix).chain(words.copied())
}

/// `text` without tokens.
pub(super) fn redact(text: &str, removed: &mut Vec<String>) -> String {
    Scan::rewrite(text, removed, rule)
}

fn rule(scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    let run = &rest[..count(rest, word)];
    if run.is_empty() {
        return false;
    }
    if let Some(address) = ADDRESSES.iter().find(|address| rest.starts_with(address)) {
        scan.copy(address.len());
        scan.replace(count(scan.rest(), |b| word(b) || b == b'/'));
    } else if let Some(bytes) = with_dots(rest, run) {
        scan.replace(bytes);
    } else if let Some((start, bytes)) = numbered(rest, run) {
        scan.copy(start);
        scan.replace(bytes);
    } else if let Some((start, bytes)) = prefixed(rest, run) {
        scan.copy(start);
        scan.replace(bytes);
    } else {
        return false;
    }
    true
}

/// Where in a run a credential with a telling prefix begins, and its length.
fn prefixed(rest: &[u8], run: &[u8]) -> Option<(usize, usize)> {
    if run.starts_with(b"sk-") && run.len() >= 19 && run.iter().any(u8::is_ascii_digit) {
        return Some((0, run.len()));
    }
    let whole = |shape: &Shape| {
        let body = run.strip_prefix(shape.prefix);
        body.is_some_and(|body| body.len() == shape.least && body.iter().all(|b| (shape.of)(*b)))
    };
    if WHOLE.iter().any(whole) {
        return Some((0, run.len()));
    }
    (0..run.len()).find_map(|start| {
        let at = &rest[start..];
        let found = ANYWHERE
            .iter()
            .filter(|shape| at.starts_with(shape.prefix))
            .map(|shape| (shape, count(&at[shape.prefix.len()..], shape.of)))
            .find(|(shape, body)| *body >= shape.least)
            .map(|(shape, body)| shape.prefix.len() + body);
        let upper = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let amazon = AMAZON.iter().any(|prefix| at.starts_with(prefix))
            && run.len() - start >= 20
            && at[4..20].iter().all(upper);
        // The rest of the word goes too.
        let length = found.or_else(|| amazon.then_some(0))?;
        Some((start, length.max(run.len() - start)))
    })
}

/// The length of a credential of several parts at the beginning of `rest`.
fn with_dots(rest: &[u8], run: &[u8]) -> Option<usize> {
    json_web_token(rest, run.len())
        .or_else(|| {
            let all = count(rest, dotted);
            let fits = |shape: &Shape| {
                rest.starts_with(shape.prefix) && all >= shape.prefix.len() + shape.least
            };
            // Terraform's.
            let terraform = rest[run.len()..].starts_with(b".atlasv1.") && all >= run.len() + 60;
            (terraform || DOTTED.iter().any(fits)).then_some(all)
        })
        .or_else(|| discord(rest, run))
        .or_else(|| azure(rest, run))
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

/// The length of `{number}.{time}.{signature}`, all in Base64.
fn discord(rest: &[u8], run: &[u8]) -> Option<usize> {
    let number = matches!(run, [b'M' | b'N' | b'O', b'T' | b'D' | b'z' | b'j', ..]);
    if !number || !(23..=28).contains(&run.len()) || rest.get(run.len()) != Some(&b'.') {
        return None;
    }
    let second = &rest[run.len() + 1..];
    let time = count(second, word);
    let signature = count(second.get(time + 1..)?, word);
    let fits = (5..=7).contains(&time) && second[time] == b'.' && signature >= 25;
    fits.then_some(run.len() + time + signature + 2)
}

/// The length of a client secret of Azure's directory: `…8Q~…`.
fn azure(rest: &[u8], run: &[u8]) -> Option<usize> {
    let [.., b'0'..=b'9', b'Q'] = run else {
        return None;
    };
    let after = rest[run.len()..].strip_prefix(b"~")?;
    let body = count(after, |b| dotted(b) || b == b'~');
    (body >= 30).then_some(run.len() + 1 + body)
}

/// Where `{number}:{token}`, a key of Telegram's, begins in a run, and its length.
fn numbered(rest: &[u8], run: &[u8]) -> Option<(usize, usize)> {
    let token = rest[run.len()..].strip_prefix(b":")?;
    let digits = run.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let token = (token.starts_with(b"AA")).then(|| count(token, word))?;
    let fits = (8..=10).contains(&digits) && (34..=36).contains(&token);
    fits.then_some((run.len() - digits, digits + 1 + token))
}

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn hexadecimal(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

fn base64(b: u8) -> bool {
    word(b) || b"+/=".contains(&b)
}

fn dotted(b: u8) -> bool {
    word(b) || b == b'.'
}
