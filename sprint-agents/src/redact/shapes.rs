//! A quick look whether a text can hold anything of a secret shape. Most lines cannot.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{assignments, key_blocks, tokens};

/// Words that are written in any case.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(assignments::marks())
        .ok()
});

/// Beginnings that are written in one case.
static EXACT: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(tokens::marks().chain(key_blocks::marks())).ok());

/// Whether some rule may find something in `text`.
pub(super) fn may_be_in(text: &str) -> bool {
    // Without a searcher every text is looked at closely.
    let found =
        |marks: &Option<AhoCorasick>| marks.as_ref().is_none_or(|marks| marks.is_match(text));
    found(&WORDS) || found(&EXACT)
}
