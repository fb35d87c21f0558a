//! Our lock on a repository, between tasks and between processes.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use sprint_core::failure::ErrorKind;
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{GitError, Result};

const POLL: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(120);

/// Excludes others from registering worktrees and moving refs: git itself races there.
///
/// The kernel releases it when a process dies, so it is never stale.
#[derive(Debug)]
pub(crate) struct RepoLock {
    path: PathBuf,
    // Tasks of one process queue here, in order; only the first polls the file.
    queue: Mutex<()>,
}

/// The lock is held as long as this lives.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    _file: File,
    _turn: MutexGuard<'a, ()>,
}

impl RepoLock {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            queue: Mutex::new(()),
        }
    }

    /// Waits for the lock, for a bounded time.
    pub(crate) async fn hold(&self) -> Result<Held<'_>> {
        let acquire = async {
            let turn = self.queue.lock().await;
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&self.path)
                .map_err(GitError::io("open", &self.path))?;
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
                    Err(TryLockError::Error(source)) => {
                        return Err(GitError::io("lock", &self.path)(source));
                    }
                }
            }
            Ok(Held {
                _file: file,
                _turn: turn,
            })
        };
        match tokio::time::timeout(LIMIT, acquire).await {
            Ok(held) => held,
            Err(_) => Err(GitError::refused(
                ErrorKind::Transient,
                format!("another process holds {}", self.path.display()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn only_one_holds_it_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        // Two handles stand for two processes.
        let (ours, theirs) = (RepoLock::new(path.clone()), RepoLock::new(path));
        let held = ours.hold().await.unwrap();
        let mut waiting = pin!(theirs.hold());
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("both hold it"),
            () = std::future::ready(()) => {}
        }
        drop(held);
        waiting.await.unwrap();
    }
}
