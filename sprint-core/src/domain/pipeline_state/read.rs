//! Reading the file, whoever wrote it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::domain::pipeline_state::{
    MAX_STATE_BYTES, PipelinePhase, PipelineState, PipelineStateError, PipelineStatus,
    PipelineTicket,
};
use crate::id::{CommitPrefix, TicketId};

/// Reads a state. A field or ticket that cannot be read is left out, with a warning; only a file that
/// says nothing about where the sprint stands is an error.
pub fn parse(bytes: &[u8]) -> Result<PipelineState, PipelineStateError> {
    if bytes.len() > MAX_STATE_BYTES {
        return Err(PipelineStateError::TooLong);
    }
    // A power cut may leave a file of the right length with nothing in it.
    if bytes
        .iter()
        .all(|byte| *byte == 0 || byte.is_ascii_whitespace())
    {
        return Err(PipelineStateError::Empty);
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| PipelineStateError::Syntax(error.to_string()))?;
    let Value::Object(top) = &value else {
        return Err(PipelineStateError::NoObject(kind(&value)));
    };
    let mut warnings = Vec::new();
    let dashboard = top.get("dashboard").and_then(Value::as_object);
    Ok(PipelineState {
        schema_version: top.get("schema_version").and_then(Value::as_u64),
        sprint: field(top, "sprint_id", "", &mut warnings),
        phase: phase(top, dashboard, &mut warnings)?,
        started_at: dashboard.and_then(|d| field(d, "started_at", "dashboard.", &mut warnings)),
        base: field(top, "branch_base", "", &mut warnings),
        tickets: tickets(top, &mut warnings),
        carries_run: top.get("run").is_some_and(|run| !run.is_null()),
        warnings,
    })
}

/// The phase stands in two places, which some writers forget to keep the same (spec C-05): the one
/// that the originals set at each transition counts.
fn phase(
    top: &Map<String, Value>,
    dashboard: Option<&Map<String, Value>>,
    warnings: &mut Vec<String>,
) -> Result<PipelinePhase, PipelineStateError> {
    let mirror = dashboard.and_then(|d| d.get("current_phase"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (own, mirror) = (text(top.get("phase")), text(mirror));
    let missing = || "it names no phase: neither phase nor dashboard.current_phase".to_owned();
    let named = own.as_ref().or(mirror.as_ref());
    let named = named.ok_or_else(|| PipelineStateError::NoPhase(missing()))?;
    let read = PipelinePhase::parse(named).ok_or_else(|| {
        let short: String = named.chars().take(80).collect();
        PipelineStateError::NoPhase(format!("phase {short:?} is none of the pipeline's"))
    })?;
    if own.is_some()
        && let Some(mirror) = mirror
        && PipelinePhase::parse(&mirror) != Some(read)
    {
        let name = read.name();
        warnings.push(format!(
            "dashboard.current_phase is {:?} and phase is {name}; the latter counts",
            mirror.chars().take(80).collect::<String>()
        ));
    }
    Ok(read)
}

fn tickets(
    top: &Map<String, Value>,
    warnings: &mut Vec<String>,
) -> BTreeMap<TicketId, PipelineTicket> {
    let mut tickets = BTreeMap::new();
    let Some(value) = top.get("tickets") else {
        return tickets;
    };
    let Some(entries) = value.as_object() else {
        warnings.push(format!(
            "tickets: expected an object, found {}",
            kind(value)
        ));
        return tickets;
    };
    for (name, entry) in entries {
        let id = match TicketId::new(name) {
            Ok(id) => id,
            Err(error) => {
                warnings.push(format!("tickets: {error}; left out"));
                continue;
            }
        };
        let Some(entry) = entry.as_object() else {
            warnings.push(format!("{id}: expected an object, found {}", kind(entry)));
            continue;
        };
        tickets.insert(id.clone(), ticket(&id, entry, warnings));
    }
    tickets
}

fn ticket(id: &TicketId, entry: &Map<String, Value>, warnings: &mut Vec<String>) -> PipelineTicket {
    let there = |name: &str| entry.get(name).is_some_and(|value| !value.is_null());
    let has_result = [
        "evidence",
        "verification_result",
        "head_sha",
        "commit",
        "commit_sha",
    ]
    .into_iter()
    .any(there);
    let named = entry
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let status = PipelineStatus::parse(named, has_result).unwrap_or_else(|| {
        let named: String = named.chars().take(80).collect();
        warnings.push(format!(
            "{id}: status {named:?} is none of the pipeline's; it counts as not begun"
        ));
        PipelineStatus::Queued
    });
    let place = format!("{id}.");
    // The first name is the canonical one (spec C-06).
    let branch = ["worktree_branch", "branch"].into_iter().find(|n| there(n));
    let head = ["head_sha", "evidence_commit", "commit_sha", "commit"]
        .into_iter()
        .find(|n| there(n));
    let mut commit = |name: &str| {
        field::<String>(entry, name, &place, warnings).and_then(|text| {
            let commit = CommitPrefix::new(text.to_ascii_lowercase());
            commit
                .map_err(|error| warnings.push(format!("{place}{name}: {error}")))
                .ok()
        })
    };
    PipelineTicket {
        status,
        head: head.and_then(&mut commit),
        merged: commit("merge_sha"),
        branch: branch.and_then(|name| field(entry, name, &place, warnings)),
    }
}

fn field<T: FromStr<Err: Display>>(
    object: &Map<String, Value>,
    name: &str,
    place: &str,
    warnings: &mut Vec<String>,
) -> Option<T> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    let Some(text) = value.as_str() else {
        warnings.push(format!(
            "{place}{name}: expected text, found {}",
            kind(value)
        ));
        return None;
    };
    text.trim()
        .parse()
        .map_err(|error| warnings.push(format!("{place}{name}: {error}")))
        .ok()
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
