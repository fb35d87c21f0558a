//! Removal of secrets from captured output.

mod assignments;
mod key_blocks;
mod known;
mod scan;
mod tokens;

use std::sync::Arc;

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
    known: Arc<known::Known>,
}

impl Redactor {
    /// Removes these values and everything of a secret shape.
    ///
    /// Values of fewer than four bytes are ignored: removing them would destroy every text.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self {
            known: Arc::new(known::Known::new(secrets)),
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
        let text = String::from_utf8_lossy(text.as_ref());
        // In this order no pass makes anything that an earlier one would remove.
        let text = self.known.redact(&text);
        let text = key_blocks::redact(&text);
        let text = tokens::redact(&text);
        assignments::redact(&text)
    }
}

/// Shows nothing of what it knows.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
