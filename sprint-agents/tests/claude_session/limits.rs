//! Turns that are ended by us.

use std::time::Duration;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::claude::{Deadlines, Outcome};

use crate::support::{LONG, Stage, said, shell, start};

/// Stays silent, begins to speak, or runs a command.
fn slow(request: &Request) -> Reply {
    let told = request.last_user_text();
    match told.lines().last().unwrap_or_default() {
        "hang" => Reply::hang(),
        "stall" => Reply::text("I begin").stall(),
        "hello" => Reply::text("fine"),
        _ => shell(request),
    }
}

#[tokio::test]
async fn a_turn_is_interrupted_wherever_it_is_and_the_next_one_works() {
    let stage = Stage::set(slow).await;
    let session = start(&stage.unbound("interrupt")).await;
    session.interrupt().await.unwrap();
    for prompt in ["hang", "stall"] {
        let asked = stage.api.requests().len();
        let interrupt = async {
            stage.api.received(asked + 1).await;
            session.interrupt().await
        };
        let (turn, interrupted) = tokio::join!(session.ask(prompt, LONG), interrupt);
        assert_eq!(
            (turn.outcome, interrupted),
            (Outcome::Cancelled, Ok(())),
            "{prompt}"
        );
        assert_eq!(session.ask("hello", LONG).await.outcome, said("fine"));
    }
    let interrupt = async {
        stage.appears("tool").await;
        session.interrupt().await
    };
    let tool = session.ask("touch tool; exec sleep 1000", LONG);
    let (turn, _) = tokio::join!(tool, interrupt);
    assert_eq!(turn.outcome, Outcome::Cancelled);
    assert_eq!(turn.tool_uses.len(), 1);
    stage.ends("sleep\u{0}1000").await;
    // Whoever asks and goes away is not waited for either.
    let asked = stage.api.requests().len();
    tokio::select! {
        turn = session.ask("hang", LONG) => panic!("{turn:?}"),
        () = stage.api.received(asked + 1) => {}
    }
    assert_eq!(session.ask("hello", LONG).await.outcome, said("fine"));
}

#[tokio::test]
async fn time_and_silence_have_limits_and_a_tool_is_not_silent() {
    let stage = Stage::set(slow).await;
    let session = start(&stage.unbound("limits")).await;
    let short = Duration::from_millis(700);
    let wall = Deadlines {
        wall: short,
        ..LONG
    };
    let silence = Deadlines {
        silence: short,
        ..LONG
    };
    assert_eq!(session.ask("hang", wall).await.outcome, Outcome::TimedOut);
    assert_eq!(session.ask("stall", silence).await.outcome, Outcome::Silent);
    let tool = session.ask("sleep 2; echo done", silence).await;
    assert_eq!(tool.outcome, said("done"));
    let tool = session.ask("sleep 1000", wall).await;
    assert_eq!(tool.outcome, Outcome::TimedOut);
    assert_eq!(session.ask("hello", LONG).await.outcome, said("fine"));
}

#[tokio::test]
async fn a_full_conversation_is_summarised_and_one_that_cannot_be_is_told() {
    let stage = Stage::set(|request: &Request| {
        let told = request.last_user_text();
        if told.contains("summary") && told.len() > 1000 {
            return Reply::text("<summary>all was fine</summary>");
        }
        match told.as_str() {
            "fill" => Reply::text("much").usage(190_000, 100),
            _ => Reply::text("fine"),
        }
    })
    .await;
    if !stage.is_real("compaction") {
        return;
    }
    let session = start(&stage.launch("full")).await;
    for _ in 0..4 {
        session.ask("hello", LONG).await;
    }
    session.ask("fill", LONG).await;
    let turn = session.ask("hello", LONG).await;
    assert_eq!(
        (turn.outcome, turn.compactions),
        (said("fine"), 1),
        "{:?}",
        turn.notes
    );
    drop(session);

    let mut launch = stage.launch("too full");
    launch.environment = launch.environment.with("DISABLE_AUTO_COMPACT", "1");
    let session = start(&launch).await;
    session.ask("fill", LONG).await;
    let turn = session.ask("hello", LONG).await;
    assert!(
        matches!(turn.outcome, Outcome::ContextExhausted(_)),
        "{turn:?}"
    );
}

#[tokio::test]
async fn a_line_of_six_megabytes_is_read_and_what_it_did_is_known() {
    let stage = Stage::set(|request: &Request| {
        let told = request.last_user_text();
        match request.turn() {
            0 => Reply::tool(
                "Write",
                json!({ "file_path": told, "content": "0123456789abcde\n".repeat(340_000) }),
            ),
            _ => Reply::text("written"),
        }
    })
    .await;
    let session = start(&stage.unbound("long line")).await;
    let file = stage.work().join("large.txt");
    let turn = session.ask(file.to_str().unwrap(), LONG).await;
    assert_eq!(turn.outcome, said("written"));
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 5_440_000);
    let used: Vec<_> = turn
        .tool_uses
        .iter()
        .map(|used| (&used.target, used.failed))
        .collect();
    let path = sprint_agents::claude::Target::Path(file.to_str().unwrap().into());
    assert_eq!(used, [(&path, Some(false))]);
}
