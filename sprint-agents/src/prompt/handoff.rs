//! The report of a context agent that is gone, in the six parts a worker looks for (spec 3.7).

use sprint_core::domain::ticket::sections;

use crate::prompt::frame;

/// The parts, in their order.
pub const PARTS: [&str; 6] = [
    "Files Analyzed",
    "Patterns Discovered",
    "Types & Schemas",
    "Starter Templates",
    "Suggested Edge Cases",
    "Unverified References",
];

/// What a part that is missing says.
pub const NOT_PROVIDED: &str = "[NOT PROVIDED]";

/// A report by its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handoff {
    /// The text of each part of [`PARTS`]; `None` if the report does not have it.
    pub parts: [Option<String>; 6],
    /// What stands under no heading of ours.
    pub rest: String,
}

/// Reads a report. Headings may be longer than ours and write "and" for "&"; a part that comes
/// twice is joined.
pub fn handoff(report: &str) -> Handoff {
    let mut handoff = Handoff::default();
    for section in sections(report) {
        let heading = section.heading.map(squash).unwrap_or_default();
        let part = PARTS
            .iter()
            .position(|part| heading.starts_with(&squash(part)));
        let body = section.body.trim();
        let (text, body) = match (part, section.heading) {
            (Some(part), _) => (handoff.parts[part].get_or_insert_default(), body.to_owned()),
            (None, Some(heading)) => (&mut handoff.rest, format!("## {heading}\n{body}")),
            (None, None) => (&mut handoff.rest, body.to_owned()),
        };
        if !text.is_empty() && !body.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(body.trim_end());
    }
    for part in &mut handoff.parts {
        *part = part.take().filter(|text| !text.is_empty());
    }
    handoff
}

impl Handoff {
    /// How many parts are there.
    pub fn provided(&self) -> usize {
        self.parts.iter().flatten().count()
    }

    /// All six parts, each quoted, and what else the report says.
    pub(super) fn text(&self) -> String {
        let mut blocks = Vec::new();
        for (name, part) in PARTS.iter().zip(&self.parts) {
            let body = match part {
                Some(text) => frame::frame(name, text),
                None => NOT_PROVIDED.to_owned(),
            };
            blocks.push(format!("### {name}\n{body}"));
        }
        if !self.rest.is_empty() {
            let rest = frame::frame("the rest of the report", &self.rest);
            blocks.push(format!("### Anything else\n{rest}"));
        }
        blocks.join("\n\n")
    }
}

/// Letters and digits in lower case, with "and" for "&".
fn squash(heading: &str) -> String {
    let heading = heading.to_lowercase().replace('&', "and");
    heading.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_falls_into_its_parts() {
        let report = "Hello\n## Files analyzed (3)\nsrc/a.rs:1\n## Types and schemas\nUser\n\
                      ## Mine\nx\n```\n## Starter Templates\n```\n## Files Analyzed\nsrc/b.rs:2\n\
                      ## Suggested Edge Cases\n\n";
        let handoff = handoff(report);
        assert_eq!(
            handoff.parts[0].as_deref(),
            Some("src/a.rs:1\n\nsrc/b.rs:2")
        );
        assert_eq!(handoff.parts[2].as_deref(), Some("User"));
        assert_eq!(handoff.parts[3], None, "a heading in code is none");
        assert_eq!(handoff.parts[4], None, "an empty part is missing");
        assert_eq!(handoff.provided(), 2);
        assert_eq!(
            handoff.rest,
            "Hello\n\n## Mine\nx\n```\n## Starter Templates\n```"
        );
        insta::assert_snapshot!(handoff.text(), @r"
        ### Files Analyzed
        <<<e295735e612d Files Analyzed>>>
        src/a.rs:1

        src/b.rs:2
        <<<end e295735e612d>>>

        ### Patterns Discovered
        [NOT PROVIDED]

        ### Types & Schemas
        <<<b512d97e7cbf Types & Schemas>>>
        User
        <<<end b512d97e7cbf>>>

        ### Starter Templates
        [NOT PROVIDED]

        ### Suggested Edge Cases
        [NOT PROVIDED]

        ### Unverified References
        [NOT PROVIDED]

        ### Anything else
        <<<44debd2659c5 the rest of the report>>>
        Hello

        ## Mine
        x
        ```
        ## Starter Templates
        ```
        <<<end 44debd2659c5>>>
        ");
    }

    #[test]
    fn a_report_without_parts_is_all_rest() {
        let handoff = handoff("start in src/lib.rs");
        assert_eq!(handoff.provided(), 0);
        assert_eq!(handoff.rest, "start in src/lib.rs");
    }
}
