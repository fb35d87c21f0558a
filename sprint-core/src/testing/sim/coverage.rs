//! What happened at least once: without these counts a simulator goes blind without a word.

use std::collections::BTreeMap;

/// How often things happened, by what they belong to and their name.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<(&'static str, &'static str), u64>);

impl Coverage {
    /// It happened once more.
    pub fn hit(&mut self, kind: &'static str, what: &'static str) {
        *self.0.entry((kind, what)).or_default() += 1;
    }

    /// How often it happened.
    pub fn count(&self, kind: &str, what: &str) -> u64 {
        let found = self.0.iter().find(|(key, _)| **key == (kind, what));
        found.map_or(0, |(_, n)| *n)
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (what, n) in &other.0 {
            *self.0.entry(*what).or_default() += n;
        }
    }

    /// Everything that happened, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.0.iter().map(|((kind, what), n)| (*kind, *what, *n))
    }
}
