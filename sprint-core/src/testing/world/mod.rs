//! The world the fakes share: tracker, repository, agents and gate as plain values.
//!
//! What happens in it is a function of what it was told to be, never of time or luck: an agent
//! acts by its script and the number of the attempt, a gate judges by what is in the tree. So a
//! sprint that crashes and resumes has to end as one that does not.
//!
//! It is strict. A call that a correct engine cannot make panics, with the call in the message.

pub mod agents;
mod audit;
pub mod checks;
pub mod repo;
pub mod tracker;
mod undo;
mod vcs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::agent::Role;
use crate::domain::ticket::Ticket;
use crate::failure::ErrorKind;
use crate::id::{CommitId, TicketId, TreeId};
use crate::plan::sprint_plan::SprintPlan;
use crate::ports::{Clock as _, Error, Result};
use crate::testing::fake::clock::FakeClock;
use crate::testing::fixture;
use crate::testing::world::agents::Script;
use crate::testing::world::checks::Checks;
use crate::testing::world::repo::Repo;
use crate::testing::world::tracker::Board;

/// A handle to one world. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World {
    state: Arc<Mutex<State>>,
    clock: FakeClock,
}

/// What the world is.
#[derive(Clone, Debug)]
pub struct State {
    /// Tickets, as the tracker has them.
    pub board: Board,
    /// The repository, with its workspaces and the user's checkout.
    pub repo: Repo,
    /// What the agents of each ticket do; a ticket without a script has good agents.
    pub scripts: BTreeMap<TicketId, Script>,
    /// What the gate knows.
    pub checks: Checks,
    /// What was done to the world.
    pub log: Log,
    /// How long every call takes.
    pub latency: Duration,
    caller: Caller,
    fault: Option<Fault>,
}

/// Who calls the ports of a world, and so which calls it takes for impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    /// An engine: what it acts on, the world has seen before.
    Engine,
    /// Whoever keeps to the contracts of the ports.
    Anyone,
}

/// What was done to the world, for tests to look at.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Calls of any port.
    pub calls: u64,
    /// Agents run, by role.
    pub agents: BTreeMap<Role, u64>,
    /// Workers run, by ticket.
    pub workers: BTreeMap<TicketId, u64>,
    /// What agents cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// Trees the gate was green on.
    pub green: BTreeSet<TreeId>,
    /// Commits a reviewer had nothing serious to say about.
    pub reviewed: BTreeSet<CommitId>,
    /// Commits found to meet every requirement.
    pub complete: BTreeSet<CommitId>,
    /// Commits that a layer of the host accepted.
    pub layered: BTreeSet<CommitId>,
    /// Tickets marked Done by the engine, with the proven commit.
    pub closed: Vec<(TicketId, CommitId)>,
    /// Commits made to take something back, by ticket.
    pub reverts: BTreeSet<(TicketId, CommitId)>,
    /// How often base was advanced by a landing.
    pub landings: u32,
}

/// A failure of the next port call but `skip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Calls that still work.
    pub skip: u32,
    /// Whether the call takes hold nevertheless.
    pub when: When,
    /// The failure reported.
    pub kind: ErrorKind,
}

/// When a failing call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before it has done anything.
    Before,
    /// After it took hold.
    After,
    /// By a panic, before it has done anything.
    Panics,
}

impl World {
    /// A world with these tickets, green and quiet, at the time the fixtures begin.
    pub fn new(tickets: Vec<Ticket>) -> Self {
        Self::called_by(Caller::Engine, tickets)
    }

    /// A world with these tickets for calls that no engine makes, as a conformance suite does.
    ///
    /// It takes every call that the contract of a port allows, where [`World::new`] panics if it
    /// did not itself see the gate, the reviews and the evidence that an engine would act on.
    pub fn without_engine(tickets: Vec<Ticket>) -> Self {
        Self::called_by(Caller::Anyone, tickets)
    }

    fn called_by(caller: Caller, tickets: Vec<Ticket>) -> Self {
        let state = State {
            board: Board::new(tickets),
            repo: Repo::new(),
            scripts: BTreeMap::new(),
            checks: Checks::default(),
            log: Log::default(),
            latency: Duration::ZERO,
            caller,
            fault: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock: FakeClock::new(fixture::START),
        }
    }

    /// The world and the plan of a fixture.
    pub fn planned(lines: &str) -> (Self, SprintPlan) {
        let world = Self::new(fixture::tickets(lines));
        let base = world.with(|state| state.repo.base_head());
        (world, fixture::plan(lines, &base, fixture::config()))
    }

    /// Looks at the world, or changes it as a person or a test would.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.lock())
    }

    /// Its clock.
    pub const fn clock(&self) -> &FakeClock {
        &self.clock
    }

    /// Makes a coming call fail.
    pub fn arm(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One port call: takes its time, fails if it was told to, else acts.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        subject: &str,
        act: impl FnOnce(&mut State) -> Result<T> + Send,
    ) -> Result<T> {
        let latency = self.lock().latency;
        if !latency.is_zero() {
            self.clock
                .sleep_until(self.clock.now().after(latency))
                .await;
        }
        self.look(operation, subject, act)
    }

    /// One port call that takes no time, and fails if it was told to.
    pub(crate) fn look<T>(
        &self,
        operation: &'static str,
        subject: &str,
        act: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let mut state = self.lock();
        state.log.calls += 1;
        let Some(fault) = state.due_fault() else {
            return act(&mut state);
        };
        match fault.when {
            When::Before => {}
            When::After => drop(act(&mut state)),
            When::Panics => {
                drop(state);
                panic!("told to panic: {operation} {subject}")
            }
        }
        Err(Error::new(fault.kind, operation, subject).because("told to fail"))
    }
}

impl State {
    /// Panics on a call that no engine makes because the world has not seen what it rests on.
    fn expect_seen(&self, seen: bool, call: impl FnOnce() -> String) {
        assert!(
            seen || self.caller == Caller::Anyone,
            "impossible call: {}",
            call()
        );
    }

    fn due_fault(&mut self) -> Option<Fault> {
        match &mut self.fault {
            Some(fault) if fault.skip > 0 => {
                fault.skip -= 1;
                None
            }
            _ => self.fault.take(),
        }
    }
}

#[cfg(test)]
mod tests;
