//! Secrets taken out of a whole document.

use serde_json::{Map, Value};

/// The document with every text in it, names of members too, as `clean` leaves it.
///
/// Two members whose names are the same afterwards would be one: the later gets a number.
pub(super) fn document(
    document: Map<String, Value>,
    clean: &dyn Fn(&str) -> String,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in document {
        let name = clean(&name);
        let mut free = name.clone();
        let mut n = 2_u64;
        while out.contains_key(&free) {
            free = format!("{name} ({n})");
            n += 1;
        }
        out.insert(free, self::value(value, clean));
    }
    out
}

fn value(value: Value, clean: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| self::value(item, clean));
            Value::Array(items.collect())
        }
        Value::Object(members) => Value::Object(document(members, clean)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
