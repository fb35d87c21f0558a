//! From Linear's words to ours.

use sprint_core::domain::ticket::{Priority, Size, Ticket};
use sprint_core::id::{TicketId, natural_key};
use sprint_core::time::Timestamp;

use crate::call_error::printable;
use crate::ops::issues::IssueNode;
use crate::team::{Life, status};

/// The ticket that an issue is. The issue has to have all its labels; `blockers` are the tickets
/// that block it.
///
/// # Errors
///
/// Why it is no ticket: a sentence fragment.
pub(crate) fn ticket(node: &IssueNode, mut blockers: Vec<TicketId>) -> Result<Ticket, String> {
    let life = Life::of(node.archived_at.as_deref(), node.trashed);
    blockers.sort_by(|a, b| natural_key(a.as_str()).cmp(&natural_key(b.as_str())));
    blockers.dedup();
    let parent = node
        .parent
        .as_ref()
        .map(|parent| identifier(&parent.identifier));
    Ok(Ticket {
        id: identifier(&node.identifier)?,
        title: node.title.clone(),
        status: status(&node.state.kind, life)?,
        priority: priority(node.priority)?,
        labels: labels(node),
        parent: parent.transpose()?,
        tracker_id: Some(node.id.clone()),
        blocked_by: blockers,
        size: size(node.estimate),
        body: body(node.description.as_deref().unwrap_or_default()),
        updated_at: Some(time(&node.updated_at)?),
    })
}

/// An identifier such as `ENG-12`.
pub(crate) fn identifier(text: &str) -> Result<TicketId, String> {
    TicketId::new(text).map_err(|error| error.to_string())
}

/// A time as Linear writes it.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| format!("{:?} is no time", printable(text)))
}

fn priority(number: f64) -> Result<Priority, String> {
    let all = [
        Priority::None,
        Priority::Urgent,
        Priority::High,
        Priority::Medium,
        Priority::Low,
    ];
    let is_it = |p: &Priority| (f64::from(p.number()) - number).abs() < f64::EPSILON;
    let found = all.into_iter().find(is_it);
    let unknown = || format!("its priority is {number}, which has no meaning");
    found.ok_or_else(unknown)
}

/// Whatever scale a team estimates on, all of them begin alike: up to 2 is small, up to 5 is
/// medium. A ticket without an estimate is medium.
fn size(estimate: Option<f64>) -> Size {
    match estimate {
        Some(points) if points > 5.0 => Size::L,
        Some(points) if points > 0.0 && points <= 2.0 => Size::S,
        _ => Size::M,
    }
}

/// The names of an issue's labels, in the order of their ids at the issue.
fn labels(node: &IssueNode) -> Vec<String> {
    let place = |id: &str| node.label_ids.iter().position(|one| one == id);
    let mut labels: Vec<_> = node.labels.nodes.iter().collect();
    labels.sort_by_key(|label| (place(&label.id).unwrap_or(usize::MAX), &label.name));
    labels.dedup_by_key(|label| &label.id);
    labels.into_iter().map(|label| label.name.clone()).collect()
}

/// A description as it may have been written: Linear gives its own Markdown, in which lists have
/// stars and the brackets of what it does not take for a check box are escaped. Nothing but
/// that is changed, and nothing in fenced code.
fn body(stored: &str) -> String {
    let mut body = String::with_capacity(stored.len());
    let mut fence: Option<&str> = None;
    for line in stored.split_inclusive('\n') {
        let text = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|m| text.starts_with(m));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark && text.trim_end().len() == 3 => fence = None,
            (None, None) => {
                body.push_str(&line[..line.len() - text.len()]);
                body.push_str(&item(text));
                continue;
            }
            (Some(_), _) => {}
        }
        body.push_str(line);
    }
    body
}

/// A line of a list, with the mark and the check box that people write.
fn item(line: &str) -> String {
    let marks = ["* ", "+ "];
    let Some(rest) = marks.into_iter().find_map(|mark| line.strip_prefix(mark)) else {
        return boxed(line, line.strip_prefix("- "));
    };
    boxed(&format!("- {rest}"), Some(rest))
}

fn boxed(line: &str, item: Option<&str>) -> String {
    for (escaped, plain) in [("\\[ \\]", "[ ]"), ("\\[x\\]", "[x]"), ("\\[X\\]", "[x]")] {
        if let Some(rest) = item.and_then(|item| item.strip_prefix(escaped)) {
            return format!("- {plain}{rest}");
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_written_and_code_as_it_is() {
        let stored = "## Criteria\n\n* \\[ \\] `f`: x\n* [x] done\n  * nested\n+ plus\n- \\[x\\] mixed\n\n```text\n* \\[ \\] code\n```\n*emphasis* stays\n";
        let written = "## Criteria\n\n- [ ] `f`: x\n- [x] done\n  - nested\n- plus\n- [x] mixed\n\n```text\n* \\[ \\] code\n```\n*emphasis* stays\n";
        assert_eq!(body(stored), written);
        assert_eq!(body(written), written);
        assert_eq!(body(""), "");
    }

    #[test]
    fn estimates_and_priorities_have_the_meaning_that_teams_give_them() {
        let sizes = [None, Some(0.0), Some(1.0), Some(2.0), Some(3.0), Some(5.0)];
        let sizes: Vec<_> = sizes.into_iter().map(size).collect();
        use Size::{L, M, S};
        assert_eq!(sizes, [M, M, S, S, M, M]);
        assert_eq!([size(Some(8.0)), size(Some(f64::NAN))], [L, M]);
        assert_eq!(priority(0.0), Ok(Priority::None));
        assert_eq!(priority(1.0), Ok(Priority::Urgent));
        assert_eq!(priority(4.0), Ok(Priority::Low));
        for odd in [-1.0, 0.5, 5.0, f64::NAN] {
            assert!(priority(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn times_are_read_to_the_millisecond() {
        let read = time("2026-01-31T09:05:00.123Z").expect("it is one");
        assert_eq!(read.to_string(), "2026-01-31T09:05:00.123Z");
        assert_eq!(time("soon\n"), Err("\"soon\" is no time".into()));
    }
}
