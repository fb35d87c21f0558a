//! The server: takes requests, asks the script, keeps a journal.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::body::{Part, Parts};
use crate::reply::{Answer, End, Message, Reply};
use crate::request::Request;
use crate::wire::{self, Place};

/// Decides what the model answers. Any `Fn(&Request) -> Reply` is one.
///
/// A script that panics is answered with status 400, which agents do not retry, and complained of.
pub trait Script: Send + Sync + 'static {
    /// The answer to `request`.
    fn reply(&self, request: &Request) -> Reply;
}

impl<F: Fn(&Request) -> Reply + Send + Sync + 'static> Script for F {
    fn reply(&self, request: &Request) -> Reply {
        self(request)
    }
}

/// A Messages API on a loopback port, which answers as its script says until it is dropped.
#[derive(Debug)]
pub struct ScriptedApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    script: Box<dyn Script>,
    journal: Mutex<Vec<Request>>,
    complaints: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl ScriptedApi {
    /// Serves `script` on a port of its own, on the runtime of the caller.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(script: impl Script) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Arc::new(Shared {
            script: Box::new(script),
            journal: Mutex::default(),
            complaints: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// What `ANTHROPIC_BASE_URL` is to say.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same for an agent that plays `scenario`, a word for an address: the script reads it
    /// from [`Request::scenario`].
    #[must_use]
    pub fn scenario_url(&self, scenario: &str) -> String {
        format!("http://{}/s/{scenario}", self.address)
    }

    /// All requests for a message so far, in the order they came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.journal).clone()
    }

    /// Waits until at least `count` requests for a message have come.
    pub async fn received(&self, count: usize) {
        let mut counted = self.shared.count.subscribe();
        let reached = counted.wait_for(|&counted| counted >= count).await;
        reached.expect("the sender lives as long as self");
    }

    /// What went wrong on this side: requests for something the API does not have, bodies that
    /// are no JSON, panics of the script.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        locked(&self.shared.complaints).clone()
    }
}

impl Drop for ScriptedApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("requests", &locked(&self.journal).len())
            .finish_non_exhaustive()
    }
}

/// Takes connections. They end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(converse(stream, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A connection that ends early is the client's way to cancel, or a fault of the script.
    drop(connection.await);
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
) -> io::Result<Response<Parts>> {
    let (head, body) = request.into_parts();
    if head.method == Method::HEAD {
        return Ok(Response::new(Parts::new([])));
    }
    let (scenario, path) = route(head.uri.path());
    if head.method != Method::POST || !path.starts_with("/v1/messages") {
        return Ok(shared.not_found(&head.method, head.uri.path()));
    }
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    match path {
        "/v1/messages" => match serde_json::from_slice(&body) {
            Ok(body) => {
                let headers = texts(&head.headers);
                let request = Request::new(scenario.to_owned(), headers, body);
                shared.message(request).await
            }
            Err(error) => {
                let complaint = format!("body of {}: {error}", head.uri.path());
                Ok(shared.complain(StatusCode::BAD_REQUEST, complaint))
            }
        },
        "/v1/messages/count_tokens" => {
            let tokens = json!({"input_tokens": body.len() / 4});
            Ok(respond(StatusCode::OK, &HeaderMap::new(), &tokens))
        }
        _ => Ok(shared.not_found(&head.method, head.uri.path())),
    }
}

impl Shared {
    async fn message(&self, request: Request) -> io::Result<Response<Parts>> {
        let place = {
            let mut journal = locked(&self.journal);
            journal.push(request.clone());
            self.count.send_replace(journal.len());
            Place {
                request: journal.len() - 1,
                depth: request.messages().len(),
            }
        };
        let asked = catch_unwind(AssertUnwindSafe(|| self.script.reply(&request)));
        let reply = match asked {
            Ok(reply) => reply,
            Err(panic) => {
                let complaint = format!("script panicked: {}", said(&*panic));
                return Ok(self.complain(StatusCode::BAD_REQUEST, complaint));
            }
        };
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        render(&reply, &request, place).await
    }

    fn not_found(&self, method: &Method, path: &str) -> Response<Parts> {
        let complaint = format!("no such route: {method} {path}");
        self.complain(StatusCode::NOT_FOUND, complaint)
    }

    fn complain(&self, status: StatusCode, complaint: String) -> Response<Parts> {
        let error = json!({"type": "invalid_request_error", "message": complaint});
        locked(&self.complaints).push(complaint);
        let body = json!({"type": "error", "error": error});
        respond(status, &HeaderMap::new(), &body)
    }
}

async fn render(reply: &Reply, request: &Request, place: Place) -> io::Result<Response<Parts>> {
    let headers = &reply.headers;
    match &reply.answer {
        Answer::Message(message) if request.is_streaming() => {
            let parts = stream(message, request.model(), place);
            Ok(events(headers, parts))
        }
        Answer::Message(message) => {
            let whole = wire::whole(message, request.model(), place);
            Ok(respond(StatusCode::OK, headers, &whole))
        }
        Answer::Error(error) => Ok(respond(error.status, headers, &wire::error(error))),
        Answer::ErrorEvent(error) => {
            let event = wire::event("error", wire::error(error));
            Ok(events(headers, Parts::one(event)))
        }
        Answer::Drop => Err(io::ErrorKind::ConnectionAborted.into()),
        Answer::Hang => std::future::pending().await,
    }
}

fn stream(message: &Message, model: &str, place: Place) -> Parts {
    let opening = Part::Bytes(wire::opening(message, model, place).into());
    match message.end {
        End::Whole => Parts::new([opening, Part::Bytes(wire::closing(message).into())]),
        End::Cut => Parts::new([opening, Part::Flush, Part::Cut]),
        End::Stall => Parts::new([opening, Part::Stall]),
    }
}

fn events(headers: &HeaderMap, parts: Parts) -> Response<Parts> {
    with_headers(Response::new(parts), headers, "text/event-stream")
}

fn respond(status: StatusCode, headers: &HeaderMap, body: &Value) -> Response<Parts> {
    let mut response = Response::new(Parts::one(body.to_string()));
    *response.status_mut() = status;
    with_headers(response, headers, "application/json")
}

fn with_headers(
    mut response: Response<Parts>,
    headers: &HeaderMap,
    content_type: &'static str,
) -> Response<Parts> {
    *response.headers_mut() = headers.clone();
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The scenario and the rest of `/s/SCENARIO/rest`.
fn route(path: &str) -> (&str, &str) {
    let Some(rest) = path.strip_prefix("/s/") else {
        return ("", path);
    };
    let end = rest.find('/').unwrap_or(rest.len());
    rest.split_at(end)
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let texts = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    texts.collect()
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "something that is no text".to_owned())
}

/// A script that panicked holds no lock, so what a lock guards is whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
