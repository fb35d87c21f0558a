use super::*;

/// `a b<-a c<-a,b!write` as a graph.
pub(in crate::phases) fn nodes(text: &str) -> Vec<Node> {
    let node = |word: &str| {
        let (word, class) = word.split_once('!').unwrap_or((word, "read"));
        let (name, parents) = word.split_once("<-").unwrap_or((word, ""));
        let parents = parents.split(',').filter(|parent| !parent.is_empty());
        Node {
            name: PhaseName::new(name).unwrap(),
            depends_on: parents
                .map(|parent| PhaseName::new(parent).unwrap())
                .collect(),
            concurrency: match class {
                "read" => Concurrency::Read,
                "write" => Concurrency::Write,
                _ => Concurrency::Exclusive,
            },
            artifact: ArtifactRule::Optional,
            priority: 0,
        }
    };
    text.split_whitespace().map(node).collect()
}

fn names(phases: &[PhaseName]) -> String {
    let names: Vec<_> = phases.iter().map(PhaseName::as_str).collect();
    names.join(" ")
}

#[test]
fn the_default_graph_is_the_one_of_the_seed() {
    let graph = PhaseGraph::default();
    let lines = graph.nodes().iter().map(|node| {
        let class = node.concurrency.name();
        format!("{} ({class}) <- {}\n", node.name, names(&node.depends_on))
    });
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
think (read) <- 
plan (read) <- think
build (write) <- plan
review (read) <- build
qa (read) <- build
security (read) <- build
ship (exclusive) <- review qa security
"#);
    assert!(graph.warnings().is_empty());
    assert_eq!(names(&graph.required_before_ship()), "review qa security");
    assert_eq!(
        names(&graph.ancestors(&graph.nodes()[3].name)),
        "think plan build"
    );
    assert_eq!(
        names(&graph.descendants(&graph.nodes()[2].name)),
        "review qa security ship"
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = r#"[
        {"name": "a", "depends_on": ["c", "nowhere"]},
        {"name": "b", "depends_on": ["a"]},
        {"name": "c", "depends_on": ["b"]},
        {"name": "x", "depends_on": ["x"]},
        {"name": "d", "depends_on": []},
        {"name": "d", "depends_on": ["a"]},
        {"name": "ship", "depends_on": ["d"], "concurrency": "read"}
    ]"#;
    insta::assert_snapshot!(from_text(text).unwrap_err(), @r#"
phase d is declared more than once; keep one of them
a depends on nowhere, which is not in the graph; add it, or remove it from depends_on
ship is always exclusive, and cannot be declared read; use another name for another phase
a → c → b → a wait for each other; remove one of these dependencies
x → x wait for each other; remove one of these dependencies
"#);
}

#[test]
fn what_cannot_be_read_is_told_phase_by_phase() {
    let text = r#"[
        {"name": "../../x", "depends_on": ["-rf"]},
        {"name": "a"},
        {"name": 7, "depends_on": []},
        {"name": "b", "depends_on": "a"},
        "c"
    ]"#;
    insta::assert_snapshot!(from_text(text).unwrap_err(), @r#"
phase name "../../x" must start with a lower-case letter; rename the phase
phase name "-rf" must start with a lower-case letter; rename the phase
phase number 2 cannot be read: missing field `depends_on`
phase number 3 cannot be read: invalid type: integer `7`, expected a string
phase number 4 cannot be read: invalid type: string "a", expected a sequence
phase number 5 cannot be read: invalid type: string "c", expected an object with name and depends_on
"#);
    for text in ["[", "{}", "[1,", r#"{"phase_graph": 1}"#] {
        let faults = from_text(text).unwrap_err();
        assert!(
            matches!(faults.all(), [GraphFault::Unreadable { .. }]),
            "{text}: {faults}"
        );
    }
    let large = format!("[{}]", " ".repeat(1 << 20));
    insta::assert_snapshot!(from_text(&large).unwrap_err(), @r#"the graph cannot be read: it is larger than 1024 KiB; write a JSON array of {"name", "depends_on"}"#);
}

#[test]
fn a_graph_has_at_least_one_and_at_most_256_phases() {
    assert_eq!(from_text("[]").unwrap_err().all(), [GraphFault::Empty]);
    assert_eq!(from_text("").unwrap_err().all(), [GraphFault::Empty]);
    let many = |count: usize| {
        let words: Vec<_> = (0..count).map(|number| format!("p{number}")).collect();
        nodes(&words.join(" "))
    };
    assert!(PhaseGraph::new(many(256)).is_ok());
    let refused = PhaseGraph::new(many(257)).unwrap_err();
    insta::assert_snapshot!(refused, @"the graph has 257 phases, and 256 are allowed; split it into several sprints");
    assert!(PhaseGraph::generated(many(1000)).is_ok());
    assert!(PhaseGraph::generated(many(4097)).is_err());
}

#[test]
fn a_list_of_names_keeps_the_order_of_the_default_graph() {
    for (text, expected) in [
        (
            "build, review,qa,ship",
            "build<- review<-build qa<-build ship<-review,qa,build",
        ),
        ("plan,ship", "plan<- ship<-plan"),
        ("qa,review", "review<- qa<-"),
    ] {
        let graph = from_text(text).unwrap().graph;
        let words = graph.nodes().iter().map(|node| {
            format!(
                "{}<-{}",
                node.name,
                names(&node.depends_on).replace(' ', ",")
            )
        });
        assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
    insta::assert_snapshot!(from_text("qa,qa,audit,../x").unwrap_err(), @r#"
phase qa is declared more than once; keep one of them
audit is not one of think, plan, build, review, qa, security, ship; describe phases of your own in JSON
phase name "../x" must start with a lower-case letter; rename the phase
"#);
}

#[test]
fn a_stack_brings_its_phases_and_what_its_skills_say_about_them() {
    let text = r#"{
        "schema_version": "1", "kind": "stack", "name": "compliance",
        "skills": [{"name": "license-audit", "path": "x", "concurrency": "read", "depends_on": ["build"]}],
        "phase_graph": [
            {"name": "build", "depends_on": []},
            {"name": "license-audit", "depends_on": ["build"]},
            {"name": "docs", "depends_on": ["build"], "concurrency": "parallel", "artifact": "none"},
            {"name": "lint", "depends_on": ["build"], "priority": 1},
            {"name": "ship", "depends_on": ["license-audit", "docs"]}
        ]
    }"#;
    let parsed = from_text(text).unwrap();
    let classes = parsed
        .graph
        .nodes()
        .iter()
        .map(|node| node.concurrency.name());
    assert_eq!(
        classes.collect::<Vec<_>>(),
        ["write", "read", "write", "write", "exclusive"]
    );
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r#"
docs has the unknown concurrency "parallel", so it runs alone, as a phase that writes
lint says no concurrency, so it runs alone, as a phase that writes
ship does not wait for lint
"#);
}

#[test]
fn without_ship_its_signatures_are_still_asked_for() {
    let graph = PhaseGraph::new(nodes("build!write review qa docs")).unwrap();
    assert_eq!(names(&graph.required_before_ship()), "review qa");
    assert_eq!(graph.warnings(), [GraphWarning::NoShip]);
}

#[test]
fn a_graph_read_back_is_checked_as_any_other() {
    let graph = PhaseGraph::default();
    let json = serde_json::to_string(&graph).unwrap();
    assert_eq!(serde_json::from_str::<PhaseGraph>(&json).unwrap(), graph);
    let circle = json.replacen("\"depends_on\":[]", "\"depends_on\":[\"ship\"]", 1);
    let error = serde_json::from_str::<PhaseGraph>(&circle)
        .unwrap_err()
        .to_string();
    assert!(error.contains("wait for each other"), "{error}");
}

#[test]
fn each_cycle_is_a_chain_that_really_is_one() {
    let graph = nodes("a<-b b<-c c<-a,d d<-d e<-a f");
    let faults = PhaseGraph::new(graph.clone()).unwrap_err();
    assert_eq!(faults.all().len(), 2);
    for fault in faults.all() {
        let GraphFault::Cycle(chain) = fault else {
            panic!("{fault}")
        };
        assert_eq!(chain.first(), chain.last());
        for pair in chain.windows(2) {
            let node = graph.iter().find(|node| node.name == pair[0]).unwrap();
            assert!(node.depends_on.contains(&pair[1]), "{fault}");
        }
    }
}
