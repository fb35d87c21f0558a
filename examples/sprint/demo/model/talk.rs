//! A conversation as the scripted model reads it.

use scripted_api::{Request, ToolResult};
use serde_json::Value;

/// One request, with what the model remembers of the conversation before it.
pub(super) struct Talk<'a> {
    request: &'a Request,
    prompt: String,
    results: Vec<ToolResult>,
}

impl<'a> Talk<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        Self {
            prompt: request.first_user_text(),
            results: request.tool_results(),
            request,
        }
    }

    /// How many times the model has spoken since it was prompted last.
    pub(super) fn step(&self) -> usize {
        self.request.turn()
    }

    /// The tool on offer whose name ends so.
    pub(super) fn tool_named(&self, end: &str) -> Option<&str> {
        self.request
            .tools()
            .into_iter()
            .find(|name| name.ends_with(end))
    }

    /// The ticket it is about: the first one that the prompt names.
    pub(super) fn ticket(&self) -> &str {
        self.word("DEMO-")
    }

    /// The branch it works on.
    pub(super) fn branch(&self) -> &str {
        self.word("worktree-DEMO-")
    }

    /// How often it was prompted about this ticket, by all agents so far as it can know.
    pub(super) fn round(&self) -> usize {
        let prompts = self.request.messages().iter();
        let prompts = prompts.filter(|message| message["role"] == "user");
        let says = |message: &&Value| {
            let blocks = message["content"].as_array().into_iter().flatten();
            let mut kinds = blocks.map(|block| &block["type"]);
            message["content"].is_string() || !kinds.any(|kind| kind == "tool_result")
        };
        prompts.filter(says).count()
    }

    /// What the tool calls of the last step came to.
    pub(super) fn results(&self) -> &[ToolResult] {
        &self.results
    }

    /// The text of a file that the last step read; `None` where there is no such file.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        let messages = self.request.messages().iter();
        let blocks = messages.filter_map(|message| message["content"].as_array());
        let mut calls = blocks.flatten().filter(|block| block["type"] == "tool_use");
        let is_read = |call: &&Value| {
            let id = call["id"].as_str();
            call["name"] == "Read"
                && call["input"]["file_path"] == path
                && self
                    .results
                    .iter()
                    .any(|result| Some(result.id.as_str()) == id)
        };
        let id = calls.find(is_read)?["id"].as_str()?;
        let result = self.results.iter().find(|result| result.id == id)?;
        (!result.is_error).then(|| unnumbered(&result.text))
    }

    fn word(&self, start: &str) -> &str {
        let found = self.prompt.find(start).map_or("", |at| &self.prompt[at..]);
        let end = found.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        found[..end.unwrap_or(found.len())].trim_end_matches('-')
    }
}

/// Takes the line numbers away that reading puts before each line.
fn unnumbered(text: &str) -> String {
    let lines = text.lines().filter_map(|line| {
        let (number, line) = line.split_once(['\t', '→'])?;
        number.trim().parse::<u32>().is_ok().then_some(line)
    });
    let mut text: String = lines.map(|line| format!("{line}\n")).collect();
    // The end of the last line is shown as one more line.
    text.truncate(text.trim_end_matches('\n').len());
    text + "\n"
}
