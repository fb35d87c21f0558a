use super::*;

fn key(name: &str) -> DraftKey {
    DraftKey::new(name).unwrap()
}

/// Tickets by lines of `key [^parent] [<- blocker ...]`.
fn plan(lines: &str) -> PlanDraft {
    let rows = lines
        .split(',')
        .map(str::trim)
        .filter(|row| !row.is_empty());
    let tickets = rows.map(|row| {
        let (head, blockers) = row.split_once("<-").unwrap_or((row, ""));
        let (name, parent) = head.split_once('^').unwrap_or((head, ""));
        TicketDraft {
            key: key(name.trim()),
            title: format!("make {}", name.trim()),
            body: String::new(),
            priority: Priority::None,
            size: Size::M,
            labels: vec![],
            blocked_by: blockers.split_whitespace().map(key).collect(),
            parent: Some(parent.trim()).filter(|p| !p.is_empty()).map(key),
        }
    });
    PlanDraft {
        problem: ProblemId::new("problem").unwrap(),
        project: None,
        labels: vec![],
        tickets: tickets.collect(),
    }
}

fn named(name: &str) -> Option<ProjectDraft> {
    Some(ProjectDraft {
        name: name.into(),
        description: String::new(),
    })
}

fn said(plan: PlanDraft) -> String {
    match plan.check() {
        Ok(checked) => {
            let levels = checked.levels().map(|level| {
                let keys: Vec<_> = level.iter().map(|ticket| ticket.key.as_str()).collect();
                keys.join(" ")
            });
            levels.collect::<Vec<_>>().join(" / ")
        }
        Err(problems) => {
            let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
            texts.join("; ")
        }
    }
}

#[test]
fn parents_come_before_their_children_in_the_order_of_the_plan() {
    let lines = [
        "b, a",
        "c^b, b^a, a, d, e^a",
        "b <- a, a, c <- a b b",
        // A ticket may wait for its parent, and a parent for its child.
        "b^a <- a, a",
        "b^a, a <- b",
    ];
    let lines = lines.map(|lines| format!("{lines}: {}", said(plan(lines))));
    insta::assert_snapshot!(lines.join("\n"), @r"
    b, a: b a
    c^b, b^a, a, d, e^a: a d / b e / c
    b <- a, a, c <- a b b: b a c
    b^a <- a, a: a / b
    b^a, a <- b: a / b
    ");
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let lines = [
        "",
        "a, b, a, a",
        "a <- x, b^y",
        "a <- a",
        "a^a",
        "a <- b, b <- c, c <- a b, d <- c",
        "a <- b, b <- a, c <- d, d <- c, e <- a c",
        "a^c, b^a, c^b, d^c",
        "a^b, b^a, a",
        "a <- a, b^b, c^x <- y",
    ];
    let lines = lines.map(|lines| format!("{lines}: {}", said(plan(lines))));
    insta::assert_snapshot!(lines.join("\n"), @r"
    : the plan has no tickets
    a, b, a, a: the key a is there more than once
    a <- x, b^y: a is blocked by x, which is not in the plan; b is part of y, which is not in the plan
    a <- a: blocked by each other: a → a
    a^a: part of each other: a → a
    a <- b, b <- c, c <- a b, d <- c: blocked by each other: a → b → c → a
    a <- b, b <- a, c <- d, d <- c, e <- a c: blocked by each other: a → b → a; blocked by each other: c → d → c
    a^c, b^a, c^b, d^c: part of each other: a → c → b → a
    a^b, b^a, a: the key a is there more than once; part of each other: a → b → a
    a <- a, b^b, c^x <- y: c is blocked by y, which is not in the plan; c is part of x, which is not in the plan; blocked by each other: a → a; part of each other: b → b
    ");
}

#[test]
fn ten_levels_of_parents_are_the_most() {
    let nested = |levels: usize| {
        let child = |n: usize| format!("t{n}^t{}", n - 1);
        let children: Vec<_> = (1..=levels).map(child).collect();
        plan(&format!("t0, {}", children.join(", ")))
    };
    assert_eq!(nested(10).check().unwrap().levels().count(), 11);
    let problems = nested(12).check().unwrap_err();
    let deep = |ticket, depth| DraftProblem::TooDeep {
        ticket: key(ticket),
        depth,
    };
    assert_eq!(problems, [deep("t11", 11), deep("t12", 12)]);
}

#[test]
fn names_and_titles_are_there_and_short_enough() {
    let mut untitled = plan("a");
    untitled.tickets[0].title = " \n".into();
    let project = |name: &str| PlanDraft {
        project: named(name),
        ..plan("a")
    };
    let lines = [
        said(untitled),
        said(project("")),
        said(project(&"ä".repeat(50))),
        said(project(&"ä".repeat(51))),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    a has no title
    the project has no name
    a
    the name of the project has 51 characters, and 50 are the most
    ");
}

#[test]
fn relations_and_labels_are_there_once() {
    let mut draft = plan("a, b <- a a, c <- b a");
    draft.labels = vec!["sprint".into(), " ".into()];
    draft.tickets[0].labels = vec!["ui".into(), "Sprint".into(), " ui ".into()];
    let checked = draft.check().unwrap();
    let relations = checked.relations().into_iter();
    let relations: Vec<_> = relations.map(|(a, b)| format!("{a} {b}")).collect();
    assert_eq!(relations, ["b a", "c b", "c a"]);
    let first = &checked.plan().tickets[0];
    assert_eq!(checked.labels(first), ["sprint", "ui"]);
}

#[test]
fn a_written_plan_reads_back() {
    let text = r#"{"problem":"p","tickets":[{"key":"a","title":"t","parent":"b"}]}"#;
    let read: PlanDraft = serde_json::from_str(text).unwrap();
    assert_eq!(read.tickets[0].parent, Some(key("b")));
    let again = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<PlanDraft>(&again).unwrap(), read);
    let bad = text.replace("\"a\"", "\"../a\"");
    assert!(serde_json::from_str::<PlanDraft>(&bad).is_err());
}
