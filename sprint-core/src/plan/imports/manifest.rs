//! What manifests say about names, as values. A manifest that cannot be read says nothing.

use serde_json::Value;

/// Names and what each stands for; a `*` on either side is the same text.
pub(super) type Paths = Vec<(String, Vec<String>)>;

/// What a `tsconfig.json` or `jsconfig.json` says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ScriptConfig {
    /// The files it builds on, as written.
    pub(super) extends: Vec<String>,
    /// Where names without dots begin, as written.
    pub(super) base_url: Option<String>,
    /// Names, if any are given.
    pub(super) paths: Option<Paths>,
}

impl ScriptConfig {
    /// Reads the JSON with comments and commas too many that TypeScript takes.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(&plain_json(text)).ok()?;
        let texts = |value: &Value| match value {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => {
                let texts = all.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let options = &value["compilerOptions"];
        let paths = options["paths"].as_object().map(|paths| {
            let pair = |(name, to): (&String, &Value)| (name.clone(), texts(to));
            paths.iter().map(pair).collect()
        });
        Some(Self {
            extends: texts(&value["extends"]),
            base_url: options["baseUrl"].as_str().map(str::to_owned),
            paths,
        })
    }
}

/// The name of a package of JavaScript.
pub(super) fn package_name(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    value["name"].as_str().map(str::to_owned)
}

/// The name by which code knows a crate.
pub(super) fn crate_name(text: &str) -> Option<String> {
    let value: toml::Table = toml::from_str(text).ok()?;
    let name = |table: &str| value.get(table)?.get("name")?.as_str();
    let name = name("lib").or_else(|| name("package"))?;
    Some(name.replace('-', "_"))
}

/// The path of a module of Go.
pub(super) fn go_module(text: &str) -> Option<String> {
    let named = |line: &str| {
        let rest = line.trim().strip_prefix("module")?;
        let name = rest.split("//").next()?.trim().trim_matches('"');
        (rest.starts_with(char::is_whitespace) && !name.is_empty()).then(|| name.to_owned())
    };
    text.lines().find_map(named)
}

/// JSON without comments and without commas before a closing bracket.
fn plain_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            '/' if rest.starts_with("//") => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            ']' | '}' => {
                let kept = plain.trim_end();
                if let Some(kept) = kept.strip_suffix(',') {
                    plain.truncate(kept.len());
                }
                1
            }
            c => c.len_utf8(),
        };
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_with_comments_and_commas_is_read_and_strings_stay() {
        let text = "\u{feff}{ // one\n \"a\": [1, 2,], /* two */ \"b//\": \"x,]\\\"//\",\n}";
        let value: Value = serde_json::from_str(&plain_json(text)).unwrap();
        assert_eq!(
            value.to_string(),
            r#"{"a":[1,2],"b//":"x,]\"//"}"#.to_owned()
        );
    }

    #[test]
    fn manifests_tell_names() {
        assert_eq!(package_name(r#"{"name":"@a/b"}"#).as_deref(), Some("@a/b"));
        assert_eq!(
            crate_name("[package]\nname = \"a-b\"").as_deref(),
            Some("a_b")
        );
        assert_eq!(
            crate_name("[package]\nname = \"a\"\n[lib]\nname = \"c\"").as_deref(),
            Some("c")
        );
        assert_eq!(crate_name("[workspace]\nmembers = []"), None);
        assert_eq!(
            go_module("// x\nmodule example.org/a // y\n").as_deref(),
            Some("example.org/a")
        );
        assert_eq!(go_module("modules a\n"), None);
        assert_eq!(ScriptConfig::read("{"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "(\\{|\\}|\\[|\\]|\"|,|:|//|/\\*|\\*/|\\\\|\n|module |\\PC){0,40}") {
            drop((ScriptConfig::read(&text), package_name(&text)));
            drop((crate_name(&text), go_module(&text)));
        }
    }
}
