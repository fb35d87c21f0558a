//! Tickets as a tracker tells them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::markdown::Fence;
use crate::id::TicketId;
use crate::time::Timestamp;

/// One ticket, as fetched from the tracker.
///
/// Title, labels and body are untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The identifier people use.
    pub id: TicketId,
    /// One line.
    pub title: String,
    /// Where the tracker says the ticket stands.
    pub status: TicketStatus,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Free labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Tickets that must be done before this one.
    #[serde(default)]
    pub blocked_by: Vec<TicketId>,
    /// Estimated size.
    #[serde(default)]
    pub size: Size,
    /// The description in Markdown, with the headings the planner writes.
    #[serde(default)]
    pub body: String,
    /// When it last changed, if the tracker says.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// The ticket that this one is a part of, if any. For people: it orders nothing, and a part may
    /// be done before or after the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TicketId>,
    /// The tracker's own id of it, where that is another than the one people use. It stays when the
    /// other changes, as it does on Linear with the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker_id: Option<String>,
}

/// A tracker's workflow states, by type rather than by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// Waiting to be started.
    Todo,
    /// Somebody, or the engine, works on it.
    InProgress,
    /// Completed.
    Done,
    /// Cancelled or deleted: nobody will work on it.
    Cancelled,
}

impl TicketStatus {
    /// The name shown to people and written by the file tracker.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Todo => "Todo",
            Self::InProgress => "In Progress",
            Self::Done => "Done",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Reads a status the way people write it: any case, with spaces, `-` or `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        match plain.as_str() {
            "todo" | "backlog" | "unstarted" => Some(Self::Todo),
            "inprogress" | "started" => Some(Self::InProgress),
            "done" | "completed" | "complete" => Some(Self::Done),
            "cancelled" | "canceled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

impl fmt::Display for TicketStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Urgency, most urgent first; a ticket without one sorts last.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// 1 in Linear.
    Urgent,
    /// 2 in Linear.
    High,
    /// 3 in Linear.
    Medium,
    /// 4 in Linear.
    Low,
    /// 0 in Linear.
    #[default]
    None,
}

impl Priority {
    /// Linear's number for it: 1 to 4, the most urgent first, and 0 for none.
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Urgent => 1,
            Self::High => 2,
            Self::Medium => 3,
            Self::Low => 4,
        }
    }

    /// Reads a priority as a name in any case or as Linear's number.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "urgent" | "1" => Some(Self::Urgent),
            "high" | "2" => Some(Self::High),
            "medium" | "3" => Some(Self::Medium),
            "low" | "4" => Some(Self::Low),
            "none" | "0" | "" => Some(Self::None),
            _ => None,
        }
    }
}

/// Estimated size of a ticket.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Size {
    /// Small.
    S,
    /// Medium, the default where nobody estimated.
    #[default]
    M,
    /// Large.
    L,
}

impl Size {
    /// Expected agent minutes, used only to weigh critical paths (measured means of 6, 14 and 30).
    pub const fn minutes(self) -> u32 {
        match self {
            Self::S => 6,
            Self::M => 14,
            Self::L => 30,
        }
    }
}

impl Ticket {
    /// Whether the work starts with a failing test: a bug by label, or by title prefix
    /// (`fix:`, `bug:`, `hotfix:`, `patch:`).
    pub fn is_bug(&self) -> bool {
        let prefix = self
            .title
            .split_once(':')
            .map(|(head, _)| head.trim().to_ascii_lowercase());
        matches!(prefix.as_deref(), Some("fix" | "bug" | "hotfix" | "patch"))
            || self
                .labels
                .iter()
                .any(|label| label.eq_ignore_ascii_case("bug"))
    }

    /// The title on one line without control characters, cut to `max` characters: safe in
    /// commit subjects and tables.
    pub fn plain_title(&self, max: usize) -> String {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = self.title.chars().map(clean).collect();
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= max {
            line
        } else {
            line.chars()
                .take(max.saturating_sub(1))
                .chain(['…'])
                .collect()
        }
    }

    /// The body of the first level-2 heading that starts with `name`, ignoring case. Runs to the
    /// next level-2 heading; headings inside fenced code do not count.
    pub fn section(&self, name: &str) -> Option<String> {
        let mut sections = sections(&self.body).into_iter();
        sections
            .find(|section| section.is_called(name))
            .map(|section| section.body.trim().to_owned())
    }

    /// The acceptance criteria: the checkbox lines of the section of that name.
    pub fn acceptance_criteria(&self) -> Vec<String> {
        let section = self.section("Acceptance Criteria").unwrap_or_default();
        section
            .lines()
            .filter_map(checkbox)
            .map(str::to_owned)
            .collect()
    }
}

/// A part of a Markdown text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its level-2 heading; `None` for what stands before the first one.
    pub heading: Option<&'a str>,
    /// Everything below the heading.
    pub body: &'a str,
}

impl Section<'_> {
    /// Whether its heading starts with `name`, ignoring case: people add to headings.
    pub fn is_called(&self, name: &str) -> bool {
        let starts = |heading: &str| heading.to_lowercase().starts_with(&name.to_lowercase());
        self.heading.is_some_and(starts)
    }
}

/// The parts of a text between its level-2 headings; headings inside fenced code do not count.
pub fn sections(text: &str) -> Vec<Section<'_>> {
    let mut found = Vec::new();
    let mut fence = Fence::default();
    let (mut heading, mut start, mut at) = (None, 0, 0);
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        let fenced = fence.covers(line);
        let title = line.strip_prefix("## ").filter(|_| !fenced);
        if let Some(title) = title {
            let body = &text[start..at];
            found.push(Section { heading, body });
            (heading, start) = (Some(title.trim()), next);
        }
        at = next;
    }
    let body = &text[start..];
    found.push(Section { heading, body });
    found
}

/// The text of a Markdown checkbox line (`- [ ] text`, `* [x] text`).
pub fn checkbox(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("- [")
        .or_else(|| line.strip_prefix("* ["))?;
    let rest = line.strip_prefix([' ', 'x', 'X'])?.strip_prefix(']')?;
    Some(rest.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(title: &str, body: &str) -> Ticket {
        Ticket {
            id: TicketId::new("T-1").unwrap(),
            title: title.into(),
            status: TicketStatus::Todo,
            priority: Priority::default(),
            labels: vec![],
            blocked_by: vec![],
            size: Size::M,
            body: body.into(),
            updated_at: None,
            parent: None,
            tracker_id: None,
        }
    }

    #[test]
    fn sections_match_by_prefix_and_ignore_fences() {
        let body = "## Overview\nhi\n```\n## Edge Cases\nfake\n```\n## edge cases (MANDATORY)\n- [ ] a\n## End\n";
        let t = ticket("x", body);
        assert_eq!(t.section("Edge Cases").as_deref(), Some("- [ ] a"));
        assert_eq!(t.section("Nope"), None);
    }

    #[test]
    fn the_parts_of_a_text_are_all_of_it() {
        let text = "intro\n## One \na\n````\n```\n## no\n````\n### deeper\n##Not\n## Two";
        let parts = sections(text);
        let heads: Vec<_> = parts.iter().map(|part| part.heading).collect();
        assert_eq!(heads, [None, Some("One"), Some("Two")]);
        assert_eq!(parts[0].body, "intro\n");
        assert_eq!(
            parts[1].body,
            "a\n````\n```\n## no\n````\n### deeper\n##Not\n"
        );
        assert_eq!(parts[2].body, "");
    }

    #[test]
    fn titles_are_flattened_and_cut() {
        let t = ticket("a\nb\u{1b}[31m  c", "");
        assert_eq!(t.plain_title(40), "a b [31m c");
        assert_eq!(t.plain_title(4), "a b…");
    }

    #[test]
    fn bugs_are_found_by_title_or_label() {
        assert!(ticket("Fix: it", "").is_bug());
        assert!(!ticket("fixture: it", "").is_bug());
    }

    #[test]
    fn criteria_are_checkbox_lines() {
        let t = ticket("x", "## Acceptance Criteria\n- [ ] one\n* [x] two\ntext\n");
        assert_eq!(t.acceptance_criteria(), ["one", "two"]);
    }
}
