//! The server on loopback.

use std::convert::Infallible;
use std::io;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::linear::LocalLinear;

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct Served {
    url: String,
    task: JoinHandle<()>,
}

impl Served {
    /// The address of the API.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LocalLinear {
    /// Answers over HTTP on loopback too, on a free port. Files get addresses on loopback from now on.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn serve(&self) -> io::Result<Served> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        self.lock().base = Some(base.clone());
        let linear = self.clone();
        let router = axum::Router::new().fallback(move |request: Request| {
            let linear = linear.clone();
            async move { Ok::<_, Infallible>(answer(&linear, request).await) }
        });
        let task = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Ok(Served {
            url: format!("{base}/graphql"),
            task,
        })
    }
}

async fn answer(linear: &LocalLinear, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return broken();
    };
    match linear.handle(http::Request::from_parts(parts, body)) {
        Ok(response) => response.map(Body::from),
        Err(_lost) => broken(),
    }
}

/// An answer that breaks off: the client sees the connection close before the body is complete.
fn broken() -> Response {
    let reset: io::Error = io::ErrorKind::ConnectionReset.into();
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(reset)])))
}
