use super::*;
use crate::comments::{FileLine, NoteLine};
use crate::evidence::trail::Facts;

fn line(key: &str, rev: u32, file: &str) -> EvidenceLine {
    EvidenceLine {
        key: key.into(),
        file: Some(FileLine {
            sha256: format!("sha-{file}"),
            bytes: 1,
            asset: format!("https://files/{file}"),
        }),
        rev,
        trailer: "trailer".into(),
    }
}

fn comment(id: &str, said: Option<Said>) -> Stored {
    Stored {
        id: id.into(),
        issue: Some("issue".into()),
        created: id.into(),
        body: format!("body of {id}"),
        edited: false,
        archived: false,
        reply_to: None,
        author: "Owner".into(),
        by_us: true,
        said,
    }
}

fn evidence(id: &str, rev: u32, file: &str) -> Stored {
    comment(id, Some(Said::Evidence(line("k", rev, file))))
}

fn bare(id: &str) -> Stored {
    let line = EvidenceLine {
        file: None,
        ..line("k", 1, "")
    };
    comment(id, Some(Said::Evidence(line)))
}

fn index(comment: &str, file: &str) -> Index {
    Index {
        id: format!("index-{comment}"),
        url: format!("https://files/{file}"),
        facts: Facts {
            key: "k".into(),
            sha256: format!("sha-{file}"),
            bytes: 1,
            comment: comment.into(),
            body: digest(&format!("body of {comment}")),
        },
    }
}

fn found(comments: Vec<Stored>, indexes: Vec<Index>, assets: &[(&str, Asset)]) -> Vec<String> {
    let trail = Trail {
        trashed: false,
        archived: false,
        comments,
        indexes,
    };
    let assets = assets
        .iter()
        .map(|(file, asset)| (format!("https://files/{file}"), asset.clone()));
    let found = findings(&trail, &assets.collect());
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn evidence_that_is_as_it_was_posted_is_no_finding() {
    let intact = [("f", Asset::Intact)];
    let none: [&str; 0] = [];
    assert_eq!(
        found(vec![evidence("1", 1, "f")], vec![index("1", "f")], &intact),
        none
    );
    assert_eq!(found(vec![evidence("1", 1, "f")], vec![], &intact), none);
    assert_eq!(found(vec![bare("1")], vec![], &[]), none);
}

#[test]
fn each_row_of_the_table_is_found() {
    let note = || comment("0", Some(Said::Note(NoteLine { key: "k".into() })));
    let missing = "missing: there is no evidence";
    assert_eq!(found(vec![], vec![], &[]), [missing]);
    assert_eq!(found(vec![note()], vec![], &[]), [missing]);
    assert_eq!(
        found(vec![comment("0", None)], vec![index("1", "f")], &[]),
        ["lost: the comment for k was deleted, its file is there"]
    );
    assert_eq!(
        found(
            vec![evidence("1", 1, "f"), evidence("2", 1, "f")],
            vec![],
            &[]
        ),
        ["duplicate: 1 more for k beside comment 1"]
    );
    assert_eq!(
        found(
            vec![evidence("1", 1, "f"), evidence("2", 1, "g")],
            vec![],
            &[]
        ),
        ["conflict: 2 comments for k say different things"]
    );
    assert_eq!(
        found(vec![bare("1"), evidence("2", 1, "f")], vec![], &[]),
        ["conflict: 2 comments for k say different things"]
    );
    assert_eq!(
        found(
            vec![evidence("1", 1, "f"), evidence("2", 2, "g")],
            vec![],
            &[]
        ),
        ["superseded: comment 1 for k has a newer one"]
    );
    for (asset, text) in [
        (Asset::Gone, "corrupt: the file of comment 1 for k is gone"),
        (
            Asset::Altered,
            "corrupt: the file of comment 1 for k was changed",
        ),
    ] {
        assert_eq!(
            found(vec![evidence("1", 1, "f")], vec![], &[("f", asset)]),
            [text]
        );
    }
    let theirs = Stored {
        by_us: false,
        author: "Mallory\n\u{1b}[31m".into(),
        ..evidence("1", 1, "f")
    };
    assert_eq!(
        found(vec![theirs.clone()], vec![], &[]),
        ["foreign: comment 1 for k is by Mallory [31m and does not count"]
    );
    assert_eq!(
        found(vec![evidence("0", 1, "f"), theirs], vec![], &[]).len(),
        1,
        "theirs is no duplicate of ours"
    );
}

#[test]
fn a_comment_is_altered_if_its_text_is_not_the_one_its_index_remembers() {
    let altered = ["altered: comment 1 for k was edited after it was posted"];
    let none: [&str; 0] = [];
    let edited = |comment: Stored| Stored {
        edited: true,
        ..comment
    };
    let other = Stored {
        body: "other".into(),
        ..evidence("1", 2, "f")
    };
    assert_eq!(found(vec![other], vec![index("1", "f")], &[]), altered);
    // Edited and edited back, or edited by us.
    let same = edited(evidence("1", 2, "f"));
    assert_eq!(found(vec![same], vec![index("1", "f")], &[]), none);
    // Another length, hash or file in the machine line.
    let mut line = line("k", 1, "f");
    line.file.as_mut().unwrap().bytes = 2;
    let mut lied = evidence("1", 1, "f");
    lied.said = Some(Said::Evidence(line));
    assert_eq!(found(vec![lied], vec![index("1", "f")], &[]), altered);
    // Without an index the time of the last edit has to do.
    assert_eq!(found(vec![edited(bare("1"))], vec![], &[]), altered);
    assert_eq!(
        found(vec![edited(evidence("1", 1, "f"))], vec![], &[]),
        altered
    );
    assert_eq!(
        found(vec![edited(evidence("1", 2, "f"))], vec![], &[]),
        none
    );
}

#[test]
fn an_answer_to_a_duplicate_is_told() {
    let answer = Stored {
        reply_to: Some("2".into()),
        by_us: false,
        ..comment("3", None)
    };
    let trail = Trail {
        trashed: false,
        archived: false,
        comments: vec![evidence("1", 1, "f"), evidence("2", 1, "f"), answer],
        indexes: vec![],
    };
    let found = findings(&trail, &BTreeMap::new());
    let [
        EvidenceFinding::Duplicate {
            answered, others, ..
        },
    ] = found.as_slice()
    else {
        panic!("{found:?}");
    };
    assert!(answered);
    assert_eq!(others, &[CommentRef("2".into())]);
}

#[test]
fn a_newer_revision_is_the_only_finding_that_is_fine() {
    let superseded = EvidenceFinding::Superseded {
        key: "k".into(),
        comment: CommentRef("1".into()),
    };
    assert!(superseded.is_fine());
    assert!(!EvidenceFinding::Missing.is_fine());
}
