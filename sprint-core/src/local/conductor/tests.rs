//! Commands on real files, with a clock and processes that do as they are told.

use std::fs;

use super::*;
use crate::id::{FailureTag, PhaseName};
use crate::phases::decide::{ClaimRequest, Credential, How};
use crate::phases::event::Settings;
use crate::phases::graph::{self, PhaseGraph};
use crate::phases::owner::Gone;
use crate::phases::reason::Reason;
use crate::phases::standing::Standing;
use crate::testing::fake::{FakeClock, FakeLiveness};

/// A repository, a clock, and a machine.
pub(super) struct Place {
    pub(super) root: tempfile::TempDir,
    pub(super) clock: FakeClock,
    pub(super) machine: FakeLiveness,
}

impl Place {
    pub(super) fn new() -> Self {
        let at = Timestamp::from_millis(1_767_225_600_000);
        Self {
            root: tempfile::tempdir().unwrap(),
            clock: FakeClock::new(at),
            machine: FakeLiveness::new("here"),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::of_default(self.root.path())
    }

    /// A conductor as another process would open it.
    pub(super) fn open(&self) -> Conductor {
        self.open_on(&self.machine)
    }

    pub(super) fn open_on(&self, machine: &FakeLiveness) -> Conductor {
        let options = Options {
            durability: Durability::Atomic,
            wait: Duration::from_millis(50),
            network: NetworkFiles::Accept,
        };
        let (clock, machine) = (Arc::new(self.clock.clone()), Arc::new(machine.clone()));
        Conductor::open(&self.layout(), clock, machine, options).unwrap()
    }

    /// A sprint of these phases, or the default ones.
    pub(super) fn started(phases: &str) -> (Self, Conductor) {
        let place = Self::new();
        let conductor = place.open();
        conductor.start(place.request(phases)).unwrap();
        (place, conductor)
    }

    pub(super) fn request(&self, phases: &str) -> StartRequest {
        StartRequest {
            id: None,
            graph: match phases {
                "" => PhaseGraph::default(),
                text => graph::from_text(text).unwrap().graph,
            },
            settings: Settings::default(),
            base: None,
            by: self.open().owner(name("starter"), None),
            live: Live::Keep,
        }
    }

    /// An agent with a process of its own.
    pub(super) fn agent(&self, agent: &str, pid: u32) -> ClaimRequest {
        self.machine.run(pid);
        ClaimRequest::new(self.open().owner(name(agent), Some(pid)))
    }

    pub(super) fn file(&self, conductor: &Conductor, name: &str) -> PathBuf {
        let sprint = conductor.current().unwrap();
        conductor.directory(&sprint).join(name)
    }
}

pub(super) fn name(text: &str) -> AgentName {
    AgentName::new(text).unwrap()
}

pub(super) fn phase(text: &str) -> PhaseName {
    PhaseName::new(text).unwrap()
}

pub(super) fn reason(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

pub(super) fn tag(text: &str) -> FailureTag {
    FailureTag::new(text).unwrap()
}

pub(super) fn artifact(text: &str) -> HandIn<'static> {
    HandIn {
        artifact: Some(text.as_bytes().to_vec()),
        ..HandIn::nothing()
    }
}

/// Claims and completes.
pub(super) fn do_phase(conductor: &Conductor, agent: &ClaimRequest, phases: &str) {
    for text in phases.split_whitespace() {
        let claimed = conductor.claim(&phase(text), agent).unwrap();
        claimed.claim.complete(artifact(text)).unwrap();
    }
}

#[test]
fn three_terminals_work_as_the_document_shows() {
    let (place, conductor) = Place::started("");
    let lead = place.agent("lead", 1);
    do_phase(&conductor, &lead, "think plan build");
    // Three terminals, each with a process of its own that says `batch`.
    let mut claimed = Vec::new();
    for pid in [42381, 42399, 42400] {
        let terminal = place.open();
        let got = terminal.batch(&place.agent("claude-code", pid)).unwrap();
        claimed.push(got.claim.keep());
    }
    let phases: Vec<_> = claimed.iter().map(|grant| grant.phase.as_str()).collect();
    assert_eq!(phases, ["review", "qa", "security"]);
    let fourth = conductor.batch(&place.agent("claude-code", 5)).unwrap_err();
    insta::assert_snapshot!(fourth, @"nothing to claim: review is claimed by claude-code (pid: 42381), qa is claimed by claude-code (pid: 42399), security is claimed by claude-code (pid: 42400); wait until one of them ends");
    assert_eq!(fourth.exit_code(), 10);
    let second = conductor.claim(&phase("review"), &place.agent("other", 6));
    insta::assert_snapshot!(second.unwrap_err(), @"review already claimed by claude-code (pid: 42381) since 2026-01-01T00:00:00Z; claim another phase, or take it over by force with a reason");
    // One is done, one is killed.
    let token = Credential::Token(claimed[0].token.clone());
    conductor
        .complete(&phase("review"), &token, artifact("{}"))
        .unwrap();
    place.machine.kill(42399);
    insta::assert_snapshot!(conductor.status().unwrap(), @r#"
think: complete (artifact saved)
plan: complete (artifact saved)
build: complete (artifact saved)
review: complete (artifact saved)
qa: stale (pid 42399 not running, claimable)
security: claimed by claude-code (pid: 42400)
ship: blocked (by qa, security)
"#);
    let again = conductor
        .claim(&phase("qa"), &place.agent("fourth", 7))
        .unwrap();
    assert!(matches!(
        again.how,
        How::Reclaimed {
            gone: Gone::Dead { pid: Some(42399) },
            ..
        }
    ));
    assert_eq!(again.claim.grant().epoch.0, 2);
    // Who was taken for dead and comes back after all is refused.
    let old = Credential::Token(claimed[1].token.clone());
    let late = conductor
        .complete(&phase("qa"), &old, artifact("{}"))
        .unwrap_err();
    insta::assert_snapshot!(late, @"qa is claimed by fourth (pid: 7) (claim 2), and what you show belongs to no or an older claim; use the token that claim printed, or claim it again");
    assert_eq!(late.exit_code(), 7);
}

#[test]
fn a_claim_that_is_dropped_is_given_back_and_one_that_is_kept_is_not() {
    let (place, conductor) = Place::started("");
    let ann = place.agent("ann", 1);
    let claimed = conductor.claim(&phase("think"), &ann).unwrap();
    // The same agent again: another handle on the same claim, which is not its to give back.
    let again = conductor.claim(&phase("think"), &ann).unwrap();
    assert_eq!(again.how, How::Again);
    assert_eq!(again.claim.grant(), claimed.claim.grant());
    drop(again);
    let standing = || {
        conductor
            .look(|look| look.standing(&phase("think")))
            .unwrap()
    };
    assert_eq!(standing(), Some(Standing::Claimed));
    drop(claimed);
    assert_eq!(standing(), Some(Standing::Ready));
    let log = fs::read_to_string(place.file(&conductor, "events.jsonl")).unwrap();
    assert!(log.contains(r#""reason":"dropped""#), "{log}");
    let kept = conductor.claim(&phase("think"), &ann).unwrap().claim.keep();
    assert_eq!((kept.epoch.0, standing()), (2, Some(Standing::Claimed)));
}

#[test]
fn what_is_rejected_changes_nothing_and_the_claim_goes_on() {
    let (place, conductor) = Place::started("");
    let claimed = conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap();
    let log = || fs::read(place.file(&conductor, "events.jsonl")).unwrap();
    let before = log();
    let rejecting = HandIn {
        check: &|_, _| Err("summary is missing".into()),
        ..artifact("{}")
    };
    let (claim, error) = *claimed.claim.complete(rejecting).unwrap_err();
    insta::assert_snapshot!(error, @r"
        the artifact of think is rejected: summary is missing
        correct it and complete the phase again
        ");
    assert_eq!(error.exit_code(), 8);
    let (claim, error) = *claim.complete(HandIn::nothing()).unwrap_err();
    assert_eq!(error.exit_code(), 8);
    assert_eq!(log(), before);
    let cleaning = HandIn {
        check: &|phase, bytes| {
            assert_eq!(phase.as_str(), "think");
            Ok(String::from_utf8(bytes)?
                .replace("secret", "***")
                .into_bytes())
        },
        ..artifact("a secret")
    };
    let stored = claim.complete(cleaning).unwrap().artifact.unwrap();
    let bytes = fs::read(place.file(&conductor, "artifacts/think-1.json")).unwrap();
    assert_eq!(bytes, b"a ***");
    assert_eq!(
        (stored.sha256, stored.bytes),
        (crate::id::BlobId::of(&bytes), 5)
    );
}

#[test]
fn a_holder_that_cannot_be_seen_lives_by_its_heartbeats() {
    let (place, here) = Place::started("");
    let elsewhere = FakeLiveness::new("elsewhere");
    elsewhere.run(1);
    let there = place.open_on(&elsewhere);
    let request = ClaimRequest::new(there.owner(name("far"), Some(1)));
    let claimed = there.claim(&phase("think"), &request).unwrap();
    let look = || {
        here.look(|look| look.standing(&phase("think")))
            .unwrap()
            .unwrap()
    };
    place.clock.advance(Duration::from_secs(3600));
    assert_eq!(look(), Standing::Claimed);
    claimed.claim.heartbeat().unwrap();
    place.clock.advance(Duration::from_secs(3600));
    assert_eq!(look(), Standing::Claimed);
    place.clock.advance(Duration::from_secs(1));
    assert_eq!(look(), Standing::Stale);
    insta::assert_snapshot!(here.status().unwrap().phases[0], @"think: stale (not heard of for 3601 s, claimable)");
    // From where it can be seen, it is there; a clock that goes back makes nobody stale.
    let seen = there.look(|look| look.standing(&phase("think"))).unwrap();
    assert_eq!(seen, Some(Standing::Claimed));
    place.clock.turn_back(Duration::from_secs(100_000));
    assert_eq!(look(), Standing::Claimed);
    claimed.claim.heartbeat().unwrap();
    // A heartbeat that cannot be read is none.
    place.clock.advance(Duration::from_secs(200_000));
    fs::write(place.file(&here, "heartbeats/think"), "{").unwrap();
    assert_eq!(look(), Standing::Stale);
    // The machine was started again: what it held is free at once, for itself.
    elsewhere.reboot();
    let seen = there.look(|look| look.standing(&phase("think"))).unwrap();
    assert_eq!(seen, Some(Standing::Stale));
    // Who is replaced learns it with the next heartbeat.
    let taken = here
        .claim(&phase("think"), &place.agent("near", 5))
        .unwrap();
    assert!(matches!(taken.how, How::Reclaimed { .. }));
    let lost = claimed.claim.heartbeat().unwrap_err();
    assert_eq!(lost.exit_code(), 7);
}

#[test]
fn heartbeats_come_from_a_thread_or_a_future_and_end_with_the_claim() {
    let (place, conductor) = Place::started("");
    let claimed = conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap();
    let file = place.file(&conductor, "heartbeats/think");
    drop(claimed.claim.heartbeats());
    assert!(file.exists(), "a thread gives the first sign at once");
    fs::remove_file(&file).unwrap();
    // Somebody takes the claim over after an hour and a half of heartbeats.
    let (other, clock) = (place.agent("bob", 2), place.clock.clone());
    let force = ClaimRequest {
        force: Some(reason("it hangs")),
        ..other
    };
    let start = clock.now();
    let beats = claimed.claim.beat();
    let error = clock.run(async {
        let mut beats = std::pin::pin!(beats);
        std::future::poll_fn(|cx| {
            if clock.now().since(start) > Duration::from_secs(5400) {
                drop(
                    conductor
                        .claim(&phase("think"), &force)
                        .map(|got| got.claim.keep()),
                );
            }
            beats.as_mut().poll(cx)
        })
        .await
    });
    assert_eq!(error.exit_code(), 7);
    let beats = claimed.claim.heartbeats_every(Duration::ZERO);
    while beats.are_given() {
        std::thread::yield_now();
    }
}

#[test]
fn a_watcher_tells_each_holder_that_is_gone_once() {
    let (place, conductor) = Place::started(
        "[{\"name\":\"a\",\"depends_on\":[],\"concurrency\":\"read\"},{\"name\":\"b\",\"depends_on\":[],\"concurrency\":\"read\"}]",
    );
    for (text, pid) in [("a", 1), ("b", 2)] {
        let agent = place.agent(&format!("agent-{text}"), pid);
        conductor.claim(&phase(text), &agent).unwrap().claim.keep();
    }
    assert_eq!(conductor.sweep().unwrap(), []);
    place.machine.kill(1);
    let told = conductor.sweep().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].phase, phase("a"));
    assert_eq!(
        place.open().sweep().unwrap(),
        [],
        "it is told once, whoever watches"
    );
    // The watcher looks every 30 seconds, and ends when there is nothing to watch.
    let mut found = Vec::new();
    let mut looks = 0;
    let ended = place.clock.run(async {
        let watch = place.open();
        let mut watching =
            std::pin::pin!(async { watch.watch(|stale| found.push(stale.phase)).await });
        std::future::poll_fn(|cx| {
            looks += 1;
            match looks {
                3 => place.machine.kill(2),
                5 => fs::remove_file(place.layout().conductor().join("current")).unwrap(),
                _ => {}
            }
            watching.as_mut().poll(cx)
        })
        .await
    });
    assert_eq!(ended.exit_code(), 3);
    assert_eq!(found, [phase("b")]);
}

#[test]
fn agents_at_work_keep_a_sprint_from_being_replaced() {
    let (place, conductor) = Place::started("");
    let first = conductor.current().unwrap();
    let claimed = conductor
        .claim(&phase("think"), &place.agent("ann", 1))
        .unwrap();
    let refused = conductor.start(place.request("")).unwrap_err();
    assert_eq!(refused.exit_code(), 5);
    let text = refused.to_string().replace(first.as_str(), "SPRINT");
    insta::assert_snapshot!(text, @"agents are working in SPRINT: think is claimed by ann (pid: 1); wait for them, or start with replace, which makes their work void");
    assert_eq!(conductor.current().unwrap(), first);
    let request = StartRequest {
        live: Live::Replace,
        ..place.request("")
    };
    let started = conductor.start(request).unwrap();
    assert_eq!(started.archived.as_ref(), Some(&first));
    // The claim is void, and nothing of the new sprint is touched by it.
    let (_, error) = *claimed.claim.complete(artifact("{}")).unwrap_err();
    assert_eq!(error.exit_code(), 7);
    let old = conductor.board_of(&first).unwrap();
    assert_eq!(old.archived_at(), Some(place.clock.now()));
    // Nobody works in it, or they are gone: it is simply replaced.
    conductor
        .claim(&phase("think"), &place.agent("bob", 2))
        .unwrap()
        .claim
        .keep();
    place.machine.kill(2);
    conductor.start(place.request("")).unwrap();
}

#[test]
fn an_id_is_given_once() {
    let (place, conductor) = Place::started("");
    let named = |id: &str| StartRequest {
        id: Some(SprintId::new(id).unwrap()),
        ..place.request("")
    };
    assert_eq!(
        conductor.start(named("mine")).unwrap().sprint.as_str(),
        "mine"
    );
    conductor.start(place.request("")).unwrap();
    let refused = conductor.start(named("mine")).unwrap_err();
    insta::assert_snapshot!(refused, @"there is a sprint mine already; choose another id, or none");
    assert_eq!(refused.exit_code(), 2);
}

#[test]
fn cleaning_removes_what_was_archived_long_enough_ago_and_never_the_current_sprint() {
    let (place, conductor) = Place::started("");
    let first = conductor.current().unwrap();
    place.clock.advance(Duration::from_secs(60));
    conductor.start(place.request("")).unwrap();
    let second = conductor.current().unwrap();
    // One that a crash left behind, and something that is none of ours.
    fs::create_dir(place.layout().conductor().join("sprint-torn")).unwrap();
    fs::create_dir(place.layout().conductor().join(".hidden")).unwrap();
    let day = Duration::from_secs(86_400);
    place.clock.advance(day - Duration::from_secs(1));
    let torn = SprintId::new("sprint-torn").unwrap();
    assert_eq!(conductor.clean(day).unwrap(), [torn]);
    place.clock.advance(Duration::from_secs(1));
    assert_eq!(conductor.clean(day).unwrap(), [first]);
    conductor.archive(Live::Keep).unwrap();
    assert_eq!(conductor.clean(Duration::ZERO).unwrap(), []);
    assert_eq!(conductor.sprints().unwrap(), [second]);
    let refused = conductor.batch(&place.agent("ann", 1)).unwrap_err();
    assert_eq!(refused.exit_code(), 3);
}

#[test]
fn costs_of_many_writers_are_all_counted() {
    let (place, conductor) = Place::started("");
    std::thread::scope(|scope| {
        for _ in 0..20 {
            // Each with what it knows itself, as processes have it.
            let options = Options {
                wait: Duration::from_secs(60),
                ..Options::default()
            };
            let (clock, machine) = (
                Arc::new(place.clock.clone()),
                Arc::new(place.machine.clone()),
            );
            let mine = Conductor::open(
                &place.layout(),
                clock,
                machine,
                Options {
                    durability: Durability::Atomic,
                    network: NetworkFiles::Accept,
                    ..options
                },
            )
            .unwrap();
            scope.spawn(move || {
                for _ in 0..10 {
                    mine.spend(&phase("think"), 7).unwrap();
                }
            });
        }
    });
    assert_eq!(conductor.status().unwrap().spent_micro_usd, 20 * 10 * 7);
}

#[test]
fn phases_that_write_and_change_nothing_are_told() {
    let graph = r#"[{"name":"w1","depends_on":[],"concurrency":"write"},
        {"name":"r1","depends_on":["w1"],"concurrency":"read"},
        {"name":"w2","depends_on":["r1"],"concurrency":"write"},
        {"name":"r2","depends_on":["w2"],"concurrency":"read"}]"#;
    let (place, conductor) = Place::started(graph);
    let mut told = Vec::new();
    for text in ["w1", "r1", "w2", "r2"] {
        let claimed = conductor
            .claim(&phase(text), &place.agent("ann", 1))
            .unwrap();
        let hand_in = HandIn {
            tree: Some(crate::id::TreeId::new("a".repeat(40)).unwrap()),
            ..artifact("{}")
        };
        told.push(claimed.claim.complete(hand_in).unwrap().unchanged_writes);
    }
    assert_eq!(told, [None, None, Some(2), Some(2)]);
}
