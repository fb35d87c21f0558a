//! The problem statement: what a sprint is for, in Markdown (spec 5.11).
//!
//! People write it, so nothing in it is required: what is missing is told, and the sprint goes on
//! without. All of it is untrusted text.

use std::fmt;

use crate::domain::agent::TestingLevel;
use crate::domain::markdown::{Fence, headings, items, section};
use crate::domain::ticket::checkbox;
use crate::id::{CommitPrefix, ProblemId};
use crate::time::Timestamp;

/// The format that is current.
pub const STATEMENT_SCHEMA: u32 = 2;

/// Longer statements are refused, in bytes: what people write is far below.
pub const MAX_STATEMENT_BYTES: usize = 1 << 20;

/// What a problem statement says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The format it says it has.
    pub schema_version: Option<u32>,
    /// The problem it is about.
    pub problem_id: Option<ProblemId>,
    /// When it was written.
    pub generated_at: Option<Timestamp>,
    /// The commit it was written on, perhaps abbreviated.
    pub generated_commit: Option<CommitPrefix>,
    /// What is wrong.
    pub problem: Option<String>,
    /// What somebody does to see that it is solved, step by step.
    pub journey: Vec<String>,
    /// When it is solved.
    pub criteria: Vec<Criterion>,
    /// What has to be there although nobody asked for it in so many words.
    pub implied_features: Vec<String>,
    /// How much is to be tested.
    pub testing: TestingLevel,
    /// What every solution has to respect.
    pub constraints: Option<String>,
    /// What else helps.
    pub context: Option<String>,
}

/// One condition for being solved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// The text.
    pub text: String,
    /// Whether its box is ticked.
    pub ticked: bool,
}

/// What a person should know about a statement. None of it stops a sprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementWarning {
    /// The format is not named, or older than [`STATEMENT_SCHEMA`].
    OldSchema(Option<u32>),
    /// A line of the head has a value that cannot be one.
    BadHead {
        /// The line, from 1.
        line: usize,
        /// Its name.
        key: &'static str,
        /// Why.
        reason: String,
    },
    /// There is no such section, or nothing in it.
    NoSection(&'static str),
}

impl fmt::Display for StatementWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OldSchema(None) => write!(
                f,
                "schema_version is not named; {STATEMENT_SCHEMA} is current"
            ),
            Self::OldSchema(Some(version)) => write!(
                f,
                "schema_version is {version}; {STATEMENT_SCHEMA} is current: define the problem again"
            ),
            Self::BadHead { line, key, reason } => write!(f, "line {line}: {key}: {reason}"),
            Self::NoSection(name) => write!(f, "the section {name:?} is missing or empty"),
        }
    }
}

/// Reads a statement, with everything a person should know about it.
pub fn parse(text: &str) -> (Statement, Vec<StatementWarning>) {
    let mut warnings = Vec::new();
    let mut statement = Statement::default();
    head(text, &mut statement, &mut warnings);
    let current = statement.schema_version.filter(|v| *v >= STATEMENT_SCHEMA);
    if current.is_none() {
        warnings.insert(0, StatementWarning::OldSchema(statement.schema_version));
    }
    let mut found = |name: &'static str| {
        let body = section(text, name).map(str::trim).filter(|b| !b.is_empty());
        if body.is_none() {
            warnings.push(StatementWarning::NoSection(name));
        }
        body
    };
    statement.problem = found("Problem").map(str::to_owned);
    statement.journey = list(found("User Journey"));
    statement.criteria = found("Success Criteria").map(criteria).unwrap_or_default();
    statement.implied_features = list(found("Implied Features"));
    let strategy = found("Testing Strategy").unwrap_or_default();
    // These two are often empty, and nothing rests on them.
    let text_of = |name| {
        let body = section(text, name).map(str::trim);
        body.filter(|body| !body.is_empty()).map(str::to_owned)
    };
    statement.constraints = text_of("Constraints");
    statement.context = text_of("Additional Context");
    statement.testing = testing(strategy);
    (statement, warnings)
}

/// Lines `key: value` before the first section; a list or emphasis around the key is no matter.
fn head(text: &str, statement: &mut Statement, warnings: &mut Vec<StatementWarning>) {
    let end = headings(text)
        .into_iter()
        .find(|heading| heading.level > 1)
        .map_or(text.len(), |heading| heading.start);
    let mut fence = Fence::default();
    for (number, line) in (1..).zip(text[..end].lines()) {
        if fence.covers(line) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let around: &[_] = &['*', '_', '`', '"', '\'', '>', '-', '<', '!', ' ', '\t'];
        let (key, value) = (key.trim_matches(around), value.trim_matches(around));
        let mut bad = |key, reason: String| {
            warnings.push(StatementWarning::BadHead {
                line: number,
                key,
                reason,
            });
        };
        match key {
            "schema_version" => match value.parse() {
                Ok(version) => statement.schema_version = Some(version),
                Err(_) => bad("schema_version", format!("{:?} is no number", short(value))),
            },
            "problem_id" => match ProblemId::new(value) {
                Ok(id) => statement.problem_id = Some(id),
                Err(error) => bad("problem_id", error.to_string()),
            },
            "generated_at" => match value.parse() {
                Ok(time) => statement.generated_at = Some(time),
                Err(error) => bad("generated_at", format!("{error}")),
            },
            "generated_commit" => match CommitPrefix::new(value.to_ascii_lowercase()) {
                Ok(commit) => statement.generated_commit = Some(commit),
                Err(error) => bad("generated_commit", error.to_string()),
            },
            _ => {}
        }
    }
}

fn list(text: Option<&str>) -> Vec<String> {
    let items = text.map(items).unwrap_or_default();
    items.into_iter().map(str::to_owned).collect()
}

fn criteria(text: &str) -> Vec<Criterion> {
    let mut fence = Fence::default();
    let lines = text.lines().filter(|line| !fence.covers(line));
    let read = |line: &str| {
        let text = checkbox(line)?.to_owned();
        let mark = line.trim_start().chars().nth(3);
        let ticked = mark.is_some_and(|mark| !mark.is_whitespace());
        Some(Criterion { text, ticked })
    };
    lines.filter_map(read).collect()
}

/// The level that the strategy's heading or a line of it names; any other word is told as it is.
fn testing(strategy: &str) -> TestingLevel {
    let mut fence = Fence::default();
    let mut lines = strategy.lines().filter(|line| !fence.covers(line));
    let level = lines.find_map(|line| {
        let line = line.trim_matches(|c: char| "#*_->` \t".contains(c));
        let (key, value) = line.split_once(':')?;
        let named = key
            .trim_matches(['*', '_', ' '])
            .eq_ignore_ascii_case("level");
        named.then(|| value.trim_matches(['*', '_', '`', ' ', '\t']))
    });
    let word = level.unwrap_or_default();
    // `Full (exhaustive)` is `Full`.
    let first = word.split(|c: char| !c.is_alphanumeric()).next();
    match first.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "standard" => TestingLevel::Standard,
        "full" => TestingLevel::Full,
        "minimal" => TestingLevel::Minimal,
        "custom" => TestingLevel::Custom(strategy.trim().chars().take(MAX_CUSTOM).collect()),
        _ => TestingLevel::Custom(word.chars().take(MAX_CUSTOM).collect()),
    }
}

/// Characters kept of a testing level in the author's own words.
const MAX_CUSTOM: usize = 4_000;

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "# Problem Statement: login\n\n\
        schema_version: 2\n**problem_id:** login\ngenerated_at: 2026-01-31T09:05:00Z\n\
        - generated_commit: 1F0C9D8\n\n\
        ## Problem\nLogging in is slow.\n```\n## Constraints\nfake\n```\n\
        ## Definition of Done\n### User Journey\n1. Open the page\n2. Log in\n\
        ### Success Criteria\n- [ ] under a second (step 2)\n- [x] no plain text\n\
        ### Implied Features\n- a spinner\n\
        ## Testing Strategy\n### Level: Full (exhaustive)\nall of it\n\
        ## Constraints\nNo new dependency.\n## Additional Context\nnone\n";

    #[test]
    fn a_whole_statement_is_read() {
        let (found, warnings) = parse(FULL);
        assert_eq!(warnings, []);
        assert_eq!(found.schema_version, Some(2));
        assert_eq!(found.problem_id, ProblemId::new("login").ok());
        assert_eq!(found.generated_commit, CommitPrefix::new("1f0c9d8").ok());
        assert!(found.generated_at.is_some());
        assert!(found.problem.unwrap().starts_with("Logging in is slow."));
        assert_eq!(found.journey, ["Open the page", "Log in"]);
        let criteria = found.criteria.iter().map(|c| (c.text.as_str(), c.ticked));
        let expected = [("under a second (step 2)", false), ("no plain text", true)];
        assert_eq!(criteria.collect::<Vec<_>>(), expected);
        assert_eq!(found.implied_features, ["a spinner"]);
        assert_eq!(found.testing, TestingLevel::Full);
        assert_eq!(found.constraints.as_deref(), Some("No new dependency."));
        assert_eq!(found.context.as_deref(), Some("none"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        let text = "schema_version: two\nproblem_id: ../x\ngenerated_commit: HEAD\n\
                    generated_at: today\n## Problem\n";
        let (found, warnings) = parse(text);
        assert_eq!(found, Statement::default());
        let said: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
schema_version is not named; 2 is current
line 1: schema_version: "two" is no number
line 2: problem_id: problem id "../x" may contain only lower-case letters, digits and hyphens
line 3: generated_commit: commit "head" must be 4 to 64 lower-case hexadecimal digits
line 4: generated_at: not an ISO-8601 UTC timestamp: "today"
the section "Problem" is missing or empty
the section "User Journey" is missing or empty
the section "Success Criteria" is missing or empty
the section "Implied Features" is missing or empty
the section "Testing Strategy" is missing or empty
"#);
        let (_, warnings) = parse("schema_version: 1\n");
        insta::assert_snapshot!(warnings[0], @"schema_version is 1; 2 is current: define the problem again");
    }

    #[test]
    fn testing_levels() {
        let level = |text: &str| testing(text);
        for (text, expected) in [
            ("", TestingLevel::Standard),
            ("### Level: Standard", TestingLevel::Standard),
            ("### level: full", TestingLevel::Full),
            ("- **Level:** Minimal", TestingLevel::Minimal),
            ("Level: by hand", TestingLevel::Custom("by hand".into())),
            ("```\nLevel: Full\n```\n", TestingLevel::Standard),
            (
                "Level: Custom\nonly units",
                TestingLevel::Custom("Level: Custom\nonly units".into()),
            ),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            parse(&text);
        }
    }
}
