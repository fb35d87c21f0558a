//! Keeps our directories out of `git status` without touching a tracked file.

use std::fs;
use std::path::Path;

use crate::error::{GitError, Result};
use crate::files::{read, replace};

/// What sprints write, as lines of `info/exclude`.
pub(crate) const ENTRIES: [&str; 5] = [
    ".claude/worktrees/",
    ".claude/sprints/",
    ".claude/active-problem",
    ".claude/tickets/*.comments.md",
    ".claude/tickets/.lock",
];

/// Adds what is missing to `info/exclude`; the user's lines stay as they are.
pub(crate) fn ensure(common: &Path) -> Result<()> {
    let info = common.join("info");
    fs::create_dir_all(&info).map_err(GitError::io("create", &info))?;
    let file = info.join("exclude");
    // People link this file to one they keep elsewhere; the link stays.
    let file = fs::canonicalize(&file).unwrap_or(file);
    let old = read(&file)?.unwrap_or_default();
    let new = complete(&old);
    if new == old {
        return Ok(());
    }
    replace(&file, &new)
}

fn complete(old: &[u8]) -> Vec<u8> {
    let mut new = old.to_vec();
    for entry in ENTRIES {
        if old
            .split(|byte| *byte == b'\n')
            .any(|line| line.trim_ascii() == entry.as_bytes())
        {
            continue;
        }
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        new.extend_from_slice(entry.as_bytes());
        new.push(b'\n');
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_lines_stay_and_a_second_time_changes_nothing() {
        let new = complete(b"*.swp\n.claude/sprints/\r\nlast\xff");
        let expected: &[u8] = b"*.swp
.claude/sprints/\r
last\xff
.claude/worktrees/
.claude/active-problem
.claude/tickets/*.comments.md
.claude/tickets/.lock
";
        assert_eq!(new, expected);
        assert_eq!(complete(&new), new);
    }
}
