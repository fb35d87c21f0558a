//! The machine lines of comments.

use serde::{Deserialize, Serialize};

use crate::machine::Line;

/// The last line of a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoteLine {
    /// The effect that it was posted for, with its sprint.
    pub(crate) key: String,
}

impl Line for NoteLine {
    const TAG: &'static str = "sprint-note/1";
}

/// The last line of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EvidenceLine {
    /// The effect that it was posted for, with its sprint.
    pub(crate) key: String,
    /// The file with the outputs, if there is one.
    #[serde(flatten)]
    pub(crate) file: Option<FileLine>,
    /// Counts from 1; grows when the file had to be uploaded again.
    pub(crate) rev: u32,
    /// The line that `sprint-core` reads, without the marks of an HTML comment around it: those
    /// would not survive.
    pub(crate) trailer: String,
}

/// A file that Linear keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileLine {
    /// SHA-256 of all bytes, in hex.
    pub(crate) sha256: String,
    /// How many there are.
    pub(crate) bytes: u64,
    /// Where it is.
    pub(crate) asset: String,
}

impl Line for EvidenceLine {
    const TAG: &'static str = "sprint-evidence/1";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;

    #[test]
    fn evidence_is_written_and_read_with_a_file_and_without() {
        let file = FileLine {
            sha256: "00ff".into(),
            bytes: 12,
            asset: "https://uploads.linear.app/a/b".into(),
        };
        let line = EvidenceLine {
            key: "sprint-1/E-1/2/post".into(),
            file: Some(file),
            rev: 1,
            trailer: "sprint-evidence v=2 a=b".into(),
        };
        let bare = EvidenceLine {
            file: None,
            ..line.clone()
        };
        insta::assert_snapshot!(machine::with_line("", &line), @r#"
        `sprint-evidence/1 {"key":"sprint-1/E-1/2/post","sha256":"00ff","bytes":12,"asset":"https://uploads.linear.app/a/b","rev":1,"trailer":"sprint-evidence v=2 a=b"}`
        "#);
        for line in [line, bare] {
            let text = machine::with_line("text", &line);
            assert_eq!(machine::read::<EvidenceLine>(&text), Some((line, "text")));
        }
    }
}
