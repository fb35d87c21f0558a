//! Tools that a person has to allow: a ticket's worker asks, waits, and goes on (decision B11).

use crate::domain::agent::{Assignment, Grant, PermissionRequest};
use crate::domain::workspace::Workspace;
use crate::run::cx::Cx;
use crate::run::event::Event;
use crate::run::failing::stuck;
use crate::run::ticket::{Stage, StuckReason, TicketRun};

/// Questions a ticket's agents may ask people, so that an agent which asks for ever comes to an end.
const MAX_QUESTIONS: u32 = 20;

/// Whether a person has decided about this use of a tool already, for this ticket.
pub(super) fn is_decided(ticket: &TicketRun, request: &PermissionRequest) -> bool {
    let mut grants = ticket.grants.iter();
    grants.any(|grant| grant.request.digest == request.digest)
}

/// The ticket waits until a person has decided.
pub(super) fn ask(
    ticket: &mut TicketRun,
    workspace: Workspace,
    entry: Assignment,
    request: PermissionRequest,
    cx: &mut Cx<'_>,
) {
    if ticket.budget.questions >= MAX_QUESTIONS {
        let message = format!(
            "its agent asked {MAX_QUESTIONS} times for a tool, and now for {}",
            request.tool
        );
        return stuck(ticket, StuckReason::TooManyQuestions, message, cx);
    }
    ticket.budget.questions += 1;
    cx.events.push(Event::PermissionRequested {
        ticket: cx.ticket.ticket.id.clone(),
        request: request.clone(),
    });
    ticket.stage = Stage::AwaitingPermission {
        workspace,
        entry,
        request,
    };
}

/// A person has decided: the same attempt goes on, in the same session.
pub(super) fn decide(ticket: &mut TicketRun, digest: &str, allowed: bool, cx: &mut Cx<'_>) {
    if let Stage::AwaitingPermission {
        workspace,
        entry,
        request,
    } = &ticket.stage
        && request.digest == digest
    {
        let (workspace, entry) = (workspace.clone(), entry.clone());
        let request = request.clone();
        ticket.grants.push(Grant { request, allowed });
        ticket.stage = Stage::Implementing { workspace, entry };
    } else {
        let id = &cx.ticket.ticket.id;
        let message = format!("{id} does not wait for a decision on {digest}");
        cx.events.push(Event::Warning { message });
    }
}
