//! The MCP server with its one tool.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, MetaObject, PaginatedRequestParams, ProgressNotificationParam,
    ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ask::desk::Desk;

/// The name of the server, as agents are told it.
pub const SERVER: &str = "sprint";

/// The name of the tool.
pub const TOOL: &str = "ask_context";

/// How often the caller hears that the answer is still being worked on. Some give up on a call
/// that is silent for a minute.
const PROGRESS: Duration = Duration::from_secs(10);

/// Serves one desk.
#[derive(Clone, Debug)]
pub(super) struct AskTool {
    desk: Arc<Desk>,
}

impl AskTool {
    pub(super) const fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}

#[derive(Deserialize)]
struct Arguments {
    question: String,
}

impl ServerHandler for AskTool {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(SERVER, env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![tool()]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != TOOL {
            let message = format!("there is no tool but {TOOL}");
            return Err(ErrorData::invalid_params(message, None));
        }
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let Arguments { question } = serde_json::from_value(arguments)
            .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let answer = tokio::select! {
            answer = self.desk.ask(&question) => answer,
            never = progress(&context) => match never {},
            () = context.ct.cancelled() => Err("the call was cancelled".into()),
        };
        Ok(CallToolResponse::Complete(match answer {
            Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer)]),
            Err(told) => CallToolResult::error(vec![ContentBlock::text(told)]),
        }))
    }
}

/// Tells a caller that wants to know that the call is alive.
async fn progress(context: &RequestContext<RoleServer>) -> Infallible {
    let Some(token) = context.meta.get_progress_token() else {
        return std::future::pending().await;
    };
    let mut beat = 0.0;
    loop {
        tokio::time::sleep(PROGRESS).await;
        beat += 1.0;
        let progress = ProgressNotificationParam::new(token.clone(), beat)
            .with_message("the context agent is looking");
        if let Err(error) = context.peer.notify_progress(progress).await {
            tracing::debug!(%error, "nobody hears of the progress");
        }
    }
}

fn tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": { "question": {
            "type": "string",
            "description": "One question about the code, in plain words, with the names you know.",
        } },
        "required": ["question"],
        "additionalProperties": false,
    });
    let Value::Object(schema) = schema else {
        unreachable!("a literal object");
    };
    let description = "Ask the context agent that has read this repository for your ticket: where \
        something is, how it is done elsewhere, which types and tests there are. It answers with \
        paths and lines. Ask before you search widely yourself. An error means that you read the \
        files yourself.";
    // A model sees this tool at once, where others are looked up on demand.
    let mut meta = MetaObject::default();
    meta.insert("anthropic/alwaysLoad".into(), Value::Bool(true));
    Tool::new(TOOL, description, Arc::new(schema))
        .with_annotations(ToolAnnotations::new().read_only(true).open_world(false))
        .with_meta(meta)
}
