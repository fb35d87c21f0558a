//! Files outside its workspace that an agent wrote by its own calls of tools.

use std::path::{Component, Path, PathBuf};

use sprint_core::domain::stray::{Place, Stray};

/// Which of the files that an agent `wrote` are outside `allowed`.
///
/// `real` resolves links in a path as far as it exists; relative paths are of `directory`.
pub(crate) fn strays<'a>(
    wrote: impl IntoIterator<Item = &'a Path>,
    directory: &Path,
    allowed: &[PathBuf],
    real: impl Fn(&Path) -> PathBuf,
) -> Vec<Stray> {
    let allowed: Vec<_> = allowed.iter().map(|root| real(root)).collect();
    let wrote = wrote.into_iter();
    let mut strays: Vec<_> = wrote
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
pub(crate) fn resolved(path: &Path) -> PathBuf {
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

    #[test]
    fn what_was_written_outside_is_named_once_and_nothing_else_is() {
        let wrote = [
            "/w/a/inside.rs",
            "src/inside.rs",
            "../a/inside.rs",
            "/scratch/1/x",
            "/etc/written",
            "/etc/../etc/written",
            "../b/other.ipynb",
            "/w/ab/not-inside",
            "/w/a/link/x",
        ];
        // A link out of the workspace.
        let real = |path: &Path| match path.strip_prefix("/w/a/link") {
            Ok(rest) => Path::new("/home").join(rest),
            Err(_) => path.to_path_buf(),
        };
        let allowed = ["/w/a", "/scratch/1"].map(PathBuf::from);
        let found = strays(wrote.map(Path::new), Path::new("/w/a"), &allowed, real);
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
