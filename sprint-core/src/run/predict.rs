//! Which tickets are going to conflict, found out while they are still being worked on.
//!
//! Whenever a ticket has a new commit to be checked, the heads of all tickets are tried against
//! each other in memory. What is expected orders merges and can keep tickets from being worked on
//! side by side; at the end it is compared with what happened.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::domain::probe::{Probe, ProbeSpec};
use crate::domain::workspace::ChangedPath;
use crate::id::{CommitId, TicketId};
use crate::plan::accuracy::Accuracy;
use crate::plan::conflict::{Branch, Conflicts, Risk};
use crate::plan::files;
use crate::run::SprintRun;
use crate::run::effect::Work;
use crate::run::event::Event;
use crate::run::ticket::{Checked, Stage, TicketRun};

/// With more heads than this nothing is predicted: the pairs would cost more than they save.
const MOST: usize = 64;

/// What is expected of pairs of tickets, and what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// Times the heads were tried against each other.
    pub probes: u32,
    /// The heads at the last of them.
    pub probed: BTreeMap<TicketId, CommitId>,
    /// Pairs that may conflict; every other pair is expected to merge.
    pub pairs: Vec<ExpectedPair>,
    /// Pairs whose merge did clash, each with the smaller id first.
    pub happened: BTreeSet<(TicketId, TicketId)>,
}

/// What is expected of two tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedPair {
    /// The ticket with the smaller id.
    pub a: TicketId,
    /// The other one.
    pub b: TicketId,
    /// By the files they change and import.
    pub risk: Risk,
    /// Whether a merge of both onto base clashes.
    pub clashes: bool,
}

/// What came of trying the heads against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// The heads.
    pub heads: BTreeMap<TicketId, CommitId>,
    /// Which of them clash.
    pub probe: Probe,
    /// What the files that each ticket changed import, among the files any of them changed.
    pub imports: BTreeMap<TicketId, BTreeSet<RepoPath>>,
}

impl Prediction {
    /// How well conflicts were predicted. A pair was predicted to conflict if a merge of both
    /// clashed when it was tried.
    pub fn accuracy(&self) -> Accuracy {
        let risk = |pair: &ExpectedPair| if pair.clashes { Risk::High } else { Risk::None };
        Accuracy::of(
            self.pairs.iter().map(|pair| (&pair.a, &pair.b, risk(pair))),
            self.happened.iter().map(|(a, b)| (a, b)),
            Risk::High,
        )
    }

    /// Whether two tickets are expected to conflict: they clash, or change the same file.
    pub fn expects(&self, a: &TicketId, b: &TicketId) -> bool {
        let (a, b) = (a.min(b), a.max(b));
        let mut pairs = self.pairs.iter();
        pairs.any(|pair| (&pair.a, &pair.b) == (a, b) && (pair.clashes || pair.risk == Risk::High))
    }

    /// Takes in what was found about some heads; pairs with others stay as they are.
    fn learn(&mut self, found: Probed, changed: &BTreeMap<TicketId, Vec<ChangedPath>>) {
        let Probed {
            heads,
            probe,
            imports,
        } = found;
        let nothing = BTreeSet::new();
        let branches = changed.iter().map(|(ticket, changed)| Branch {
            ticket,
            changed,
            imports: imports.get(ticket).unwrap_or(&nothing),
        });
        let conflicts = Conflicts::predict(branches);
        let clashing: BTreeSet<_> = probe
            .pairs
            .iter()
            .filter(|pair| !pair.clashes.is_empty())
            .map(|pair| (&pair.a, &pair.b))
            .collect();
        let known =
            |pair: &ExpectedPair| heads.contains_key(&pair.a) && heads.contains_key(&pair.b);
        self.pairs.retain(|pair| !known(pair));
        for (at, a) in heads.keys().enumerate() {
            for b in heads.keys().skip(at + 1) {
                let (risk, clashes) = (conflicts.risk(a, b), clashing.contains(&(a, b)));
                if clashes || risk >= Risk::Medium {
                    self.pairs.push(ExpectedPair {
                        a: a.clone(),
                        b: b.clone(),
                        risk,
                        clashes,
                    });
                }
            }
        }
        self.probes += 1;
        self.probed = heads;
    }
}

impl SprintRun {
    /// What is expected of pairs of tickets, and what happened.
    pub const fn prediction(&self) -> &Prediction {
        &self.prediction
    }

    /// Notes the head of a ticket, if it has one that is not on base.
    pub(super) fn note_head(&mut self, id: &TicketId) {
        let head = self.tickets.get(id).and_then(head);
        if self.heads.get(id) == head {
            return;
        }
        match head.cloned() {
            Some(head) => self.heads.insert(id.clone(), head),
            None => self.heads.remove(id),
        };
        self.probe_is_due();
    }

    /// Reads what tickets say they will touch, if that matters.
    pub(super) fn note_plans(&mut self) {
        if self.plan.config.avoid_conflicts {
            let plans = self.plan.tickets.iter();
            self.planned = plans
                .map(|(id, plan)| (id.clone(), files::planned(&plan.ticket)))
                .collect();
        }
    }

    /// Whether a ticket that could begin waits for one with which it would conflict: one that is
    /// being worked on, or that is to begin before it.
    pub(super) fn makes_way(&self, id: &TicketId) -> bool {
        if !self.plan.config.avoid_conflicts {
            return false;
        }
        let rank = |id: &TicketId| self.plan.tickets.get(id).map(|plan| plan.rank);
        let goes_first = |other: &TicketId, ticket: &TicketRun| {
            if ticket.stage == Stage::Queued {
                rank(other) < rank(id) && self.is_ready(other)
            } else {
                // One that waits for a person may do so for days.
                !ticket.is_settled() && !ticket.stage.waits_for_person()
            }
        };
        let mut others = self.tickets.iter().filter(|(other, _)| *other != id);
        others.any(|(other, ticket)| goes_first(other, ticket) && self.would_meet(id, other))
    }

    /// Whether two tickets say that they will touch the same file, or one of them has.
    fn would_meet(&self, a: &TicketId, b: &TicketId) -> bool {
        let files = |id: &TicketId| {
            let planned = self.planned.get(id).into_iter().flatten().cloned();
            let checked = self
                .tickets
                .get(id)
                .and_then(|ticket| ticket.stage.checked());
            let changed = checked.into_iter().flat_map(Checked::paths);
            planned.chain(changed).collect::<BTreeSet<_>>()
        };
        self.prediction.expects(a, b) || !files(a).is_disjoint(&files(b))
    }

    /// Brings up to date what queued tickets want.
    pub(super) fn reindex_queued(&mut self) {
        let queued = |(id, ticket): (&TicketId, &TicketRun)| {
            (ticket.stage == Stage::Queued).then(|| id.clone())
        };
        let queued: Vec<_> = self.tickets.iter().filter_map(queued).collect();
        for id in queued {
            self.reindex(&id);
        }
    }

    /// Collects the heads of all tickets.
    pub(super) fn note_heads(&mut self) {
        let of = |(id, ticket): (&TicketId, &TicketRun)| Some((id.clone(), head(ticket)?.clone()));
        self.heads = self.tickets.iter().filter_map(of).collect();
        self.probe_is_due();
    }

    fn probe_is_due(&mut self) {
        let known =
            |(id, head): (&TicketId, &CommitId)| self.prediction.probed.get(id) == Some(head);
        let few = (2..=MOST).contains(&self.heads.len());
        self.probe_due = few && !self.heads.iter().all(known);
    }

    pub(super) fn probe_work(&self) -> Work {
        Work::Probe {
            spec: ProbeSpec {
                base: self.sprint.base_head.clone(),
                branches: self.heads.clone(),
            },
            changed: self.changed_paths(&self.heads),
        }
    }

    fn changed_paths(
        &self,
        heads: &BTreeMap<TicketId, CommitId>,
    ) -> BTreeMap<TicketId, Vec<ChangedPath>> {
        let changed = |id: &TicketId| {
            let checked = self.tickets.get(id)?.stage.checked()?;
            Some((id.clone(), checked.changed.clone()))
        };
        heads.keys().filter_map(changed).collect()
    }

    /// Takes in what was found.
    pub(super) fn probed(&mut self, found: Probed) {
        let changed = self.changed_paths(&found.heads);
        self.prediction.learn(found, &changed);
        self.changed.prediction = true;
        self.probe_is_due();
    }

    /// Goes on without a prediction: it is a help, and nothing rests on it.
    pub(super) fn unpredicted(&mut self, message: String) {
        self.events.push(Event::Warning { message });
        self.prediction.probes += 1;
        self.prediction.probed.clone_from(&self.heads);
        self.changed.prediction = true;
        self.probe_is_due();
    }

    /// A merge of these tickets clashed.
    pub(super) fn clash_happened(&mut self, ticket: &TicketId, others: &[TicketId]) {
        for other in others {
            let pair = (ticket.min(other).clone(), ticket.max(other).clone());
            self.changed.prediction |= self.prediction.happened.insert(pair);
        }
    }
}

fn head(ticket: &TicketRun) -> Option<&CommitId> {
    let checked = ticket.stage.checked()?;
    (!matches!(ticket.stage, Stage::Merged { .. })).then_some(&checked.head)
}
