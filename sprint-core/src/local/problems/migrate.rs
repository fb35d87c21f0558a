//! Moving the layout before problem directories to where it belongs (spec 4.2).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::ErrorKind;
use crate::local::disk::{Durability, replace};
use crate::local::layout::{Layout, make_directory, show, sync_directory};
use crate::local::problems::decide::LEGACY_FILES;
use crate::local::shared::hold_repository;
use crate::ports::{Error, Result};

/// Files on their way. Its name is no problem's, so a move that was cut off is found as the old layout
/// and goes on.
pub(super) const STAGING: &str = ".migrating";

/// Moves every file of the old layout to the directory of the problem `default` and makes that the
/// active one. Says which files it moved. A file that is there already is never written over: then
/// nothing is moved at all. May be called again after it was cut off anywhere.
///
/// # Errors
///
/// `Conflict` if a file is in both places, naming both; `Fatal` for anything that is no plain file.
pub fn migrate(root: &Path) -> Result<Vec<&'static str>> {
    let layout = Layout::of_default(root);
    make_directory(&layout.claude())?;
    make_directory(&layout.sprints())?;
    let _held = hold_repository(&layout)?;
    let (claude, staging) = (layout.claude(), layout.sprints().join(STAGING));
    let target = layout.directory();
    let direct = target.symlink_metadata().is_ok();
    check(&claude, &staging, &target)?;
    // Where there is no such directory yet, it appears with all its files at once.
    let into = if direct { &target } else { &staging };
    make_directory(into)?;
    let mut moved = Vec::new();
    for name in LEGACY_FILES {
        let sources = [claude.join(name), staging.join(name)];
        for source in sources.into_iter().filter(|path| exists(path)) {
            relocate(&source, &into.join(name))?;
            moved.push(name);
        }
    }
    moved.dedup();
    sync_directory(&claude).map_err(failed("move files out of", &claude))?;
    sync_directory(into).map_err(failed("move files to", into))?;
    if direct {
        drop(fs::remove_dir(&staging));
    } else {
        fs::rename(&staging, &target).map_err(failed("make", &target))?;
    }
    let sprints = layout.sprints();
    sync_directory(&sprints).map_err(failed("make", &target))?;
    let marker = layout.active_problem();
    replace(&marker, b"default\n", Durability::PowerCut).map_err(failed("write", &marker))?;
    Ok(moved)
}

/// Refuses before anything is moved.
fn check(claude: &Path, staging: &Path, target: &Path) -> Result<()> {
    for name in LEGACY_FILES {
        let places = [claude.join(name), staging.join(name), target.join(name)];
        let found: Vec<&PathBuf> = places.iter().filter(|path| exists(path)).collect();
        for path in &found {
            let metadata = path.symlink_metadata().map_err(failed("look at", path))?;
            if !metadata.is_file() {
                return Err(Error::new(ErrorKind::Fatal, "move", show(path))
                    .because("it is no plain file; move or remove it yourself, then try again"));
            }
        }
        if let [one, other, ..] = &found[..]
            && !same_file(one, other)
        {
            let reason = format!(
                "{} is there already and is not written over; keep one of the two, then try again",
                show(other)
            );
            return Err(Error::new(ErrorKind::Conflict, "move", show(one)).because(reason));
        }
    }
    Ok(())
}

/// Gives a file another place. A link is made first, because it fails where something is in the way,
/// which a rename would replace.
fn relocate(source: &Path, target: &Path) -> Result<()> {
    if source == target {
        return Ok(());
    }
    let done = match fs::hard_link(source, target) {
        Ok(()) => fs::remove_file(source),
        // An earlier call was cut off between the two.
        Err(_) if same_file(source, target) => fs::remove_file(source),
        Err(error) if exists(target) => Err(error),
        // Some file systems have no such links; we hold the lock and have looked.
        Err(_) => fs::rename(source, target),
    };
    done.map_err(failed("move", source))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(unix)]
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path: &Path| path.symlink_metadata().map(|m| (m.dev(), m.ino())).ok();
    id(one).is_some_and(|one| Some(one) == id(other))
}

#[cfg(not(unix))]
fn same_file(_: &Path, _: &Path) -> bool {
    false
}

fn failed(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let subject = show(path);
    move |error| Error::new(ErrorKind::Fatal, operation, subject.clone()).because(error)
}
