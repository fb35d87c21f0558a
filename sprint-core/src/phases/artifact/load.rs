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

/// Reads what was stored, `None` if there is no regular file, and judges it.
///
/// Gates use [`Strictness::Require`].
pub fn load(bytes: Option<&[u8]>, expected: &Expected<'_>, strictness: Strictness) -> Evidence {
    let Some(bytes) = bytes else {
        return if Kind::of(expected.phase).needs_artifact() {
            Evidence::Missing
        } else {
            Evidence::NotApplicable
        };
    };
    let recorded = expected
        .sha256
        .is_none_or(|told| BlobId::of(bytes) == *told);
    if !recorded && Trust::IntegrityMismatch.access(strictness) == Access::Rejected {
        return Evidence::Tampered(Trust::IntegrityMismatch);
    }
    let document = match document::parse(bytes) {
        Ok(document) => document,
        Err(problem) => return Evidence::Invalid(vec![problem]),
    };
    let trust = Trust::of(&document);
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
