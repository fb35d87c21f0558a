//! A claim that somebody holds in this program.

use std::time::Duration;

use crate::id::FailureTag;
use crate::local::conductor::{
    Completed, Conductor, ConductorError, HEARTBEAT, HandIn, Heartbeats,
};
use crate::phases::decide::{Credential, How};
use crate::phases::event::Grant;
use crate::phases::reason::Reason;

/// A phase that was claimed, and how.
#[derive(Debug)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// How it was got.
    pub how: How,
}

/// The right to do one phase.
///
/// Complete it, fail it or give it back. If it is dropped before, it is given back with the reason
/// `dropped`, but for a claim that the same agent had already: that one is not this handle's to give
/// back. A process that dies drops nothing; others see that it is gone.
///
/// Nothing here needs an async runtime. Signs of life come from a [thread](Claim::heartbeats), from
/// a [future](Claim::beat), or from calls of [`heartbeat`](Claim::heartbeat), as you like.
#[derive(Debug)]
pub struct Claim {
    conductor: Conductor,
    grant: Grant,
    release_on_drop: bool,
}

impl Claim {
    pub(super) fn new(conductor: Conductor, grant: Grant, how: &How) -> Self {
        Self {
            conductor,
            grant,
            release_on_drop: *how != How::Again,
        }
    }

    /// What was given.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Leaves the phase claimed, for another process that gets the token.
    pub fn keep(mut self) -> Grant {
        self.release_on_drop = false;
        self.grant.clone()
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    ///
    /// The claim is somebody else's by now, or files cannot be written.
    pub fn heartbeat(&self) -> Result<(), ConductorError> {
        self.conductor
            .heartbeat(&self.grant.phase, &self.credential())
    }

    /// Starts a thread that gives a sign now and every 30 seconds, as long as what this returns
    /// lives.
    pub fn heartbeats(&self) -> Heartbeats {
        self.heartbeats_every(HEARTBEAT)
    }

    /// The same with another period.
    pub fn heartbeats_every(&self, period: Duration) -> Heartbeats {
        let phase = self.grant.phase.clone();
        Heartbeats::spawn(self.conductor.clone(), phase, self.credential(), period)
    }

    /// Gives a sign now and every 30 seconds until this is dropped; ends when the claim is lost. For
    /// any async runtime: it waits by the clock of the conductor.
    pub async fn beat(&self) -> ConductorError {
        let clock = &self.conductor.inner.clock;
        loop {
            match self.heartbeat() {
                Ok(()) | Err(ConductorError::Busy { .. }) => {}
                Err(error) => return error,
            }
            clock.sleep_until(clock.now().after(HEARTBEAT)).await;
        }
    }

    /// Completes the phase. After an error that leaves it claimed, such as an artifact that is
    /// rejected, the claim comes back with the error.
    ///
    /// # Errors
    ///
    /// Those of [`Conductor::complete`].
    pub fn complete(
        mut self,
        hand_in: HandIn<'_>,
    ) -> Result<Completed, Box<(Self, ConductorError)>> {
        let done = self
            .conductor
            .complete(&self.grant.phase, &self.credential(), hand_in);
        match done {
            Ok(completed) => {
                self.release_on_drop = false;
                Ok(completed)
            }
            Err(error) => Err(Box::new((self, error))),
        }
    }

    /// Reports that the phase cannot be done.
    ///
    /// # Errors
    ///
    /// Those of [`Conductor::fail`].
    pub fn fail(mut self, reason: Reason, tag: FailureTag) -> Result<(), ConductorError> {
        self.conductor
            .fail(&self.grant.phase, &self.credential(), reason, tag)?;
        self.release_on_drop = false;
        Ok(())
    }

    /// Gives the phase back.
    ///
    /// # Errors
    ///
    /// Those of [`Conductor::release`].
    pub fn release(mut self, reason: Reason) -> Result<(), ConductorError> {
        self.release_on_drop = false;
        self.conductor
            .release(&self.grant.phase, &self.credential(), reason)
    }

    fn credential(&self) -> Credential {
        Credential::Token(self.grant.token.clone())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.release_on_drop {
            return;
        }
        let phase = &self.grant.phase;
        let Ok(reason) = Reason::new("dropped") else {
            return;
        };
        // Nobody is left to tell. If it fails, the holder is found to be gone some day.
        if let Err(error) = self.conductor.release(phase, &self.credential(), reason) {
            tracing::warn!(%phase, %error, "a claim that was dropped could not be given back");
        }
    }
}
