//! Processes that outlived the engine that started them.
//!
//! A killed engine cannot end its children: they run on, and would write into workspaces that the
//! next engine hands to others. So every child carries a mark in its environment, which its own
//! children inherit; the next engine, once it holds the lease, ends whatever carries the mark. A
//! second mark, of the single run, finds what a command has started and left behind in a process
//! group of its own.
//!
//! Processes are found through `/proc`. Where there is none (macOS) nothing is found, and nothing
//! is ended.

use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::environment::Environment;

/// The variable that carries the mark.
const VARIABLE: &str = "SPRINT_OWNER";

/// How often processes are looked for, how many times they are asked to end, and how many times
/// they are looked for at all.
const POLL: Duration = Duration::from_millis(5);
const ASKED: u32 = 200;
const POLLS: u32 = 600;

/// How many times what a run left behind is looked for.
const ROUNDS: u32 = 50;

impl Environment {
    /// The same environment, marked as belonging to `owner`: something that all engines of one
    /// problem share and no other has, such as the path of its state directory.
    #[must_use]
    pub fn owned_by(self, owner: impl AsRef<OsStr>) -> Self {
        self.with(VARIABLE, owner.as_ref())
    }
}

/// Ends every process marked as belonging to `owner`, and waits until they are gone. Returns how
/// many there were. They are asked first, so that a git among them removes its locks, and killed
/// after a second.
///
/// Only the holder of the problem's lease may call this, and before it starts anything itself.
pub async fn reap(owner: impl AsRef<OsStr>) -> usize {
    let mark = mark(owner.as_ref());
    let mut ended = 0;
    for poll in 0..POLLS {
        let alive = marked(&mark);
        if alive.is_empty() {
            break;
        }
        ended = ended.max(alive.len());
        let signal = if poll < ASKED {
            Signal::TERM
        } else {
            Signal::KILL
        };
        for pid in alive {
            // It may be gone by now, which is what we want.
            _ = kill_process(pid, signal);
        }
        tokio::time::sleep(POLL).await;
    }
    ended
}

/// The mark of one run of one command. No two are the same, also not in two engines that see each
/// other's processes.
#[derive(Debug)]
pub(crate) struct Mark(String);

impl Mark {
    /// The variable that carries it.
    pub(crate) const VARIABLE: &str = "SPRINT_RUN";

    pub(crate) fn new() -> Self {
        static ENGINE: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("engine"));
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        Self(format!("{:016x}-{run}", *ENGINE))
    }

    /// Its name and value.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (Self::VARIABLE, &self.0)
    }

    /// Kills whatever carries it. Looks again until nothing does: one that is about to die may
    /// have started another.
    pub(crate) fn kill(&self) {
        for _ in 0..ROUNDS {
            if self.kill_once() == 0 {
                return;
            }
        }
    }

    /// The same, but leaves them time to die in between. Returns how many are left.
    pub(crate) async fn sweep(&self) -> usize {
        let mut left = self.kill_once();
        for _ in 0..POLLS {
            if left == 0 {
                break;
            }
            tokio::time::sleep(POLL).await;
            left = self.kill_once();
        }
        left
    }

    /// How many carried it.
    fn kill_once(&self) -> usize {
        let mark = [Self::VARIABLE, "=", &self.0].concat();
        let alive = marked(mark.as_bytes());
        for pid in &alive {
            // It may be gone by now, which is what we want.
            _ = kill_process(*pid, Signal::KILL);
        }
        alive.len()
    }
}

fn mark(owner: &OsStr) -> Vec<u8> {
    [VARIABLE.as_bytes(), b"=", owner.as_bytes()].concat()
}

/// The living processes, other than this one, whose environment holds `mark`.
fn marked(mark: &[u8]) -> Vec<Pid> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let pid = name.to_str().filter(|pid| *pid != own)?.parse().ok()?;
            // A process that is gone, or another user's, cannot be read; a zombie's is empty.
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let carries = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark);
            carries.then(|| Pid::from_raw(pid)).flatten()
        })
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn marked_processes_and_their_children_are_ended_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let owner = folder.path().as_os_str();
        let marked = Environment::empty().owned_by(owner);
        let spawn = |environment: &Environment| {
            let mut command = Command::new("/bin/sh");
            // The inner shell is a grandchild in a session of nobody's; it waits for its input.
            command
                .args(["-c", "(read never); true"])
                .env_clear()
                .envs(environment.iter());
            command.stdin(Stdio::piped()).spawn().unwrap()
        };
        let (mut ours, mut other) = (spawn(&marked), spawn(&Environment::empty()));
        assert!(reap(owner).await >= 1);
        assert_eq!(ours.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
        assert_eq!(reap(owner).await, 0, "nothing is left");
        assert!(
            other.try_wait().unwrap().is_none(),
            "an unmarked process is left alone"
        );
        drop(other.stdin.take());
        assert!(other.wait().unwrap().success());
    }
}
