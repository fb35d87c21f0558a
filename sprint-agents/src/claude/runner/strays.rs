//! Files outside the workspace that an agent named to a tool which writes.

use std::path::{Component, Path, PathBuf};

use sprint_core::domain::stray::{Place, Stray};

use crate::claude::turn::{Target, ToolUse};

/// Tools that write the file they are pointed at.
const WRITERS: [&str; 4] = ["Write", "Edit", "MultiEdit", "NotebookEdit"];

/// What was written outside `allowed`, by the agent's own words: tool uses that did not fail.
///
/// `real` resolves links in a path as far as it exists; relative paths are of `directory`.
pub(super) fn strays(
    uses: &[ToolUse],
    directory: &Path,
    allowed: &[&Path],
    real: impl Fn(&Path) -> PathBuf,
) -> Vec<Stray> {
    let allowed: Vec<_> = allowed.iter().map(|root| real(root)).collect();
    let written = uses.iter().filter_map(|tool_use| match &tool_use.target {
        Target::Path(path)
            if WRITERS.contains(&tool_use.tool.as_str()) && tool_use.failed == Some(false) =>
        {
            Some(path)
        }
        Target::Path(_) | Target::Command(_) | Target::Other => None,
    });
    let mut strays: Vec<_> = written
        .map(|path| real(&plain(&directory.join(path))))
        .filter(|path| !allowed.iter().any(|root| path.starts_with(root)))
        .map(|path| Stray {
            place: Place::Outside,
            what: path.display().to_string(),
        })
        .collect();
    strays.sort();
    strays.dedup();
    strays
}

/// The path with its links resolved, as far as it exists.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let exists = path.ancestors().find_map(|ancestor| {
        let real = ancestor.canonicalize().ok()?;
        Some((ancestor, real))
    });
    match exists {
        Some((ancestor, real)) => match path.strip_prefix(ancestor) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path.to_path_buf(),
        },
        None => path.to_path_buf(),
    }
}

/// The path without `.` and `..`, as its words say.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(tool: &str, path: &str, failed: Option<bool>) -> ToolUse {
        ToolUse {
            tool: tool.into(),
            id: String::new(),
            target: Target::Path(path.into()),
            failed,
        }
    }

    #[test]
    fn what_was_written_outside_is_named_once_and_nothing_else_is() {
        let done = Some(false);
        let uses = [
            used("Write", "/w/a/inside.rs", done),
            used("Write", "src/inside.rs", done),
            used("Edit", "../a/inside.rs", done),
            used("Write", "/scratch/1/x", done),
            used("Read", "/etc/passwd", done),
            used("Write", "/etc/refused", Some(true)),
            used("Write", "/etc/unknown", None),
            used("Write", "/etc/written", done),
            used("Edit", "/etc/written", done),
            used("NotebookEdit", "../b/other.ipynb", done),
            used("Write", "/w/ab/not-inside", done),
            used("Write", "/w/a/link/x", done),
        ];
        // A link out of the workspace.
        let real = |path: &Path| match path.strip_prefix("/w/a/link") {
            Ok(rest) => Path::new("/home").join(rest),
            Err(_) => path.to_path_buf(),
        };
        let found = strays(
            &uses,
            Path::new("/w/a"),
            &[Path::new("/w/a"), Path::new("/scratch/1")],
            real,
        );
        let found: Vec<_> = found.iter().map(|stray| stray.what.as_str()).collect();
        assert_eq!(
            found,
            [
                "/etc/written",
                "/home/x",
                "/w/ab/not-inside",
                "/w/b/other.ipynb"
            ]
        );
    }

    #[test]
    fn links_are_followed_as_far_as_a_path_exists() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("target")).unwrap();
        std::os::unix::fs::symlink(real.join("target"), real.join("link")).unwrap();
        assert_eq!(
            resolved(&real.join("link/new/x")),
            real.join("target/new/x")
        );
        assert_eq!(resolved(&real.join("link")), real.join("target"));
    }
}
