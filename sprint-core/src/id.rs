//! Identifiers: validated newtypes, all made by one macro.
//!
//! Every identifier that reaches a path, a git ref or a command line is checked when it is
//! made, so code that holds one never has to ask again. Ticket text, branch names and agent
//! output are untrusted; these types are where that distrust ends.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The reason a string is not a valid identifier of some kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} {reason}")]
pub struct InvalidId {
    /// What was being parsed, for example `ticket id`.
    pub kind: &'static str,
    /// The offending text, cut to 80 characters.
    pub value: String,
    /// The rule that was broken.
    pub reason: &'static str,
}

impl InvalidId {
    fn new(kind: &'static str, value: &str, reason: &'static str) -> Self {
        Self {
            kind,
            value: value.chars().take(80).collect(),
            reason,
        }
    }
}

// What the alphabets look like to whoever has to write an identifier. The checks below are the law.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
const PROBLEM: &str = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$";
const PHASE: &str = "^[a-z][a-z0-9-]{0,63}$";
const OBJECT: &str = "^([0-9a-f]{40}|[0-9a-f]{64})$";
const REF: &str = "^[^-\\\\ ~^:?*\\[][^\\\\ ~^:?*\\[]{0,199}$";
const DIGEST: &str = "^[0-9a-f]{64}$";

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $pattern:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses the identifier, refusing anything outside its alphabet.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                match $check(text) {
                    Ok(()) => Ok(Self(text.into())),
                    Err(reason) => Err(InvalidId::new($kind, text, reason)),
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", &self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

id_type! {
    /// The identifier people use for a ticket, such as `ENG-12`.
    ///
    /// 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit, without `..` and not
    /// ending in `.` or `.lock`: safe as a file name, a branch suffix and a tag suffix.
    TicketId, "ticket id", check_name, NAME
}
id_type! {
    /// The name of a ticket within a plan, before a tracker gives it an identifier. Same alphabet
    /// as [`TicketId`].
    DraftKey, "draft key", check_name, NAME
}
id_type! {
    /// One execution of a sprint, `sprint-YYYYMMDD-HHMMSS`. Same alphabet as [`TicketId`].
    SprintId, "sprint id", check_name, NAME
}
id_type! {
    /// The problem a sprint belongs to: 1 to 40 lower-case letters, digits and hyphens.
    ProblemId, "problem id", check_problem, PROBLEM
}
id_type! {
    /// A full git commit id in lower-case hexadecimal (40 or 64 digits).
    CommitId, "commit id", check_object, OBJECT
}
id_type! {
    /// A commit as people and planners write it: 4 to 64 lower-case hexadecimal digits, the beginning
    /// of a [`CommitId`] or all of it. Only a repository knows which commit is meant (spec C-02).
    CommitPrefix, "commit", check_commit_prefix, "^[0-9a-f]{4,64}$"
}
id_type! {
    /// A full git tree id in lower-case hexadecimal (40 or 64 digits).
    TreeId, "tree id", check_object, OBJECT
}
id_type! {
    /// A branch name without `refs/heads/`, valid under `git check-ref-format` and never
    /// starting with `-`.
    BranchName, "branch name", check_ref, REF
}
id_type! {
    /// A tag name without `refs/tags/`, valid under `git check-ref-format`.
    TagName, "tag name", check_ref, REF
}
id_type! {
    /// The SHA-256 of a stored output, in lower-case hexadecimal.
    BlobId, "blob id", check_blob, DIGEST
}
id_type! {
    /// A digest of everything around a command that may change what it says: its environment
    /// variables and the programs it runs. 64 digits of lower-case hexadecimal.
    EnvironmentId, "environment id", check_blob, DIGEST
}
id_type! {
    /// A handle with which an agent's session can be continued later.
    SessionId, "session id", check_name, NAME
}

id_type! {
    /// The name of a phase that an agent claims, such as `review`: 1 to 64 lower-case letters, digits
    /// and hyphens, starting with a letter.
    PhaseName, "phase name", check_phase, PHASE
}
id_type! {
    /// What an agent that claims phases calls itself. Same alphabet as [`TicketId`].
    AgentName, "agent name", check_name, NAME
}
id_type! {
    /// The name of a machine. Same alphabet as [`TicketId`].
    HostName, "host name", check_name, NAME
}
id_type! {
    /// What the system calls the time since a machine was last started. Same alphabet as [`TicketId`].
    BootId, "boot id", check_name, NAME
}
id_type! {
    /// A word for the way in which a phase failed, such as `tests-red`: the same word, the same
    /// failure again. Same alphabet as [`TicketId`].
    FailureTag, "failure tag", check_name, NAME
}
id_type! {
    /// What the holder of a claim shows to prove that it is theirs: 32 digits of lower-case
    /// hexadecimal. A new claim has a new one.
    ClaimToken, "claim token", check_token, "^[0-9a-f]{32}$"
}
id_type! {
    /// What an artifact calls one of its findings, such as `SEC-3`. Same alphabet as [`TicketId`].
    FindingId, "finding id", check_name, NAME
}
id_type! {
    /// What a finding is about, such as `error_detail`. Same alphabet as [`TicketId`].
    TopicName, "topic", check_name, NAME
}
id_type! {
    /// Which side a finding takes on its topic, such as `less`. Same alphabet as [`TicketId`].
    StanceName, "stance", check_name, NAME
}
id_type! {
    /// What a rule about contradicting findings is called, such as `CP-001`. Same alphabet as
    /// [`TicketId`].
    PrecedentId, "precedent id", check_name, NAME
}

impl Default for ProblemId {
    /// `default`: the problem of a repository that knows only one.
    fn default() -> Self {
        Self("default".into())
    }
}

impl CommitPrefix {
    /// Whether it can mean this commit.
    pub fn fits(&self, commit: &CommitId) -> bool {
        commit.as_str().starts_with(self.as_str())
    }
}

impl BlobId {
    /// The id of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_digest(&Sha256::digest(bytes))
    }

    /// The id of the bytes that have this SHA-256.
    pub(crate) fn of_digest(digest: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: String = nibbles
            .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
            .collect();
        Self(hex.into())
    }
}

/// Ticket and sprint ids sort by their text part, then by number: `ENG-2` before `ENG-10`.
pub fn natural_key(id: &str) -> (&str, u64) {
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (head, tail) = id.split_at(id.len() - digits);
    (head, tail.parse().unwrap_or(u64::MAX))
}

fn check_name(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 64 {
        return Err("must have 1 to 64 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return Err("may contain only letters, digits, '.', '_' and '-'");
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err("must start with a letter or a digit");
    }
    if text.contains("..") || text.ends_with('.') || text.ends_with(".lock") {
        return Err("must not contain '..' or end in '.' or '.lock'");
    }
    Ok(())
}

fn check_problem(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 40 {
        return Err("must have 1 to 40 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err("may contain only lower-case letters, digits and hyphens");
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err("must not start or end with a hyphen");
    }
    Ok(())
}

fn check_phase(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 64 {
        return Err("must have 1 to 64 characters");
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("must start with a lower-case letter");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err("may contain only lower-case letters, digits and hyphens");
    }
    Ok(())
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn check_object(text: &str) -> Result<(), &'static str> {
    if matches!(text.len(), 40 | 64) && is_hex(text) {
        Ok(())
    } else {
        Err("must be 40 or 64 lower-case hexadecimal digits")
    }
}

fn check_commit_prefix(text: &str) -> Result<(), &'static str> {
    if (4..=64).contains(&text.len()) && is_hex(text) {
        Ok(())
    } else {
        Err("must be 4 to 64 lower-case hexadecimal digits")
    }
}

fn check_blob(text: &str) -> Result<(), &'static str> {
    if text.len() == 64 && is_hex(text) {
        Ok(())
    } else {
        Err("must be 64 lower-case hexadecimal digits")
    }
}

fn check_token(text: &str) -> Result<(), &'static str> {
    if text.len() == 32 && is_hex(text) {
        Ok(())
    } else {
        Err("must be 32 lower-case hexadecimal digits")
    }
}

/// The rules of `git check-ref-format --branch`, plus a length limit.
fn check_ref(text: &str) -> Result<(), &'static str> {
    const FORBIDDEN: &[char] = &[' ', '~', '^', ':', '?', '*', '[', '\\'];
    if text.is_empty() || text.len() > 200 {
        return Err("must have 1 to 200 bytes");
    }
    if text.starts_with('-') || text == "@" || text == "HEAD" {
        return Err("must not start with '-' or be '@' or 'HEAD'");
    }
    if text.contains("..") || text.contains("@{") || text.ends_with('.') {
        return Err("must not contain '..' or '@{' or end in '.'");
    }
    if text
        .chars()
        .any(|c| c.is_control() || FORBIDDEN.contains(&c))
    {
        return Err("contains a character git forbids in branch names");
    }
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if text.split('/').any(bad_part) {
        return Err("has an empty part, or one that starts with '.' or ends in '.lock'");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_ids_refuse_everything_that_could_escape() {
        for good in ["ENG-12", "a", "CLA-15.b", "x_y"] {
            assert!(TicketId::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-x",
            ".x",
            "../x",
            "a/b",
            "a..b",
            "a b",
            "a\nb",
            "x.lock",
            "x.",
            "é",
            "--upload-pack=touch",
            &"x".repeat(65),
        ] {
            assert!(TicketId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn branch_names_follow_gits_own_rules() {
        for good in ["main", "feat/x", "release-1.2", "feat/$(id)", "日本"] {
            assert!(BranchName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a//b",
            "/a",
            "a/",
            ".a",
            "a/.b",
            "a.lock",
            "a b",
            "a\nb",
            "a~1",
            "a^",
            "a:b",
            "@",
            "a@{1}",
            "HEAD",
            "a.",
            "x\\y",
        ] {
            assert!(BranchName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_names_the_kind_the_value_and_the_rule() {
        let error = ProblemId::new("My Problem").unwrap_err();
        insta::assert_snapshot!(error, @r#"problem id "My Problem" may contain only lower-case letters, digits and hyphens"#);
    }

    #[test]
    fn ids_sort_by_number_where_they_end_in_one() {
        assert!(natural_key("ENG-2") < natural_key("ENG-10"));
        assert!(natural_key("ABC-9") < natural_key("ENG-1"));
    }
}
