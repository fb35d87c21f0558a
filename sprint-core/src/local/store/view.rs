//! The published state file, and what others put in its place.
//!
//! The journal is the truth. But people edit the file, other programs of the pipeline keep theirs under
//! the same name, and crashes cut files off; none of that is ever written over without a copy.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::pipeline_state::{self, PipelineState};
use crate::failure::ErrorKind;
use crate::local::disk::{create_new, read_regular};
use crate::local::layout::{
    DASHBOARD_FILE, Layout, STATE_FILE, make_directory, show, sync_directory,
};
use crate::local::store::ViewFile;
use crate::ports::{Error, Result};
use crate::run::snapshot::{Snapshot, check_version};

/// A published state is read back up to this size.
const MAX_VIEW: u64 = 1 << 30;

/// Copies kept of one file: more than anybody makes by hand.
const MAX_COPIES: u32 = 1000;

/// What is stored about the sprint of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// A state of this engine.
    Ours(Box<Snapshot>),
    /// The state file of another program of the pipeline.
    Foreign(Box<PipelineState>),
}

/// The bytes of the file; `None` if there is none.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_regular(path, MAX_VIEW) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Reads the file.
pub(super) fn read(layout: &Layout) -> Result<Stored> {
    let path = layout.state();
    match bytes(&path)? {
        Some(bytes) => parse(&bytes).map_err(|reason| {
            Error::new(ErrorKind::Fatal, "read", show(&path)).because(format!(
                "{reason}; nothing else is stored about this sprint: restore the file from a backup, \
                 or set it aside to start anew"
            ))
        }),
        None => Ok(Stored::Nothing),
    }
}

/// What the bytes are, or why they are nothing.
pub(crate) fn parse(bytes: &[u8]) -> Result<Stored, String> {
    #[derive(Deserialize)]
    struct Published {
        run: Option<Snapshot>,
    }
    #[derive(Deserialize)]
    struct Carrier {
        #[serde(rename = "run")]
        _run: serde_json::Map<String, serde_json::Value>,
    }
    #[derive(Deserialize)]
    struct Versioned {
        run: Option<Version>,
    }
    #[derive(Deserialize)]
    struct Version {
        schema_version: u32,
    }
    if let Ok(Versioned { run: Some(found) }) = serde_json::from_slice(bytes) {
        check_version(found.schema_version).map_err(|reason| format!("it {reason}"))?;
    }
    match serde_json::from_slice(bytes) {
        Ok(Published { run: Some(run) }) => return Ok(Stored::Ours(Box::new(run))),
        Ok(Published { run: None }) => {}
        // Where there is something under `run`, it was ours.
        Err(error) if serde_json::from_slice::<Carrier>(bytes).is_ok() => {
            return Err(format!(
                "the state under \"run\" is not as it was written: {error}"
            ));
        }
        Err(_) => {}
    }
    let state = pipeline_state::parse(bytes).map_err(|reason| reason.to_string())?;
    Ok(Stored::Foreign(Box::new(state)))
}

/// Why the interrupted sprint of another program keeps ours from starting.
pub(super) fn interrupted(layout: &Layout, state: &PipelineState) -> Error {
    let reason = format!(
        "another program wrote it, and its sprint is not complete ({state}); it holds no plan and no \
         verdict to go on from. Finish the sprint there, or set the state aside to start anew: tickets \
         that are Done stay so"
    );
    Error::new(ErrorKind::Fatal, "go on from", show(&layout.state())).because(reason)
}

/// Keeps a copy of the state file where it is not what `files` makes of it: called once, before a
/// writer replaces it for the first time. Says what was kept, for people.
pub(super) fn keep_what_is_not_ours(
    layout: &Layout,
    files: &dyn Fn(&Snapshot) -> Vec<ViewFile>,
) -> Result<Option<String>> {
    let path = layout.state();
    let Some(found) = bytes(&path)? else {
        return Ok(None);
    };
    let (copy, why) = match parse(&found) {
        Ok(Stored::Nothing) => return Ok(None),
        Ok(Stored::Ours(snapshot)) => {
            let made = files(&snapshot);
            let same = |file: &ViewFile| file.name == STATE_FILE && file.bytes == found;
            if made.iter().any(same) {
                return Ok(None);
            }
            let why = "was changed by hand, or written by another version";
            (
                path.with_file_name("sprint-state.edited.json"),
                why.to_owned(),
            )
        }
        Ok(Stored::Foreign(state)) => {
            make_directory(&layout.history())?;
            let sprint = state.sprint.as_ref().map_or("unnamed", |id| id.as_str());
            let name = format!("sprint-state-{sprint}.json");
            (
                layout.history().join(name),
                "was written by another program".into(),
            )
        }
        Err(reason) => {
            let why = format!("cannot be read: {reason}");
            (path.with_file_name("sprint-state.unreadable.json"), why)
        }
    };
    let copy = keep(&copy, &found).map_err(failed("keep a copy of", &path))?;
    Ok(Some(format!(
        "{} {why}; it is replaced, and kept as {}",
        show(&path),
        show(&copy)
    )))
}

/// Writes bytes to a new file of this name, or with a number where it is taken by other bytes.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    use std::io::Write as _;
    for copy in names(path) {
        match create_new(&copy) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                file.sync_all()?;
                copy.parent().map_or(Ok(()), sync_directory)?;
                return Ok(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if read_regular(&copy, MAX_VIEW).is_ok_and(|old| old == bytes) {
                    return Ok(copy);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// `a.json`, `a.2.json`, `a.3.json`…
fn names(path: &Path) -> impl Iterator<Item = PathBuf> {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let extension = path
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    (1..=MAX_COPIES).map(move |number| match number {
        1 => path.to_path_buf(),
        _ => path.with_file_name(format!("{stem}.{number}{extension}")),
    })
}

/// Moves journals and views out of the problem's directory.
pub(super) fn set_aside(layout: &Layout) -> Result<Option<PathBuf>> {
    let directory = layout.directory();
    let list = failed("list", &directory);
    let mut found = Vec::new();
    match fs::read_dir(&directory) {
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(&list)?.file_name();
                if name.to_str().is_some_and(is_state) {
                    found.push(name);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(list(error)),
    }
    if found.is_empty() {
        return Ok(None);
    }
    // The newest journal last: until it is gone, the sprint is still there as a whole.
    found.sort_by_key(|name| (name.to_string_lossy().starts_with("journal-"), name.clone()));
    make_directory(&layout.history())?;
    let wanted = layout
        .history()
        .join(format!("{}-set-aside", layout.problem()));
    let target = names(&wanted)
        .find(|path| path.symlink_metadata().is_err())
        .ok_or_else(|| {
            Error::new(ErrorKind::Fatal, "set aside", show(&directory))
                .because("there are a thousand already; remove some")
        })?;
    make_directory(&target)?;
    for name in found {
        let from = directory.join(&name);
        fs::rename(&from, target.join(&name)).map_err(failed("set aside", &from))?;
    }
    sync_directory(&target).map_err(failed("write", &target))?;
    sync_directory(&directory).map_err(failed("write", &directory))?;
    Ok(Some(target))
}

/// Whether a file of this name is part of the state.
fn is_state(name: &str) -> bool {
    let journal = name.strip_prefix("journal-").is_some_and(|rest| {
        rest.ends_with(".jsonl") || rest.ends_with(".tail") || rest.ends_with(".jsonl.tmp")
    });
    journal || name == STATE_FILE || name == DASHBOARD_FILE
}

fn failed(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let subject = show(path);
    move |error| Error::new(ErrorKind::Fatal, operation, subject.clone()).because(error)
}
