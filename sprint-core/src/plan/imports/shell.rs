//! Imports of POSIX shell and bash: files that are sourced.

use crate::domain::path::RepoPath;
use crate::plan::imports::Import;
use crate::plan::imports::resolve::{Exists, first};

/// `. file` and `source file` where a command begins. Of a path that begins with a variable or a
/// substitution, what comes behind it: that is mostly the script's own directory.
pub(super) fn read(text: &str) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut until: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(mark) = until {
            // Text for another program.
            if line == mark {
                until = None;
            }
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        until = here_document(line);
        let commands = line.split([';', '&', '|']);
        imports.extend(commands.filter_map(sourced).map(Import::File));
    }
    imports
}

/// The word that ends the text which begins in the next line.
fn here_document(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once("<<")?;
    let word = behind.trim_start_matches('-').trim_start();
    if word.starts_with(['<', '(']) {
        return None;
    }
    let word = word.split_whitespace().next()?;
    let word = word.trim_matches(['\'', '"', '\\']);
    (!word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(word)
}

fn sourced(command: &str) -> Option<String> {
    /// Words that may stand before a command.
    const LEADING: [&str; 6] = ["do ", "then ", "else ", "{ ", "( ", "! "];
    let mut command = command.trim_start();
    while let Some(rest) = LEADING.iter().find_map(|word| command.strip_prefix(word)) {
        command = rest.trim_start();
    }
    let rest = command.strip_prefix(". ");
    let rest = rest.or_else(|| command.strip_prefix("source "))?;
    let rest = rest.trim_start();
    let rest = match rest.rfind(['}', ')', '$']) {
        None => rest,
        // `$(dirname "$0")/x` and `${DIR}/x`; behind `$DIR` the name ends at the slash.
        Some(at) => rest[at..].split_once('/')?.1,
    };
    let word = rest.split_whitespace().next()?;
    let path = word.trim_matches(['\'', '"']);
    (!path.is_empty() && !path.contains(['$', '`', '*'])).then(|| path.to_owned())
}

/// The file, seen from `dir` or from the root, whichever there is.
pub(super) fn resolve(path: &str, dir: &[&str], exists: Exists<'_>) -> Option<RepoPath> {
    if path.starts_with('/') {
        return None;
    }
    [dir, &[]].into_iter().find_map(|start| {
        let mut parts = start.to_vec();
        for part in path.split('/') {
            match part {
                "." | "" => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| first(&parts, &[""], exists))?
    })
}
