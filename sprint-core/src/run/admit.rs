//! From what is wanted and what is running to what starts.

use std::collections::BTreeSet;

use crate::run::SprintRun;
use crate::run::effect::{EffectId, Lane};

/// How much may run at the same time, per lane. `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Agents.
    pub agents: Option<usize>,
    /// Gate commands.
    pub commands: Option<usize>,
    /// Calls to the tracker.
    pub tracker: Option<usize>,
    /// Work on the repository.
    pub vcs: Option<usize>,
    /// Tickets in progress.
    pub tickets: Option<usize>,
}

impl Limits {
    /// At most `agents` agents and `commands` gates, a few calls of the cheap kinds, and as many
    /// tickets in progress as keep both busy.
    pub const fn new(agents: Option<usize>, commands: Option<usize>) -> Self {
        let tickets = match (agents, commands) {
            (Some(agents), Some(commands)) => Some(agents + commands),
            (Some(agents), None) => Some(2 * agents),
            (None, _) => None,
        };
        Self {
            agents,
            commands,
            tracker: Some(4),
            vcs: Some(4),
            tickets,
        }
    }

    /// Nothing new starts; what runs may finish.
    pub const fn drain() -> Self {
        let none = Some(0);
        Self {
            agents: none,
            commands: none,
            tracker: none,
            vcs: none,
            tickets: none,
        }
    }

    const fn of(&self, lane: Lane) -> Option<usize> {
        match lane {
            Lane::Agent => self.agents,
            Lane::Command => self.commands,
            Lane::Tracker => self.tracker,
            Lane::Vcs => self.vcs,
            Lane::Ticket => self.tickets,
        }
    }
}

/// What may start now, most urgent first in each lane. What runs and is still wanted is never
/// displaced; new work starts in wanted order while its lane has room.
///
/// `running` is everything that has not ended yet, including what was told to stop.
pub fn admit(run: &SprintRun, running: &BTreeSet<EffectId>, limits: &Limits) -> Vec<EffectId> {
    let mut start: Vec<EffectId> = Vec::new();
    for lane in Lane::ALL {
        if run.is_paused(lane) {
            continue;
        }
        let busy = |lane: Lane| {
            let of_lane = |id: &&EffectId| id.step.lane() == lane;
            running.iter().filter(of_lane).count() + start.iter().filter(of_lane).count()
        };
        let room = |lane: Lane, taken: usize| {
            limits
                .of(lane)
                .map_or(usize::MAX, |limit| limit.saturating_sub(taken))
        };
        let room = if lane == Lane::Ticket {
            // To begin a ticket is to open a workspace, too.
            room(lane, run.in_progress()).min(room(Lane::Vcs, busy(Lane::Vcs)))
        } else {
            room(lane, busy(lane))
        };
        let mut funds = (lane == Lane::Agent).then(|| run.funds(running));
        let new = run
            .wanted_in(lane)
            .filter(|id| !running.contains(*id))
            .filter(|id| funds.as_mut().is_none_or(|funds| funds.admits(id)))
            .take(room);
        start.extend(new.cloned().collect::<Vec<_>>());
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::effect::{Done, Step};
    use crate::run::input::Input;
    use crate::testing::world::World;
    use crate::time::Timestamp;

    #[test]
    fn no_more_tickets_begin_than_agents_and_gates_can_keep_busy() {
        let (_, mut plan) = World::planned("A, B, C, D, E, F");
        plan.config.baseline = false;
        let mut run = SprintRun::start(Timestamp::default(), plan);
        let (effect, outcome) = (EffectId::sprint(1, Step::Checkpoint), Ok(Done::Plain));
        drop(run.apply(Timestamp::default(), Input::Finished { effect, outcome }));

        let limits = Limits::new(Some(2), Some(1));
        let mut running = BTreeSet::new();
        let start = admit(&run, &running, &limits);
        assert_eq!(start.len(), 3, "{start:?}");
        drop(run.apply(Timestamp::default(), Input::Starting(start.clone())));
        assert_eq!(run.in_progress(), 3);
        running.extend(start);
        let begins = |start: Vec<EffectId>| start.iter().any(|id| id.step == Step::Open);
        assert!(
            !begins(admit(&run, &running, &limits)),
            "until one of them has ended"
        );
        assert!(begins(admit(
            &run,
            &running,
            &Limits::new(Some(4), Some(1))
        )));
        assert_eq!(admit(&run, &running, &Limits::drain()), []);
    }
}
