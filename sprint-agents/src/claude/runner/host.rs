//! What an agent asks of us while it works: tools that a person decides about, and its teammate.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use sprint_core::domain::agent::{Grant, PermissionRequest};

use crate::ask::InProcess;
use crate::claude::host::{Host, NoHost, Permission, ToolRequest};
use crate::permission::question;
use crate::redact::Redactor;

/// Answers one agent.
#[derive(Debug)]
pub(super) struct AgentHost {
    grants: Vec<Grant>,
    /// Whether anybody decides about tools at all.
    asks: bool,
    redactor: Redactor,
    teammate: Option<InProcess>,
    asked: Mutex<Option<PermissionRequest>>,
}

impl AgentHost {
    pub(super) fn new(
        grants: Vec<Grant>,
        asks: bool,
        redactor: Redactor,
        teammate: Option<InProcess>,
    ) -> Self {
        Self {
            grants,
            asks,
            redactor,
            teammate,
            asked: Mutex::new(None),
        }
    }

    /// The question that ended the turn, if one did.
    pub(super) fn asked(&self) -> Option<PermissionRequest> {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<PermissionRequest>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Host for AgentHost {
    async fn can_use_tool(&self, request: ToolRequest) -> Permission {
        if !self.asks {
            return Permission::Deny("this is not allowed here, and nobody can be asked".into());
        }
        let question = question(&request.tool, &request.input, &self.redactor);
        let mut decided = self.grants.iter();
        let decided = decided.rfind(|grant| grant.request.digest == question.digest);
        match decided {
            Some(Grant { allowed: true, .. }) => Permission::Allow(request.input),
            Some(Grant { allowed: false, .. }) => Permission::Deny(
                "a person refused this; find another way, or say what you need it for".into(),
            ),
            None => {
                self.locked().get_or_insert(question);
                Permission::DenyAndInterrupt(
                    "a person is asked; the work goes on afterwards".into(),
                )
            }
        }
    }

    async fn mcp_message(&self, server: &str, message: Value) -> Value {
        match &self.teammate {
            Some(teammate) => teammate.message(message).await,
            None => NoHost.mcp_message(server, message).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(tool: &str, command: &str) -> ToolRequest {
        ToolRequest {
            tool: tool.into(),
            input: json!({ "command": command, "description": "d" }),
            id: None,
        }
    }

    fn host(grants: Vec<Grant>, asks: bool) -> AgentHost {
        AgentHost::new(grants, asks, Redactor::new(["hunter2222"]), None)
    }

    #[tokio::test]
    async fn what_nobody_decided_ends_the_turn_with_one_question() {
        let host = host(Vec::new(), true);
        for command in ["curl -u hunter2222 x", "rm y"] {
            let answer = host.can_use_tool(request("Bash", command)).await;
            assert!(matches!(answer, Permission::DenyAndInterrupt(_)));
        }
        let asked = host.asked().unwrap();
        assert_eq!(
            (&*asked.tool, &*asked.input),
            ("Bash", "curl -u [redacted] x")
        );
    }

    #[tokio::test]
    async fn a_decision_holds_for_the_same_use_and_no_other() {
        let first = request("Bash", "make deploy");
        let grant = |allowed| Grant {
            request: question(&first.tool, &first.input, &Redactor::default()),
            allowed,
        };
        let allowed = host(vec![grant(false), grant(true)], true);
        let input = first.input.clone();
        assert_eq!(
            allowed.can_use_tool(first.clone()).await,
            Permission::Allow(input)
        );
        for other in [
            request("Bash", "make deploy2"),
            request("Bas", "hmake deploy"),
        ] {
            let answer = allowed.can_use_tool(other).await;
            assert!(matches!(answer, Permission::DenyAndInterrupt(_)));
        }
        let refused = host(vec![grant(false)], true);
        assert!(matches!(
            refused.can_use_tool(first.clone()).await,
            Permission::Deny(_)
        ));
        assert_eq!(refused.asked(), None);
        let nobody = host(vec![grant(true)], false);
        assert!(matches!(
            nobody.can_use_tool(first).await,
            Permission::Deny(_)
        ));
    }
}
