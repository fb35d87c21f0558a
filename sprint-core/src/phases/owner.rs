//! Who holds a claim, and whether they are still there (spec 6.4).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{AgentName, BootId, HostName};
use crate::time::Timestamp;

/// Who holds a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// What the agent calls itself.
    pub agent: AgentName,
    /// The machine it works on.
    pub host: HostName,
    /// The process that does the work; `None` where nobody can say which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// One process, told apart from any later one with the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in ticks since the machine did.
    pub started_at: u64,
    /// Which start of which machine that was.
    pub boot_id: BootId,
    /// The name space that its number is from: containers on one machine have their own.
    pub namespace: u64,
}

/// What can be seen of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The process runs.
    Alive,
    /// It does not, for certain.
    Dead,
    /// It cannot be seen from here.
    Unknown,
}

/// Why an owner counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// Its process does not run any more.
    Dead {
        /// The number of the process, if it was known.
        pid: Option<u32>,
    },
    /// It cannot be seen, and was last heard of this many seconds ago.
    Silent {
        /// Seconds.
        seconds: u64,
    },
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dead { pid: Some(pid) } => write!(f, "pid {pid} not running"),
            Self::Dead { pid: None } => f.write_str("its process is not running"),
            Self::Silent { seconds } => write!(f, "not heard of for {seconds} s"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            Some(process) => write!(f, "{} (pid: {})", self.agent, process.pid),
            None => write!(f, "{} (on {})", self.agent, self.host),
        }
    }
}

impl Owner {
    /// Whether the holder of a claim counts as gone: at once if its process is dead, and if it
    /// cannot be seen, when nothing was heard of it for longer than `ttl`. `last_sign` is the
    /// claim or the last heartbeat; one that lies in the future is a sign of now.
    pub fn gone(
        &self,
        life: Life,
        last_sign: Timestamp,
        now: Timestamp,
        ttl: Duration,
    ) -> Option<Gone> {
        match life {
            Life::Alive => None,
            Life::Dead => Some(Gone::Dead {
                pid: self.process.as_ref().map(|process| process.pid),
            }),
            Life::Unknown => {
                let silence = now.since(last_sign);
                (silence > ttl).then_some(Gone::Silent {
                    seconds: silence.as_secs(),
                })
            }
        }
    }
}

/// What can be said of a process from one place, given what the system of that place says.
///
/// `running` is asked only if the process would be visible: the start of the process that has the
/// number now.
pub fn judge(
    process: &Process,
    host: &HostName,
    here: &Here,
    running: impl FnOnce(u32) -> Option<u64>,
) -> Life {
    if process.boot_id == here.boot_id {
        if process.namespace != here.namespace {
            return Life::Unknown;
        }
        match running(process.pid) {
            Some(started_at) if started_at == process.started_at => Life::Alive,
            Some(_) | None => Life::Dead,
        }
    } else if *host == here.host {
        // The machine was started again since.
        Life::Dead
    } else {
        Life::Unknown
    }
}

/// The place from which processes are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The machine.
    pub host: HostName,
    /// Which start of it.
    pub boot_id: BootId,
    /// The name space of process numbers.
    pub namespace: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(host: &str, boot: &str, namespace: u64) -> Here {
        Here {
            host: HostName::new(host).unwrap(),
            boot_id: BootId::new(boot).unwrap(),
            namespace,
        }
    }

    #[test]
    fn a_process_is_judged_by_machine_start_name_space_and_number() {
        let process = Process {
            pid: 7,
            started_at: 100,
            boot_id: BootId::new("b1").unwrap(),
            namespace: 1,
        };
        let host = HostName::new("h1").unwrap();
        let runs = Some(100);
        let reused = Some(101);
        for (place, running, expected) in [
            (here("h1", "b1", 1), runs, Life::Alive),
            (here("h1", "b1", 1), None, Life::Dead),
            // The number was given to another process.
            (here("h1", "b1", 1), reused, Life::Dead),
            // A container with a name of its own on the same machine.
            (here("h2", "b1", 1), runs, Life::Alive),
            (here("h1", "b1", 2), None, Life::Unknown),
            (here("h2", "b1", 2), None, Life::Unknown),
            // The machine was started again.
            (here("h1", "b2", 1), runs, Life::Dead),
            (here("h1", "b2", 2), runs, Life::Dead),
            // Another machine.
            (here("h2", "b2", 1), runs, Life::Unknown),
        ] {
            let found = judge(&process, &host, &place, |_| running);
            assert_eq!(found, expected, "{place:?} {running:?}");
        }
    }

    #[test]
    fn only_who_cannot_be_seen_is_judged_by_the_clock() {
        let owner = Owner {
            agent: AgentName::new("a").unwrap(),
            host: HostName::new("h").unwrap(),
            process: None,
        };
        let ttl = Duration::from_secs(3600);
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        let gone = |life, sign, now| owner.gone(life, at(sign), at(now), ttl);
        assert_eq!(gone(Life::Alive, 0, 1_000_000), None);
        assert_eq!(gone(Life::Dead, 10, 10), Some(Gone::Dead { pid: None }));
        assert_eq!(gone(Life::Unknown, 10, 3610), None);
        let silent = Some(Gone::Silent { seconds: 3601 });
        assert_eq!(gone(Life::Unknown, 10, 3611), silent);
        // The clock went backwards.
        assert_eq!(gone(Life::Unknown, 1_000_000, 10), None);
    }
}
