//! What the formats of the large providers look like, and what only looks like them.
//!
//! Examples are put together at run time, or scanners of repositories would take them for real.

use serde_json::{Value, json};
use sprint_core::id::{AgentName, PhaseName, ProblemId, SprintId};
use sprint_core::phases::artifact::prepare::{MOST_FINDINGS, Rules, Stamp, prepare};
use sprint_core::phases::artifact::vocabulary::Vocabulary;
use sprint_core::time::Timestamp;

use super::{MARKER, Redactor};

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MIXED: &str = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hJ7kL9nP1qR3tU5wX7zA9cD1eF3g";

/// The beginning of a credential, and what follows it.
fn examples() -> Vec<(&'static str, String)> {
    let mixed = |length: usize| MIXED[..length].to_owned();
    let hex = |length: usize| HEX[..length].to_owned();
    vec![
        ("AKIA", "IOSFODNN7EXAMPLE".into()),
        ("ASIA", "IOSFODNN7EXAMPLE".into()),
        ("AIza", mixed(35)),
        ("ya29.", format!("a0{}_-{}", mixed(30), mixed(20))),
        ("GOCSPX-", mixed(28)),
        ("abc8Q~", format!("{}.~{}", mixed(20), mixed(12))),
        ("ghp_", mixed(36)),
        ("gho_", mixed(36)),
        ("ghu_", mixed(36)),
        ("ghs_", mixed(36)),
        ("ghr_", mixed(36)),
        ("github_pat_", format!("{}_{}", mixed(22), mixed(59))),
        ("glpat-", mixed(20)),
        ("gldt-", mixed(20)),
        ("glrt-", mixed(20)),
        ("glcbt-", mixed(20)),
        ("glptt-", hex(40)),
        ("glsoat-", mixed(20)),
        ("ATATT3", format!("xFfGF0{}={}", mixed(60), hex(8))),
        ("ATBB", mixed(32)),
        ("xoxb-", format!("123456789012-{}", mixed(24))),
        ("xoxp-", format!("123456789012-{}", hex(32))),
        ("xapp-", format!("1-A0{}", mixed(30))),
        ("sk_live_", mixed(24)),
        ("rk_live_", mixed(24)),
        ("whsec_", format!("{}+/==", mixed(32))),
        ("sk-", mixed(48)),
        ("sk-proj-", format!("{}-_{}", mixed(40), mixed(40))),
        ("sk-ant-api03-", format!("{}-{}AA", mixed(60), mixed(30))),
        ("gsk_", mixed(52)),
        ("pplx-", mixed(48)),
        ("hf_", mixed(34)),
        ("r8_", mixed(37)),
        ("lin_api_", mixed(40)),
        ("lin_oauth_", hex(64)),
        ("npm_", mixed(36)),
        ("pypi-AgEIcHlwaS5vcmc", mixed(60)),
        ("cio", mixed(32)),
        ("rubygems_", hex(48)),
        ("dckr_pat_", mixed(27)),
        ("dop_v1_", hex(64)),
        ("HRKU-", "01234567-89ab-cdef-0123-456789abcdef".into()),
        ("SG.", format!("{}.{}", mixed(22), mixed(43))),
        ("SK", hex(32)),
        ("key-", hex(32)),
        ("NRAK-", mixed(27).to_uppercase()),
        ("sntrys_", format!("{}+/=_{}", mixed(40), mixed(43))),
        ("hvs.", format!("CAES{}", mixed(60))),
        ("aB3dE5gH7jK9mN.atlasv1.", mixed(64)),
        ("MTA", format!("{}.GhIjKl.{}", mixed(21), mixed(38))),
        ("123456789:AA", mixed(33)),
        ("shpat_", hex(32)),
        ("sq0atp-", mixed(22)),
        ("sq0csp-", mixed(43)),
        ("pscale_tkn_", mixed(43)),
        ("dapi", format!("{}-2", hex(32))),
        ("v1.0-", format!("{}-{}{}", hex(24), hex(64), hex(64))),
        ("glsa_", format!("{}_{}", mixed(32), hex(8))),
        ("figd_", mixed(40)),
        ("AGE-SECRET-KEY-1", mixed(58).to_uppercase()),
        (
            "eyJ",
            format!("{}.eyJ{}.{}", mixed(20), mixed(20), mixed(43)),
        ),
    ]
}

#[test]
fn credentials_of_every_provider_are_removed() {
    for (prefix, rest) in examples() {
        let token = [prefix, &rest].concat();
        for (text, expect) in [
            (token.clone(), MARKER.to_owned()),
            (format!("a {token}, b"), format!("a {MARKER}, b")),
            (format!("x=\"{token}\""), format!("x=\"{MARKER}\"")),
            (
                format!("\u{1b}[31m{token}\u{1b}[0m"),
                format!("\u{1b}[31m{MARKER}\u{1b}[0m"),
            ),
        ] {
            assert_eq!(Redactor::default().redact(&text), expect, "{text}");
        }
    }
}

/// What agents hand in when a phase is complete is stored without them, and hashed without them.
#[test]
fn no_credential_of_any_provider_stays_in_an_artifact() {
    let redactor = Redactor::default();
    let redact = |text: &str| redactor.redact(text);
    let rules = Rules {
        redact: &redact,
        vocabulary: &Vocabulary::default(),
        most_findings: MOST_FINDINGS,
    };
    let stamp = Stamp {
        sprint: SprintId::new("sprint-20260131-090000").unwrap(),
        project: ProblemId::default(),
        agent: AgentName::new("agent-1").unwrap(),
        epoch: 1,
        at: Timestamp::default(),
        branch: None,
        tree: None,
    };
    let key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
    let more = [
        ("", key.to_owned()),
        ("", "https://me:hunter2@host/".into()),
    ];
    for (prefix, rest) in examples().into_iter().chain(more) {
        let token = [prefix, &rest].concat();
        let document =
            json!({"phase": "audit", "summary": {"found": [format!("see {token} there")]}});
        let phase = PhaseName::new("audit").unwrap();
        let prepared = prepare(document.to_string().as_bytes(), &phase, &stamp, &rules).unwrap();
        let stored: Value = serde_json::from_slice(&prepared.bytes).unwrap();
        let found = stored["summary"]["found"][0].as_str().unwrap();
        assert!(
            found.starts_with("see ") && found.contains(MARKER),
            "{token}: {found}"
        );
        let secret = if token.contains("hunter2") {
            "hunter2"
        } else {
            &rest
        };
        assert!(!found.contains(secret.trim_end()), "{token}: {found}");
    }
}

#[test]
fn addresses_and_connection_strings_are_removed_in_part() {
    let mixed = |length: usize| &MIXED[..length];
    for (text, expect) in [
        (
            format!("https://hooks.slack.com/services/T0/B0/{}", mixed(24)),
            "https://hooks.slack.com/services/[redacted]",
        ),
        (
            format!("https://discord.com/api/webhooks/123/{}", mixed(60)),
            "https://discord.com/api/webhooks/[redacted]",
        ),
        (
            format!("https://api.telegram.org/bot123456789:AA{}/getMe", mixed(33)),
            "https://api.telegram.org/bot[redacted]/getMe",
        ),
        (
            format!("AccountName=a;AccountKey={}+/{}==;", mixed(40), mixed(44)),
            "AccountName=a;AccountKey=[redacted];",
        ),
        (
            format!("?sv=2022&sig={}%2B%3D&se=1", mixed(40)),
            "?sv=2022&sig=[redacted]&se=1",
        ),
        (
            format!("SharedAccessKeyName=all;SharedAccessKey={}=", mixed(43)),
            "SharedAccessKeyName=all;SharedAccessKey=[redacted]",
        ),
        (
            "Server=db;Uid=me;Pwd=hunter2;".into(),
            "Server=db;Uid=me;Pwd=[redacted];",
        ),
        (
            "postgres://me:hunter2@db:5432/app".into(),
            "postgres://[redacted]@db:5432/app",
        ),
        (
            format!("aws_secret_access_key = {}/+{}", mixed(20), mixed(18)),
            "aws_secret_access_key = [redacted]",
        ),
        (
            format!("{{\"secretAccessKey\": \"{}\"}}", mixed(40)),
            "{\"secretAccessKey\": \"[redacted]\"}",
        ),
        (format!("DD_API_KEY={}", &HEX[..32]), "DD_API_KEY=[redacted]"),
        (
            format!("CLOUDFLARE_API_TOKEN: {}", mixed(40)),
            "CLOUDFLARE_API_TOKEN: [redacted]",
        ),
        (
            "\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n\""
                .into(),
            "\"private_key\": \"[redacted]\"",
        ),
    ] {
        assert_eq!(Redactor::default().redact(&text), expect, "{text}");
    }
}

/// Bytes without order, always the same.
fn noise(length: usize) -> impl Iterator<Item = u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
    .take(length)
}

#[test]
fn hashes_and_encoded_files_stay_readable() {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64: String = noise(1 << 18)
        .map(|byte| char::from(DIGITS[usize::from(byte & 63)]))
        .collect();
    let hex: String = noise(1 << 17).map(|byte| format!("{byte:02x}")).collect();
    let redactor = Redactor::default();
    let mut texts = vec![
        format!("<img src=\"data:image/png;base64,{base64}\">"),
        format!("{hex}\n"),
    ];
    for at in (0..200_000).step_by(4000) {
        let (hex, base64) = (&hex[at..], &base64[at..]);
        texts.extend([
            format!("commit {}", &hex[..40]),
            format!("index {}..{} 100644", &hex[..7], &hex[8..15]),
            format!("[h4b {}] a message", &hex[..7]),
            format!("checksum = \"{}\"", &hex[..64]),
            format!("sha256:{} sha1-{}=", &hex[..64], &base64[..27]),
            format!("\"integrity\": \"sha512-{}==\",", &base64[..86]),
            format!("  resolution: {{integrity: sha512-{}==}}", &base64[..86]),
            format!("h1:{}=", &base64[..43]),
            format!(
                "{}-{}-4{}-a{}-{}",
                &hex[..8],
                &hex[..4],
                &hex[..3],
                &hex[..3],
                &hex[..12]
            ),
            format!("main.{}.js tests/a::b_{}", &hex[..8], &hex[..16]),
        ]);
    }
    for text in texts {
        let clean = redactor.redact(&text);
        assert!(clean == text, "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn names_that_begin_like_credentials_stay_readable() {
    for text in [
        "npm_package_dependencies_typescript_eslint_parser=1",
        "npm_config_user_agent=npm/10",
        "task-2024-01-01-with-a-long-name, risk-assessment-of-version-2",
        "SKIP tests::SKeleton, DISK, key-value",
        "PWD=/home/me/project",
        "v1.0-rc1, v1.0-beta.2",
        "SG.Collections.Generic",
        "MTBF.value.of_the_system, MD5.new.hexdigest",
        "12345678:AAPL",
        "dapi_handler_that_has_a_very_long_name_indeed",
        "https://example.com/api/v1/users?sig=short&page=2",
        "hf_transfer, r8_unorm, gsk_free",
    ] {
        assert_eq!(Redactor::default().redact(text), text);
    }
}
