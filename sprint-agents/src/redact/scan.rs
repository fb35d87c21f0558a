//! The one pass over a text that all shape rules share.

use super::MARKER;

/// A text being copied from left to right, with replacements.
///
/// A rule looks at most at what it then copies or replaces, give or take a constant: that keeps
/// time linear whatever the text.
pub(super) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    clean: Vec<u8>,
    removed: &'a mut Vec<String>,
}

impl<'a> Scan<'a> {
    /// The text after `rule` was tried at the beginning of every run of word characters and at
    /// every other byte. A rule that does not apply returns false and leaves the scan alone.
    /// What was replaced is added to `removed`.
    pub(super) fn rewrite(
        text: &'a str,
        removed: &'a mut Vec<String>,
        rule: fn(&mut Self) -> bool,
    ) -> String {
        let mut scan = Self {
            text: text.as_bytes(),
            at: 0,
            clean: Vec::with_capacity(text.len()),
            removed,
        };
        while scan.at < scan.text.len() {
            let rest = scan.rest();
            if rest.starts_with(MARKER.as_bytes()) {
                scan.copy(MARKER.len());
            } else if colour(rest) > 0 {
                // The letter that ends a colour code would hide the beginning of a word.
                scan.copy(colour(rest));
            } else if matches!(rest, [b'\\', b'n' | b'r' | b't', ..]) {
                scan.copy(2);
            } else if !rule(&mut scan) {
                scan.copy(count(rest, word).max(1));
            }
        }
        // Cuts are made next to ASCII only, so nothing is lost here.
        String::from_utf8_lossy(&scan.clean).into_owned()
    }

    /// What lies ahead.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    pub(super) fn copy(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        self.clean.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    /// Puts a marker in the place of the next `bytes`, unless there is nothing to hide.
    pub(super) fn replace(&mut self, bytes: usize) {
        if bytes > 0 {
            self.clean.extend_from_slice(MARKER.as_bytes());
            let end = (self.at + bytes).min(self.text.len());
            let piece = String::from_utf8_lossy(&self.text[self.at..end]);
            self.removed.push(piece.into_owned());
            self.at = end;
        }
    }

    /// Takes back what was copied, as far as the bytes are `unwanted`, and at most so many.
    pub(super) fn take_back(&mut self, most: usize, unwanted: impl Fn(u8) -> bool) {
        let least = self.clean.len().saturating_sub(most);
        let kept = self.clean[least..].iter().rposition(|b| !unwanted(*b));
        let from = kept.map_or(least, |at| least + at + 1);
        let piece = String::from_utf8_lossy(&self.clean[from..]);
        self.removed.push(piece.into_owned());
        self.clean.truncate(from);
    }
}

/// Whether a byte belongs to a run.
pub(super) fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}

/// How many bytes at the beginning are `wanted`.
pub(super) fn count(text: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|b| wanted(**b)).count()
}

/// The length of a colour code at the beginning.
pub(super) fn colour(text: &[u8]) -> usize {
    if text.starts_with(b"\x1b[") {
        let code = 2 + count(&text[2..], |b| b.is_ascii_digit() || b == b';');
        let last = text.get(code).is_some_and(u8::is_ascii_graphic);
        code + usize::from(last)
    } else {
        0
    }
}
