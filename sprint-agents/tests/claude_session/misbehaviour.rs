//! Programs that only look like the one they stand for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use sprint_agents::claude::{Deadlines, Launch, Outcome, Session};
use sprint_core::domain::command::Exit;

use crate::support::{LONG, Stage, echo, said, start};

/// Becomes ready, and waits for the first message.
const READY: &str = r#"#!/bin/sh
answer() {
    echo '{"type":"control_response","response":{"subtype":"success","request_id":"'$1'","response":{"mcpServers":[]}}}'
}
read -r line; answer sprint-1
read -r line; answer sprint-2
init() {
    echo '{"type":"system","subtype":"init","cwd":"'$(pwd -P)'","tools":[],"model":"claude-sonnet-5","permissionMode":"'$1'"}'
}
result='{"type":"result","subtype":"success","is_error":false,"result":"done","stop_reason":"end_turn"}'
"#;

impl Stage {
    /// A session of a program that becomes ready and then does this.
    async fn impostor(&self, body: &str) -> Session {
        start(&self.impostor_launch(body)).await
    }

    fn impostor_launch(&self, body: &str) -> Launch {
        let program = self.home().join("impostor");
        fs::write(&program, format!("{READY}{body}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Launch {
            program,
            ..self.launch("impostor")
        }
    }
}

const SHORT: Deadlines = Deadlines {
    wall: Duration::from_secs(1),
    silence: Duration::from_secs(60),
};

#[tokio::test]
async fn a_session_with_more_rights_than_it_was_given_is_ended_before_it_uses_them() {
    let stage = Stage::set(echo).await;
    let session = stage
        .impostor("read -r line; init bypassPermissions; sleep 1000")
        .await;
    let turn = session.ask("hello", LONG).await;
    let breach = "the session's permission mode is bypassPermissions";
    assert_eq!(turn.outcome, Outcome::Breach(breach.into()));
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn a_line_without_end_ends_the_session_unless_nobody_waits_for_it() {
    let stage = Stage::set(echo).await;
    let long = "head -c 40000000 /dev/zero | tr '\\0' x; echo";
    let body = format!(
        "read -r line; printf '{{\"type\":\"user\",\"a\":\"'; {long}; echo $result\nread -r line; {long}; sleep 1000"
    );
    let session = stage.impostor(&body).await;
    let turn = session.ask("hello", LONG).await;
    assert_eq!(turn.outcome, said("done"));
    assert_eq!(
        turn.notes,
        ["a line of 40000020 bytes was too long to be read"]
    );
    let turn = session.ask("hello", LONG).await;
    assert_eq!(turn.outcome, Outcome::Overflow(40_000_000));
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    let stage = Stage::set(echo).await;
    let session = stage
        .impostor("read -r line; printf '{\"type\":\"result\"'; echo out of memory >&2; exit 3")
        .await;
    let turn = session.ask("hello", LONG).await;
    let crashed = Outcome::Crashed {
        exit: Exit::Code(3),
        stderr: "out of memory".into(),
    };
    assert_eq!(turn.outcome, crashed);
}

#[tokio::test]
async fn one_that_never_stops_talking_runs_out_of_time() {
    let stage = Stage::set(echo).await;
    let session = stage
        .impostor("read -r line; trap '' INT; yes '{\"type\":\"new\"}'")
        .await;
    assert_eq!(session.ask("hello", SHORT).await.outcome, Outcome::TimedOut);
    let gone = session.ask("hello", LONG).await.outcome;
    assert!(
        matches!(
            gone,
            Outcome::Crashed {
                exit: Exit::Signal(9),
                ..
            }
        ),
        "{gone:?}"
    );
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_neither_listens_nor_talks_runs_out_of_time() {
    let stage = Stage::set(echo).await;
    for body in ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000"] {
        let session = stage.impostor(body).await;
        let long = "x".repeat(3_000_000);
        let turn = session.ask(long, SHORT).await;
        assert!(!matches!(turn.outcome, Outcome::Done { .. }), "{body}");
        assert!(session.stop(Duration::ZERO).await.is_some());
        assert_eq!(stage.alive(), Vec::<String>::new(), "{body}");
    }
}
