//! Files that only we and the session may read, and only while it starts.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::claude::launch::{Files, Launch, SystemPrompt};

/// The files; gone with this value.
#[derive(Debug)]
pub(crate) struct Private {
    /// Gone with the value too.
    _directory: TempDir,
    pub(crate) files: Files,
}

impl Private {
    /// Writes what `launch` needs.
    pub(crate) fn write(launch: &Launch) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("sprint-claude-")
            .tempdir()?;
        let mut files = Files::default();
        if !launch.http_servers.is_empty() {
            let path = directory.path().join("servers.json");
            files.servers = Some(write(path, &launch.servers().to_string())?);
        }
        if let Some(SystemPrompt::Append(text) | SystemPrompt::Replace(text)) =
            &launch.system_prompt
        {
            let path = directory.path().join("system-prompt.md");
            files.system_prompt = Some(write(path, text)?);
        }
        Ok(Self {
            _directory: directory,
            files,
        })
    }
}

fn write(path: PathBuf, text: &str) -> io::Result<PathBuf> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}
