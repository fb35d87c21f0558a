//! Bytes of an agent as one JSON object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::phases::artifact::MAX_BYTES;
use crate::phases::artifact::problem::Problem;

/// The one object in these bytes. Nothing, members that are there twice, several documents and anything else than an object are
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
    let Once(value) = Once::deserialize(&mut json)
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

/// A value whose objects have each member once. Of two, one would be lost without a word.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            // Not by name: no secret was removed yet.
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("an object has two members of one name"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Every value is read as everybody reads it.
        #[test]
        fn values_are_those_of_the_usual_reader(
            whole: i64, natural: u64, real: f64, text: String, flag: bool,
        ) {
            let json = serde_json::json!({
                "a": [whole, natural, null, flag, {}], "b": {&text: real}, "c": text
            });
            let bytes = json.to_string().into_bytes();
            let usual: Map<String, Value> = serde_json::from_slice(&bytes).unwrap();
            proptest::prop_assert_eq!(parse(&bytes), Ok(usual));
        }
    }
}
