//! One request as a script sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

const REMINDER: (&str, &str) = ("<system-reminder>", "</system-reminder>");

/// What Claude Code puts where it was interrupted, before what is said next.
const INTERRUPTED: &str = "[Request interrupted by user";

/// One `POST /v1/messages`.
#[derive(Debug, Clone)]
pub struct Request(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    scenario: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

/// What a tool call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// The call it answers.
    pub id: String,
    /// All its text.
    pub text: String,
    /// Whether the tool failed, or was not allowed to run.
    pub is_error: bool,
}

impl Request {
    pub(crate) fn new(scenario: String, headers: BTreeMap<String, String>, body: Value) -> Self {
        Self(Arc::new(Parts {
            scenario,
            headers,
            body,
        }))
    }

    /// The SCENARIO of `/s/SCENARIO` in the base address; empty without one.
    #[must_use]
    pub fn scenario(&self) -> &str {
        &self.0.scenario
    }

    /// The session of Claude Code that asks; other agents name none.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.header("x-claude-code-session-id")
    }

    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name).map(String::as_str)
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.0.body
    }

    /// The model asked for.
    #[must_use]
    pub fn model(&self) -> &str {
        self.body()["model"].as_str().unwrap_or_default()
    }

    /// Whether the answer is wanted as server-sent events.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.body()["stream"].as_bool().unwrap_or_default()
    }

    /// The system prompt, its blocks joined by blank lines.
    #[must_use]
    pub fn system(&self) -> String {
        texts(&self.body()["system"]).join("\n\n")
    }

    /// The names of the tools on offer, in their order.
    #[must_use]
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.body()["tools"].as_array();
        let names = tools.into_iter().flatten();
        names.filter_map(|tool| tool["name"].as_str()).collect()
    }

    /// Whether the answer is to be given in a form that has this member: the schema of the tool for
    /// structured output says so.
    #[must_use]
    pub fn is_asked_for(&self, member: &str) -> bool {
        let tools = self.body()["tools"].as_array();
        let mut tools = tools.into_iter().flatten();
        let form = tools.find(|tool| tool["name"] == "StructuredOutput");
        form.is_some_and(|form| form["input_schema"]["properties"].get(member).is_some())
    }

    /// The prompt being worked on: the text of the last user message that has any, without
    /// reminders and without what was interrupted. Notes of the system between the messages and
    /// bare tool results do not count.
    #[must_use]
    pub fn last_user_text(&self) -> String {
        let prompts = self.messages().iter().rev();
        prompts.filter_map(prompt).next().unwrap_or_default()
    }

    /// The first prompt of the conversation.
    #[must_use]
    pub fn first_user_text(&self) -> String {
        let prompts = self.messages().iter();
        prompts.filter_map(prompt).next().unwrap_or_default()
    }

    /// The results in the last user message, in their order.
    #[must_use]
    pub fn tool_results(&self) -> Vec<ToolResult> {
        let mut messages = self.messages().iter().rev();
        let Some(last) = messages.find(|message| message["role"] == "user") else {
            return Vec::new();
        };
        let blocks = last["content"].as_array().into_iter().flatten();
        let results = blocks.filter(|block| block["type"] == "tool_result");
        results
            .map(|block| ToolResult {
                id: block["tool_use_id"].as_str().unwrap_or_default().to_owned(),
                text: texts(&block["content"]).join("\n"),
                is_error: block["is_error"].as_bool().unwrap_or_default(),
            })
            .collect()
    }

    /// How many times the model has spoken since the prompt being worked on: 0 on its first
    /// request, 1 when its first tool results come back.
    #[must_use]
    pub fn turn(&self) -> usize {
        let since = self.messages().iter().rev();
        since
            .take_while(|message| prompt(message).is_none())
            .filter(|message| message["role"] == "assistant")
            .count()
    }

    /// The messages of the conversation.
    #[must_use]
    pub fn messages(&self) -> &[Value] {
        self.body()["messages"]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }
}

/// What a user message says, if it is one and says anything.
fn prompt(message: &Value) -> Option<String> {
    if message["role"] != "user" {
        return None;
    }
    let texts = texts(&message["content"]);
    let interrupted = texts.iter().rposition(|text| text.starts_with(INTERRUPTED));
    let said = texts[interrupted.map_or(0, |at| at + 1)..].iter();
    let said = said.map(|text| without_reminders(text));
    let said: Vec<_> = said.filter(|text| !text.trim().is_empty()).collect();
    (!said.is_empty()).then(|| said.join("\n").trim().to_owned())
}

/// The texts of a content, which is one text or a list of blocks.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => {
            let texts = blocks.iter().filter(|block| block["type"] == "text");
            texts.filter_map(|block| block["text"].as_str()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn without_reminders(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(REMINDER.0) {
        kept.push_str(before);
        rest = after.split_once(REMINDER.1).map_or("", |(_, rest)| rest);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(messages: &Value) -> Request {
        let body = json!({"messages": messages});
        Request::new(String::new(), BTreeMap::new(), body)
    }

    #[test]
    fn the_prompt_is_what_the_user_said_last() {
        let reminder = "<system-reminder>be careful</system-reminder>";
        let result = json!({"type": "tool_result", "tool_use_id": "t1", "is_error": true,
            "content": [{"type": "text", "text": "denied"}]});
        let request = request(&json!([
            {"role": "user", "content": [
                {"type": "text", "text": reminder}, {"type": "text", "text": "first"}]},
            {"role": "assistant", "content": []},
            {"role": "user", "content": format!("second{reminder}")},
            {"role": "assistant", "content": []},
            {"role": "user", "content": [result, {"type": "text", "text": reminder}]},
            {"role": "system", "content": "a note"},
        ]));
        assert_eq!(request.first_user_text(), "first");
        assert_eq!(request.last_user_text(), "second");
        assert_eq!(request.turn(), 1);
        let denied = ToolResult {
            id: "t1".into(),
            text: "denied".into(),
            is_error: true,
        };
        assert_eq!(request.tool_results(), [denied]);
    }

    #[test]
    fn what_was_interrupted_is_no_prompt() {
        let request = request(&json!([{"role": "user", "content": [
            {"type": "text", "text": "first\n"},
            {"type": "text", "text": "[Request interrupted by user for tool use]\n"},
            {"type": "text", "text": "second"}]}]));
        assert_eq!(request.last_user_text(), "second");
    }

    #[test]
    fn the_form_of_the_answer_has_members() {
        let form = json!({"properties": {"report": {}}});
        let tools = json!([{"name": "Read", "input_schema": {"properties": {"file_path": {}}}},
            {"name": "StructuredOutput", "input_schema": form}]);
        let request = Request::new(String::new(), BTreeMap::new(), json!({"tools": tools}));
        assert!(request.is_asked_for("report"));
        assert!(!request.is_asked_for("file_path"));
    }

    #[test]
    fn an_empty_request_has_nothing() {
        let request = request(&Value::Null);
        assert_eq!(request.last_user_text(), "");
        assert_eq!(request.turn(), 0);
        assert!(request.tool_results().is_empty());
        assert!(request.tools().is_empty());
        assert!(!request.is_streaming());
    }
}
