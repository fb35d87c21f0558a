//! Debugging leftovers.

use crate::domain::verdict::{Finding, FindingKind};
use crate::domain::workspace::AddedLine;

/// Debugging leftovers among the lines a change adds. Prose and data files are not searched.
pub(super) fn artifacts(added: &[AddedLine]) -> Vec<Finding> {
    /// What counts as a leftover, by file extension.
    const TABLE: &[(&[&str], &[&str])] = &[
        (
            &["js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte"],
            &["console.log(", "debugger"],
        ),
        (&["rs"], &["dbg!(", "todo!(", "unimplemented!("]),
        (&["py"], &["breakpoint()", "pdb.set_trace()"]),
        (&["rb"], &["binding.pry", "byebug"]),
    ];
    let leftover = |line: &&AddedLine| {
        let extension = line
            .path
            .file_name()
            .rsplit_once('.')
            .map_or("", |(_, ext)| ext);
        TABLE
            .iter()
            .filter(|(extensions, _)| extensions.contains(&extension))
            .flat_map(|(_, marks)| *marks)
            .any(|mark| line.text.contains(mark))
    };
    added
        .iter()
        .filter(leftover)
        .take(20)
        .map(|line| {
            let message = format!("debugging leftover in an added line: {}", line.text.trim());
            Finding::blocking(FindingKind::DebugArtifacts, message)
                .at(format!("{}:{}", line.path, line.line))
        })
        .collect()
}
