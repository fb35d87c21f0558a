//! Taking a plan back: what we made and nobody touched, and nothing else.
//!
//! Relations go first, then issues, children before their parents, then the project if it holds
//! nothing any more. Labels stay: others may wear them. Every deletion is proven by reading, for
//! an answer that says so has been seen without effect. What stays is told, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sprint_core::ports;

use crate::call_error::{CallError, Problem, printable};
use crate::client::Client;
use crate::create::building::{stops, wait_for_look};
use crate::create::issues::BATCH;
use crate::create::journal::{Book, Entry, Shown, State, What};
use crate::create::place::Place;
use crate::create::{project, read};
use crate::once::LOOKS;
use crate::ops::Operation;
use crate::ops::plan::issues::{self, PlanIssueDelete, Touched};
use crate::ops::plan::project::{self as project_ops, PlanProjectDelete};
use crate::ops::plan::relations::{self, PlanRelationDelete};

/// Times that a deletion is sent which does not go out.
const SENDS: u32 = 4;

/// What was taken back, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// How many issues, relations and projects of the journal are gone now.
    pub gone: usize,
    /// What is still there. While there is anything, a later call goes on with it.
    pub survivors: Vec<Survivor>,
}

/// Something of ours that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// `ENG-12` for an issue, the name of a project, or which ticket blocks which.
    pub name: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// Why it is still there.
    pub why: Why,
}

/// Why something was not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The line by which it is known as ours is gone.
    Unmarked,
    /// Somebody moved it to this state.
    Moved(String),
    /// Others have commented on it.
    Commented,
    /// It is the parent of an issue that stays, or that is not ours.
    Parent,
    /// It is a project with an issue that stays.
    Holds(String),
    /// It connects issues that stay.
    Connects,
    /// It could not be deleted.
    Failed(String),
}

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(url) = &self.url {
            write!(f, " ({url})")?;
        }
        match &self.why {
            Why::Unmarked => f.write_str(": the line by which it is known as ours is gone"),
            Why::Moved(state) => write!(f, ": somebody moved it to {state}"),
            Why::Commented => f.write_str(": others have commented on it"),
            Why::Parent => f.write_str(": it is the parent of an issue that stays"),
            Why::Holds(issue) => write!(f, ": it holds {issue}, which stays"),
            Why::Connects => f.write_str(": it connects tickets that stay"),
            Why::Failed(why) => write!(f, ": {why}"),
        }
    }
}

/// Takes back what a journal says that we made.
pub(super) async fn take_back<'a>(
    client: &'a Client,
    place: &'a Place,
    book: Book<'a>,
) -> ports::Result<TakenBack> {
    let mut rollback = Rollback {
        client,
        place,
        book,
        kept: BTreeMap::new(),
    };
    let failed = |error: CallError| error.during("take back", "the plan", client.now());
    rollback.look_at_issues().await.map_err(failed)?;
    // Before the first request that changes anything.
    rollback.leave();
    rollback.book.save()?;
    let done = rollback.delete_all().await;
    rollback.stay();
    rollback.book.save()?;
    match done {
        Ok(()) => Ok(rollback.told()),
        Err(error) if matches!(error.problem, Problem::Unauthorized | Problem::Drift) => {
            Err(failed(error))
        }
        Err(error) => {
            // What was not come to is still there for this reason.
            let why = error.to_string();
            let left = rollback.book.journal.find(rollback_concerns);
            for at in left {
                let why = Why::Failed(why.clone());
                rollback.kept.entry(at).or_insert(why);
            }
            Ok(rollback.told())
        }
    }
}

/// Whether an entry is about something that has to go.
fn rollback_concerns(entry: &Entry) -> bool {
    entry.may_be_there() && !matches!(entry.what, What::Label { .. })
}

struct Rollback<'a> {
    client: &'a Client,
    place: &'a Place,
    book: Book<'a>,
    /// What stays, by its entry.
    kept: BTreeMap<usize, Why>,
}

impl Rollback<'_> {
    /// Issues that may be there and have to go, the last made first.
    fn issues(&self) -> Vec<usize> {
        let issue =
            |entry: &Entry| rollback_concerns(entry) && matches!(entry.what, What::Ticket { .. });
        let mut issues = self.book.journal.find(issue);
        issues.retain(|at| !self.kept.contains_key(at));
        issues.reverse();
        issues
    }

    fn relations(&self) -> Vec<usize> {
        self.book
            .journal
            .find(|entry| rollback_concerns(entry) && matches!(entry.what, What::Relation { .. }))
    }

    fn ids(&self, entries: &[usize]) -> Vec<String> {
        let id = |at: &usize| self.book.journal.entries[*at].id.clone();
        entries.iter().map(id).collect()
    }

    /// Finds out which issues are there, and which of them others have touched.
    async fn look_at_issues(&mut self) -> Result<(), CallError> {
        let issues = self.issues();
        for batch in issues.chunks(BATCH) {
            self.judge_all(batch).await?;
        }
        Ok(())
    }

    /// Reads issues, again while some are not seen; the ids of those that are there and cannot be
    /// looked at.
    async fn touches(
        &self,
        batch: &[usize],
    ) -> Result<(BTreeMap<String, Touched>, BTreeSet<String>), CallError> {
        let ids = self.ids(batch);
        let mut found = BTreeMap::new();
        for look in 0..LOOKS.len() {
            wait_for_look(self.client, look).await;
            found = read::touches(self.client, &ids).await?;
            if found.len() == ids.len() {
                break;
            }
        }
        let mut unseen = BTreeSet::new();
        for id in ids.into_iter().filter(|id| !found.contains_key(id)) {
            if read::issue(self.client, &id)
                .await?
                .is_some_and(|issue| issue.is_live())
            {
                unseen.insert(id);
            }
        }
        Ok((found, unseen))
    }

    /// Looks at issues, and keeps those that others have touched.
    async fn judge_all(&mut self, batch: &[usize]) -> Result<(), CallError> {
        let (found, unseen) = self.touches(batch).await?;
        for at in batch {
            let id = self.book.journal.entries[*at].id.clone();
            if unseen.contains(&id) {
                let why = "it is there, but is not listed yet, so nobody knows who touched it";
                self.kept.insert(*at, Why::Failed(why.into()));
            } else {
                self.judge(*at, found.get(&id));
            }
        }
        self.keep_parents();
        Ok(())
    }

    /// What is known of an issue now.
    fn judge(&mut self, at: usize, found: Option<&Touched>) {
        let journal = &self.book.journal;
        let entry = &journal.entries[at];
        let Some(issue) = found.filter(|issue| issue.is_live()) else {
            self.book.journal.entries[at].state = State::TakenBack;
            return;
        };
        let by_others = |said: &issues::Said| {
            said.user
                .as_ref()
                .is_none_or(|user| user.id != self.place.viewer)
        };
        let comments = &issue.comments;
        let commented = comments.page_info.has_next_page || comments.nodes.iter().any(by_others);
        let why = if !journal.marks(entry, issue.description.as_deref()) {
            Some(Why::Unmarked)
        } else if issue.state.id != journal.state {
            Some(Why::Moved(printable(&issue.state.name)))
        } else if commented {
            Some(Why::Commented)
        } else if self.has_other_children(issue) {
            Some(Why::Parent)
        } else {
            None
        };
        let entry = &mut self.book.journal.entries[at];
        entry.shown = Some(Shown {
            name: issue.identifier.clone(),
            url: issue.url.clone(),
        });
        if let Some(why) = why {
            self.kept.insert(at, why);
        }
    }

    /// Whether an issue has children that are not of this journal, or too many to be seen.
    fn has_other_children(&self, issue: &Touched) -> bool {
        let ours: BTreeSet<_> = self
            .book
            .journal
            .entries
            .iter()
            .map(|entry| &entry.id)
            .collect();
        let children = &issue.children;
        // With more than a page of children those of ours go first; then the rest is seen.
        children.nodes.iter().any(|child| !ours.contains(&child.id))
    }

    /// Keeps the parents of what is kept, up to the top.
    fn keep_parents(&mut self) {
        // Children come after their parents, so one way back is enough.
        for at in (0..self.book.journal.entries.len()).rev() {
            if !self.kept.contains_key(&at) {
                continue;
            }
            let What::Ticket {
                parent: Some(parent),
                ..
            } = &self.book.journal.entries[at].what
            else {
                continue;
            };
            if let Some(parent) = self.book.journal.ticket(parent)
                && self.book.journal.entries[parent].may_be_there()
            {
                self.kept.entry(parent).or_insert(Why::Parent);
            }
        }
    }

    /// Puts on record what is going to be deleted.
    fn leave(&mut self) {
        for at in self.book.journal.find(rollback_concerns) {
            let stays = match &self.book.journal.entries[at].what {
                What::Relation { .. } => self.connects(at),
                What::Project => false,
                What::Ticket { .. } | What::Label { .. } => self.kept.contains_key(&at),
            };
            match stays {
                true => _ = self.kept.entry(at).or_insert(Why::Connects),
                false => self.book.journal.entries[at].state = State::Leaving,
            }
        }
    }

    /// Puts on record what is there after all.
    fn stay(&mut self) {
        for (at, why) in &self.kept {
            let entry = &mut self.book.journal.entries[*at];
            // What could not be deleted may be gone the next moment.
            if entry.state == State::Leaving && !matches!(why, Why::Failed(_)) {
                entry.state = State::Confirmed;
            }
        }
    }

    /// Whether a relation connects two issues that stay.
    fn connects(&self, at: usize) -> bool {
        let What::Relation { blocker, blocked } = &self.book.journal.entries[at].what else {
            return false;
        };
        let stays = |key| {
            let at = self.book.journal.ticket(key);
            at.is_some_and(|at| self.kept.contains_key(&at))
        };
        stays(blocker) && stays(blocked)
    }

    async fn delete_all(&mut self) -> Result<(), CallError> {
        self.delete_relations().await?;
        // Level by level, so that no parent goes before its children are known to be gone.
        loop {
            let leaves = self.leaves();
            let Some(batch) = leaves.chunks(BATCH).next() else {
                break;
            };
            self.delete_issues(batch).await?;
            self.book.save().map_err(unsaved)?;
        }
        self.delete_project().await
    }

    /// Issues that have to go and have no child that is still there.
    fn leaves(&self) -> Vec<usize> {
        let journal = &self.book.journal;
        let parents: BTreeSet<_> = journal
            .entries
            .iter()
            .filter(|entry| entry.may_be_there())
            .filter_map(|entry| match &entry.what {
                What::Ticket { parent, .. } => parent.as_ref(),
                What::Label { .. } | What::Project | What::Relation { .. } => None,
            })
            .collect();
        let leaf = |at: &usize| match &journal.entries[*at].what {
            What::Ticket { key, .. } => !parents.contains(key),
            What::Label { .. } | What::Project | What::Relation { .. } => false,
        };
        self.issues().into_iter().filter(leaf).collect()
    }

    async fn delete_relations(&mut self) -> Result<(), CallError> {
        let mut open = self.relations();
        open.retain(|at| !self.kept.contains_key(at));
        for attempt in 0..2 {
            for at in open.clone() {
                let variables = relations::IdVariables {
                    id: self.book.journal.entries[at].id.clone(),
                };
                let sent = self.send::<PlanRelationDelete>(&variables).await;
                self.deleting(at, sent, attempt)?;
            }
            // Whatever the answers said: this is what counts.
            open = self.relations_still_there(open).await?;
            self.book.save().map_err(unsaved)?;
        }
        self.still_there(open);
        Ok(())
    }

    /// Reads the issues that deleted relations led to until none is listed; returns those that
    /// are.
    async fn relations_still_there(
        &mut self,
        mut open: Vec<usize>,
    ) -> Result<Vec<usize>, CallError> {
        for look in 0..LOOKS.len() {
            if open.is_empty() {
                break;
            }
            wait_for_look(self.client, look).await;
            let ids: BTreeSet<_> = open.iter().filter_map(|at| self.blocked(*at)).collect();
            let found = read::issues(self.client, ids.into_iter().collect()).await?;
            let mut listed = BTreeMap::new();
            for issue in found.values() {
                let relations = read::targeted(self.client, issue).await?.into_iter();
                let relations: BTreeSet<_> = relations.map(|relation| relation.id).collect();
                listed.insert(issue.id.clone(), relations);
            }
            let mut left = Vec::new();
            for at in open {
                let id = self.book.journal.entries[at].id.clone();
                let there = match self.blocked(at).and_then(|blocked| listed.get(&blocked)) {
                    Some(relations) => relations.contains(&id),
                    None => read::relation(self.client, &id).await?.is_some(),
                };
                if there {
                    left.push(at);
                } else {
                    self.book.journal.entries[at].state = State::TakenBack;
                }
            }
            open = left;
        }
        Ok(open)
    }

    /// The issue that a relation leads to.
    fn blocked(&self, at: usize) -> Option<String> {
        let journal = &self.book.journal;
        match &journal.entries[at].what {
            What::Relation { blocked, .. } => journal
                .ticket(blocked)
                .map(|at| journal.entries[at].id.clone()),
            What::Label { .. } | What::Project | What::Ticket { .. } => None,
        }
    }

    async fn delete_issues(&mut self, batch: &[usize]) -> Result<(), CallError> {
        // People work meanwhile: each is looked at again just before.
        self.judge_all(batch).await?;
        let mut open = batch.to_vec();
        for attempt in 0..2 {
            let journal = &self.book.journal;
            open.retain(|at| journal.entries[*at].may_be_there() && !self.kept.contains_key(at));
            for at in open.clone() {
                let variables = issues::IdVariables {
                    id: self.book.journal.entries[at].id.clone(),
                };
                let sent = self.send::<PlanIssueDelete>(&variables).await;
                self.deleting(at, sent, attempt)?;
            }
            open = self.issues_still_there(open).await?;
        }
        self.still_there(open);
        self.keep_parents();
        Ok(())
    }

    /// Reads deleted issues until all are seen in the trash; returns those that are not.
    async fn issues_still_there(&mut self, mut open: Vec<usize>) -> Result<Vec<usize>, CallError> {
        for look in 0..LOOKS.len() {
            if open.is_empty() {
                break;
            }
            wait_for_look(self.client, look).await;
            let found = read::issues(self.client, self.ids(&open)).await?;
            let entries = &mut self.book.journal.entries;
            open.retain(|at| {
                let entry = &mut entries[*at];
                // One that is not listed may have been purged; the mark of the trash is better.
                let there = found.get(&entry.id).is_some_and(issues::Issue::is_live);
                if !there {
                    entry.state = State::TakenBack;
                }
                there
            });
        }
        Ok(open)
    }

    async fn delete_project(&mut self) -> Result<(), CallError> {
        let open = self
            .book
            .journal
            .find(|entry| entry.what == What::Project && rollback_concerns(entry));
        for at in open {
            let Some((shown, why)) = self.project_is_in_use(at).await? else {
                self.book.journal.entries[at].state = State::TakenBack;
                continue;
            };
            self.book.journal.entries[at].shown = Some(shown);
            if let Some(why) = why {
                self.kept.insert(at, why);
                continue;
            }
            let id = self.book.journal.entries[at].id.clone();
            for attempt in 0..2 {
                let variables = project_ops::IdVariables { id: id.clone() };
                let sent = self.send::<PlanProjectDelete>(&variables).await;
                self.deleting(at, sent, attempt)?;
                if self.project_is_gone(&id).await? {
                    self.book.journal.entries[at].state = State::TakenBack;
                    break;
                }
            }
            if self.book.journal.entries[at].may_be_there() {
                self.still_there(vec![at]);
            }
        }
        Ok(())
    }

    /// How the project is found, and why it has to stay, if it does; `None` if it is gone.
    async fn project_is_in_use(
        &self,
        at: usize,
    ) -> Result<Option<(Shown, Option<Why>)>, CallError> {
        let id = &self.book.journal.entries[at].id;
        let mut seen = None;
        for look in 0..LOOKS.len() {
            wait_for_look(self.client, look).await;
            let Some(found) = project::read(self.client, id, project::PAGE, None).await? else {
                // It may be there and not be seen yet.
                seen = None;
                continue;
            };
            if !found.is_live() {
                return Ok(None);
            }
            let shown = Shown {
                name: found.name.clone(),
                url: found.url.clone(),
            };
            let entry = &self.book.journal.entries[at];
            if !self.book.journal.marks(entry, found.content.as_deref()) {
                return Ok(Some((shown, Some(Why::Unmarked))));
            }
            match project::holds(self.client, id, found).await? {
                None => return Ok(Some((shown, None))),
                // What was deleted just now may still be listed.
                Some(issue) => seen = Some((shown, Some(Why::Holds(printable(&issue))))),
            }
        }
        Ok(seen)
    }

    async fn project_is_gone(&self, id: &str) -> Result<bool, CallError> {
        for look in 0..LOOKS.len() {
            wait_for_look(self.client, look).await;
            let found = project::read(self.client, id, 1, None).await?;
            if found.is_none_or(|project| !project.is_live()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends a deletion; again if it did not go out. What the answer says does not matter.
    async fn send<O: Operation>(&self, variables: &O::Variables) -> Result<(), CallError> {
        for attempt in 1..SENDS {
            match self.client.call::<O>(variables).await {
                Err(error) if matches!(error.problem, Problem::Unsent | Problem::Locked) => {
                    self.client.back_off(attempt).await;
                }
                done => return done.map(drop),
            }
        }
        self.client.call::<O>(variables).await.map(drop)
    }

    /// Takes in how a deletion went; an error if nothing else can be deleted either.
    fn deleting(
        &mut self,
        at: usize,
        sent: Result<(), CallError>,
        attempt: u32,
    ) -> Result<(), CallError> {
        let Err(error) = sent else { return Ok(()) };
        // Reading tells what became of it, and what was not there is gone.
        if error.problem.may_be_done() || error.problem == Problem::NotFound {
            return Ok(());
        }
        if stops(error.problem) {
            return Err(error);
        }
        if attempt > 0 {
            self.kept.insert(at, Why::Failed(error.to_string()));
        }
        Ok(())
    }

    fn still_there(&mut self, open: Vec<usize>) {
        for at in open {
            let why = "Linear said that it was deleted, but it was not";
            let why = Why::Failed(why.into());
            self.kept.entry(at).or_insert(why);
        }
    }

    /// What is gone and what is not.
    fn told(&self) -> TakenBack {
        let journal = &self.book.journal;
        let gone = journal.find(|entry| entry.state == State::TakenBack).len();
        let survivor = |(at, why): (&usize, &Why)| {
            let entry = &journal.entries[*at];
            let name = match (&entry.what, &entry.shown) {
                (What::Relation { blocker, blocked }, _) => format!("{blocker} blocks {blocked}"),
                (_, Some(shown)) => printable(&shown.name),
                (What::Ticket { key, .. }, None) => format!("ticket {key}"),
                (What::Project | What::Label { .. }, None) => "the project".to_owned(),
            };
            Survivor {
                name,
                url: entry.shown.as_ref().map(|shown| printable(&shown.url)),
                why: why.clone(),
            }
        };
        let there = self
            .kept
            .iter()
            .filter(|(at, _)| journal.entries[**at].may_be_there());
        TakenBack {
            gone,
            survivors: there.map(survivor).collect(),
        }
    }
}

fn unsaved(error: ports::Error) -> CallError {
    CallError::new("creation journal", Problem::Drift, &error.chain())
}
