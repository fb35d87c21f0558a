//! The one place that starts the `git` program.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use sprint_core::failure::ErrorKind;
use sprint_core::time::Timestamp;
use tokio::process::{Child, Command};

use crate::error::{GitError, Result};

/// Who our commits and reflog entries are by.
pub(crate) const NAME: &str = "sprint";
/// The address that goes with it.
pub(crate) const EMAIL: &str = "sprint@localhost";

const OLDEST: (u32, u32) = (2, 40);

/// Settings of every call: nothing of the user's machine runs code or waits for a person, and no
/// maintenance starts while worktrees come and go.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "commit.gpgSign=false",
    "advice.detachedHead=false",
    "core.quotePath=false",
    "core.packedRefsTimeout=10000",
];

/// The `git` program.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    program: PathBuf,
    timeout: Duration,
}

/// One call of it.
#[derive(Debug)]
pub(crate) struct Call {
    git: Git,
    dir: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    finishes: bool,
    refreshes: bool,
}

/// What a finished call left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Git {
    pub(crate) fn new(program: PathBuf, timeout: Duration) -> Self {
        Self { program, timeout }
    }

    /// A call in `dir`.
    pub(crate) fn call<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Call {
        Call {
            git: self.clone(),
            dir: dir.to_owned(),
            arguments: arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned())
                .collect(),
            environment: Vec::new(),
            finishes: false,
            refreshes: false,
        }
    }

    /// Refuses a git that lacks what we use.
    pub(crate) async fn check_version(&self) -> Result<()> {
        let text = self.call(Path::new("."), ["version"]).text().await?;
        match version(&text) {
            Some(found) if found >= OLDEST => Ok(()),
            Some(_) | None => Err(GitError::refused(
                ErrorKind::Fatal,
                format!("git 2.40 or later is needed, found {text:?}"),
            )),
        }
    }
}

impl Call {
    /// Adds one argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Works on this git directory and these files, whatever the files say. An agent may have
    /// removed or rewritten the `.git` of its worktree, and looking for a repository from there
    /// would find the user's.
    pub(crate) fn inside(mut self, git_dir: &Path, files: &Path) -> Self {
        self.environment.push(("GIT_DIR", git_dir.into()));
        self.environment.push(("GIT_WORK_TREE", files.into()));
        self
    }

    /// Takes `.gitattributes` from this commit, whatever is checked out. Git before 2.41 looks at
    /// the user's checkout all the same.
    pub(crate) fn attributes_of(mut self, commit: gix::ObjectId) -> Self {
        let commit = OsString::from(commit.to_string());
        self.environment.push(("GIT_ATTR_SOURCE", commit));
        self
    }

    /// Works on an index of its own, and writes objects to a directory of its own beside those that
    /// there are.
    pub(crate) fn aside(mut self, index: &Path, objects: &Path, existing: &Path) -> Self {
        // A list, in which colons part and quotes keep together.
        let escaped = existing.to_string_lossy().replace('\\', r"\\");
        let existing = format!("\"{}\"", escaped.replace('"', "\\\""));
        self.environment.extend([
            ("GIT_INDEX_FILE", index.into()),
            ("GIT_OBJECT_DIRECTORY", objects.into()),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", existing.into()),
        ]);
        self
    }

    /// Writes this time into commits.
    pub(crate) fn dated(mut self, at: Timestamp) -> Self {
        let date = OsString::from(format!("@{} +0000", at.as_millis() / 1000));
        self.environment.push(("GIT_AUTHOR_DATE", date.clone()));
        self.environment.push(("GIT_COMMITTER_DATE", date));
        self
    }

    /// Syncs objects and refs to disk. Git's default does not, and what has landed must survive a
    /// power cut.
    pub(crate) fn durable(mut self) -> Self {
        self.environment.extend([
            ("GIT_CONFIG_COUNT", "1".into()),
            ("GIT_CONFIG_KEY_0", "core.fsync".into()),
            ("GIT_CONFIG_VALUE_0", "objects,reference".into()),
        ]);
        self
    }

    /// Runs it; anything but exit code 0 is an error.
    pub(crate) async fn run(self) -> Result<Vec<u8>> {
        let command = self.describe();
        let output = self.finish().await?;
        match output.code {
            Some(0) => Ok(output.stdout),
            Some(_) | None => Err(output.failed(command)),
        }
    }

    /// Runs it and returns its output as text without the final line break.
    pub(crate) async fn text(self) -> Result<String> {
        let command = self.describe();
        let mut text =
            String::from_utf8(self.run().await?).map_err(|_| GitError::Unreadable { command })?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    /// Runs a command that answers yes with exit code 0 and no with 1.
    pub(crate) async fn yes(self) -> Result<bool> {
        let command = self.describe();
        let output = self.finish().await?;
        match output.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            Some(_) | None => Err(output.failed(command)),
        }
    }

    /// Lets it come to its end although nobody waits for it any more: for calls that would leave
    /// the user's files half changed.
    pub(crate) fn let_finish(mut self) -> Self {
        self.finishes = true;
        self
    }

    /// Lets it write the times of files into the index, if nobody else is writing there: for
    /// worktrees of ours.
    pub(crate) fn refreshing(mut self) -> Self {
        self.refreshes = true;
        self
    }

    /// Runs it and returns whatever came of it.
    pub(crate) async fn finish(self) -> Result<Output> {
        let child = self.command().spawn();
        let child = child.map_err(|source| self.not_started(source))?;
        let mut group = Group::of(&child);
        if self.finishes {
            group.0 = None;
        }
        let described = self.describe();
        let timeout = self.git.timeout;
        let output = match tokio::time::timeout(timeout, child.wait_with_output()).await {
            Ok(output) => output.map_err(GitError::io("run", &self.git.program))?,
            Err(_) => {
                return Err(GitError::TimedOut {
                    command: described,
                    seconds: timeout.as_secs(),
                });
            }
        };
        group.ended();
        tracing::trace!(command = described, code = ?output.status.code(), "git");
        Ok(Output {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The system has one error for a program and for a directory that is not there.
    fn not_started(&self, source: io::Error) -> GitError {
        if !self.dir.is_dir() {
            let message = format!("there is no directory {}", self.dir.display());
            return GitError::refused(ErrorKind::NotFound, message);
        }
        GitError::Spawn {
            program: self.git.program.clone(),
            source,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.git.program);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_MERGE_AUTOEDIT", "no")
            .env("LC_ALL", "C")
            .env("GIT_AUTHOR_NAME", NAME)
            .env("GIT_AUTHOR_EMAIL", EMAIL)
            .env("GIT_COMMITTER_NAME", NAME)
            .env("GIT_COMMITTER_EMAIL", EMAIL)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if !self.refreshes {
            command.arg("--no-optional-locks");
        }
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
            .args(&self.arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    /// The subcommand and its options: enough for a message, and nothing of the arguments' text.
    fn describe(&self) -> String {
        let words = self.arguments.iter().map(|word| word.to_string_lossy());
        let plain = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let words: Vec<_> = words.take_while(|word| plain(word)).collect();
        words.join(" ")
    }
}

impl Output {
    /// The call as an error.
    pub(crate) fn failed(self, command: String) -> GitError {
        GitError::Failed {
            command,
            code: self
                .code
                .map_or_else(|| "a signal".into(), |code| format!("exit code {code}")),
            stderr: self.stderr.trim().chars().take(2000).collect(),
        }
    }
}

/// The processes of one call. Dropped early, it asks them to stop: git removes its lock files when
/// asked, and leaves them when killed.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended a moment ago.
            let _gone = kill_process_group(group, Signal::TERM);
        }
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_whatever_follows_them() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("hg 6"), None);
    }

    #[test]
    fn messages_name_the_command_and_not_its_arguments() {
        let git = Git::new("git".into(), Duration::from_secs(1));
        let call = git.call(Path::new("/"), ["update-ref", "-m", "x y", "refs/heads/a"]);
        assert_eq!(call.describe(), "update-ref -m");
    }

    /// Git removes its lock files when it is asked to stop, and leaves them when it is killed.
    #[tokio::test]
    async fn a_dropped_call_asks_every_process_of_it_to_stop() {
        use std::io::{BufRead, Read};

        let dir = tempfile::tempdir().unwrap();
        let (pipe, script) = (dir.path().join("pipe"), dir.path().join("git"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let text = "#!/bin/sh\nexec > pipe\necho started\nsleep 1000 &\nsleep 1000\n";
        // By another process: a fork of another test might hold the file open for writing.
        let written = std::process::Command::new("sh")
            .args(["-c", r#"printf %s "$2" > "$1" && chmod +x "$1""#, "sh"])
            .args([&script, Path::new(text)])
            .status();
        assert!(written.unwrap().success());
        let (started, has_started) = tokio::sync::oneshot::channel();
        // The pipe ends when the last process that holds it has ended.
        let ended = tokio::task::spawn_blocking(move || {
            let mut pipe = io::BufReader::new(std::fs::File::open(pipe).unwrap());
            pipe.read_line(&mut String::new()).unwrap();
            started.send(()).unwrap();
            pipe.read_to_end(&mut Vec::new()).unwrap()
        });
        let call = Git::new(script, Duration::from_secs(600)).call(dir.path(), ["status"]);
        tokio::select! {
            output = call.finish() => panic!("{output:?}"),
            result = has_started => result.unwrap(),
        }
        assert_eq!(ended.await.unwrap(), 0);
    }
}
