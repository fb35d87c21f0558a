//! Turns that go well.

use std::io::Read as _;
use std::time::Duration;

use sprint_agents::claude::Start;
use sprint_agents::claude::binary::Version;
use sprint_core::domain::command::Exit;

use crate::support::{LONG, Stage, echo, said, start};

#[tokio::test]
async fn turns_follow_each_other_in_one_process() {
    let stage = Stage::set(echo).await;
    let launch = stage.launch("conversation");
    let session = start(&launch).await;
    assert!(!session.resumed());
    let first = session.ask("one", LONG).await;
    assert_eq!(first.outcome, said("echo one"));
    assert_eq!(first.model.as_deref(), Some("claude-sonnet-5"));
    let (second, third) = tokio::join!(session.ask("two", LONG), session.ask("three", LONG));
    assert_eq!(
        [&second.outcome, &third.outcome],
        [&said("echo two"), &said("echo three")]
    );
    // What is reported is of each turn alone.
    assert!(first.usage.cost_micro_usd > 0);
    assert_eq!(first.usage.cost_micro_usd, second.usage.cost_micro_usd);
    assert_eq!(
        (third.usage.input_tokens, third.usage.output_tokens),
        (100, 20)
    );
    let full = session.context_usage().await.unwrap();
    assert!(full.limit >= 100_000 && full.percent() < 50, "{full:?}");

    let stopped = session.stop(Duration::from_secs(5)).await.unwrap();
    assert_eq!(stopped.exit, Exit::Code(0));
    assert!(session.stop(Duration::ZERO).await.is_none());
    let mut transcript = String::new();
    let mut reader = stopped.transcript.into_reader().unwrap();
    reader.read_to_string(&mut transcript).unwrap();
    let results = transcript.matches(r#""type":"result""#).count();
    assert_eq!((results, transcript.ends_with('\n')), (3, true));

    // The same work finds its session again, whether it says so or not.
    let again = start(&launch).await;
    assert!(again.resumed());
    assert_eq!(again.ask("four", LONG).await.outcome, said("echo four"));
    let messages = stage.api.requests().last().unwrap().messages().len();
    assert!(messages > 6, "{messages}: the conversation goes on");
    drop(again);
    let mut resume = launch;
    resume.session = Start::Resume(resume.session.id().clone());
    let third = start(&resume).await;
    assert_eq!(third.ask("five", LONG).await.outcome, said("echo five"));
    assert_eq!(stage.api.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn the_version_under_test_is_one_that_was_tried() {
    let stage = Stage::set(echo).await;
    if !stage.is_real("versions") {
        return;
    }
    let version = Version::of(&stage.cli.program, &stage.environment()).await;
    assert_eq!(version.unwrap().unwrap().warning(), None);
}
