//! What a session has asked of the host and not been told yet.

use std::future::pending;
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use crate::claude::host::{Host, Permission, ToolRequest};
use crate::claude::protocol::{Ask, Reply};

/// More than this at a time no session has reason to ask.
const MOST: usize = 64;

/// Calls of the host that run.
#[derive(Debug)]
pub(crate) struct Calls {
    host: Arc<dyn Host>,
    tasks: JoinSet<Reply>,
    open: Vec<(String, AbortHandle)>,
}

impl Calls {
    pub(crate) fn new(host: Arc<dyn Host>) -> Self {
        Self {
            host,
            tasks: JoinSet::new(),
            open: Vec::new(),
        }
    }

    /// Whether any call runs.
    pub(crate) fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Puts a request to the host; the answer comes by [`next`](Self::next), unless it is here
    /// already.
    pub(crate) fn begin(&mut self, id: &str, ask: Ask) -> Option<Reply> {
        if self.open.len() == MOST {
            return Some(Reply::Failed("too many requests at a time".into()));
        }
        let host = Arc::clone(&self.host);
        let task = match ask {
            Ask::Tool { tool, input, id } => self.tasks.spawn(async move {
                match host.can_use_tool(ToolRequest { tool, input, id }).await {
                    Permission::Allow(input) => Reply::Allow(input),
                    Permission::Deny(message) => Reply::Deny {
                        message,
                        interrupt: false,
                    },
                    Permission::DenyAndInterrupt(message) => Reply::Deny {
                        message,
                        interrupt: true,
                    },
                }
            }),
            Ask::Mcp { server, message } => self
                .tasks
                .spawn(async move { Reply::Mcp(host.mcp_message(&server, message).await) }),
            Ask::Unknown(kind) => {
                return Some(Reply::Failed(format!(
                    "requests of kind {kind:?} are not known"
                )));
            }
        };
        self.open.push((id.to_owned(), task));
        None
    }

    /// Ends the call of a request that was withdrawn.
    pub(crate) fn withdraw(&mut self, id: &str) {
        self.open.retain(|(open, task)| {
            let withdrawn = open == id;
            if withdrawn {
                task.abort();
            }
            !withdrawn
        });
    }

    /// The next answer, with the id of its request. Waits for ever if there is none; safe to
    /// cancel.
    pub(crate) async fn next(&mut self) -> (String, Reply) {
        loop {
            let (task, reply) = match self.tasks.join_next_with_id().await {
                Some(Ok(done)) => done,
                Some(Err(error)) => {
                    let failed = Reply::Failed("the answer was lost".into());
                    (error.id(), failed)
                }
                None => return pending().await,
            };
            let at = self.open.iter().position(|(_, open)| open.id() == task);
            if let Some(at) = at {
                return (self.open.swap_remove(at).0, reply);
            }
        }
    }
}
