//! Graphs as people write them: JSON, or a list of names with commas (spec 7.3, XC-04).

use serde::Deserialize;
use serde_json::Value;

use crate::id::PhaseName;
use crate::phases::graph::{
    ArtifactRule, Concurrency, GraphFault, GraphFaults, GraphWarning, Node, PhaseGraph, builtin,
};

/// A graph and what is worth telling about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The graph.
    pub graph: PhaseGraph,
    /// What its author should know.
    pub warnings: Vec<GraphWarning>,
}

/// Longer texts are refused, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Reads a graph from the text of a file or an argument: JSON if it begins like JSON, otherwise a
/// list of names with commas.
///
/// JSON is an array of phases, or an object with `phase_graph`, as in the manifest of a stack, whose
/// `skills` may say the concurrency of phases.
///
/// # Errors
///
/// Everything that is wrong, one [`GraphFault`] each.
pub fn from_text(text: &str) -> Result<Parsed, GraphFaults> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        let reason = format!("it is larger than {} KiB", MAX_TEXT / 1024);
        return Err(GraphFault::Unreadable { reason }.into());
    }
    if text.starts_with(['[', '{']) {
        from_json(text)
    } else {
        from_list(text)
    }
}

/// Reads names of known phases with commas between them. Each waits for what it waits for in the
/// default graph, past phases that are left out.
///
/// # Errors
///
/// Unknown, unsafe and repeated names, and an empty list.
pub fn from_list(text: &str) -> Result<Parsed, GraphFaults> {
    let mut faults = Vec::new();
    let mut names: Vec<PhaseName> = Vec::new();
    for word in text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        match PhaseName::new(word) {
            Err(error) => faults.push(GraphFault::Unsafe {
                reason: error.to_string(),
            }),
            Ok(name) if builtin::find(word).is_none() => faults.push(GraphFault::NotKnown(name)),
            Ok(name) if names.contains(&name) => faults.push(GraphFault::Duplicate(name)),
            Ok(name) => names.push(name),
        }
    }
    GraphFaults::of(faults)?;
    let kept = |name: &str| names.iter().any(|kept| kept.as_str() == name);
    let graph = PhaseGraph::new(builtin::restricted(kept))?;
    let warnings = graph.warnings();
    Ok(Parsed { graph, warnings })
}

#[derive(Deserialize)]
#[serde(expecting = "an object with name and depends_on")]
struct RawNode {
    name: String,
    depends_on: Vec<String>,
    concurrency: Option<String>,
    artifact: Option<ArtifactRule>,
    #[serde(default)]
    priority: u32,
}

/// A skill of a stack, as far as it says something about its phase.
#[derive(Deserialize)]
struct RawSkill {
    name: String,
    concurrency: Option<String>,
}

fn from_json(text: &str) -> Result<Parsed, GraphFaults> {
    let unreadable = |reason: String| GraphFaults::from(GraphFault::Unreadable { reason });
    let value: Value = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let (items, skills) = match value {
        Value::Array(items) => (items, Vec::new()),
        Value::Object(mut stack) => {
            let Some(Value::Array(items)) = stack.remove("phase_graph") else {
                return Err(unreadable("phase_graph is not an array".into()));
            };
            let skills = stack.remove("skills").unwrap_or(Value::Array(Vec::new()));
            let skills: Vec<RawSkill> = serde_json::from_value(skills)
                .map_err(|error| unreadable(format!("skills: {error}")))?;
            (items, skills)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(unreadable("it is neither an array nor an object".into()));
        }
    };
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    let mut nodes = Vec::new();
    for (number, item) in (1..).zip(items) {
        match serde_json::from_value::<RawNode>(item) {
            Ok(mut raw) => {
                if raw.concurrency.is_none() {
                    let skill = skills.iter().find(|skill| skill.name == raw.name);
                    raw.concurrency = skill.and_then(|skill| skill.concurrency.clone());
                }
                nodes.extend(read_node(raw, &mut faults, &mut warnings));
            }
            Err(error) => faults.push(GraphFault::Malformed {
                number,
                reason: error.to_string(),
            }),
        }
    }
    // What names mean can be checked only when all can be read.
    GraphFaults::of(faults)?;
    let graph = PhaseGraph::new(nodes)?;
    warnings.extend(graph.warnings());
    Ok(Parsed { graph, warnings })
}

fn read_node(
    raw: RawNode,
    faults: &mut Vec<GraphFault>,
    warnings: &mut Vec<GraphWarning>,
) -> Option<Node> {
    let mut name_of = |text: &str| match PhaseName::new(text) {
        Ok(name) => Some(name),
        Err(error) => {
            let reason = error.to_string();
            faults.push(GraphFault::Unsafe { reason });
            None
        }
    };
    let name = name_of(&raw.name);
    let depends_on = raw.depends_on.iter().filter_map(|text| name_of(text));
    let depends_on = depends_on.collect();
    let name = name?;
    let known = builtin::find(name.as_str());
    let concurrency = match (raw.concurrency.as_deref(), known) {
        (Some("read"), _) => Concurrency::Read,
        (Some("write"), _) => Concurrency::Write,
        (Some("exclusive"), _) => Concurrency::Exclusive,
        (None, Some(known)) => known.concurrency,
        (declared, _) => {
            let declared = declared.map(|text| text.chars().take(40).collect());
            let phase = name.clone();
            warnings.push(GraphWarning::UnknownClass { phase, declared });
            Concurrency::Write
        }
    };
    let artifact = raw
        .artifact
        .unwrap_or_else(|| known.map_or(ArtifactRule::Required, |known| known.artifact));
    Some(Node {
        name,
        depends_on,
        concurrency,
        artifact,
        priority: raw.priority,
    })
}
