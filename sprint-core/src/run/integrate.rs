//! Integration: which tickets land together, and who is to blame when they do not fit.
//!
//! All verified tickets are merged onto base in memory, in order. A conflict is resolved by an
//! agent, if there is one for that, or its ticket is set aside. The gate runs once on the result.
//! If it is green, exactly that history lands. If it is red, [`culprit`] says
//! which combination to try next until it names who is to blame; that ticket is set aside, and
//! everything that is left starts over.
//!
//! Each eviction shrinks the candidates, each search ends, and a conflict has a bounded number of
//! agents, so it comes to an end. What the gate said is remembered by tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::merge::{Clash, Combined, Landed, Merged};
use crate::domain::path::{RepoPath, listed};
use crate::domain::verdict::Verdict;
use crate::domain::workspace::Workspace;
use crate::id::{CommitId, TicketId, TreeId};
use crate::run::culprit::{self, Blame, Known, Next, Positions, Runs};
use crate::run::effect::Step;
use crate::run::resolve::{Resolved, Resolving};
use crate::run::ticket::StuckReason;
use crate::time::Timestamp;

/// Times base may move away under a finished integration before the sprint stops.
const MAX_ROUNDS: u32 = 3;
/// Conflict agents for one ticket (spec 11.6).
pub(super) const MAX_CONFLICT_AGENTS: u32 = 2;

/// Integration of the verified tickets, saved after every step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationRun {
    /// Which round; base moving away starts a new one.
    pub round: u32,
    /// Counts steps; part of their effects' names.
    pub probe: u32,
    /// Time written into the merge commits, so that making them again makes the same ones.
    pub at: Timestamp,
    /// Where base is.
    pub base: CommitId,
    /// Candidates still in, in merge order.
    pub order: Vec<TicketId>,
    /// What each candidate depends on, among the candidates.
    pub dependencies: BTreeMap<TicketId, BTreeSet<TicketId>>,
    /// How conflicts and culprits are dealt with.
    pub policy: Policy,
    /// Runs of the gate by tree.
    pub gates: BTreeMap<TreeId, Runs>,
    /// Combinations of the present candidates that were made, apart from the links of the chain.
    pub combinations: Vec<Combination>,
    /// Runs of the gate since the search began for who is to blame.
    pub gates_spent: u32,
    /// All candidates merged, as far as they merge.
    pub chain: Vec<Merged>,
    /// Tickets that wait for another integration: what they are to be merged into is red without
    /// them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub held_back: BTreeSet<TicketId>,
    /// Conflict agents asked so far, by the ticket whose merge they were to make possible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflict_agents: BTreeMap<TicketId, u32>,
    /// Conflicts that were resolved, with the proof that nothing was dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Resolved>,
    /// Who was set aside, and what it took to find out. They may have been mended since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub culprits: Vec<Culprit>,
    /// What is being done.
    pub task: Task,
}

/// A ticket that was set aside, for reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    /// The ticket.
    pub ticket: TicketId,
    /// The one it does not go together with, if one alone is enough.
    pub partner: Option<TicketId>,
    /// What is wrong, in words.
    pub message: String,
    /// Runs of the gate it took to find out.
    pub gates: u32,
}

/// How conflicts and culprits are dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether there is an agent for conflicts.
    pub resolves: bool,
    /// Whether the others land when one is set aside.
    pub partial: bool,
}

/// Some candidates merged onto base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combination {
    /// Which, in merge order.
    pub tickets: Vec<TicketId>,
    /// The last commit and its tree; `None` if they do not merge without some other ticket.
    pub result: Option<(CommitId, TreeId)>,
}

/// What integration is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Merging tickets in memory.
    Combine {
        /// Which, in order.
        tickets: Vec<TicketId>,
    },
    /// Running the gate on a combination.
    Gate {
        /// Which tickets are in it.
        tickets: Vec<TicketId>,
        /// The commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
    },
    /// Resolving a conflict.
    Resolve(Box<Resolving>),
    /// Advancing base to the end of the chain.
    Land,
    /// Nothing more.
    Over,
}

/// A ticket that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Eviction {
    pub(super) ticket: TicketId,
    pub(super) reason: StuckReason,
    pub(super) partner: Option<TicketId>,
    /// What is wrong, in words.
    pub(super) message: String,
    /// Runs of the gate it took to find out.
    pub(super) gates: u32,
    /// Whether it is to blame itself, rather than built on what is.
    pub(super) direct: bool,
}

/// A gate that ran on a combination, or did not need to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) tickets: Vec<TicketId>,
    pub(super) passed: bool,
    pub(super) reused: bool,
}

impl Ran {
    pub(super) fn new(tickets: Vec<TicketId>, verdict: &Verdict) -> Self {
        Self {
            tickets,
            passed: verdict.accepts(),
            reused: verdict.runs.iter().any(|run| run.reused.is_some()),
        }
    }
}

/// What one answer led to, beyond the machine itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequence {
    pub(super) evicted: Vec<Eviction>,
    pub(super) landed: Vec<Merged>,
    pub(super) gate: Option<Ran>,
    /// A workspace that was opened for a ticket, to be given back with its others.
    pub(super) opened: Option<(TicketId, Workspace)>,
    /// A ticket, and the ones merged before it with which it clashes.
    pub(super) clashed: Option<(TicketId, Vec<TicketId>)>,
    pub(super) resolved: Option<Resolved>,
    pub(super) warning: Option<String>,
    pub(super) park: Option<String>,
    pub(super) stop: Option<String>,
}

impl IntegrationRun {
    /// Starts with these candidates, in merge order.
    pub(super) fn new(
        probe: u32,
        at: Timestamp,
        base: CommitId,
        order: Vec<TicketId>,
        dependencies: BTreeMap<TicketId, BTreeSet<TicketId>>,
        policy: Policy,
    ) -> Self {
        let mut run = Self {
            round: 1,
            probe,
            at,
            base,
            order,
            dependencies,
            policy,
            gates: BTreeMap::new(),
            combinations: Vec::new(),
            gates_spent: 0,
            chain: Vec::new(),
            held_back: BTreeSet::new(),
            conflict_agents: BTreeMap::new(),
            resolved: Vec::new(),
            culprits: Vec::new(),
            task: Task::Over,
        };
        run.start_over();
        run
    }

    /// Takes over what an earlier integration of this sprint knows.
    pub(super) fn remember(&mut self, before: Self) {
        self.gates = before.gates;
        self.conflict_agents = before.conflict_agents;
        self.resolved = before.resolved;
        self.culprits = before.culprits;
    }

    /// The step that ought to be running, and the attempt number in its name.
    pub(super) const fn wanted(&self) -> Option<(Step, u32)> {
        let step = match &self.task {
            Task::Combine { .. } => Step::Combine,
            Task::Gate { .. } => Step::Gate,
            Task::Resolve(resolving) => resolving.step(),
            Task::Land => Step::Land,
            Task::Over => return None,
        };
        Some((step, self.probe))
    }

    pub(super) fn start_over(&mut self) {
        self.chain.clear();
        self.combinations.clear();
        self.gates_spent = 0;
        if self.order.is_empty() {
            self.task = Task::Over;
        } else {
            self.combine(self.order.clone());
        }
    }

    fn combine(&mut self, tickets: Vec<TicketId>) {
        self.probe += 1;
        self.task = Task::Combine { tickets };
    }

    /// Takes in a combination. `touches` says whether a ticket changes a path, to name the other
    /// side of a conflict.
    pub(super) fn combined(
        &mut self,
        combined: Combined,
        touches: &dyn Fn(&TicketId, &RepoPath) -> bool,
    ) -> Consequence {
        let Task::Combine { tickets } = &self.task else {
            return Consequence::default();
        };
        if *tickets != self.order {
            let merges = combined.conflicts.is_empty();
            self.combinations.push(Combination {
                tickets: tickets.clone(),
                result: merges.then_some((combined.tip, combined.tree)),
            });
            return self.go_on();
        }
        if let Some(clash) = combined.conflicts.first() {
            return self.clashed(clash, &combined, touches);
        }
        self.chain = combined.merged;
        self.go_on()
    }

    /// The first conflict of the whole: resolved by an agent, or its ticket goes.
    fn clashed(
        &mut self,
        clash: &Clash,
        combined: &Combined,
        touches: &dyn Fn(&TicketId, &RepoPath) -> bool,
    ) -> Consequence {
        // Only what came before it can be what it conflicts with.
        let before = self
            .order
            .iter()
            .take_while(|other| **other != clash.ticket);
        let merged = |other: &&TicketId| combined.merged.iter().any(|m| m.ticket == **other);
        let touching = |other: &&TicketId| clash.paths.iter().any(|path| touches(other, path));
        let others: Vec<_> = before.filter(merged).filter(touching).cloned().collect();
        let asked = self.conflict_agents.get(&clash.ticket).copied();
        if self.policy.resolves && asked.unwrap_or(0) < MAX_CONFLICT_AGENTS {
            let at_ours = combined.merged.iter().find(|m| m.commit == clash.ours);
            let ours_tree = at_ours.map(|merged| merged.tree.clone());
            self.resolve(Resolving::new(clash.clone(), others.clone(), ours_tree));
            return Consequence {
                clashed: Some((clash.ticket.clone(), others)),
                ..Consequence::default()
            };
        }
        Consequence {
            clashed: Some((clash.ticket.clone(), others.clone())),
            ..self.evict_clashing(clash, others.last().cloned(), None)
        }
    }

    /// Begins, or goes on with, the resolution of a conflict.
    pub(super) fn resolve(&mut self, resolving: Resolving) {
        self.probe += 1;
        self.task = Task::Resolve(Box::new(resolving));
    }

    pub(super) fn evict_clashing(
        &mut self,
        clash: &Clash,
        partner: Option<TicketId>,
        why: Option<&str>,
    ) -> Consequence {
        let with = partner
            .as_ref()
            .map_or_else(|| "base".into(), ToString::to_string);
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        self.evict(Eviction {
            ticket: clash.ticket.clone(),
            reason: StuckReason::MergeConflict,
            partner,
            message: format!("conflicts with {with} in {}{why}", listed(&clash.paths)),
            gates: 0,
            direct: true,
        })
    }

    /// Takes in a gate run on a combination.
    pub(super) fn gated(&mut self, verdict: Verdict) -> Consequence {
        let Task::Gate { tickets, tree, .. } = &self.task else {
            return Consequence::default();
        };
        let ran = Ran::new(tickets.clone(), &verdict);
        self.gates_spent += u32::from(!ran.reused);
        self.gates.entry(tree.clone()).or_default().add(verdict);
        Consequence {
            gate: Some(ran),
            ..self.go_on()
        }
    }

    /// Draws the conclusion from everything known about the candidates.
    fn go_on(&mut self) -> Consequence {
        let closure = |at: usize| self.closure(at);
        let known = |set: &Positions| self.known(set);
        let set = match culprit::next(self.order.len(), &closure, &known) {
            Next::Run(set) => set,
            Next::Land => {
                self.probe += 1;
                self.task = Task::Land;
                return Consequence::default();
            }
            Next::RedBase => {
                return Consequence {
                    stop: Some("the gate is red on base itself, before any ticket".into()),
                    ..Consequence::default()
                };
            }
            Next::Blame(blame) => return self.blame(blame),
        };
        let tickets = self.named(&set);
        match self.made(&set) {
            Some(Some((commit, tree))) => {
                let (commit, tree) = (commit.clone(), tree.clone());
                self.probe += 1;
                self.task = Task::Gate {
                    tickets,
                    commit,
                    tree,
                };
            }
            Some(None) | None => self.combine(tickets),
        }
        Consequence::default()
    }

    fn named(&self, set: &Positions) -> Vec<TicketId> {
        set.iter().map(|at| self.order[*at].clone()).collect()
    }

    /// A candidate and everything it depends on.
    fn closure(&self, at: usize) -> Positions {
        let mut open = vec![&self.order[at]];
        let mut all = BTreeSet::new();
        while let Some(ticket) = open.pop() {
            if all.insert(ticket) {
                open.extend(self.dependencies.get(ticket).into_iter().flatten());
            }
        }
        let positions = self.order.iter().enumerate();
        let inside = positions.filter(|(_, ticket)| all.contains(ticket));
        inside.map(|(at, _)| at).collect()
    }

    fn known(&self, set: &Positions) -> Known<'_> {
        match self.made(set) {
            None => Known::Nothing,
            Some(None) => Known::Impossible,
            Some(Some((_, tree))) => self.gates.get(tree).map_or(Known::Nothing, Known::Ran),
        }
    }

    /// What came of merging a set: nothing yet, no result, or a commit and its tree.
    fn made(&self, set: &Positions) -> Option<Option<(&CommitId, &TreeId)>> {
        let last = set.last().copied();
        if last.is_some_and(|last| last + 1 == set.len()) {
            let link = self.chain.get(set.len() - 1)?;
            return Some(Some((&link.commit, &link.tree)));
        }
        let tickets = self.named(set);
        let made = self
            .combinations
            .iter()
            .find(|made| made.tickets == tickets)?;
        Some(made.result.as_ref().map(|(commit, tree)| (commit, tree)))
    }

    fn blame(&mut self, blame: Blame) -> Consequence {
        let (at, partner) = match blame {
            Blame::Alone(at) => (at, None),
            Blame::Pair { earlier, later } => (later, Some(earlier)),
            Blame::InCompany { last, with } => (last, with),
        };
        let partner = partner.map(|at| self.order[at].clone());
        let gates = self.gates_spent;
        let why = self.failure_at(at);
        let what = match (&blame, &partner) {
            (Blame::Alone(_), _) => "fails on today's base without any other ticket".to_owned(),
            (Blame::Pair { .. }, Some(other)) => {
                format!("passes alone, fails together with {other}")
            }
            (_, Some(other)) => format!("passes alone, fails together with {other} and others"),
            (_, None) => "the gate is green without it and red with it".to_owned(),
        };
        self.evict(Eviction {
            ticket: self.order[at].clone(),
            reason: StuckReason::IntegrationFailed,
            partner,
            message: format!("{what}{why}"),
            gates,
            direct: true,
        })
    }

    /// What the gate said where it turned red.
    fn failure_at(&self, at: usize) -> String {
        let complaint = match self.known(&culprit::prefix(at + 1)) {
            Known::Ran(runs) => runs.complaint(),
            Known::Nothing | Known::Impossible => None,
        };
        complaint.map_or_else(String::new, |why| format!(": {why}"))
    }

    /// Takes a ticket out of the candidates, and starts over. What depends on it waits for the next
    /// round, in which it may have been mended.
    pub(super) fn evict(&mut self, eviction: Eviction) -> Consequence {
        self.culprits.push(Culprit {
            ticket: eviction.ticket.clone(),
            partner: eviction.partner.clone(),
            message: eviction.message.clone(),
            gates: eviction.gates,
        });
        let gone = self.with_dependents(&eviction.ticket);
        self.order.retain(|ticket| !gone.contains(ticket));
        let mut consequence = Consequence {
            evicted: vec![eviction],
            ..Consequence::default()
        };
        if self.policy.partial {
            self.start_over();
        } else {
            self.task = Task::Over;
            let warning = "nothing is merged: a ticket was set aside and partial_merge is off";
            consequence.warning = Some(warning.into());
        }
        consequence
    }

    /// Goes on without a ticket, and without blaming it.
    pub(super) fn hold_back(&mut self, ticket: &TicketId) -> Consequence {
        let gone = self.with_dependents(ticket);
        self.order.retain(|ticket| !gone.contains(ticket));
        self.held_back.extend(gone);
        self.start_over();
        Consequence::default()
    }

    /// A candidate and everything that depends on it.
    fn with_dependents(&self, ticket: &TicketId) -> BTreeSet<TicketId> {
        let mut all: BTreeSet<TicketId> = [ticket.clone()].into();
        // Merge order puts dependencies first, so one pass finds all dependents.
        for ticket in &self.order {
            let on = self.dependencies.get(ticket);
            if on.is_some_and(|on| !on.is_disjoint(&all)) {
                all.insert(ticket.clone());
            }
        }
        all
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
