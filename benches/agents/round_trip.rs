//! One question of a worker to the context agent that is alive beside it, beside a process of its
//! own for every question.

use std::sync::{Arc, Mutex, PoisonError};

use scripted_api::{Reply, Request, TestCli};
use serde_json::json;
use sprint_agents::claude::{NoHost, Outcome, Session};
use sprint_core::domain::agent::{AgentTask, Answer, Role, Teammate};
use tokio::time::Instant;

use crate::Samples;
use crate::stage::{BRANCH, GRACE, LONG, Stage};

const QUESTION: &str = "Where does a greeting go?";
const ANSWER: &str = "Into greeting.txt, see check.sh:1.";

/// Whose request came when. The script answers at once, so it is also when the answer left.
type Arrivals = Arc<Mutex<Vec<(Whose, Instant)>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Worker,
    /// The context agent's, on a question.
    Answering,
    Other,
}

pub(crate) async fn measure(cli: &TestCli, samples: usize) {
    let arrivals = Arrivals::default();
    let noted = Arc::clone(&arrivals);
    let questions = 2 * samples;
    let stage = Stage::set(cli, move |request: &Request| {
        let whose = whose(request);
        let now = (whose, Instant::now());
        noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(now);
        match whose {
            Whose::Worker => worker(request, questions),
            Whose::Answering | Whose::Other => Reply::text(ANSWER),
        }
    })
    .await;

    let mut one_shot = Samples::default();
    for _ in 0..samples {
        let took = stage.once(&["--output-format", "json", QUESTION]).await;
        one_shot.0.extend(took);
    }
    let alone = live(&stage, questions).await;
    let task = AgentTask {
        teammate: Some(Teammate {
            model: None,
            reply_timeout_s: 30,
        }),
        ..stage.task(Role::Worker, "ask")
    };
    let report = stage.run(&task).await;
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    let answered = report.teammate.map_or(0, |teammate| teammate.answered);
    assert_eq!(usize::try_from(answered).ok(), Some(questions), "answers");

    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    let [round, there, back, read] = split(&arrivals);
    eprintln!("\none question to a context agent");
    round.line("ask_context, from the call to the next request");
    there.line("  until the context agent asks its model");
    back.line("  from its model's answer to the worker's request");
    read.line("the worker reads a file instead");
    alone.line("a turn of a live session, nobody beside it");
    one_shot.line("a process per question, claude -p");
    if let Some(times) = one_shot.ratio(&round) {
        eprintln!(
            "  a process per question takes {times:.1} times as long, and has read nothing yet"
        );
    }
    if let Some(share) = alone.ratio(&round) {
        let share = 100.0 * share;
        eprintln!("  a turn alone is {share:.0} % of a round trip");
    }
}

fn whose(request: &Request) -> Whose {
    if request.is_asked_for("branch") {
        Whose::Worker
    } else if request.last_user_text().contains("The worker asks:") {
        Whose::Answering
    } else {
        Whose::Other
    }
}

/// Asks and reads in turns, then hands in.
fn worker(request: &Request, questions: usize) -> Reply {
    let step = request.turn();
    if step >= 2 * questions {
        return Reply::structured(json!({
            "ticket_id": "ENG-1",
            "branch": BRANCH,
            "status": "SUCCESS",
            "evidence": { "preflight_ran": true },
        }));
    }
    let tools = request.tools();
    let ask = tools.iter().find(|name| name.ends_with("__ask_context"));
    match ask {
        Some(ask) if step.is_multiple_of(2) => Reply::tool(*ask, json!({ "question": QUESTION })),
        Some(_) | None => Reply::tool("Read", json!({ "file_path": "check.sh" })),
    }
}

/// Round trips, their two ways, and what came between them.
fn split(arrivals: &[(Whose, Instant)]) -> [Samples; 4] {
    let mut samples: [Samples; 4] = Default::default();
    let [round, there, back, read] = &mut samples;
    let known = arrivals.iter().filter(|(whose, _)| *whose != Whose::Other);
    let known: Vec<_> = known.copied().collect();
    for (at, (whose, came)) in known.iter().enumerate() {
        let next = |by: usize| known.get(at + by).copied();
        match (whose, next(1), next(2)) {
            (Whose::Worker, Some((Whose::Answering, asked)), Some((Whose::Worker, heard))) => {
                round.add(heard - *came);
                there.add(asked - *came);
                back.add(heard - asked);
            }
            (Whose::Worker, Some((Whose::Worker, next)), _) => read.add(next - *came),
            _ => {}
        }
    }
    samples
}

/// Turns of a session that nobody else is beside.
async fn live(stage: &Stage, turns: usize) -> Samples {
    let launch = stage.launch("alone");
    let session = Session::start(&launch, Arc::new(NoHost)).await;
    let session = session.expect("a session");
    let mut samples = Samples::default();
    // The first turn still reads and compiles.
    for turn in 0..=turns {
        let start = Instant::now();
        let answer = session.ask(QUESTION, LONG).await;
        assert!(matches!(answer.outcome, Outcome::Done { .. }), "{answer:?}");
        if turn > 0 {
            samples.add(start.elapsed());
        }
    }
    drop(session.stop(GRACE).await);
    samples
}
