//! The faults of the coordinator that this one takes the place of, by their numbers in spec 14.2.

use std::fs;
use std::os::unix::fs::symlink;

use super::tests::{Place, artifact, do_phase, name, phase, reason, tag};
use super::*;
use crate::phases::board::State;
use crate::phases::budget::{BudgetRule, BudgetState, Spending};
use crate::phases::decide::{ClaimRequest, Credential, How};
use crate::phases::graph::{self, PhaseGraph};
use crate::phases::owner::Gone;
use crate::testing::fake::{FakeClock, FakeLiveness};

#[test]
fn bug_1_the_second_claimant_is_refused_and_every_later_one() {
    let (place, conductor) = Place::started("");
    conductor
        .claim(&phase("think"), &place.agent("a", 1))
        .unwrap()
        .claim
        .keep();
    for (agent, pid) in [("b", 2), ("c", 3), ("d", 4)] {
        let refused = place
            .open()
            .claim(&phase("think"), &place.agent(agent, pid))
            .unwrap_err();
        assert_eq!(refused.exit_code(), 5, "{agent}");
    }
    assert_eq!(conductor.board().unwrap().claims().count(), 1);
}

#[test]
fn bug_2_a_stale_claim_is_reclaimed_and_the_same_agent_gets_its_own_back() {
    let (place, conductor) = Place::started("");
    let a = place.agent("a", 1);
    let first = conductor.claim(&phase("think"), &a).unwrap().claim.keep();
    let again = place.open().claim(&phase("think"), &a).unwrap();
    assert_eq!((again.how, again.claim.keep()), (How::Again, first));
    place.machine.kill(1);
    let taken = place
        .open()
        .claim(&phase("think"), &place.agent("b", 2))
        .unwrap();
    assert!(matches!(
        taken.how,
        How::Reclaimed {
            gone: Gone::Dead { pid: Some(1) },
            ..
        }
    ));
}

#[test]
fn bug_3_the_process_that_works_is_recorded_and_unstuck_leaves_it_alone() {
    let (place, conductor) = Place::started("");
    let request = place.agent("a", 1);
    conductor
        .claim(&phase("think"), &request)
        .unwrap()
        .claim
        .keep();
    let refused = conductor
        .unstuck(&phase("think"), &name("human"), None)
        .unwrap_err();
    assert_eq!(refused.exit_code(), 5);
    // The number of the process is given to another one: the holder is gone all the same.
    place.machine.run(1);
    conductor
        .unstuck(&phase("think"), &name("human"), None)
        .unwrap();
    conductor
        .claim(&phase("think"), &place.agent("b", 2))
        .unwrap()
        .claim
        .keep();
    conductor
        .unstuck(&phase("think"), &name("human"), Some(&reason("it hangs")))
        .unwrap();
    let log = fs::read_to_string(place.file(&conductor, "events.jsonl")).unwrap();
    assert!(
        log.contains(r#""reason":"it hangs","taken_by":"human""#),
        "{log}"
    );
}

#[test]
fn bug_4_a_claim_that_a_crash_cut_off_blocks_nothing() {
    let (place, conductor) = Place::started("");
    let path = place.file(&conductor, "events.jsonl");
    let whole = fs::read(&path).unwrap();
    conductor
        .claim(&phase("think"), &place.agent("a", 1))
        .unwrap()
        .claim
        .keep();
    let claimed = fs::read(&path).unwrap();
    for end in whole.len()..claimed.len() {
        fs::write(&path, &claimed[..end]).unwrap();
        let other = place.open();
        assert_eq!(other.board().unwrap().claims().count(), 0, "{end}");
        assert_eq!(other.next().unwrap().unwrap(), [phase("think")]);
        let got = other.claim(&phase("think"), &place.agent("b", 2)).unwrap();
        assert_eq!(got.how, How::Fresh);
        got.claim.keep();
        assert_eq!(place.open().board().unwrap().claims().count(), 1, "{end}");
    }
}

#[test]
fn bug_5_only_the_holder_gives_a_claim_back_and_only_of_a_phase_there_is() {
    let (place, conductor) = Place::started("");
    conductor
        .claim(&phase("think"), &place.agent("a", 1))
        .unwrap()
        .claim
        .keep();
    let other = Credential::Token(ClaimToken::new("0".repeat(32)).unwrap());
    for (text, code) in [("think", 7), ("plan", 7), ("nowhere", 3)] {
        let refused = conductor
            .release(&phase(text), &other, reason("x"))
            .unwrap_err();
        assert_eq!(refused.exit_code(), code, "{text}");
    }
    assert_eq!(conductor.board().unwrap().claims().count(), 1);
}

#[test]
fn bug_6_sprints_of_one_second_have_names_and_states_of_their_own() {
    let (place, conductor) = Place::started("");
    do_phase(&conductor, &place.agent("a", 1), "think");
    let mut names = vec![conductor.current().unwrap()];
    for _ in 0..6 {
        names.push(place.open().start(place.request("")).unwrap().sprint);
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 7);
    assert_eq!(conductor.next().unwrap().unwrap(), [phase("think")]);
}

#[test]
fn bug_7_what_one_shell_claims_another_completes() {
    let (place, conductor) = Place::started("");
    let request = place.agent("a", 1);
    let grant = conductor
        .claim(&phase("think"), &request)
        .unwrap()
        .claim
        .keep();
    // By the token that claim printed.
    let token = Credential::Token(grant.token);
    place
        .open()
        .complete(&phase("think"), &token, artifact("{}"))
        .unwrap();
    // By the process that both shells belong to.
    place
        .open()
        .claim(&phase("plan"), &request)
        .unwrap()
        .claim
        .keep();
    let process = Credential::Process(request.owner.process.unwrap());
    place
        .open()
        .complete(&phase("plan"), &process, artifact("{}"))
        .unwrap();
    let other = Credential::Process(place.agent("b", 2).owner.process.unwrap());
    place
        .open()
        .claim(&phase("build"), &place.agent("c", 3))
        .unwrap()
        .claim
        .keep();
    let refused = place
        .open()
        .complete(&phase("build"), &other, artifact("{}"))
        .unwrap_err();
    assert_eq!(refused.exit_code(), 7);
}

#[test]
fn bug_8_every_spelling_of_a_repository_is_the_same_one() {
    let (place, conductor) = Place::started("");
    let sub = place.root.path().join("sub");
    fs::create_dir(&sub).unwrap();
    let link = tempfile::tempdir().unwrap();
    symlink(place.root.path(), link.path().join("link")).unwrap();
    for spelling in [
        sub.join(".."),
        place.root.path().join("."),
        link.path().join("link"),
    ] {
        let (clock, machine) = (
            Arc::new(place.clock.clone()),
            Arc::new(place.machine.clone()),
        );
        let layout = Layout::of_default(&spelling);
        let other = Conductor::open(&layout, clock, machine, Options::default()).unwrap();
        assert_eq!(other.current().unwrap(), conductor.current().unwrap());
        assert_eq!(
            other.directory(&other.current().unwrap()),
            conductor.directory(&conductor.current().unwrap())
        );
    }
}

#[test]
fn bug_9_without_its_artifact_a_phase_is_not_complete() {
    let (place, conductor) = Place::started("");
    let claimed = conductor
        .claim(&phase("think"), &place.agent("a", 1))
        .unwrap();
    let artifacts = place.file(&conductor, "artifacts");
    fs::remove_dir(&artifacts).unwrap();
    fs::write(&artifacts, "").unwrap();
    let (claim, error) = *claimed.claim.complete(artifact("{}")).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert_eq!(conductor.next().unwrap().unwrap_err().exit_code(), 10);
    fs::remove_file(&artifacts).unwrap();
    fs::create_dir(&artifacts).unwrap();
    claim.complete(artifact("{}")).unwrap();
    // One event says both; readers never see one without the other.
    let board = conductor.board().unwrap();
    let Some(State::Complete(done)) = board.state(&phase("think")) else {
        panic!("{board:?}")
    };
    assert!(done.artifact.is_some());
}

#[test]
fn bug_12_a_phase_is_not_taken_for_another_whose_name_begins_like_it() {
    let text = r#"[{"name":"x-y","depends_on":[],"concurrency":"read"},
        {"name":"x","depends_on":["x-y"],"concurrency":"read"},
        {"name":"z","depends_on":["x"],"concurrency":"read"}]"#;
    let (_place, conductor) = Place::started(text);
    let batches = conductor.schedule().unwrap();
    let phases: Vec<_> = batches.into_iter().map(|batch| batch.phases).collect();
    assert_eq!(phases, [[phase("x-y")], [phase("x")], [phase("z")]]);
}

#[test]
fn bug_13_claims_heed_classes_and_the_schedule_heeds_claims() {
    let text = r#"[{"name":"r","depends_on":[],"concurrency":"read"},
        {"name":"w","depends_on":[],"concurrency":"write"}]"#;
    let (place, conductor) = Place::started(text);
    conductor
        .claim(&phase("w"), &place.agent("a", 1))
        .unwrap()
        .claim
        .keep();
    assert_eq!(
        conductor
            .claim(&phase("r"), &place.agent("b", 2))
            .unwrap_err()
            .exit_code(),
        5
    );
    let batches = conductor.schedule().unwrap();
    assert_eq!(batches[0].phases, [phase("w")]);
    assert_eq!(batches[0].claimed[&phase("w")], name("a"));
    assert_eq!(batches[1].phases, [phase("r")]);
}

#[test]
fn bug_14_a_list_with_commas_is_a_graph() {
    let (_place, conductor) = Place::started("plan, build, review, ship");
    let board = conductor.board().unwrap();
    let names = board.graph().nodes().iter().map(|node| node.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["plan", "build", "review", "ship"]
    );
}

#[test]
fn bug_15_a_sprint_begins_under_the_lock_that_every_writer_takes() {
    let (place, conductor) = Place::started("");
    let held = fs::File::open(place.layout().conductor().join("lock")).unwrap();
    held.lock().unwrap();
    let busy = conductor.start(place.request("")).unwrap_err();
    assert!(matches!(busy, ConductorError::Busy { .. }), "{busy}");
    assert_eq!(conductor.sprints().unwrap().len(), 1);
}

#[test]
fn bug_16_what_is_missing_is_made_or_told_and_never_waited_for() {
    let place = Place::new();
    // Nothing is there, not even `.claude`, and nobody could ever give a lock back.
    let clock = Arc::new(place.clock.clone());
    let options = Options {
        wait: Duration::MAX,
        network: NetworkFiles::Accept,
        ..Options::default()
    };
    let machine = Arc::new(place.machine.clone());
    let conductor = Conductor::open(
        &place.layout(),
        Arc::<FakeClock>::clone(&clock),
        Arc::<FakeLiveness>::clone(&machine),
        options,
    )
    .unwrap();
    assert_eq!(
        conductor
            .batch(&place.agent("a", 1))
            .unwrap_err()
            .exit_code(),
        3
    );
    conductor.start(place.request("")).unwrap();
    drop(conductor.batch(&place.agent("a", 1)).unwrap());
    let nowhere = Layout::of_default(place.root.path().join("nowhere"));
    let missing = Conductor::open(&nowhere, clock, machine, options).unwrap_err();
    assert!(matches!(missing, ConductorError::Files(_)), "{missing}");
}

#[test]
fn bug_22_a_budget_of_nothing_allows_nothing_and_amounts_are_whole_numbers() {
    let rule = BudgetRule {
        limit_micro_usd: Some(0),
        ..BudgetRule::default()
    };
    assert_eq!(
        Spending::default().state(&phase("qa"), rule).0,
        BudgetState::Stop
    );
    for evil in ["\"a[$(touch x)]\"", "1.5", "-1", "\"1\""] {
        let json = format!("{{\"spend\":{{\"phase\":\"qa\",\"micro_usd\":{evil}}}}}");
        assert!(serde_json::from_str::<Event>(&json).is_err(), "{evil}");
    }
}

#[test]
fn bug_23_agents_that_fail_in_different_ways_do_not_reset_each_other() {
    let (place, conductor) = Place::started("");
    let fail = |text: &str| {
        let claimed = conductor.claim(&phase("think"), &place.agent("a", 1))?;
        claimed.claim.fail(reason("it broke"), tag(text))?;
        conductor.retry(&phase("think"), Some(reason("once more")))
    };
    for text in ["x", "y", "x", "y", "x"] {
        fail(text).unwrap();
    }
    // Three of one kind have opened the circuit; the retry by force lets one more through.
    let claimed = conductor
        .claim(&phase("think"), &place.agent("a", 1))
        .unwrap();
    claimed.claim.fail(reason("it broke"), tag("z")).unwrap();
    let board = conductor.board().unwrap();
    let circuit = board
        .breaker(&phase("think"))
        .unwrap()
        .circuit(place.clock.now(), board.settings().breaker);
    assert!(
        matches!(circuit, crate::phases::breaker::Circuit::Open { .. }),
        "{circuit:?}"
    );
}

#[test]
fn bug_24_phases_that_only_read_are_no_loop() {
    let (place, conductor) = Place::started("think,plan");
    for text in ["think", "plan"] {
        let claimed = conductor.claim(&phase(text), &place.agent("a", 1)).unwrap();
        let hand_in = HandIn {
            tree: Some(crate::id::TreeId::new("a".repeat(40)).unwrap()),
            ..artifact("{}")
        };
        assert_eq!(
            claimed.claim.complete(hand_in).unwrap().unchanged_writes,
            None
        );
    }
}

#[test]
fn bug_27_a_graph_of_thousands_is_checked_and_scheduled_in_one_go() {
    let count = 4096;
    let node = |at: usize| {
        let parent = at
            .checked_sub(64)
            .map(|parent| phase(&format!("p{parent}")));
        graph::Node {
            name: phase(&format!("p{at}")),
            depends_on: parent.into_iter().collect(),
            concurrency: graph::Concurrency::Read,
            artifact: graph::ArtifactRule::Optional,
            priority: 0,
        }
    };
    let place = Place::new();
    let conductor = place.open();
    let request = StartRequest {
        graph: PhaseGraph::generated((0..count).map(node).collect()).unwrap(),
        ..place.request("")
    };
    conductor.start(request).unwrap();
    let batches = conductor.schedule().unwrap();
    assert_eq!(batches.len(), count / 64);
    assert!(batches.iter().all(|batch| batch.phases.len() == 64));
    let got = conductor
        .batch(&ClaimRequest::new(conductor.owner(name("a"), None)))
        .unwrap();
    assert_eq!(got.claim.grant().phase, phase("p0"));
}
