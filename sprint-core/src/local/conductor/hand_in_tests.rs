//! What phases hand in and what is read back, with the faults of spec 14.2 that are about that.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::tests::{Place, phase, reason};
use super::*;
use crate::id::{ProblemId, TreeId};
use crate::phases::artifact::Mode;
use crate::phases::artifact::integrity::Trust;
use crate::phases::artifact::load::Evidence;
use crate::phases::artifact::prepare::{MOST_FINDINGS, Rules};
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::decide::Credential;
use crate::phases::ship::status::Status;
use crate::phases::ship::summary::Summary;
use crate::phases::ship::{Inputs, PhaseFacts, Repository, decide};

const SECRET: &str = "correct horse";

fn tree(digit: char) -> TreeId {
    TreeId::new(digit.to_string().repeat(40)).unwrap()
}

fn qa() -> Value {
    json!({
        "phase": "qa",
        "summary": { "status": "pass", "tests_run": 3, "tests_passed": 3, "tests_failed": 0 },
        "findings": [],
        "context_checkpoint": { "summary": "Ran everything" },
    })
}

/// Claims a phase as the agent of a process, and hands this in.
fn hand_in(
    place: &Place,
    (pid, name): (u32, &str),
    bytes: Vec<u8>,
) -> Result<Completed, ConductorError> {
    let conductor = place.open();
    let claimed = conductor.claim(&phase(name), &place.agent("agent", pid))?;
    let token = Credential::Token(claimed.claim.keep().token);
    let rulebook = Rulebook::default();
    let rules = Rules {
        redact: &|text| text.replace(SECRET, "[redacted]"),
        vocabulary: &rulebook.vocabulary,
        most_findings: MOST_FINDINGS,
    };
    let files = Files {
        branch: None,
        tree: Some(tree('a')),
    };
    conductor.hand_in(&phase(name), &token, bytes, &files, &rules)
}

fn of<'a>(facts: &'a [PhaseFacts], name: &str) -> &'a PhaseFacts {
    facts
        .iter()
        .find(|facts| facts.phase == phase(name))
        .unwrap()
}

fn judged(conductor: &Conductor, now: TreeId) -> Summary {
    let repository = Repository {
        tree: Some(now),
        ..Repository::default()
    };
    decide(&Inputs {
        sprint: &conductor.current().unwrap(),
        target: &phase("ship"),
        phases: &conductor.phase_facts().unwrap(),
        repository: &repository,
        rules: &Rulebook::default(),
        mode: Mode::Standard,
        opinions: &Default::default(),
        confirmed: &Default::default(),
        checks: &Default::default(),
        at: conductor.now(),
    })
}

#[test]
fn bug_10_what_was_handed_in_stays_as_it_was() {
    let (place, conductor) = Place::started("qa,ship");
    hand_in(&place, (1, "qa"), qa().to_string().into_bytes()).unwrap();
    let facts = conductor.phase_facts().unwrap();
    assert!(matches!(of(&facts, "qa").evidence, Evidence::Read(_)));
    let stored = place.file(&conductor, "artifacts/qa-1.json");
    let text = fs::read_to_string(&stored).unwrap();
    fs::write(&stored, text.replace("pass", "fail")).unwrap();
    let facts = conductor.phase_facts().unwrap();
    let tampered = Evidence::Tampered(Trust::IntegrityMismatch);
    assert_eq!(of(&facts, "qa").evidence, tampered);
    fs::remove_file(&stored).unwrap();
    let facts = conductor.phase_facts().unwrap();
    assert_eq!(of(&facts, "qa").evidence, Evidence::Missing);
    // The right text, and yet no file of ours.
    let elsewhere = place.root.path().join("elsewhere");
    fs::write(&elsewhere, text).unwrap();
    symlink(&elsewhere, &stored).unwrap();
    let facts = conductor.phase_facts().unwrap();
    assert_eq!(of(&facts, "qa").evidence, Evidence::Missing);
}

#[test]
fn bug_11_nothing_and_two_documents_are_no_artifact() {
    let (place, conductor) = Place::started("qa,ship");
    let twice = format!("{}\n{}", qa(), qa());
    for bytes in [b"".to_vec(), b"  \n".to_vec(), twice.into_bytes()] {
        let error = hand_in(&place, (1, "qa"), bytes).unwrap_err();
        assert_eq!(error.exit_code(), 8, "{error}");
    }
    // It stays claimed, and can be handed in as it should be.
    hand_in(&place, (1, "qa"), qa().to_string().into_bytes()).unwrap();
    assert!(conductor.status().unwrap().can_ship);
}

#[test]
fn bug_17_looking_at_artifacts_changes_nothing() {
    let (place, conductor) = Place::started("qa,ship");
    hand_in(&place, (1, "qa"), qa().to_string().into_bytes()).unwrap();
    let events = place.file(&conductor, "events.jsonl");
    let before = (fs::read(&events).unwrap(), conductor.board().unwrap());
    conductor.phase_facts().unwrap();
    conductor.status().unwrap();
    assert!(conductor.next().unwrap().is_ok());
    assert_eq!(
        (fs::read(&events).unwrap(), conductor.board().unwrap()),
        before
    );
}

#[test]
fn bug_18_artifacts_of_one_second_are_all_there() {
    let names = ["a", "b", "c", "d", "e"];
    let nodes: Vec<_> = names
        .iter()
        .map(|name| json!({ "name": name, "depends_on": [], "concurrency": "read" }))
        .collect();
    let (place, conductor) = Place::started(&Value::from(nodes).to_string());
    std::thread::scope(|scope| {
        for (pid, name) in (1..).zip(names) {
            let place = &place;
            let artifact = json!({ "phase": name, "summary": name }).to_string();
            // Others may be writing for longer than one attempt waits.
            scope.spawn(move || {
                while let Err(error) = hand_in(place, (pid, name), artifact.clone().into()) {
                    assert!(matches!(error, ConductorError::Busy { .. }), "{error}");
                }
            });
        }
    });
    for facts in conductor.phase_facts().unwrap() {
        let Evidence::Read(artifact) = &facts.evidence else {
            panic!("{facts:?}")
        };
        assert_eq!(artifact.phase, facts.phase);
    }
}

#[test]
fn bug_19_an_artifact_that_is_handed_in_again_is_intact() {
    let (place, conductor) = Place::started("qa,ship");
    hand_in(&place, (1, "qa"), qa().to_string().into_bytes()).unwrap();
    let stored = fs::read(place.file(&conductor, "artifacts/qa-1.json")).unwrap();
    conductor
        .invalidate(&phase("qa"), reason("look again"))
        .unwrap();
    hand_in(&place, (2, "qa"), stored).unwrap();
    let facts = conductor.phase_facts().unwrap();
    assert!(matches!(of(&facts, "qa").evidence, Evidence::Read(_)));
}

#[test]
fn bug_20_a_long_list_keeps_the_severe_findings_and_is_whole_beside() {
    let (place, conductor) = Place::started("qa,ship");
    let finding = |n: usize| {
        let severity = if n == 59 { "critical" } else { "low" };
        json!({ "id": format!("QA-{n}"), "severity": severity, "description": "wrong" })
    };
    let mut artifact = qa();
    artifact["findings"] = (0..60).map(finding).collect();
    hand_in(&place, (1, "qa"), artifact.to_string().into_bytes()).unwrap();
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(place.file(&conductor, file)).unwrap()).unwrap()
    };
    let kept = read("artifacts/qa-1.json");
    assert_eq!(kept["findings"].as_array().unwrap().len(), MOST_FINDINGS);
    assert!(kept["findings"].to_string().contains("QA-59"));
    let all = read("artifacts/qa-1.findings.json");
    assert_eq!(all.as_array().unwrap().len(), 60);
}

#[test]
fn bug_21_what_is_redacted_is_in_no_file() {
    let (place, conductor) = Place::started("qa,ship");
    let mut artifact = qa();
    artifact["context_checkpoint"]["summary"] = format!("logged in with {SECRET}").into();
    hand_in(&place, (1, "qa"), artifact.to_string().into_bytes()).unwrap();
    let directory = place.file(&conductor, "");
    for file in ["artifacts/qa-1.json", "events.jsonl", "board.json"] {
        let text = fs::read_to_string(directory.join(file)).unwrap();
        assert!(!text.contains(SECRET), "{file}");
    }
}

#[test]
fn bug_25_files_that_changed_after_the_look_are_not_shipped() {
    let (place, conductor) = Place::started("qa,ship");
    hand_in(&place, (1, "qa"), qa().to_string().into_bytes()).unwrap();
    let status = |now| judged(&conductor, now).phases[0].status;
    assert_eq!(status(tree('a')), Status::Ok);
    assert_eq!(status(tree('b')), Status::Stale);
}

#[test]
fn bug_26_a_likelihood_in_numbers_or_words_is_kept() {
    let (place, conductor) = Place::started("qa,ship");
    for likelihood in [json!(0.2), json!("low")] {
        let mut artifact = qa();
        artifact["summary"]["wtf_likelihood"] = likelihood.clone();
        hand_in(&place, (1, "qa"), artifact.to_string().into_bytes()).unwrap();
        let facts = conductor.phase_facts().unwrap();
        let Evidence::Read(read) = &of(&facts, "qa").evidence else {
            panic!("{facts:?}")
        };
        let read = serde_json::to_value(read).unwrap();
        assert_eq!(read["summary"]["wtf_likelihood"], likelihood);
        conductor.invalidate(&phase("qa"), reason("again")).unwrap();
    }
}

#[test]
fn what_was_decided_is_kept_with_its_hash() {
    let (place, conductor) = Place::started("qa,ship");
    conductor
        .keep_judgement(Judgement {
            verdict: &reason("BLOCKED"),
            json: b"{}",
            markdown: "# no\n",
        })
        .unwrap();
    let read = |file: &str| fs::read_to_string(place.file(&conductor, file)).unwrap();
    assert_eq!(
        (read("ship.json"), read("ship.md")),
        ("{}".into(), "# no\n".into())
    );
    let hash = crate::id::BlobId::of(b"{}");
    assert!(read("events.jsonl").contains(hash.as_str()));
}

#[test]
fn problems_have_sprints_of_their_own() {
    let (place, conductor) = Place::started("qa,ship");
    let layout = Layout::new(place.root.path(), ProblemId::new("other").unwrap());
    let (clock, machine) = (place.clock.clone(), place.machine.clone());
    let options = conductor.inner.options;
    let other = Conductor::open(&layout, Arc::new(clock), Arc::new(machine), options).unwrap();
    assert_eq!(other.status().unwrap_err().exit_code(), 3);
    other.start(place.request("review,ship")).unwrap();
    other
        .claim(&phase("review"), &place.agent("a", 1))
        .unwrap()
        .claim
        .keep();
    assert_eq!(conductor.board().unwrap().claims().count(), 0);
    hand_in(&place, (2, "qa"), qa().to_string().into_bytes()).unwrap();
}
