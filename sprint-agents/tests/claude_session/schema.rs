//! Answers in a form.

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::claude::{Launch, Outcome};

use crate::support::{LONG, Stage, start};

#[tokio::test]
async fn a_value_is_there_or_its_absence_is_seen() {
    let stage = Stage::set(|request: &Request| {
        let told = request.last_user_text();
        match (told.as_str(), request.turn()) {
            ("good", _) | ("second try", 1) => Reply::structured(json!({ "n": 7 })),
            ("never" | "second try", _) => Reply::structured(json!({ "n": "seven" })),
            _ => Reply::text(r#"{"n":7}"#),
        }
    })
    .await;
    let schema = json!({
        "type": "object",
        "properties": { "n": { "type": "integer" } },
        "required": ["n"],
        "additionalProperties": false,
    });
    let launch = Launch {
        schema: Some(schema),
        tools: Vec::new(),
        ..stage.launch("schema")
    };
    let session = start(&launch).await;
    for prompt in ["good", "second try"] {
        let turn = session.ask(prompt, LONG).await;
        let Outcome::Done { structured, .. } = &turn.outcome else {
            panic!("{prompt}: {turn:?}");
        };
        assert_eq!(structured, &Some(json!({ "n": 7 })), "{prompt}");
    }
    let text = session.ask("only text", LONG).await.outcome;
    let expect = Outcome::Unstructured {
        text: r#"{"n":7}"#.into(),
    };
    assert_eq!(text, expect);
    let never = session.ask("never", LONG).await.outcome;
    assert_eq!(never, Outcome::SchemaRetries);
}
