use local_linear::CommentMarkdown;
use serde_json::json;

use crate::support::{Bench, COMMENT, CREATE};

const TEXT: &str = "- item [x] at caller.live\n\n<!-- key [1] -->\n\n`span [x] caller.live`";

#[test]
fn a_description_reads_back_rewritten() {
    let bench = Bench::new();
    let mut input = bench.create(1);
    input["input"]["description"] = json!(TEXT);
    let stored = bench.data(CREATE, input)["issueCreate"]["issue"]["description"].clone();
    assert_eq!(
        stored,
        "* item \\[x\\] at [caller.live](<http://caller.live>)\n\n<!-- key \\[1\\] -->\n\n`span [x] caller.live`"
    );
}

#[test]
fn a_comment_reads_back_as_the_switch_says() {
    let bench = Bench::new();
    let issue = bench.issue("a");
    let body = |mode| {
        bench
            .linear
            .settings(|settings| settings.comment_markdown = mode);
        let input = json!({ "input": { "issueId": issue, "body": TEXT } });
        bench.data(COMMENT, input)["commentCreate"]["comment"]["body"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(body(CommentMarkdown::Kept), TEXT);
    let rewritten = body(CommentMarkdown::Rewritten);
    assert!(
        rewritten.starts_with("* item \\[x\\]") && rewritten.contains("<!-- key [1] -->"),
        "{rewritten}"
    );
    let harsh = body(CommentMarkdown::Harsh);
    assert!(
        harsh.contains("<!-- key \\[1\\] -->") && harsh.ends_with("`span [x] caller.live`"),
        "{harsh}"
    );
}
