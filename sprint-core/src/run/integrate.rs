//! Integration: which tickets land together, and who is to blame when they do not fit.
//!
//! All verified tickets are merged onto base in memory, in order. Ones that conflict are set
//! aside. The gate runs once on the result. If it is green, exactly that history lands. If it is
//! red twice on the same tree, base itself is tested; then the chain of prefixes is bisected, and
//! the ticket with which it turned red is set aside, together with the name of the ticket it does
//! not go with, if it is green without that one. Then everything that is left starts over.
//!
//! Each eviction shrinks the candidates and each search is a bisection, so it comes to an end.
//! Every tree is judged once: verdicts are remembered by tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::merge::{Clash, Combined, Landed, Merged};
use crate::domain::path::RepoPath;
use crate::domain::verdict::Verdict;
use crate::id::{CommitId, TicketId, TreeId};
use crate::run::bisect::{Bisection, Next};
use crate::run::effect::Step;
use crate::run::ticket::StuckReason;
use crate::time::Timestamp;

/// Times base may move away under a finished integration before the sprint stops.
const MAX_ROUNDS: u32 = 3;

/// Integration of the verified tickets, saved after every step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationRun {
    /// Which round; base moving away starts a new one.
    pub round: u32,
    /// Counts combinations and gate runs; part of their effects' names.
    pub probe: u32,
    /// Time written into the merge commits, so that making them again makes the same ones.
    pub at: Timestamp,
    /// Where base is.
    pub base: CommitId,
    /// Candidates still in, in merge order, each with the candidates it depends on.
    pub order: Vec<TicketId>,
    /// What each candidate depends on, among the candidates.
    pub dependencies: BTreeMap<TicketId, BTreeSet<TicketId>>,
    /// Verdicts of the gate by tree.
    pub gates: BTreeMap<TreeId, Verdict>,
    /// Trees on which the gate was red once and has to run again before it counts.
    pub doubted: BTreeSet<TreeId>,
    /// All candidates merged, as far as they merge.
    pub chain: Vec<Merged>,
    /// What is being done.
    pub task: Task,
}

/// What integration is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Merging tickets in memory.
    Combine {
        /// Which, in order.
        tickets: Vec<TicketId>,
        /// What for.
        purpose: Purpose,
    },
    /// Running the gate on a combination.
    Gate {
        /// Which tickets are in it.
        tickets: Vec<TicketId>,
        /// The commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
        /// What for.
        purpose: Purpose,
    },
    /// Advancing base to the end of the chain.
    Land,
    /// Nothing more.
    Over,
}

/// Why a combination is made and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// To land it.
    Whole,
    /// To see whether base itself is red.
    Base,
    /// To find the first ticket of the chain with which the gate turns red.
    Culprit {
        /// The search over positions of the chain.
        search: Bisection,
        /// The position being tested.
        at: usize,
    },
    /// To find the ticket that the culprit does not go with.
    Partner {
        /// The position of the culprit in the chain.
        culprit: usize,
        /// The search over positions before it; `None` while the culprit is tested alone.
        search: Option<Bisection>,
        /// The position being tested: so many of the chain's first tickets, plus the culprit.
        at: usize,
    },
}

/// A ticket that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Eviction {
    pub(super) ticket: TicketId,
    pub(super) reason: StuckReason,
    pub(super) partner: Option<TicketId>,
    pub(super) message: String,
}

/// What one answer led to, beyond the machine itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequence {
    pub(super) evicted: Vec<Eviction>,
    pub(super) landed: Vec<Merged>,
    pub(super) gate: Option<(Vec<TicketId>, bool)>,
    pub(super) park: Option<String>,
    pub(super) stop: Option<String>,
}

impl IntegrationRun {
    /// Starts with these candidates, in merge order.
    pub(super) fn new(
        round: u32,
        probe: u32,
        at: Timestamp,
        base: CommitId,
        order: Vec<TicketId>,
        dependencies: BTreeMap<TicketId, BTreeSet<TicketId>>,
    ) -> Self {
        let mut run = Self {
            round,
            probe,
            at,
            base,
            order,
            dependencies,
            gates: BTreeMap::new(),
            doubted: BTreeSet::new(),
            chain: Vec::new(),
            task: Task::Over,
        };
        run.start_over();
        run
    }

    /// The step that ought to be running, and the attempt number in its name.
    pub(super) const fn wanted(&self) -> Option<(Step, u32)> {
        match self.task {
            Task::Combine { .. } => Some((Step::Combine, self.probe)),
            Task::Gate { .. } => Some((Step::Gate, self.probe)),
            Task::Land => Some((Step::Land, self.probe)),
            Task::Over => None,
        }
    }

    fn start_over(&mut self) {
        self.chain.clear();
        self.combine(self.order.clone(), Purpose::Whole);
    }

    fn combine(&mut self, tickets: Vec<TicketId>, purpose: Purpose) {
        self.probe += 1;
        self.task = if tickets.is_empty() && purpose == Purpose::Whole {
            Task::Over
        } else {
            Task::Combine { tickets, purpose }
        };
    }

    /// Takes in a combination. `overlap` says which of two tickets' paths meet, to name the other
    /// side of a conflict.
    pub(super) fn combined(
        &mut self,
        combined: Combined,
        touches: &dyn Fn(&TicketId, &RepoPath) -> bool,
    ) -> Consequence {
        let Task::Combine { tickets, purpose } = self.task.clone() else {
            return Consequence::default();
        };
        if purpose == Purpose::Whole {
            let evicted = self.conflicts(&combined, touches);
            if !evicted.is_empty() {
                self.start_over();
                return Consequence {
                    evicted,
                    ..Consequence::default()
                };
            }
            self.chain = combined.merged;
        } else if !combined.conflicts.is_empty() {
            // The culprit needs a ticket that this combination leaves out: no partner to name.
            return match purpose {
                Purpose::Partner { culprit, .. } => self.evict_culprit(culprit, None),
                Purpose::Whole | Purpose::Base | Purpose::Culprit { .. } => Consequence::default(),
            };
        }
        self.gate(tickets, combined.tip, combined.tree, purpose)
    }

    /// Runs the gate on a tree, or takes the verdict it already has.
    fn gate(
        &mut self,
        tickets: Vec<TicketId>,
        commit: CommitId,
        tree: TreeId,
        purpose: Purpose,
    ) -> Consequence {
        let known = self.gates.get(&tree).map(Verdict::accepts);
        self.probe += 1;
        self.task = Task::Gate {
            tickets,
            commit,
            tree,
            purpose,
        };
        match known {
            Some(passed) => self.judged(passed),
            None => Consequence::default(),
        }
    }

    /// Takes in a gate run. A red one counts only if it is red again on the same tree.
    pub(super) fn gated(&mut self, verdict: Verdict) -> Consequence {
        let Task::Gate { tickets, tree, .. } = &self.task else {
            return Consequence::default();
        };
        let (tickets, tree, passed) = (tickets.clone(), tree.clone(), verdict.accepts());
        if !passed && self.doubted.insert(tree.clone()) {
            self.probe += 1;
            return Consequence {
                gate: Some((tickets, false)),
                ..Consequence::default()
            };
        }
        self.gates.insert(tree, verdict);
        Consequence {
            gate: Some((tickets, passed)),
            ..self.judged(passed)
        }
    }

    /// Goes on with a verdict on the combination at hand.
    fn judged(&mut self, passed: bool) -> Consequence {
        let Task::Gate { purpose, .. } = self.task.clone() else {
            return Consequence::default();
        };
        match (purpose, passed) {
            (Purpose::Whole, true) => {
                self.probe += 1;
                self.task = Task::Land;
                Consequence::default()
            }
            (Purpose::Whole, false) => {
                self.combine(Vec::new(), Purpose::Base);
                Consequence::default()
            }
            (Purpose::Base, false) => Consequence {
                stop: Some("the gate is red on base itself, before any ticket".into()),
                ..Consequence::default()
            },
            (Purpose::Base, true) => self.search(Bisection::new(0, self.chain.len())),
            (Purpose::Culprit { mut search, at }, passed) => {
                search.mark(at, passed);
                self.search(search)
            }
            (
                Purpose::Partner {
                    culprit,
                    search: None,
                    ..
                },
                false,
            ) => self.evict_culprit(culprit, None),
            (
                Purpose::Partner {
                    culprit,
                    search: None,
                    ..
                },
                true,
            ) => self.search_partner(culprit, Bisection::new(0, culprit - 1)),
            (
                Purpose::Partner {
                    culprit,
                    search: Some(mut search),
                    at,
                },
                passed,
            ) => {
                search.mark(at, passed);
                self.search_partner(culprit, search)
            }
        }
    }

    /// The next step of the search for the culprit.
    fn search(&mut self, search: Bisection) -> Consequence {
        match search.next() {
            Next::Test(at) => {
                let Merged { commit, tree, .. } = self.chain[at - 1].clone();
                let purpose = Purpose::Culprit { search, at };
                self.gate(self.prefix(at), commit, tree, purpose)
            }
            Next::Culprit(1) => self.evict_culprit(1, None),
            Next::Culprit(culprit) => {
                let purpose = Purpose::Partner {
                    culprit,
                    search: None,
                    at: 0,
                };
                self.combine(self.with_culprit(0, culprit), purpose);
                Consequence::default()
            }
        }
    }

    /// The next step of the search for what the culprit does not go with.
    fn search_partner(&mut self, culprit: usize, search: Bisection) -> Consequence {
        match search.next() {
            Next::Test(at) => {
                let purpose = Purpose::Partner {
                    culprit,
                    search: Some(search),
                    at,
                };
                self.combine(self.with_culprit(at, culprit), purpose);
                Consequence::default()
            }
            Next::Culprit(at) => {
                let partner = self.chain[at - 1].ticket.clone();
                self.evict_culprit(culprit, Some(partner))
            }
        }
    }

    fn prefix(&self, n: usize) -> Vec<TicketId> {
        self.chain[..n]
            .iter()
            .map(|merged| merged.ticket.clone())
            .collect()
    }

    /// The chain's first `n` tickets, and the culprit with everything it depends on, in order.
    fn with_culprit(&self, n: usize, culprit: usize) -> Vec<TicketId> {
        let mut wanted: BTreeSet<TicketId> = self.prefix(n).into_iter().collect();
        let mut open = vec![self.chain[culprit - 1].ticket.clone()];
        while let Some(ticket) = open.pop() {
            open.extend(
                self.dependencies
                    .get(&ticket)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            wanted.insert(ticket);
        }
        self.prefix(culprit)
            .into_iter()
            .filter(|ticket| wanted.contains(ticket))
            .collect()
    }

    fn evict_culprit(&mut self, culprit: usize, partner: Option<TicketId>) -> Consequence {
        let ticket = self.chain[culprit - 1].ticket.clone();
        let tree = &self.chain[culprit - 1].tree;
        let why = self
            .gates
            .get(tree)
            .and_then(|verdict| verdict.findings.first())
            .map_or_else(String::new, |finding| format!(": {}", finding.message));
        let message = match &partner {
            Some(other) => format!("passes alone, fails together with {other}{why}"),
            None => format!("the combined gate fails with it and passes without it{why}"),
        };
        let reason = StuckReason::IntegrationFailed;
        let evicted = self.evict(Eviction {
            ticket,
            reason,
            partner,
            message,
        });
        self.start_over();
        Consequence {
            evicted,
            ..Consequence::default()
        }
    }

    /// Sets conflicting tickets aside, and whatever depends on them.
    fn conflicts(
        &mut self,
        combined: &Combined,
        touches: &dyn Fn(&TicketId, &RepoPath) -> bool,
    ) -> Vec<Eviction> {
        let mut evicted = Vec::new();
        for Clash { ticket, paths, .. } in &combined.conflicts {
            // Only what came before it can be what it conflicts with.
            let before = self.order.iter().take_while(|other| *other != ticket);
            let merged = |other: &&TicketId| combined.merged.iter().any(|m| m.ticket == **other);
            let touching = |other: &&TicketId| paths.iter().any(|path| touches(other, path));
            let partner = before.filter(merged).filter(touching).last().cloned();
            let list: Vec<_> = paths.iter().map(ToString::to_string).collect();
            let with = partner
                .as_ref()
                .map_or_else(|| "base".into(), ToString::to_string);
            let message = format!("conflicts with {with} in {}", list.join(", "));
            let reason = StuckReason::MergeConflict;
            let ticket = ticket.clone();
            evicted.extend(self.evict(Eviction {
                ticket,
                reason,
                partner,
                message,
            }));
        }
        evicted
    }

    /// Takes a ticket and everything that depends on it out of the candidates.
    fn evict(&mut self, eviction: Eviction) -> Vec<Eviction> {
        if !self.order.contains(&eviction.ticket) {
            return Vec::new();
        }
        let mut gone: BTreeSet<TicketId> = [eviction.ticket.clone()].into();
        let mut evicted = vec![eviction.clone()];
        // Merge order puts dependencies first, so one pass finds all dependents.
        for ticket in &self.order {
            let depends = self
                .dependencies
                .get(ticket)
                .is_some_and(|on| !on.is_disjoint(&gone));
            if depends && gone.insert(ticket.clone()) {
                evicted.push(Eviction {
                    ticket: ticket.clone(),
                    reason: eviction.reason,
                    partner: None,
                    message: format!("depends on {}, which was set aside", eviction.ticket),
                });
            }
        }
        self.order.retain(|ticket| !gone.contains(ticket));
        evicted
    }

    /// Takes in what became of landing.
    pub(super) fn landed(&mut self, landed: Landed) -> Consequence {
        match landed {
            Landed::Yes => {
                self.task = Task::Over;
                Consequence {
                    landed: self.chain.clone(),
                    ..Consequence::default()
                }
            }
            Landed::BaseMoved(_) if self.round >= MAX_ROUNDS => Consequence {
                stop: Some(format!(
                    "base moved away {MAX_ROUNDS} times while integrating"
                )),
                ..Consequence::default()
            },
            Landed::BaseMoved(base) => {
                self.round += 1;
                self.base = base;
                self.start_over();
                Consequence::default()
            }
            Landed::CheckoutInTheWay(reason) => Consequence {
                park: Some(reason),
                ..Consequence::default()
            },
        }
    }
}

#[cfg(test)]
#[path = "integrate_tests.rs"]
mod tests;
