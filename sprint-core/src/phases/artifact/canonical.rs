//! One text for each JSON value, so that it can be hashed.

use serde_json::{Number, Value};

/// The text of RFC 8785. None for a value that cannot have one.
pub(super) fn rfc8785(value: &Value) -> Option<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).ok()
}

/// The text that earlier shell implementations hashed: compact, members sorted by code point,
/// numbers as jq 1.6 writes them, and a newline at the end (spec 9.4).
pub(super) fn sorted_line(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(value, &mut out);
    out.push('\n');
    out.into_bytes()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&short(number)),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (n, (name, value)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                string(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    // The one character that the two escape differently.
    let quoted = Value::from(text).to_string().replace('\u{7f}', "\\u007f");
    out.push_str(&quoted);
}

/// A number as jq 1.6 writes it: the shortest digits, with an exponent of at least two digits if the
/// plain form would need more than 15 zeros behind them or three before.
fn short(number: &Number) -> String {
    let Some(value) = number.as_f64() else {
        return number.to_string();
    };
    let text = format!("{value:e}");
    let Some((digits, Ok(exponent))) = text
        .split_once('e')
        .map(|(digits, exponent)| (digits, exponent.parse::<i32>()))
    else {
        return text;
    };
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let point = exponent + 1;
    if point > -4 && i64::from(point) <= count as i64 + 15 {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_jq() {
        for (number, expected) in [
            ("1.0", "1"),
            ("1e15", "1000000000000000"),
            ("1e16", "1e+16"),
            ("12e16", "1.2e+17"),
            ("123456e12", "123456000000000000"),
            ("123456789012345678", "123456789012345680"),
            ("1e20", "1e+20"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-2.5e-9", "-2.5e-09"),
            ("1.5e300", "1.5e+300"),
            ("5e-324", "5e-324"),
            ("-0.0", "-0"),
        ] {
            let value: Value = serde_json::from_str(number).unwrap();
            let line = String::from_utf8(sorted_line(&value)).unwrap();
            assert_eq!(line, format!("{expected}\n"), "{number}");
        }
    }

    #[test]
    fn members_are_sorted_and_nothing_is_between_them() {
        let value: Value =
            serde_json::from_str("{\"b\": [1, {\"z\": null, \"a\": \"\\u007f\\n\"}], \"B\": true}")
                .unwrap();
        let line = String::from_utf8(sorted_line(&value)).unwrap();
        let expected = r#"{"B":true,"b":[1,{"a":"\u007f\n","z":null}]}"#;
        assert_eq!(line, format!("{expected}\n"));
    }

    /// From RFC 8785: numbers as ECMAScript writes them, and members by UTF-16 units.
    #[test]
    fn the_canonical_text_is_that_of_the_standard() {
        let check = |json: &str, expected: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            let text = String::from_utf8(rfc8785(&value).unwrap()).unwrap();
            assert_eq!(text, expected);
        };
        check(
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]}"#,
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        );
        check(
            "{\"\u{fb33}\": 1, \"\u{1f600}\": 2, \"\u{80}\": 3}",
            "{\"\u{80}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}",
        );
        check(
            "[1.0, 10000000000000000000, -0.0]",
            "[1,10000000000000000000,0]",
        );
    }
}
