//! What the comment says, and how it ends.

use sprint_core::domain::evidence::{EVIDENCE_HEADING, EvidenceMarker, EvidenceTrailer};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};

use crate::comments::{EvidenceLine, FileLine, LARGEST, LINE};
use crate::defang::defang;
use crate::machine;

/// Bytes kept for the line that names the file.
const FILE: usize = 2 << 10;

/// A comment as it was handed over: what people read, and the trailer without its marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed<'a> {
    text: &'a str,
    pub(crate) trailer: &'a str,
}

impl<'a> Handed<'a> {
    /// Takes a comment apart.
    ///
    /// # Errors
    ///
    /// If it does not end in the trailer of what it has to prove.
    pub(crate) fn new(comment: &'a str, marker: &EvidenceMarker) -> Result<Self> {
        let wrong = |why: &str| {
            let subject = marker.ticket.as_str();
            Error::new(ErrorKind::Invalid, "post evidence on", subject).because(why.to_owned())
        };
        let trailer = EvidenceTrailer::read(comment);
        let trailer = trailer.map_err(|why| wrong(&why.to_string()))?;
        if trailer.marker != *marker {
            return Err(wrong("the comment is about something else than the proof"));
        }
        let comment = comment.trim_end();
        let (text, line) = comment.rsplit_once('\n').unwrap_or(("", comment));
        let line = line.trim().strip_prefix("<!--");
        let line = line.and_then(|line| line.strip_suffix("-->"));
        let trailer = line.ok_or_else(|| wrong("its last line is not a comment"))?;
        Ok(Self {
            text,
            trailer: trailer.trim(),
        })
    }

    /// The body of the comment on Linear.
    pub(crate) fn body(&self, line: &EvidenceLine, name: &str) -> String {
        let file = match &line.file {
            Some(file) => named(file, name),
            None => "The whole outputs are not kept with this comment.".to_owned(),
        };
        let text = defang(self.text, LARGEST - LINE - FILE);
        debug_assert!(text.starts_with(EVIDENCE_HEADING));
        machine::with_line(&format!("{text}\n\n{file}"), line)
    }
}

fn named(file: &FileLine, name: &str) -> String {
    format!(
        "**Whole outputs:** [{name}]({}), {} bytes, SHA-256 `{}`",
        file.asset, file.bytes, file.sha256
    )
}

/// The name of the file for a commit of a ticket.
pub(crate) fn file_name(marker: &EvidenceMarker) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let ticket: String = marker.ticket.as_str().chars().map(plain).collect();
    let commit = &marker.commit.as_str()[..12];
    format!("evidence-{ticket}-{commit}.txt")
}
