//! The tool for an agent that carries MCP messages over its own pipes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::service::{RoleServer, RxJsonRpcMessage, ServiceExt as _, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::ask::desk::Desk;
use crate::ask::tool::AskTool;

/// An MCP server without a wire: messages are handed over one by one.
///
/// It ends when the value is dropped.
pub struct InProcess {
    incoming: mpsc::UnboundedSender<RxJsonRpcMessage<RoleServer>>,
    waiting: Arc<Waiting>,
    server: AbortHandle,
}

impl InProcess {
    /// Serves this desk. Needs a Tokio runtime.
    pub fn new(desk: Arc<Desk>) -> Self {
        let (incoming, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(Waiting::default());
        let channel = Channel {
            incoming: receiver,
            waiting: Arc::clone(&waiting),
        };
        let server = tokio::spawn(async move {
            let ended = match AskTool::new(desk).serve(channel).await {
                Ok(running) => running.waiting().await.map(drop).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = ended {
                tracing::warn!(error, "the in-process tool server ended");
            }
        });
        Self {
            incoming,
            waiting,
            server: server.abort_handle(),
        }
    }

    /// Hands over one JSON-RPC message and waits for what answers it: the response to a request,
    /// an empty result for a notification. A request that is cancelled, or cannot be read, is
    /// answered with an error.
    pub async fn message(&self, message: Value) -> Value {
        let id = message.get("id").cloned();
        let method = message.get("method").and_then(Value::as_str);
        if method == Some("notifications/cancelled")
            && let Some(cancelled) = message.pointer("/params/requestId")
        {
            self.waiting.forget(cancelled);
        }
        let parsed = match serde_json::from_value(message) {
            Ok(parsed) => parsed,
            Err(error) => return refusal(id.as_ref(), -32600, &error.to_string()),
        };
        let Some(id) = id else {
            // Whether the server is still there shows with the next request.
            drop(self.incoming.send(parsed));
            return json!({ "jsonrpc": "2.0", "result": {} });
        };
        let answer = self.waiting.wait_for(&id);
        if self.incoming.send(parsed).is_err() {
            self.waiting.forget(&id);
        }
        answer
            .await
            .unwrap_or_else(|_| refusal(Some(&id), -32603, "the call was given up"))
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

fn refusal(id: Option<&Value>, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// Requests whose answers are waited for, by their ids as JSON.
#[derive(Default)]
struct Waiting(Mutex<BTreeMap<String, oneshot::Sender<Value>>>);

impl Waiting {
    fn wait_for(&self, id: &Value) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        self.locked().insert(id.to_string(), sender);
        receiver
    }

    fn forget(&self, id: &Value) {
        self.locked().remove(&id.to_string());
    }

    /// Hands an answer to who waits for it. What nobody waits for has nowhere to go: a request or
    /// a progress note of the server's own.
    fn answer(&self, message: Value) {
        let waiting = message
            .get("id")
            .and_then(|id| self.locked().remove(&id.to_string()));
        if let Some(waiting) = waiting {
            drop(waiting.send(message));
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server's end.
struct Channel {
    incoming: mpsc::UnboundedReceiver<RxJsonRpcMessage<RoleServer>>,
    waiting: Arc<Waiting>,
}

impl Transport<RoleServer> for Channel {
    type Error = Infallible;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        match serde_json::to_value(message) {
            Ok(message) => self.waiting.answer(message),
            Err(error) => tracing::warn!(%error, "an answer that is no JSON"),
        }
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        self.incoming.close();
        Ok(())
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // Nobody is left to answer.
        self.waiting.locked().clear();
    }
}

#[cfg(test)]
mod tests;
