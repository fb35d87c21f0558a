//! Why somebody did something, in their own words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One line of 1 to 500 characters. Line breaks and control characters become spaces, so that a
/// reason cannot pretend to be something else where it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(Box<str>);

/// A reason says nothing, or far too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has 1 to {MAX_REASON} characters, and this one has {0}")]
pub struct InvalidReason(usize);

const MAX_REASON: usize = 500;

impl Reason {
    /// Takes a text for a reason.
    ///
    /// # Errors
    ///
    /// Nothing but spaces, or more than 500 characters.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidReason> {
        let split = |c: char| c.is_whitespace() || c.is_control();
        let words: Vec<_> = text
            .as_ref()
            .split(split)
            .filter(|word| !word.is_empty())
            .collect();
        let line = words.join(" ");
        match line.chars().count() {
            1..=MAX_REASON => Ok(Self(line.into())),
            count => Err(InvalidReason(count)),
        }
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Reason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, InvalidReason> {
        Self::new(text)
    }
}

impl TryFrom<String> for Reason {
    type Error = InvalidReason;

    fn try_from(text: String) -> Result<Self, InvalidReason> {
        Self::new(text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        let reason = Reason::new(" the\n\u{1b}[31magent\tdied ").unwrap();
        assert_eq!(reason.as_str(), "the [31magent died");
        assert_eq!(Reason::new(" \n "), Err(InvalidReason(0)));
        assert_eq!(Reason::new("x".repeat(501)), Err(InvalidReason(501)));
        assert!(serde_json::from_str::<Reason>("\"\"").is_err());
    }
}
