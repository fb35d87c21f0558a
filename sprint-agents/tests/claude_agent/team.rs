//! A worker and the context agent that is alive beside it.

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_core::domain::agent::{Answer, Claimed, RoleResult};

use crate::stage::{Stage, worker_result};

const REPORT: &str = "## Files Analyzed\ncheck.sh:1 is the check.";
const ANSWER: &str = "The greeting belongs into greeting.txt; see check.sh:1.";

/// The worker asks, writes what it hears, checks, commits and hands in.
fn script(request: &Request) -> Reply {
    if !request.is_asked_for("branch") {
        return match request.last_user_text().contains("The worker asks:") {
            true if request.turn() == 0 => Reply::tool("Read", json!({ "file_path": "check.sh" })),
            true => Reply::text(ANSWER),
            false => Reply::text(REPORT),
        };
    }
    let tools = request.tools();
    let ask = tools.iter().find(|name| name.ends_with("__ask_context"));
    let results = request.tool_results();
    match request.turn() {
        0 => Reply::tool(
            *ask.expect("a worker can ask"),
            json!({ "question": "Where to?" }),
        ),
        1 => {
            let heard = &results[0].text;
            Reply::tool(
                "Write",
                json!({ "file_path": "greeting.txt", "content": heard }),
            )
        }
        2 => Reply::tool("Bash", json!({ "command": "sh check.sh" })),
        3 => Reply::tool(
            "Bash",
            json!({ "command": "git add -A && git commit -q -m 'feat: greet'" }),
        ),
        _ => Reply::structured(worker_result()),
    }
}

#[tokio::test]
async fn a_worker_is_told_what_the_context_agent_found_and_gets_answers_from_it() {
    let stage = Stage::set(script).await;
    let report = stage.run(&stage.agent(), &stage.team_task()).await.unwrap();
    assert!(
        matches!(
            &report.answer,
            Answer::Result(Claimed(RoleResult::Worker(_)))
        ),
        "{report:?}"
    );
    let greeting = stage.git(&["show", "HEAD:greeting.txt"]);
    assert_eq!(greeting, ANSWER);

    let teammate = report.teammate.unwrap();
    assert_eq!(
        (teammate.questions, teammate.answered, teammate.degraded),
        (1, 1, 0)
    );
    assert_eq!(teammate.report.as_deref(), Some(REPORT));
    let exchange = stage.blobs.text(&teammate.exchange.unwrap());
    assert!(
        exchange.contains("Where to?") && exchange.contains(ANSWER),
        "{exchange}"
    );

    let requests = stage.api.requests();
    let worker = requests
        .iter()
        .find(|request| request.is_asked_for("branch"))
        .unwrap();
    assert!(
        worker
            .first_user_text()
            .contains("check.sh:1 is the check.")
    );
    let models: std::collections::BTreeSet<_> = requests.iter().map(Request::model).collect();
    assert_eq!(models.len(), 2, "each has a model of its own: {models:?}");
    assert!(report.usage.tokens > 0 && report.usage.duration_ms > 0);
    assert!(
        stage
            .blobs
            .text(&report.transcript.unwrap())
            .contains("StructuredOutput")
    );
    assert_eq!(report.strayed, []);
    assert_eq!(stage.alive(), Vec::<String>::new());
    assert_eq!(stage.api.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn without_its_context_agent_the_worker_goes_on() {
    let stage = Stage::set(|request: &Request| {
        if request.is_asked_for("branch") {
            return script(request);
        }
        Reply::error(400, "invalid_request_error", "no")
    })
    .await;
    let report = stage.run(&stage.agent(), &stage.team_task()).await.unwrap();
    assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
    let teammate = report.teammate.unwrap();
    assert_eq!((teammate.questions, teammate.answered), (1, 0));
    assert_eq!(teammate.report, None);
    let told = stage.git(&["show", "HEAD:greeting.txt"]);
    assert!(
        told.contains("Read the files yourself"),
        "the worker is sent to the files: {told}"
    );
}

#[tokio::test]
async fn a_later_attempt_goes_on_with_both_conversations() {
    let stage = Stage::set(script).await;
    let agent = stage.agent();
    let first = stage.run(&agent, &stage.team_task()).await.unwrap();
    let asked = stage.api.requests().len();
    let mut fix = stage.team_task();
    fix.key = "sprint-20260131-090500/ENG-1/2/implement".into();
    fix.attempt = 2;
    fix.assignment = sprint_core::domain::agent::Assignment::Fix {
        feedback: "the greeting is too long".into(),
    };
    fix.session = first.session;
    fix.research = first.teammate.unwrap().report;
    let second = stage.run(&agent, &fix).await.unwrap();
    assert!(matches!(second.answer, Answer::Result(_)), "{second:?}");
    let requests = stage.api.requests();
    let (workers, others): (Vec<_>, Vec<_>) = requests[asked..]
        .iter()
        .partition(|request| request.is_asked_for("branch"));
    let told = workers[0];
    assert!(told.last_user_text().contains("the greeting is too long"));
    assert!(
        told.first_user_text()
            .contains("Write a greeting into greeting.txt.")
    );
    // It is not asked to report again, and still knows that it did.
    assert!(
        others
            .iter()
            .all(|request| request.last_user_text().contains("The worker asks:"))
    );
    let said = others[0].body().to_string();
    assert!(said.contains("check.sh:1 is the check."), "{said}");
}

#[tokio::test]
async fn a_team_that_is_cut_off_leaves_nobody_behind() {
    let stage = Stage::set(|request: &Request| {
        if request.is_asked_for("branch") || !request.last_user_text().contains("The worker asks:")
        {
            return script(request);
        }
        // The context agent never answers.
        Reply::hang()
    })
    .await;
    let (agent, task) = (stage.agent(), stage.team_task());
    tokio::select! {
        ended = stage.run(&agent, &task) => panic!("it waits for an answer: {ended:?}"),
        // The report, the worker's question, and what it came to.
        () = stage.api.received(3) => {}
    }
    assert_eq!(stage.alive(), Vec::<String>::new());
}
