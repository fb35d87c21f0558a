use proptest::prelude::*;

use super::*;

fn in_pieces(redactor: &Redactor, text: &[u8], mut sizes: impl Iterator<Item = usize>) -> String {
    let (mut stream, mut clean, mut rest) = (redactor.stream(), String::new(), text);
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
        let (piece, after) = rest.split_at(size);
        stream.push(piece, &mut clean);
        rest = after;
    }
    stream.finish(&mut clean);
    clean
}

#[test]
fn secrets_across_the_borders_of_pieces_are_found() {
    let redactor = Redactor::new(["line one\nline two\nline three"]);
    let key = "x: MIIEow\nAbc\n-----END PRIVATE KEY-----\n";
    let block = "-----BEGIN PRIVATE KEY-----\nMIIEow\nAb+/=\n-----END PRIVATE KEY-----\n";
    let known = "a\nsaid line one\nline two\nline three.\n";
    let colours = "ghp_0123456789\u{1b}[1m0123456789 \u{1b}[32mgreen\u{1b}[0m\n";
    let text = format!("{key}{block}{known}{colours}Zoë: password=hunter2\n");
    let expect = "x: [redacted]\n[redacted]\na\nsaid [redacted].\n[redacted] green\nZoë: password=[redacted]\n";
    for size in [1, 2, 3, 7, 16, 1000] {
        let clean = in_pieces(&redactor, text.as_bytes(), std::iter::repeat(size));
        assert_eq!(clean, expect, "pieces of {size}");
    }
}

#[test]
fn replacements_are_counted_and_markers_that_were_there_are_not() {
    let (mut stream, mut clean) = (Redactor::new(["hunter22"]).stream(), String::new());
    stream.push(
        b"[redacted] hunter22 token=[redacted]\nGH_TOKEN=a\n\nAK",
        &mut clean,
    );
    stream.push(b"IAIOSFODNN7EXAMPLE", &mut clean);
    assert_eq!(stream.finish(&mut clean), 3);
    assert_eq!(
        clean,
        "[redacted] [redacted] token=[redacted]\nGH_TOKEN=[redacted]\n\n[redacted]"
    );
}

#[test]
fn a_colour_that_hides_nothing_stays() {
    let text = "\u{1b}[31mFAILED\u{1b}[0m token=\u{1b}[1mabc\u{1b}[0m\n";
    let expect = "\u{1b}[31mFAILED\u{1b}[0m token=\u{1b}[1m[redacted]\u{1b}[0m\n";
    assert_eq!(Redactor::default().redact(text), expect);
}

#[test]
fn a_token_that_only_a_colour_sets_off_is_removed_too() {
    let token = ["sk-", "proj-abcdefghijklmnop0123456789"].concat();
    let text = format!("ask\u{1b}[1m{token}\u{1b}[0m and pass\u{1b}[1mword=hunter2");
    let clean = Redactor::default().redact(text);
    assert_eq!(clean, "ask[redacted] and password=[redacted]");
}

#[test]
fn an_endless_line_is_cut_where_nothing_secret_is() {
    let redactor = Redactor::new(["correct horse battery staple"]);
    let secret = "correct horse battery staple, token=abcdefgh ";
    for filler in [0, 10, 20] {
        let line = secret.repeat(3 * MAX_LINE / secret.len());
        let text = "x".repeat(filler) + " " + &line + "\nend\n";
        let clean = in_pieces(&redactor, text.as_bytes(), std::iter::repeat(5000));
        let expect = "[redacted], token=[redacted] ".repeat(3 * MAX_LINE / secret.len());
        assert!(clean == "x".repeat(filler) + " " + &expect + "\nend\n");
    }
    for text in [
        "x".repeat(3 * MAX_LINE),
        "é".repeat(2 * MAX_LINE),
        "x ".repeat(MAX_LINE),
    ] {
        assert!(Redactor::default().redact(&text) == text);
    }
}

#[test]
fn a_secret_without_end_takes_the_rest_of_its_line_with_it() {
    let token = ["ghp", "_"].concat() + &"a1".repeat(2 * MAX_LINE);
    let clean = Redactor::default().redact(format!("it is {token} here\nnext\n"));
    assert_eq!(clean, "it is [redacted][redacted]\nnext\n");
}

#[test]
fn what_is_held_back_is_bounded() {
    let mut stream = Redactor::new(["secret\nof two lines"]).stream();
    let mut clean = String::new();
    stream.push(b"-----BEGIN PRIVATE KEY-----\n", &mut clean);
    for line in ["y\n", "secret\n", "ESC \u{1b}[1m", "-----END"] {
        for _ in 0..2 * MAX_LINE / line.len() {
            clean.clear();
            stream.push(line.as_bytes(), &mut clean);
            let held = stream.held.capacity() + stream.line.capacity();
            assert!(held <= 4 * MAX_LINE, "{held} bytes after {line:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pieces_make_no_difference(
        text in super::super::tests::pieces(),
        lines in "[A-Za-z0-9+/=\n]{0,40}",
        more in super::super::tests::pieces(),
        sizes in proptest::collection::vec(1_usize..20, 0..50),
    ) {
        let text = text + &lines + &more;
        let redactor = Redactor::new(["a\nb", "MIIE"]);
        let clean = in_pieces(&redactor, text.as_bytes(), sizes.into_iter());
        prop_assert_eq!(&clean, &redactor.redact(&text));
        if !text.contains('\u{1b}') {
            prop_assert_eq!(clean, redactor.redact_whole(&text));
        }
    }

    #[test]
    fn bytes_are_decoded_as_in_one_piece(
        bytes: Vec<u8>,
        sizes in proptest::collection::vec(1_usize..4, 0..50),
    ) {
        let clean = in_pieces(&Redactor::default(), &bytes, sizes.into_iter());
        prop_assert_eq!(clean, Redactor::default().redact_whole(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn a_value_that_colours_stand_in_never_survives(
        before in super::super::tests::pieces(),
        secret in "[a-z]{4}[A-Z]{4}",
        at in 1_usize..7,
        after in super::super::tests::pieces(),
    ) {
        let (head, tail) = secret.split_at(at);
        let text = format!("{before}{head}\u{1b}[1;31m{tail}{after}");
        let clean = strip_ansi(&Redactor::new([&secret]).redact(text));
        prop_assert!(!clean.contains(&secret), "{clean}");
    }
}
