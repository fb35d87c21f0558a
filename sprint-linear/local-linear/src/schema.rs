//! The published schema, parsed once in a process.

use std::sync::OnceLock;

use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::Value;

/// Returns the schema of the service.
pub fn schema() -> &'static Valid<Schema> {
    static SCHEMA: OnceLock<Valid<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        Schema::parse_and_validate(include_str!("../schema/schema.graphql"), "schema.graphql")
            .expect("the schema in the crate is valid")
    })
}

/// Parses and validates one document.
///
/// # Errors
/// The complaints of the validation, one a line.
pub(crate) fn parse(document: &str) -> Result<Valid<ExecutableDocument>, String> {
    ExecutableDocument::parse_and_validate(schema(), document, "document.graphql").map_err(
        |refused| {
            refused
                .errors
                .iter()
                .map(|e| e.error.to_string())
                .collect::<Vec<_>>()
                .join("\n")
        },
    )
}

/// Says whether the schema allows a document.
///
/// # Errors
/// The complaints of the validation, one a line.
pub fn check_document(document: &str) -> Result<(), String> {
    parse(document).map(drop)
}

/// Says whether variables coerce to the types one operation of a document declares.
///
/// # Errors
/// What does not fit; or what is wrong with the document.
pub fn check_variables(document: &str, operation: &str, variables: &Value) -> Result<(), String> {
    let document = parse(document)?;
    let operation = document
        .operations
        .get(Some(operation))
        .map_err(|e| e.message().to_string())?;
    coerce_variable_values(schema(), operation, &json_map(variables)?)
        .map(drop)
        .map_err(|e| e.message().to_string())
}

/// Variables in the form the engine takes; null counts as none.
///
/// # Errors
/// Anything but an object and null.
pub(crate) fn json_map(variables: &Value) -> Result<JsonMap, String> {
    match variables {
        Value::Null => Ok(JsonMap::new()),
        Value::Object(_) => serde_json::from_value(variables.clone()).map_err(|e| e.to_string()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("variables must be an object".to_owned())
        }
    }
}
