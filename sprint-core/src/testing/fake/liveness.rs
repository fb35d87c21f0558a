//! Processes that live and die as a test wants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::{BootId, HostName};
use crate::phases::owner::{Here, Life, Owner, Process, judge};
use crate::ports::Liveness;

/// The processes of one machine. Clones are the same machine.
#[derive(Clone, Debug)]
pub struct FakeLiveness {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    here: Here,
    /// When each process started that runs.
    running: BTreeMap<u32, u64>,
    ticks: u64,
}

impl FakeLiveness {
    /// A machine on which nothing runs.
    ///
    /// # Panics
    ///
    /// If `host` is not the name of a host.
    #[expect(clippy::expect_used, reason = "for tests")]
    pub fn new(host: &str) -> Self {
        let here = Here {
            host: HostName::new(host).expect("the name of a host"),
            boot_id: BootId::new(format!("{host}-1")).expect("a boot id"),
            namespace: 1,
        };
        let state = State {
            here,
            running: BTreeMap::new(),
            ticks: 1,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Starts a process with this number, in place of any that had it.
    pub fn run(&self, pid: u32) {
        let mut state = self.lock();
        state.ticks += 1;
        let started_at = state.ticks;
        state.running.insert(pid, started_at);
    }

    /// Ends a process.
    pub fn kill(&self, pid: u32) {
        self.lock().running.remove(&pid);
    }

    /// Starts the machine again, without any process.
    ///
    /// # Panics
    ///
    /// Never.
    #[expect(clippy::expect_used, reason = "for tests")]
    pub fn reboot(&self) {
        let mut state = self.lock();
        state.running.clear();
        let boot_id = format!("{}-{}", state.here.host, state.ticks);
        state.here.boot_id = BootId::new(boot_id).expect("a boot id");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Liveness for FakeLiveness {
    fn host(&self) -> HostName {
        self.lock().here.host.clone()
    }

    fn process(&self, pid: u32) -> Option<Process> {
        let state = self.lock();
        Some(Process {
            pid,
            started_at: *state.running.get(&pid)?,
            boot_id: state.here.boot_id.clone(),
            namespace: state.here.namespace,
        })
    }

    fn look(&self, owner: &Owner) -> Life {
        let state = self.lock();
        let running = |pid| state.running.get(&pid).copied();
        match &owner.process {
            Some(process) => judge(process, &owner.host, &state.here, running),
            None => Life::Unknown,
        }
    }
}
