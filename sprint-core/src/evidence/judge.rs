//! The decision; the rules are in the documentation of the [module](crate::evidence).

use crate::domain::command::{CheckKind, Count};
use crate::domain::evidence::{Author, Comment, Details, EvidenceTrailer, NotEvidence};
use crate::domain::workspace::Trace;
use crate::evidence::{
    Basis, EvidenceReport, EvidenceStatus, Expected, Facts, Judged, Mismatch, Missing, Output,
    Outputs, Remark, Voided,
};
use crate::id::{BlobId, TicketId};

/// Judges the comments on a ticket, given oldest first.
pub fn judge(
    ticket: &TicketId,
    comments: &[Comment],
    expected: &Expected,
    facts: &Facts,
) -> EvidenceReport {
    let mut all: Vec<_> = comments
        .iter()
        .filter_map(|comment| one(ticket, comment, expected, facts))
        .collect();
    let ours = |(_, (about, _)): &(usize, &(About, Judged))| *about != About::Foreign;
    // Of equals the last one counts, which is the newest.
    let counts = all.iter().enumerate().filter(ours);
    let counts = counts.max_by_key(|(_, (about, _))| *about);
    let counts = counts.map(|(at, _)| at);
    let counts = counts.map(|at| all.remove(at).1);
    EvidenceReport {
        ticket: ticket.clone(),
        counts,
        others: all.into_iter().rev().map(|(_, judged)| judged).collect(),
    }
}

/// How much a comment says about the work as it is now, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// Posted by another account: it never counts.
    Foreign,
    /// Unreadable, or about something else.
    Other,
    /// This ticket, at some time.
    Ticket,
    /// A commit that the branch or base still holds.
    Held,
    /// What the branch is now, or what base holds where the branch is gone.
    Present,
}

/// One comment; `None` if it is no evidence at all.
fn one(
    ticket: &TicketId,
    comment: &Comment,
    expected: &Expected,
    facts: &Facts,
) -> Option<(About, Judged)> {
    let judged = |trailer, status| Judged {
        comment: comment.reference.clone(),
        trailer,
        status,
    };
    let read = EvidenceTrailer::read(&comment.body);
    if let Author::Other(name) = &comment.author
        && read != Err(NotEvidence::NoHeading)
    {
        let status = EvidenceStatus::Mismatched(Mismatch::Foreign(name.clone()));
        return Some((About::Foreign, judged(read.ok(), status)));
    }
    let trailer = match read {
        Ok(trailer) => trailer,
        Err(NotEvidence::NoHeading) => return None,
        Err(NotEvidence::NoTrailer) => {
            let status = EvidenceStatus::Missing(Missing::NoTrailer);
            return Some((About::Other, judged(None, status)));
        }
        Err(unreadable @ (NotEvidence::Damaged | NotEvidence::UnknownVersion)) => {
            let status = EvidenceStatus::Mismatched(Mismatch::Unreadable(unreadable));
            return Some((About::Other, judged(None, status)));
        }
    };
    if let Some(mismatch) = misplaced(&trailer, ticket, expected) {
        let status = EvidenceStatus::Mismatched(mismatch);
        return Some((About::Other, judged(Some(trailer), status)));
    }
    let (about, status) = match held(&trailer, facts) {
        Err(Unfounded::Mismatched(why)) => (About::Ticket, EvidenceStatus::Mismatched(why)),
        Err(Unfounded::Voided(why)) => (About::Ticket, EvidenceStatus::Voided(why)),
        Ok((basis, ahead)) => {
            let about = match basis {
                Basis::Head { .. } | Basis::Base => About::Present,
                Basis::Branch { .. } => About::Held,
            };
            let mut remarks: Vec<_> = ahead.into_iter().collect();
            let status = match content(&trailer, comment, &facts.outputs, &mut remarks) {
                Ok(()) => EvidenceStatus::Valid { basis, remarks },
                Err(why) => EvidenceStatus::Mismatched(why),
            };
            (about, status)
        }
    };
    Some((about, judged(Some(trailer), status)))
}

/// What it is about, if that is not what was asked for.
fn misplaced(
    trailer: &EvidenceTrailer,
    ticket: &TicketId,
    expected: &Expected,
) -> Option<Mismatch> {
    let marker = &trailer.marker;
    if marker.ticket != *ticket {
        return Some(Mismatch::OtherTicket(marker.ticket.clone()));
    }
    if expected
        .sprint
        .as_ref()
        .is_some_and(|s| *s != marker.sprint)
    {
        return Some(Mismatch::OtherSprint(marker.sprint.clone()));
    }
    if expected
        .commit
        .as_ref()
        .is_some_and(|c| *c != marker.commit)
    {
        return Some(Mismatch::OtherCommit(marker.commit.clone()));
    }
    None
}

/// Why the commit that evidence names carries it no more.
enum Unfounded {
    Mismatched(Mismatch),
    Voided(Voided),
}

/// What holds the commit now, and a remark if its branch went on.
fn held(trailer: &EvidenceTrailer, facts: &Facts) -> Result<(Basis, Option<Remark>), Unfounded> {
    let marker = &trailer.marker;
    let Some(Trace {
        tree: Some(tree),
        head,
        on_branch,
        on_base: landed,
    }) = facts.traces.get(marker)
    else {
        return Err(Unfounded::Voided(Voided::NoCommit));
    };
    let landed = *landed;
    if *tree != marker.tree {
        return Err(Unfounded::Mismatched(Mismatch::OtherTree(tree.clone())));
    }
    match head {
        Some(head) if *head == marker.commit => Ok((Basis::Head { landed }, None)),
        Some(head) if *on_branch => {
            let ahead = Remark::BranchAhead(head.clone());
            Ok((Basis::Branch { landed }, Some(ahead)))
        }
        Some(head) => {
            let head = head.clone();
            Err(Unfounded::Voided(Voided::Rewritten { head, landed }))
        }
        None if landed => Ok((Basis::Base, None)),
        None => Err(Unfounded::Voided(Voided::Abandoned)),
    }
}

/// Whether what it rests on holds.
fn content(
    trailer: &EvidenceTrailer,
    comment: &Comment,
    outputs: &Outputs,
    remarks: &mut Vec<Remark>,
) -> Result<(), Mismatch> {
    if comment.edited {
        remarks.push(Remark::Edited);
    }
    let Some(details) = &trailer.details else {
        remarks.push(Remark::EarlierForm);
        return Ok(());
    };
    if details.checks.is_empty() {
        remarks.push(Remark::NoChecks);
    }
    for (check, mark) in &details.checks {
        if mark.exit.success() {
            continue;
        }
        if !matches!(mark.count, Count::Known { failed: 1.., .. }) {
            return Err(Mismatch::Failed(*check, mark.exit));
        }
        remarks.push(Remark::KnownFailures(*check, mark.exit));
    }
    match outputs {
        Outputs::NotAtHand => remarks.push(Remark::OutputsNotAtHand),
        Outputs::Seen(seen) => {
            let find = |wanted| lacking(details, |id| seen.get(id) == wanted);
            if let Some(check) = find(Some(&Output::Altered)) {
                return Err(Mismatch::OutputAltered(check));
            }
            if let Some(check) = find(Some(&Output::Gone)).or_else(|| find(None)) {
                return Err(Mismatch::OutputGone(check));
            }
        }
    }
    if trailer.is_verbatim(&comment.body) == Some(false) {
        remarks.push(Remark::TextDiffers);
    }
    Ok(())
}

/// The first check whose output is so.
fn lacking(details: &Details, so: impl Fn(&BlobId) -> bool) -> Option<CheckKind> {
    let mut checks = details.checks.iter();
    let found = checks.find(|(_, mark)| so(&mark.output));
    found.map(|(check, _)| *check)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
