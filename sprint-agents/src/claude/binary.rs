//! The program itself: where it is, which version it has, and whether it is logged in.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::environment::Environment;

/// The oldest version that was tried. Later ones of the same minor version are taken to be like it.
const TESTED: Version = Version(2, 1, 197);

/// How long it may take to say its version.
const PATIENCE: Duration = Duration::from_secs(30);

/// Finds `program`: a path, or a name in the `PATH` of `environment`.
pub fn find(program: &Path, environment: &Environment) -> Option<PathBuf> {
    let runs = |path: &PathBuf| {
        let found = path.metadata();
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        // The session will run elsewhere.
        return program.canonicalize().ok().filter(runs);
    }
    std::env::split_paths(environment.get("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(runs)
}

/// A version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads what the program prints: `2.1.197 (Claude Code)`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().next()?.splitn(3, '.');
        let mut next = || numbers.next()?.parse().ok();
        Some(Self(next()?, next()?, next()?))
    }

    /// Asks `program` for its version. `None` if it is not one that says it.
    pub async fn of(program: &Path, environment: &Environment) -> io::Result<Option<Self>> {
        let output = Command::new(program)
            .arg("--version")
            .env_clear()
            .envs(environment.iter())
            .env("DISABLE_AUTOUPDATER", "1")
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, output).await??;
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    /// What to warn of, if this version was not tried.
    pub fn warning(self) -> Option<String> {
        let Self(major, minor, _) = TESTED;
        let tested = self >= TESTED && (self.0, self.1) == (major, minor);
        (!tested).then(|| {
            format!("version {self} was not tried: {TESTED} and later ones of {major}.{minor} were")
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// How the program would make itself known to the provider, as far as can be seen without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// With an API key.
    ApiKey,
    /// With a token of a subscription.
    Token,
    /// With what an earlier login has left in the configuration directory.
    Stored,
    /// Not at all, unless the system keeps credentials elsewhere.
    Unknown,
}

impl Login {
    /// What a session would use that got this environment and configuration directory.
    pub fn of(environment: &Environment, config_directory: Option<&Path>) -> Self {
        let set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
        if set("ANTHROPIC_API_KEY") || set("ANTHROPIC_AUTH_TOKEN") {
            return Self::ApiKey;
        }
        if set("CLAUDE_CODE_OAUTH_TOKEN") {
            return Self::Token;
        }
        let path = |name| environment.get(name).map(PathBuf::from);
        let directory = config_directory
            .map(Path::to_owned)
            .or_else(|| path("CLAUDE_CONFIG_DIR"))
            .or_else(|| Some(path("HOME")?.join(".claude")));
        let stored = directory.map(|directory| directory.join(".credentials.json"));
        if stored.is_some_and(|file| file.is_file()) {
            Self::Stored
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_judged() {
        for (text, version, tested) in [
            ("2.1.197 (Claude Code)", Some(Version(2, 1, 197)), true),
            ("2.1.329\n", Some(Version(2, 1, 329)), true),
            ("2.1.196", Some(Version(2, 1, 196)), false),
            ("2.2.0", Some(Version(2, 2, 0)), false),
            ("3.1.200", Some(Version(3, 1, 200)), false),
            ("2.1", None, false),
            ("native binary not installed", None, false),
            ("", None, false),
        ] {
            assert_eq!(Version::parse(text), version, "{text}");
            let accepted = version.is_some_and(|version| version.warning().is_none());
            assert_eq!(accepted, tested, "{text}");
        }
        insta::assert_snapshot!(Version(2, 2, 0).warning().unwrap(), @"version 2.2.0 was not tried: 2.1.197 and later ones of 2.1 were");
    }

    #[test]
    fn a_program_is_found_by_name_and_by_path() {
        let environment = Environment::empty().with("PATH", "relative:/nowhere:/bin");
        let shell = Some(PathBuf::from("/bin/sh"));
        assert_eq!(find(Path::new("sh"), &environment), shell);
        assert!(find(Path::new("/bin/sh"), &Environment::empty()).is_some());
        assert_eq!(find(Path::new("/bin"), &environment), None);
        assert_eq!(find(Path::new("no-such-program"), &environment), None);
    }

    #[test]
    fn a_login_is_seen_where_the_program_looks_for_it() {
        let home = tempfile::tempdir().unwrap();
        let empty = Environment::empty().with("HOME", home.path());
        assert_eq!(Login::of(&empty, None), Login::Unknown);
        let key = empty.clone().with_secret("ANTHROPIC_API_KEY", "k");
        assert_eq!(Login::of(&key, None), Login::ApiKey);
        let token = empty.clone().with_secret("CLAUDE_CODE_OAUTH_TOKEN", "t");
        assert_eq!(Login::of(&token, None), Login::Token);
        let folder = home.path().join(".claude");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(".credentials.json"), "{}").unwrap();
        assert_eq!(Login::of(&empty, None), Login::Stored);
        let nowhere = Environment::empty();
        assert_eq!(Login::of(&nowhere, Some(&folder)), Login::Stored);
        let elsewhere = nowhere.with("CLAUDE_CONFIG_DIR", &folder);
        assert_eq!(Login::of(&elsewhere, None), Login::Stored);
    }
}
