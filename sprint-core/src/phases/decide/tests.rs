//! The state machine, cell by cell, and the texts of what is refused.

use super::stage::{Stage, agent_request, artifact, name, owner, why};
use super::*;
use crate::id::{AgentName, ClaimToken, FailureTag};
use crate::phases::event::{Event, Settings};
use crate::phases::graph::{Node, PhaseGraph, sketch};
use crate::phases::refused::Nothing;
use crate::phases::schedule::schedule;

fn default_nodes() -> Vec<Node> {
    PhaseGraph::default().into()
}

/// A phase in the middle of a chain, in each state that there is.
fn in_state(state: &str) -> Stage {
    let mut stage = Stage::new(sketch("a m<-a z<-m"));
    if state == "blocked" {
        return stage;
    }
    stage.complete("a");
    match state {
        "ready" => {}
        "claimed" | "stale" => {
            stage.claim("m", &agent_request("holder")).unwrap();
            if state == "stale" {
                stage.gone.insert(owner("holder").agent);
            }
        }
        "complete" => stage.complete("m"),
        "failed" | "waived" => {
            stage.fail("m", "red");
            if state == "waived" {
                let by = owner("human").agent;
                let event = stage.look(|look| look.waive(&name("m"), &by, why("known flake")));
                stage.save(event.unwrap());
            }
        }
        _ => panic!("{state}"),
    }
    stage
}

const STATES: [&str; 7] = [
    "blocked", "ready", "claimed", "stale", "complete", "failed", "waived",
];

/// The whole table of spec 5: every command on every state.
#[test]
#[expect(clippy::too_many_lines, reason = "one entry for each command")]
fn every_command_on_every_state_leads_where_the_table_says() {
    let mut table = Vec::new();
    for state in STATES {
        let stage = in_state(state);
        assert_eq!(stage.standing("m").name(), state);
        let holder = stage
            .board
            .claims()
            .next()
            .map(|claim| claim.grant.token.clone());
        let nobody = ClaimToken::new("f".repeat(32)).unwrap();
        let held = Credential::Token(holder.unwrap_or_else(|| nobody.clone()));
        let (m, by) = (name("m"), owner("human").agent);
        let force = ClaimRequest {
            force: Some(why("it hangs")),
            ..agent_request("other")
        };
        let claimed = |request: ClaimRequest| {
            let granted = stage.look(|look| look.claim(&m, &request, nobody.clone()));
            granted.map(|granted| match granted.event {
                Some(event) => vec![event],
                None => Vec::new(),
            })
        };
        let one = |event: Result<Event, Refused>| event.map(|event| vec![event]);
        let tag = || FailureTag::new("red").unwrap();
        let commands = [
            ("claim", claimed(agent_request("other"))),
            ("claim again", claimed(agent_request("holder"))),
            ("claim by force", claimed(force)),
            (
                "complete",
                one(stage.look(|look| look.complete(&m, &held, Some(artifact()), None))),
            ),
            (
                "fail",
                one(stage.look(|look| look.fail(&m, &held, why("x"), tag()))),
            ),
            (
                "release",
                one(stage.look(|look| look.release(&m, &held, why("x")))),
            ),
            (
                "unstuck",
                one(stage.look(|look| look.unstuck(&m, &by, None))),
            ),
            (
                "unstuck by force",
                one(stage.look(|look| look.unstuck(&m, &by, Some(&why("x"))))),
            ),
            ("retry", one(stage.look(|look| look.retry(&m, None)))),
            (
                "waive",
                one(stage.look(|look| look.waive(&m, &by, why("x")))),
            ),
            (
                "invalidate",
                stage.look(|look| look.invalidate(&m)).map(|phases| {
                    let reason = why("x");
                    vec![Event::Invalidate { phases, reason }]
                }),
            ),
            (
                "sweep",
                Ok(stage
                    .look(|look| look.sweep())
                    .into_iter()
                    .map(Event::StaleDetected)
                    .collect()),
            ),
        ];
        for (command, result) in commands {
            let cell = match result {
                Ok(events) if events.is_empty() => "nothing changes".to_owned(),
                Ok(events) => {
                    let mut after = stage.clone();
                    let names: Vec<_> = events.iter().map(Event::name).collect();
                    events.into_iter().for_each(|event| after.save(event));
                    after.gone.clear();
                    format!("{} -> {}", names.join(", "), after.standing("m").name())
                }
                Err(refused) => format!("refused ({})", refused.exit_code()),
            };
            table.push(format!("{state:9} {command:17} {cell}\n"));
        }
    }
    insta::assert_snapshot!(table.concat(), @r#"
blocked   claim             refused (4)
blocked   claim again       refused (4)
blocked   claim by force    refused (4)
blocked   complete          refused (7)
blocked   fail              refused (7)
blocked   release           refused (7)
blocked   unstuck           refused (7)
blocked   unstuck by force  refused (7)
blocked   retry             refused (2)
blocked   waive             refused (2)
blocked   invalidate        refused (2)
blocked   sweep             nothing changes
ready     claim             claim -> claimed
ready     claim again       claim -> claimed
ready     claim by force    claim -> claimed
ready     complete          refused (7)
ready     fail              refused (7)
ready     release           refused (7)
ready     unstuck           refused (7)
ready     unstuck by force  refused (7)
ready     retry             refused (2)
ready     waive             refused (2)
ready     invalidate        refused (2)
ready     sweep             nothing changes
claimed   claim             refused (5)
claimed   claim again       nothing changes
claimed   claim by force    force_claim -> claimed
claimed   complete          complete -> complete
claimed   fail              fail -> failed
claimed   release           release -> ready
claimed   unstuck           refused (5)
claimed   unstuck by force  release -> ready
claimed   retry             refused (2)
claimed   waive             refused (2)
claimed   invalidate        refused (2)
claimed   sweep             nothing changes
stale     claim             reclaim -> claimed
stale     claim again       nothing changes
stale     claim by force    reclaim -> claimed
stale     complete          complete -> complete
stale     fail              fail -> failed
stale     release           release -> ready
stale     unstuck           release -> ready
stale     unstuck by force  release -> ready
stale     retry             refused (2)
stale     waive             refused (2)
stale     invalidate        refused (2)
stale     sweep             stale_detected -> claimed
complete  claim             refused (6)
complete  claim again       refused (6)
complete  claim by force    refused (6)
complete  complete          refused (7)
complete  fail              refused (7)
complete  release           refused (7)
complete  unstuck           refused (7)
complete  unstuck by force  refused (7)
complete  retry             refused (2)
complete  waive             refused (2)
complete  invalidate        invalidate -> ready
complete  sweep             nothing changes
failed    claim             refused (4)
failed    claim again       refused (4)
failed    claim by force    refused (4)
failed    complete          refused (7)
failed    fail              refused (7)
failed    release           refused (7)
failed    unstuck           refused (7)
failed    unstuck by force  refused (7)
failed    retry             retry -> ready
failed    waive             waive -> waived
failed    invalidate        refused (2)
failed    sweep             nothing changes
waived    claim             refused (6)
waived    claim again       refused (6)
waived    claim by force    refused (6)
waived    complete          refused (7)
waived    fail              refused (7)
waived    release           refused (7)
waived    unstuck           refused (7)
waived    unstuck by force  refused (7)
waived    retry             refused (2)
waived    waive             refused (2)
waived    invalidate        refused (2)
waived    sweep             nothing changes
"#);
}

#[test]
fn a_refusal_names_the_thing_the_reason_and_the_next_step() {
    let mut texts = Vec::new();
    let mut tell = |refused: Refused| texts.push(format!("{}: {refused}", refused.exit_code()));
    let other = agent_request("other");
    for state in STATES {
        let mut stage = in_state(state);
        if let Err(refused) = stage.claim("m", &other) {
            tell(refused);
        }
        if let Err(refused) = stage.look(|look| look.unstuck(&name("m"), &other.owner.agent, None))
        {
            tell(refused);
        }
    }
    let mut stage = in_state("claimed");
    tell(stage.claim("nowhere", &other).unwrap_err());
    let shown = Credential::Process(owner("other").process.unwrap());
    tell(
        stage
            .look(|look| look.release(&name("m"), &shown, why("x")))
            .unwrap_err(),
    );
    tell(stage.look(|look| look.retry(&name("m"), None)).unwrap_err());
    tell(stage.look(|look| look.invalidate(&name("m"))).unwrap_err());
    tell(stage.look(|look| look.invalidate(&name("a"))).unwrap_err());
    tell(stage.batch("other").unwrap_err());
    let mut stage = in_state("failed");
    tell(stage.batch("other").unwrap_err());
    let mut stage = Stage::new(default_nodes());
    let granted = stage.claim("think", &other).unwrap();
    let shown = Credential::Token(granted.grant.token);
    tell(
        stage
            .look(|look| look.complete(&name("think"), &shown, None, None))
            .unwrap_err(),
    );
    stage.save(Event::Archive { replaced_by: None });
    tell(stage.claim("plan", &other).unwrap_err());
    insta::assert_snapshot!(texts.join("\n"), @r#"
4: m is blocked: a is ready; wait for that
7: nobody has claimed m, it is blocked; claim it first
5: m is claimed by other (pid: 546), who is there; wait, or use force with a reason
5: m already claimed by holder (pid: 638) since 2026-01-01T00:00:00Z; claim another phase, or take it over by force with a reason
5: m is claimed by holder (pid: 638), who is there; wait, or use force with a reason
5: m is claimed by other (pid: 546), who is there; wait, or use force with a reason
6: m is complete, by worker (pid: 666); invalidate it if it has to be done again
7: nobody has claimed m, it is complete; claim it first
4: m failed (red: it broke); retry it first, or waive it
7: nobody has claimed m, it is failed; claim it first
6: m was waived (known flake); claim another phase
7: nobody has claimed m, it is waived; claim it first
3: there is no phase nowhere in this sprint; it has a, m, z
7: m is claimed by holder (pid: 638) (claim 1), and what you show belongs to no or an older claim; use the token that claim printed, or claim it again
2: m has not failed, it is claimed; there is nothing to retry or waive
2: m is not complete, it is claimed; there is nothing to invalidate
5: a cannot be invalidated now, others work on what depends on it: m is claimed by holder (pid: 638); wait until that ends, or free it
10: nothing to claim: m is claimed by holder (pid: 638); wait until one of them ends
10: nothing to claim: m is failed; retry or waive what failed
8: think has to hand in an artifact; complete it with one
3: the sprint sprint-1 is archived, and nothing in it changes any more; start another, or work in the one that took its place
"#);
}

#[test]
fn a_phase_that_writes_runs_alone_and_readers_run_together() {
    let nodes = sketch("r1 r2 w!write x!exclusive");
    for (first, second, expected) in [
        ("r1", "r2", true),
        ("r1", "w", false),
        ("r1", "x", false),
        ("w", "r1", false),
        ("w", "x", false),
        ("x", "r1", false),
        ("x", "w", false),
    ] {
        let mut stage = Stage::new(nodes.clone());
        stage.claim(first, &agent_request("one")).unwrap();
        let got = stage.claim(second, &agent_request("two"));
        assert_eq!(got.is_ok(), expected, "{first} {second}");
        if let Err(refused) = got {
            assert!(matches!(refused, Refused::InTheWay { .. }), "{refused}");
        }
    }
    let mut stage = Stage::new(nodes);
    stage.claim("r1", &agent_request("one")).unwrap();
    let refused = stage.claim("w", &agent_request("two")).unwrap_err();
    insta::assert_snapshot!(refused, @"w (write) cannot run beside others: r1 is claimed by one (pid: 322); wait until that ends, and free what is stale");
}

#[test]
fn failures_with_one_tag_open_the_circuit_and_force_or_time_closes_it() {
    let mut stage = Stage::new(sketch("a b"));
    for _ in 0..3 {
        stage.fail("a", "red");
        let event = stage.look(|look| look.retry(&name("a"), None));
        if let Ok(event) = event {
            stage.save(event);
        }
    }
    let refused = stage.look(|look| look.retry(&name("a"), None)).unwrap_err();
    insta::assert_snapshot!(refused, @"a failed 3 times, which is as often as it may; retry it by force with a reason, or waive it");
    let forced = stage
        .look(|look| look.retry(&name("a"), Some(why("another way"))))
        .unwrap();
    stage.save(forced);
    // The person's wish lets one attempt through.
    stage.fail("a", "red");
    let forced = Event::Retry {
        phase: name("a"),
        forced: None,
    };
    stage.save(forced);
    let refused = stage.claim("a", &agent_request("x")).unwrap_err();
    insta::assert_snapshot!(refused, @"a failed too often (red: it broke, red: it broke, red: it broke); try again after 2026-01-01T00:15:00Z, or retry it by force");
    assert_eq!(refused.exit_code(), 9);
    // Other phases are not concerned.
    assert_eq!(stage.batch("x").unwrap().grant.phase, name("b"));
    stage.now = stage.now.after(std::time::Duration::from_secs(900));
    stage.complete("a");
    assert_eq!(stage.board.breaker(&name("a")).unwrap().total(), 0);
}

#[test]
fn a_sprint_that_may_cost_nothing_does_nothing() {
    let mut settings = Settings::default();
    settings.budget.limit_micro_usd = Some(0);
    let mut stage = Stage::with(default_nodes(), settings);
    let refused = stage.claim("think", &agent_request("x")).unwrap_err();
    insta::assert_snapshot!(refused, @"the budget is used up: 0.00 of 0.00 US dollars are spent; nothing is claimed any more in this sprint");
    assert_eq!(stage.batch("x").unwrap_err(), refused);
    settings.budget.limit_micro_usd = Some(10_000_000);
    let mut stage = Stage::with(default_nodes(), settings);
    let spent = stage
        .look(|look| look.spend(&name("think"), 9_500_001))
        .unwrap();
    stage.save(spent);
    let refused = stage.claim("think", &agent_request("x")).unwrap_err();
    insta::assert_snapshot!(refused, @"the budget is used up: 9.500001 of 10.00 US dollars are spent; nothing is claimed any more in this sprint");
}

#[test]
fn batch_hands_out_review_qa_and_security_and_then_says_why_there_is_nothing() {
    let mut stage = Stage::new(default_nodes());
    for phase in ["think", "plan", "build"] {
        stage.complete(phase);
    }
    let mut got = Vec::new();
    for agent in ["a", "b", "c"] {
        got.push(stage.batch(agent).unwrap().grant.phase.to_string());
    }
    assert_eq!(got, ["review", "qa", "security"]);
    let refused = stage.batch("d").unwrap_err();
    assert!(matches!(
        refused,
        Refused::NothingToClaim(Nothing::AllClaimed { .. })
    ));
    // A holder that is gone makes its phase the next one.
    stage.gone.insert(owner("b").agent);
    let again = stage.batch("d").unwrap();
    assert_eq!(again.grant.phase, name("qa"));
    assert!(matches!(again.how, How::Reclaimed { .. }));
}

#[test]
fn batch_says_that_everything_is_complete() {
    let mut stage = Stage::new(sketch("a"));
    stage.complete("a");
    let refused = stage.batch("x").unwrap_err();
    assert_eq!(refused, Refused::NothingToClaim(Nothing::Complete));
    insta::assert_snapshot!(refused, @"nothing to claim: every phase is complete");
}

#[test]
fn priority_decides_before_declared_order() {
    let mut nodes = sketch("a b c");
    nodes[0].priority = 1;
    let mut stage = Stage::new(nodes);
    let mut got = Vec::new();
    for agent in ["x", "y", "z"] {
        got.push(stage.batch(agent).unwrap().grant.phase.to_string());
    }
    assert_eq!(got, ["b", "c", "a"]);
}

#[test]
fn invalidating_takes_everything_that_was_built_upon_it() {
    let mut stage = Stage::new(default_nodes());
    for phase in ["think", "plan", "build", "review", "qa"] {
        stage.complete(phase);
    }
    let phases = stage.look(|look| look.invalidate(&name("build"))).unwrap();
    assert_eq!(phases, ["build", "review", "qa"].map(name));
    let reason = why("the code changed");
    stage.save(Event::Invalidate { phases, reason });
    assert_eq!(stage.standing("build"), Standing::Ready);
    assert_eq!(stage.standing("review"), Standing::Blocked);
    assert_eq!(stage.standing("plan"), Standing::Complete);
}

#[test]
fn a_made_up_name_is_known_by_its_process() {
    let mut stage = Stage::new(default_nodes());
    let first = ClaimRequest {
        named: Named::MadeUp,
        ..agent_request("agent-1")
    };
    let mut second = first.clone();
    second.owner.agent = AgentName::new("agent-2").unwrap();
    let granted = stage.claim("think", &first).unwrap();
    let again = stage.claim("think", &second).unwrap();
    assert_eq!(
        (again.how, again.grant.token),
        (How::Again, granted.grant.token)
    );
    second.named = Named::Chosen;
    assert!(matches!(
        stage.claim("think", &second),
        Err(Refused::Claimed { .. })
    ));
    // Without a process, a made-up name proves nothing.
    second.named = Named::MadeUp;
    second.owner.process = None;
    assert!(matches!(
        stage.claim("think", &second),
        Err(Refused::Claimed { .. })
    ));
}

/// One line for each batch, `*` for what is claimed.
fn batches(stage: &Stage) -> String {
    let lines = schedule(&stage.board).into_iter().map(|batch| {
        let mark = |phase: &PhaseName| match batch.claimed.contains_key(phase) {
            true => format!("{phase}*"),
            false => phase.to_string(),
        };
        let phases: Vec<_> = batch.phases.iter().map(mark).collect();
        format!(
            "{} {}: {}",
            batch.batch,
            batch.class.name(),
            phases.join(" ")
        )
    });
    lines.collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_schedule_goes_level_by_level() {
    let mut stage = Stage::new(default_nodes());
    assert_eq!(
        batches(&stage),
        "1 read: think | 2 read: plan | 3 write: build | 4 read: review qa security | 5 exclusive: ship"
    );
    for phase in ["think", "plan", "build"] {
        stage.complete(phase);
    }
    stage.claim("qa", &agent_request("x")).unwrap();
    assert_eq!(
        batches(&stage),
        "1 read: review qa* security | 2 exclusive: ship"
    );
    let line = serde_json::to_string(&schedule(&stage.board)[0]).unwrap();
    insta::assert_snapshot!(line, @r#"{"batch":1,"type":"read","phases":["review","qa","security"],"claimed":{"qa":"x"}}"#);
    // What failed holds up what depends on it.
    stage.fail("review", "red");
    assert_eq!(batches(&stage), "1 read: qa* security");
}

#[test]
fn a_claimed_writer_comes_before_readers_that_are_ready() {
    let mut stage = Stage::new(sketch("r1 w!write r2<-w"));
    stage.claim("w", &agent_request("x")).unwrap();
    assert_eq!(batches(&stage), "1 write: w* | 2 read: r1 r2");
}

#[test]
fn ship_can_be_claimed_when_everything_is_signed_and_nobody_works() {
    let mut stage = Stage::new(default_nodes());
    let view = stage.look(|look| look.view());
    assert!(!view.can_ship);
    for phase in ["think", "plan", "build", "review", "qa"] {
        stage.complete(phase);
    }
    stage.fail("security", "red");
    assert!(!stage.look(|look| look.can_ship()));
    let by = owner("human").agent;
    let waived = stage.look(|look| look.waive(&name("security"), &by, why("scanner is down")));
    stage.save(waived.unwrap());
    let view = stage.look(|look| look.view());
    assert!(view.can_ship);
    assert_eq!(view.next, Some(name("ship")));
    insta::assert_snapshot!(view, @r#"
think: complete (artifact saved)
plan: complete (artifact saved)
build: complete (artifact saved)
review: complete (artifact saved)
qa: complete (artifact saved)
security: waived (scanner is down)
ship: ready
"#);
}
