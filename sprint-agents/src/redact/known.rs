//! Values known to be secret, in clear and in Base64.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::MARKER;

const SHORTEST: usize = 4;
const SHORTEST_ENCODED: usize = 8;
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Everything to look for.
#[derive(Default)]
pub(super) struct Known {
    needles: BTreeSet<String>,
    /// Finds all needles at once; none if there are none, or too many for it.
    searcher: Option<AhoCorasick>,
}

impl Known {
    pub(super) fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self::default().and(secrets)
    }

    /// Looks for these texts as they are.
    pub(super) fn literal<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let long = |text: &&str| text.len() >= SHORTEST;
        Self::of(texts.into_iter().filter(long).map(str::to_owned).collect())
    }

    pub(super) fn and<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) -> Self {
        let mut needles = self.needles.clone();
        for secret in secrets {
            // Values read from files and variables often carry a line end that is not part of them.
            let secret = secret.as_ref().trim();
            if secret.len() < SHORTEST {
                continue;
            }
            needles.insert(secret.to_owned());
            for offset in 0..3 {
                for alphabet in [STANDARD, URL_SAFE] {
                    let encoded = encoded_inside(secret.as_bytes(), offset, alphabet);
                    if encoded.len() >= SHORTEST_ENCODED {
                        needles.insert(encoded);
                    }
                }
            }
        }
        Self::of(needles)
    }

    fn of(needles: BTreeSet<String>) -> Self {
        let any = !needles.is_empty();
        Self {
            searcher: any.then(|| AhoCorasick::new(&needles).ok()).flatten(),
            needles,
        }
    }

    /// The length of the longest.
    pub(super) fn longest(&self) -> usize {
        self.needles.iter().map(String::len).max().unwrap_or(0)
    }

    /// Whether `lines` may end inside a value of several lines.
    pub(super) fn may_go_on_after(&self, lines: &str) -> bool {
        self.needles.iter().any(|needle| {
            let ends = needle.match_indices('\n');
            ends.into_iter()
                .any(|(at, _)| lines.ends_with(&needle[..=at]))
        })
    }

    /// Replaces every occurrence. Markers already in the text are left alone, and are not part of
    /// any occurrence, so a second pass finds nothing.
    pub(super) fn redact(&self, text: &str) -> String {
        self.remove(text, &mut Vec::new())
    }

    /// The same, and tells what was removed.
    pub(super) fn remove(&self, text: &str, removed: &mut Vec<String>) -> String {
        if self.needles.is_empty() {
            return text.to_owned();
        }
        let mut clean = String::with_capacity(text.len());
        for (n, piece) in text.split(MARKER).enumerate() {
            if n > 0 {
                clean.push_str(MARKER);
            }
            self.redact_piece(piece, &mut clean, removed);
        }
        clean
    }

    fn redact_piece(&self, piece: &str, clean: &mut String, removed: &mut Vec<String>) {
        let mut done = 0;
        for (start, end) in self.spans(piece) {
            if start >= done {
                clean.push_str(&piece[done..start]);
                clean.push_str(MARKER);
            }
            // An occurrence that overlaps the last one extends its marker.
            removed.push(piece[start..end].to_owned());
            done = done.max(end);
        }
        clean.push_str(&piece[done..]);
    }

    /// All occurrences, also those that overlap, in order.
    fn spans(&self, piece: &str) -> Vec<(usize, usize)> {
        let mut spans: Vec<_> = match &self.searcher {
            Some(searcher) => searcher
                .find_overlapping_iter(piece)
                .map(|found| (found.start(), found.end()))
                .collect(),
            None => self
                .needles
                .iter()
                .flat_map(|needle| piece.match_indices(needle.as_str()))
                .map(|(at, found)| (at, at + found.len()))
                .collect(),
        };
        spans.sort_unstable();
        spans
    }
}

/// The Base64 characters that `secret` alone determines when it starts `offset` bytes after a
/// multiple of three inside a longer text.
fn encoded_inside(secret: &[u8], offset: usize, alphabet: &[u8; 64]) -> String {
    let bits = |index: usize| {
        let (byte, shift) = (index * 6 / 8, index * 6 % 8);
        let at = |byte: usize| match byte.checked_sub(offset) {
            Some(byte) => u16::from(secret.get(byte).copied().unwrap_or(0)),
            None => 0,
        };
        usize::from((at(byte) << 8 | at(byte + 1)) >> (10 - shift) & 63)
    };
    let first = (offset * 8).div_ceil(6);
    let end = (offset + secret.len()) * 8 / 6;
    (first..end)
        .map(|index| char::from(alphabet[bits(index)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_recognised_at_every_alignment() {
        // echo -n "…" | base64, of "secret-value", "xsecret-value!" and "xysecret-value".
        for text in [
            "c2VjcmV0LXZhbHVl",
            "eHNlY3JldC12YWx1ZSE=",
            "eHlzZWNyZXQtdmFsdWU=",
        ] {
            let clean = Known::new(["secret-value"]).redact(text);
            assert!(
                clean.contains(MARKER) && clean.len() < 18,
                "{text}: {clean}"
            );
        }
        assert_eq!(encoded_inside(&[0xfb, 0xff, 0xfe], 0, STANDARD), "+//+");
        assert_eq!(encoded_inside(&[0xfb, 0xff, 0xfe], 0, URL_SAFE), "-__-");
    }

    #[test]
    fn overlapping_values_leave_nothing_of_each_other() {
        assert_eq!(
            Known::new(["abcdef", "defghi"]).redact("xabcdefghix"),
            "x[redacted]x"
        );
        assert_eq!(Known::new(["abcd", "abcdefgh"]).redact("abcdefgh"), MARKER);
    }
}
