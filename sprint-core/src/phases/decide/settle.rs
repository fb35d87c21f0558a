//! What the holder of a claim does with it: complete, fail, give back (spec 5).

use crate::id::{AgentName, ClaimToken, FailureTag, PhaseName, TreeId};
use crate::phases::board::Claim;
use crate::phases::decide::Look;
use crate::phases::event::{ArtifactRef, Event};
use crate::phases::graph::ArtifactRule;
use crate::phases::owner::Process;
use crate::phases::reason::Reason;
use crate::phases::refused::Refused;

/// What somebody shows who says that a claim is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The token that the claim gave.
    Token(ClaimToken),
    /// The process for which the claim was made.
    Process(Process),
}

impl Credential {
    fn opens(&self, claim: &Claim) -> bool {
        match self {
            Self::Token(token) => claim.grant.token == *token,
            Self::Process(process) => claim.grant.owner.process.as_ref() == Some(process),
        }
    }
}

impl Look<'_> {
    /// The claim of a phase, for who shows that it is theirs.
    ///
    /// # Errors
    ///
    /// Nobody has the phase, or somebody else.
    pub fn held(&self, phase: &PhaseName, credential: &Credential) -> Result<&Claim, Refused> {
        let at = self.position(phase)?;
        let Some(claim) = self.board.claim_of(at) else {
            return Err(self.not_claimed(at));
        };
        match credential.opens(claim) {
            true => Ok(claim),
            false => Err(Refused::NotOwner {
                phase: phase.clone(),
                epoch: claim.grant.epoch,
                owner: claim.grant.owner.clone(),
            }),
        }
    }

    /// Completes a phase with what it hands in.
    ///
    /// # Errors
    ///
    /// Those of [`held`](Self::held), and an artifact that is missing or not wanted.
    pub fn complete(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        artifact: Option<ArtifactRef>,
        tree: Option<TreeId>,
    ) -> Result<Event, Refused> {
        let epoch = self.held(phase, credential)?.grant.epoch;
        let rule = self.board.graph().get(phase).map(|node| node.artifact);
        let phase = phase.clone();
        match (rule, &artifact) {
            (Some(ArtifactRule::Required), None) => Err(Refused::ArtifactMissing { phase }),
            (Some(ArtifactRule::None), Some(_)) => Err(Refused::ArtifactUnwanted { phase }),
            _ => Ok(Event::Complete {
                phase,
                epoch,
                artifact,
                tree,
            }),
        }
    }

    /// Reports that a phase cannot be done.
    ///
    /// # Errors
    ///
    /// Those of [`held`](Self::held).
    pub fn fail(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        reason: Reason,
        tag: FailureTag,
    ) -> Result<Event, Refused> {
        let epoch = self.held(phase, credential)?.grant.epoch;
        Ok(Event::Fail {
            phase: phase.clone(),
            epoch,
            reason,
            tag,
        })
    }

    /// Gives a claim back.
    ///
    /// # Errors
    ///
    /// Those of [`held`](Self::held).
    pub fn release(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        reason: Reason,
    ) -> Result<Event, Refused> {
        let epoch = self.held(phase, credential)?.grant.epoch;
        Ok(Event::Release {
            phase: phase.clone(),
            epoch,
            reason,
            taken_by: None,
        })
    }

    /// Takes a claim away from a holder that is gone, or by force from any.
    ///
    /// # Errors
    ///
    /// Nobody has the phase, or its holder is there and no force is used.
    pub fn unstuck(
        &self,
        phase: &PhaseName,
        by: &AgentName,
        force: Option<&Reason>,
    ) -> Result<Event, Refused> {
        let at = self.position(phase)?;
        let Some(claim) = self.board.claim_of(at) else {
            return Err(self.not_claimed(at));
        };
        let reason = match (force, (self.gone)(claim)) {
            (Some(reason), _) => reason.clone(),
            (None, Some(gone)) => stale_reason(&gone.to_string()),
            (None, None) => {
                return Err(Refused::OwnerAlive {
                    phase: phase.clone(),
                    owner: claim.grant.owner.clone(),
                });
            }
        };
        Ok(Event::Release {
            phase: phase.clone(),
            epoch: claim.grant.epoch,
            reason,
            taken_by: Some(by.clone()),
        })
    }

    fn not_claimed(&self, at: usize) -> Refused {
        Refused::NotClaimed {
            phase: self.board.graph().nodes()[at].name.clone(),
            standing: self.standing_at(at),
        }
    }
}

#[expect(clippy::expect_used, reason = "a short text of ours")]
fn stale_reason(gone: &str) -> Reason {
    Reason::new(format!("stale: {gone}")).expect("it is short and says something")
}
