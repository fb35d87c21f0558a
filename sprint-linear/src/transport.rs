//! How requests reach Linear, as a port: hosts and tests can put something else there.

mod body;
mod https;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};

pub use body::Body;
pub use https::Https;

/// Sends one HTTP request.
///
/// # Contract
///
/// - A call sends at most one request and follows no redirect: credentials are in its headers.
/// - An answer is `Ok`, whatever its status.
/// - `within` bounds the call up to the head of the answer; a body that then yields nothing for
///   as long is an error of the body.
/// - Headers and bodies are not logged.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns the answer.
    async fn send(&self, request: Request<Body>, within: Duration) -> Result<Response<Body>, Lost>;
}

/// No answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    /// Whether the request may have reached the service: then what it asked for may have been
    /// done.
    pub sent: bool,
    /// What happened, without addresses or headers.
    pub reason: String,
}

impl Lost {
    /// The request was not sent.
    pub fn unsent(reason: impl Into<String>) -> Self {
        Self {
            sent: false,
            reason: reason.into(),
        }
    }

    /// Nobody knows what became of the request.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self {
            sent: true,
            reason: reason.into(),
        }
    }
}
