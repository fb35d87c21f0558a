//! How many files a linter or type checker says it looked at.
//!
//! Most say nothing when all is well, and silence is no number. Those that print a number or a
//! remark that there was nothing to look at are in a table; what several of them say adds up.
//! ESLint, Prettier, `tsc` and Stylelint only tell of nothing; Clippy, flake8, golangci-lint and
//! ShellCheck never tell anything.

use sprint_core::domain::command::Count;

use super::read::plain;
use super::runner::number;

/// How many files a line speaks of; `None` for lines that speak of something else.
type Reader = fn(&str) -> Option<u64>;

/// To add a tool, add it here.
const READERS: &[Reader] = &[biome, eslint, mypy, prettier, ruff, stylelint, tsc];

/// Reads the output of a linter while it comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileReader {
    files: Option<u64>,
}

impl FileReader {
    /// Reads the next line, given without its line break.
    pub(crate) fn line(&mut self, line: &str) {
        let line = plain(line);
        let line = line.trim();
        for files in READERS.iter().filter_map(|reader| reader(line)) {
            self.files = Some(self.files.unwrap_or_default().saturating_add(files));
        }
    }

    /// What all lines together say.
    pub(crate) fn finish(self) -> Count {
        self.files.map_or(Count::Unknown, |files| Count::Known {
            passed: files,
            failed: 0,
            skipped: 0,
        })
    }
}

/// How many files a whole output speaks of.
#[cfg(test)]
pub(crate) fn read(output: &str) -> Count {
    let mut reader = FileReader::default();
    output.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// `Checked 2 files in 14ms. No fixes applied.`
fn biome(line: &str) -> Option<u64> {
    let (files, rest) = number(line.strip_prefix("Checked ")?)?;
    (rest.starts_with(" files in ") || rest.starts_with(" file in ")).then_some(files)
}

/// `No files matching the pattern "src" were found.`, or a pattern of which all is ignored.
fn eslint(line: &str) -> Option<u64> {
    let missing =
        line.starts_with("No files matching the pattern \"") && line.ends_with("\" were found.");
    let ignored = line.starts_with("You are linting ")
        && line.contains(", but all of the files matching the glob pattern ");
    (missing || ignored).then_some(0)
}

/// `Success: no issues found in 3 source files`, or what was checked after a sum of errors.
fn mypy(line: &str) -> Option<u64> {
    if line.starts_with("There are no .py[i] files in directory ") {
        return Some(0);
    }
    let files = match line.strip_prefix("Success: no issues found in ") {
        Some(files) => files,
        None => line
            .strip_prefix("Found ")?
            .rsplit_once(" (checked ")?
            .1
            .strip_suffix(')')?,
    };
    let (files, rest) = number(files)?;
    matches!(rest, " source files" | " source file").then_some(files)
}

/// `[error] No files matching the pattern were found: "src".`
fn prettier(line: &str) -> Option<u64> {
    let nothing = "[error] No files matching the pattern were found: ";
    line.starts_with(nothing).then_some(0)
}

/// `2 files already formatted` and `1 file would be reformatted`, or no Python at all.
fn ruff(line: &str) -> Option<u64> {
    if line.starts_with("warning: No Python files found under the given path") {
        return Some(0);
    }
    line.split(", ").try_fold(0_u64, |sum, part| {
        let (files, rest) = number(part)?;
        let rest = rest
            .strip_prefix(" files")
            .or_else(|| rest.strip_prefix(" file"))?;
        matches!(
            rest,
            " already formatted" | " would be reformatted" | " reformatted" | " left unchanged"
        )
        .then(|| sum.saturating_add(files))
    })
}

/// `1 source checked` of its verbose format, or a pattern without files.
fn stylelint(line: &str) -> Option<u64> {
    let nothing = "NoFilesFoundError: No files matching the pattern ";
    if line.starts_with(nothing) {
        return Some(0);
    }
    let (files, rest) = number(line)?;
    matches!(rest, " sources checked" | " source checked").then_some(files)
}

/// `error TS18003: No inputs were found in config file …`
fn tsc(line: &str) -> Option<u64> {
    line.starts_with("error TS18003: ").then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, files: Option<u64>) {
        let expect = files.map_or(Count::Unknown, |passed| Count::Known {
            passed,
            failed: 0,
            skipped: 0,
        });
        assert_eq!(read(output), expect, "{output}");
    }

    #[test]
    fn several_tools_add_up() {
        check(
            "Checked 2 files in 3ms.\nSuccess: no issues found in 1 source file\n",
            Some(3),
        );
        check("3 files reformatted, 2 files left unchanged\n", Some(5));
    }

    #[test]
    fn what_only_looks_similar_says_nothing() {
        for text in [
            "",
            "All checks passed!\n",
            "Checked 2 things in 3ms.\n",
            "Found 1 error in 1 file (errors prevented further checking)\n",
            "2 files already formatted, 1 file lost\n",
            "No files matching the pattern\n",
            "99999999999999999999 files already formatted\n",
        ] {
            check(text, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_fine(text: String) {
            read(&text);
        }
    }
}
