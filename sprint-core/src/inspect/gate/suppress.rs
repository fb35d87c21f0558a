//! Comments and attributes by which a source tells the gate to look away.

use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, Severity};
use crate::domain::workspace::AddedLine;
use crate::inspect::lex::{Language, Source};

/// A mark, its language, and whether it is for a whole file or crate.
const MARKS: &[(Language, &str, bool)] = &[
    (Language::Script, "eslint-disable", false),
    (Language::Script, "@ts-nocheck", true),
    (Language::Script, "@ts-ignore", false),
    (Language::Script, "@ts-expect-error", false),
    (Language::Script, "biome-ignore", false),
    (Language::Python, "# noqa", false),
    (Language::Python, "# type: ignore", false),
    (Language::Python, "# mypy: ignore-errors", true),
    (Language::Python, "# ruff: noqa", true),
    (Language::Python, "# flake8: noqa", true),
    (Language::Python, "# pylint: disable", false),
    (Language::Rust, "#![allow(", true),
    (Language::Rust, "#[allow(", false),
    (Language::Go, "//nolint", false),
    (Language::Shell, "shellcheck disable", false),
    (Language::Jvm, "@SuppressWarnings(", false),
    (Language::Jvm, "@Suppress(", false),
    (Language::Ruby, "rubocop:disable", false),
    (Language::Php, "@phpstan-ignore", false),
];

/// More would drown everything else.
const MOST: usize = 20;

/// What the added lines suppress. A whole crate's or file's lints are part of the gate.
pub(super) fn findings(added: &[AddedLine]) -> Vec<Finding> {
    added
        .iter()
        .filter_map(|line| suppressed(&line.path, line.line, &line.text))
        .take(MOST)
        .collect()
}

fn suppressed(path: &RepoPath, number: u32, text: &str) -> Option<Finding> {
    let language = Language::of(path)?;
    let source = Source::new(text, language);
    let mut marks = MARKS.iter().filter(|(of, ..)| *of == language);
    let (_, mark, wide) = marks.find(|(_, mark, _)| {
        text.match_indices(mark).any(|(at, _)| {
            let blanked = source
                .plain
                .get(at..at + mark.len())
                .is_some_and(|plain| plain.trim().is_empty());
            let code = source
                .code
                .get(at..)
                .is_some_and(|code| code.starts_with(mark));
            // An attribute is code, the others are comments; in a string it is neither.
            if mark.ends_with('(') { code } else { blanked }
        })
    })?;
    let crate_wide = *mark == "#![allow(" && matches!(path.file_name(), "lib.rs" | "main.rs");
    let severity = match () {
        () if crate_wide => Severity::High,
        () if has_reason(text, mark) => Severity::Low,
        () => Severity::Medium,
    };
    let extent = if *wide {
        " for a whole file or module"
    } else {
        ""
    };
    Some(Finding {
        severity,
        kind: FindingKind::GateLoosened,
        message: format!(
            "`{}` keeps the gate from looking{extent}",
            mark.trim_end_matches('(')
        ),
        place: Some(format!("{path}:{number}")),
    })
}

/// Whether the line says why.
fn has_reason(text: &str, mark: &str) -> bool {
    let after = text.split_once(mark).map_or("", |(_, rest)| rest);
    let reasoned = after.contains("reason");
    let explained = after
        .split_once("--")
        .or_else(|| after.split_once("//"))
        .or_else(|| after.split_once(" # "));
    let telling = |words: &str| words.split_whitespace().count() >= 2;
    let ts = mark.starts_with("@ts-") && telling(after);
    reasoned || ts || explained.is_some_and(|(_, words)| telling(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Option<Severity> {
        suppressed(&RepoPath::from(path), 1, text).map(|finding| finding.severity)
    }

    #[rustfmt::skip]
    #[test]
    fn suppressions_are_told_from_words_about_them() {
        use Severity::{High, Low, Medium};
        let rows = [
            ("a.ts", "// eslint-disable-next-line no-console", Some(Medium), "const a = 'eslint-disable';"),
            ("a.ts", "x(); // @ts-ignore", Some(Medium), "f('@ts-ignore');"),
            ("a.ts", "// @ts-nocheck", Some(Medium), "// typescript checks this"),
            ("a.ts", "// @ts-expect-error the types of x are wrong", Some(Low), "// expects an error"),
            ("a.ts", "// eslint-disable-line no-console -- the user sees it", Some(Low), "x(); // prints"),
            ("a.py", "import x  # noqa", Some(Medium), "x = '# noqa'"),
            ("a.py", "x()  # type: ignore[attr]", Some(Medium), "x()  # the type is known"),
            ("src/lib.rs", "#![allow(dead_code)]", Some(High), "// #![allow(dead_code)]"),
            ("src/a.rs", "#[allow(dead_code)]", Some(Medium), "#[expect(dead_code, reason = \"x\")]"),
            ("src/a.rs", "#[allow(dead_code, reason = \"kept for x\")]", Some(Low), "let s = \"#[allow(x)]\";"),
            ("a.go", "x() //nolint:errcheck", Some(Medium), "x() // lint is fine"),
            ("A.java", "@SuppressWarnings(\"unchecked\")", Some(Medium), "// @SuppressWarnings(x)"),
            ("a.rb", "x # rubocop:disable all", Some(Medium), "x # uses rubocop"),
        ];
        for (path, text, severity, honest) in rows {
            assert_eq!(found(path, text), severity, "{path}: {text}");
            assert_eq!(found(path, honest), None, "{path}: {honest}");
        }
    }
}
