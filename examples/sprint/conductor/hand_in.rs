//! `sprint conductor complete` and `schema`: what a phase hands in.

use anyhow::Result;
use sprint_agents::{Environment, Redactor};
use sprint_core::id::PhaseName;
use sprint_core::local::conductor::{HandIn, read_artifact};
use sprint_core::phases::artifact::form;
use sprint_core::phases::artifact::prepare::{MOST_FINDINGS, Rules};
use sprint_core::phases::conflict::rulebook::Rulebook;
use sprint_core::phases::reason::Reason;

use super::args::CompleteArgs;
use super::{Desk, files, ship};

/// Takes the artifact and completes the phase.
pub(super) fn complete(desk: &Desk, args: &CompleteArgs) -> Result<u8> {
    let (conductor, phase) = (&desk.conductor, &args.phase);
    let credential = args.proof.credential(conductor)?;
    let files = files::now(&desk.layout)?;
    let completed = match &args.artifact {
        Some(path) => {
            let bytes = match read_artifact(&desk.layout, path) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(desk.say.rejected(&error.chain())),
            };
            let rulebook = ship::rulebook(&desk.layout, None)?;
            let redactor = redactor();
            let redact = |text: &str| redactor.redact(text);
            let rules = Rules {
                redact: &redact,
                vocabulary: &rulebook.vocabulary,
                most_findings: MOST_FINDINGS,
            };
            conductor.hand_in(phase, &credential, bytes, &files, &rules)?
        }
        None => {
            let nothing = HandIn {
                tree: files.tree.clone(),
                ..HandIn::nothing()
            };
            conductor.complete(phase, &credential, nothing)?
        }
    };
    if let Some(cost) = args.cost {
        conductor.spend(phase, cost)?;
    }
    desk.say.completed(phase, &completed);
    Ok(0)
}

/// Takes out what looks like a secret, and the values of variables named like one.
fn redactor() -> Redactor {
    Redactor::new(Environment::credentials(std::env::vars_os()))
}

/// What an agent gave as a reason, without secrets: it is kept for ever.
pub(super) fn clean(reason: &Reason) -> Result<Reason> {
    Ok(Reason::new(redactor().redact(reason.as_str()))?)
}

/// The form of what a phase hands in.
pub(super) fn schema(phase: &PhaseName) -> Result<String> {
    let vocabulary = Rulebook::default().vocabulary;
    Ok(serde_json::to_string_pretty(&form::schema(
        phase,
        &vocabulary,
    ))?)
}
