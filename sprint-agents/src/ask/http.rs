//! The tool over HTTP on the loopback interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ask::desk::Desk;
use crate::ask::token::Token;
use crate::ask::tool::AskTool;

/// An MCP server (streamable HTTP) on a free port of 127.0.0.1, open to who has its token.
///
/// It ends when the value is dropped, calls under way included.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    token: Token,
    _until: DropGuard,
}

impl HttpServer {
    /// Serves this desk.
    pub async fn start(desk: Arc<Desk>) -> io::Result<Self> {
        let token = Token::new()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let end = CancellationToken::new();
        // Without sessions: each call stands for itself, and no idle time ends anything. Progress
        // keeps a call alive; comments in the stream do not, for those who count.
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_sse_keep_alive(None)
            .with_allowed_hosts(["127.0.0.1", "localhost"])
            .enforce_origin_validation()
            .with_cancellation_token(end.child_token());
        let tool = AskTool::new(desk);
        let service = StreamableHttpService::new(
            move || Ok(tool.clone()),
            Arc::new(NeverSessionManager::default()),
            config,
        );
        let router = Router::new()
            .route_service(PATH, service)
            .layer(middleware::from_fn_with_state(token.clone(), admit));
        let ended = end.clone().cancelled_owned();
        tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(ended);
            if let Err(error) = served.await {
                tracing::warn!(%error, "the tool server ended");
            }
        });
        Ok(Self {
            address,
            token,
            _until: end.drop_guard(),
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// What opens it.
    pub const fn token(&self) -> &Token {
        &self.token
    }
}

const PATH: &str = "/mcp";

async fn admit(State(token): State<Token>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    if authorization.is_some_and(|value| token.opens(value.as_bytes())) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

#[cfg(test)]
mod tests;
