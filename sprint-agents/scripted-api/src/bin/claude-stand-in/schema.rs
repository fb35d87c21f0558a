//! Whether a value is what a JSON Schema asks for: types, required properties, items and enums.

use serde_json::Value;

/// What is wrong with `value`, if anything is.
pub(crate) fn complaint(schema: &Value, value: &Value) -> Option<String> {
    check(schema, value, String::new())
}

fn check(schema: &Value, value: &Value, path: String) -> Option<String> {
    let at = if path.is_empty() { "root" } else { &path };
    let options = schema["enum"].as_array();
    if options.is_some_and(|options| !options.contains(value)) {
        return Some(format!("{at}: must be equal to one of the allowed values"));
    }
    let several = schema["type"].as_array().into_iter().flatten();
    let types: Vec<_> = several
        .chain([&schema["type"]])
        .filter_map(Value::as_str)
        .collect();
    if !types.is_empty() && !types.iter().any(|name| is(value, name)) {
        return Some(format!("{at}: must be {}", types.join(",")));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let mut required = required.filter_map(Value::as_str);
    if let Some(name) = required.find(|name| value.is_object() && value.get(name).is_none()) {
        return Some(format!("{at}: must have required property '{name}'"));
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut properties = properties
        .filter_map(|(name, schema)| check(schema, value.get(name)?, format!("{path}/{name}")));
    let items = value.as_array().into_iter().flatten().enumerate();
    let mut items =
        items.filter_map(|(index, item)| check(&schema["items"], item, format!("{path}/{index}")));
    properties.next().or_else(|| items.next())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_held_against_the_schema() {
        let schema = json!({"type": "object", "required": ["ok"], "properties": {
            "ok": {"type": "boolean"},
            "of": {"type": "array", "items": {"enum": ["a", "b"]}}}});
        let complaint = |value| complaint(&schema, &value).unwrap_or_default();
        assert_eq!(complaint(json!({"ok": true, "of": ["a"]})), "");
        assert_eq!(complaint(json!([])), "root: must be object");
        assert_eq!(
            complaint(json!({})),
            "root: must have required property 'ok'"
        );
        assert_eq!(complaint(json!({"ok": "x"})), "/ok: must be boolean");
        let of = "/of/1: must be equal to one of the allowed values";
        assert_eq!(complaint(json!({"ok": true, "of": ["a", "c"]})), of);
    }
}
