//! Processes that a test has started, wherever they went.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// The living processes whose environment holds this variable with this value, as their places
/// below `/proc`. What a process starts inherits its variables, so that a mark of a test's own finds
/// what has left its process group, too.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn processes_with(variable: &str, value: impl AsRef<OsStr>) -> Vec<PathBuf> {
    let mark = [variable.as_bytes(), b"=", value.as_ref().as_bytes()].concat();
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let places = processes.flatten().map(|process| process.path());
    let marked = |place: &PathBuf| {
        // One that is gone, or another user's, cannot be read.
        let variables = fs::read(place.join("environ")).unwrap_or_default();
        let mut variables = variables.split(|byte| *byte == 0);
        variables.any(|variable| variable == mark)
    };
    places.filter(marked).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_what_carries_the_mark_is_found() {
        let mark = format!("{}-processes", std::process::id());
        let mut marked = Command::new("cat")
            .env("SCRIPTED_API_MARK", &mark)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a process");
        let place = PathBuf::from(format!("/proc/{}", marked.id()));
        assert_eq!(processes_with("SCRIPTED_API_MARK", &mark), [place]);
        assert_eq!(
            processes_with("SCRIPTED_API_MAR", &mark),
            [""; 0].map(PathBuf::from)
        );
        drop(marked.stdin.take());
        marked.wait().expect("its end");
        assert_eq!(
            processes_with("SCRIPTED_API_MARK", &mark),
            [""; 0].map(PathBuf::from)
        );
    }
}
