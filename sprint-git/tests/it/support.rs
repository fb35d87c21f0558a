//! Real repositories in temporary directories, away from the machine's git configuration.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sprint_core::domain::merge::{CombineSpec, Combined, LandKind, LandSpec, Landed, MergeInput};
use sprint_core::domain::workspace::{Collected, Leftovers, Opened, Workspace, WorkspaceSpec};
use sprint_core::id::{BranchName, CommitId, SprintId, TicketId};
use sprint_core::ports::Vcs;
use sprint_core::run::effect::{EffectId, EffectKey, Step};
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};

pub(crate) struct Fixture {
    _dir: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) vcs: GitVcs,
}

impl Fixture {
    /// A repository with some files on `main`, which is checked out.
    pub(crate) async fn new() -> Self {
        Self::on("main").await
    }

    pub(crate) async fn on(base: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("project");
        fs::create_dir(&root).unwrap();
        git(&root, &["init", "-q", "-b", base]);
        write(&root, "a.txt", "one\ntwo\nthree\n");
        write(&root, "src/lib.rs", "fn main() {}\n");
        write(&root, ".gitignore", "target/\n");
        commit_all(&root, "start");
        let vcs = open(&root, base).await;
        Self {
            _dir: dir,
            root,
            vcs,
        }
    }

    /// The same with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut GitConfig)) -> Self {
        let mut fixture = Self::new().await;
        fixture.reopen(change).await;
        fixture
    }

    /// Opens the repository again, as the next process would.
    pub(crate) async fn reopen(&mut self, change: impl FnOnce(&mut GitConfig)) {
        let mut config = GitConfig::new(&self.root, BranchName::new("main").unwrap());
        change(&mut config);
        self.vcs = GitVcs::open(config).await.unwrap();
    }

    pub(crate) fn head(&self) -> CommitId {
        self.rev("refs/heads/main")
    }

    pub(crate) fn rev(&self, name: &str) -> CommitId {
        CommitId::new(git(&self.root, &["rev-parse", "--verify", name])).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !git(&self.root, &["for-each-ref", name]).is_empty()
    }

    pub(crate) fn spec(&self, ticket: &str) -> WorkspaceSpec {
        WorkspaceSpec {
            sprint: sprint(),
            ticket: TicketId::new(ticket).unwrap(),
            generation: 1,
            base: self.head(),
            dependencies: Vec::new(),
            at: at(),
        }
    }

    pub(crate) async fn open(&self, spec: &WorkspaceSpec) -> Workspace {
        match self.vcs.open(spec, &key()).await.unwrap() {
            Opened::Ready(workspace) => workspace,
            Opened::Conflict { dependency, .. } => panic!("{dependency} conflicts"),
        }
    }

    pub(crate) async fn collect(&self, workspace: &Workspace) -> Collected {
        self.vcs.collect(workspace, &leftovers()).await.unwrap()
    }

    /// A ticket's finished work: a workspace with these files committed on its branch.
    pub(crate) async fn ticket(&self, ticket: &str, files: &[(&str, &str)]) -> MergeInput {
        let workspace = self.open(&self.spec(ticket)).await;
        for (path, text) in files {
            write(&workspace.path, path, text);
        }
        let commit = self.collect(&workspace).await.head;
        MergeInput {
            ticket: TicketId::new(ticket).unwrap(),
            commit,
            subject: format!("merge: {ticket}"),
        }
    }

    pub(crate) async fn combine(&self, base: &CommitId, merges: &[MergeInput]) -> Combined {
        let spec = CombineSpec {
            base: base.clone(),
            merges: merges.to_vec(),
            at: at(),
        };
        self.vcs.combine(&spec, &key()).await.unwrap()
    }

    pub(crate) fn landing(&self, combined: &Combined) -> LandSpec {
        LandSpec {
            sprint: sprint(),
            expected: self.head(),
            tip: combined.tip.clone(),
            merges: combined.merged.clone(),
            kind: LandKind::Merges,
        }
    }

    pub(crate) async fn land(&self, spec: &LandSpec) -> Landed {
        self.vcs.land(spec, &key()).await.unwrap()
    }

    /// Everything a person could notice: refs, HEAD, index, stash, settings and files. `except`
    /// names the refs that may change.
    pub(crate) fn fingerprint(&self, except: &[&str]) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        for line in git(&self.root, &["for-each-ref"]).lines() {
            let name = line.split('\t').nth(1).unwrap();
            if !except.iter().any(|prefix| name.starts_with(prefix)) {
                seen.insert(name.to_owned(), line.to_owned());
            }
        }
        for file in [
            ".git/HEAD",
            ".git/index",
            ".git/config",
            "a.txt",
            "src/lib.rs",
        ] {
            let bytes = fs::read(self.root.join(file)).unwrap();
            seen.insert(file.into(), format!("{bytes:?}"));
        }
        let hooks = self.root.join(".git/hooks");
        let mut names: Vec<_> = fs::read_dir(&hooks)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        for hook in names {
            let text = fs::read_to_string(&hook).unwrap();
            seen.insert(hook.display().to_string(), text);
        }
        let status = git(&self.root, &["status", "--porcelain", "--branch"]);
        seen.insert("status".into(), status);
        seen.insert("stash".into(), git(&self.root, &["stash", "list"]));
        seen
    }
}

pub(crate) async fn open(root: &Path, base: &str) -> GitVcs {
    let config = GitConfig::new(root, BranchName::new(base).unwrap());
    GitVcs::open(config).await.unwrap()
}

pub(crate) fn sprint() -> SprintId {
    SprintId::new("sprint-20260131-090500").unwrap()
}

pub(crate) fn key() -> EffectKey {
    EffectKey {
        sprint: sprint(),
        effect: EffectId::sprint(1, Step::Open),
    }
}

pub(crate) fn at() -> Timestamp {
    Timestamp::from_millis(1_769_850_300_000)
}

pub(crate) fn leftovers() -> Leftovers {
    Leftovers::Commit {
        subject: "wip".into(),
        at: at(),
    }
}

/// Runs git the way a person would, with hooks, and returns what it printed.
pub(crate) fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = command(dir, arguments).output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(dir)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Person")
        .env("GIT_AUTHOR_EMAIL", "person@example.org")
        .env("GIT_COMMITTER_NAME", "Person")
        .env("GIT_COMMITTER_EMAIL", "person@example.org")
        .env("GIT_AUTHOR_DATE", "@1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "@1700000000 +0000");
    command
}

pub(crate) fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn commit_all(dir: &Path, subject: &str) -> CommitId {
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "--allow-empty", "-m", subject]);
    CommitId::new(git(dir, &["rev-parse", "HEAD"])).unwrap()
}

/// A git that writes down what it is called with, and stops at one call to wait for its end.
pub(crate) fn scripted_git(fixture: &Fixture) -> PathBuf {
    let place = fixture.root.with_file_name("git-script");
    fs::create_dir_all(&place).unwrap();
    let script = place.join("git");
    let text = format!(
        "#!/bin/sh\ncd_to='{}'\necho \"$*\" >> \"$cd_to/log\"\n\
         if [ -e \"$cd_to/pipe\" ] && [ \"$(wc -l < \"$cd_to/log\")\" -eq \"$(cat \"$cd_to/stop\")\" ]\n\
         then echo reached > \"$cd_to/pipe\"; exec sleep 1000; fi\nexec git \"$@\"\n",
        place.display()
    );
    write_program(&script, &text);
    script
}

/// Writes a program, from another process: one that this process wrote cannot run as long as a
/// child forked by another test meanwhile holds it open.
pub(crate) fn write_program(path: &Path, text: &str) {
    let written = Command::new("sh")
        .args(["-c", r#"printf %s "$2" > "$1" && chmod +x "$1""#, "sh"])
        .arg(path)
        .arg(text)
        .status();
    assert!(written.unwrap().success());
}

/// Cuts `action` off right before its git call number `stop`; whether it got that far.
pub(crate) async fn cut_off(script: &Path, stop: usize, action: impl Future<Output = ()>) -> bool {
    let pipe = script.with_file_name("pipe");
    fs::write(script.with_file_name("log"), "").unwrap();
    fs::write(script.with_file_name("stop"), stop.to_string()).unwrap();
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = pipe.clone();
    let mut reached = tokio::task::spawn_blocking(move || fs::read_to_string(reader).unwrap());
    let was_cut = tokio::select! {
        () = action => false,
        text = &mut reached => text.unwrap().contains("reached"),
    };
    if !was_cut {
        fs::write(&pipe, "").unwrap();
        reached.await.unwrap();
    }
    fs::remove_file(&pipe).unwrap();
    was_cut
}

/// Says that a test could not run here, also where the output of tests is hidden.
pub(crate) fn skipped(why: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    let text = format!("SKIPPED {name}: {why}\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}
