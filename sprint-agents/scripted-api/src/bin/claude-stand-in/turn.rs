//! One turn: from what the user says to its result.

use std::cell::RefCell;
use std::env;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::{Failure, Message, Retry};
use crate::rules::{Verdict, decide};
use crate::schema;
use crate::servers;
use crate::session::{Session, Spent};
use crate::tools::{self, Outcome};

/// The first wait before a request is tried again.
const BACKOFF: Duration = Duration::from_millis(500);

/// How often the model may miss the schema.
const ATTEMPTS: usize = 5;

const DONT_ASK: &str = "has been denied because Claude Code is running in don't ask mode.";
const ENFORCE: &str = "[structured-output-enforce] You MUST call the StructuredOutput tool to \
                       complete this request. Call this tool now.";
const REJECTED: &str = "The user doesn't want to proceed with this tool use. The tool use was \
                        rejected. STOP what you are doing and wait for the user to tell you how \
                        to proceed.";

/// A turn under way.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    session: &'a Session,
    began: Instant,
    so_far: RefCell<SoFar>,
}

#[derive(Debug, Default)]
struct SoFar {
    requests: u64,
    spent: Spent,
    denials: Vec<Value>,
    misses: usize,
    nudged: bool,
}

/// How a turn ended.
#[derive(Debug)]
enum End {
    Said {
        text: String,
        stop_reason: String,
    },
    Structured(Value),
    Failed(&'static str, Value),
    /// One of the limits was reached: the subtype and what to say about it.
    Limit(&'static str, String),
    /// The user does not want it to go on.
    Interrupted,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self {
            session,
            began: Instant::now(),
            so_far: RefCell::default(),
        }
    }

    /// Runs the turn and prints its result. Returns whether that is an error.
    pub(crate) async fn run(&self, said: Value) -> bool {
        servers::connect(&self.session.servers, &self.session.wire).await;
        self.session.print_init();
        self.session.conversation.borrow_mut().push("user", &said);
        loop {
            match self.round().await {
                None => {}
                Some(End::Interrupted) => return self.interrupted(),
                Some(end) => return self.print_result(end),
            }
        }
    }

    /// Ends a turn whose future was dropped.
    pub(crate) fn interrupted(&self) -> bool {
        let open = self.session.conversation.borrow().unanswered();
        for id in &open {
            self.tool_result(id, Err(REJECTED.to_owned()));
        }
        let (text, reason) = match open.is_empty() {
            true => ("[Request interrupted by user]", "aborted_streaming"),
            false => (
                "[Request interrupted by user for tool use]",
                "aborted_tools",
            ),
        };
        self.user(&json!([{"type": "text", "text": text}]), &json!({}));
        let mut result = self.result("error_during_execution", true);
        result["terminal_reason"] = json!(reason);
        result["errors"] = json!(["interrupted"]);
        self.session.wire.print(result);
        true
    }

    /// One answer of the model and the tools it calls.
    async fn round(&self) -> Option<End> {
        if let Some(limit) = self.limit() {
            return Some(limit);
        }
        let message = match self.ask().await {
            Ok(message) => message,
            Err(failure) => return Some(self.failed(failure)),
        };
        self.heard(&message);
        let calls = message
            .content
            .iter()
            .filter(|block| block["type"] == "tool_use");
        let calls: Vec<_> = calls.collect();
        for call in &calls {
            match self.call(call).await {
                Ok(None) => {}
                Ok(Some(structured)) => return Some(End::Structured(structured)),
                Err(end) => return Some(end),
            }
        }
        if !calls.is_empty() {
            return None;
        }
        let mut so_far = self.so_far.borrow_mut();
        if self.session.options.schema.is_some() && !so_far.nudged {
            so_far.nudged = true;
            drop(so_far);
            self.user(
                &json!([{"type": "text", "text": ENFORCE}]),
                &json!({"isSynthetic": true}),
            );
            return None;
        }
        let last = message
            .content
            .last()
            .and_then(|block| block["text"].as_str());
        Some(End::Said {
            text: last.unwrap_or_default().to_owned(),
            stop_reason: message.stop_reason,
        })
    }

    fn limit(&self) -> Option<End> {
        let options = &self.session.options;
        let requests = self.so_far.borrow().requests;
        if let Some(turns) = options.max_turns.filter(|&turns| requests >= turns) {
            let text = format!("Reached maximum number of turns ({turns})");
            return Some(End::Limit("error_max_turns", text));
        }
        let cost = options
            .max_cost
            .filter(|&cost| self.session.cost() >= cost)?;
        let text = format!("Reached maximum budget (${cost})");
        Some(End::Limit("error_max_budget_usd", text))
    }

    async fn ask(&self) -> Result<Message, Failure> {
        let retries = env::var_os("CLAUDE_CODE_MAX_RETRIES");
        let retries = retries.and_then(|text| text.to_str()?.parse().ok());
        let retries: u32 = retries.unwrap_or(10);
        let mut attempt = 0;
        loop {
            let failure = match self.session.api.message(&self.session.request()).await {
                Err(failure) if attempt < retries => failure,
                done => return done,
            };
            let Retry::After(wait) = failure.retry else {
                return Err(failure);
            };
            let wait = wait.unwrap_or_else(|| BACKOFF * 2_u32.pow(attempt.min(6)));
            attempt += 1;
            self.session.wire.print(json!({
                "type": "system",
                "subtype": "api_retry",
                "attempt": attempt,
                "max_retries": retries,
                "retry_delay_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "error_status": failure.status,
                "error": kind(&failure),
            }));
            tokio::time::sleep(wait).await;
        }
    }

    /// Keeps and prints what the model said.
    fn heard(&self, message: &Message) {
        let mut so_far = self.so_far.borrow_mut();
        so_far.requests += 1;
        so_far.spent.input += message.input_tokens;
        so_far.spent.output += message.output_tokens;
        drop(so_far);
        let mut spent = self.session.spent.get();
        spent.input += message.input_tokens;
        spent.output += message.output_tokens;
        self.session.spent.set(spent);
        let content = json!(message.content);
        self.session
            .conversation
            .borrow_mut()
            .push("assistant", &content);
        for block in &message.content {
            self.session.wire.print(json!({
                "type": "assistant",
                "message": {
                    "id": message.id,
                    "type": "message",
                    "role": "assistant",
                    "model": *self.session.model.borrow(),
                    "content": [block],
                    "stop_reason": null,
                    "usage": usage(Spent { input: message.input_tokens, output: 1 }),
                },
                "parent_tool_use_id": null,
            }));
        }
    }

    /// Runs one tool call. Returns the result that the schema asked for, if it is one.
    async fn call(&self, call: &Value) -> Result<Option<Value>, End> {
        let tool = call["name"].as_str().unwrap_or_default();
        let id = call["id"].as_str().unwrap_or_default();
        let session = self.session;
        if !session.offers(tool) {
            let error = format!("No such tool available: {tool}");
            self.tool_result(
                id,
                Err(format!("<tool_use_error>Error: {error}</tool_use_error>")),
            );
            return Ok(None);
        }
        if tool == "StructuredOutput" {
            return self.structured(id, &call["input"]);
        }
        let outcome = match self.permission(tool, id, &call["input"]).await? {
            Err(reason) => {
                let denial = json!({"tool_name": tool, "tool_use_id": id,
                    "tool_input": call["input"]});
                self.so_far.borrow_mut().denials.push(denial);
                Err(reason)
            }
            Ok(input) if tool.starts_with("mcp__") => {
                servers::run(tool, id, &input, &session.wire).await
            }
            Ok(input) => tools::run(tool, &input, &session.here).await,
        };
        self.tool_result(id, outcome);
        Ok(None)
    }

    fn structured(&self, id: &str, value: &Value) -> Result<Option<Value>, End> {
        let schema = self.session.options.schema.as_ref();
        let Some(complaint) = schema.and_then(|schema| schema::complaint(schema, value)) else {
            let text = json!("Structured output provided successfully");
            self.tool_result(id, Ok((text.clone(), text)));
            return Ok(Some(value.clone()));
        };
        let error = format!("Output does not match required schema: {complaint}");
        self.tool_result(id, Err(error));
        let mut so_far = self.so_far.borrow_mut();
        so_far.misses += 1;
        if so_far.misses < ATTEMPTS {
            return Ok(None);
        }
        let text = format!("Failed to provide valid structured output after {ATTEMPTS} attempts");
        Err(End::Limit("error_max_structured_output_retries", text))
    }

    /// The input that a call may run with, or why it may not.
    async fn permission(
        &self,
        tool: &str,
        id: &str,
        input: &Value,
    ) -> Result<Result<Value, String>, End> {
        let session = self.session;
        let rules = (&*session.options.allowed, &*session.options.denied);
        let verdict = decide(session.mode.get(), rules, &session.here, tool, input);
        match verdict {
            Verdict::Run => return Ok(Ok(input.clone())),
            Verdict::Denied => return Ok(Err(format!("Permission to use {tool} {DONT_ASK}"))),
            Verdict::Open if !session.options.asks => {
                let reason = format!(
                    "Claude requested permissions to use {tool}, but you haven't granted it yet."
                );
                return Ok(Err(reason));
            }
            Verdict::Open => {}
        }
        let question = json!({"subtype": "can_use_tool", "tool_name": tool, "input": input,
            "permission_suggestions": [], "tool_use_id": id});
        let mut answer = match session.wire.ask(question).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        if answer["behavior"] == "allow" {
            let updated = Some(answer["updatedInput"].take()).filter(|input| !input.is_null());
            return Ok(Ok(updated.unwrap_or_else(|| input.clone())));
        }
        if answer["interrupt"] == true {
            return Err(End::Interrupted);
        }
        let message = answer["message"].as_str().unwrap_or("denied");
        Ok(Err(message.to_owned()))
    }

    fn tool_result(&self, id: &str, outcome: Outcome) {
        let (content, detail, failed) = match outcome {
            Ok((content, detail)) => (content, detail, false),
            Err(text) => (json!(text), json!(format!("Error: {text}")), true),
        };
        let block = json!([{"type": "tool_result", "tool_use_id": id, "content": content,
            "is_error": failed}]);
        self.user(&block, &json!({"tool_use_result": detail}));
    }

    /// Keeps and prints something that is said in the name of the user.
    fn user(&self, content: &Value, more: &Value) {
        self.session.conversation.borrow_mut().push("user", content);
        let message = json!({"role": "user", "content": content});
        let mut line = json!({"type": "user", "message": message, "parent_tool_use_id": null});
        for (name, value) in more.as_object().into_iter().flatten() {
            line[name] = value.clone();
        }
        self.session.wire.print(line);
    }

    fn failed(&self, mut failure: Failure) -> End {
        if let Some(partial) = failure.partial.take() {
            self.heard(&partial);
        }
        let text = match failure.status {
            Some(429) => format!("API Error: Request rejected (429) · {}", failure.message),
            Some(400) if failure.message.starts_with("prompt is too long") => {
                "Prompt is too long".to_owned()
            }
            Some(status) => format!("API Error: {status} {}", failure.message),
            None => format!("API Error: {}", failure.message),
        };
        self.session.wire.print(json!({
            "type": "assistant",
            "message": {
                "id": "synthetic",
                "type": "message",
                "role": "assistant",
                "model": "<synthetic>",
                "content": [{"type": "text", "text": text}],
                "stop_reason": "stop_sequence",
                "usage": usage(Spent::default()),
            },
            "parent_tool_use_id": null,
            "error": kind(&failure),
        }));
        let status = failure.status.map_or(Value::Null, |status| json!(status));
        End::Failed(
            "stop_sequence",
            json!({"result": text, "api_error_status": status}),
        )
    }

    fn print_result(&self, end: End) -> bool {
        let (subtype, failed) = match &end {
            End::Said { stop_reason, .. } => ("success", stop_reason == "refusal"),
            End::Structured(_) => ("success", false),
            End::Failed(..) => ("success", true),
            End::Limit(subtype, _) => (*subtype, true),
            End::Interrupted => return self.interrupted(),
        };
        let mut result = self.result(subtype, failed);
        match end {
            End::Said { text, stop_reason } => {
                result["result"] = json!(text);
                result["stop_reason"] = json!(stop_reason);
            }
            End::Structured(value) => {
                result["result"] = json!(value.to_string());
                result["stop_reason"] = json!("tool_use");
                result["structured_output"] = value;
            }
            End::Failed(stop_reason, more) => {
                result["result"] = more["result"].clone();
                result["api_error_status"] = more["api_error_status"].clone();
                result["stop_reason"] = json!(stop_reason);
            }
            End::Limit(subtype, text) => {
                result["errors"] = json!([text]);
                if subtype == "error_max_turns" {
                    result["terminal_reason"] = json!("max_turns");
                }
            }
            End::Interrupted => {}
        }
        self.session.wire.print(result);
        failed
    }

    /// The fields that all results have.
    fn result(&self, subtype: &str, failed: bool) -> Value {
        let so_far = self.so_far.borrow();
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        json!({
            "type": "result",
            "subtype": subtype,
            "is_error": failed,
            "api_error_status": null,
            "duration_ms": elapsed,
            "duration_api_ms": elapsed,
            "num_turns": so_far.requests.max(1),
            "stop_reason": null,
            "total_cost_usd": self.session.cost(),
            "usage": usage(so_far.spent),
            "modelUsage": self.session.model_usage(),
            "permission_denials": so_far.denials,
            "terminal_reason": "completed",
        })
    }
}

fn usage(spent: Spent) -> Value {
    json!({"input_tokens": spent.input, "output_tokens": spent.output,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0})
}

/// What `assistant.error` says about a failure.
fn kind(failure: &Failure) -> &'static str {
    match failure.status {
        Some(401 | 403) => "authentication_failed",
        Some(404) => "model_not_found",
        Some(413) => "invalid_request",
        Some(400) if failure.message.starts_with("prompt is too long") => "invalid_request",
        Some(429) => "rate_limit",
        None | Some(500..) => "server_error",
        Some(_) => "unknown",
    }
}
