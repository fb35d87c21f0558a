//! Debugging leftovers in the lines that a change adds.
//!
//! Only code counts: a comment, a string and test data may speak of anything. What spec 10.6
//! names blocks. `console.log` is also how a program for the terminal prints: where a file did so
//! before, or is a script, it is a remark.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::path::RepoPath;
use crate::domain::verdict::{Finding, FindingKind, Severity};
use crate::domain::workspace::AddedLine;
use crate::inspect::FileChange;
use crate::inspect::lex::{Language, Source, is_word, words};

/// What a leftover looks like, and whether it blocks.
struct Mark {
    language: Language,
    /// Extensions it is limited to; all of the language if empty.
    only: &'static [&'static str],
    text: &'static str,
    severity: Severity,
    /// Whether it may be a file's way to speak to its user.
    prints: bool,
}

const fn blocks(language: Language, text: &'static str) -> Mark {
    Mark {
        language,
        only: &[],
        text,
        severity: Severity::High,
        prints: false,
    }
}

const fn remark(language: Language, text: &'static str) -> Mark {
    Mark {
        severity: Severity::Medium,
        ..blocks(language, text)
    }
}

const MARKS: &[Mark] = &[
    Mark {
        prints: true,
        ..blocks(Language::Script, "console.log(")
    },
    blocks(Language::Script, "debugger"),
    remark(Language::Script, "console.debug("),
    remark(Language::Script, "console.trace("),
    remark(Language::Script, "console.dir("),
    blocks(Language::Rust, "dbg!("),
    blocks(Language::Rust, "todo!("),
    blocks(Language::Rust, "unimplemented!("),
    blocks(Language::Python, "breakpoint()"),
    blocks(Language::Python, "pdb.set_trace()"),
    blocks(Language::Python, "ipdb.set_trace()"),
    blocks(Language::Ruby, "binding.pry"),
    blocks(Language::Ruby, "binding.irb"),
    blocks(Language::Ruby, "byebug"),
    blocks(Language::Php, "var_dump("),
    blocks(Language::Php, "dd("),
    blocks(Language::Go, "spew.Dump("),
    remark(Language::Go, "println("),
    Mark {
        only: &["kt", "kts"],
        ..blocks(Language::Jvm, "TODO(")
    },
    remark(Language::Jvm, "printStackTrace()"),
];

/// More would drown everything else.
const MOST: usize = 20;

/// The leftovers among the lines that a change adds; `files` tells what is around them.
pub(crate) fn artifacts(added: &[AddedLine], files: &[FileChange]) -> Vec<Finding> {
    let mut sources: BTreeMap<&RepoPath, Known<'_>> = BTreeMap::new();
    for file in files {
        if let (Some(language), Some(text)) = (Language::of(&file.path), &file.after) {
            let before = file
                .before
                .as_deref()
                .map(|text| Source::new(text, language).code);
            let now = Source::new(text, language);
            sources.insert(&file.path, Known { before, now });
        }
    }
    let unlisted = unlisted(added, files);
    let mut found: Vec<Finding> = added
        .iter()
        .chain(&unlisted)
        .filter_map(|line| leftover(line, sources.get(&line.path)))
        .collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found.truncate(MOST);
    found
}

/// The new lines of changed files of which none is listed: only so many lines are.
fn unlisted(added: &[AddedLine], files: &[FileChange]) -> Vec<AddedLine> {
    let listed: BTreeSet<&RepoPath> = added.iter().map(|line| &line.path).collect();
    let missing = files
        .iter()
        .filter(|file| Language::of(&file.path).is_some() && !listed.contains(&file.path));
    let mut found = Vec::new();
    for file in missing {
        let known: BTreeSet<&str> = file.before.iter().flat_map(|text| text.lines()).collect();
        let lines = file.after.iter().flat_map(|text| (1..).zip(text.lines()));
        let new = lines.filter(|(_, text)| !known.contains(text));
        found.extend(new.map(|(line, text)| AddedLine {
            path: file.path.clone(),
            line,
            text: text.to_owned(),
        }));
    }
    found
}

/// A file of the change, read.
struct Known<'a> {
    before: Option<String>,
    now: Source<'a>,
}

fn leftover(line: &AddedLine, known: Option<&Known<'_>>) -> Option<Finding> {
    let language = Language::of(&line.path)?;
    // Alone, a line of a longer comment or string looks like code.
    let alone = Source::new(&line.text, language);
    let whole = known.and_then(|known| Some((known, known.now.line(line.line)?)));
    let whole = whole.filter(|(known, range)| {
        known.now.text[range.clone()]
            .trim()
            .starts_with(line.text.trim())
    });
    let (code, plain) = match &whole {
        Some((known, range)) => (
            &known.now.code[range.clone()],
            &known.now.plain[range.clone()],
        ),
        None => (alone.code.as_str(), alone.plain.as_str()),
    };
    let extension = line
        .path
        .file_name()
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    let applies = |mark: &&Mark| {
        mark.language == language
            && (mark.only.is_empty() || mark.only.contains(&extension))
            && stands_in(code, mark.text)
    };
    let place = format!("{}:{}: {}", line.path, line.line, line.text.trim());
    if let Some(mark) = MARKS.iter().find(applies) {
        let usual = mark.prints && is_usual(&line.path, known, mark.text);
        return Some(Finding {
            severity: if usual {
                Severity::Medium
            } else {
                mark.severity
            },
            kind: FindingKind::DebugArtifacts,
            message: format!(
                "debugging leftover in an added line: `{}`",
                mark.text.trim_end_matches(['(', ')'])
            ),
            place: Some(place),
        });
    }
    let hack = words(&line.text).find(|(at, word)| {
        matches!(*word, "HACK" | "FIXME" | "XXX")
            && plain.get(*at..).is_none_or(|rest| !rest.starts_with(word))
    });
    hack.map(|(_, word)| {
        let message = format!("an added comment says {word}");
        Finding::remark(FindingKind::DebugArtifacts, message).at(place)
    })
}

/// Whether a mark stands in code as a word of its own.
fn stands_in(code: &str, mark: &str) -> bool {
    code.match_indices(mark).any(|(at, _)| {
        let before = code[..at].trim_end_matches(' ');
        let after = code[at + mark.len()..].chars().next();
        let inside = code[..at].ends_with(|c| is_word(c) || c == '-')
            // `fmt.println(` is somebody's own.
            || (before.ends_with(['.', '>']) && !mark.contains('.') && !mark.starts_with("print"))
            || before.ends_with("function") || before.ends_with("func") || before.ends_with("fun") || before.ends_with("def");
        let goes_on = !mark.ends_with(['(', ')']) && after.is_some_and(|c| is_word(c) || matches!(c, ':' | '=' | '-' | '.'));
        let member = mark == "println(" && before.ends_with('.');
        !inside && !goes_on && !member
    })
}

/// Whether printing is what the file does: it did before, or it is made for the terminal.
fn is_usual(path: &RepoPath, known: Option<&Known<'_>>, mark: &str) -> bool {
    let printed = known
        .and_then(|known| known.before.as_ref())
        .is_some_and(|code| stands_in(code, mark));
    let script = known.is_some_and(|known| known.now.text.starts_with("#!"));
    let place = path
        .as_str()
        .split('/')
        .any(|part| matches!(part, "bin" | "cli" | "scripts"))
        || path.file_name().starts_with("cli.");
    printed || script || place
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Severity of what is found in one added line, alone.
    fn found(path: &str, text: &str) -> Option<Severity> {
        let line = AddedLine {
            path: RepoPath::from(path),
            line: 1,
            text: text.into(),
        };
        artifacts(&[line], &[])
            .first()
            .map(|finding| finding.severity)
    }

    #[test]
    fn leftovers_are_told_from_what_looks_like_them() {
        use Severity::{High, Medium};
        let rows: &[(&str, &str, Option<Severity>, &str)] = &[
            (
                "a.ts",
                "console.log(x)",
                Some(High),
                "logger.log(x) // console.log(x)",
            ),
            ("a.ts", "  debugger;", Some(High), "debuggerEnabled = true"),
            (
                "a.tsx",
                "console.debug(x)",
                Some(Medium),
                "const s = 'console.debug(x)'",
            ),
            (
                "a.js",
                "console.trace()",
                Some(Medium),
                "const a = { debugger: true }",
            ),
            ("a.js", "console.dir(x)", Some(Medium), "console.error(x)"),
            ("a.rs", "dbg!(x);", Some(High), "// dbg!(x)"),
            ("a.rs", "todo!()", Some(High), "my_todo!()"),
            (
                "a.rs",
                "unimplemented!()",
                Some(High),
                "\"unimplemented!()\"",
            ),
            ("a.py", "breakpoint()", Some(High), "print(x)"),
            (
                "a.py",
                "import pdb; pdb.set_trace()",
                Some(High),
                "# pdb.set_trace()",
            ),
            ("a.py", "ipdb.set_trace()", Some(High), "set_breakpoint()"),
            ("a.rb", "binding.pry", Some(High), "'binding.pry'"),
            ("a.rb", "binding.irb", Some(High), "binding.local_variables"),
            ("a.rb", "byebug", Some(High), "gem 'byebug'"),
            (
                "a.php",
                "<?php var_dump($x);",
                Some(High),
                "<?php $a->dump($x);",
            ),
            (
                "a.php",
                "<?php dd($x);",
                Some(High),
                "<?php add($x); $this->dd($x);",
            ),
            ("a.go", "spew.Dump(x)", Some(High), "spew.Config"),
            ("a.go", "println(x)", Some(Medium), "out.println(x)"),
            ("a.kt", "TODO(\"later\")", Some(High), "addTODO(x)"),
            (
                "A.java",
                "e.printStackTrace();",
                Some(Medium),
                "System.out.println(x); TODO(x);",
            ),
            (
                "a.ts",
                "x(); // TODO: HACK around it",
                Some(Medium),
                "const HACK = 1; // TODO: later",
            ),
            ("a.py", "x() # FIXME", Some(Medium), "x('FIXME')"),
            ("bin/a.js", "console.log(x)", Some(Medium), "x"),
            ("a.md", "x", None, "console.log(x)"),
            ("a.json", "x", None, "debugger"),
        ];
        for (path, text, severity, honest) in rows {
            assert_eq!(found(path, text), *severity, "{path}: {text}");
            assert_eq!(found(path, honest), None, "{path}: {honest}");
        }
    }

    #[test]
    fn what_is_around_a_line_counts() {
        let text = "/*\nconsole.log(1)\n*/\nconsole.log(2)\n";
        let mut file = FileChange {
            path: RepoPath::from("a.ts"),
            before: None,
            after: Some(text.into()),
        };
        let lines = [2, 4].map(|line| AddedLine {
            path: RepoPath::from("a.ts"),
            line,
            text: format!("console.log({})", line / 2),
        });
        let found = |file: &FileChange| {
            let found = artifacts(&lines, std::slice::from_ref(file));
            found
                .iter()
                .map(|f| (f.severity, f.place.clone().unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(&file),
            [(Severity::High, "a.ts:4: console.log(2)".into())]
        );
        file.before = Some("console.log('usage')".into());
        assert_eq!(
            found(&file)[0].0,
            Severity::Medium,
            "the file printed before"
        );
    }

    #[test]
    fn a_file_whose_lines_are_not_listed_is_read_itself() {
        let file = |path: &str, before: &str, after: &str| FileChange {
            path: RepoPath::from(path),
            before: Some(before.into()),
            after: Some(after.into()),
        };
        let files = [
            file("a.txt", "", "debugger\n"),
            file("a.ts", "a();\n", "a();\ndebugger;\n"),
            file("b.ts", "debugger;\na();\n", "debugger;\nb();\n"),
            file("c.ts", "", "c();\ndebugger;\n"),
        ];
        let added = [AddedLine {
            path: RepoPath::from("c.ts"),
            line: 1,
            text: "c();".into(),
        }];
        let places: Vec<_> = artifacts(&added, &files)
            .into_iter()
            .map(|f| f.place)
            .collect();
        assert_eq!(places, [Some("a.ts:2: debugger;".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read(text in "[a-z!(). é/*#'\"]{0,40}", line in 0u32..4) {
            for path in ["a.ts", "a.rs", "a.py", "a.go", "a.rb", "a.php", "a.kt", "a"] {
                let added = [AddedLine { path: RepoPath::from(path), line, text: text.clone() }];
                let file = FileChange { path: RepoPath::from(path), before: None, after: Some(format!("x\n{text}")) };
                artifacts(&added, &[file]);
            }
        }
    }
}
