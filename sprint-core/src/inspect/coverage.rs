//! Which edge cases of a ticket a test speaks of (layer 2.5).
//!
//! One is covered if one test has both the function and the condition: the function by name, in
//! the test or in what its file imports, and the condition by its keyword or a synonym, in the
//! title or the body. It is a question of names, so that it can be decided. A test that never
//! runs, or cannot fail, covers nothing, and neither does a comment.

use crate::domain::path::RepoPath;
use crate::inspect::blocks::{self, Skip, TestBlock, Tests};
use crate::plan::edge_cases::{EdgeCase, synonyms};
use crate::plan::words::words;

/// What became of a ticket's edge cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many the ticket names.
    pub total: usize,
    /// Those that no test speaks of.
    pub missing: Vec<EdgeCase>,
}

impl Coverage {
    /// How many a test speaks of.
    pub fn covered(&self) -> usize {
        self.total - self.missing.len()
    }
}

/// Looks for the edge cases in the tests of a change.
pub fn coverage(cases: &[EdgeCase], test_sources: &[(RepoPath, String)]) -> Coverage {
    let files: Vec<File> = test_sources
        .iter()
        .map(|(path, text)| File::new(path, text))
        .collect();
    let covered = |case: &&EdgeCase| {
        let function = words(case.function.as_deref().unwrap_or_default());
        // Nothing but punctuation: nothing to look for.
        let Some(keyword) = case.keyword() else {
            return false;
        };
        files.iter().any(|file| {
            let imported = file.imports.names(&function);
            file.tests
                .iter()
                .any(|test| (imported || test.names(&function)) && test.means(&keyword))
        })
    };
    Coverage {
        total: cases.len(),
        missing: cases
            .iter()
            .filter(|case| !covered(case))
            .cloned()
            .collect(),
    }
}

/// The edge cases that no test speaks of.
pub fn uncovered(cases: &[EdgeCase], test_sources: &[(RepoPath, String)]) -> Vec<EdgeCase> {
    coverage(cases, test_sources).missing
}

struct File {
    tests: Vec<Text>,
    imports: Text,
}

impl File {
    fn new(path: &RepoPath, text: &str) -> Self {
        match blocks::read(path, text, true) {
            Some(tests) if !tests.blocks.is_empty() => Self::known(&tests),
            // No table knows how tests look here: the file is one.
            Some(_) | None => Self {
                tests: vec![Text::new(text)],
                imports: Text::new(""),
            },
        }
    }

    fn known(tests: &Tests) -> Self {
        const IMPORTS: &[&str] = &[
            "import ", "from ", "use ", "pub use ", "require", "source ", "load ",
        ];
        let counts = |test: &&TestBlock| {
            test.skipped != Some(Skip::Always) && !test.tautological() && test.hollow.is_none()
        };
        let text = |test: &TestBlock| Text::new(&format!("{}\n{}", test.name, test.body));
        let mut imports = String::new();
        let mut open = false;
        for line in tests.outside.lines() {
            let begins = IMPORTS
                .iter()
                .any(|word| line.trim_start().starts_with(word))
                || line.contains("require(");
            if begins || open {
                imports.push_str(line);
                imports.push('\n');
            }
            // An import in brackets goes on over lines.
            open = (begins && line.contains(['{', '(']) || open) && !line.contains(['}', ')', ';']);
        }
        Self {
            tests: tests.blocks.iter().filter(counts).map(text).collect(),
            imports: Text::new(&imports),
        }
    }
}

/// A text and its words.
struct Text {
    lower: String,
    words: Vec<String>,
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            lower: text.to_lowercase(),
            words: words(text),
        }
    }

    /// Whether these words stand in it one after the other; no words always do.
    fn names(&self, name: &[String]) -> bool {
        name.is_empty() || self.words.windows(name.len()).any(|at| at == name)
    }

    /// Whether the word is there, possibly with an ending: `duplicate` in `duplicates`.
    fn has_word(&self, word: &str) -> bool {
        let takes_endings = word.chars().count() >= 4;
        self.words
            .iter()
            .any(|at| at == word || (takes_endings && at.starts_with(word)))
    }

    fn means(&self, keyword: &str) -> bool {
        let plain = |text: &str| text.chars().all(char::is_alphanumeric);
        let synonym = |other: &&str| match plain(other) {
            true => self.has_word(other),
            false => self.lower.contains(other),
        };
        self.has_word(keyword) || synonyms(keyword).unwrap_or_default().iter().any(synonym)
    }
}

#[cfg(test)]
mod tests;
