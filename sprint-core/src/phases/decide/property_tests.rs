//! Any interleaving of commands on any small graph (spec 16, i to iii).

use std::time::Duration;

use proptest::prelude::*;

use super::stage::{Stage, agent_request, artifact, name, owner, why};
use super::*;
use crate::id::{ClaimToken, FailureTag};
use crate::phases::event::Event;
use crate::phases::graph::{ArtifactRule, Concurrency, Node};
use crate::phases::schedule::schedule;

#[derive(Clone, Debug)]
enum Command {
    Claim(usize, usize),
    Force(usize, usize),
    Batch(usize),
    /// With any token that was ever given.
    Complete(usize),
    Fail(usize),
    Release(usize),
    Unstuck(usize),
    Retry(usize, bool),
    Waive(usize),
    Invalidate(usize),
    Sweep,
    Die(usize),
    Return(usize),
    /// Time passes, or the clock goes back.
    Clock(i64),
}

fn graphs() -> impl Strategy<Value = Vec<Node>> {
    let class = prop_oneof![
        3 => Just(Concurrency::Read),
        1 => Just(Concurrency::Write),
        1 => Just(Concurrency::Exclusive),
    ];
    let node = (class, any::<u8>(), 0..3_u32);
    prop::collection::vec(node, 1..7).prop_map(|nodes| {
        let node = |(at, (concurrency, parents, priority)): (usize, (_, u8, _))| Node {
            name: name(&format!("p{at}")),
            depends_on: (0..at)
                .filter(|parent| parents & (1 << parent) != 0)
                .map(|parent| name(&format!("p{parent}")))
                .collect(),
            concurrency,
            artifact: ArtifactRule::Optional,
            priority,
        };
        nodes.into_iter().enumerate().map(node).collect()
    })
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let (phase, agent, token) = (0..6_usize, 0..4_usize, 0..20_usize);
    let command = prop_oneof![
        4 => (phase.clone(), agent.clone()).prop_map(|(p, a)| Command::Claim(p, a)),
        1 => (phase.clone(), agent.clone()).prop_map(|(p, a)| Command::Force(p, a)),
        4 => agent.clone().prop_map(Command::Batch),
        5 => token.clone().prop_map(Command::Complete),
        2 => token.clone().prop_map(Command::Fail),
        1 => token.prop_map(Command::Release),
        1 => phase.clone().prop_map(Command::Unstuck),
        2 => (phase.clone(), any::<bool>()).prop_map(|(p, f)| Command::Retry(p, f)),
        1 => phase.clone().prop_map(Command::Waive),
        1 => phase.prop_map(Command::Invalidate),
        1 => Just(Command::Sweep),
        1 => agent.clone().prop_map(Command::Die),
        1 => agent.prop_map(Command::Return),
        1 => (-4000..4000_i64).prop_map(Command::Clock),
    ];
    prop::collection::vec(command, 0..60)
}

struct Play {
    stage: Stage,
    tokens: Vec<(PhaseName, ClaimToken)>,
}

impl Play {
    fn phase(&self, at: usize) -> PhaseName {
        let nodes = self.stage.board.graph().nodes();
        nodes[at % nodes.len()].name.clone()
    }

    fn take(&mut self, granted: Result<Granted, Refused>) {
        if let Ok(granted) = granted {
            self.tokens
                .push((granted.grant.phase.clone(), granted.grant.token));
            if let Some(event) = granted.event {
                self.stage.save(event);
            }
        }
    }

    fn with_token(
        &mut self,
        at: usize,
        decide: impl FnOnce(&Look<'_>, &PhaseName, &Credential) -> Result<Event, Refused>,
    ) {
        if let Some((phase, token)) = self.tokens.get(at % self.tokens.len().max(1)) {
            let shown = Credential::Token(token.clone());
            let event = self.stage.look(|look| decide(look, phase, &shown));
            self.save(event);
        }
    }

    fn save(&mut self, event: Result<Event, Refused>) {
        if let Ok(event) = event {
            self.stage.save(event);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    fn run(&mut self, command: Command) {
        let agent = |at: usize| format!("agent{at}");
        let by = owner("human").agent;
        match command {
            Command::Claim(phase, who) => {
                let (phase, token) = (self.phase(phase), self.stage.token());
                let request = agent_request(&agent(who));
                let granted = self.stage.look(|look| look.claim(&phase, &request, token));
                self.take(granted);
            }
            Command::Force(phase, who) => {
                let (phase, token) = (self.phase(phase), self.stage.token());
                let request = ClaimRequest {
                    force: Some(why("x")),
                    ..agent_request(&agent(who))
                };
                let granted = self.stage.look(|look| look.claim(&phase, &request, token));
                self.take(granted);
            }
            Command::Batch(who) => {
                let token = self.stage.token();
                let request = agent_request(&agent(who));
                let first = self.stage.look(|look| look.ready().first().cloned());
                let granted = self.stage.look(|look| look.claim_next(&request, token));
                let got = granted
                    .as_ref()
                    .ok()
                    .map(|granted| granted.grant.phase.clone());
                assert_eq!(got, first, "what is next is what is got");
                self.take(granted);
            }
            Command::Complete(at) => self.with_token(at, |look, phase, shown| {
                look.complete(phase, shown, Some(artifact()), None)
            }),
            Command::Fail(at) => self.with_token(at, |look, phase, shown| {
                look.fail(phase, shown, why("x"), FailureTag::new("red").unwrap())
            }),
            Command::Release(at) => {
                self.with_token(at, |look, phase, shown| {
                    look.release(phase, shown, why("x"))
                });
            }
            Command::Unstuck(phase) => {
                let phase = self.phase(phase);
                let event = self.stage.look(|look| look.unstuck(&phase, &by, None));
                self.save(event);
            }
            Command::Retry(phase, force) => {
                let phase = self.phase(phase);
                let force = force.then(|| why("x"));
                let event = self.stage.look(|look| look.retry(&phase, force));
                self.save(event);
            }
            Command::Waive(phase) => {
                let phase = self.phase(phase);
                let event = self.stage.look(|look| look.waive(&phase, &by, why("x")));
                self.save(event);
            }
            Command::Invalidate(phase) => {
                let phase = self.phase(phase);
                let phases = self.stage.look(|look| look.invalidate(&phase));
                let reason = why("x");
                self.save(phases.map(|phases| Event::Invalidate { phases, reason }));
            }
            Command::Sweep => {
                for stale in self.stage.look(|look| look.sweep()) {
                    self.stage.save(Event::StaleDetected(stale));
                }
                assert!(self.stage.look(|look| look.sweep()).is_empty());
            }
            Command::Die(who) => {
                self.stage.gone.insert(owner(&agent(who)).agent);
            }
            Command::Return(who) => {
                self.stage.gone.remove(&owner(&agent(who)).agent);
            }
            Command::Clock(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                let now = self.stage.now;
                self.stage.now = match seconds < 0 {
                    true => {
                        Timestamp::from_millis(now.as_millis().saturating_sub(by.as_secs() * 1000))
                    }
                    false => now.after(by),
                };
            }
        }
    }

    fn check(&self) {
        let board = &self.stage.board;
        for node in board.graph().nodes() {
            let mut tokens = self.tokens.clone();
            tokens.sort();
            tokens.dedup();
            let live = tokens.iter().filter(|(phase, token)| {
                let shown = Credential::Token(token.clone());
                *phase == node.name && self.stage.look(|look| look.held(phase, &shown).is_ok())
            });
            assert!(live.count() <= 1, "two live tokens of {}", node.name);
            let begun = matches!(
                board.state(&node.name),
                Some(State::Claimed(_) | State::Complete(_))
            );
            let free = node
                .depends_on
                .iter()
                .all(|parent| board.state(parent).unwrap().satisfies());
            assert!(!begun || free, "{} began too early", node.name);
        }
        // What the schedule promises: nothing before what it depends on, and nothing alone beside others.
        let mut before: Vec<PhaseName> = Vec::new();
        for batch in schedule(board) {
            for phase in &batch.phases {
                let node = board.graph().get(phase).unwrap();
                let ready = node.depends_on.iter().all(|parent| {
                    before.contains(parent) || board.state(parent).unwrap().satisfies()
                });
                assert!(ready, "{phase} is scheduled too early");
                assert!(batch.phases.len() == 1 || node.concurrency == Concurrency::Read);
            }
            before.extend(batch.phases);
        }
        // Either something can be claimed, or there is a reason.
        let ready = self.stage.look(|look| look.ready());
        assert_eq!(
            ready.is_empty(),
            self.stage.look(|look| look.nothing()).is_some()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_interleaving_keeps_the_rules(nodes in graphs(), commands in commands()) {
        let mut play = Play { stage: Stage::new(nodes), tokens: Vec::new() };
        for command in commands {
            play.run(command);
            play.check();
        }
        // Written down and read back, it is the same.
        let json = serde_json::to_string(&play.stage.log).unwrap();
        let log: Vec<(Timestamp, Event)> = serde_json::from_str(&json).unwrap();
        let folded = Board::fold(log.iter().map(|(at, event)| (*at, event))).unwrap();
        prop_assert_eq!(folded.as_ref(), Some(&play.stage.board));
    }

    #[test]
    fn an_event_that_cannot_be_leaves_the_board_as_it_was(
        nodes in graphs(), commands in commands(), events in commands()
    ) {
        let mut play = Play { stage: Stage::new(nodes), tokens: Vec::new() };
        commands.into_iter().for_each(|command| play.run(command));
        let mut other = Play { stage: play.stage.clone(), tokens: play.tokens.clone() };
        events.into_iter().for_each(|command| other.run(command));
        let mut board = play.stage.board.clone();
        let now = other.stage.now;
        for (_, event) in other.stage.log.iter().rev() {
            let before = board.clone();
            if board.apply(now, event).is_err() {
                prop_assert_eq!(&board, &before);
            }
        }
    }
}
