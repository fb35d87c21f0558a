use proptest::prelude::*;

use super::*;

fn code(text: &str, language: Language) -> String {
    let source = Source::new(text, language);
    source.code.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_strings_are_blanked_in_every_language() {
    use Language::{Go, Jvm, Php, Python, Ruby, Rust, Script, Shell};
    let rows: &[(Language, &str, &str)] = &[
        (Script, "a // x\nb /* y */ c", "a b c"),
        (
            Script,
            "f('it(', `a ${b(`c`)} d`, /['\"]/)",
            "f(' ', ` `, / /)",
        ),
        (Script, "a / b / c", "a / b / c"),
        (Script, "<p>Don't</p>\nx()", "<p>Don' x()"),
        (
            Rust,
            "/* a /* b */ c */ fn x<'a>(c: char) { '\\'' }",
            "fn x<'a>(c: char) { ' ' }",
        ),
        (
            Rust,
            "r#\"a\"b\"# b\"q\" br\"z\" bar",
            "r#\" \"# b\" \" br\" \" bar",
        ),
        (
            Python,
            "\"\"\"doc\ndef test_x\"\"\"\nx = 'a' # b",
            "\"\"\" \"\"\" x = ' '",
        ),
        (Go, "x := `a\nb` // c", "x := ` `"),
        (
            Shell,
            "echo $# 'a # b' # c\n: <<EOF\n[ 1 ]\nEOF\nok",
            "echo $# ' ' : <<EOF EOF ok",
        ),
        (Jvm, "\"\"\"a \"b\" \"\"\" 'c' // d", "\"\"\" \"\"\" ' '"),
        (
            Ruby,
            "=begin\nit\n=end\nx = <<~SQL\n it 'a'\nSQL\ny # z",
            "x = <<~SQL SQL y",
        ),
        (
            Php,
            "#[Test] a(); # b\n// c\n$x = <<<EOT\n d\nEOT;",
            "#[Test] a(); $x = <<<EOT EOT;",
        ),
    ];
    for (language, text, expected) in rows {
        assert_eq!(code(text, *language), *expected, "{language:?}: {text}");
    }
}

#[test]
fn brackets_find_each_other_although_some_are_missing() {
    let source = Source::new("f(a[1) { g() }", Language::Script);
    assert_eq!(source.closing(1), Some(5));
    assert_eq!(source.closing(3), Some(5));
    assert_eq!(source.closing(7), Some(13));
    assert_eq!(source.closing(0), None);
    assert_eq!(Source::new("((", Language::Script).closing(0), Some(2));
}

#[test]
fn lines_are_known_by_number() {
    let source = Source::new("a\nbc\n", Language::Script);
    assert_eq!(
        (source.line_of(0), source.line_of(2), source.line_of(5)),
        (1, 2, 3)
    );
    assert_eq!((source.line(2), source.line(9)), (Some(2..4), None));
    assert_eq!(source.line_start(3), 2);
}

proptest! {
    #[test]
    fn masks_are_as_long_as_the_text(text in "([a-z/*#'\"`$\\{\\}<\\\\\n \\[\\]é=]|<<E|=begin|r#\"){0,80}") {
        for (language, _) in EXTENSIONS {
            let source = Source::new(&text, *language);
            prop_assert_eq!(source.code.len(), text.len(), "{:?}", language);
            prop_assert_eq!(source.plain.len(), text.len());
            let newlines = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(newlines(&source.code), newlines(&text));
        }
    }
}
