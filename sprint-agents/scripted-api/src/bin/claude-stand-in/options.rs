//! The command line, as far as the stand-in follows it.

use std::fs;

use serde_json::Value;

use crate::rules::{Mode, Rule};

/// What a run was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) version: bool,
    pub(crate) verbose: bool,
    pub(crate) input_format: String,
    pub(crate) output_format: String,
    pub(crate) model: String,
    pub(crate) mode: Mode,
    pub(crate) session: Option<String>,
    pub(crate) resume: Option<String>,
    pub(crate) fork: bool,
    pub(crate) forgetful: bool,
    /// The built-in tools on offer, whether or not this program knows them.
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) allowed: Vec<Rule>,
    pub(crate) denied: Vec<Rule>,
    pub(crate) asks: bool,
    pub(crate) schema: Option<Value>,
    pub(crate) system: Vec<String>,
    pub(crate) max_turns: Option<u64>,
    pub(crate) max_cost: Option<f64>,
}

/// Flags that are taken and change nothing here.
const SWITCHES: &[&str] = &[
    "-p",
    "--print",
    "--strict-mcp-config",
    "--include-partial-messages",
];
const SETTINGS: &[&str] = &[
    "--mcp-config",
    "--settings",
    "--setting-sources",
    "--fallback-model",
    "--add-dir",
    "--effort",
    "--name",
];

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            model: "opus".to_owned(),
            ..Self::default()
        };
        let mut arguments = arguments.into_iter().peekable();
        while let Some(flag) = arguments.next() {
            if options.switch(&flag) {
                continue;
            }
            let mut values = Vec::new();
            while let Some(value) = arguments.next_if(|next| !next.starts_with('-')) {
                values.push(value);
            }
            options.set(&flag, values)?;
        }
        Ok(options)
    }

    fn switch(&mut self, flag: &str) -> bool {
        match flag {
            "--version" | "-v" => self.version = true,
            "--verbose" => self.verbose = true,
            "--fork-session" => self.fork = true,
            "--no-session-persistence" => self.forgetful = true,
            "--dangerously-skip-permissions" => self.mode = Mode::Bypass,
            other => return SWITCHES.contains(&other),
        }
        true
    }

    fn set(&mut self, flag: &str, values: Vec<String>) -> Result<(), String> {
        let one = || {
            let value = values.first().cloned();
            value.ok_or_else(|| format!("option '{flag}' argument missing"))
        };
        match flag {
            "--input-format" => self.input_format = one()?,
            "--output-format" => self.output_format = one()?,
            "--model" => self.model = one()?,
            "--permission-mode" => self.mode = Mode::parse(&one()?)?,
            "--session-id" => self.session = Some(one()?),
            "--resume" | "-r" => self.resume = Some(one()?),
            "--tools" => self.tools = Some(listed(&values)),
            "--allowedTools" | "--allowed-tools" => self.allowed.extend(rules(&values)),
            "--disallowedTools" | "--disallowed-tools" => self.denied.extend(rules(&values)),
            "--permission-prompt-tool" => self.asks = one()? == "stdio",
            "--json-schema" => self.schema = Some(json(&one()?)?),
            "--append-system-prompt" | "--system-prompt" => self.system.push(one()?),
            "--append-system-prompt-file" | "--system-prompt-file" => {
                let path = one()?;
                let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
                self.system.push(text);
            }
            "--max-turns" => self.max_turns = Some(number(&one()?)?).filter(|&turns| turns > 0),
            "--max-budget-usd" => self.max_cost = Some(number(&one()?)?),
            flag if SETTINGS.contains(&flag) => {}
            flag => return Err(format!("unknown option '{flag}'")),
        }
        Ok(())
    }
}

fn rules(values: &[String]) -> impl Iterator<Item = Rule> {
    listed(values).into_iter().map(|rule| Rule::parse(&rule))
}

/// The items of a list, each an argument of its own or parted by commas and blanks; those in
/// parentheses belong to a rule.
fn listed(values: &[String]) -> Vec<String> {
    let mut items = Vec::new();
    for value in values {
        let (mut item, mut depth) = (String::new(), 0_u32);
        for letter in value.chars() {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ',' | ' ' if depth == 0 => {
                    items.push(std::mem::take(&mut item));
                    continue;
                }
                _ => {}
            }
            item.push(letter);
        }
        items.push(item);
    }
    items.retain(|item| !item.is_empty());
    items
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("--json-schema is not valid JSON: {error}"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_one_by_one_or_in_a_list() {
        let apart = ["Read", "Bash(sh (x).sh a, b)", "Bash(git add:*)"].map(str::to_owned);
        let joined = apart.join(",");
        assert_eq!(listed(&apart), apart);
        assert_eq!(listed(&[joined]), apart);
        assert_eq!(listed(&[String::new()]), [""; 0]);
    }

    #[test]
    fn an_unknown_flag_is_refused() {
        let flags = ["--nonsense"].map(str::to_owned);
        assert_eq!(
            Options::parse(flags).unwrap_err(),
            "unknown option '--nonsense'"
        );
    }
}
