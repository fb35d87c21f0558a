//! The checklist for people.

use crate::preflight::step::{Checklist, Outcome};

/// Columns before what was found.
const INDENT: usize = 20;

impl Checklist {
    /// One line for each step, its warnings below it, and what to do if one failed.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for checked in &self.steps {
            let (sign, found, below): (_, &str, &[String]) = match &checked.outcome {
                Outcome::Ok { found } => ("ok", found, &[]),
                Outcome::Warning { found, warnings } => ("warn", found, warnings),
                Outcome::Failed { reason, .. } => ("FAILED", reason, &[]),
                Outcome::Skipped { reason } => ("-", reason, &[]),
            };
            let name = checked.step.name();
            let mut rest = found.lines();
            let first = rest.next().unwrap_or_default();
            lines.push(format!("{sign:<8}{name:<12}{first}"));
            let below = below.iter().map(|warning| format!("! {warning}"));
            let rest = rest.map(str::to_owned).chain(below);
            lines.extend(rest.map(|line| format!("{:INDENT$}{line}", "")));
        }
        lines.push(String::new());
        lines.push(match self.failed() {
            None => "ready to start".to_owned(),
            Some((_, _, next)) => format!("not ready: {next}"),
        });
        lines.join("\n")
    }
}
