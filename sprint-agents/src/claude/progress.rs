//! A turn while it runs: what its lines add up to.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use sprint_core::time::Timestamp;
use tokio::time::Instant;

use crate::claude::outcome::{Cause, Clues, Outcome};
use crate::claude::protocol::{Block, Message, ResultMessage};
use crate::claude::turn::{Denial, Target, ToolUse, Turn, TurnUsage};

/// Command lines are cut to this many bytes.
const COMMAND: usize = 4096;

/// Notes beyond this many say nothing new.
const NOTES: usize = 100;

/// What is known of a turn so far.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// Uses of tools whose end has not been seen.
    running: BTreeSet<String>,
    /// A request to the provider waits for this long before it is repeated.
    retry: Option<Duration>,
    clues: Clues,
    model: Option<String>,
    tools: Vec<String>,
    denials: Vec<Denial>,
    tool_uses: Vec<ToolUse>,
    compactions: u32,
    notes: Vec<String>,
}

impl Progress {
    pub(crate) fn new(started: Instant) -> Self {
        Self {
            started,
            running: BTreeSet::new(),
            retry: None,
            clues: Clues::default(),
            model: None,
            tools: Vec::new(),
            denials: Vec::new(),
            tool_uses: Vec::new(),
            compactions: 0,
            notes: Vec::new(),
        }
    }

    /// Takes in a line.
    pub(crate) fn see(&mut self, message: &Message) {
        match message {
            Message::Init(init) => {
                self.model = Some(init.model.clone());
                self.tools.clone_from(&init.tools);
            }
            Message::Assistant(said) => {
                self.retry = None;
                if said.error.is_some() {
                    self.clues.error.clone_from(&said.error);
                }
                for block in &said.blocks {
                    self.tool_begins(block);
                }
            }
            Message::ToolResults(results) => {
                for result in results {
                    self.tool_ends(&result.id, result.is_error == Some(true));
                }
            }
            Message::Retry { delay, status } => {
                self.retry = Some(*delay);
                self.clues.wait = (*status == Some(429)).then_some(*delay);
            }
            Message::Fallback { from, to } => {
                self.note(format!("{to} was used in place of {from}"));
            }
            Message::Compacted => self.compactions += 1,
            Message::NotCompacted(why) => {
                self.note(format!("the conversation could not be summarised: {why}"));
            }
            Message::Denied { tool, id } => self.denied(tool, id, Value::Null),
            Message::RateLimit {
                rejected,
                resets_at,
            } => {
                self.clues.rejected |= rejected;
                self.clues.until = resets_at
                    .map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)))
                    .filter(|_| *rejected);
            }
            Message::Result(_)
            | Message::Request { .. }
            | Message::Withdrawn(_)
            | Message::Response { .. }
            | Message::Other => {}
        }
    }

    /// Takes note of something a person may want to know.
    pub(crate) fn note(&mut self, text: String) {
        if self.notes.len() < NOTES {
            self.notes.push(text);
        }
    }

    /// How long silence may last from now on where it may last for `silence` while the model
    /// works; `None` while it means nothing, because a tool runs.
    pub(crate) fn patience(&self, silence: Duration) -> Option<Duration> {
        let waits = self.retry.unwrap_or_default();
        (self.running.is_empty()).then(|| silence.saturating_add(waits))
    }

    /// The turn, ended by a line.
    pub(crate) fn finish(
        mut self,
        result: ResultMessage,
        wants_value: bool,
        cause: Option<Cause>,
        cost_before: f64,
    ) -> Turn {
        for (tool, id, input) in &result.denials {
            self.denied(tool, id, input.clone());
        }
        let usage = TurnUsage {
            cost_micro_usd: micro_usd(result.total_cost_usd - cost_before),
            input_tokens: result.input_tokens,
            output_tokens: result.output_tokens,
            cache_tokens: result.cache_tokens,
            rounds: result.rounds,
            ..TurnUsage::default()
        };
        let outcome = match cause {
            Some(cause) => cause.outcome(),
            None => Outcome::of(result, &self.clues, wants_value),
        };
        self.end(outcome, usage)
    }

    /// The turn, ended without a line that says so.
    pub(crate) fn give_up(self, outcome: Outcome) -> Turn {
        self.end(outcome, TurnUsage::default())
    }

    fn end(self, outcome: Outcome, usage: TurnUsage) -> Turn {
        let duration = self.started.elapsed().as_millis();
        Turn {
            outcome,
            usage: TurnUsage {
                duration_ms: u64::try_from(duration).unwrap_or(u64::MAX),
                ..usage
            },
            model: self.model,
            tools: self.tools,
            denials: self.denials,
            tool_uses: self.tool_uses,
            compactions: self.compactions,
            notes: self.notes,
        }
    }

    fn tool_begins(&mut self, block: &Block) {
        let Some(tool) = &block.name else { return };
        if self.tool_uses.len() == Turn::MOST_TOOL_USES {
            let most = Turn::MOST_TOOL_USES;
            let note = format!("more than {most} tool uses: the rest is not listed");
            if !self.notes.contains(&note) {
                self.note(note);
            }
            return;
        }
        let input = &block.input;
        let path = input.file_path.as_ref().or(input.notebook_path.as_ref());
        let target = match (path, &input.command) {
            (Some(path), _) => Target::Path(path.clone()),
            (None, Some(command)) => Target::Command(start(command, COMMAND).to_owned()),
            (None, None) => Target::Other,
        };
        self.running.insert(block.id.clone());
        self.tool_uses.push(ToolUse {
            tool: tool.clone(),
            id: block.id.clone(),
            target,
            failed: None,
        });
    }

    fn tool_ends(&mut self, id: &str, failed: bool) {
        self.running.remove(id);
        let named = self.tool_uses.iter_mut().rev().find(|used| used.id == id);
        if let Some(used) = named {
            used.failed = Some(failed);
        }
    }

    /// Both the stream and the result may tell of it, the result with the arguments.
    fn denied(&mut self, tool: &str, id: &str, input: Value) {
        let known = self.denials.iter().position(|denial| denial.id == id);
        match known {
            Some(at) if self.denials[at].input.is_null() => self.denials[at].input = input,
            None if self.denials.len() < Turn::MOST_TOOL_USES => self.denials.push(Denial {
                tool: tool.to_owned(),
                id: id.to_owned(),
                input,
            }),
            Some(_) | None => {}
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "out of range ends at the nearest number in range, which is what is wanted"
)]
fn micro_usd(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}

/// The first `most` bytes, or a little fewer.
fn start(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claude::protocol::parse;

    fn after(lines: &[Value]) -> Progress {
        let mut progress = Progress::new(Instant::now());
        for line in lines {
            progress.see(&parse(line.to_string().as_bytes()));
        }
        progress
    }

    fn begins(id: &str, tool: &str, input: Value) -> Value {
        let block = json!({ "type": "tool_use", "id": id, "name": tool, "input": input });
        json!({ "type": "assistant", "message": { "content": [block] } })
    }

    fn ends(id: &str, failed: bool) -> Value {
        let block = json!({ "type": "tool_result", "tool_use_id": id, "is_error": failed });
        json!({ "type": "user", "message": { "content": [block] } })
    }

    #[tokio::test]
    async fn silence_counts_while_the_model_works_and_not_while_a_tool_does() {
        let second = Duration::from_secs(1);
        let retry = json!({ "type": "system", "subtype": "api_retry", "retry_delay_ms": 5000 });
        let bash = || begins("a", "Bash", json!({ "command": "make" }));
        for (lines, expect) in [
            (vec![], Some(second)),
            (vec![bash()], None),
            (
                vec![bash(), begins("b", "Read", json!({})), ends("a", false)],
                None,
            ),
            (vec![bash(), ends("a", true)], Some(second)),
            (
                vec![retry.clone(), json!({ "type": "new" })],
                Some(second * 6),
            ),
            (vec![retry, bash(), ends("a", false)], Some(second)),
        ] {
            assert_eq!(after(&lines).patience(second), expect, "{lines:?}");
        }
    }

    #[tokio::test]
    async fn tools_are_listed_with_what_they_were_pointed_at() {
        let turn = after(&[
            begins("a", "Write", json!({ "file_path": "/a", "content": "x" })),
            begins("b", "NotebookEdit", json!({ "notebook_path": "/b" })),
            begins("c", "Bash", json!({ "command": "é".repeat(COMMAND) })),
            begins("d", "mcp__sprint__ask", json!({ "question": "?" })),
            ends("b", true),
            ends("a", false),
        ])
        .give_up(Outcome::Cancelled);
        let used = |id: &str, tool: &str, target, failed| ToolUse {
            tool: tool.into(),
            id: id.into(),
            target,
            failed,
        };
        let cut = "é".repeat(COMMAND / 2);
        assert_eq!(
            turn.tool_uses,
            [
                used("a", "Write", Target::Path("/a".into()), Some(false)),
                used("b", "NotebookEdit", Target::Path("/b".into()), Some(true)),
                used("c", "Bash", Target::Command(cut), None),
                used("d", "mcp__sprint__ask", Target::Other, None),
            ]
        );
    }

    #[tokio::test]
    async fn memory_is_bounded_whatever_the_session_does() {
        let lines: Vec<_> = (0..Turn::MOST_TOOL_USES + 200)
            .map(|n| begins(&n.to_string(), "Read", json!({ "file_path": "/a" })))
            .collect();
        let turn = after(&lines).give_up(Outcome::Cancelled);
        assert_eq!(turn.tool_uses.len(), Turn::MOST_TOOL_USES);
        assert_eq!(
            turn.notes,
            ["more than 4096 tool uses: the rest is not listed"]
        );
    }

    #[tokio::test]
    async fn refusals_are_counted_once_and_cost_is_that_of_the_turn() {
        let denied = json!({
            "type": "system", "subtype": "permission_denied", "tool_name": "Bash",
            "tool_use_id": "a",
        });
        let result = json!({
            "type": "result", "subtype": "success", "result": "done", "total_cost_usd": 0.75,
            "permission_denials": [
                { "tool_name": "Bash", "tool_use_id": "a", "tool_input": { "command": "x" } },
                { "tool_name": "Read", "tool_use_id": "b", "tool_input": {} },
            ],
        });
        let turn = after(&[denied]).finish(ResultMessage::of(&result), false, None, 0.5);
        let ids: Vec<_> = turn.denials.iter().map(|d| (&d.id[..], &d.input)).collect();
        assert_eq!(ids, [("a", &json!({ "command": "x" })), ("b", &json!({}))]);
        assert_eq!(turn.usage.cost_micro_usd, 250_000);
        // We ended it: what the program says of it counts no more, but what it cost does.
        let turn = after(&[]).finish(ResultMessage::of(&result), false, Some(Cause::Silent), 0.0);
        assert_eq!(
            (turn.outcome, turn.usage.cost_micro_usd),
            (Outcome::Silent, 750_000)
        );
    }
}
