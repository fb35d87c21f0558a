//! Finding and reading an agent's answer.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use sprint_core::domain::agent::{Answer, Claimed, Role, RoleResult, Usage};

/// No honest answer is longer.
const LONGEST: u64 = 4 << 20;

/// What the agent wrote to its result file, if it wrote anything.
///
/// Only a regular file is read: a link could lead to a file that is none of the agent's business,
/// and a pipe has no end.
pub(super) fn read_result_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok((!bytes.trim_ascii().is_empty()).then_some(bytes))
}

/// The last line that is not blank.
pub(super) fn last_line(stdout: &[u8]) -> &[u8] {
    let text = stdout.trim_ascii_end();
    let start = text
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    text[start..].trim_ascii_start()
}

/// The answer of an agent that exited with 0.
pub(super) fn parse(role: Role, said: &str, tail: &str) -> Answer {
    let said = said.trim();
    if said.is_empty() {
        return Answer::Malformed(describe(
            "the agent ended with exit 0 and without an answer",
            tail,
        ));
    }
    match RoleResult::parse(role, said) {
        Ok(result) => Answer::Result(Claimed(result)),
        Err(error) => Answer::Malformed(describe(
            &format!("the agent ended with exit 0 and its answer is not a {role} result: {error}"),
            tail,
        )),
    }
}

/// What the answer says about its cost. It is a remark: one that cannot be read is no remark.
pub(super) fn usage(said: &str, duration_ms: u64) -> Usage {
    #[derive(Deserialize)]
    struct Remark {
        usage: Usage,
    }
    let claimed = serde_json::from_str::<Remark>(said).map(|remark| remark.usage);
    Usage {
        duration_ms,
        ..claimed.unwrap_or_default()
    }
}

/// A reason, with the end of the output under it.
pub(super) fn describe(reason: &str, tail: &str) -> String {
    if tail.is_empty() {
        format!("{reason}; it printed nothing")
    } else {
        format!("{reason}; its last lines:\n{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_found_past_blank_ones() {
        for (text, expect) in [
            ("", ""),
            ("\n \n", ""),
            ("a", "a"),
            ("a\n  b \r\n\n \n", "b"),
        ] {
            assert_eq!(last_line(text.as_bytes()), expect.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn reasons_are_readable() {
        let Answer::Malformed(reason) = parse(Role::Context, r#"{"text": 1}"#, "a\n{\"text\": 1}")
        else {
            unreachable!()
        };
        insta::assert_snapshot!(reason, @r#"
        the agent ended with exit 0 and its answer is not a context result: missing field `report` at line 1 column 11; its last lines:
        a
        {"text": 1}
        "#);
        let Answer::Malformed(reason) = parse(Role::Review, " ", "") else {
            unreachable!()
        };
        insta::assert_snapshot!(reason, @"the agent ended with exit 0 and without an answer; it printed nothing");
    }

    #[test]
    fn usage_is_taken_over_if_it_can_be_read() {
        let said = r#"{"report":"x","usage":{"cost_micro_usd":12,"tokens":34,"duration_ms":9}}"#;
        let expect = Usage {
            duration_ms: 5,
            cost_micro_usd: 12,
            tokens: 34,
        };
        assert_eq!(usage(said, 5), expect);
        for odd in ["{}", r#"{"usage":3}"#, r#"{"usage":{"tokens":-1}}"#, "x"] {
            assert_eq!(
                usage(odd, 5),
                Usage {
                    duration_ms: 5,
                    ..Usage::default()
                },
                "{odd}"
            );
        }
    }

    #[test]
    fn links_and_pipes_are_no_answer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        assert_eq!(read_result_file(&path).unwrap(), None);
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(read_result_file(&path).unwrap(), None);
        fs::remove_file(&path).unwrap();
        fs::write(&path, " \n").unwrap();
        assert_eq!(read_result_file(&path).unwrap(), None);
        fs::write(&path, "{}\n").unwrap();
        assert_eq!(read_result_file(&path).unwrap().unwrap(), b"{}\n");
    }
}
