//! The lease as a lock that the kernel holds for as long as the process lives.

use std::io;
use std::path::PathBuf;

use crate::failure::ErrorKind;
use crate::local::disk::{Durability, read_regular, remove, replace};
use crate::local::layout::{Layout, show};
use crate::local::lock::{Locked, hold, open_lock};
use crate::local::mount::network_file_system;
use crate::ports::{Error, Lease, LeaseHolder, Owner, Result};

/// Takes the lease of a problem by locking `.claude/sprints/{problem}/lock`.
///
/// The kernel gives the lock back when the process ends, however it ends, so "the lock is free"
/// means "the owner is gone", and nothing is ever decided from process ids. Files opened by Rust
/// are not handed on to child processes; a child that did hold this one would keep the lease.
#[derive(Clone, Debug)]
pub struct FileLease {
    layout: Layout,
    network: NetworkFiles,
}

/// Whether a repository on a network file system is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkFiles {
    /// It is not: locks there can be lost, or be invisible to other hosts.
    #[default]
    Refuse,
    /// It is; the user answers for only one host working on it.
    Accept,
}

impl FileLease {
    /// The lease of a problem.
    pub const fn new(layout: Layout, network: NetworkFiles) -> Self {
        Self { layout, network }
    }

    fn refuse_network(&self) -> Result<()> {
        if self.network == NetworkFiles::Accept {
            return Ok(());
        }
        network_file_system(&self.layout.directory()).map_or(Ok(()), |kind| {
            Err(self.error(ErrorKind::Fatal).because(format!(
                "{} is on a network file system ({kind}), where locks are not reliable; \
                 use a local clone, or accept the risk by forcing it",
                show(&self.layout.directory())
            )))
        })
    }

    fn held(&self) -> Error {
        let owner = read_regular(&self.layout.owner(), 1 << 16)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Owner>(&bytes).ok());
        let owner = owner.map_or_else(|| "another process".into(), |owner| owner.to_string());
        self.error(ErrorKind::Conflict).because(format!(
            "{owner} is working on this problem; wait until it ends, or stop it, then try again"
        ))
    }

    /// The number of the next lease. Called with the lock held.
    fn next_epoch(&self) -> Result<u64> {
        let path = self.layout.epoch();
        let failed = || Error::new(ErrorKind::Fatal, "read", show(&path));
        let last = match read_regular(&path, 64) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                text.trim().parse::<u64>().map_err(|error| {
                    failed().because(format!(
                        "{error}: it has to hold the number of the last lease"
                    ))
                })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed().because(error)),
        };
        last.checked_add(1)
            .ok_or_else(|| failed().because("the number is too large"))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, "take the lease of", self.layout.problem().as_str())
    }
}

impl LeaseHolder for FileLease {
    fn acquire(&self, owner: &Owner) -> Result<Lease> {
        let fatal = |error: io::Error| self.error(ErrorKind::Fatal).because(error);
        self.layout.prepare()?;
        self.refuse_network()?;
        let file = open_lock(&self.layout.lock()).map_err(fatal)?;
        let Some(lock) = hold(file).map_err(fatal)? else {
            return Err(self.held());
        };
        let epoch = self.next_epoch()?;
        let text = format!("{epoch}\n");
        replace(&self.layout.epoch(), text.as_bytes(), Durability::PowerCut).map_err(fatal)?;
        let json = serde_json::to_vec_pretty(owner).map_err(|error| fatal(error.into()))?;
        replace(&self.layout.owner(), &json, Durability::Atomic).map_err(fatal)?;
        let guard = Guard {
            owner: self.layout.owner(),
            _lock: lock,
        };
        Ok(Lease::new(epoch, Box::new(guard)))
    }
}

/// Gives the lease back: first the name, while nobody else can have written one, then the lock, which
/// is a field and so goes last.
struct Guard {
    owner: PathBuf,
    _lock: Locked,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The file is for messages only; one left behind is overwritten by the next owner.
        drop(remove(&self.owner));
    }
}

#[cfg(test)]
mod tests;
