//! The commands of agents and people, each decided by a pure function and saved as one event.

use crate::id::{AgentName, BlobId, FailureTag, PhaseName, TreeId};
use crate::local::conductor::{Claim, Claimed, Conductor, ConductorError};
use crate::phases::decide::{ClaimRequest, Credential, Granted, Look};
use crate::phases::event::{ArtifactRef, Event, Note};
use crate::phases::reason::Reason;
use crate::phases::refused::Refused;

/// Checks what a phase hands in and gives the bytes to store, without secrets.
pub type Check<'a> =
    &'a dyn Fn(&PhaseName, Vec<u8>) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;

/// What a phase hands in.
pub struct HandIn<'a> {
    /// The content, as it was read; nothing for a phase that has nothing to hand in.
    pub artifact: Option<Vec<u8>>,
    /// What has to be true of it, and how it is stored.
    pub check: Check<'a>,
    /// The files as they are now, those that are not tracked included.
    pub tree: Option<TreeId>,
}

impl std::fmt::Debug for HandIn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.artifact.as_ref().map(Vec::len);
        f.debug_struct("HandIn")
            .field("bytes", &bytes)
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

impl HandIn<'_> {
    /// Nothing.
    pub const fn nothing() -> Self {
        Self {
            artifact: None,
            check: &|_, bytes| Ok(bytes),
            tree: None,
        }
    }
}

/// A phase that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// What was stored.
    pub artifact: Option<ArtifactRef>,
    /// How many phases in a row that should have changed files ended with the same ones, if that is
    /// worth a word.
    pub unchanged_writes: Option<u32>,
}

impl Conductor {
    /// Claims a phase.
    ///
    /// # Errors
    ///
    /// [`Refused`] with the reason, and those of files.
    pub fn claim(
        &self,
        phase: &PhaseName,
        request: &ClaimRequest,
    ) -> Result<Claimed, ConductorError> {
        self.get(|look, token| look.claim(phase, request, token))
    }

    /// Claims the next phase in the order of priority.
    ///
    /// # Errors
    ///
    /// [`Refused::NothingToClaim`], another [`Refused`], and those of files.
    pub fn batch(&self, request: &ClaimRequest) -> Result<Claimed, ConductorError> {
        self.get(|look, token| look.claim_next(request, token))
    }

    fn get(
        &self,
        decide: impl FnOnce(&Look<'_>, crate::id::ClaimToken) -> Result<Granted, Refused>,
    ) -> Result<Claimed, ConductorError> {
        let token = self.inner.new_token()?;
        let (grant, how) = self.inner.transition(|_, look| {
            let granted = decide(look, token)?;
            let events = granted.event.into_iter().collect();
            Ok((events, (granted.grant, granted.how)))
        })?;
        let claim = Claim::new(self.clone(), grant, &how);
        Ok(Claimed { claim, how })
    }

    /// Completes a phase. What it hands in is checked before anything changes, and is stored before
    /// the phase counts as complete; from then on it is a copy that later changes do not reach.
    ///
    /// # Errors
    ///
    /// The claim is somebody else's, the artifact is rejected, missing or not wanted, and those of
    /// files.
    pub fn complete(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        hand_in: HandIn<'_>,
    ) -> Result<Completed, ConductorError> {
        // First without the lock: checking a large artifact should keep nobody waiting.
        self.look(|look| look.held(phase, credential).map(|_| ()))??;
        let rejected = |source| ConductorError::Artifact {
            phase: phase.clone(),
            source,
        };
        let bytes = match hand_in.artifact {
            Some(bytes) => Some((hand_in.check)(phase, bytes).map_err(rejected)?),
            None => None,
        };
        let artifact = bytes.as_ref().map(|bytes| ArtifactRef {
            sha256: BlobId::of(bytes),
            bytes: bytes.len() as u64,
        });
        let inner = &self.inner;
        inner.transition(|sprint, look| {
            let event = look.complete(phase, credential, artifact.clone(), hand_in.tree)?;
            if let (Some(bytes), Event::Complete { epoch, .. }) = (&bytes, &event) {
                let name = format!("{phase}-{epoch}.json");
                let stored = inner.log(sprint).store(&name, bytes);
                stored.map_err(|error| inner.failed(sprint, error))?;
            }
            let mut after = look.board.clone();
            let unchanged_writes = match after.apply(look.now, &event) {
                Ok(()) => after.loop_guard().warning(),
                Err(_) => None,
            };
            let completed = Completed {
                artifact,
                unchanged_writes,
            };
            Ok((vec![event], completed))
        })
    }

    /// Reports that a phase cannot be done.
    ///
    /// # Errors
    ///
    /// The claim is somebody else's, and those of files.
    pub fn fail(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        reason: Reason,
        tag: FailureTag,
    ) -> Result<(), ConductorError> {
        self.save(|look| look.fail(phase, credential, reason, tag))
    }

    /// Gives a claim back.
    ///
    /// # Errors
    ///
    /// The claim is somebody else's, and those of files.
    pub fn release(
        &self,
        phase: &PhaseName,
        credential: &Credential,
        reason: Reason,
    ) -> Result<(), ConductorError> {
        self.save(|look| look.release(phase, credential, reason))
    }

    /// Takes a claim away from a holder that is gone; with a reason, from any.
    ///
    /// # Errors
    ///
    /// The holder is there, nobody has the phase, and those of files.
    pub fn unstuck(
        &self,
        phase: &PhaseName,
        by: &AgentName,
        force: Option<&Reason>,
    ) -> Result<(), ConductorError> {
        self.save(|look| look.unstuck(phase, by, force))
    }

    /// Lets a failed phase be claimed again; with a reason, more often than the rules allow.
    ///
    /// # Errors
    ///
    /// It has not failed, or as often as it may, and those of files.
    pub fn retry(&self, phase: &PhaseName, force: Option<Reason>) -> Result<(), ConductorError> {
        self.save(|look| look.retry(phase, force))
    }

    /// Goes on without a failed phase.
    ///
    /// # Errors
    ///
    /// It has not failed, and those of files.
    pub fn waive(
        &self,
        phase: &PhaseName,
        by: &AgentName,
        reason: Reason,
    ) -> Result<(), ConductorError> {
        self.save(|look| look.waive(phase, by, reason))
    }

    /// Makes a complete phase pending again, with every complete one that depends on it, and says
    /// which those were.
    ///
    /// # Errors
    ///
    /// It is not complete, somebody works on what depends on it, and those of files.
    pub fn invalidate(
        &self,
        phase: &PhaseName,
        reason: Reason,
    ) -> Result<Vec<PhaseName>, ConductorError> {
        self.inner.transition(|_, look| {
            let phases = look.invalidate(phase)?;
            let event = Event::Invalidate {
                phases: phases.clone(),
                reason,
            };
            Ok((vec![event], phases))
        })
    }

    /// Counts what was paid for a phase, in millionths of a US dollar.
    ///
    /// # Errors
    ///
    /// There is no such phase, and those of files.
    pub fn spend(&self, phase: &PhaseName, micro_usd: u64) -> Result<(), ConductorError> {
        self.save(|look| look.spend(phase, micro_usd))
    }

    /// Records what was decided elsewhere.
    ///
    /// # Errors
    ///
    /// The sprint is archived, and those of files.
    pub fn record(&self, note: Note) -> Result<(), ConductorError> {
        self.save(|look| look.record(note))
    }

    fn save(
        &self,
        decide: impl FnOnce(&Look<'_>) -> Result<Event, Refused>,
    ) -> Result<(), ConductorError> {
        self.inner
            .transition(|_, look| Ok((vec![decide(look)?], ())))
    }
}
