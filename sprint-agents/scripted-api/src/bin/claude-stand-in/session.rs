//! One session: what it was started with, what it has come to, what it answers about itself.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::VERSION;
use crate::api::Api;
use crate::conversation::Conversation;
use crate::options::Options;
use crate::rules::Mode;
use crate::servers::Servers;
use crate::tools;
use crate::wire::Wire;

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) options: Options,
    pub(crate) here: PathBuf,
    pub(crate) wire: Wire,
    pub(crate) api: Api,
    pub(crate) conversation: RefCell<Conversation>,
    pub(crate) servers: RefCell<Servers>,
    pub(crate) mode: Cell<Mode>,
    pub(crate) model: RefCell<String>,
    pub(crate) spent: Cell<Spent>,
}

/// What all turns so far have used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

impl Session {
    pub(crate) fn new(
        options: Options,
        here: PathBuf,
        (id, conversation): (String, Conversation),
    ) -> Self {
        Self {
            api: Api::new(&id),
            wire: Wire::new(id),
            conversation: RefCell::new(conversation),
            servers: RefCell::default(),
            mode: Cell::new(options.mode),
            model: RefCell::new(full_name(&options.model)),
            spent: Cell::default(),
            options,
            here,
        }
    }

    /// The tools on offer.
    pub(crate) fn tools(&self) -> Vec<Value> {
        let built_in = match &self.options.tools {
            Some(tools) => tools.clone(),
            None => tools::KNOWN.iter().map(|&name| name.to_owned()).collect(),
        };
        let described = |name: &String| json!({"name": name, "description": name, "input_schema": {"type": "object"}});
        let mut tools: Vec<_> = built_in.iter().map(described).collect();
        if let Some(schema) = &self.options.schema {
            let name = "StructuredOutput";
            tools.push(json!({"name": name, "description": name, "input_schema": schema}));
        }
        tools.sort_by_key(|tool| tool["name"].to_string());
        tools.extend(self.servers.borrow().tools());
        tools.retain(|tool| {
            let name = tool["name"].as_str().unwrap_or_default();
            !self
                .options
                .denied
                .iter()
                .any(|rule| rule.covers_tool(name))
        });
        tools
    }

    pub(crate) fn offers(&self, tool: &str) -> bool {
        self.tools().iter().any(|offered| offered["name"] == tool)
    }

    /// The request for what the model says next.
    pub(crate) fn request(&self) -> Value {
        let mut system = vec!["You are a stand-in for Claude Code."];
        system.extend(self.options.system.iter().map(String::as_str));
        let block = |text| json!({"type": "text", "text": text});
        json!({
            "model": *self.model.borrow(),
            "max_tokens": 64000,
            "stream": true,
            "system": system.into_iter().map(block).collect::<Vec<_>>(),
            "tools": self.tools(),
            "messages": self.conversation.borrow().messages(),
        })
    }

    /// Says how the turn begins.
    pub(crate) fn print_init(&self) {
        let tools = self.tools();
        let names: Vec<_> = tools.iter().map(|tool| &tool["name"]).collect();
        self.wire.print(json!({
            "type": "system",
            "subtype": "init",
            "cwd": self.here,
            "tools": names,
            "mcp_servers": self.servers.borrow().states(),
            "model": *self.model.borrow(),
            "permissionMode": self.mode.get().name(),
            "apiKeySource": "ANTHROPIC_API_KEY",
            "claude_code_version": VERSION,
            "slash_commands": [],
            "agents": [],
            "skills": [],
        }));
    }

    /// Answers a control request other than `interrupt`.
    pub(crate) async fn control(&self, request: &Value) -> Result<Value, String> {
        let text = |name: &str| {
            let text = request[name].as_str();
            text.ok_or_else(|| format!("{name} is missing"))
        };
        match request["subtype"].as_str().unwrap_or_default() {
            "initialize" => {
                let names = request["sdkMcpServers"].as_array().into_iter().flatten();
                let names = names.filter_map(|name| name.as_str().map(str::to_owned));
                *self.servers.borrow_mut() = Servers::named(names);
                Ok(json!({"commands": [], "agents": [], "models": [], "pid": std::process::id()}))
            }
            "set_permission_mode" => {
                let mode = Mode::parse(text("mode")?)?;
                self.mode.set(mode);
                let status = json!({"type": "system", "subtype": "status", "status": null,
                    "permissionMode": mode.name()});
                self.wire.print(status);
                Ok(json!({"mode": mode.name()}))
            }
            "set_model" => {
                *self.model.borrow_mut() = full_name(text("model")?);
                Ok(Value::Null)
            }
            "set_max_thinking_tokens" => Ok(Value::Null),
            "mcp_status" => Ok(json!({"mcpServers": self.servers.borrow().states()})),
            "get_context_usage" => {
                let total = self.api.count(&self.request()).await;
                let total = total.map_err(|failure| failure.message)?;
                let window = window(&self.model.borrow());
                Ok(json!({"totalTokens": total, "maxTokens": window,
                    "percentage": total * 100 / window, "categories": []}))
            }
            other => Err(format!("Unsupported control request subtype: {other}")),
        }
    }

    /// What all turns so far have cost, in dollars of the list prices.
    pub(crate) fn cost(&self) -> f64 {
        let (input, output) = match self.model.borrow().as_str() {
            model if model.contains("opus") => (5.0, 25.0),
            model if model.contains("haiku") => (1.0, 5.0),
            _ => (3.0, 15.0),
        };
        let spent = self.spent.get();
        #[expect(clippy::cast_precision_loss, reason = "a price")]
        let cost = (spent.input as f64 * input + spent.output as f64 * output) / 1e6;
        cost
    }

    pub(crate) fn model_usage(&self) -> Value {
        let (model, spent) = (self.model.borrow().clone(), self.spent.get());
        let usage = json!({
            "inputTokens": spent.input,
            "outputTokens": spent.output,
            "costUSD": self.cost(),
            "contextWindow": window(&model),
            "maxOutputTokens": 64000,
        });
        json!({model: usage})
    }
}

fn window(model: &str) -> u64 {
    if model.contains("opus") {
        1_000_000
    } else {
        200_000
    }
}

fn full_name(model: &str) -> String {
    let name = match model {
        "opus" => "claude-opus-4-8",
        "sonnet" => "claude-sonnet-5",
        "haiku" => "claude-haiku-4-5-20251001",
        other => other,
    };
    name.to_owned()
}
