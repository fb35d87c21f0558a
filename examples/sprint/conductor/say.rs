//! What `sprint conductor` prints.

use anyhow::Result;
use serde_json::{Value, json};
use sprint_core::id::{PhaseName, SprintId};
use sprint_core::local::conductor::{Completed, Conductor, ConductorError, Started};
use sprint_core::phases::decide::How;
use sprint_core::phases::event::{Grant, Stale};
use sprint_core::phases::schedule::Batch;
use sprint_core::phases::view::SprintView;

use crate::say;

/// Exit code for an artifact that is rejected (spec 2.3).
const REJECTED: u8 = 8;

/// For people, or for tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Say {
    pub(super) json: bool,
}

impl Say {
    /// One of the two.
    pub(super) fn either(self, text: &str, document: impl FnOnce() -> Value) {
        if self.json {
            say(&document().to_string());
        } else {
            say(text.trim_end());
        }
    }

    pub(super) fn started(self, started: &Started, conductor: &Conductor) {
        let sprint = &started.sprint;
        let place = conductor.directory(sprint).display().to_string();
        let archived = started.archived.as_ref();
        let archived = archived.map_or_else(String::new, |old| format!(" {old} is archived."));
        let text = format!("Started: {sprint} (in {place}).{archived}");
        self.either(
            &text,
            || json!({ "started": sprint, "directory": place, "archived": started.archived }),
        );
    }

    /// A phase that was got: `word` is how people read it, unless it was taken from somebody.
    pub(super) fn claimed(self, word: &str, grant: Grant, how: &How) {
        let Grant {
            phase,
            epoch,
            token,
            owner,
        } = grant;
        let process = owner.process.as_ref();
        let by = match process.map(|process| process.pid) {
            Some(pid) => format!("agent: {}, pid: {pid}", owner.agent),
            None => format!("agent: {}, on {}", owner.agent, owner.host),
        };
        let line = match how {
            How::Fresh => format!("{word}: {phase} ({by})"),
            How::Again => format!("{word}: {phase} ({by}; it was yours already)"),
            How::Reclaimed { from, gone } => {
                format!(
                    "Reclaimed stale lock: {phase} (from {}, {gone}; {by})",
                    from.agent
                )
            }
            How::Forced { from } => format!("{word} by force: {phase} (from {from}; {by})"),
        };
        let how = match how {
            How::Fresh => "fresh",
            How::Again => "again",
            How::Reclaimed { .. } => "reclaimed",
            How::Forced { .. } => "forced",
        };
        self.either(&format!("{line}\ntoken: {token}"), || {
            json!({ "claimed": phase, "epoch": epoch, "token": token, "owner": owner, "how": how })
        });
    }

    pub(super) fn completed(self, phase: &PhaseName, completed: &Completed) {
        let artifact = completed.artifact.as_ref();
        let saved = artifact.map_or("no artifact", |_| "artifact saved");
        self.either(
            &format!("Complete: {phase} ({saved})"),
            || json!({ "completed": phase, "artifact": artifact }),
        );
        if let Some(times) = completed.unchanged_writes {
            eprintln!(
                "warning: {times} phases in a row that should change files left them as they were; \
                 is this going round in circles?"
            );
        }
    }

    /// Something was done to a phase.
    pub(super) fn done(self, what: &str, phase: &PhaseName, text: &str) {
        self.either(text, || json!({ what: phase }));
    }

    pub(super) fn status(self, view: &SprintView) -> Result<()> {
        let document = serde_json::to_value(view)?;
        self.either(&view.to_string(), || document);
        Ok(())
    }

    pub(super) fn next(self, ready: &[PhaseName]) -> Result<()> {
        let names: Vec<_> = ready.iter().map(ToString::to_string).collect();
        let document = serde_json::to_value(ready)?;
        self.either(&names.join("\n"), || json!({ "ready": document }));
        Ok(())
    }

    /// One JSON document for each batch, for people too.
    pub(super) fn schedule(self, batches: &[Batch]) -> Result<()> {
        for batch in batches {
            say(&serde_json::to_string(batch)?);
        }
        Ok(())
    }

    pub(super) fn stale(self, stale: &Stale) {
        let Stale { phase, gone, .. } = stale;
        self.either(
            &format!("{phase}: stale ({gone}, claimable)"),
            || json!({ "stale": stale }),
        );
    }

    pub(super) fn cleaned(self, sprints: &[SprintId]) {
        let names: Vec<_> = sprints.iter().map(ToString::to_string).collect();
        let text = match &names[..] {
            [] => "Removed: nothing".to_owned(),
            names => format!("Removed: {}", names.join(", ")),
        };
        self.either(&text, || json!({ "removed": sprints }));
    }

    /// A command that was refused.
    pub(super) fn refused(self, error: &ConductorError) -> u8 {
        let text = error.to_string();
        if self.json {
            let why = if let ConductorError::Refused(refused) = error {
                serde_json::to_value(refused).ok()
            } else {
                None
            };
            say(&json!({ "error": text, "refused": why }).to_string());
        } else {
            eprintln!("error: {text}");
        }
        error.exit_code()
    }

    /// An artifact that could not even be read.
    pub(super) fn rejected(self, why: &str) -> u8 {
        if self.json {
            say(&json!({ "error": why }).to_string());
        } else {
            eprintln!("error: {why}");
        }
        REJECTED
    }
}
