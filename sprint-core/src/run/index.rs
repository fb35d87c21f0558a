//! What is wanted now, kept up to date ticket by ticket so that a step costs what it changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::TicketId;
use crate::run::effect::{EffectId, Lane};
use crate::time::Timestamp;

/// Derived from the state, never saved; a restart builds it anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    wanted: BTreeMap<Lane, BTreeSet<(u32, EffectId)>>,
    entries: BTreeMap<Option<TicketId>, Entry>,
    deadlines: BTreeSet<(Timestamp, Option<TicketId>)>,
    unsettled: usize,
    in_progress: usize,
    with_chores: usize,
}

/// What one ticket, or the sprint (`None`), contributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// What ought to be running, with its lane and its rank.
    pub(super) wants: Vec<(Lane, u32, EffectId)>,
    /// When to look again.
    pub(super) deadlines: Vec<Timestamp>,
    /// Whether the ticket still has to come to an end before integration.
    pub(super) unsettled: bool,
    /// Whether it has begun and not come to an end, and does not wait for a person.
    pub(super) in_progress: bool,
    /// Whether it has chores left.
    pub(super) chores: bool,
}

impl Index {
    /// Replaces what `owner` contributes.
    pub(super) fn replace(&mut self, owner: Option<TicketId>, entry: Entry) {
        if let Some(old) = self.entries.remove(&owner) {
            for (lane, rank, id) in old.wants {
                if let Some(lane) = self.wanted.get_mut(&lane) {
                    lane.remove(&(rank, id));
                }
            }
            for at in old.deadlines {
                self.deadlines.remove(&(at, owner.clone()));
            }
            self.unsettled -= usize::from(old.unsettled);
            self.in_progress -= usize::from(old.in_progress);
            self.with_chores -= usize::from(old.chores);
        }
        for (lane, rank, id) in &entry.wants {
            self.wanted
                .entry(*lane)
                .or_default()
                .insert((*rank, id.clone()));
        }
        for at in &entry.deadlines {
            self.deadlines.insert((*at, owner.clone()));
        }
        self.unsettled += usize::from(entry.unsettled);
        self.in_progress += usize::from(entry.in_progress);
        self.with_chores += usize::from(entry.chores);
        self.entries.insert(owner, entry);
    }

    /// What ought to be running in a lane, most urgent first.
    pub(super) fn wanted(&self, lane: Lane) -> impl Iterator<Item = &EffectId> {
        self.wanted
            .get(&lane)
            .into_iter()
            .flatten()
            .map(|(_, id)| id)
    }

    /// Whether an effect ought to be running.
    pub(super) fn wants(&self, id: &EffectId) -> bool {
        let entry = self.entries.get(&id.ticket_id().cloned());
        entry.is_some_and(|entry| entry.wants.iter().any(|(_, _, wanted)| wanted == id))
    }

    /// Whether nothing is wanted and nothing will be without a fact from outside.
    pub(super) fn is_idle(&self) -> bool {
        self.deadlines.is_empty() && self.wanted.values().all(BTreeSet::is_empty)
    }

    /// The earliest time at which something may change by itself.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Whose deadlines have come.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Option<TicketId>> {
        self.deadlines
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, who)| who.clone())
            .collect()
    }

    /// How many tickets have not come to an end.
    pub(super) const fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// How many tickets have begun and not come to an end.
    pub(super) const fn in_progress(&self) -> usize {
        self.in_progress
    }

    /// How many tickets have chores left.
    pub(super) const fn with_chores(&self) -> usize {
        self.with_chores
    }
}
