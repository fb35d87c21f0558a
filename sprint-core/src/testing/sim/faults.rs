//! What goes wrong: each seed enables some kinds of it.

use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::run::input::{Command, ReviewDecision};
use crate::testing::rng::Rng;
use crate::testing::world::{Fault, When};

/// Which kinds of fault happen, each as a chance in percent per step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A port call fails.
    pub effects: usize,
    /// The engine's process dies.
    pub crashes: usize,
    /// A reply is lost, doubled or late.
    pub replies: usize,
    /// A person changes a ticket on the tracker.
    pub humans: usize,
    /// A person commits to base.
    pub base_moves: usize,
    /// The user's checkout gets in the way, or out of it.
    pub checkout: usize,
    /// A person sends a command.
    pub commands: usize,
    /// A person cancels.
    pub cancels: usize,
    /// The clock jumps ahead.
    pub jumps: usize,
    /// Limits change.
    pub limits: usize,
    /// A save fails.
    pub saves: usize,
    /// Another engine takes over.
    pub takeovers: usize,
    /// Things change while the engine is down, as a share of its restarts.
    pub down: usize,
    /// Agents are limited by their provider, as a share of their runs.
    pub rate_limits: usize,
    /// For how many steps all this goes on.
    pub steps: u32,
}

impl Faults {
    /// A random subset of kinds, or none.
    pub fn random(rng: &mut Rng) -> Self {
        if rng.chance(10) {
            return Self::default();
        }
        let some = |rng: &mut Rng, percent: usize| {
            if rng.chance(35) {
                1 + rng.below(percent)
            } else {
                0
            }
        };
        // Now and then somebody works on base all day long.
        let busy = if rng.chance(5) { 15 } else { 1 };
        Self {
            effects: some(rng, 30),
            crashes: some(rng, 8),
            replies: some(rng, 12),
            humans: some(rng, 3),
            base_moves: busy * some(rng, 3),
            checkout: some(rng, 6),
            commands: some(rng, 6),
            cancels: some(rng, 2),
            jumps: some(rng, 5),
            limits: some(rng, 5),
            saves: some(rng, 2),
            takeovers: some(rng, 3),
            down: some(rng, 60),
            rate_limits: some(rng, 40),
            steps: 150,
        }
    }
}

/// A failure of a call, before or after it took hold.
pub(super) fn fault(rng: &mut Rng) -> Fault {
    let when = if rng.chance(50) {
        When::Before
    } else {
        When::After
    };
    let kind = match rng.below(40) {
        0 => ErrorKind::Fatal,
        1 | 2 => ErrorKind::Invalid,
        3 => ErrorKind::NotFound,
        4 => ErrorKind::Unsupported,
        5..=12 => ErrorKind::Timeout,
        13..=18 => ErrorKind::Conflict,
        19..=22 => rate_limit(rng),
        _ => ErrorKind::Transient,
    };
    Fault {
        skip: u32::try_from(rng.below(3)).unwrap_or(0),
        when,
        kind,
    }
}

pub(super) fn rate_limit(rng: &mut Rng) -> ErrorKind {
    ErrorKind::RateLimited {
        retry_after_ms: rng.chance(50).then(|| 1000 + rng.next() % 200_000),
    }
}

/// A command of a person who does not look too closely.
pub(super) fn command(rng: &mut Rng, tickets: &[TicketId]) -> Option<Command> {
    let id = rng.pick(tickets)?.clone();
    Some(match rng.below(10) {
        0 | 1 => Command::Continue,
        2..=5 => Command::Reattempt(id),
        6 => Command::Drop(id),
        _ => review(rng, id),
    })
}

/// An answer to a review request.
pub(super) fn review(rng: &mut Rng, ticket: TicketId) -> Command {
    let decision = match rng.below(4) {
        0 => ReviewDecision::Skip,
        1 => ReviewDecision::RequestChanges("please rename it".into()),
        _ => ReviewDecision::Approve,
    };
    Command::Review { ticket, decision }
}
