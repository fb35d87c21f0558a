//! The contract of [`AgentRunner`].
//!
//! Each check is a function of its own: which agent answers how is the caller's to arrange, and what
//! only the caller can see it shows with a closure.

use std::path::{Path, PathBuf};
use std::pin::pin;

use futures_util::future::{Either, select};

use crate::domain::agent::{AgentReport, AgentTask, Answer, Claimed, Role};
use crate::failure::ErrorKind;
use crate::id::SessionId;
use crate::ports::{AgentRunner, EffectContext};

/// A runner whose agent answers `task` in the form of its role says so, every time, and its
/// transcript can be read.
pub async fn an_answer_is_a_result_of_the_role(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
) {
    let offered = runner.capabilities().roles;
    assert!(offered.contains(&task.role), "it runs a role it offers");
    for _ in 0..2 {
        let report = runner.run(task, cx).await.expect("the agent ends");
        let Answer::Result(Claimed(result)) = &report.answer else {
            panic!("an answer in the form of its role is a result: {report:?}");
        };
        assert_eq!(
            result.role(),
            task.role,
            "it is the result of the role asked for"
        );
        if let Some(transcript) = &report.transcript {
            cx.blobs.get(transcript).expect("the transcript is stored");
        }
    }
}

/// A runner whose agent ends without an answer reports the agent's failure, with a reason, and not
/// a failure of its own.
pub async fn an_end_without_an_answer_is_malformed(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
) {
    let report = runner
        .run(task, cx)
        .await
        .expect("that is the agent's failure");
    let Answer::Malformed(reason) = report.answer else {
        panic!("no answer is not a result: {report:?}");
    };
    assert!(!reason.trim().is_empty(), "the reason is stated");
}

/// Roles that the runner does not offer are refused for good.
pub async fn a_role_that_is_not_offered_is_refused(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
) {
    let offered = runner.capabilities().roles;
    for role in Role::ALL.into_iter().filter(|role| !offered.contains(role)) {
        let task = AgentTask {
            role,
            ..task.clone()
        };
        let error = runner
            .run(&task, cx)
            .await
            .expect_err("it has no such agent");
        assert!(
            matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Invalid),
            "retrying would not help: {error}"
        );
    }
    assert_eq!(
        runner.capabilities().roles,
        offered,
        "capabilities do not change"
    );
}

/// A runner whose agent outlives the limit of `task` ends it with `Timeout`.
pub async fn running_out_of_time_is_a_timeout(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
) {
    let error = runner.run(task, cx).await.expect_err("it takes too long");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

/// The environment of the agent holds none of these secrets, neither by the name of a variable nor
/// anywhere in a value. `environment` shows, after the agent has run, what it saw of it: one
/// `NAME=value` per line.
pub async fn its_environment_holds_no_secret(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
    secrets: &[(&str, &str)],
    environment: &(dyn Fn() -> String + Sync),
) {
    ran(runner, task, cx).await;
    let seen = environment();
    assert!(
        seen.contains('='),
        "the agent shows its environment: {seen:?}"
    );
    for (name, value) in secrets {
        let named = seen
            .lines()
            .any(|line| line.split('=').next() == Some(name));
        assert!(!named, "the agent is given {name}");
        assert!(
            !seen.contains(value),
            "the agent is given the value of {name}"
        );
    }
}

/// The agent's current directory is its workspace. `directory` shows, after it has run, where it was.
pub async fn it_works_in_its_workspace(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
    directory: &(dyn Fn() -> PathBuf + Sync),
) {
    ran(runner, task, cx).await;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (found, expected) = (real(&directory()), real(&task.workspace));
    assert_eq!(found, expected, "its directory is the workspace");
}

/// Dropping a run ends the agent and everything it started. `started` ends when the agent of `task`,
/// which by itself does not end, has begun and has started what it starts; `nothing_runs` looks, for
/// as long as it thinks right, whether all of that is gone.
pub async fn dropping_a_run_leaves_nothing_running(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
    started: impl Future<Output = ()>,
    nothing_runs: impl AsyncFnOnce() -> bool,
) {
    {
        let run = pin!(runner.run(task, cx));
        match select(run, pin!(started)).await {
            Either::Left((ended, _)) => panic!("the agent ended before it was dropped: {ended:?}"),
            Either::Right(((), _)) => {}
        }
    }
    assert!(nothing_runs().await, "something of the agent still runs");
}

/// A worker that was to have a teammate says what the teammate did, and what they said to each other
/// can be read. Says nothing of a runner that offers no teams.
pub async fn a_teammate_is_reported(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
) {
    if !runner.capabilities().teams {
        return;
    }
    assert!(task.teammate.is_some(), "the task asks for a teammate");
    let report = ran(runner, task, cx).await;
    let Some(mate) = &report.teammate else {
        panic!("the teammate is reported: {report:?}");
    };
    assert!(mate.answered <= mate.questions, "{mate:?}");
    assert!(mate.degraded <= mate.answered, "{mate:?}");
    let said = mate
        .report
        .as_ref()
        .is_none_or(|text| !text.trim().is_empty());
    assert!(said, "a report that says nothing is none");
    if let Some(exchange) = &mate.exchange {
        cx.blobs.get(exchange).expect("the exchange is stored");
    }
}

/// A session that a run names is the one the next goes on with. `continued` shows which session the
/// agent found itself in, if any, after the second run. Says nothing of a runner that offers no
/// sessions.
pub async fn a_session_is_continued(
    runner: &dyn AgentRunner,
    task: &AgentTask,
    cx: &EffectContext,
    continued: &(dyn Fn() -> Option<SessionId> + Sync),
) {
    if !runner.capabilities().sessions {
        return;
    }
    let first = ran(runner, task, cx).await;
    assert!(first.session.is_some(), "a session has a name: {first:?}");
    let task = AgentTask {
        session: first.session.clone(),
        ..task.clone()
    };
    let second = ran(runner, &task, cx).await;
    assert_eq!(continued(), first.session, "the session goes on");
    assert!(second.session.is_some(), "and can go on again: {second:?}");
}

async fn ran(runner: &dyn AgentRunner, task: &AgentTask, cx: &EffectContext) -> AgentReport {
    match runner.run(task, cx).await {
        Ok(report) => report,
        Err(error) => panic!("the agent ends: {}", error.chain()),
    }
}
