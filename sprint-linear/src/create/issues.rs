//! Issues: parents before children, in batches, and what is missing one by one.

use async_trait::async_trait;
use sprint_core::domain::draft::TicketDraft;
use sprint_core::failure::ErrorKind;
use sprint_core::ports;

use crate::call_error::{CallError, Problem, printable};
use crate::create::building::{Building, stops};
use crate::create::journal::{Journal, Shown, State, What};
use crate::create::labels::not_applied;
use crate::create::project::one_line;
use crate::create::read;
use crate::machine::with_line;
use crate::once::{Creation, Found, LOOKS, once};
use crate::ops::Create;
use crate::ops::plan::issues::{BatchInput, Input, Issue, PlanIssueBatchCreate, PlanIssueCreate};

/// Linear takes no more issues in one request.
pub(super) const BATCH: usize = 50;
/// Nor do we send more bytes in one.
const BYTES: usize = 600_000;
/// Times that a batch is sent before its issues are sent one by one.
const ROUNDS: u32 = 3;

/// A ticket that is not there yet.
#[derive(Clone, Copy)]
struct Open<'a> {
    /// Where its entry is.
    at: usize,
    draft: &'a TicketDraft,
}

/// Sees to it that every issue is there.
pub(super) async fn build(building: &Building<'_>) -> ports::Result<()> {
    for level in building.draft.levels() {
        for batch in batches(&open(building, &level)) {
            build_batch(building, batch).await?;
            building.save()?;
        }
    }
    complete(building)
}

/// The tickets of a level that can be created now: a child of one that is not there cannot.
fn open<'a>(building: &Building<'_>, level: &[&'a TicketDraft]) -> Vec<Open<'a>> {
    let mut book = building.book();
    let mut open = Vec::new();
    for draft in level.iter().copied() {
        let Some(at) = book.journal.ticket(&draft.key) else {
            continue;
        };
        let parent = draft
            .parent
            .as_ref()
            .and_then(|key| book.journal.ticket(key));
        let possible = parent.is_none_or(|parent| book.journal.entries[parent].is_there());
        if !possible || book.journal.entries[at].is_there() {
            continue;
        }
        if book.journal.entries[at].state == State::TakenBack {
            book.renew(at);
        }
        open.push(Open { at, draft });
    }
    open
}

/// What goes into one request each.
fn batches<'a>(open: &[Open<'a>]) -> Vec<Vec<Open<'a>>> {
    let mut batches: Vec<Vec<Open<'a>>> = Vec::new();
    let mut bytes = 0;
    for ticket in open.iter().copied() {
        // Twice, for what JSON makes of newlines and quotes.
        let size = 2 * (ticket.draft.body.len() + ticket.draft.title.len()) + 1_000;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + size <= BYTES => {
                bytes += size;
                batch.push(ticket);
            }
            _ => {
                bytes = size;
                batches.push(vec![ticket]);
            }
        }
    }
    batches
}

async fn build_batch(building: &Building<'_>, mut open: Vec<Open<'_>>) -> ports::Result<()> {
    let doubtful = |ticket: &Open<'_>| building.book().journal.entries[ticket.at].is_doubtful();
    if open.iter().any(doubtful) {
        open = settle(building, open, 1).await?;
    }
    for round in 1..=ROUNDS {
        if open.is_empty() {
            return Ok(());
        }
        for ticket in &open {
            building.set(ticket.at, State::Sent);
        }
        building.save()?;
        if let Err(error) = send_batch(building, &open).await {
            let problem = error.problem;
            if matches!(problem, Problem::Unsent | Problem::Locked) && round < ROUNDS {
                building.client.back_off(round).await;
            } else if stops(problem) && problem != Problem::Lost {
                return Err(building.failed(error, "create", count(&open)));
            } else if problem != Problem::Conflict && !problem.may_be_done() {
                // One of them is wrong, and the answer does not say which.
                break;
            }
        }
        // Whatever the answer was: what can be read is there.
        open = settle(building, open, LOOKS.len()).await?;
    }
    for ticket in open {
        build_one(building, ticket).await?;
    }
    Ok(())
}

fn count(open: &[Open<'_>]) -> String {
    match open {
        [one] => format!("ticket {}", one.draft.key),
        [first, ..] => format!("{} tickets from {} on", open.len(), first.draft.key),
        [] => String::new(),
    }
}

/// Sends the create of a batch once.
async fn send_batch(building: &Building<'_>, open: &[Open<'_>]) -> Result<(), CallError> {
    let issues = {
        let journal = &building.book().journal;
        let input = |ticket| input(building, journal, ticket);
        open.iter().map(input).collect()
    };
    let input = BatchInput { issues };
    let variables = Create { input };
    let call = building.client.call::<PlanIssueBatchCreate>(&variables);
    match call.await?.issue_batch_create.success {
        true => Ok(()),
        false => Err(not_applied("PlanIssueBatchCreate")),
    }
}

/// Reads what became of issues, up to `looks` times while some cannot be seen; returns those that
/// have to be sent. Where an issue was deleted, that is under a new id.
async fn settle<'a>(
    building: &Building<'_>,
    mut open: Vec<Open<'a>>,
    looks: usize,
) -> ports::Result<Vec<Open<'a>>> {
    let mut renewed = Vec::new();
    for look in 0..looks {
        if open.is_empty() {
            break;
        }
        building.client.wait_for_look(&LOOKS, look).await;
        let ids = open.iter().map(|ticket| building.id(ticket.at)).collect();
        let found = read::issues(building.client, ids).await;
        let found = found.map_err(|error| building.failed(error, "read", count(&open)))?;
        let mut missing = Vec::new();
        for ticket in open {
            match found.get(&building.id(ticket.at)) {
                None => missing.push(ticket),
                Some(issue) => match judge(building, ticket.at, issue) {
                    Found::Ours(shown) => {
                        let mut book = building.book();
                        let entry = &mut book.journal.entries[ticket.at];
                        entry.state = State::Confirmed;
                        entry.shown = Some(shown);
                    }
                    Found::Burnt => {
                        building.book().renew(ticket.at);
                        renewed.push(ticket);
                    }
                    Found::Foreign(what) => {
                        let subject = format!("ticket {}", ticket.draft.key);
                        let error = ports::Error::new(ErrorKind::Invalid, "create", subject);
                        return Err(error.because(format!("under its id there is {what}")));
                    }
                },
            }
        }
        open = missing;
    }
    open.append(&mut renewed);
    open.sort_by_key(|ticket| ticket.at);
    Ok(open)
}

/// What an issue under the id of an entry is.
fn judge(building: &Building<'_>, at: usize, issue: &Issue) -> Found<Shown> {
    let journal = &building.book().journal;
    let ours = journal.marks(&journal.entries[at], issue.description.as_deref());
    if !issue.is_live() {
        Found::Burnt
    } else if ours {
        Found::Ours(Shown {
            name: issue.identifier.clone(),
            url: issue.url.clone(),
        })
    } else {
        let name = printable(&issue.identifier);
        Found::Foreign(format!(
            "the issue {name}, which does not bear the mark of this plan"
        ))
    }
}

/// Creates an issue by itself. What Linear refuses for good is noted, and the others go on.
async fn build_one(building: &Building<'_>, ticket: Open<'_>) -> ports::Result<()> {
    let Open { at, draft } = ticket;
    let epoch = building.book().journal.entries[at].epoch;
    let creation = IssueCreation { building, ticket };
    let error = match once(building.client, &creation, epoch, true).await {
        Ok(created) => {
            let mut book = building.book();
            let entry = &mut book.journal.entries[at];
            entry.state = State::Confirmed;
            entry.shown = Some(created.entity);
            return Ok(());
        }
        Err(error) => error,
    };
    let (stop, why) = (stops(error.problem), error.to_string());
    let error = building.failed(error, "create ticket", draft.key.as_str());
    if stop || error.kind() == ErrorKind::Fatal {
        return Err(error);
    }
    building.set(at, State::Failed { why });
    Ok(())
}

/// An error that names what could not be created, if there is anything.
fn complete(building: &Building<'_>) -> ports::Result<()> {
    let journal = &building.book().journal;
    let (mut refused, mut left) = (Vec::new(), 0);
    for entry in &journal.entries {
        match (&entry.what, &entry.state) {
            (What::Ticket { key, .. }, State::Failed { why }) => refused.push((key, why)),
            (What::Ticket { .. }, _) if !entry.is_there() => left += 1,
            _ => {}
        }
    }
    let Some((key, why)) = refused.first() else {
        return Ok(());
    };
    let (subject, mut text) = match refused.len() {
        1 => (format!("ticket {key}"), why.to_string()),
        many => (format!("{many} tickets"), format!("{key}: {why}")),
    };
    for (key, _) in &refused[1..] {
        text.extend([", and ", key.as_str()]);
    }
    if left > 0 {
        text.extend(["; ", &left.to_string(), " below were not tried"]);
    }
    Err(ports::Error::new(ErrorKind::Invalid, "create", subject).because(text))
}

fn input(building: &Building<'_>, journal: &Journal, ticket: &Open<'_>) -> Input {
    let draft = ticket.draft;
    let id_of = |at: usize| journal.entries[at].id.clone();
    let wears = building.draft.labels(draft);
    let wears = |name: &str| {
        wears
            .iter()
            .any(|label| label.to_lowercase() == name.to_lowercase())
    };
    let worn = journal.find(|entry| matches!(&entry.what, What::Label { name } if wears(name)));
    let project = journal.find(|entry| entry.what == What::Project);
    let parent = draft.parent.as_ref().and_then(|key| journal.ticket(key));
    Input {
        id: id_of(ticket.at),
        team_id: building.place.team.clone(),
        title: one_line(&draft.title),
        description: with_line(&draft.body, &journal.ticket_mark(draft.key.as_str())),
        state_id: journal.state.clone(),
        priority: draft.priority.number(),
        label_ids: worn.into_iter().map(id_of).collect(),
        project_id: project.first().copied().map(id_of),
        parent_id: parent.map(id_of),
    }
}

struct IssueCreation<'a, 'b> {
    building: &'a Building<'b>,
    ticket: Open<'a>,
}

#[async_trait]
impl Creation for IssueCreation<'_, '_> {
    type Entity = Shown;

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        self.building.sending(self.ticket.at, epoch)
    }

    async fn send(&self, _: &str) -> Result<Shown, CallError> {
        let input = input(self.building, &self.building.book().journal, &self.ticket);
        let id = input.id.clone();
        let variables = Create { input };
        let call = self.building.client.call::<PlanIssueCreate>(&variables);
        let answer = call.await?.issue_create;
        match answer.issue {
            Some(issue) if answer.success && issue.id == id => Ok(Shown {
                name: issue.identifier,
                url: issue.url,
            }),
            _ => Err(not_applied("PlanIssueCreate")),
        }
    }

    async fn look(&self, id: &str) -> Result<Option<Found<Shown>>, CallError> {
        let issue = read::issue(self.building.client, id).await?;
        Ok(issue.map(|issue| judge(self.building, self.ticket.at, &issue)))
    }
}
