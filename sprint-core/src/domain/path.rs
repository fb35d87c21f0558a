//! Paths inside a repository.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A path relative to the root of a repository, with `/` between parts.
///
/// Git paths are bytes. Bytes that are not UTF-8, control characters and the backslash are kept
/// as `\xNN`, so two different paths never look the same and a path can be printed safely.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct RepoPath(#[schemars(regex(pattern = "^[^/].*$"))] String);

impl RepoPath {
    /// The path git knows by these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() || c == '\\' {
                    let mut utf8 = [0; 4];
                    escape(&mut text, c.encode_utf8(&mut utf8).as_bytes());
                } else {
                    text.push(c);
                }
            }
            escape(&mut text, chunk.invalid());
        }
        Self(text)
    }

    /// The bytes git knows this path by; `None` if the text holds a broken escape.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let code = rest[at..].strip_prefix("\\x")?.get(..2)?;
            bytes.push(u8::from_str_radix(code, 16).ok()?);
            rest = &rest[at + 4..];
        }
        bytes.extend_from_slice(rest.as_bytes());
        Some(bytes)
    }

    /// The printable form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory it is in; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        Some(Self(parent.to_owned()))
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(text: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push_str("\\x");
        text.push(HEX[usize::from(byte >> 4)].into());
        text.push(HEX[usize::from(byte & 15)].into());
    }
}

/// Paths in a row, for messages.
pub fn listed(paths: &[RepoPath]) -> String {
    let paths: Vec<_> = paths.iter().map(RepoPath::as_str).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_stay_visible_and_distinct() {
        assert_eq!(RepoPath::from_bytes(b"a/\xff\nb").as_str(), "a/\\xff\\x0ab");
        assert_eq!(RepoPath::from_bytes(b"a\\b").as_str(), "a\\x5cb");
        assert_eq!(RepoPath::from("src/é.rs").as_str(), "src/é.rs");
    }

    #[test]
    fn a_parent_is_a_path_too() {
        let parent = |path| RepoPath::from(path).parent();
        assert_eq!(parent("a/b/c"), Some(RepoPath::from("a/b")));
        assert_eq!(parent("a\\b/c"), Some(RepoPath::from("a\\b")));
        assert_eq!(parent("a"), None);
    }

    proptest::proptest! {
        #[test]
        fn every_path_round_trips(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(RepoPath::from_bytes(&bytes).to_bytes(), Some(bytes));
        }
    }
}
