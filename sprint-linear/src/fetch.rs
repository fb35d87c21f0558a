//! Fetching tickets: all of them, whole, and as they are together.
//!
//! 1. Names of the filter become ids; a name that there is not is an error with those there are.
//! 2. All pages are read, and all pages of what hangs on an issue. What blocks a ticket must not
//!    be cut off: the ticket would look ready.
//! 3. What changed while that was read is read again, until nothing did.
//! 4. Blockers that the filter does not pick are read by id, and theirs.
//!
//! An issue that is no ticket is told by a message and stops nothing else.

mod list;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::reality::Fetched;
use sprint_core::id::{TicketId, natural_key};
use sprint_core::ports::Result;
use sprint_core::time::Timestamp;

use crate::call_error::{CallError, printable};
use crate::convert;
use crate::directory::Directory;
use crate::fetch::list::{Listing, Row, in_full};
use crate::fetch::wanted::Wanted;
use crate::link::Link;
use crate::ops::ById;
use crate::ops::issues::{Issue, IssueNode, IssueRef};
use crate::ops::states::BATCH;
use crate::team::Teams;

/// How often what changed meanwhile is read.
const ROUNDS: u32 = 3;
/// Linear's clock may differ between its machines, and so may what they know.
const LAG: Duration = Duration::from_secs(120);

/// The tickets that the filter picks, and every ticket that they wait for.
pub(crate) async fn tickets(
    link: &Link,
    teams: &Teams,
    directory: &Directory,
    filter: &TicketFilter,
) -> Result<Fetched> {
    let wanted = Wanted::resolve(link, teams, filter).await?;
    let key = wanted.team.key.clone();
    let mut fetch = Fetch {
        link,
        wanted,
        picked: BTreeMap::new(),
        others: BTreeMap::new(),
        missing: BTreeSet::new(),
        malformed: BTreeSet::new(),
    };
    let read = fetch.read().await;
    read.map_err(|error| error.during("list tickets of team", key, link.client.now()))?;
    Ok(fetch.tickets(directory))
}

struct Fetch<'a> {
    link: &'a Link,
    wanted: Wanted,
    /// What the filter picks, by id.
    picked: BTreeMap<String, IssueNode>,
    /// What that waits for, by id.
    others: BTreeMap<String, IssueNode>,
    /// What cannot be read although something waits for it, by id.
    missing: BTreeSet<String>,
    malformed: BTreeSet<String>,
}

impl Fetch<'_> {
    async fn read(&mut self) -> Result<(), CallError> {
        let begun = self.link.client.now();
        let listing = Listing::new(self.wanted.filter());
        for row in listing.all(self.link).await? {
            self.take_in(row);
        }
        self.settle(begun).await?;
        self.follow().await
    }

    /// Takes a picked issue in; of two states of it the later one.
    fn take_in(&mut self, row: Row) {
        match row {
            Row::Issue(node) => {
                let known = self.picked.get(&node.id);
                if known.is_none_or(|known| known.updated_at <= node.updated_at) {
                    self.picked.insert(node.id.clone(), *node);
                }
            }
            Row::Malformed(text) => {
                self.malformed.insert(text);
            }
        }
    }

    /// Reads what changed since `begun`, whether or not the filter picks it now, until nothing
    /// that concerns us did.
    async fn settle(&mut self, begun: Timestamp) -> Result<(), CallError> {
        let since = self.link.client.budget().theirs(begun);
        let since = Timestamp::from_millis(since.as_millis().saturating_sub(millis(LAG)));
        for _ in 0..ROUNDS {
            let listing = Listing::new(self.wanted.changed_since(since)).with_archived();
            let mut still = true;
            for row in listing.all(self.link).await? {
                match row {
                    Row::Issue(node) if self.wanted.picks(&node) => {
                        let known = self.picked.get(&node.id);
                        if known.is_none_or(|known| known.updated_at < node.updated_at) {
                            still = false;
                            self.picked.insert(node.id.clone(), *node);
                        }
                    }
                    Row::Issue(node) => still &= self.picked.remove(&node.id).is_none(),
                    // Whether the filter would pick it nobody knows; if it did, it was told.
                    Row::Malformed(_) => {}
                }
            }
            if still {
                return Ok(());
            }
        }
        let text = "tickets were changed as fast as they were read; what is here is of one moment \
                    for each of them, not for all";
        self.malformed.insert(format!("the list: {text}"));
        Ok(())
    }

    /// Reads blockers, and their blockers.
    async fn follow(&mut self) -> Result<(), CallError> {
        loop {
            let all = self.picked.values().chain(self.others.values());
            let blockers = all.flat_map(blockers).flatten().map(|issue| &issue.id);
            let known = |id: &&String| {
                self.picked.contains_key(*id)
                    || self.others.contains_key(*id)
                    || self.missing.contains(*id)
            };
            let open: BTreeSet<String> = blockers.filter(|id| !known(id)).cloned().collect();
            if open.is_empty() {
                return Ok(());
            }
            let open: Vec<_> = open.into_iter().collect();
            for ids in open.chunks(BATCH) {
                self.fetch_others(ids).await?;
            }
        }
    }

    async fn fetch_others(&mut self, ids: &[String]) -> Result<(), CallError> {
        let filter = json!({ "id": { "in": ids } });
        let size = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let listing = Listing::new(filter).with_archived().by(size);
        for row in listing.all(self.link).await? {
            match row {
                Row::Issue(node) => self.others.extend([(node.id.clone(), *node)]),
                Row::Malformed(text) => self.malformed.extend([text]),
            }
        }
        for id in ids {
            if self.others.contains_key(id) {
                continue;
            }
            // Lists lag, and may leave out what there is.
            match self.link.client.find::<Issue>(&ById::new(id)).await? {
                Some(data) => match in_full(self.link, data.issue).await? {
                    Row::Issue(node) => self.others.extend([(id.clone(), *node)]),
                    Row::Malformed(text) => {
                        self.malformed.insert(text);
                        self.missing.insert(id.clone());
                    }
                },
                None => {
                    self.missing.insert(id.clone());
                }
            }
        }
        Ok(())
    }

    /// As tickets, sorted by id.
    fn tickets(self, directory: &Directory) -> Fetched {
        let nodes = || self.picked.values().chain(self.others.values());
        let names: BTreeMap<&str, &str> = nodes()
            .map(|node| (node.id.as_str(), node.identifier.as_str()))
            .collect();
        let mut fetched = Fetched {
            malformed: self.malformed.iter().cloned().collect(),
            ..Fetched::default()
        };
        for node in nodes() {
            match converted(node, &names) {
                Ok(ticket) => {
                    directory.learn(&node.id, &node.identifier, &node.previous_identifiers);
                    fetched.tickets.push(ticket);
                }
                Err(reason) => {
                    let place = printable(&node.identifier);
                    fetched.malformed.push(format!("{place}: {reason}"));
                }
            }
        }
        let tickets = &mut fetched.tickets;
        tickets.sort_by(|a, b| natural_key(a.id.as_str()).cmp(&natural_key(b.id.as_str())));
        fetched
    }
}

fn converted(
    node: &IssueNode,
    names: &BTreeMap<&str, &str>,
) -> Result<sprint_core::domain::ticket::Ticket, String> {
    let blocker = |issue: Option<&IssueRef>| match issue {
        // An identifier may have changed since the relation was read.
        Some(issue) => {
            let name = names.get(issue.id.as_str());
            convert::identifier(name.copied().unwrap_or(issue.identifier.as_str()))
        }
        // Nothing is known of it but that it blocks, which is what the plan has to know.
        None => convert::identifier(UNSEEN),
    };
    let blockers = blockers(node).map(blocker);
    convert::ticket(node, blockers.collect::<Result<Vec<TicketId>, _>>()?)
}

/// Stands for a blocker that the key may not see.
const UNSEEN: &str = "unseen-blocker";

/// What blocks an issue; `None` for what the key may not see.
fn blockers(node: &IssueNode) -> impl Iterator<Item = Option<&IssueRef>> {
    let relations = node.inverse_relations.nodes.iter();
    let blocks = relations.filter(|relation| relation.kind == "blocks");
    blocks.map(|relation| relation.issue.as_ref())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
