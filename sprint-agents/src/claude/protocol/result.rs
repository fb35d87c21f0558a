//! The end of a turn, as the program reports it.

use serde_json::Value;

use crate::claude::protocol::incoming::status;

/// The last line of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ResultMessage {
    /// What kind of end. `success` is no success if `is_error` is set.
    pub(crate) subtype: String,
    pub(crate) is_error: bool,
    /// The status of the provider's answer, if that was the end.
    pub(crate) api_status: Option<u16>,
    /// The answer, or what went wrong.
    pub(crate) text: String,
    pub(crate) stop_reason: Option<String>,
    pub(crate) terminal_reason: Option<String>,
    /// The value of the schema.
    pub(crate) structured: Option<Value>,
    /// Rounds of this turn.
    pub(crate) rounds: u32,
    /// US dollars of all turns of the process.
    pub(crate) total_cost_usd: f64,
    /// Tokens of this turn.
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cache_tokens: u64,
    /// Tool uses of this turn that were refused: tool, id, arguments.
    pub(crate) denials: Vec<(String, String, Value)>,
}

impl ResultMessage {
    /// Reads what is there; what is missing or has another form is as if it were nothing.
    pub(crate) fn of(value: &Value) -> Self {
        let string = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let usage = |name: &str| {
            let count = value.get("usage").and_then(|usage| usage.get(name));
            count.and_then(Value::as_u64).unwrap_or(0)
        };
        let errors = || {
            let errors = value.get("errors")?.as_array()?;
            let errors: Vec<_> = errors.iter().filter_map(Value::as_str).collect();
            Some(errors.join("; "))
        };
        let structured = value.get("structured_output").filter(|v| !v.is_null());
        let rounds = value.get("num_turns").and_then(Value::as_u64);
        Self {
            subtype: string("subtype").unwrap_or_default(),
            is_error: value.get("is_error").and_then(Value::as_bool) == Some(true),
            api_status: status(value.get("api_error_status")),
            text: string("result").or_else(errors).unwrap_or_default(),
            stop_reason: string("stop_reason"),
            terminal_reason: string("terminal_reason"),
            structured: structured.cloned(),
            rounds: rounds.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            total_cost_usd: value["total_cost_usd"].as_f64().unwrap_or(0.0),
            input_tokens: usage("input_tokens"),
            output_tokens: usage("output_tokens"),
            cache_tokens: usage("cache_creation_input_tokens") + usage("cache_read_input_tokens"),
            denials: denials(value).unwrap_or_default(),
        }
    }
}

fn denials(value: &Value) -> Option<Vec<(String, String, Value)>> {
    let denials = value.get("permission_denials")?.as_array()?;
    let read = |denial: &Value| {
        Some((
            denial.get("tool_name")?.as_str()?.to_owned(),
            denial.get("tool_use_id")?.as_str()?.to_owned(),
            denial.get("tool_input").cloned().unwrap_or_default(),
        ))
    };
    Some(denials.iter().filter_map(read).collect())
}
