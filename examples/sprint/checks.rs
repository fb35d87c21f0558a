//! What was looked at before a sprint relies on it, line by line.

use serde_json::json;

use crate::cli::Cli;
use crate::say;

/// One thing that was looked at.
pub(crate) struct Line {
    /// One short word, such as `ok` or `bad`.
    pub(crate) standing: &'static str,
    pub(crate) what: &'static str,
    pub(crate) found: String,
}

/// Prints all of it; as text the second column has this width.
pub(crate) fn show(cli: &Cli, width: usize, lines: &[Line]) {
    if cli.json {
        let lines: Vec<_> = lines
            .iter()
            .map(
                |line| json!({ "what": line.what, "standing": line.standing, "found": line.found }),
            )
            .collect();
        say(&json!({ "checks": lines }).to_string());
        return;
    }
    for Line {
        standing,
        what,
        found,
    } in lines
    {
        say(&format!("{standing:6}{what:width$}{found}"));
    }
}
