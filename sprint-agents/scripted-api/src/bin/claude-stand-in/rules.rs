//! Whether a tool call may run: the rules of Claude Code in a simple form.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// The permission mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    #[default]
    Default,
    DontAsk,
    AcceptEdits,
    Plan,
    Bypass,
}

/// A tool, or some of its calls: `Read`, `Bash(npm test)`, `Bash(git add:*)`, `mcp__sprint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    tool: String,
    content: Option<String>,
}

/// What is to be done with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Run,
    /// Nothing decides it; who asks a human may.
    Open,
    Denied,
}

/// Commands that only read.
const READING: &[&str] = &[
    "ls",
    "pwd",
    "echo",
    "cat",
    "head",
    "tail",
    "wc",
    "git status",
];
const READING_TOOLS: &[&str] = &["Read", "Grep", "Glob"];
/// Not to be written, whatever the rules say.
const PROTECTED: &[&str] = &[".claude/", ".mcp.json"];
const HARMLESS: &[&str] = &["2>&1", "> /dev/null", ">/dev/null"];

impl Mode {
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let modes = [
            Self::Default,
            Self::DontAsk,
            Self::AcceptEdits,
            Self::Plan,
            Self::Bypass,
        ];
        let found = modes.into_iter().find(|mode| mode.name() == name);
        found.ok_or_else(|| format!("'{name}' is no permission mode"))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DontAsk => "dontAsk",
            Self::AcceptEdits => "acceptEdits",
            Self::Plan => "plan",
            Self::Bypass => "bypassPermissions",
        }
    }
}

impl Rule {
    pub(crate) fn parse(text: &str) -> Self {
        let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
        match parts {
            Some((tool, content)) => Self {
                tool: tool.to_owned(),
                content: Some(content.to_owned()),
            },
            None => Self {
                tool: text.to_owned(),
                content: None,
            },
        }
    }

    /// Whether it speaks of the tool as a whole.
    pub(crate) fn covers_tool(&self, tool: &str) -> bool {
        self.content.is_none() && self.names(tool)
    }

    fn covers_command(&self, command: &str) -> bool {
        let Some(content) = &self.content else {
            return self.names("Bash");
        };
        let prefix = content.strip_suffix(":*");
        let prefix = prefix.or_else(|| content.strip_suffix(" *"));
        self.names("Bash")
            && match prefix {
                Some(prefix) => {
                    let rest = command.strip_prefix(prefix);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                }
                None => matches(content, command),
            }
    }

    /// A server names all its tools.
    fn names(&self, tool: &str) -> bool {
        let of_server = tool.strip_prefix(&self.tool);
        let of_server =
            self.tool.starts_with("mcp__") && of_server.is_some_and(|rest| rest.starts_with("__"));
        of_server || matches(&self.tool, tool)
    }
}

/// Decides one call in the directory `here`.
pub(crate) fn decide(
    mode: Mode,
    (allowed, denied): (&[Rule], &[Rule]),
    here: &Path,
    tool: &str,
    input: &Value,
) -> Verdict {
    let command = (tool == "Bash").then(|| input["command"].as_str().unwrap_or_default());
    let parts = command.map(parts).unwrap_or_default();
    let covers = |rules: &[Rule], part: &str| rules.iter().any(|rule| rule.covers_command(part));
    if denied.iter().any(|rule| rule.covers_tool(tool))
        || parts.iter().any(|part| covers(denied, part))
    {
        return Verdict::Denied;
    }
    if mode == Mode::Bypass || tool == "StructuredOutput" {
        return Verdict::Run;
    }
    let ruled = match command {
        Some(command) => {
            covers(allowed, command)
                || parts
                    .iter()
                    .all(|part| covers(allowed, part) || reads(part))
        }
        None => allowed.iter().any(|rule| rule.covers_tool(tool)),
    };
    let path = input["file_path"].as_str().unwrap_or_default();
    if matches!(tool, "Write" | "Edit") && PROTECTED.iter().any(|name| path.contains(name)) {
        return Verdict::Denied;
    }
    let inside = input["file_path"]
        .as_str()
        .is_some_and(|path| within(here, path));
    let reading = READING_TOOLS.contains(&tool) && (inside || input.get("file_path").is_none());
    let editing = matches!(tool, "Write" | "Edit") && inside && mode == Mode::AcceptEdits;
    match mode {
        _ if ruled || reading || editing => Verdict::Run,
        Mode::DontAsk | Mode::Plan => Verdict::Denied,
        Mode::Default | Mode::AcceptEdits | Mode::Bypass => Verdict::Open,
    }
}

/// The commands of a line, as far as their marks are outside quotes.
fn parts(line: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut quote) = (Vec::new(), 0, None);
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '&') if line[..at].ends_with('>') => {}
            (None, '&' | '|' | ';' | '\n') => {
                parts.push(&line[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&line[begin..]);
    let mut parts: Vec<_> = parts.into_iter().map(bare).collect();
    parts.retain(|part| !part.is_empty());
    parts
}

fn bare(part: &str) -> &str {
    let mut part = part.trim();
    while let Some(rest) = HARMLESS.iter().find_map(|end| part.strip_suffix(end)) {
        part = rest.trim_end();
    }
    part
}

fn reads(command: &str) -> bool {
    let named = |name: &str| {
        let rest = command.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let plain = !command.contains(['>', '$', '`', '(']) && !command.contains("..");
    let inside = command.split(' ').all(|word| !word.starts_with(['/', '~']));
    READING.iter().any(|name| named(name)) && plain && inside
}

fn within(here: &Path, path: &str) -> bool {
    let mut whole = PathBuf::new();
    for part in here.join(path).components() {
        if part == Component::ParentDir {
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    whole.starts_with(here)
}

/// Whether `text` is `pattern`, in which `*` is anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<_> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bash(rules: &[&str], command: &str) -> Verdict {
        let allowed: Vec<_> = rules.iter().map(|rule| Rule::parse(rule)).collect();
        let input = json!({"command": command});
        decide(
            Mode::DontAsk,
            (&allowed, &[]),
            Path::new("/w"),
            "Bash",
            &input,
        )
    }

    #[test]
    fn commands_run_when_each_part_is_allowed() {
        for (rule, command, runs) in [
            ("Bash(npm test)", "npm test", true),
            ("Bash(npm test)", "npm test --watch", false),
            ("Bash(npm test)", "npm test && rm -rf x", false),
            ("Bash(npm test)", "npm test > out.txt", false),
            ("Bash(npm test)", "npm test $(rm x)", false),
            ("Bash(npm test)", "FOO=1 npm test", false),
            ("Bash(npm test:*)", "npm test --watch 2>&1 | tail -5", true),
            ("Bash(npm test:*)", "npm test > /dev/null || echo no", true),
            ("Bash(npm test:*)", "npm testx", false),
            ("Bash(a && b)", "a && b", true),
            ("Bash(pytest -k \"a or b\")", "pytest -k \"a or b\"", true),
            ("Bash", "rm -rf x", true),
            ("Read", "git status", true),
            ("Read", "cat ../secret", false),
            ("Read", "git push", false),
        ] {
            let expected = if runs { Verdict::Run } else { Verdict::Denied };
            assert_eq!(bash(&[rule], command), expected, "{rule}: {command}");
        }
    }

    #[test]
    fn tools_run_as_the_mode_and_the_place_say() {
        let decide = |mode, allowed: &[&str], denied: &[&str], tool: &str, path: &str| {
            let rules =
                |texts: &[&str]| -> Vec<_> { texts.iter().map(|rule| Rule::parse(rule)).collect() };
            let (allowed, denied) = (rules(allowed), rules(denied));
            let input = json!({"file_path": path});
            decide(mode, (&allowed, &denied), Path::new("/w"), tool, &input)
        };
        let (run, open, denied) = (Verdict::Run, Verdict::Open, Verdict::Denied);
        assert_eq!(decide(Mode::DontAsk, &[], &[], "Read", "a"), run);
        assert_eq!(decide(Mode::DontAsk, &[], &[], "Read", "/w/../a"), denied);
        assert_eq!(decide(Mode::DontAsk, &[], &[], "Write", "a"), denied);
        assert_eq!(decide(Mode::DontAsk, &["Write"], &[], "Write", "a"), run);
        assert_eq!(decide(Mode::AcceptEdits, &[], &[], "Edit", "/w/a"), run);
        assert_eq!(decide(Mode::AcceptEdits, &[], &[], "Edit", "/a"), open);
        assert_eq!(decide(Mode::Default, &[], &[], "Write", "a"), open);
        assert_eq!(
            decide(Mode::DontAsk, &["Write"], &[], "Write", ".mcp.json"),
            denied
        );
        assert_eq!(decide(Mode::Plan, &[], &[], "Write", "a"), denied);
        assert_eq!(decide(Mode::Bypass, &[], &[], "Write", "/a"), run);
        let linear = "mcp__Linear_Server__list";
        assert_eq!(
            decide(Mode::Bypass, &[], &["mcp__*inear*"], linear, ""),
            denied
        );
        assert_eq!(decide(Mode::Bypass, &[], &["mcp__linear"], linear, ""), run);
        let ask = "mcp__sprint__ask_context";
        assert_eq!(decide(Mode::DontAsk, &["mcp__sprint"], &[], ask, ""), run);
        assert_eq!(decide(Mode::DontAsk, &["mcp__spr"], &[], ask, ""), denied);
    }
}
