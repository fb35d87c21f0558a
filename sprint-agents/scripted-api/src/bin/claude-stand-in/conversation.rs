//! What was said, in memory and in the transcript that `--resume` reads.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::options::Options;
use crate::wire::derived_id;

/// The messages of one session.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    messages: Vec<Value>,
    transcript: Option<File>,
}

impl Conversation {
    /// Begins or resumes the session that `options` ask for, below `config`, for the directory
    /// `here`. Returns its id as well.
    pub(crate) fn open(
        options: &Options,
        config: &Path,
        here: &Path,
    ) -> Result<(String, Self), String> {
        let place = here.to_string_lossy();
        let place = place.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let directory = config.join("projects").join(place);
        let file = |session: &str| directory.join(format!("{session}.jsonl"));
        let mut messages = Vec::new();
        if let Some(old) = &options.resume {
            let text = fs::read_to_string(file(old))
                .map_err(|_| format!("No conversation found with session ID: {old}"))?;
            messages = text.lines().filter_map(said).collect();
            // A session that was killed in a tool goes on before the call.
            if !unanswered(&messages).is_empty() {
                let call = messages
                    .iter()
                    .rposition(|message| message["role"] == "assistant");
                messages.truncate(call.unwrap_or_default());
            }
        }
        let kept = options.resume.clone().filter(|_| !options.fork);
        let session = match (kept, &options.session) {
            (Some(kept), _) => kept,
            (None, Some(chosen)) if file(chosen).exists() => {
                return Err(format!("Session ID {chosen} is already in use."));
            }
            (None, Some(chosen)) => chosen.clone(),
            (None, None) => (0..)
                .map(derived_id)
                .find(|id| !file(id).exists())
                .ok_or_else(|| "no session ID is free".to_owned())?,
        };
        let transcript = match options.forgetful {
            true => None,
            false => Some(append(&directory, file(&session))?),
        };
        let conversation = Self {
            messages,
            transcript,
        };
        Ok((session, conversation))
    }

    pub(crate) fn push(&mut self, role: &str, content: &Value) {
        let message = json!({"role": role, "content": content});
        let line = json!({"type": role, "message": message});
        if let Some(transcript) = &mut self.transcript {
            // A transcript that cannot be written fails the session that resumes from it.
            drop(writeln!(transcript, "{line}"));
        }
        self.messages.push(message);
    }

    /// The messages as the API wants them: what one side says in a row is one message.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let mut merged: Vec<Value> = Vec::new();
        for message in &self.messages {
            match merged.last_mut() {
                Some(last) if last["role"] == message["role"] => {
                    let both = [blocks(&last["content"]), blocks(&message["content"])];
                    last["content"] = json!(both.concat());
                }
                _ => merged.push(message.clone()),
            }
        }
        merged
    }

    /// The tool calls of the last answer that have no result.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        unanswered(&self.messages)
    }
}

fn append(directory: &Path, file: PathBuf) -> Result<File, String> {
    let opened = fs::create_dir_all(directory)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&file));
    opened.map_err(|error| format!("{}: {error}", file.display()))
}

/// The message of a line that was written to its end.
fn said(line: &str) -> Option<Value> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    Some(line["message"].take())
}

fn unanswered(messages: &[Value]) -> Vec<String> {
    let last = messages
        .iter()
        .rposition(|message| message["role"] == "assistant");
    let since = messages[last.unwrap_or(messages.len())..].iter();
    let blocks: Vec<_> = since
        .flat_map(|message| blocks(&message["content"]))
        .collect();
    let answered = |id: &Value| blocks.iter().any(|block| block["tool_use_id"] == *id);
    let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
    let open = calls.filter(|call| !answered(&call["id"]));
    open.filter_map(|call| Some(call["id"].as_str()?.to_owned()))
        .collect()
}

fn blocks(content: &Value) -> Vec<Value> {
    let text = || vec![json!({"type": "text", "text": content})];
    content.as_array().cloned().unwrap_or_else(text)
}
