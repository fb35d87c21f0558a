//! Signs of life, for holders whose process cannot be seen by others (spec 6.4).

use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::ErrorKind;
use crate::id::PhaseName;
use crate::local::conductor::{Conductor, ConductorError, advice};
use crate::local::disk::{Durability, read_regular, replace};
use crate::local::layout::{make_directory, show};
use crate::phases::board::Claim as Held;
use crate::phases::decide::Credential;
use crate::phases::event::Epoch;
use crate::ports::Error;
use crate::time::Timestamp;

/// How often a holder gives a sign.
pub const HEARTBEAT: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
struct Beat {
    epoch: Epoch,
    at: Timestamp,
}

/// The last sign of the holder of a claim: its last heartbeat, or the claim itself. Files that cannot
/// be read are no signs.
pub(super) fn last_heartbeat(directory: &Path, claim: &Held) -> Timestamp {
    let path = directory
        .join("heartbeats")
        .join(claim.grant.phase.as_str());
    let beat = read_regular(&path, 4096)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Beat>(&bytes).ok())
        .filter(|beat| beat.epoch == claim.grant.epoch);
    beat.map_or(claim.at, |beat| beat.at.max(claim.at))
}

impl Conductor {
    /// Gives a sign that the holder of a claim is there. Where its process can be seen, none is
    /// needed. It is no event, and does not survive a power cut; nor does the holder.
    ///
    /// # Errors
    ///
    /// The claim is somebody else's by now, or the files cannot be written.
    pub fn heartbeat(
        &self,
        phase: &PhaseName,
        credential: &Credential,
    ) -> Result<(), ConductorError> {
        let inner = &self.inner;
        inner.transition(|sprint, look| {
            let epoch = look.held(phase, credential)?.grant.epoch;
            let directory = inner.directory(sprint).join("heartbeats");
            make_directory(&directory)?;
            let path = directory.join(phase.as_str());
            let failed = |error| Error::new(ErrorKind::Fatal, "write", show(&path)).because(error);
            let beat = Beat {
                epoch,
                at: look.now,
            };
            let json = serde_json::to_vec(&beat).map_err(|error| failed(error.into()))?;
            replace(&path, &json, Durability::Atomic).map_err(|error| failed(advice(error)))?;
            Ok((Vec::new(), ()))
        })
    }
}

/// A thread that gives signs for a claim until this is dropped, or the claim is somebody else's.
#[derive(Debug)]
pub struct Heartbeats {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeats {
    /// Gives a sign now and then after each `period`.
    pub(super) fn spawn(
        conductor: Conductor,
        phase: PhaseName,
        credential: Credential,
        period: Duration,
    ) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            loop {
                // Others that write for long, or a full disk, may pass.
                if let Err(ConductorError::Refused(_) | ConductorError::NoSprint { .. }) =
                    conductor.heartbeat(&phase, &credential)
                {
                    return;
                }
                match stopped.recv_timeout(period) {
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Whether signs are still given: not if the claim is somebody else's.
    pub fn are_given(&self) -> bool {
        let thread = self.thread.as_ref();
        thread.is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Heartbeats {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to say that matters here.
            drop(thread.join());
        }
    }
}
