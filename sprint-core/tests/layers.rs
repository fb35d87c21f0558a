//! Every way through the layers: what each failure is called, what it costs, and where it leads.
//!
//! One ticket, one thing that goes wrong in the first attempt, and a sprint to its end. The table is
//! spec 10.10 as the engine does it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use sprint_core::domain::check::LayerSubject;
use sprint_core::domain::command::CheckKind;
use sprint_core::domain::config::SimplifierPolicy;
use sprint_core::domain::verdict::{Finding, FindingKind, LayerName, Severity, Verdict};
use sprint_core::engine::{Engine, Finished, Why, control};
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::{EffectContext, Layer, Result};
use sprint_core::run::Outcome;
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::input::{Command, ReviewDecision};
use sprint_core::run::ticket::Stage;
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture::id;
use sprint_core::testing::world::agents::{
    CompletionAct, ReviewAct, Script, SimplifierAct, WorkerAct,
};
use sprint_core::testing::world::repo::Flaw;
use sprint_core::testing::world::{State, World};

/// One thing that goes wrong.
struct Case {
    name: &'static str,
    /// Changes the world before the sprint.
    world: Box<dyn Fn(&mut State)>,
    /// Changes the plan.
    plan: Box<dyn Fn(&mut SprintPlan)>,
    /// What people answer, one after the other; then they approve.
    answers: Vec<ReviewDecision>,
    /// Whether the host has a layer of its own, which refuses the first attempt.
    layer: bool,
}

impl Case {
    fn new(name: &'static str, world: impl Fn(&mut State) + 'static) -> Self {
        Self {
            name,
            world: Box::new(world),
            plan: Box::new(|_| {}),
            answers: Vec::new(),
            layer: false,
        }
    }

    fn script(name: &'static str, script: Script) -> Self {
        Self::new(name, move |state| {
            state.scripts.insert(id("A"), script.clone());
        })
    }

    fn worker(name: &'static str, acts: &[WorkerAct]) -> Self {
        let worker = [acts, &[WorkerAct::Good]].concat();
        let script = Script {
            worker,
            ..Script::default()
        };
        Self::script(name, script)
    }

    fn flaw(name: &'static str, flaw: Flaw) -> Self {
        Self::worker(name, &[WorkerAct::Flawed(flaw)])
    }

    fn fails(name: &'static str, check: CheckKind, text: &'static str) -> Self {
        let text = text.to_owned();
        Self::flaw(name, Flaw::Fails { check, text })
    }

    fn review(name: &'static str, act: ReviewAct) -> Self {
        let review = vec![act, ReviewAct::Clean];
        let script = Script {
            review,
            ..Script::default()
        };
        Self::script(name, script)
    }

    fn completion(name: &'static str, act: CompletionAct) -> Self {
        let completion = vec![act, CompletionAct::Complete];
        let script = Script {
            completion,
            ..Script::default()
        };
        Self::script(name, script)
    }

    fn simplifier(name: &'static str, act: SimplifierAct) -> Self {
        let script = Script {
            simplifier: vec![act],
            ..Script::default()
        };
        Self::script(name, script).with(|plan| plan.config.simplifier = SimplifierPolicy::Always)
    }

    fn human(name: &'static str, answer: ReviewDecision) -> Self {
        let mut case = Self::new(name, |_| {}).with(|plan| plan.config.human_in_loop = true);
        case.answers.push(answer);
        case
    }

    fn with(mut self, plan: impl Fn(&mut SprintPlan) + 'static) -> Self {
        self.plan = Box::new(plan);
        self
    }

    /// Runs a sprint with nothing but this ticket, and says how it went.
    fn row(&self) -> String {
        let (world, mut plan) = World::planned("A");
        world.with(|state| (self.world)(state));
        plan.config.install_cmd = None;
        (self.plan)(&mut plan);
        let (store, heard) = (FakeStore::default(), Recorder::default());
        let mut ports = ports(&world, &store);
        if self.layer {
            let layer = Strict("strict".parse().unwrap());
            plan.layers.insert(layer.0);
            ports.layers.push(Arc::new(layer));
        }
        let engine = Engine::new(ports, Limits::new(None, None), Arc::new(heard.clone()));
        let (control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let mut answers = self.answers.iter().cloned();
        let clock = world.clock();
        let mut finished = clock.run(engine.start(plan, &lease, &mut inbox)).unwrap();
        while let Why::Outcome(Outcome::AwaitingHuman { .. }) = finished.why {
            control.send(Command::Review {
                ticket: id("A"),
                decision: answers.next().unwrap_or(ReviewDecision::Approve),
            });
            let saved = finished.run.snapshot();
            finished = clock.run(engine.resume(saved, &lease, &mut inbox)).unwrap();
        }
        self.shown(&finished, &heard)
    }

    fn shown(&self, finished: &Finished, heard: &Recorder) -> String {
        // Everything begins the same way.
        let usual = ["opening", "researching", "implementing", "collecting"];
        let (mut path, mut at) = (Vec::new(), 1);
        for (_, event) in heard.events() {
            match event {
                Event::StageChanged { stage, attempt, .. } => {
                    if attempt != at {
                        at = attempt;
                        path.push(format!("[{at}]"));
                    }
                    if !usual.contains(&stage.as_str()) {
                        path.push(stage);
                    }
                }
                Event::AttemptFailed { kind, .. } => path.push(format!("✗{kind}")),
                Event::BreakerTripped { .. } => path.push("breaker".into()),
                Event::Retrying { .. } => path.push("…".into()),
                _ => {}
            }
        }
        path.dedup();
        let ticket = &finished.run.tickets()[&id("A")];
        let budget = &ticket.budget;
        let end = match &ticket.stage {
            Stage::Stuck { reason, .. } => format!(" = {}", reason.name()),
            _ => String::new(),
        };
        let good = "judging posting closing verified merged";
        let path = path.join(" ").replace(good, "✓");
        format!(
            "{:32} loops {} continued {} streak {} | {path}{end}\n",
            self.name, budget.loops, budget.exhaustions, ticket.breaker.streak
        )
    }
}

/// The same, for a ticket that names edge cases.
fn edge_cases(case: Case) -> Case {
    const BODY: &str = "## Edge Cases\n- [ ] `a`: empty input → expected: nothing\n";
    let (world, plan) = (case.world, case.plan);
    Case {
        world: Box::new(move |state| {
            world(state);
            let entry = state.board.entries.get_mut(&id("A")).unwrap();
            entry.ticket.body = BODY.into();
        }),
        plan: Box::new(move |changed| {
            plan(changed);
            changed.tickets.get_mut(&id("A")).unwrap().ticket.body = BODY.into();
        }),
        ..case
    }
}

/// A layer that refuses the first version of everything.
#[derive(Debug)]
struct Strict(LayerName);

#[async_trait]
impl Layer for Strict {
    fn name(&self) -> LayerName {
        self.0
    }

    async fn judge(&self, _: &LayerSubject, cx: &EffectContext) -> Result<Verdict> {
        Ok(if cx.key.effect.attempt == 1 {
            let finding = Finding::blocking(FindingKind::HostLayer, "think again");
            Verdict::fail(vec![finding])
        } else {
            Verdict::pass()
        })
    }
}

fn table(cases: &[Case]) -> String {
    cases.iter().map(Case::row).collect()
}

#[test]
fn what_the_worker_says_decides_layers_0_5_to_1() {
    use WorkerAct::{Admits, Confused, Idle, Malformed, NoEvidence, NoPreflight, Partial};
    let cases = [
        Case::worker("nothing goes wrong", &[]),
        Case::worker("0.7 no answer", &[Malformed]),
        Case::worker("0.7 about another ticket", &[Confused]),
        Case::worker("0.7 three times", &[Malformed, Malformed, Malformed]),
        Case::worker("no change at all", &[Idle]),
        Case::worker("0.5 not run", &[NoPreflight]),
        Case::worker("0.5 twice", &[NoPreflight, NoPreflight]),
        Case::worker("1 not shown", &[NoEvidence]),
        Case::worker("1 shows failure", &[Admits]),
        Case::worker("1 not finished", &[Partial]),
    ];
    insta::assert_snapshot!(table(&cases), @r"
    nothing goes wrong               loops 0 continued 0 streak 0 | checking ✓
    0.7 no answer                    loops 0 continued 1 streak 0 | ✗context_exhaustion [2] checking ✓
    0.7 about another ticket         loops 0 continued 1 streak 0 | ✗context_exhaustion [2] checking ✓
    0.7 three times                  loops 0 continued 3 streak 0 | ✗context_exhaustion [2] ✗context_exhaustion [3] ✗context_exhaustion stuck = context_exhausted
    no change at all                 loops 1 continued 0 streak 1 | ✗no_progress [2] checking ✓
    0.5 not run                      loops 1 continued 0 streak 1 | ✗preflight_skipped [2] checking ✓
    0.5 twice                        loops 2 continued 0 streak 0 | ✗preflight_skipped [2] ✗preflight_skipped breaker [3] checking ✓
    1 not shown                      loops 1 continued 0 streak 1 | ✗missing_evidence [2] checking ✓
    1 shows failure                  loops 1 continued 0 streak 1 | ✗test_failure [2] checking ✓
    1 not finished                   loops 1 continued 0 streak 1 | ✗incomplete_requirements [2] checking ✓
    ");
}

#[test]
fn what_we_see_decides_layer_2() {
    use CheckKind::{Build, Lint, Test};
    let install = |plan: &mut SprintPlan| {
        plan.config.install_cmd = sprint_core::testing::fixture::config().install_cmd;
    };
    let cases = [
        Case::fails("2 build", Build, "could not compile"),
        Case::fails("2 lint", Lint, "unused variable"),
        Case::fails("2 test", Test, "it_works"),
        Case::fails("2 type error", Build, "mismatched types"),
        Case::fails("2 missing file", Test, "ENOENT: no such file"),
        Case::fails("2 rate limit", Build, "status 429, too many requests"),
        Case::flaw("2 missing dependency", Flaw::NeedsInstall),
        Case::flaw("2 the same, with an install", Flaw::NeedsInstall).with(install),
        Case::flaw("2 slow once", Flaw::Slow(2)),
        Case::flaw("2 too slow", Flaw::Slow(9)),
        Case::flaw("2 no test ran", Flaw::NoTests),
        Case::flaw("2 leftovers", Flaw::Leftover),
        Case::flaw("2 tests prove nothing", Flaw::ProvesNothing),
        Case::flaw("2 the same, switched off", Flaw::ProvesNothing)
            .with(|plan| plan.config.negative_control = false),
        Case::worker("2 false claim", &[WorkerAct::Lies]),
        Case {
            layer: true,
            ..Case::new("a layer of the host", |_| {})
        },
    ];
    insta::assert_snapshot!(table(&cases), @r"
    2 build                          loops 1 continued 0 streak 1 | checking ✗build_error [2] checking ✓
    2 lint                           loops 1 continued 0 streak 1 | checking ✗lint_error [2] checking ✓
    2 test                           loops 1 continued 0 streak 1 | checking ✗test_failure [2] checking ✓
    2 type error                     loops 1 continued 0 streak 1 | checking ✗type_error [2] checking ✓
    2 missing file                   loops 1 continued 0 streak 1 | checking ✗missing_file [2] checking ✓
    2 rate limit                     loops 0 continued 0 streak 0 | checking … stuck = rate_limited
    2 missing dependency             loops 1 continued 0 streak 1 | checking ✗missing_dependency [2] checking ✓
    2 the same, with an install      loops 0 continued 0 streak 0 | installing checking ✓
    2 slow once                      loops 0 continued 0 streak 0 | checking ✓
    2 too slow                       loops 1 continued 0 streak 1 | checking ✗timeout [2] checking ✓
    2 no test ran                    loops 1 continued 0 streak 1 | checking ✗silent_success [2] checking ✓
    2 leftovers                      loops 1 continued 0 streak 1 | checking ✗debug_artifacts [2] checking ✓
    2 tests prove nothing            loops 1 continued 0 streak 1 | checking ✗test_proves_nothing [2] checking ✓
    2 the same, switched off         loops 0 continued 0 streak 0 | checking ✓
    2 false claim                    loops 1 continued 0 streak 1 | checking ✗evidence_mismatch [2] checking ✓
    a layer of the host              loops 1 continued 0 streak 1 | checking ✗host_layer [2] checking ✓
    ");
}

#[test]
fn what_auditors_and_people_say_decides_the_rest() {
    let finds = |severity| ReviewAct::Finds(severity, "leaks a handle".into());
    let changes = ReviewDecision::RequestChanges("shorter".into());
    let cases = [
        Case::review("3 medium", finds(Severity::Medium)),
        Case::review("3 high", finds(Severity::High)),
        Case::review("3 critical", finds(Severity::Critical)),
        Case::review("3 no answer", ReviewAct::Malformed),
        Case::review("3 changes the code", ReviewAct::Edits),
        Case::flaw("2.5 no edge cases", Flaw::NoEdgeCases),
        edge_cases(Case::worker("2.5 named", &[])),
        edge_cases(Case::flaw("2.5 not named", Flaw::NoEdgeCases)),
        Case::human("3.5 approve", ReviewDecision::Approve),
        Case::human("3.5 request changes", changes),
        Case::human("3.5 skip", ReviewDecision::Skip),
        Case::completion("4 missing", CompletionAct::Missing("part 1".into())),
        Case::completion("4 cites wrong", CompletionAct::CitesWrong),
        Case::completion("4 no answer", CompletionAct::Malformed),
    ];
    insta::assert_snapshot!(table(&cases), @r"
    3 medium                         loops 0 continued 0 streak 0 | checking ✓
    3 high                           loops 1 continued 0 streak 1 | checking ✗code_review [2] checking ✓
    3 critical                       loops 1 continued 0 streak 1 | checking ✗code_review [2] checking ✓
    3 no answer                      loops 0 continued 0 streak 0 | checking … stuck = infrastructure
    3 changes the code               loops 0 continued 0 streak 0 | checking … ✓
    2.5 no edge cases                loops 0 continued 0 streak 0 | checking ✓
    2.5 named                        loops 0 continued 0 streak 0 | checking reading tests ✓
    2.5 not named                    loops 1 continued 0 streak 1 | checking reading tests ✗missing_edge_cases [2] checking reading tests ✓
    3.5 approve                      loops 0 continued 0 streak 0 | checking awaiting review ✓
    3.5 request changes              loops 1 continued 0 streak 0 | checking awaiting review ✗human_changes [2] checking awaiting review ✓
    3.5 skip                         loops 0 continued 0 streak 0 | checking awaiting review ✓
    4 missing                        loops 1 continued 0 streak 1 | checking judging ✗incomplete_requirements [2] checking ✓
    4 cites wrong                    loops 1 continued 0 streak 1 | checking judging ✗incomplete_requirements [2] checking ✓
    4 no answer                      loops 1 continued 0 streak 1 | checking judging ✗incomplete_requirements [2] checking ✓
    ");
}

#[test]
fn the_tracker_decides_layers_5_and_5_5() {
    let loses = |times: u32| {
        move |state: &mut State| {
            state.board.loses_evidence.insert(id("A"), times);
        }
    };
    let stays = |times: u32| {
        move |state: &mut State| {
            state.board.stays_open.insert(id("A"), times);
        }
    };
    let cases = [
        Case::new("5 lost once", loses(1)),
        Case::new("5 lost twice", loses(2)),
        Case::new("5.5 stays open once", stays(1)),
        Case::new("5.5 stays open twice", stays(2)),
    ];
    insta::assert_snapshot!(table(&cases), @r"
    5 lost once                      loops 0 continued 0 streak 0 | checking judging posting … closing verified merged
    5 lost twice                     loops 0 continued 0 streak 0 | checking judging posting … stuck = evidence_not_verified
    5.5 stays open once              loops 0 continued 0 streak 0 | checking judging posting closing … verified merged
    5.5 stays open twice             loops 0 continued 0 streak 0 | checking judging posting closing … stuck = ticket_not_done
    ");
}

#[test]
fn the_simplifier_costs_nothing_but_time() {
    let cases = [
        Case::simplifier("1.5 nothing to do", SimplifierAct::Nothing),
        Case::simplifier("1.5 improves", SimplifierAct::Improves),
        Case::simplifier("1.5 breaks", SimplifierAct::Breaks),
        Case::simplifier("1.5 erases", SimplifierAct::Erases),
        Case::simplifier("1.5 no answer", SimplifierAct::Malformed),
    ];
    insta::assert_snapshot!(table(&cases), @r"
    1.5 nothing to do                loops 0 continued 0 streak 0 | simplifying checking ✓
    1.5 improves                     loops 0 continued 0 streak 0 | simplifying checking ✓
    1.5 breaks                       loops 0 continued 0 streak 0 | simplifying checking simplifying checking ✓
    1.5 erases                       loops 0 continued 0 streak 0 | simplifying checking ✓
    1.5 no answer                    loops 0 continued 0 streak 0 | simplifying checking ✓
    ");
}

#[test]
fn the_same_error_brings_a_fresh_agent_and_then_the_end() {
    let fails = |n: usize| {
        let flaw = Flaw::Fails {
            check: CheckKind::Test,
            text: "it_works".into(),
        };
        vec![WorkerAct::Flawed(flaw); n]
    };
    let other = |text: &str| {
        let (check, text) = (CheckKind::Test, text.to_owned());
        WorkerAct::Flawed(Flaw::Fails { check, text })
    };
    let max = |n| move |plan: &mut SprintPlan| plan.config.max_loop_iterations = n;
    let different = ["one", "two", "three", "four"].map(other);
    let cases = [
        Case::worker("twice", &fails(2)).with(max(9)),
        Case::worker("three times", &fails(3)).with(max(9)),
        Case::worker("for ever", &fails(20)).with(max(9)),
        Case::worker("the cap comes first", &fails(20)).with(max(2)),
        Case::worker("different ones, up to the cap", &different).with(max(4)),
        Case::worker("different ones, below the cap", &different).with(max(5)),
    ];
    insta::assert_snapshot!(table(&cases), @r"
    twice                            loops 2 continued 0 streak 0 | checking ✗test_failure [2] checking ✗test_failure breaker [3] checking ✓
    three times                      loops 3 continued 0 streak 1 | checking ✗test_failure [2] checking ✗test_failure breaker [3] checking ✗test_failure stuck = circuit_breaker
    for ever                         loops 3 continued 0 streak 1 | checking ✗test_failure [2] checking ✗test_failure breaker [3] checking ✗test_failure stuck = circuit_breaker
    the cap comes first              loops 2 continued 0 streak 2 | checking ✗test_failure [2] checking ✗test_failure stuck = max_loops
    different ones, up to the cap    loops 4 continued 0 streak 1 | checking ✗test_failure [2] checking ✗test_failure [3] checking ✗test_failure [4] checking ✗test_failure stuck = max_loops
    different ones, below the cap    loops 4 continued 0 streak 1 | checking ✗test_failure [2] checking ✗test_failure [3] checking ✗test_failure [4] checking ✗test_failure [5] checking ✓
    ");
}
