//! Processes as Linux shows them in `/proc`. Elsewhere nothing is known about any.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use crate::id::{BootId, HostName};
use crate::phases::owner::{Here, Life, Owner, Process, judge};
use crate::ports::Liveness;

/// Looks at the processes of this machine.
#[derive(Clone, Debug)]
pub struct SystemLiveness {
    host: HostName,
    here: Option<Here>,
}

impl SystemLiveness {
    /// Sees where this is.
    pub fn new() -> Self {
        let host = host_name();
        let here = here(&host);
        Self { host, here }
    }
}

impl Default for SystemLiveness {
    fn default() -> Self {
        Self::new()
    }
}

impl Liveness for SystemLiveness {
    fn host(&self) -> HostName {
        self.host.clone()
    }

    fn process(&self, pid: u32) -> Option<Process> {
        let here = self.here.as_ref()?;
        Some(Process {
            pid,
            started_at: started_at(pid)?,
            boot_id: here.boot_id.clone(),
            namespace: here.namespace,
        })
    }

    fn look(&self, owner: &Owner) -> Life {
        match (&owner.process, &self.here) {
            (Some(process), Some(here)) => judge(process, &owner.host, here, started_at),
            (None, _) | (_, None) => Life::Unknown,
        }
    }
}

/// The name of the machine; `unknown` if it has none that can be used.
#[expect(clippy::expect_used, reason = "a constant that is a name")]
fn host_name() -> HostName {
    let text = read_small(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default();
    let named = HostName::new(text.trim()).ok();
    named.unwrap_or_else(|| HostName::new("unknown").expect("it is a name"))
}

fn here(host: &HostName) -> Option<Here> {
    let boot = read_small(Path::new("/proc/sys/kernel/random/boot_id"))?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    // It reads `pid:[4026531836]`.
    let digits = namespace.to_str()?.strip_prefix("pid:[")?;
    let here = Here {
        host: host.clone(),
        boot_id: BootId::new(boot.trim()).ok()?,
        namespace: digits.strip_suffix(']')?.parse().ok()?,
    };
    // Where our own process cannot be seen, others cannot either, and would seem dead.
    started_at(std::process::id())?;
    Some(here)
}

/// When the process started that has this number now, in ticks since the machine did. `None` if there
/// is none, or it has ended and only waits for its parent.
fn started_at(pid: u32) -> Option<u64> {
    let stat = read_small(Path::new(&format!("/proc/{pid}/stat")))?;
    start_of(&stat)
}

/// The same, from the text of `stat`. The name of the program is in parentheses and may hold any.
fn start_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    // The state is field 3, and the start is field 22.
    fields.nth(18)?.parse().ok()
}

fn read_small(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::id::AgentName;

    #[test]
    fn the_start_is_found_behind_any_name_of_a_program() {
        let fields = "1 1 1 0 -1 4194560 5 0 0 0 1 2 0 0 20 0 1 0 12345 999 1";
        let stat = |state: &str| format!("42 (a) b) (c) {state} {fields}");
        assert_eq!(start_of(&stat("S")), Some(12345));
        assert_eq!(start_of(&stat("Z")), None);
        assert_eq!(start_of("42 (a"), None);
    }

    #[test]
    fn a_process_is_alive_until_it_ends_even_if_nobody_waits_for_it() {
        let liveness = SystemLiveness::new();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let owner = Owner {
            agent: AgentName::new("a").unwrap(),
            host: liveness.host(),
            process: liveness.process(child.id()),
        };
        assert!(owner.process.is_some());
        assert_eq!(liveness.look(&owner), Life::Alive);
        let mut reused = owner.clone();
        reused.process.as_mut().unwrap().started_at -= 1;
        assert_eq!(liveness.look(&reused), Life::Dead);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(liveness.look(&owner), Life::Dead);
        assert_eq!(liveness.process(child.id()), None);
    }
}
