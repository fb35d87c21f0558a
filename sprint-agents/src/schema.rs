//! The JSON Schema of each role's answer, made from the Rust type that reads it.
//!
//! Schemas are written for the validators that agents come with, which differ: one object, no
//! references, no formats, no unions with null (an optional member is left out), and no members
//! but the ones named, so that a misspelt one is told and not lost.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use sprint_core::domain::agent::{
    CompletionResult, ConflictResult, ContextResult, E2eResult, ExploreResult, RetrospectiveResult,
    ReviewResult, Role, SchedulerResult, SimplifierResult, TicketContextResult, WorkerResult,
};

/// The schema of what `role` answers.
pub fn schema(role: Role) -> Value {
    match role {
        Role::Context => of::<ContextResult>(),
        Role::Worker => of::<WorkerResult>(),
        Role::Review => of::<ReviewResult>(),
        Role::Completion => of::<CompletionResult>(),
        Role::Simplifier => of::<SimplifierResult>(),
        Role::Conflict => of::<ConflictResult>(),
        Role::E2e => of::<E2eResult>(),
        Role::Retrospective => of::<RetrospectiveResult>(),
        Role::Explore => of::<ExploreResult>(),
        Role::TicketContext => of::<TicketContextResult>(),
        Role::Scheduler => of::<SchedulerResult>(),
    }
}

fn of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.meta_schema = None;
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = schema.to_value();
    plain(&mut schema);
    schema
}

/// Takes from a schema what validators disagree about.
fn plain(value: &mut Value) {
    let Value::Object(schema) = value else { return };
    for needless in ["title", "format", "default"] {
        schema.remove(needless);
    }
    without_null(schema);
    as_words(schema);
    if let Some(Value::Object(members)) = schema.get_mut("properties") {
        members.values_mut().for_each(plain);
        schema.insert("additionalProperties".into(), false.into());
    }
    if let Some(items) = schema.get_mut("items") {
        plain(items);
    }
}

/// An optional member may be absent; that is enough.
fn without_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(mut choices)) = schema.remove("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&"null".into()));
        if let [Value::Object(only)] = choices.as_mut_slice() {
            // What is said of the member is nearer than what is said of its type.
            let told = schema.remove("description");
            schema.append(only);
            schema.extend(told.map(|told| ("description".to_owned(), told)));
        } else {
            schema.insert("anyOf".into(), choices.into());
        }
    }
}

/// Words with a meaning each become a plain choice, and their meanings part of the description.
fn as_words(schema: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else {
        return;
    };
    let words: Option<Vec<Value>> = choices.iter().map(|c| c.get("const").cloned()).collect();
    let Some(words) = words else { return };
    let told = schema.get("description").and_then(Value::as_str);
    let told = [told.unwrap_or_default(), &meanings(choices)].join(" ");
    schema.remove("oneOf");
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), words.into());
    schema.insert("description".into(), told.trim().into());
}

/// What each of the words of a choice means, in one line.
fn meanings(choices: &[Value]) -> String {
    let meaning = |choice: &Value| {
        let word = choice.get("const")?.as_str()?;
        let told = choice.get("description")?.as_str()?;
        Some(format!("`{word}`: {told}"))
    };
    let told: Vec<_> = choices.iter().filter_map(meaning).collect();
    told.join(" ")
}

#[cfg(test)]
mod tests;
