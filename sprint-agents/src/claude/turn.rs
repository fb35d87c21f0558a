//! One question and all that came of it.

use std::time::Duration;

use serde_json::Value;

use crate::claude::outcome::Outcome;

/// The limits of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Wall time.
    pub wall: Duration,
    /// Time without a sign of life, while no tool runs and no request waits to be repeated. An
    /// answer arrives in whole blocks, so this is also the longest that one may take to be written.
    pub silence: Duration,
}

/// What came of one message. Texts are raw: redact them before they go anywhere, except those of
/// a failed [`Outcome`].
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// How it ended.
    pub outcome: Outcome,
    /// What it used, of this turn only.
    pub usage: TurnUsage,
    /// The model that the session says it uses.
    pub model: Option<String>,
    /// The tools that the session says it has.
    pub tools: Vec<String>,
    /// Tool uses that were refused, in order.
    pub denials: Vec<Denial>,
    /// What tools were used for, in order; at most [`Turn::MOST_TOOL_USES`].
    pub tool_uses: Vec<ToolUse>,
    /// How often the conversation was summarised to make room.
    pub compactions: u32,
    /// Things the session said that a person may want to know: another model was used, a line was
    /// too long to be read.
    pub notes: Vec<String>,
}

impl Turn {
    /// How many tool uses are remembered.
    pub const MOST_TOOL_USES: usize = 4096;
}

/// What a turn used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnUsage {
    /// Wall time in milliseconds, measured by us.
    pub duration_ms: u64,
    /// Cost by list prices, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// Tokens sent, without those the provider had in its cache.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Tokens written to and read from the provider's cache.
    pub cache_tokens: u64,
    /// Rounds: answers of the model, and tool results given to it.
    pub rounds: u32,
}

/// A tool use that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The tool.
    pub tool: String,
    /// Names the use.
    pub id: String,
    /// Its arguments, where they are known.
    pub input: Value,
}

/// A tool use, as the model asked for it. It may have been refused, or have failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    /// The tool.
    pub tool: String,
    /// Names the use.
    pub id: String,
    /// What it was pointed at.
    pub target: Target,
    /// Whether it failed or was refused; `None` if its end was not seen.
    pub failed: Option<bool>,
}

/// What a tool use was pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file: that of `Read`, `Write`, `Edit` and `NotebookEdit`.
    Path(String),
    /// A command line, cut if it is long.
    Command(String),
    /// Something else.
    Other,
}
