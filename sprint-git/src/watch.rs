//! What in the git directory decides what our calls see and run, and whether somebody changed it.
//!
//! Agents share the git directory with us. A filter set there shows good code in every worktree
//! while the commit holds other code, and whatever is set there runs with our rights. So it has to
//! stay as it was when the repository was opened. Keys that do neither (`user.*`, `branch.*`, the
//! address of a remote) are nobody's business. Between a look and the call after it somebody may
//! still be quicker; the next look sees it, and nothing lands before one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use gix::config::{File, Source, file::Metadata};
use sprint_core::failure::ErrorKind;

use crate::error::{GitError, Result};
use crate::files::read;
use crate::worktree::Tree;

/// Sections of which every key counts.
const SECTIONS: [&str; 9] = [
    "alias",
    "diff",
    "extensions",
    "filter",
    "include",
    "includeif",
    "index",
    "merge",
    "protocol",
];

/// Keys that count in other sections.
const KEYS: [(&str, &[&str]); 2] = [
    (
        "core",
        &[
            "alternaterefscommand",
            "attributesfile",
            "autocrlf",
            "bare",
            "checkstat",
            "editor",
            "eol",
            "excludesfile",
            "filemode",
            "fsmonitor",
            "hookspath",
            "ignorecase",
            "ignorestat",
            "pager",
            "repositoryformatversion",
            "sparsecheckout",
            "sparsecheckoutcone",
            "sshcommand",
            "symlinks",
            "trustctime",
            "usereplacerefs",
            "worktree",
        ],
    ),
    // What a partial clone runs to get an object that it lacks.
    ("remote", &["promisor", "uploadpack", "vcs"]),
];

/// Files that count as they are.
const WHOLE: [&str; 4] = [
    "info/attributes",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info/alternates",
];

const PER_WORKTREE: &str = "config.worktree";

/// The values of the keys that count, in order. A key without any, which is true, is not one with
/// an empty value, which is false.
type Settings = BTreeMap<String, Vec<Option<BString>>>;

/// What was there when the repository was opened.
#[derive(Debug)]
pub(crate) struct Watch {
    files: Vec<Watched>,
    /// The settings of worktrees, by their git directories.
    worktrees: BTreeMap<PathBuf, Settings>,
    common: PathBuf,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    text: Option<Vec<u8>>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Some of its keys count.
    Settings,
    /// All of it counts.
    Whole,
}

impl Watch {
    /// Looks at a repository for the first time.
    pub(crate) fn new(common: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut known = BTreeSet::new();
        let mut pending = vec![common.join(PER_WORKTREE), common.join("config")];
        while let Some(path) = pending.pop() {
            if !known.insert(path.clone()) {
                continue;
            }
            let text = content(&path)?;
            pending.extend(included(&path, &settings(&path, text.as_deref())?));
            files.push(Watched {
                path,
                text,
                kind: Kind::Settings,
            });
        }
        for name in WHOLE {
            let path = common.join(name);
            files.push(Watched {
                text: content(&path)?,
                path,
                kind: Kind::Whole,
            });
        }
        let linked = fs::read_dir(common.join("worktrees"));
        let linked = linked.into_iter().flatten().flatten();
        let mut worktrees = BTreeMap::new();
        for git_dir in linked.map(|entry| entry.path()).chain([common.to_owned()]) {
            let path = git_dir.join(PER_WORKTREE);
            let found = settings(&path, content(&path)?.as_deref())?;
            worktrees.insert(git_dir, found);
        }
        Ok(Self {
            files,
            worktrees,
            common: common.to_owned(),
        })
    }

    /// Fails if something that counts is not as it was.
    pub(crate) fn check(&self) -> Result<()> {
        for Watched { path, text, kind } in &self.files {
            let now = content(path)?;
            if now == *text {
                continue;
            }
            match kind {
                Kind::Whole => return Err(changed(None, path)),
                Kind::Settings => {
                    let before = settings(path, text.as_deref())?;
                    let now = settings(path, now.as_deref())?;
                    if let Some(key) = difference(&before, &now) {
                        return Err(changed(Some(key), path));
                    }
                }
            }
        }
        Ok(())
    }

    /// The same, with what is set for one worktree only. Git hands on to a new one what is set for
    /// the main one.
    pub(crate) fn check_with(&self, tree: &Tree) -> Result<()> {
        self.check()?;
        if tree.git_dir == self.common {
            return Ok(());
        }
        let path = tree.git_dir.join(PER_WORKTREE);
        let Some(text) = content(&path)? else {
            return Ok(());
        };
        let known = [&tree.git_dir, &self.common].map(|git_dir| self.worktrees.get(git_dir));
        let is_known = |(key, values): &(&String, &Vec<Option<BString>>)| {
            let mut known = known.iter().flatten();
            known.any(|settings| settings.get(*key) == Some(*values))
        };
        let now = settings(&path, Some(&text))?;
        match now.iter().find(|entry| !is_known(entry)) {
            Some((key, _)) => Err(changed(Some(key), &path)),
            None => Ok(()),
        }
    }
}

/// The text of a file; whoever puts something else in its place has us wait for it forever.
fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => read(path),
        Ok(_) => Err(changed(None, path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitError::io("read", path)(error)),
    }
}

/// The keys of a file that count.
fn settings(path: &Path, text: Option<&[u8]>) -> Result<Settings> {
    let mut settings = Settings::new();
    let file = File::from_bytes_no_includes(
        text.unwrap_or_default(),
        Metadata::from(Source::Local),
        gix::config::file::init::Options::default(),
    );
    let file = file.map_err(|error| {
        let message = format!("{} cannot be understood: {error}", path.display());
        GitError::refused(ErrorKind::Fatal, message)
    })?;
    for section in file.sections() {
        let name = section.header().name().to_str_lossy().to_ascii_lowercase();
        for key in section.value_names().collect::<BTreeSet<_>>() {
            let lower = key.to_ascii_lowercase();
            if !counts(&name, &lower) {
                continue;
            }
            let full = match section.header().subsection_name() {
                Some(inner) => format!("{name}.{}.{lower}", inner.to_str_lossy()),
                None => format!("{name}.{lower}"),
            };
            let values = settings.entry(full).or_default();
            values.extend(section.values(&key).into_iter().map(Some));
            if section.value_implicit(&key) == Some(None) {
                values.pop();
                values.push(None);
            }
        }
    }
    Ok(settings)
}

fn counts(section: &str, key: &str) -> bool {
    let listed = |(name, keys): &(&str, &[&str])| *name == section && keys.contains(&key);
    SECTIONS.contains(&section) || KEYS.iter().any(listed)
}

/// The files that settings include. One below somebody's home belongs to the machine.
fn included(path: &Path, settings: &Settings) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(path);
    let paths = settings
        .iter()
        .filter(|(key, _)| key.starts_with("include") && key.ends_with(".path"));
    paths
        .flat_map(|(_, values)| values.iter().flatten())
        .filter(|value| !value.starts_with(b"~"))
        .filter_map(|value| Some(folder.join(value.to_path().ok()?)))
        .collect()
}

/// A key that two settings do not agree on.
fn difference<'s>(before: &'s Settings, now: &'s Settings) -> Option<&'s str> {
    let mut keys = before.keys().chain(now.keys());
    let key = keys.find(|key| before.get(*key) != now.get(*key));
    key.map(String::as_str)
}

fn changed(key: Option<&str>, path: &Path) -> GitError {
    let path = path.display();
    let what = match key {
        Some(key) => format!("`{}` in {path}", key.escape_debug()),
        None => path.to_string(),
    };
    let message = format!(
        "an agent, or somebody else, changed {what} since the sprint was opened, and it decides \
         what git shows or runs; look at it, and undo it, or accept it by starting again"
    );
    GitError::refused(ErrorKind::Fatal, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_count_are_found_however_they_are_written() {
        let text = "[CORE]\n\tHooksPath = a\n[user]\n\tname = b\n[Filter \"X y\"]\n\tClean = c\n\
                    [filter.x]\n\tclean=d\n[core]\n\thookspath = e\n\tsymlinks\n\teol =\n\
                    [branch \"main\"]\n\tremote = f\n[remote \"o\"]\n\turl = g\n\tuploadpack = h\n";
        let found = settings(Path::new("config"), Some(text.as_bytes())).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(key, values)| format!("{key}: {values:?}"))
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        core.eol: [Some("")]
        core.hookspath: [Some("a"), Some("e")]
        core.symlinks: [None]
        filter.X y.clean: [Some("c")]
        filter.x.clean: [Some("d")]
        remote.o.uploadpack: [Some("h")]
        "#);
    }

    #[test]
    fn what_is_no_configuration_is_an_error_and_never_a_panic() {
        for text in ["[core", "=", "[filter \"x]\nclean = y", "\u{0}"] {
            let error = settings(Path::new("config"), Some(text.as_bytes())).unwrap_err();
            assert!(error.to_string().starts_with("config cannot be"), "{error}");
        }
    }
}
