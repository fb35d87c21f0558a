//! Bytes of an agent as one JSON object.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::phases::artifact::MAX_BYTES;
use crate::phases::artifact::problem::Problem;

/// The one object in these bytes. Nothing, several documents and anything else than an object are
/// refused.
pub(super) fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.len() > MAX_BYTES {
        let (is, may) = (bytes.len(), MAX_BYTES);
        return Err(Problem::whole(format_args!(
            "has {is} bytes; {may} are allowed"
        )));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::whole("is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problem::whole("is empty; write one JSON object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Value::deserialize(&mut json)
        .map_err(|error| Problem::whole(format_args!("is not JSON: {error}")))?;
    json.end().map_err(|_| {
        Problem::whole("holds more than one JSON document; write exactly one object")
    })?;
    match value {
        Value::Object(document) => Ok(document),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::whole("is not a JSON object"))
        }
    }
}
