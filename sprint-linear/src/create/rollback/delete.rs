//! Deleting, and finding out whether it was done.

use std::collections::{BTreeMap, BTreeSet};

use sprint_core::ports;

use crate::call_error::{CallError, Problem, printable};
use crate::create::building::stops;
use crate::create::issues::BATCH;
use crate::create::journal::{Shown, State, What};
use crate::create::rollback::{Rollback, Why, concerns};
use crate::create::{project, read};
use crate::once::LOOKS;
use crate::ops::plan::issues::{Issue, PlanIssueDelete};
use crate::ops::plan::project::PlanProjectDelete;
use crate::ops::plan::relations::PlanRelationDelete;
use crate::ops::{ById, Operation};

/// Times that a deletion is sent without an answer.
const SENDS: u32 = 4;

impl Rollback<'_> {
    pub(super) async fn delete_all(&mut self) -> Result<(), CallError> {
        self.delete_relations().await?;
        self.keep_related();
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

    /// Keeps the issues of relations that could not be deleted: without them nobody would find
    /// those any more.
    fn keep_related(&mut self) {
        let failed = |why: &Why| matches!(why, Why::Failed(_));
        let stay: Vec<_> = self
            .kept
            .iter()
            .filter(|(_, why)| failed(why))
            .map(|(at, _)| *at)
            .collect();
        for at in stay {
            let What::Relation { blocker, blocked } = &self.book.journal.entries[at].what else {
                continue;
            };
            for key in [blocker, blocked] {
                if let Some(issue) = self.book.journal.ticket(key) {
                    self.kept.entry(issue).or_insert(Why::Related);
                }
            }
        }
        self.keep_parents();
    }

    async fn delete_relations(&mut self) -> Result<(), CallError> {
        let mut open = self.relations();
        open.retain(|at| !self.kept.contains_key(at));
        for attempt in 0..2 {
            for at in open.clone() {
                let variables = ById::new(&self.book.journal.entries[at].id);
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
            self.client.wait_for_look(&LOOKS, look).await;
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
                let variables = ById::new(&self.book.journal.entries[at].id);
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
            self.client.wait_for_look(&LOOKS, look).await;
            let found = read::issues(self.client, self.ids(&open)).await?;
            let entries = &mut self.book.journal.entries;
            open.retain(|at| {
                let entry = &mut entries[*at];
                // One that is not listed may have been purged; the mark of the trash is better.
                let there = found.get(&entry.id).is_some_and(Issue::is_live);
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
            .find(|entry| entry.what == What::Project && concerns(entry));
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
                let sent = self.send::<PlanProjectDelete>(&ById::new(&id)).await;
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
            self.client.wait_for_look(&LOOKS, look).await;
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
            self.client.wait_for_look(&LOOKS, look).await;
            let found = project::read(self.client, id, 1, None).await?;
            if found.is_none_or(|project| !project.is_live()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends a deletion, again if it may not have been done: reads may show what was there before
    /// it was created, and take that for proof. What the answer says does not matter.
    async fn send<O: Operation>(&self, variables: &O::Variables) -> Result<(), CallError> {
        let call = || self.client.call::<O>(variables);
        let sent = self.client.repeat(SENDS, Problem::may_be_repeated, call);
        sent.await.map(drop)
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
}

fn unsaved(error: ports::Error) -> CallError {
    CallError::new("creation journal", Problem::Drift, &error.chain())
}
