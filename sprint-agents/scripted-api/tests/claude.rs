//! Claude Code and the stand-in do the same under the same script.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use scripted_api::{Reply, Request, ScriptedApi, claude_for_tests};

use crate::support::Talk;

#[tokio::test]
async fn text() {
    let api = ScriptedApi::start(|request: &Request| {
        Reply::text(format!("You said {}.", request.last_user_text()))
    })
    .await
    .unwrap();
    let mut talk = Talk::start(&claude_for_tests(), &api.base_url(), &["--tools", "Bash"]);
    talk.say("Hi").await;
    let result = talk.result().await;
    assert_eq!(result["result"], "You said Hi.");
    assert_eq!(result["is_error"], false);
    talk.say("Ho").await;
    assert_eq!(talk.result().await["result"], "You said Ho.");
    assert_eq!(api.requests()[0].tools(), ["Bash"]);
    assert_eq!(api.complaints(), [""; 0]);
    assert_eq!(talk.end().await, Some(0));
}
