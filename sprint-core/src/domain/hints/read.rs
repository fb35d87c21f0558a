//! Reading the file, field by field.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::config::CoordinationMode;
use crate::domain::hints::{
    HintFault, HintFaultKind, HintField, Hints, HintsError, MAX_HINTS_BYTES, TicketHint,
};
use crate::domain::path::RepoPath;
use crate::domain::ticket::Size;
use crate::id::{CommitPrefix, TicketId};

/// Reads the file. What can be read of it is in the hints, and each thing that is wrong, missing
/// fields too, is a fault, those of the file before those of tickets.
pub fn parse(bytes: &[u8]) -> Result<(Hints, Vec<HintFault>), HintsError> {
    if bytes.len() > MAX_HINTS_BYTES {
        return Err(HintsError::TooLong);
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| HintsError::Syntax(error.to_string()))?;
    let Value::Object(top) = &value else {
        return Err(HintsError::NoObject(kind(&value)));
    };
    let mut faults = Vec::new();
    let mut reader = Reader::new(top, None, &mut faults);
    let mut hints = Hints {
        problem_id: reader.take(HintField::ProblemId, text_as),
        generated_at: reader.take(HintField::GeneratedAt, text_as),
        plan_commit: reader.take(HintField::PlanCommit, commit),
        plan_doc: reader.take(HintField::PlanDoc, path),
        coordination: reader.take(HintField::Coordination, mode),
        total_tickets: reader.take(HintField::TotalTickets, number),
        total_edge_cases: reader.take(HintField::TotalEdgeCases, number),
        ..Hints::default()
    };
    let tickets = reader.take(HintField::Tickets, |value| {
        value
            .as_object()
            .ok_or_else(|| expected("an object", value))
    });
    for (name, entry) in tickets.into_iter().flatten() {
        let name: String = name.chars().take(80).collect();
        let mut wrong = |what: String| {
            faults.push(HintFault {
                ticket: Some(name.clone()),
                field: HintField::Tickets,
                what: HintFaultKind::Wrong(what),
            });
        };
        let id = match TicketId::new(&name) {
            Ok(id) => id,
            Err(error) => {
                wrong(error.to_string());
                continue;
            }
        };
        let Value::Object(entry) = entry else {
            wrong(expected("an object", entry));
            continue;
        };
        let mut reader = Reader::new(entry, Some(&name), &mut faults);
        let hint = ticket(&mut reader);
        hints.tickets.insert(id, hint);
    }
    Ok((hints, faults))
}

fn ticket(reader: &mut Reader<'_, '_>) -> TicketHint {
    TicketHint {
        title: reader.take(HintField::Title, |value| text(value).map(str::to_owned)),
        complexity: reader.take(HintField::Complexity, size),
        dependencies: reader.take(HintField::Dependencies, |value| set(value, text_as)),
        files_to_create: reader.take(HintField::FilesToCreate, |value| set(value, path)),
        files_to_modify: reader.take(HintField::FilesToModify, |value| set(value, path)),
        edge_case_count: reader.take(HintField::EdgeCaseCount, number),
        wave: reader.take(HintField::Wave, |value| match number(value)? {
            0 => Err("waves are counted from 1, found 0".into()),
            wave => Ok(wave),
        }),
    }
}

/// Takes fields out of an object and notes what is wrong.
struct Reader<'a, 'f> {
    object: &'a Map<String, Value>,
    ticket: Option<&'f str>,
    faults: &'f mut Vec<HintFault>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn new(
        object: &'a Map<String, Value>,
        ticket: Option<&'f str>,
        faults: &'f mut Vec<HintFault>,
    ) -> Self {
        Self {
            object,
            ticket,
            faults,
        }
    }

    fn take<T>(
        &mut self,
        field: HintField,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        let what = match self.object.get(field.name()) {
            None | Some(Value::Null) => HintFaultKind::Missing,
            Some(value) => match read(value) {
                Ok(value) => return Some(value),
                Err(what) => HintFaultKind::Wrong(what),
            },
        };
        self.faults.push(HintFault {
            ticket: self.ticket.map(str::to_owned),
            field,
            what,
        });
        None
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| expected("text", value))
}

fn text_as<T: std::str::FromStr<Err: std::fmt::Display>>(value: &Value) -> Result<T, String> {
    text(value)?
        .parse()
        .map_err(|error: T::Err| error.to_string())
}

fn commit(value: &Value) -> Result<CommitPrefix, String> {
    CommitPrefix::new(text(value)?.to_ascii_lowercase()).map_err(|error| error.to_string())
}

/// A whole number. Text that is one counts: planners are language models (spec C-13).
fn number(value: &Value) -> Result<u64, String> {
    let read = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.as_u64()
        }
    };
    read.ok_or_else(|| expected("a whole number", value))
}

fn size(value: &Value) -> Result<Size, String> {
    match text(value)?.trim() {
        "S" | "s" => Ok(Size::S),
        "M" | "m" => Ok(Size::M),
        "L" | "l" => Ok(Size::L),
        _ => Err(expected("S, M or L", value)),
    }
}

/// The mode by its name, or by the prose that some planners write (spec C-13).
fn mode(value: &Value) -> Result<CoordinationMode, String> {
    let plain = text(value)?.chars().filter(|c| c.is_alphanumeric());
    let plain: String = plain.flat_map(char::to_lowercase).collect();
    match plain.as_str() {
        "agentteams" | "agentteam" | "teams" => Ok(CoordinationMode::AgentTeams),
        "subagents" | "subagent" => Ok(CoordinationMode::Subagents),
        _ => Err(expected("agent-teams or subagents", value)),
    }
}

/// A path inside the repository.
fn path(value: &Value) -> Result<RepoPath, String> {
    let text = text(value)?.trim();
    let path = text.trim_start_matches("./");
    let inside = !path.starts_with('/') && path.split('/').all(|part| part != "..");
    if path.is_empty() || !inside {
        return Err(expected("a path inside the repository", value));
    }
    Ok(RepoPath::from(path))
}

fn set<T: Ord>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<BTreeSet<T>, String> {
    let items = value.as_array().ok_or_else(|| expected("a list", value))?;
    let item = |(number, item)| read(item).map_err(|what| format!("item {number}: {what}"));
    (1..).zip(items).map(item).collect()
}

fn expected(what: &str, found: &Value) -> String {
    match found {
        Value::String(text) => {
            let text: String = text.chars().take(80).collect();
            format!("expected {what}, found {text:?}")
        }
        Value::Number(number) => format!("expected {what}, found {number}"),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            format!("expected {what}, found {}", kind(found))
        }
    }
}

pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
