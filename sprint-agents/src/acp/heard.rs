//! What an agent told us while it worked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sprint_core::domain::agent::PermissionRequest;

use crate::acp::policy::{Kind, Use};

/// How much of what it says in one turn is kept: its end.
const TEXT: usize = 512 << 10;

/// How many tools are known at a time, and how many paths. No honest agent has more at work.
const TOOLS: usize = 1000;
const PATHS: usize = 10_000;

/// What is known of one session.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What it said in this turn.
    pub(super) text: String,
    /// Tools at work, by the ids the agent gives them.
    tools: BTreeMap<String, Use>,
    /// Files that tools were about.
    pub(super) paths: BTreeSet<PathBuf>,
    /// What the session cost so far, in millionths of a US dollar.
    pub(super) cost_micro_usd: u64,
    /// The most tokens its context held.
    pub(super) tokens: u64,
    /// The use that it stopped for.
    pub(super) asks: Option<PermissionRequest>,
    /// A tool of the tracker that it used, which it must not have.
    pub(super) breach: Option<String>,
    /// Whether a use was refused in this turn.
    pub(super) refused: bool,
}

/// What is new about a tool; nothing about what did not change.
#[derive(Clone, Debug, Default)]
pub(super) struct ToolNews {
    pub(super) tool: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) paths: Vec<PathBuf>,
    pub(super) input: Option<serde_json::Value>,
    /// It is over, and did what it was for or did not.
    pub(super) over: Option<bool>,
}

impl Heard {
    /// Forgets the turn before.
    pub(super) fn begin(&mut self) {
        self.text.clear();
        self.tools.clear();
        self.asks = None;
        self.refused = false;
    }

    pub(super) fn says(&mut self, text: &str) {
        self.text.push_str(text);
        if self.text.len() > 2 * TEXT {
            let mut from = self.text.len() - TEXT;
            while !self.text.is_char_boundary(from) {
                from += 1;
            }
            self.text.drain(..from);
        }
    }

    /// Takes in what is new about the tool with this id; returns all that is known of it.
    pub(super) fn uses(&mut self, id: &str, news: ToolNews) -> Use {
        for path in &news.paths {
            if self.paths.len() < PATHS {
                self.paths.insert(path.clone());
            }
        }
        let mut known = self.tools.remove(id).unwrap_or_default();
        if let Some(tool) = news.tool {
            known.tool = tool;
        }
        if let Some(kind) = news.kind {
            known.kind = kind;
        }
        if !news.paths.is_empty() {
            known.paths = news.paths;
        }
        if news.input.is_some() {
            known.input = news.input;
        }
        if news.over == Some(true) && known.is_trackers() {
            self.breach.get_or_insert_with(|| known.tool.clone());
        }
        if news.over.is_none() && self.tools.len() < TOOLS {
            self.tools.insert(id.to_owned(), known.clone());
        }
        known
    }

    /// Whether a tool is at work, which may be silent for long.
    pub(super) fn is_busy(&self) -> bool {
        !self.tools.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_tool_adds_up_until_it_is_over() {
        let mut heard = Heard::default();
        let path = PathBuf::from("/w/a");
        heard.uses(
            "1",
            ToolNews {
                tool: Some("Edit".into()),
                kind: Some(Kind::Change),
                ..ToolNews::default()
            },
        );
        let known = heard.uses(
            "1",
            ToolNews {
                paths: vec![path.clone()],
                ..ToolNews::default()
            },
        );
        assert_eq!(
            (known.tool.as_str(), known.kind, &known.paths),
            ("Edit", Kind::Change, &vec![path.clone()])
        );
        assert!(heard.is_busy());
        heard.uses(
            "1",
            ToolNews {
                over: Some(false),
                ..ToolNews::default()
            },
        );
        assert!(!heard.is_busy());
        assert_eq!(heard.paths, [path].into());
    }

    #[test]
    fn the_end_of_what_is_said_is_kept() {
        let mut heard = Heard::default();
        for _ in 0..40 {
            heard.says(&"é".repeat(TEXT / 16));
        }
        heard.says("end");
        assert!(heard.text.len() <= 2 * TEXT + 3 && heard.text.ends_with("éend"));
        heard.begin();
        assert_eq!(heard.text, "");
    }
}
