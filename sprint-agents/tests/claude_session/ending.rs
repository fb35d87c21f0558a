//! The end of sessions, and of everything they started.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use scripted_api::{Reply, Request, ScriptedApi};
use sprint_agents::claude::{Launch, Outcome, Session};
use sprint_agents::{Environment, orphans};
use sprint_core::domain::command::Exit;

use crate::kept::keeps;
use crate::support::{GRACE, LONG, Stage, echo, said, shell, start};

/// Starts a process that leaves the session and the group of the command, and then goes on.
const DAEMON: &str = "(setsid sleep 1000 >/dev/null 2>&1 &); touch started; exec sleep 1001";

/// A session in the middle of a command that has started a daemon.
async fn busy(stage: &Stage, session: &Session, and: impl Future<Output = ()>) -> Outcome {
    let at_last = async {
        stage.appears("started").await;
        // The program, the command and the daemon.
        assert!(stage.alive().len() >= 3, "{:?}", stage.alive());
        and.await;
    };
    let (turn, ()) = tokio::join!(session.ask(DAEMON, LONG), at_last);
    turn.outcome
}

#[tokio::test]
async fn stopping_leaves_nothing_behind_not_even_a_daemon() {
    let stage = Stage::set(shell).await;
    for grace in [GRACE, Duration::ZERO] {
        let session = start(&stage.unbound(&format!("stop {grace:?}"))).await;
        let stop = async {
            let stopped = session.stop(grace).await.unwrap();
            assert_eq!(stage.alive(), Vec::<String>::new(), "{grace:?}");
            // With time it ends by itself.
            let polite = !matches!(stopped.exit, Exit::Signal(_));
            assert!(polite || grace.is_zero(), "{:?}", stopped.exit);
        };
        let outcome = busy(&stage, &session, stop).await;
        assert_eq!(outcome, Outcome::Cancelled);
        std::fs::remove_file(stage.work().join("started")).unwrap();
        // What is asked afterwards has an answer.
        let late = session.ask("hello", LONG).await.outcome;
        assert_eq!(late, Outcome::Cancelled);
    }
}

#[tokio::test]
async fn dropping_kills_at_once_and_the_session_is_resumed_with_its_work_in_place() {
    let stage = Stage::set(shell).await;
    let launch = stage.unbound("drop");
    let session = start(&launch).await;
    tokio::select! {
        turn = session.ask(DAEMON, LONG) => panic!("{turn:?}"),
        () = async {
            stage.appears("started").await;
            if stage.cli.real {
                keeps(&stage.home(), "started").await;
            }
        } => {}
    }
    drop(session);
    assert_eq!(stage.alive(), Vec::<String>::new());
    if !stage.is_real("resuming after a kill") {
        return;
    }
    let again = start(&launch).await;
    assert!(again.resumed());
    assert_eq!(again.ask("echo on", LONG).await.outcome, said("on"));
}

/// How many moments there are at which a session is given up, and how far they are apart: the last
/// ones are in the middle of the command.
const MOMENTS: u32 = 6;
const APART: Duration = Duration::from_millis(400);

#[tokio::test]
async fn whenever_a_session_is_given_up_nothing_is_left_of_it() {
    let stage = Stage::set(shell).await;
    for moment in 0..MOMENTS {
        let launch = stage.unbound(&format!("moment {moment}"));
        let work = async {
            let session = start(&launch).await;
            session.ask(DAEMON, LONG).await
        };
        let given_up = tokio::time::timeout(APART * moment, work).await;
        assert!(given_up.is_err(), "{given_up:?}");
        assert_eq!(stage.alive(), Vec::<String>::new(), "{moment}");
    }
}

#[tokio::test]
async fn a_process_that_is_killed_is_seen_to_be_gone() {
    let stage = Stage::set(shell).await;
    let session = start(&stage.unbound("killed")).await;
    let turn = session.ask("kill -9 $PPID; sleep 1000", LONG).await;
    let crashed = Outcome::Crashed {
        exit: Exit::Signal(9),
        stderr: String::new(),
    };
    assert_eq!(turn.outcome, crashed);
    assert_eq!(stage.alive(), Vec::<String>::new());
    assert_eq!(session.ask("hello", LONG).await.outcome, crashed);
    assert!(session.context_usage().await.is_err());
    assert_eq!(session.stop(GRACE).await.unwrap().exit, Exit::Signal(9));
}

/// Tells the second run of this test that it is the host.
const HOST: &str = "SPRINT_TEST_HOST";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a message to another process")]
async fn after_a_host_that_was_killed_the_next_one_clears_up() {
    if let Ok(message) = std::env::var(HOST) {
        let (base_url, folder) = message.split_once(' ').unwrap();
        play_host(base_url, folder.as_ref()).await;
    }
    let stage = Stage::set(shell).await;
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "ending::after_a_host_that_was_killed_the_next_one_clears_up",
        ])
        .env(
            HOST,
            format!("{} {}", stage.api.base_url(), stage.work().display()),
        )
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    stage.appears("started").await;
    host.kill().unwrap();
    assert_eq!(host.wait().unwrap().signal(), Some(9));
    assert!(orphans::reap(stage.work()).await >= 1);
    assert_eq!(orphans::reap(stage.work()).await, 0);
}

/// Starts a session in `work`, and is busy with it until it is killed.
async fn play_host(base_url: &str, work: &std::path::Path) -> ! {
    let api = ScriptedApi::start(echo).await.unwrap();
    let stage = Stage::around(api, 0).await;
    let environment = stage.environment().with("ANTHROPIC_BASE_URL", base_url);
    let launch = Launch {
        directory: work.to_owned(),
        environment: Environment::owned_by(environment, work),
        ..stage.unbound("host")
    };
    let session = start(&launch).await;
    session.ask(DAEMON, LONG).await;
    unreachable!("the command does not end");
}

#[tokio::test]
async fn four_sessions_work_side_by_side() {
    let api = ScriptedApi::start(shell).await.unwrap();
    let stage = Stage::around(api, 2).await;
    let keys = ["a", "b", "c", "d"];
    let launches = keys.map(|key| stage.unbound(key));
    let work = |launch, key: &'static str| async move {
        let session = start(launch).await;
        let turn = session
            .ask(format!("echo {key} > {key}; cat {key}"), LONG)
            .await;
        assert_eq!(turn.outcome, said(key));
        session.stop(GRACE).await.unwrap().exit
    };
    let [a, b, c, d] = &launches;
    let exits = tokio::join!(work(a, "a"), work(b, "b"), work(c, "c"), work(d, "d"));
    assert_eq!(
        exits,
        (Exit::Code(0), Exit::Code(0), Exit::Code(0), Exit::Code(0))
    );
    assert_eq!(stage.alive(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_lost_to_a_reader_that_has_no_time() {
    // The API has a thread of its own; that of the session is held up.
    let text = "0123456789abcdef".repeat(250_000);
    let long = text.clone();
    let script = move |_: &Request| Reply::text(long.clone());
    let (send, receive) = tokio::sync::oneshot::channel();
    let (_alive, over) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            send.send(ScriptedApi::start(script).await.unwrap())
                .unwrap();
            drop(over.await);
        });
    });
    let api = receive.await.unwrap();
    let stage = Stage::around(api, 1).await;
    let session = start(&stage.launch("slow reader")).await;
    let hold_up = async {
        stage.api.received(1).await;
        Command::new("sleep").arg("2").status().unwrap();
    };
    let (turn, ()) = tokio::join!(session.ask("go", LONG), hold_up);
    let Outcome::Done { text: read, .. } = turn.outcome else {
        panic!("{:?}", turn.outcome);
    };
    assert!(read == text, "{} of {} bytes", read.len(), text.len());
}
