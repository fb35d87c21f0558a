//! The JSON Schema of each role's answer, made from the Rust type that reads it.
//!
//! Schemas are written for the validators that agents come with, which differ: one object, no
//! references, no formats, no unions with null (an optional member is left out), and no members
//! but the ones named, so that a misspelt one is told and not lost.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;
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
    let mut settings = SchemaSettings::draft07().with_transform(simplify);
    settings.meta_schema = None;
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}

fn simplify(schema: &mut Schema) {
    let mut value = std::mem::take(schema).to_value();
    plain(&mut value);
    if let Value::Object(members) = value {
        *schema = members.into();
    }
}

/// Takes from a schema what validators disagree about.
fn plain(value: &mut Value) {
    let Value::Object(schema) = value else { return };
    for needless in ["title", "format", "default"] {
        schema.remove(needless);
    }
    // An optional member may be absent; that is enough.
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(mut choices)) = schema.remove("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&"null".into()));
        if let [Value::Object(only)] = choices.as_mut_slice() {
            let told = schema.remove("description");
            schema.append(only);
            schema.extend(told.map(|told| ("description".to_owned(), told)));
        } else {
            schema.insert("anyOf".into(), choices.into());
        }
    }
    if schema.contains_key("properties") {
        schema.insert("additionalProperties".into(), false.into());
    }
    for (name, member) in schema.iter_mut() {
        match (name.as_str(), member) {
            ("properties", Value::Object(members)) => members.values_mut().for_each(plain),
            ("items", items) => plain(items),
            (_, _) => {}
        }
    }
    // Words with a meaning each are a plain choice to a validator.
    if let Some(Value::Array(choices)) = schema.get("oneOf") {
        let words: Vec<_> = choices.iter().filter_map(|c| c.get("const")).collect();
        if words.len() == choices.len() {
            let words = words.into_iter().cloned().collect::<Vec<_>>();
            let meanings = meanings(choices);
            schema.remove("oneOf");
            schema.insert("type".into(), "string".into());
            schema.insert("enum".into(), words.into());
            let told = schema.get("description").and_then(Value::as_str);
            let told = [told.unwrap_or_default(), &meanings].join(" ");
            schema.insert("description".into(), told.trim().into());
        }
    }
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
