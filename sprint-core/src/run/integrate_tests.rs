use super::*;
use crate::domain::verdict::{Finding, FindingKind};

const POLICY: Policy = Policy {
    resolves: false,
    partial: true,
};

fn id(n: usize) -> TicketId {
    TicketId::new(format!("T-{n}")).unwrap()
}

fn hex(text: &str) -> String {
    let hash = crc32fast::hash(text.as_bytes());
    format!("{hash:08x}").repeat(5)
}

/// A world in which certain sets of tickets break the gate and certain pairs conflict.
struct World {
    breaks: Vec<Vec<usize>>,
    conflicts: Vec<(usize, usize)>,
    gates: usize,
}

impl World {
    fn combine(&self, tickets: &[TicketId]) -> Combined {
        let (mut merged, mut conflicts) = (Vec::<Merged>::new(), Vec::new());
        let mut name = String::from("base");
        for ticket in tickets {
            let clash = self.conflicts.iter().any(|(a, b)| {
                *ticket == id(*b) && merged.iter().any(|m: &Merged| m.ticket == id(*a))
            });
            if clash {
                let commit = CommitId::new(hex(&name)).unwrap();
                conflicts.push(Clash {
                    ticket: ticket.clone(),
                    paths: vec!["f".into()],
                    ours: commit.clone(),
                    theirs: commit.clone(),
                    ancestor: commit.clone(),
                    marked: commit,
                });
                continue;
            }
            name = format!("{name} {ticket}");
            merged.push(Merged {
                ticket: ticket.clone(),
                commit: CommitId::new(hex(&name)).unwrap(),
                tree: TreeId::new(hex(&name)).unwrap(),
                resolved: Vec::new(),
            });
        }
        let tip = hex(&name);
        Combined {
            tip: CommitId::new(&tip).unwrap(),
            tree: TreeId::new(&tip).unwrap(),
            merged,
            conflicts,
        }
    }

    fn gate(&mut self, tickets: &[TicketId]) -> Verdict {
        self.gates += 1;
        let red = self
            .breaks
            .iter()
            .any(|set| set.iter().all(|n| tickets.contains(&id(*n))));
        if red {
            Verdict::fail(vec![Finding::blocking(FindingKind::TestFailure, "boom")])
        } else {
            Verdict::pass()
        }
    }

    /// Runs integration to its end: who landed, who was set aside and with whom.
    fn run(&mut self, n: usize, deps: &[(usize, usize)]) -> (Vec<TicketId>, Vec<String>) {
        let order: Vec<_> = (1..=n).map(id).collect();
        let mut dependencies = BTreeMap::<_, BTreeSet<_>>::new();
        for (ticket, on) in deps {
            dependencies.entry(id(*ticket)).or_default().insert(id(*on));
        }
        let base = CommitId::new(hex("base")).unwrap();
        let mut run =
            IntegrationRun::new(0, Timestamp::default(), base, order, dependencies, POLICY);
        let mut aside = Vec::new();
        for _ in 0..1000 {
            let consequence = match run.task.clone() {
                Task::Combine { tickets } => run.combined(self.combine(&tickets), &|_, _| true),
                Task::Gate { tickets, .. } => {
                    let verdict = self.gate(&tickets);
                    run.gated(verdict)
                }
                Task::Land => {
                    let landed = run.landed(Landed::Yes).landed;
                    return (landed.into_iter().map(|m| m.ticket).collect(), aside);
                }
                Task::Resolve(_) => panic!("there is no agent for conflicts"),
                Task::Over => return (Vec::new(), aside),
            };
            if let Some(stop) = consequence.stop {
                return (Vec::new(), vec![stop]);
            }
            for Eviction {
                ticket, partner, ..
            } in consequence.evicted
            {
                let with = partner.map_or_else(String::new, |other| format!(" with {other}"));
                aside.push(format!("{ticket}{with}"));
            }
            let json = serde_json::to_string(&run).unwrap();
            assert_eq!(serde_json::from_str::<IntegrationRun>(&json).unwrap(), run);
        }
        panic!("integration does not come to an end")
    }
}

fn check(
    n: usize,
    breaks: &[&[usize]],
    conflicts: &[(usize, usize)],
    deps: &[(usize, usize)],
) -> (usize, Vec<String>) {
    let breaks = breaks.iter().map(|set| set.to_vec()).collect();
    let mut world = World {
        breaks,
        conflicts: conflicts.to_vec(),
        gates: 0,
    };
    let (landed, aside) = world.run(n, deps);
    if !landed.is_empty() {
        assert!(world.gate(&landed).accepts(), "what lands is green");
        world.gates -= 1;
    }
    (world.gates, aside)
}

#[test]
fn green_tickets_land_after_one_gate_run() {
    assert_eq!(check(8, &[], &[], &[]), (1, vec![]));
}

#[test]
fn culprits_pairs_conflicts_and_dependents_are_named() {
    let aside = |breaks, conflicts, deps| check(6, breaks, conflicts, deps).1.join(", ");
    assert_eq!(aside(&[&[3]], &[], &[]), "T-3");
    assert_eq!(aside(&[&[1]], &[], &[]), "T-1");
    assert_eq!(aside(&[&[2, 5]], &[], &[]), "T-5 with T-2");
    assert_eq!(aside(&[&[2, 5], &[6]], &[], &[]), "T-5 with T-2, T-6");
    assert_eq!(aside(&[], &[(1, 4)], &[]), "T-4 with T-3");
    assert_eq!(aside(&[&[2]], &[], &[(4, 2), (5, 4)]), "T-2");
    assert_eq!(aside(&[&[2, 5]], &[], &[(5, 2)]), "T-5");
    assert_eq!(aside(&[&[1, 2, 3]], &[], &[]), "T-3 with T-2");
}

#[test]
fn a_red_base_blames_nobody() {
    let (_, aside) = check(4, &[&[]], &[], &[]);
    assert_eq!(aside, ["the gate is red on base itself, before any ticket"]);
}

#[test]
fn one_culprit_among_many_is_found_in_logarithmic_time() {
    for culprit in 1..=16 {
        let (gates, aside) = check(16, &[&[culprit]], &[], &[]);
        assert_eq!(aside, [id(culprit).to_string()]);
        // Red runs count twice; two reds and base, four halvings, the culprit alone, the rest.
        assert!(gates <= 2 + 1 + 2 * 4 + 2 + 1, "{gates} for {culprit}");
    }
}

#[test]
fn a_flaky_gate_blames_nobody() {
    let order = vec![id(1), id(2)];
    let base = CommitId::new(hex("base")).unwrap();
    let at = Timestamp::default();
    let mut run = IntegrationRun::new(0, at, base, order.clone(), BTreeMap::new(), POLICY);
    let world = World {
        breaks: vec![],
        conflicts: vec![],
        gates: 0,
    };
    run.combined(world.combine(&order), &|_, _| false);
    run.gated(Verdict::fail(vec![]));
    assert!(
        matches!(run.task, Task::Gate { .. }),
        "red once is run again"
    );
    run.gated(Verdict::pass());
    assert!(
        matches!(run.task, Task::Gate { .. }),
        "one against one decides nothing"
    );
    run.gated(Verdict::pass());
    assert_eq!(run.task, Task::Land);
}

#[test]
fn base_moving_away_starts_over_and_ends() {
    let order = vec![id(1)];
    let base = CommitId::new(hex("base")).unwrap();
    let mut run = IntegrationRun::new(
        0,
        Timestamp::default(),
        base,
        order,
        BTreeMap::new(),
        POLICY,
    );
    for round in 1..=MAX_ROUNDS {
        run.task = Task::Land;
        let moved = CommitId::new(hex(&format!("moved {round}"))).unwrap();
        let stop = run.landed(Landed::BaseMoved(moved.clone())).stop;
        assert_eq!(stop.is_some(), round == MAX_ROUNDS);
        if stop.is_none() {
            assert_eq!(run.base, moved);
            assert!(matches!(run.task, Task::Combine { .. }));
        }
    }
}

/// The batch cases of gastown's merge queue (MIT), by their names there.
mod batches {
    use super::*;

    const ALL_CONFLICT: [(usize, usize); 3] = [(1, 2), (1, 3), (1, 4)];

    #[test]
    fn empty() {
        assert_eq!(check(0, &[], &[], &[]), (0, vec![]));
    }

    #[test]
    fn all_pass() {
        for n in [1, 4, 5, 9] {
            assert_eq!(check(n, &[], &[], &[]), (1, vec![]), "{n}");
        }
    }

    #[test]
    fn all_conflict_and_the_first_lands() {
        let aside = ["T-2 with T-1", "T-3 with T-1", "T-4 with T-1"].map(str::to_owned);
        assert_eq!(check(4, &[], &ALL_CONFLICT, &[]), (1, aside.to_vec()));
    }

    #[test]
    fn blocked_by_a_member_of_the_batch_that_is_removed() {
        let (gates, aside) = check(3, &[], &[(1, 2)], &[(3, 2)]);
        assert_eq!((gates, aside), (1, vec!["T-2 with T-1".to_owned()]));
    }

    #[test]
    fn bisect_over_one_two_and_four_with_the_first_or_second_bad() {
        for (n, bad) in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2)] {
            let (_, aside) = check(n, &[&[bad]], &[], &[]);
            assert_eq!(aside, [id(bad).to_string()], "{bad} of {n}");
        }
    }

    #[test]
    fn the_good_subset_is_verified_again_before_it_lands() {
        let mut world = World {
            breaks: vec![vec![2]],
            conflicts: vec![],
            gates: 0,
        };
        let (landed, _) = world.run(3, &[]);
        assert_eq!(landed, [id(1), id(3)]);
        // What landed was judged itself: its tree is among the ones the gate ran on.
        assert!(world.gate(&landed).accepts());
    }

    #[test]
    fn flaky_once_or_for_many_blames_nobody() {
        let order = [id(1), id(2), id(3)];
        let base = CommitId::new(hex("base")).unwrap();
        let at = Timestamp::default();
        let mut run = IntegrationRun::new(0, at, base, order.to_vec(), BTreeMap::new(), POLICY);
        let world = World {
            breaks: vec![],
            conflicts: vec![],
            gates: 0,
        };
        run.combined(world.combine(&order), &|_, _| false);
        for passed in [false, true, true] {
            assert!(matches!(run.task, Task::Gate { .. }));
            let red = Verdict::fail(vec![Finding::blocking(FindingKind::TestFailure, "reset")]);
            run.gated(if passed { Verdict::pass() } else { red });
        }
        assert_eq!(run.task, Task::Land);
    }

    #[test]
    fn a_red_base_lands_nothing_and_blames_nobody() {
        let (_, aside) = check(5, &[&[]], &[], &[]);
        assert_eq!(aside, ["the gate is red on base itself, before any ticket"]);
    }

    #[test]
    fn pair_culprits_are_named_together() {
        for (n, pair) in [(2, [1, 2]), (5, [1, 5]), (5, [2, 3])] {
            let (_, aside) = check(n, &[&pair], &[], &[]);
            assert_eq!(aside, [format!("T-{} with T-{}", pair[1], pair[0])], "{n}");
        }
    }
}
