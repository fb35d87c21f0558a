//! Section 2: in which waves tickets would be worked on (spec 18.4).

use serde::Serialize;

use crate::id::{TicketId, natural_key};
use crate::readiness::facts::Facts;
use crate::readiness::finding::{Code, Finding};
use crate::readiness::schedule::Schedule;

/// Agent windows that a ticket takes, at least and at most (spec 20).
const WINDOWS: (usize, usize) = (6, 8);

/// The waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waves {
    /// The tickets of each wave; a wave waits only for earlier ones.
    pub waves: Vec<Vec<TicketId>>,
    /// How many tickets there are.
    pub tickets: usize,
    /// How many agents would work side by side at most.
    pub parallel: usize,
    /// How many agent windows all of it takes, at least and at most.
    pub windows: (usize, usize),
}

pub(super) fn waves(facts: &Facts, schedule: &Schedule, found: &mut Vec<Finding>) -> Waves {
    for chain in &schedule.cycles {
        let last = chain.tickets().len().saturating_sub(1);
        let finding = Finding::new(Code::Cycle, chain.to_string());
        found.push(finding.tickets(&chain.tickets()[..last]));
    }
    let planned = &facts.planned.tickets;
    for (id, ticket) in planned {
        let computed = u64::from(schedule.wave(id));
        if let Some(wave) = ticket.wave.filter(|wave| *wave != computed) {
            let what = format!("{id} is planned in wave {wave}, and belongs in wave {computed}");
            let finding = Finding::new(Code::WaveMismatch, what).tickets([id]);
            found.push(
                finding
                    .measuring("planned", wave)
                    .measuring("computed", computed),
            );
        }
        for target in &ticket.dependencies {
            let before = planned.get(target).and_then(|target| target.wave);
            if let (Some(wave), Some(before)) = (ticket.wave, before)
                && before >= wave
            {
                let what = format!(
                    "{id} is planned in wave {wave}, and waits for {target} in wave {before}"
                );
                found.push(Finding::new(Code::DepWave, what).tickets([id, target]));
            }
        }
    }
    let last = schedule.waves.values().copied().max().unwrap_or_default();
    let of_wave = |wave| {
        let inside = schedule.waves.iter().filter(|(_, at)| **at == wave);
        let mut ids: Vec<_> = inside.map(|(id, _)| id.clone()).collect();
        ids.sort_by_key(natural_order);
        ids
    };
    let waves: Vec<Vec<TicketId>> = (1..=last).map(of_wave).collect();
    let widest = waves.iter().map(Vec::len).max().unwrap_or_default();
    let limit = facts.config.read().map_or(0, |config| config.max_parallel);
    let parallel = match usize::try_from(limit) {
        Ok(0) | Err(_) => widest,
        Ok(limit) => widest.min(limit),
    };
    Waves {
        tickets: planned.len(),
        parallel,
        windows: (WINDOWS.0 * planned.len(), WINDOWS.1 * planned.len()),
        waves,
    }
}

fn natural_order(id: &TicketId) -> (String, u64) {
    let (team, number) = natural_key(id.as_str());
    (team.to_owned(), number)
}
