//! The default transport: HTTP over TLS, by reqwest.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::{Request, Response};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt as _;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};

use crate::transport::{Body, Lost, Transport};

/// A connection takes no longer.
const CONNECT: Duration = Duration::from_secs(5);

/// HTTP by reqwest, with rustls and the certificates that the platform trusts.
#[derive(Clone, Debug)]
pub struct Https {
    client: reqwest::Client,
}

impl Https {
    /// A client with a connection pool of its own. Proxies are taken from the environment.
    ///
    /// # Errors
    ///
    /// If the platform's certificates cannot be read.
    pub fn new() -> Result<Self> {
        // A provider of our own: installing one for the whole process is the host's business.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(|error| failed().because(error))?
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(|error| failed().because(error.without_url()))?;
        Ok(Self { client })
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::Fatal, "prepare connections to", "Linear")
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: Request<Body>, within: Duration) -> Result<Response<Body>, Lost> {
        let (head, body) = request.into_parts();
        let length = body.length();
        let mut sent = self
            .client
            .request(head.method, head.uri.to_string())
            .headers(head.headers)
            .body(reqwest::Body::wrap_stream(body.into_pieces()));
        if let Some(length) = length {
            sent = sent.header(http::header::CONTENT_LENGTH, length);
        }
        let answer = tokio::time::timeout(within, sent.send()).await;
        let answer = answer.map_err(|_| Lost::unknown("no answer in time"))?;
        let answer = answer.map_err(lost)?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let length = answer.content_length();
        let pieces = Box::pin(answer.bytes_stream());
        // Each piece has its own limit, so that a large file may take long and a dead peer not.
        let pieces = futures_util::stream::unfold(pieces, move |mut pieces| async move {
            match tokio::time::timeout(within, pieces.next()).await {
                Ok(piece) => Some((piece?.map_err(lost), pieces)),
                Err(_) => Some((Err(Lost::unknown("the answer stopped midway")), pieces)),
            }
        });
        response
            .body(Body::pieces(length, pieces))
            .map_err(|error| Lost::unknown(error.to_string()))
    }
}

/// What reqwest says, without the address.
fn lost(error: reqwest::Error) -> Lost {
    let sent = !(error.is_connect() || error.is_builder());
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    Lost { sent, reason }
}
