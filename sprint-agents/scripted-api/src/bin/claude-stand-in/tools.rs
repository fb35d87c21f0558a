//! The tools that are really run.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setsid};
use serde_json::{Value, json};

/// The tools this program knows.
pub(crate) const KNOWN: &[&str] = &["Bash", "Edit", "Read", "Write"];

/// The first argument of this program when it is to become the shell of a command.
pub(crate) const AS_SHELL: &str = "--become-shell";

/// How much of a command's output is kept.
const KEPT: usize = 30_000;
const TIMEOUT: u64 = 120_000;

/// What a tool came to: what the model is told, and what the host is told beside it.
pub(crate) type Outcome = Result<(Value, Value), String>;

/// Runs one of the known tools in `here`.
pub(crate) async fn run(tool: &str, input: &Value, here: &Path) -> Outcome {
    let text = |name: &str| {
        let text = input[name].as_str();
        text.ok_or_else(|| format!("InputValidationError: {tool} needs {name}"))
    };
    match tool {
        "Bash" => bash(text("command")?, input["timeout"].as_u64(), here).await,
        "Read" => read(&here.join(text("file_path")?), here),
        "Write" => write(text("file_path")?, text("content")?, here),
        "Edit" => {
            let all = input["replace_all"].as_bool().unwrap_or_default();
            let (old, new) = (text("old_string")?, text("new_string")?);
            edit(text("file_path")?, (old, new), all, here)
        }
        _ => Err(format!("the stand-in does not have {tool}")),
    }
}

/// Becomes the shell of `command`, in a session of its own.
pub(crate) fn become_shell(command: &str) -> std::io::Error {
    match setsid() {
        Ok(_) => Command::new("bash").arg("-c").arg(command).exec(),
        Err(error) => error.into(),
    }
}

/// All processes of a command, which end with it.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // They may be gone already.
            _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

async fn bash(command: &str, timeout: Option<u64>, here: &Path) -> Outcome {
    let failed = |error: std::io::Error| error.to_string();
    let mut output = tempfile::tempfile().map_err(failed)?;
    let itself = std::env::current_exe().map_err(failed)?;
    let mut child = tokio::process::Command::new(itself)
        .args([AS_SHELL, command])
        .current_dir(here)
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(output.try_clone().map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let group = Group(leader);
    let limit = Duration::from_millis(timeout.unwrap_or(TIMEOUT));
    let Ok(status) = tokio::time::timeout(limit, child.wait()).await else {
        return Err(format!("Command timed out after {}s", limit.as_secs()));
    };
    // What it left behind on purpose runs on, as it does under Claude Code.
    std::mem::forget(group);
    let status = status.map_err(failed)?;
    let mut bytes = Vec::new();
    output.rewind().map_err(failed)?;
    output.read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(KEPT)]);
    let text = text.trim_end();
    match status.code() {
        Some(0) => {
            let detail = json!({"stdout": text, "stderr": "", "interrupted": false});
            Ok((json!(text), detail))
        }
        code => Err(format!("Exit code {}\n{text}", code.unwrap_or(137))),
    }
}

fn read(path: &Path, here: &Path) -> Outcome {
    let text = fs::read_to_string(path).map_err(|_| {
        let here = here.display();
        format!("File does not exist. Note: your current working directory is {here}.")
    })?;
    let lines = text.split('\n').enumerate();
    let numbered: Vec<_> = lines
        .map(|(at, line)| format!("{}\t{line}", at + 1))
        .collect();
    let detail = json!({"type": "text", "file": {"filePath": path, "content": text}});
    Ok((json!(numbered.join("\n")), detail))
}

fn write(path: &str, content: &str, here: &Path) -> Outcome {
    let whole = here.join(path);
    let directory = whole.parent().unwrap_or(here);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&whole, content))
        .map_err(|error| format!("{path}: {error}"))?;
    let detail = json!({"type": "create", "filePath": path, "content": content});
    Ok((
        json!(format!("File created successfully at: {path}")),
        detail,
    ))
}

fn edit(path: &str, (old, new): (&str, &str), all: bool, here: &Path) -> Outcome {
    let whole = here.join(path);
    let text = fs::read_to_string(&whole).map_err(|error| format!("{path}: {error}"))?;
    let refused = |why: String| format!("<tool_use_error>{why}</tool_use_error>");
    let found = text.matches(old).count();
    if found == 0 {
        let why = format!("String to replace not found in file.\nString: {old}");
        return Err(refused(why));
    }
    if found > 1 && !all {
        return Err(refused(format!(
            "Found {found} matches of the string to replace"
        )));
    }
    fs::write(&whole, text.replace(old, new)).map_err(|error| format!("{path}: {error}"))?;
    let detail = json!({"filePath": path, "oldString": old, "newString": new});
    Ok((
        json!(format!("The file {path} has been updated successfully.")),
        detail,
    ))
}
