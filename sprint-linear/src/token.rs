//! The credential.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};

/// A key to Linear. Does not show itself.
///
/// ```
/// use sprint_linear::Token;
///
/// let token = Token::api_key("lin_api_0123456789")?;
/// assert_eq!(format!("{token:?}"), "Token(API key)");
/// # Ok::<(), sprint_core::ports::Error>(())
/// ```
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    form: Form,
}

/// How a token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Alone.
    ApiKey,
    /// After `Bearer`.
    OAuth,
}

/// How a personal API key begins.
const API_KEY: &str = "lin_api_";
const BEARER: &str = "Bearer ";

impl Token {
    /// A personal API key. It is sent without `Bearer`.
    ///
    /// # Errors
    ///
    /// If it is empty or has characters that no header takes.
    pub fn api_key(key: &str) -> Result<Self> {
        Self::new(key, Form::ApiKey)
    }

    /// An OAuth access token. It is sent after `Bearer`.
    ///
    /// # Errors
    ///
    /// If it is empty or has characters that no header takes.
    pub fn oauth(token: &str) -> Result<Self> {
        Self::new(token, Form::OAuth)
    }

    /// A token of either kind: what begins with `Bearer ` is OAuth's, what begins with `lin_api_`
    /// a personal key, anything else OAuth's if it begins with `lin_oauth_`, else a personal key.
    ///
    /// # Errors
    ///
    /// If it is empty or has characters that no header takes.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        match text.strip_prefix(BEARER) {
            Some(key) if key.trim().starts_with(API_KEY) => Self::api_key(key),
            Some(token) => Self::oauth(token),
            None if text.starts_with("lin_oauth_") => Self::oauth(text),
            None => Self::api_key(text),
        }
    }

    fn new(text: &str, form: Form) -> Result<Self> {
        let text = text.trim();
        let invalid = |why: &str| {
            Error::new(ErrorKind::Invalid, "use the key to", "Linear").because(why.to_owned())
        };
        if text.is_empty() {
            return Err(invalid("it is empty"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(invalid("it has spaces or characters that are not ASCII"));
        }
        Ok(Self {
            secret: text.to_owned().into(),
            form,
        })
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        let secret = self.secret.expose_secret();
        let value = match self.form {
            Form::ApiKey => HeaderValue::from_str(secret),
            Form::OAuth => HeaderValue::from_str(&format!("{BEARER}{secret}")),
        };
        let mut value = value.expect("only printable ASCII was let in");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.form {
            Form::ApiKey => "Token(API key)",
            Form::OAuth => "Token(OAuth)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_header() {
        let cases = [
            ("lin_api_a", "lin_api_a"),
            (" lin_api_a\n", "lin_api_a"),
            ("Bearer lin_api_a", "lin_api_a"),
            ("Bearer abc", "Bearer abc"),
            ("lin_oauth_a", "Bearer lin_oauth_a"),
            ("abc", "abc"),
        ];
        for (text, header) in cases {
            let sent = Token::parse(text).expect("it is a token").header();
            assert_eq!(sent.to_str().ok(), Some(header), "{text:?}");
            assert!(sent.is_sensitive());
            assert!(!format!("{sent:?}").contains("lin"));
        }
    }

    #[test]
    fn what_no_header_takes_is_refused_without_being_shown() {
        for text in ["", "  ", "a b", "ключ", "a\nb"] {
            let error = Token::parse(text).expect_err("it is no token");
            assert!(text.trim().is_empty() || !error.chain().contains(text.trim()));
        }
    }
}
