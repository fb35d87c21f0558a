//! Which process does the work, under which name, and what it shows to prove that.

use std::fs;

use anyhow::{Context as _, Result};
use clap::Args;
use sprint_core::id::{AgentName, ClaimToken};
use sprint_core::local::conductor::Conductor;
use sprint_core::phases::decide::{Credential, Named};
use sprint_core::phases::owner::Owner;

/// Who is asking.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhoArgs {
    /// What the agent calls itself.
    /// Default: a name made up for each claim.
    #[arg(long, value_name = "NAME", env = "SPRINT_AGENT")]
    pub(crate) agent: Option<AgentName>,
    /// The process that does the work: when it ends, the claim is stale.
    /// Default: the process that called this one, shells for a single command passed over.
    #[arg(long, value_name = "PID", env = "SPRINT_AGENT_PID")]
    pub(crate) pid: Option<u32>,
}

/// What shows that a claim is one's own.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProofArgs {
    /// The token that `claim` printed. Not needed by the process that claimed.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SPRINT_CLAIM_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<ClaimToken>,
    /// The process that does the work, as with `claim`.
    #[arg(long, value_name = "PID", env = "SPRINT_AGENT_PID")]
    pub(crate) pid: Option<u32>,
}

impl WhoArgs {
    /// The owner of claims, and whether somebody chose its name.
    pub(crate) fn owner(&self, conductor: &Conductor) -> Result<(Owner, Named)> {
        let pid = self.pid.or_else(worker);
        let (name, named) = match &self.agent {
            Some(name) => (name.clone(), Named::Chosen),
            None => (made_up()?, Named::MadeUp),
        };
        Ok((conductor.owner(name, pid), named))
    }
}

impl ProofArgs {
    pub(crate) fn credential(&self, conductor: &Conductor) -> Result<Credential> {
        if let Some(token) = &self.token {
            return Ok(Credential::Token(token.clone()));
        }
        let pid = self.pid.or_else(worker);
        let owner = conductor.owner(made_up()?, pid);
        let process = owner.process.context(
            "nothing shows that the claim is yours; give the token that `claim` printed with --token",
        )?;
        Ok(Credential::Process(process))
    }
}

/// The name of an agent that nobody named.
pub(crate) fn made_up() -> Result<AgentName> {
    let random = getrandom::u32().map_err(|error| anyhow::anyhow!("no random number: {error}"))?;
    Ok(AgentName::new(format!("agent-{random:08x}"))?)
}

/// Programs that start another and wait for it.
const LAUNCHERS: &[&str] = &["cargo", "doas", "sudo", "time", "timeout"];
const SHELLS: &[&str] = &["ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "zsh"];
/// Nobody nests deeper.
const MOST: usize = 32;

/// The nearest process above this one that is not there for this command only: neither a launcher nor
/// a shell that was given a single command (`sh -c …`), as agents start them anew for each.
fn worker() -> Option<u32> {
    let mut pid = std::os::unix::process::parent_id();
    for _ in 0..MOST {
        let Some((parent, passed_over)) = look(pid) else {
            return Some(pid);
        };
        if !passed_over || parent <= 1 {
            return Some(pid);
        }
        pid = parent;
    }
    Some(pid)
}

/// The parent of a process, and whether the process is passed over; `None` where nobody can say.
fn look(pid: u32) -> Option<(u32, bool)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    // The name, in brackets, may hold anything.
    let after = &stat[stat.rfind(')')? + 1..];
    let parent = after.split_whitespace().nth(1)?.parse().ok()?;
    let words: Vec<_> = line
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    Some((parent, is_passed_over(&words)))
}

fn is_passed_over<S: AsRef<str>>(words: &[S]) -> bool {
    let mut words = words.iter().map(AsRef::as_ref);
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    if LAUNCHERS.contains(&program) {
        return true;
    }
    let options = words.take_while(|word| word.starts_with('-'));
    let one_command = |word: &str| !word.starts_with("--") && word.contains('c');
    SHELLS.contains(&program) && options.into_iter().any(one_command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_for_one_command_is_passed_over() {
        for (line, expected) in [
            ("/bin/sh -c sprint conductor claim review", true),
            ("bash -lc sprint", true),
            ("timeout 5 sprint", true),
            ("/usr/bin/cargo run", true),
            ("-bash", false),
            ("bash", false),
            ("bash --norc", false),
            ("sh work.sh -c", false),
            ("node agent.js -c", false),
            ("", false),
        ] {
            let words: Vec<_> = line.split(' ').collect();
            assert_eq!(is_passed_over(&words), expected, "{line}");
        }
    }

    #[test]
    fn somebody_called() {
        assert!(worker().is_some_and(|pid| pid > 0 && pid != std::process::id()));
    }
}
