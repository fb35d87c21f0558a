//! Whether the holders of claims are there, looked up once per command.

use std::cell::RefCell;
use std::time::Duration;

use crate::id::SprintId;
use crate::local::conductor::Inner;
use crate::local::conductor::heartbeat::last_heartbeat;
use crate::phases::board::{Board, Claim};
use crate::phases::owner::{Gone, Life, Owner};
use crate::time::Timestamp;

pub(super) struct Judge<'a> {
    inner: &'a Inner,
    sprint: &'a SprintId,
    now: Timestamp,
    ttl: Duration,
    /// Owners that were looked at: many phases may have one.
    seen: RefCell<Vec<(Owner, Life)>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(inner: &'a Inner, sprint: &'a SprintId, board: &Board) -> Self {
        Self {
            inner,
            sprint,
            now: inner.clock.now(),
            ttl: Duration::from_secs(board.settings().ttl_s),
            seen: RefCell::default(),
        }
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Why the holder of a claim counts as gone, if it does.
    pub(super) fn gone(&self, claim: &Claim) -> Option<Gone> {
        let owner = &claim.grant.owner;
        let life = self.life(owner);
        let last_sign = match life {
            Life::Unknown => last_heartbeat(&self.inner.directory(self.sprint), claim),
            Life::Alive | Life::Dead => claim.at,
        };
        owner.gone(life, last_sign, self.now, self.ttl)
    }

    fn life(&self, owner: &Owner) -> Life {
        let mut seen = self.seen.borrow_mut();
        let found = seen.iter().find(|(seen, _)| {
            seen.process.is_some() && seen.process == owner.process && seen.host == owner.host
        });
        if let Some((_, life)) = found {
            return *life;
        }
        let life = self.inner.liveness.look(owner);
        // A few hosts of agents hold many claims; many holders with one each gain nothing from it.
        if seen.len() < 16 {
            seen.push((owner.clone(), life));
        }
        life
    }
}
