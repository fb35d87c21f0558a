//! Evidence as it is written to a tracker, and how it is recognised again.
//!
//! An evidence comment begins with [`EVIDENCE_HEADING`] and ends with one machine-readable line,
//! the [`EvidenceTrailer`]; what stands between is for people. This is spec 10.11 with its
//! corrections C-69 and C-70: evidence is recognised by the sprint, ticket and commit it names,
//! never by its heading alone.
//!
//! # The trailer
//!
//! One line of an HTML comment, invisible where Markdown is rendered, fields in this order,
//! separated by single spaces:
//!
//! ```text
//! <!-- sprint-evidence v=2 sprint=sprint-20260131-090000 ticket=ENG-1 branch=worktree-ENG-1
//!      commit=<40|64 hex> tree=<40|64 hex> [env=<64 hex>] text=<64 hex>
//!      build=0:?:<64 hex> test=0:41/0/1:<64 hex> seal=<64 hex> -->
//! ```
//!
//! | Field | Meaning |
//! | --- | --- |
//! | `v` | version of this form: 2. The form without it, of the first five ids only, is still read |
//! | `sprint` to `tree` | the [`EvidenceMarker`]: what the evidence is about. In `branch`, bytes other than ASCII letters, digits and `-_./` are percent-encoded |
//! | `env` | [`EnvironmentId`](crate::id::EnvironmentId) of what the commands ran in, where known |
//! | `text` | [`TextDigest`] of everything above the trailer |
//! | `build`, `lint`, `typecheck`, `test` | a [`CheckMark`] per check that ran: how it ended (an exit code, `signal-N`, `timeout` or `silent`), then how many passed, failed and were skipped (`?` if the output does not say), then the [`BlobId`](crate::id::BlobId) of the whole redacted output |
//! | `seal` | SHA-256 of the line up to and without ` seal=` |
//!
//! A line that is not, byte for byte, what its own fields would be written as is no trailer. The
//! seal notices damage and careless edits; it has no key, so it does not notice a forger. What
//! a forger cannot write is a commit with that tree, and outputs with those hashes:
//! [`crate::evidence`] asks for both.
//!
//! # The text is advice, the trailer is meaning
//!
//! Trackers rewrite Markdown: lists get other bullets, bare addresses become links, table rules
//! shrink. So a [`TextDigest`] that differs is worth a remark and nothing more. The trailer holds
//! only ASCII that such rewriting leaves alone; an adapter for a tracker that changes even that
//! has to give the posted line back.

mod marker;
mod trailer;

use serde::{Deserialize, Serialize};

pub use marker::EvidenceMarker;
pub use trailer::{CheckMark, Details, EvidenceTrailer, NotEvidence, TextDigest};

/// The heading by which people and tools find an evidence comment.
pub const EVIDENCE_HEADING: &str = "## Implementation Complete";

/// A reference to a comment, in the tracker's own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommentRef(pub String);

/// A comment as the tracker shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Which one.
    pub reference: CommentRef,
    /// Its text in Markdown, as it is now.
    pub body: String,
    /// Who posted it.
    pub author: Author,
    /// Whether the tracker tells that somebody changed it after it was posted.
    pub edited: bool,
}

/// Who posted a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The account that this port writes with.
    Us,
    /// Another account, of this name. Untrusted text.
    Other(String),
    /// The tracker cannot tell.
    Unknown,
}

/// A comment that is not evidence: why a ticket is stuck, or was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The whole comment in Markdown.
    pub body: String,
}
