//! Replies as the API puts them on the wire.

use serde_json::{Value, json};

use crate::reply::{ApiError, Block, Message};

/// Which answer of the API this is. Ids come from it, so that a script's run is repeatable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The requests before this one.
    pub(crate) request: usize,
    /// The messages in the conversation so far.
    pub(crate) depth: usize,
}

impl Place {
    fn message(self) -> String {
        format!("msg_{:06}_{:04}", self.request, self.depth)
    }

    fn tool(self, block: usize) -> String {
        format!("toolu_{:06}_{:04}_{block}", self.request, self.depth)
    }
}

/// The message in one piece.
pub(crate) fn whole(message: &Message, model: &str, place: Place) -> Value {
    let blocks = message.blocks.iter().enumerate();
    let content: Vec<_> = blocks
        .map(|(index, block)| match block {
            Block::Text(text) => json!({"type": "text", "text": text}),
            Block::Tool { name, input } => {
                json!({"type": "tool_use", "id": place.tool(index), "name": name, "input": input})
            }
        })
        .collect();
    json!({
        "id": place.message(),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(message),
        "stop_sequence": null,
        "usage": usage(message, message.usage.output),
    })
}

/// The message as events up to the end of its last block.
pub(crate) fn opening(message: &Message, model: &str, place: Place) -> String {
    let mut begun = whole(message, model, place);
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"] = usage(message, 1);
    let mut events = event("message_start", json!({"message": begun}));
    for (index, block) in message.blocks.iter().enumerate() {
        let (start, delta) = match block {
            Block::Text(text) => (
                json!({"type": "text", "text": ""}),
                json!({"type": "text_delta", "text": text}),
            ),
            Block::Tool { name, input } => (
                json!({"type": "tool_use", "id": place.tool(index), "name": name, "input": {}}),
                json!({"type": "input_json_delta", "partial_json": input.to_string()}),
            ),
        };
        let start = json!({"index": index, "content_block": start});
        events += &event("content_block_start", start);
        let delta = json!({"index": index, "delta": delta});
        events += &event("content_block_delta", delta);
        events += &event("content_block_stop", json!({"index": index}));
    }
    events
}

/// The events after the last block.
pub(crate) fn closing(message: &Message) -> String {
    let delta = json!({
        "delta": {"stop_reason": stop_reason(message), "stop_sequence": null},
        "usage": usage(message, message.usage.output),
    });
    event("message_delta", delta) + &event("message_stop", json!({}))
}

/// The body of a refusal.
pub(crate) fn error(error: &ApiError) -> Value {
    json!({"type": "error", "error": {"type": error.kind, "message": error.message}})
}

/// One server-sent event; the data repeats its name.
pub(crate) fn event(name: &str, mut data: Value) -> String {
    data["type"] = json!(name);
    format!("event: {name}\ndata: {data}\n\n")
}

fn stop_reason(message: &Message) -> &str {
    let calls = |block: &Block| matches!(block, Block::Tool { .. });
    match &message.stop_reason {
        Some(reason) => reason,
        None if message.blocks.iter().any(calls) => "tool_use",
        None => "end_turn",
    }
}

fn usage(message: &Message, output: u64) -> Value {
    json!({
        "input_tokens": message.usage.input,
        "output_tokens": output,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    })
}
