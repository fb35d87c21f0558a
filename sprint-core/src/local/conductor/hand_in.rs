//! Artifacts on their way in: checked, cleaned of secrets, stamped and sealed (spec 9.3).

use std::cell::RefCell;

use crate::id::{BranchName, PhaseName, TreeId};
use crate::local::conductor::{Completed, Conductor, ConductorError, HandIn};
use crate::phases::artifact::prepare::{Rules, Stamp, prepare};
use crate::phases::decide::Credential;

/// The files that a phase looked at.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The branch that is checked out.
    pub branch: Option<BranchName>,
    /// The tree that all files here would make, those that are not committed included.
    pub tree: Option<TreeId>,
}

impl Conductor {
    /// Completes a phase with what its agent hands in, which has to have the form that phases of that
    /// name have ([`prepare`]). Of a list of findings that is too long the worst are stored, and the
    /// whole list beside them.
    ///
    /// # Errors
    ///
    /// [`ConductorError::Artifact`] with everything that is wrong with it, and those of
    /// [`complete`](Self::complete).
    pub fn hand_in(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        artifact: Vec<u8>,
        files: &Files,
        rules: &Rules<'_>,
    ) -> Result<Completed, ConductorError> {
        let stamp = self.look(|look| {
            let claim = look.held(phase, credential)?;
            Ok::<_, ConductorError>(Stamp {
                sprint: look.board.start().sprint.clone(),
                project: self.inner.layout.problem().clone(),
                agent: claim.grant.owner.agent.clone(),
                epoch: claim.grant.epoch.0,
                at: look.now,
                branch: files.branch.clone(),
                tree: files.tree.clone(),
            })
        })??;
        let failed = RefCell::new(None);
        let check = |phase: &PhaseName, bytes: Vec<u8>| {
            let prepared = prepare(&bytes, phase, &stamp, rules)?;
            if let Some(all) = &prepared.all_findings {
                let name = format!("{phase}-{}.findings.json", stamp.epoch);
                if let Err(error) = self.inner.log(&stamp.sprint).store(&name, all) {
                    let text = error.to_string();
                    failed.replace(Some(self.inner.failed(&stamp.sprint, error)));
                    return Err(text.into());
                }
            }
            Ok(prepared.bytes)
        };
        let completed = self.complete(
            phase,
            credential,
            HandIn {
                artifact: Some(artifact),
                check: &check,
                tree: files.tree.clone(),
            },
        );
        completed.map_err(|error| failed.take().unwrap_or(error))
    }
}
