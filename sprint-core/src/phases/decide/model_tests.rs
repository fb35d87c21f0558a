//! Every sequence of commands on small graphs, with holders that die and commands of holders that were
//! replaced (spec 16). What is checked after each: at most one claim of a phase opens, nothing is
//! complete before what it depends on, and the fold over the events is the board.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::stage::{Stage, agent_request, artifact, owner, why};
use super::*;
use crate::id::{ClaimToken, FailureTag};
use crate::phases::event::Event;
use crate::phases::graph::{ArtifactRule, Concurrency, sketch};

const AGENTS: [&str; 3] = ["ann", "bob", "cat"];

/// How many claims of a phase are followed.
const EPOCHS: u64 = 3;

/// One world of the model: the board, who is dead, and every token that an agent ever got.
#[derive(Clone)]
struct World {
    stage: Stage,
    tokens: BTreeMap<(&'static str, PhaseName), BTreeSet<ClaimToken>>,
}

impl World {
    fn new(graph: &str) -> Self {
        Self {
            stage: Stage::new(sketch(graph)),
            tokens: BTreeMap::new(),
        }
    }

    fn phases(&self) -> Vec<PhaseName> {
        let nodes = self.stage.board.graph().nodes().iter();
        nodes.map(|node| node.name.clone()).collect()
    }

    /// What tells this world from others, as far as what can still happen is concerned.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for phase in self.phases() {
            let state = self.stage.board.state(&phase).unwrap();
            let shape = match state {
                State::Pending => (0, None, false),
                State::Claimed(claim) => {
                    (1, Some(claim.grant.owner.agent.clone()), claim.stale_told)
                }
                State::Complete(_) => (2, None, false),
                State::Failed(_) => (3, None, false),
                State::Waived(_) => (4, None, false),
            };
            shape.hash(&mut hasher);
            self.stage.board.epoch(&phase).hash(&mut hasher);
            self.stage
                .board
                .breaker(&phase)
                .unwrap()
                .total()
                .hash(&mut hasher);
            for agent in AGENTS {
                // Which of their claims an agent remembers, by number.
                let tokens = self.tokens.get(&(agent, phase.clone()));
                tokens.map_or(0, BTreeSet::len).hash(&mut hasher);
            }
        }
        self.stage.gone.hash(&mut hasher);
        hasher.finish()
    }

    /// Every world that one more step leads to.
    fn steps(&self) -> Vec<Self> {
        let mut next = Vec::new();
        for phase in self.phases() {
            for agent in AGENTS {
                if self.stage.gone.contains(&owner(agent).agent) {
                    continue;
                }
                next.extend(self.claim(&phase, agent));
                next.extend(self.with_tokens(&phase, agent));
            }
            let by = owner("human").agent;
            let looked = [
                self.stage.look(|look| look.unstuck(&phase, &by, None)),
                self.stage.look(|look| look.retry(&phase, None)),
                self.stage.look(|look| look.waive(&phase, &by, why("x"))),
                self.stage.look(|look| {
                    let phases = look.invalidate(&phase)?;
                    let reason = why("x");
                    Ok(Event::Invalidate { phases, reason })
                }),
            ];
            next.extend(looked.into_iter().flatten().map(|event| self.after(event)));
        }
        let stale = self.stage.look(|look| look.sweep()).into_iter();
        next.extend(stale.map(|stale| self.after(Event::StaleDetected(stale))));
        for agent in AGENTS {
            let agent = owner(agent).agent;
            let mut world = self.clone();
            // Agents die, and come back with the tokens they had: that nobody saw them is no proof.
            if !world.stage.gone.remove(&agent) {
                world.stage.gone.insert(agent);
            }
            next.push(world);
        }
        next
    }

    fn claim(&self, phase: &PhaseName, agent: &'static str) -> Option<Self> {
        let mut world = self.clone();
        let granted = world
            .stage
            .claim(phase.as_str(), &agent_request(agent))
            .ok()?;
        let held = world.tokens.entry((agent, phase.clone())).or_default();
        held.insert(granted.grant.token);
        (world.stage.board.epoch(phase).0 <= EPOCHS).then_some(world)
    }

    /// What an agent can do with any token it ever got.
    fn with_tokens(&self, phase: &PhaseName, agent: &'static str) -> Vec<Self> {
        let none = BTreeSet::new();
        let tokens = self.tokens.get(&(agent, phase.clone())).unwrap_or(&none);
        let mut opened = 0;
        let mut next = Vec::new();
        for token in tokens {
            let shown = Credential::Token(token.clone());
            let tag = FailureTag::new("red").unwrap();
            let artifact = Some(artifact());
            let looked = [
                self.stage
                    .look(|look| look.complete(phase, &shown, artifact, None)),
                self.stage
                    .look(|look| look.fail(phase, &shown, why("x"), tag)),
                self.stage
                    .look(|look| look.release(phase, &shown, why("x"))),
            ];
            opened += usize::from(looked[0].is_ok());
            next.extend(looked.into_iter().flatten().map(|event| self.after(event)));
        }
        assert!(opened <= 1, "two tokens of {agent} open {phase}");
        next
    }

    fn after(&self, event: Event) -> Self {
        let mut world = self.clone();
        world.stage.save(event);
        world
    }

    fn check(&self) {
        let board = &self.stage.board;
        let mut open: BTreeMap<&PhaseName, usize> = BTreeMap::new();
        for ((_, phase), tokens) in &self.tokens {
            for token in tokens {
                let shown = Credential::Token(token.clone());
                let opens = self.stage.look(|look| look.held(phase, &shown).is_ok());
                *open.entry(phase).or_default() += usize::from(opens);
            }
        }
        assert!(
            open.values().all(|count| *count <= 1),
            "two live tokens: {open:?}"
        );
        let mut alone = Vec::new();
        for node in board.graph().nodes() {
            let state = board.state(&node.name).unwrap();
            let begun = matches!(state, State::Claimed(_) | State::Complete(_));
            let free = node
                .depends_on
                .iter()
                .all(|parent| board.state(parent).unwrap().satisfies());
            assert!(
                !begun || free,
                "{} began before what it depends on",
                node.name
            );
            if matches!(state, State::Claimed(_)) && node.concurrency != Concurrency::Read {
                alone.push(&node.name);
            }
        }
        let claimed = board.claims().count();
        assert!(
            alone.is_empty() || claimed == 1,
            "{alone:?} beside {claimed}"
        );
        let log = self.stage.log.iter().map(|(at, event)| (*at, event));
        assert_eq!(Board::fold(log).unwrap().as_ref(), Some(board));
    }
}

/// Goes through all worlds up to a number of steps.
fn explore(graph: &str, depth: usize) -> usize {
    let mut seen = BTreeSet::new();
    let mut level = vec![World::new(graph)];
    for _ in 0..depth {
        let mut next = Vec::new();
        for world in &level {
            for after in world.steps() {
                if seen.insert(after.key()) {
                    after.check();
                    next.push(after);
                }
            }
        }
        level = next;
    }
    seen.len()
}

#[test]
fn no_sequence_of_commands_gives_a_phase_to_two_or_completes_it_early() {
    let mut found = Vec::new();
    for (graph, depth) in [
        ("a", 8),
        ("a b<-a", 6),
        ("w!write r x!exclusive", 5),
        ("a b<-a c<-a d!exclusive<-b,c", 5),
    ] {
        found.push(explore(graph, depth));
    }
    println!("{found:?} worlds");
    assert!(found.iter().all(|worlds| *worlds > 500), "{found:?}");
}

#[test]
fn the_sketches_of_these_tests_want_no_artifacts() {
    let nodes = sketch("a");
    assert_eq!(nodes[0].artifact, ArtifactRule::Optional);
}
