use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use sprint_core::ports::Clock as _;
use sprint_core::testing::fake::clock::FakeClock;
use sprint_core::time::Timestamp;

use super::*;
use crate::budget::Budget;
use crate::token::Token;
use crate::transport::{Body, Lost, Transport};

/// Nothing here sends anything by itself.
#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(
        &self,
        _: http::Request<Body>,
        _: Duration,
    ) -> Result<http::Response<Body>, Lost> {
        Err(Lost::unsent("there is no network in this test"))
    }
}

/// A service that follows a script: answers to creates, and what the ids show afterwards.
struct Script {
    answers: Mutex<VecDeque<Result<(), Problem>>>,
    /// By id, how often it is not seen yet, and what is under it then.
    shows: Vec<(&'static str, Mutex<usize>, Shown)>,
    log: Mutex<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Shown {
    Ours,
    Burnt,
    Foreign,
}

#[async_trait]
impl Creation for Script {
    type Entity = String;

    async fn id(&self, epoch: u32) -> Result<String, CallError> {
        Ok(format!("id{epoch}"))
    }

    async fn send(&self, id: &str) -> Result<String, CallError> {
        self.log.lock().unwrap().push(format!("send {id}"));
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.expect("the script has an answer for every create");
        answer
            .map(|()| id.to_owned())
            .map_err(|problem| CallError::new("Create", problem, ""))
    }

    async fn look(&self, id: &str) -> Result<Option<Found<String>>, CallError> {
        self.log.lock().unwrap().push(format!("look {id}"));
        let shown = self.shows.iter().find(|(shown, ..)| *shown == id);
        let Some((_, hidden, shown)) = shown else {
            return Ok(None);
        };
        let mut hidden = hidden.lock().unwrap();
        if *hidden > 0 {
            *hidden -= 1;
            return Ok(None);
        }
        Ok(Some(match shown {
            Shown::Ours => Found::Ours(id.to_owned()),
            Shown::Burnt => Found::Burnt,
            Shown::Foreign => Found::Foreign("a comment on another issue".into()),
        }))
    }
}

/// Runs `once` and tells: the result, what was sent, how many looks, and the seconds it took.
fn run(
    answers: &[Result<(), Problem>],
    shows: &[(&'static str, usize, Shown)],
    before: bool,
) -> (String, String, usize, u64) {
    let script = Script {
        answers: Mutex::new(answers.iter().copied().collect()),
        shows: shows
            .iter()
            .map(|(id, hidden, shown)| (*id, Mutex::new(*hidden), *shown))
            .collect(),
        log: Mutex::default(),
    };
    let start = Timestamp::from_millis(1_800_000_000_000);
    let clock = FakeClock::new(start);
    let client = Client::new(
        Arc::new(Nowhere),
        Arc::new(clock.clone()),
        Budget::new(),
        Token::api_key("k").expect("it is a key"),
        String::new(),
    );
    let result = clock.run(once(&client, &script, 0, before));
    let result = match result {
        Ok(created) => format!(
            "{} {}",
            if created.adopted {
                "adopted"
            } else {
                "created"
            },
            created.entity
        ),
        Err(error) => format!("{:?} {}", error.problem, error.text),
    };
    let log = script.log.into_inner().unwrap();
    let (sent, looks): (Vec<_>, Vec<_>) = log.iter().partition(|line| line.starts_with("send"));
    let sent: Vec<_> = sent.iter().map(|line| &line[5..]).collect();
    let took = clock.now().since(start).as_secs();
    (result.trim().into(), sent.join(" "), looks.len(), took)
}

const CONFLICT: Result<(), Problem> = Err(Problem::Conflict);
const LOST: Result<(), Problem> = Err(Problem::Lost);

#[test]
#[expect(clippy::too_many_lines, reason = "one table, to be read at once")]
fn what_is_sent_and_what_comes_of_it() {
    use Shown::{Burnt, Foreign, Ours};
    type Case = (
        &'static str,
        Vec<Result<(), Problem>>,
        Vec<(&'static str, usize, Shown)>,
        bool,
        (&'static str, &'static str, usize),
    );
    let cases: Vec<Case> = vec![
        (
            "done at once",
            vec![Ok(())],
            vec![],
            false,
            ("created id0", "id0", 0),
        ),
        (
            "done by an earlier run",
            vec![],
            vec![("id0", 0, Ours)],
            true,
            ("adopted id0", "", 1),
        ),
        (
            "not done by an earlier run",
            vec![Ok(())],
            vec![],
            true,
            ("created id0", "id0", 1),
        ),
        (
            "sent twice by the network",
            vec![CONFLICT],
            vec![("id0", 0, Ours)],
            false,
            ("adopted id0", "id0", 1),
        ),
        (
            "the conflict is seen late",
            vec![CONFLICT],
            vec![("id0", 3, Ours)],
            false,
            ("adopted id0", "id0", 4),
        ),
        (
            "the answer was lost after it was done",
            vec![LOST],
            vec![("id0", 0, Ours)],
            false,
            ("adopted id0", "id0", 1),
        ),
        (
            "the answer was lost before it was done",
            vec![LOST, Ok(())],
            vec![],
            false,
            ("created id0", "id0 id0", 7),
        ),
        (
            "no answer ever",
            vec![LOST; 4],
            vec![],
            false,
            ("Lost", "id0 id0 id0 id0", 28),
        ),
        (
            "a phantom that passes",
            vec![CONFLICT, CONFLICT, Ok(())],
            vec![],
            false,
            ("created id0", "id0 id0 id0", 14),
        ),
        (
            "a phantom that stays",
            [vec![CONFLICT; 6], vec![Ok(())]].concat(),
            vec![],
            false,
            ("created id1", "id0 id0 id0 id0 id0 id0 id1", 42),
        ),
        (
            "phantoms for both ids",
            vec![CONFLICT; 12],
            vec![],
            false,
            (
                "Conflict",
                "id0 id0 id0 id0 id0 id0 id1 id1 id1 id1 id1 id1",
                84,
            ),
        ),
        (
            "deleted since",
            vec![CONFLICT, Ok(())],
            vec![("id0", 0, Burnt)],
            false,
            ("created id1", "id0 id1", 1),
        ),
        (
            "deleted, and done under the next id",
            vec![CONFLICT],
            vec![("id0", 0, Burnt), ("id1", 0, Ours)],
            true,
            ("adopted id1", "", 2),
        ),
        (
            "deleted under both ids",
            vec![CONFLICT, CONFLICT],
            vec![("id0", 0, Burnt), ("id1", 0, Burnt)],
            false,
            ("Conflict it was deleted", "id0 id1", 2),
        ),
        (
            "somebody else's",
            vec![CONFLICT],
            vec![("id0", 0, Foreign)],
            false,
            (
                "Conflict under this id there is a comment on another issue",
                "id0",
                1,
            ),
        ),
        (
            "never sent, then done",
            vec![Err(Problem::Unsent), Ok(())],
            vec![],
            false,
            ("created id0", "id0 id0", 0),
        ),
        (
            "never sent",
            vec![Err(Problem::Unsent); 4],
            vec![],
            false,
            ("Unsent", "id0 id0 id0 id0", 0),
        ),
        (
            "busy, then done",
            vec![Err(Problem::Locked), Ok(())],
            vec![],
            false,
            ("created id0", "id0 id0", 0),
        ),
        (
            "said to be done and not",
            vec![Err(Problem::NotApplied), Ok(())],
            vec![],
            false,
            ("created id0", "id0 id0", 7),
        ),
        (
            "part of it failed",
            vec![Err(Problem::Unknown)],
            vec![("id0", 0, Ours)],
            false,
            ("adopted id0", "id0", 1),
        ),
    ];
    for (name, answers, shows, before, (result, sent, looks)) in cases {
        let (found, was_sent, looked, _) = run(&answers, &shows, before);
        assert_eq!(
            (found.as_str(), was_sent.as_str(), looked),
            (result, sent, looks),
            "{name}"
        );
    }
}

#[test]
fn what_cannot_work_is_sent_once() {
    for problem in [
        Problem::RateLimited {
            until: Timestamp::from_millis(1),
        },
        Problem::Unauthorized,
        Problem::Forbidden,
        Problem::NotFound,
        Problem::UsageLimit,
        Problem::TooComplex,
        Problem::TooLarge,
        Problem::Drift,
        Problem::Invalid,
    ] {
        let (result, sent, looks, took) = run(&[Err(problem)], &[], false);
        assert_eq!((sent.as_str(), looks, took), ("id0", 0, 0), "{problem:?}");
        assert_eq!(result, format!("{problem:?}"));
    }
}

#[test]
fn reading_and_phantoms_are_waited_for_as_long_as_they_were_seen_to_last() {
    let (_, _, _, took) = run(&[LOST, Ok(())], &[], false);
    assert_eq!(took, 15);
    // 2 + 5 + 10 + 20 + 30 seconds between six creates, with 15 seconds of looking after each.
    let (_, _, _, took) = run(&[vec![CONFLICT; 6], vec![Ok(())]].concat(), &[], false);
    assert_eq!(took, 67 + 6 * 15);
}
