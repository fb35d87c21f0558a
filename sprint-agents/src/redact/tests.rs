use proptest::prelude::*;

use super::{MARKER, Redactor};

fn check(text: &str, expect: &str) {
    assert_eq!(Redactor::default().redact(text), expect, "{text}");
}

#[test]
fn tokens_of_known_services_are_removed_wherever_they_stand() {
    for token in [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "gho_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
        "lin_api_aBcDeFgHiJkLmNoPqRsT",
        "lin_oauth_0123456789abcdef0123456789abcdef",
        "sk-proj-abcdefghijklmnop0123456789",
        "sk-ant-api03-abcdefghijklmnop-0123456789_AA",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefABCDEF",
        "AIzaSyA-1234567890abcdefghijklmnopqrstu",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
    ] {
        check(token, MARKER);
        check(&format!("a {token}, b"), "a [redacted], b");
        check(
            &format!("\x1b[31m{token}\x1b[0m"),
            "\x1b[31m[redacted]\x1b[0m",
        );
        check(
            &format!(r#"{{"log":"x\n{token}"}}"#),
            r#"{"log":"x\n[redacted]"}"#,
        );
    }
}

#[test]
fn assigned_values_are_removed_and_their_names_stay() {
    for (text, expect) in [
        ("password=hunter2 x", "password=[redacted] x"),
        (
            "password=\x1b[31mhunter2\x1b[0m",
            "password=\x1b[31m[redacted]\x1b[0m",
        ),
        ("PASSWORD: hunter2", "PASSWORD: [redacted]"),
        ("GH_TOKEN=abc;", "GH_TOKEN=[redacted];"),
        ("?access_token=abc&x=1", "?access_token=[redacted]&x=1"),
        (
            r#"{"api_key": "a b\"c", "x": 1}"#,
            r#"{"api_key": "[redacted]", "x": 1}"#,
        ),
        (
            r#""{\"token\":\"abc\"}""#,
            r#""{\"token\":\"[redacted]\"}""#,
        ),
        ("secret = 'abc def'", "secret = '[redacted]'"),
        ("--api-key=abc", "--api-key=[redacted]"),
        (
            "Authorization: Bearer abcdef",
            "Authorization: Bearer [redacted]",
        ),
        (
            "-H 'authorization: Basic dXNlcg=='",
            "-H 'authorization: Basic [redacted]'",
        ),
        ("Bearer abcdef1234567890", "Bearer [redacted]"),
        ("https://me:pw@host/x", "https://[redacted]@host/x"),
    ] {
        check(text, expect);
    }
}

#[test]
fn ordinary_output_stays_readable() {
    for text in [
        "let token = lexer.next();",
        "expected token: Token::Comma",
        "if password == other {",
        "max_tokens: 4096, tokens=12",
        "the task-2024-01-01-with-a-long-name failed",
        "keyJson.stringify.all",
        "error[E0308]: mismatched types --> src/token.rs:12:5",
        "the bearer of bad news",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "https://host:80/a@b",
        "日本語 🦀",
    ] {
        check(text, text);
    }
}

#[test]
fn key_blocks_are_removed_also_when_one_end_is_missing() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow\nAb+/=\n-----END RSA PRIVATE KEY-----";
    check(&format!("a\n{key}\nb c"), "a\n[redacted]\nb c");
    check(
        &format!("{:?}", format!("a {key} b")),
        r#""a [redacted] b""#,
    );
    check(&format!("{key}{key}"), "[redacted][redacted]");
    check("(-----BEGIN PRIVATE KEY-----\nMIIEow\nAb", "([redacted]");
    check(
        r#"{"a": "seen -----BEGIN PRIVATE KEY----- \"here\", (x)", "b": 1}"#,
        r#"{"a": "seen [redacted]", "b": 1}"#,
    );
    check(
        "x: MIIEow\nAb+/=\n-----END PRIVATE KEY-----\nb",
        "x: [redacted]\nb",
    );
}

#[test]
fn known_values_are_removed_in_clear_and_in_base64() {
    let redactor = Redactor::new(["correct horse\n", "ab"]).and(["other-secret"]);
    assert_eq!(
        redactor.redact("abc correct horse, Y29ycmVjdCBob3JzZQ==, other-secret"),
        "abc [redacted], [redacted]Q==, [redacted]"
    );
    assert_eq!(format!("{redactor:?}"), "Redactor { .. }");
}

#[test]
fn broken_utf8_is_replaced_and_hides_nothing() {
    let redactor = Redactor::new(["correct horse"]);
    assert_eq!(
        redactor.redact(b"\xffcorrect horse\xc3("),
        "\u{fffd}[redacted]\u{fffd}("
    );
}

#[test]
fn time_is_linear_in_hostile_text() {
    // Quadratic work on these would take minutes.
    for unit in [
        "eyJeyJeyJe.",
        "A ",
        "token: token ",
        "-----BEGIN PRIVATE KEY-----(",
        "token:\"",
        "://a:",
        "ghp_",
        "\x1b[1",
        "MI\n-----END PRIVATE KEY-----\n",
    ] {
        let text = unit.repeat((1 << 17) / unit.len());
        assert!(Redactor::default().redact(text).len() <= 3 << 17);
    }
}

/// Text rich in what the rules look for.
pub(super) fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("-----BEGIN PRIVATE KEY-----\n".to_owned()),
        Just("-----END PRIVATE KEY-----".to_owned()),
        Just("Authorization: Bearer ".to_owned()),
        Just("token=".to_owned()),
        Just("\"password\": \"".to_owned()),
        Just("eyJhbGciOiJI".to_owned()),
        Just("ghp_".to_owned()),
        Just("sk-".to_owned()),
        Just("AKIA".to_owned()),
        Just("xoxb-".to_owned()),
        Just("://".to_owned()),
        Just(MARKER.to_owned()),
        "[\\\\\"'=:.@ \n\x1b;\\[\\]-]{1,3}",
        "[A-Z0-9]{1,20}",
        "[a-z0-9]{1,20}",
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_bytes_are_fine(bytes: Vec<u8>) {
        Redactor::new([String::from_utf8_lossy(&bytes)]).redact(&bytes);
    }

    #[test]
    fn a_known_value_never_survives(before in pieces(), secret in "[!-~]{6,40}", after in pieces()) {
        let redactor = Redactor::new([&secret]);
        let clean = redactor.redact(format!("{before}{secret}{after}"));
        prop_assert!(!clean.replace(MARKER, "").contains(&secret) || MARKER.contains(&secret), "{clean}");
    }

    #[test]
    fn a_token_of_known_shape_never_survives(
        before in pieces(),
        prefix in prop_oneof![Just("ghp_"), Just("github_pat_"), Just("lin_api_"), Just("xoxp-")],
        body in "[A-Za-z0-9]{24,40}",
        after in pieces(),
    ) {
        let clean = Redactor::default().redact(format!("{before}{prefix}{body}{after}"));
        prop_assert!(!clean.contains(&body), "{clean}");
    }

    #[test]
    fn a_password_never_survives(before in pieces(), value in "[A-Za-z0-9]{8,20}", after in "[ \n,;&].*") {
        let clean = Redactor::default().redact(format!("{before} password={value}{after}"));
        prop_assert!(!clean.contains(&value) || before.contains(&value) || after.contains(&value), "{clean}");
    }
}
