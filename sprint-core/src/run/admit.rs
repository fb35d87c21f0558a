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
}

impl Limits {
    /// At most `agents` agents and `commands` gates, and a few calls of the cheap kinds.
    pub const fn new(agents: Option<usize>, commands: Option<usize>) -> Self {
        Self {
            agents,
            commands,
            tracker: Some(4),
            vcs: Some(4),
        }
    }

    /// Nothing new starts; what runs may finish.
    pub const fn drain() -> Self {
        Self {
            agents: Some(0),
            commands: Some(0),
            tracker: Some(0),
            vcs: Some(0),
        }
    }

    const fn of(&self, lane: Lane) -> Option<usize> {
        match lane {
            Lane::Agent => self.agents,
            Lane::Command => self.commands,
            Lane::Tracker => self.tracker,
            Lane::Vcs => self.vcs,
        }
    }
}

/// What may start now, most urgent first in each lane. What runs and is still wanted is never
/// displaced; new work starts in wanted order while its lane has room.
///
/// `running` is everything that has not ended yet, including what was told to stop.
pub fn admit(run: &SprintRun, running: &BTreeSet<EffectId>, limits: &Limits) -> Vec<EffectId> {
    let mut start = Vec::new();
    for lane in Lane::ALL {
        if run.is_paused(lane) {
            continue;
        }
        let taken = running.iter().filter(|id| id.step.lane() == lane).count();
        let room = limits
            .of(lane)
            .map_or(usize::MAX, |limit| limit.saturating_sub(taken));
        start.extend(
            run.wanted_in(lane)
                .filter(|id| !running.contains(*id))
                .take(room)
                .cloned(),
        );
    }
    start
}
