//! The contract of [`AgentRunner`].

use crate::domain::agent::{AgentTask, Answer, Claimed, Role};
use crate::failure::ErrorKind;
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
