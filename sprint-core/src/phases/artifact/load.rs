//! A stored artifact read back.

use crate::id::{BlobId, PhaseName, SprintId};
use crate::phases::artifact::integrity::{Access, Strictness, Trust};
use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::problem::Problem;
use crate::phases::artifact::{Artifact, document, read};

/// What was recorded when the artifact was saved.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The phase it is of.
    pub phase: &'a PhaseName,
    /// The sprint it was saved in. None if any will do.
    pub sprint: Option<&'a SprintId>,
    /// The SHA-256 of its bytes. None if nobody recorded it.
    pub sha256: Option<&'a BlobId>,
}

impl Expected<'_> {
    /// Whether these are other bytes than those that were recorded.
    fn was_changed(&self, bytes: &[u8]) -> bool {
        self.sha256.is_some_and(|told| BlobId::of(bytes) != *told)
    }
}

/// What there is of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The phase has no artifact, and needs none.
    NotApplicable,
    /// There is no artifact.
    Missing,
    /// There is one that cannot be trusted.
    Tampered(Trust),
    /// There is one that nobody can read. At least one problem.
    Invalid(Vec<Problem>),
    /// There is one.
    Read(Box<Artifact>),
}

/// How far what was stored can be trusted, `None` if there is no regular file.
pub fn trust(bytes: Option<&[u8]>, expected: &Expected<'_>) -> Trust {
    match bytes {
        None if Kind::of(expected.phase).needs_artifact() => Trust::NotFound,
        None => Trust::NotApplicable,
        Some(bytes) if expected.was_changed(bytes) => Trust::IntegrityMismatch,
        Some(bytes) => {
            document::parse(bytes).map_or(Trust::IntegrityMissing, |document| Trust::of(&document))
        }
    }
}

/// Reads what was stored, `None` if there is no regular file, and judges it.
///
/// Gates use [`Strictness::Require`].
pub fn load(bytes: Option<&[u8]>, expected: &Expected<'_>, strictness: Strictness) -> Evidence {
    let trust = trust(bytes, expected);
    let Some(bytes) = bytes else {
        return if trust == Trust::NotFound {
            Evidence::Missing
        } else {
            Evidence::NotApplicable
        };
    };
    // Of what nobody can read, and nobody changed, there is no more to say than that.
    let unreadable = |problem| {
        if expected.was_changed(bytes) && trust.access(strictness) == Access::Rejected {
            Evidence::Tampered(trust)
        } else {
            Evidence::Invalid(vec![problem])
        }
    };
    let document = match document::parse(bytes) {
        Ok(document) => document,
        Err(problem) => return unreadable(problem),
    };
    if trust.access(strictness) == Access::Rejected {
        return Evidence::Tampered(trust);
    }
    match read::artifact(document, expected.phase) {
        Ok(artifact) => other_sprint(&artifact, expected).map_or_else(
            || Evidence::Read(Box::new(artifact)),
            |problem| Evidence::Invalid(vec![problem]),
        ),
        Err(problems) => Evidence::Invalid(problems),
    }
}

fn other_sprint(artifact: &Artifact, expected: &Expected<'_>) -> Option<Problem> {
    let sprint = expected.sprint?;
    match &artifact.sprint {
        Some(told) if told == sprint => None,
        Some(told) => Some(Problem::new(
            "sprint",
            format_args!("is {told}, not {sprint}"),
        )),
        None => Some(Problem::new(
            "sprint",
            format_args!("is missing, not {sprint}"),
        )),
    }
}
