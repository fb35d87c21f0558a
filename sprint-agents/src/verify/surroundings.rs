//! What commands run in, and what tells that it has changed.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sprint_core::domain::check::CheckPlan;
use sprint_core::domain::verdict::Finding;
use sprint_core::id::{BlobId, EnvironmentId};

use super::programs::{self, SearchPath};
use super::{path_trust, variables};
use crate::environment::Environment;
use crate::process::SHELL;

/// Variables that differ from one session, terminal or engine to the next, and say nothing about
/// what a command would find: where it was started from, who is logged in and how, how large the
/// window is, and where temporary files go.
const SAY_NOTHING: &[&str] = &[
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "SPRINT_OWNER",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "STY",
    "TERM_SESSION_ID",
    "TMPDIR",
    "TMUX",
    "TMUX_PANE",
    "WINDOWID",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_ID",
    "_",
];

/// What the commands of one plan run in.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The variables they get.
    pub(super) environment: Environment,
    /// Names everything around them that could change what they say.
    pub(super) id: EnvironmentId,
    /// What is wrong with it.
    pub(super) findings: Vec<Finding>,
}

impl Surroundings {
    /// What the plan's commands get, who were to get `environment`, in `directory`.
    pub(super) fn of(environment: &Environment, directory: &Path, plan: &CheckPlan) -> Self {
        let path = SearchPath::of(environment, directory);
        let mut findings = path_trust::findings(&path, directory, plan);
        findings.extend(variables::findings(environment, directory));
        let environment = if path.inside.is_empty() {
            environment.clone()
        } else {
            environment.clone().with("PATH", path.value())
        };
        Self {
            id: id(&environment, &path, plan),
            environment,
            findings,
        }
    }
}

/// The digest of the variables, the machine, the command lines, and of every program that these
/// name. What such a program then runs, and the files it reads, are not part of it.
fn id(environment: &Environment, path: &SearchPath, plan: &CheckPlan) -> EnvironmentId {
    let mut facts = Facts::default();
    facts.add([std::env::consts::OS, std::env::consts::ARCH]);
    facts.program(SHELL, path);
    if let Some(line) = &plan.install {
        facts.add(["install", line.as_str()]);
    }
    for (check, line) in &plan.checks {
        facts.add([check.name(), line.as_str()]);
    }
    for (name, value) in environment.iter() {
        if !SAY_NOTHING.iter().any(|nothing| name == *nothing) {
            // By itself, so that a short secret is not all that is unknown of one digest.
            let value = BlobId::of(value.as_bytes());
            facts.add([name.as_bytes(), value.as_str().as_bytes()]);
        }
    }
    for word in programs::words(plan) {
        facts.program(word, path);
    }
    facts.digest()
}

/// Facts, one after another, so that no two lists of them look the same.
#[derive(Default)]
struct Facts(Vec<u8>);

impl Facts {
    fn add<const N: usize>(&mut self, parts: [impl AsRef<[u8]>; N]) {
        for part in parts {
            let part = part.as_ref();
            self.0.extend_from_slice(&part.len().to_be_bytes());
            self.0.extend_from_slice(part);
        }
    }

    /// Which file `word` names, and what state it is in. A word that names none adds nothing.
    fn program(&mut self, word: &str, path: &SearchPath) {
        let Some((place, found)) = path.find(word) else {
            return;
        };
        self.add([word.as_bytes(), place.as_os_str().as_bytes()]);
        if let Ok(real) = place.canonicalize() {
            self.add([real.as_os_str().as_bytes()]);
        }
        self.state(&found);
    }

    fn state(&mut self, found: &Metadata) {
        let size = found.size().to_be_bytes();
        let (seconds, nanos) = (
            found.mtime().to_be_bytes(),
            found.mtime_nsec().to_be_bytes(),
        );
        self.add([size, seconds, nanos]);
    }

    fn digest(self) -> EnvironmentId {
        let digest = BlobId::of(&self.0);
        EnvironmentId::new(digest.as_str()).expect("both are 64 digits")
    }
}

#[cfg(test)]
mod tests;
