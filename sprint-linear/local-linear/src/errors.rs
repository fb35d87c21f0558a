//! Errors as the service words them.

use apollo_compiler::resolvers::FieldError;
use serde_json::{Value, json};

/// Separates the parts of a failure while it travels as the message of a field error.
const UNIT: char = '\u{1f}';

/// One entry of `errors`, with the HTTP status the service answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: String,
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) status: u16,
}

impl Failure {
    pub(crate) fn new(
        status: u16,
        code: &str,
        kind: &str,
        message: impl Into<String>,
        user: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            code: code.to_owned(),
            kind: kind.to_owned(),
            user: user.into(),
            status,
        }
    }

    /// An input that does not fit, for a reason the service tells the user.
    pub(crate) fn input(user: impl Into<String>) -> Self {
        Self::new(
            400,
            "INPUT_ERROR",
            "invalid input",
            "Argument Validation Error",
            user,
        )
    }

    /// A create whose id is taken.
    pub(crate) fn conflict(entity: &str, id: &str, status: u16) -> Self {
        Self::new(
            status,
            "INPUT_ERROR",
            "invalid input",
            format!("conflict on insert of {entity}"),
            format!("Entity {entity} with id {id} already exists."),
        )
    }

    /// An id that names nothing.
    pub(crate) fn not_found(entity: &str) -> Self {
        Self::new(
            200,
            "INPUT_ERROR",
            "invalid input",
            format!("Entity not found: {entity}"),
            format!("Could not find referenced {entity}."),
        )
    }

    /// Something the schema allows and this server does not know.
    pub(crate) fn unmodelled(what: impl std::fmt::Display) -> Self {
        Self::new(
            501,
            "NOT_MODELLED",
            "internal error",
            format!("not modelled by the local server: {what}"),
            "",
        )
    }

    /// The entry of `errors`.
    pub(crate) fn entry(&self) -> Value {
        let status = if self.status == 200 { 400 } else { self.status };
        json!({
            "message": self.message,
            "extensions": {
                "type": self.kind,
                "code": self.code,
                "statusCode": status,
                "userError": status < 500,
                "userPresentableMessage": self.user,
            },
        })
    }

    /// The failure that a field error carries, or the field error itself as one.
    pub(crate) fn from_message(message: &str) -> Self {
        let mut parts = message.split(UNIT).skip(1);
        let (Some(status), Some(code), Some(kind), Some(text), Some(user)) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Self::new(200, "INTERNAL_SERVER_ERROR", "internal error", message, "");
        };
        Self::new(status.parse().unwrap_or(500), code, kind, text, user)
    }
}

impl From<Failure> for FieldError {
    fn from(f: Failure) -> Self {
        Self {
            message: [
                "",
                &f.status.to_string(),
                &f.code,
                &f.kind,
                &f.message,
                &f.user,
            ]
            .join(&UNIT.to_string()),
        }
    }
}
