//! The secret that opens the tool to one agent.

use std::fmt::{self, Write as _};
use std::io;

use subtle::ConstantTimeEq as _;

/// A random bearer token. It is not shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// 256 bits from the operating system.
    pub(super) fn new() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let mut text = String::with_capacity(64);
        for byte in bytes {
            _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The secret itself: for the agent's configuration, and for the redactor.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value of the header `Authorization`.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether a header carries this token; the time it takes does not tell how much of it fits.
    pub(super) fn opens(&self, header: &[u8]) -> bool {
        header.ct_eq(self.header().as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert!(one.opens(one.header().as_bytes()));
        assert!(!one.opens(other.header().as_bytes()));
        assert!(!one.opens(one.expose().as_bytes()));
        assert!(!one.opens(&one.header().as_bytes()[..70]));
        assert!(!one.opens(b""));
        assert_eq!(format!("{one:?}"), "Token");
    }
}
