//! Removal of secrets from captured output.

mod assignments;
mod key_blocks;
mod known;
mod scan;
mod shapes;
mod stream;
mod tokens;

use std::sync::Arc;

use crate::output::strip_ansi;
use known::Known;
pub use stream::Stream;

/// What stands in the place of a secret.
pub(crate) const MARKER: &str = "[redacted]";

/// Removes secrets from text before it is stored or shown.
///
/// Two kinds are removed: values it was told of, in clear and in Base64, and anything that has the
/// shape of a credential, told of or not. When in doubt it removes too much. Time is linear in the
/// text.
///
/// ```
/// use sprint_agents::redact::Redactor;
///
/// let redactor = Redactor::new(["correct horse"]);
/// assert_eq!(
///     redactor.redact("said correct horse, GH_TOKEN=abc"),
///     "said [redacted], GH_TOKEN=[redacted]"
/// );
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<Known>,
}

impl Redactor {
    /// Removes these values and everything of a secret shape.
    ///
    /// Values of fewer than four bytes are ignored: removing them would destroy every text.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self {
            known: Arc::new(Known::new(secrets)),
        }
    }

    /// The same, and these values too.
    #[must_use]
    pub fn and<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) -> Self {
        Self {
            known: Arc::new(self.known.and(secrets)),
        }
    }

    /// The text without secrets; bytes that are not UTF-8 become replacement characters.
    pub fn redact(&self, text: impl AsRef<[u8]>) -> String {
        let text = text.as_ref();
        let mut clean = String::with_capacity(text.len());
        let mut stream = self.stream();
        stream.push(text, &mut clean);
        stream.finish(&mut clean);
        clean
    }

    /// The same for a text that comes in pieces. Where they are cut makes no difference.
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }

    /// Removes secrets from a text that is there as a whole.
    fn redact_whole(&self, text: &str) -> String {
        let mut removed = Vec::new();
        if !text.contains('\u{1b}') {
            return self.pass(text, &mut removed);
        }
        let plain = self.pass(&strip_ansi(text), &mut Vec::new());
        let clean = self.pass(text, &mut removed);
        if strip_ansi(&clean) == plain {
            return clean;
        }
        // Colours stand inside a secret, or set one off from a word before it: what either
        // reading finds has to go, and with it the colours.
        // The end of a sequence may be the beginning of what was found.
        let readings = |piece: &String| {
            ["", "\u{1b}", "\u{1b}["].map(|start| strip_ansi(&format!("{start}{piece}")))
        };
        let pieces: Vec<_> = removed.iter().flat_map(readings).collect();
        Known::literal(pieces.iter().flat_map(|piece| piece.split(MARKER))).redact(&plain)
    }

    fn pass(&self, text: &str, removed: &mut Vec<String>) -> String {
        let text = self.known.remove(text, removed);
        if !shapes::may_be_in(&text) {
            return text;
        }
        // In this order no pass makes anything that an earlier one would remove.
        let text = key_blocks::redact(&text, removed);
        let text = tokens::redact(&text, removed);
        assignments::redact(&text, removed)
    }
}

/// Shows nothing of what it knows.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;
