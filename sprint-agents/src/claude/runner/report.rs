//! What a run of agents used, did and left.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sprint_core::domain::agent::Usage;
use sprint_core::domain::stray::Stray;
use sprint_core::id::BlobId;
use sprint_core::ports::{EffectContext, Result};

use crate::claude::session::Stopped;
use crate::claude::turn::{Target, ToolUse, Turn};
use crate::output;
use crate::permission::ban;
use crate::redact::Redactor;
use crate::strays::{resolved, strays};

/// What was seen of the agents of one run.
#[derive(Debug, Default)]
pub(super) struct Spent {
    cost_micro_usd: u64,
    tokens: u64,
    uses: Vec<ToolUse>,
}

impl Spent {
    /// Adds what came of one message.
    pub(super) fn add(&mut self, turn: Turn) {
        let usage = turn.usage;
        self.cost_micro_usd += usage.cost_micro_usd;
        self.tokens += usage.input_tokens + usage.output_tokens + usage.cache_tokens;
        for note in turn.notes {
            tracing::info!(note, "an agent's session");
        }
        self.uses.extend(turn.tool_uses);
    }

    /// What they cost so far, in millionths of a US dollar.
    pub(super) const fn cost_micro_usd(&self) -> u64 {
        self.cost_micro_usd
    }

    pub(super) fn usage(&self, duration: Duration) -> Usage {
        Usage {
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            cost_micro_usd: self.cost_micro_usd,
            tokens: self.tokens,
        }
    }

    /// The first use of a tool that leads to the tracker and did not fail: it must not exist.
    pub(super) fn breach(&self) -> Option<String> {
        let used = self.uses.iter().filter(|used| used.failed == Some(false));
        let tools = used.map(|used| used.tool.as_str());
        ban::check([], tools, []).first().map(ToString::to_string)
    }

    /// Files written elsewhere, by the agents' own calls of tools.
    pub(super) fn strays(&self, directory: &Path, may_write: &[PathBuf]) -> Vec<Stray> {
        let wrote = self.uses.iter().filter_map(written);
        strays(wrote, directory, may_write, resolved)
    }
}

/// Tools that write the file they are pointed at.
const WRITERS: [&str; 4] = ["Write", "Edit", "MultiEdit", "NotebookEdit"];

/// The file that this use of a tool wrote.
fn written(used: &ToolUse) -> Option<&Path> {
    let writes = WRITERS.contains(&used.tool.as_str()) && used.failed == Some(false);
    match &used.target {
        Target::Path(path) if writes => Some(Path::new(path)),
        Target::Path(_) | Target::Command(_) | Target::Other => None,
    }
}

/// Stores all that a session said, redacted.
pub(super) async fn transcript(
    stopped: Stopped,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<Option<BlobId>> {
    match stopped.transcript.into_reader() {
        Ok(said) => store(said, redactor, cx).await.map(Some),
        Err(error) => {
            tracing::warn!(%error, "a transcript could not be kept");
            Ok(None)
        }
    }
}

/// Stores what a worker and its teammate said to each other, and after it all that the teammate's
/// session said.
pub(super) async fn exchange(
    exchange: Option<String>,
    stopped: Option<Stopped>,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<Option<BlobId>> {
    let session = stopped.and_then(|stopped| stopped.transcript.into_reader().ok());
    let said = match (exchange, session) {
        (None, None) => return Ok(None),
        (exchange, None) => Box::new(Cursor::new(exchange.unwrap_or_default())),
        (exchange, Some(session)) => {
            let exchange = exchange.unwrap_or_else(|| "The worker asked nothing.\n".into());
            let head = format!("{exchange}\n--- the whole session ---\n");
            Box::new(Cursor::new(head).chain(session)) as Box<dyn Read + Send>
        }
    };
    store(said, redactor, cx).await.map(Some)
}

async fn store(
    said: impl Read + Send + 'static,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<BlobId> {
    let kept = output::keep_stream(said, output::Unread, 0, redactor, cx).await?;
    Ok(kept.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uses_that_wrote_a_file_count() {
        let path = |tool: &str, failed| ToolUse {
            tool: tool.into(),
            id: String::new(),
            target: Target::Path("/etc/x".into()),
            failed,
        };
        let done = Some(false);
        for tool in WRITERS {
            assert_eq!(written(&path(tool, done)), Some(Path::new("/etc/x")));
            assert_eq!(written(&path(tool, Some(true))), None, "refused");
            assert_eq!(written(&path(tool, None)), None, "unknown");
        }
        assert_eq!(written(&path("Read", done)), None);
        let command = ToolUse {
            target: Target::Command("touch /etc/x".into()),
            ..path("Bash", done)
        };
        assert_eq!(written(&command), None);
    }
}
