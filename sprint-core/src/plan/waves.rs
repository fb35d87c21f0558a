//! In which order tickets are started.

use crate::domain::ticket::{Priority, Size};
use crate::id::TicketId;
use crate::plan::graph::TicketGraph;

/// What decides between tickets that could both be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// How urgent the ticket is.
    pub priority: Priority,
    /// How long it will take.
    pub size: Size,
}

/// A place for every ticket of a [`TicketGraph`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The tickets of each wave, by priority, then id. A wave waits only for earlier ones.
    pub waves: Vec<Vec<TicketId>>,
    /// The longest chain of dependent tickets by expected minutes, in order of work.
    pub critical_path: Vec<TicketId>,
    /// How long the critical path takes, in expected minutes.
    pub critical_minutes: u64,
    /// The place of each ticket, by its number in the graph.
    pub places: Vec<Place>,
}

/// One ticket's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its wave, from 1.
    pub wave: u32,
    /// Expected minutes from its start to the end of the longest chain that begins with it.
    pub bottom_level: u64,
    /// Its place in the order of starting, from 0. A ticket comes after all its dependencies.
    pub rank: u32,
}

impl Schedule {
    /// Places the tickets of `graph`, of which `weigh` tells priority and size.
    ///
    /// Ready tickets start by remaining chain, longest first; then by how many wait for them;
    /// then by priority and id.
    pub fn new(graph: &TicketGraph, weigh: impl Fn(&TicketId) -> Weight) -> Self {
        let weights: Vec<Weight> = graph.ids().iter().map(weigh).collect();
        let levels = graph.levels();
        let bottom = bottom_levels(graph, &weights);
        // Numbers are in natural order of ids, so a number as last key means the id.
        let mut by_rank: Vec<u32> = (0..graph.dependencies().nodes()).collect();
        by_rank.sort_by_key(|v| {
            let at = *v as usize;
            let waiting = graph.dependents().row(*v).len();
            let longest_first = std::cmp::Reverse((bottom[at], waiting));
            (longest_first, weights[at].priority, *v)
        });
        let mut places: Vec<Place> = levels
            .iter()
            .zip(&bottom)
            .map(|(&wave, &bottom_level)| Place {
                wave,
                bottom_level,
                rank: 0,
            })
            .collect();
        for (rank, v) in (0..).zip(&by_rank) {
            places[*v as usize].rank = rank;
        }
        let mut by_wave = by_rank.clone();
        by_wave.sort_by_key(|v| (levels[*v as usize], weights[*v as usize].priority, *v));
        let name = |v: &u32| graph.ids()[*v as usize].clone();
        let waves = by_wave
            .chunk_by(|a, b| levels[*a as usize] == levels[*b as usize])
            .map(|wave| wave.iter().map(name).collect());
        Self {
            waves: waves.collect(),
            critical_path: critical_path(graph, &places, by_rank.first().copied()),
            critical_minutes: bottom.iter().copied().max().unwrap_or(0),
            places,
        }
    }
}

/// Every size takes at least a minute, so a ticket's bottom level is above those of its dependents.
fn bottom_levels(graph: &TicketGraph, weights: &[Weight]) -> Vec<u64> {
    let levels = graph.levels();
    let mut latest_first: Vec<u32> = (0..graph.dependencies().nodes()).collect();
    latest_first.sort_by_key(|v| std::cmp::Reverse(levels[*v as usize]));
    // Holds the longest chain among a ticket's dependents until its own turn comes.
    let mut bottom = vec![0u64; levels.len()];
    for v in latest_first {
        let own = u64::from(weights[v as usize].size.minutes()) + bottom[v as usize];
        bottom[v as usize] = own;
        for &dependency in graph.dependencies().row(v) {
            let longest = &mut bottom[dependency as usize];
            *longest = own.max(*longest);
        }
    }
    bottom
}

fn critical_path(graph: &TicketGraph, places: &[Place], first: Option<u32>) -> Vec<TicketId> {
    let next = |v: &u32| {
        let dependents = graph.dependents().row(*v).iter().copied();
        dependents.min_by_key(|d| places[*d as usize].rank)
    };
    std::iter::successors(first, next)
        .map(|v| graph.ids()[v as usize].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: usize) -> TicketId {
        TicketId::new(format!("T-{n}")).unwrap()
    }

    const PRIORITIES: [Priority; 3] = [Priority::Urgent, Priority::Low, Priority::None];
    const SIZES: [Size; 3] = [Size::S, Size::M, Size::L];

    type Row = (Vec<usize>, usize, usize);

    /// Tickets that depend only on earlier rows, under ids in any order.
    fn schedule(rows: &[Row], numbers: &[usize]) -> (TicketGraph, Schedule) {
        let named: Vec<(TicketId, Vec<TicketId>)> = rows
            .iter()
            .enumerate()
            .map(|(v, (by, _, _))| {
                let earlier = by.iter().filter(|d| **d < v);
                (id(numbers[v]), earlier.map(|d| id(numbers[*d])).collect())
            })
            .collect();
        let graph = TicketGraph::new(named.iter().map(|(id, by)| (id, by.as_slice()))).unwrap();
        let weigh = |id: &TicketId| {
            let at = named.iter().position(|(name, _)| name == id).unwrap();
            Weight {
                priority: PRIORITIES[rows[at].1],
                size: SIZES[rows[at].2],
            }
        };
        let schedule = Schedule::new(&graph, weigh);
        (graph, schedule)
    }

    proptest! {
        #[test]
        fn waves_ranks_and_the_critical_path_respect_every_edge(
            rows in prop::collection::vec((prop::collection::vec(0usize..20, 0..4), 0usize..3, 0usize..3), 0..20),
            numbers in Just((0..20).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let (graph, schedule) = schedule(&rows, &numbers);
            let places = &schedule.places;
            for v in 0..graph.dependencies().nodes() {
                let me = places[v as usize];
                let rows = graph.dependencies().row(v);
                let latest = rows.iter().map(|d| places[*d as usize].wave).max().unwrap_or(0);
                prop_assert_eq!(me.wave, latest + 1);
                for d in rows {
                    prop_assert!(places[*d as usize].rank < me.rank);
                    prop_assert!(places[*d as usize].bottom_level > me.bottom_level);
                }
            }
            let mut ranks: Vec<_> = places.iter().map(|p| p.rank).collect();
            ranks.sort_unstable();
            prop_assert!(ranks.into_iter().eq(0..places.len() as u32));
            let numbers: Vec<u32> =
                schedule.critical_path.iter().map(|id| graph.number(id).unwrap()).collect();
            for pair in numbers.windows(2) {
                prop_assert!(graph.dependencies().row(pair[1]).contains(&pair[0]));
            }
            prop_assert_eq!(schedule.waves.concat().len(), places.len());
            let longest = places.iter().map(|p| p.bottom_level).max().unwrap_or(0);
            prop_assert_eq!(schedule.critical_minutes, longest);
        }
    }

    fn small(rows: &[(&str, &[&str], Priority, Size)]) -> Schedule {
        let name = |text: &str| TicketId::new(text).unwrap();
        let named: Vec<(TicketId, Vec<TicketId>)> = rows
            .iter()
            .map(|(id, by, _, _)| (name(id), by.iter().map(|b| name(b)).collect()))
            .collect();
        let graph = TicketGraph::new(named.iter().map(|(id, by)| (id, by.as_slice()))).unwrap();
        Schedule::new(&graph, |id| {
            let (_, _, priority, size) = rows.iter().find(|row| row.0 == id.as_str()).unwrap();
            Weight {
                priority: *priority,
                size: *size,
            }
        })
    }

    #[test]
    fn a_wave_is_sorted_by_priority_then_natural_id() {
        let free: &[&str] = &[];
        let schedule = small(&[
            ("A-10", free, Priority::None, Size::S),
            ("A-2", free, Priority::None, Size::L),
            ("A-30", free, Priority::High, Size::S),
            ("A-1", &["A-10"], Priority::Urgent, Size::S),
        ]);
        let waves: Vec<Vec<_>> = schedule
            .waves
            .iter()
            .map(|wave| wave.iter().map(TicketId::as_str).collect())
            .collect();
        assert_eq!(waves, [vec!["A-30", "A-2", "A-10"], vec!["A-1"]]);
    }

    #[test]
    fn the_longest_remaining_chain_starts_first() {
        let free: &[&str] = &[];
        let schedule = small(&[
            ("A-1", free, Priority::Urgent, Size::S),
            ("A-2", free, Priority::None, Size::M),
            ("A-3", &["A-2"], Priority::None, Size::L),
            ("A-4", free, Priority::None, Size::S),
            ("A-5", free, Priority::None, Size::L),
        ]);
        let ranks: Vec<_> = schedule.places.iter().map(|p| p.rank).collect();
        assert_eq!(ranks, [3, 0, 1, 4, 2]);
        assert_eq!(
            schedule.critical_path,
            ["A-2", "A-3"].map(|id| TicketId::new(id).unwrap())
        );
        assert_eq!(schedule.critical_minutes, 44);
    }
}
