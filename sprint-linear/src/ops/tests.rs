//! Every document against the schema, and every price against its formula.

use serde_json::{Value, json};

use super::*;

/// More is refused at 10,000; this leaves room for what Linear may count otherwise.
const MOST: u32 = 9_000;

/// An operation, asked with the largest variables it is asked with.
struct Asked {
    name: &'static str,
    document: &'static str,
    variables: Value,
    points: u32,
}

fn asked<O: Operation>(variables: &O::Variables) -> Asked {
    Asked {
        name: O::NAME,
        document: O::DOCUMENT,
        variables: serde_json::to_value(variables).expect("variables are plain data"),
        points: O::points(variables),
    }
}

fn all() -> Vec<Asked> {
    [of_comments(), of_issues(), of_names()]
        .into_iter()
        .flatten()
        .collect()
}

fn text() -> String {
    "text".to_owned()
}

fn of_comments() -> Vec<Asked> {
    let page = || comments::PageOf {
        issue: text(),
        first: 100,
        after: Some(text()),
    };
    vec![
        asked::<comments::CommentById>(&ById { id: text() }),
        asked::<comments::CommentCreate>(&Create {
            input: comments::NewComment {
                id: text(),
                issue_id: text(),
                body: text(),
            },
        }),
        asked::<comments::CommentUpdate>(&comments::Update {
            id: text(),
            input: comments::NewBody { body: text() },
        }),
        asked::<comments::IssueComments>(&page()),
        asked::<evidence::AttachmentCreate>(&Create {
            input: evidence::NewAttachment {
                issue_id: text(),
                url: text(),
                title: text(),
                subtitle: text(),
                metadata: json!({}),
            },
        }),
        asked::<evidence::AttachmentDelete>(&ById { id: text() }),
        asked::<evidence::IssueAttachments>(&page()),
        asked::<evidence::IssueEvidence>(&evidence::FirstPages {
            issue: text(),
            comments: 100,
            attachments: 100,
        }),
        asked::<files::FileUpload>(&files::Wanted {
            content_type: text(),
            filename: text(),
            size: 1,
        }),
    ]
}

fn of_issues() -> Vec<Asked> {
    let next = || Next {
        id: text(),
        after: Some(text()),
    };
    vec![
        asked::<issues::Issue>(&ById { id: text() }),
        asked::<issues::IssueBlockers>(&next()),
        asked::<issues::IssueLabels>(&next()),
        asked::<issues::Issues>(&issues::IssuesPage {
            filter: json!({ "id": { "in": ["a"] } }),
            first: issues::PAGE,
            after: None,
            archived: true,
        }),
        asked::<moves::IssueMoves>(&next()),
        asked::<moves::MoveIssue>(&moves::Move {
            id: text(),
            state: text(),
        }),
        asked::<states::IssueState>(&ById { id: text() }),
        asked::<states::IssueStates>(&ByIds {
            ids: vec![text(); states::BATCH],
            first: u32::try_from(states::BATCH).expect("it is small"),
        }),
    ]
}

fn of_names() -> Vec<Asked> {
    vec![
        asked::<identity::Identity>(&identity::NoVariables {}),
        asked::<names::LabelNames>(&names::OfTeam { team: text() }),
        asked::<names::LabelsByName>(&names::ByName { name: text() }),
        asked::<names::ProjectNames>(&identity::NoVariables {}),
        asked::<names::ProjectsByName>(&names::ByName { name: text() }),
        asked::<team::TeamById>(&ById { id: text() }),
        asked::<team::TeamByKey>(&team::ByKey { key: text() }),
        asked::<team::TeamKeys>(&identity::NoVariables {}),
        asked::<team::TeamStates>(&Next {
            id: text(),
            after: Some(text()),
        }),
    ]
}

#[test]
fn every_document_and_its_variables_fit_the_schema() {
    for Asked {
        name,
        document,
        variables,
        ..
    } in all()
    {
        let checked = local_linear::check_document(document);
        assert_eq!(checked, Ok(()), "{name}");
        let checked = local_linear::check_variables(document, name, &variables);
        assert_eq!(checked, Ok(()), "{name}");
    }
}

#[test]
fn every_operation_costs_what_it_says_and_is_small_enough() {
    let wrong: Vec<_> = all()
        .into_iter()
        .filter_map(|asked| {
            let points = local_linear::points(asked.document, &asked.variables);
            let good = points == asked.points && points < MOST;
            (!good).then(|| format!("{}: {points}, not {}", asked.name, asked.points))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_document_of_this_folder_is_left_out() {
    let mut documents: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".graphql")?.to_owned()))
        .collect();
    documents.sort();
    let all = all();
    let shared = |asked: &Asked| asked.document.split("\nfragment ").nth(1);
    let shared = all
        .iter()
        .filter_map(shared)
        .filter_map(|f| f.split(' ').next());
    let mut names: Vec<_> = all.iter().map(|asked| asked.name).collect();
    let fragments: std::collections::BTreeSet<_> = shared.collect();
    names.extend(fragments);
    names.sort_unstable();
    assert_eq!(names, documents);
}
