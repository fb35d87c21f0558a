//! Each step with everything that can be found, and the whole list.

use crate::domain::config::CoordinationMode;
use crate::domain::hints;
use crate::domain::learning::FailurePattern;
use crate::domain::statement;
use crate::domain::ticket::{Size, TicketStatus};
use crate::id::{BranchName, CommitId, ProblemId, TicketId};
use crate::preflight::coordination::{Shape, recommend};
use crate::preflight::facts::{
    Age, BranchFacts, Commit, Confirmed, ContextBudget, E2eFacts, E2eTool, Facts, Reading,
    TrackerFacts,
};
use crate::preflight::{Outcome, Step, check};
use crate::testing::fixture;

fn facts() -> Facts {
    let head = CommitId::new("1".repeat(40)).unwrap();
    Facts {
        problem: ProblemId::default(),
        found_by: "the only one there is".into(),
        problem_warnings: Vec::new(),
        interrupted: None,
        context: None,
        branch: BranchFacts {
            base: BranchName::new("main").unwrap(),
            head: head.clone(),
            confirmed: Confirmed::ByConfiguration,
            current: Some("main".into()),
            recent: vec![Commit {
                id: head,
                subject: "Start \u{1b}[31mred".into(),
            }],
            upstream: Some(("origin/main".into(), 0)),
        },
        tracker: Ok(TrackerFacts {
            name: "tickets".into(),
            tickets: fixture::tickets("A, B <- A"),
            owned: [].into(),
            malformed: Vec::new(),
        }),
        dirty: None,
        repository: Vec::new(),
        not_ignored: Vec::new(),
        patterns: Reading::Absent,
        statement: Reading::Absent,
        hints: Reading::Absent,
        e2e: E2eFacts {
            enabled: false,
            skip: false,
            tool: None,
        },
        mode: None,
        teams: true,
        permissions: "manual".into(),
    }
}

/// A change of the facts, and its name.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Facts));

/// What one step says to each of these changes of the facts.
fn table(step: Step, cases: &[Case<'_>]) -> String {
    let say = |(name, change): &Case<'_>| {
        let mut facts = facts();
        change(&mut facts);
        let list = check(&facts);
        let checked = list.steps.into_iter().find(|checked| checked.step == step);
        let said = match checked.unwrap().outcome {
            Outcome::Ok { found } => format!("ok: {found}"),
            Outcome::Warning { found, warnings } => {
                format!("warning: {found}\n    ! {}", warnings.join("\n    ! "))
            }
            Outcome::Failed { reason, next } => format!("failed: {reason}\n    next: {next}"),
            Outcome::Skipped { reason } => format!("skipped: {reason}"),
        };
        format!("{name}: {said}")
    };
    cases.iter().map(say).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sprint_with_nothing_but_tickets_is_ready() {
    let list = check(&facts());
    assert!(list.is_ready());
    let steps: Vec<_> = list.steps.iter().map(|checked| checked.step).collect();
    assert_eq!(steps, Step::ALL);
    insta::assert_snapshot!(list.text(), @r#"
-       context     not reported, so it counts as healthy
ok      problem     default (the only one there is)
ok      branch      main (as configured)
                    1111111111 Start \x1b[31mred
ok      tracker     tickets: 2 tickets to be done, the first is A "make A" (Todo)
ok      checkout    nothing in the way
ok      ignored     git ignores what sprints write
-       failures    none are recorded
-       statement   there is none
-       browser     switched off by the configuration
-       hints       no plan left any
ok      agents      teams: context and worker side by side (the default)
ok      permission  manual
-       safety tag  the sprint sets it before it changes anything
-       gate        the sprint runs it on base before any ticket

ready to start
"#);
    insta::assert_snapshot!(serde_json::to_string(&list.steps[0]).unwrap(), @r#"{"step":"context","outcome":"skipped","reason":"not reported, so it counts as healthy"}"#);
}

#[test]
fn after_a_failure_nothing_else_is_judged() {
    let mut facts = facts();
    facts.tracker = Err("no answer".into());
    facts.branch.current = Some("topic".into());
    facts.e2e.enabled = true;
    let list = check(&facts);
    assert_eq!(list.failed().unwrap().0, Step::Tracker);
    assert_eq!(list.warnings().count(), 1);
    insta::assert_snapshot!(list.text(), @r#"
-       context     not reported, so it counts as healthy
ok      problem     default (the only one there is)
warn    branch      main (as configured)
                    1111111111 Start \x1b[31mred
                    ! topic is checked out, not main
FAILED  tracker     no answer
-       checkout    the step "tracker" failed
-       ignored     the step "tracker" failed
-       failures    the step "tracker" failed
-       statement   the step "tracker" failed
-       browser     the step "tracker" failed
-       hints       the step "tracker" failed
-       agents      the step "tracker" failed
-       permission  the step "tracker" failed
-       safety tag  the step "tracker" failed
-       gate        the step "tracker" failed

not ready: check the address, the credentials and the filter, then try again
"#);
}

#[test]
fn context_that_nobody_reports_is_healthy() {
    let budget =
        |used, limit| move |facts: &mut Facts| facts.context = Some(ContextBudget { used, limit });
    insta::assert_snapshot!(table(Step::Context, &[
        ("unknown", &|_| {}),
        ("60 % free", &budget(40, 100)),
        ("just below", &budget(401, 1000)),
        ("overdrawn", &budget(300, 200)),
        ("none at all", &budget(0, 0)),
    ]), @r#"
unknown: skipped: not reported, so it counts as healthy
60 % free: ok: 60 % of 100 tokens are free
just below: warning: 59 % of 1000 tokens are free
    ! less than 60 % are free: compact the session before a long sprint, or watch it
overdrawn: warning: 0 % of 200 tokens are free
    ! less than 60 % are free: compact the session before a long sprint, or watch it
none at all: warning: 0 % of 0 tokens are free
    ! less than 60 % are free: compact the session before a long sprint, or watch it
"#);
}

#[test]
fn an_unfinished_sprint_is_not_forgotten() {
    insta::assert_snapshot!(table(Step::Problem, &[
        ("found", &|_| {}),
        ("with a warning", &|f| f.problem_warnings.push("the marker is empty".into())),
        ("interrupted", &|f| f.interrupted = Some("sprint-1, 4-merge, 2/3 complete".into())),
    ]), @r#"
found: ok: default (the only one there is)
with a warning: warning: default (the only one there is)
    ! the marker is empty
interrupted: failed: default: a sprint is not complete: sprint-1, 4-merge, 2/3 complete
    next: go on with it, or say that it may be set aside (--discard)
"#);
}

#[test]
fn the_branch_is_shown_with_what_is_odd_about_it() {
    insta::assert_snapshot!(table(Step::Branch, &[
        ("confirmed", &|f| f.branch.confirmed = Confirmed::ByPerson),
        ("another one", &|f| f.branch.current = Some("top\nic".into())),
        ("none", &|f| f.branch.current = None),
        ("behind", &|f| f.branch.upstream = Some(("origin/main".into(), 3))),
        ("no upstream", &|f| f.branch.upstream = None),
    ]), @r#"
confirmed: ok: main (confirmed)
1111111111 Start \x1b[31mred
another one: warning: main (as configured)
1111111111 Start \x1b[31mred
    ! top\x0aic is checked out, not main
none: warning: main (as configured)
1111111111 Start \x1b[31mred
    ! no branch is checked out
behind: warning: main (as configured)
1111111111 Start \x1b[31mred
    ! origin/main is ahead of main by 3; pull first
no upstream: ok: main (as configured)
1111111111 Start \x1b[31mred
"#);
}

#[test]
fn the_tracker_has_to_answer_with_tickets_that_are_nobody_elses() {
    let tracker = |change: fn(&mut TrackerFacts)| {
        move |facts: &mut Facts| change(facts.tracker.as_mut().unwrap())
    };
    insta::assert_snapshot!(table(Step::Tracker, &[
        ("tickets", &|_| {}),
        ("no answer", &|f| f.tracker = Err("connection refused".into())),
        ("nothing matches", &tracker(|t| t.tickets.clear())),
        ("all done", &tracker(|t| {
            for ticket in &mut t.tickets {
                ticket.status = TicketStatus::Done;
            }
        })),
        ("owned", &tracker(|t| {
            t.owned.insert(TicketId::new("A").unwrap(), ProblemId::new("other").unwrap());
        })),
        ("malformed", &tracker(|t| t.malformed = vec!["C.md: no title".into(); 2])),
    ]), @r#"
tickets: ok: tickets: 2 tickets to be done, the first is A "make A" (Todo)
no answer: failed: connection refused
    next: check the address, the credentials and the filter, then try again
nothing matches: failed: tickets answers, and no ticket matches the filter that is to be done
    next: check the filter in the configuration, and the states and labels of the tickets
all done: failed: tickets answers, and no ticket matches the filter that is to be done
    next: check the filter in the configuration, and the states and labels of the tickets
owned: failed: unfinished sprints of other problems have A (other)
    next: finish those sprints, or give the tickets of each problem a label of their own
malformed: warning: tickets: 2 tickets to be done, the first is A "make A" (Todo)
    ! C.md: no title
    ! C.md: no title
"#);
}

#[test]
fn the_checkout_may_be_dirty_until_it_is_needed() {
    insta::assert_snapshot!(table(Step::Tree, &[
        ("clean", &|_| {}),
        ("dirty", &|f| f.dirty = Some("/repo is on main and has uncommitted changes".into())),
        ("odd", &|f| f.repository.push("the clone is shallow".into())),
    ]), @r#"
clean: ok: nothing in the way
dirty: warning: uncommitted changes are not part of the sprint, and have to be gone before it lands
    ! /repo is on main and has uncommitted changes
odd: warning: nothing in the way
    ! the clone is shallow
"#);
    insta::assert_snapshot!(table(Step::Ignore, &[
        ("all", &|_| {}),
        ("missing", &|f| f.not_ignored = vec![".claude/sprints/".into()]),
    ]), @r#"
all: ok: git ignores what sprints write
missing: ok: .claude/sprints/: the sprint adds them to .git/info/exclude, and to no tracked file
"#);
}

#[test]
fn files_that_people_write_never_stop_a_sprint() {
    let pattern = |frequency| FailurePattern {
        frequency,
        ..FailurePattern::default()
    };
    let faults = || (1..=7).map(|n| format!("pattern {n}: odd")).collect();
    insta::assert_snapshot!(table(Step::FailurePatterns, &[
        ("absent", &|_| {}),
        ("unreadable", &|f| f.patterns = Reading::Unreadable("is no JSON".into())),
        ("read", &|f| f.patterns = Reading::Read((vec![pattern(2), pattern(3)], vec![]))),
        ("odd", &|f| f.patterns = Reading::Read((vec![], faults()))),
    ]), @r#"
absent: skipped: none are recorded
unreadable: warning: not used
    ! failure-patterns.json: is no JSON
read: ok: 2 known, 1 of them frequent
odd: warning: 0 known, 0 of them frequent
    ! pattern 1: odd
    ! pattern 2: odd
    ! pattern 3: odd
    ! pattern 4: odd
    ! pattern 5: odd
    ! and 2 more
"#);
    let written = |text: &'static str, age| {
        move |facts: &mut Facts| {
            let (statement, warnings) = statement::parse(text);
            facts.statement = Reading::Read((statement, warnings, age));
        }
    };
    let whole = "schema_version: 2\nproblem_id: other\n## Problem\nx\n## User Journey\n1. a\n\
                 ## Success Criteria\n- [ ] b\n## Implied Features\n- c\n## Testing Strategy\nd\n";
    insta::assert_snapshot!(table(Step::Statement, &[
        ("absent", &|_| {}),
        ("unreadable", &|f| f.statement = Reading::Unreadable("is not UTF-8".into())),
        ("whole", &written(whole, Age::Ahead(0))),
        ("one behind", &written(whole, Age::Ahead(1))),
        ("behind", &written(whole, Age::Ahead(4))),
        ("elsewhere", &written(whole, Age::Diverged)),
        ("unknown", &written(whole, Age::Unknown)),
        ("empty", &written("", Age::Unnamed)),
    ]), @r#"
absent: skipped: there is none
unreadable: warning: not used
    ! problem-statement.md: is not UTF-8
whole: warning: criteria: 1, steps: 1, implied features: 1
    ! it says that it is about other
one behind: warning: criteria: 1, steps: 1, implied features: 1
    ! it says that it is about other
    ! it was written 1 commit before base
behind: warning: criteria: 1, steps: 1, implied features: 1
    ! it says that it is about other
    ! it was written 4 commits before base
elsewhere: warning: criteria: 1, steps: 1, implied features: 1
    ! it says that it is about other
    ! it was written on another line of history than base
unknown: warning: criteria: 1, steps: 1, implied features: 1
    ! it says that it is about other
    ! it was written on a commit that is not here
empty: warning: criteria: 0, steps: 0, implied features: 0
    ! schema_version is not named; 2 is current
    ! the section "Problem" is missing or empty
    ! the section "User Journey" is missing or empty
    ! the section "Success Criteria" is missing or empty
    ! the section "Implied Features" is missing or empty
    ! and 1 more
    ! on which commit it was written is not said
"#);
}

#[test]
fn browser_tests_are_never_left_out_silently() {
    let mut lines = Vec::new();
    for enabled in [false, true] {
        for skip in [false, true] {
            for tool in [None, Some(E2eTool::Npx), Some(E2eTool::Program)] {
                let set = move |facts: &mut Facts| {
                    facts.e2e = E2eFacts {
                        enabled,
                        skip,
                        tool,
                    };
                };
                let name = format!("enabled {enabled}, skip {skip}, tool {tool:?}");
                lines.push(table(Step::E2e, &[(&name, &set)]));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
enabled false, skip false, tool None: skipped: switched off by the configuration
enabled false, skip false, tool Some(Npx): skipped: switched off by the configuration
enabled false, skip false, tool Some(Program): skipped: switched off by the configuration
enabled false, skip true, tool None: skipped: switched off by the configuration
enabled false, skip true, tool Some(Npx): skipped: switched off by the configuration
enabled false, skip true, tool Some(Program): skipped: switched off by the configuration
enabled true, skip false, tool None: failed: the configuration has browser tests run, and agent-browser is not there, nor by npx
    next: install it (npm install -g agent-browser), or go without this once (--skip-e2e)
enabled true, skip false, tool Some(Npx): ok: npx agent-browser
enabled true, skip false, tool Some(Program): ok: agent-browser
enabled true, skip true, tool None: warning: skipped for this sprint
    ! you asked to go without browser tests this time (--skip-e2e)
enabled true, skip true, tool Some(Npx): warning: skipped for this sprint
    ! you asked to go without browser tests this time (--skip-e2e)
enabled true, skip true, tool Some(Program): warning: skipped for this sprint
    ! you asked to go without browser tests this time (--skip-e2e)
"#);
}

const HINTS: &str = r#"{"problem_id": "default", "plan_commit": "1111111", "total_tickets": 2,
    "coordination_mode_recommendation": "subagents", "tickets": {
    "A": {"title": "a", "complexity": "S", "dependencies": [], "files_to_create": [],
          "files_to_modify": ["x.rs"], "edge_case_count": 2},
    "C": {"title": "c", "complexity": "L", "dependencies": ["A"], "files_to_create": [],
          "files_to_modify": ["x.rs"], "edge_case_count": 3}}}"#;

fn hinted(text: &'static str, age: Age) -> impl Fn(&mut Facts) {
    move |facts: &mut Facts| {
        let (hints, faults) = hints::parse(text.as_bytes()).unwrap();
        facts.hints = Reading::Read((hints, faults, age));
    }
}

#[test]
fn hints_are_used_where_a_sprint_has_what_it_needs() {
    insta::assert_snapshot!(table(Step::Hints, &[
        ("absent", &|_| {}),
        ("unreadable", &|f| f.hints = Reading::Unreadable("not valid JSON".into())),
        ("whole", &hinted(HINTS, Age::Ahead(0))),
        ("stale", &hinted(HINTS, Age::Ahead(6))),
        ("empty", &hinted("{}", Age::Unnamed)),
    ]), @r#"
absent: skipped: no plan left any
unreadable: warning: not used
    ! sprint-hints.json: not valid JSON
whole: warning: planned: 2 tickets, edge cases: 5
    ! the plan has 2 tickets and the tracker 2: -C, +B
stale: warning: planned: 2 tickets, edge cases: 5
    ! they were made 6 commits before base
    ! the plan has 2 tickets and the tracker 2: -C, +B
empty: warning: ignored: a field that a sprint needs is missing or wrong
    ! plan_commit is missing
    ! coordination_mode_recommendation is missing
    ! total_tickets is missing
    ! tickets is missing
"#);
}

#[test]
fn the_mode_is_configured_or_recommended_or_the_default() {
    let mut lines = Vec::new();
    for configured in [
        None,
        Some(CoordinationMode::AgentTeams),
        Some(CoordinationMode::Subagents),
    ] {
        for planned in [false, true] {
            for teams in [false, true] {
                let set = move |facts: &mut Facts| {
                    if planned {
                        hinted(HINTS, Age::Ahead(0))(facts);
                    }
                    facts.mode = configured;
                    facts.teams = teams;
                };
                let name =
                    format!("configured {configured:?}, planned {planned}, possible {teams}");
                lines.push(table(Step::Coordination, &[(&name, &set)]));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
configured None, planned false, possible false: ok: subagents: the context agent first, then the worker
configured None, planned false, possible true: ok: teams: context and worker side by side (the default)
configured None, planned true, possible false: ok: subagents: the context agent first, then the worker (recommended by planning)
configured None, planned true, possible true: ok: subagents: the context agent first, then the worker (recommended by planning)
configured Some(AgentTeams), planned false, possible false: warning: subagents: the context agent first, then the worker
    ! agent-teams are configured, and these agents cannot work so
configured Some(AgentTeams), planned false, possible true: ok: teams: context and worker side by side (configured)
configured Some(AgentTeams), planned true, possible false: warning: subagents: the context agent first, then the worker
    ! agent-teams are configured, and these agents cannot work so
configured Some(AgentTeams), planned true, possible true: ok: teams: context and worker side by side (configured)
configured Some(Subagents), planned false, possible false: ok: subagents: the context agent first, then the worker (configured)
configured Some(Subagents), planned false, possible true: ok: subagents: the context agent first, then the worker (configured)
configured Some(Subagents), planned true, possible false: ok: subagents: the context agent first, then the worker (configured)
configured Some(Subagents), planned true, possible true: ok: subagents: the context agent first, then the worker (configured)
"#);
    let mut broken = facts();
    hinted(
        r#"{"coordination_mode_recommendation": "subagents"}"#,
        Age::Unnamed,
    )(&mut broken);
    assert_eq!(
        check(&broken).mode,
        CoordinationMode::AgentTeams,
        "broken hints recommend nothing"
    );
}

#[test]
fn the_recommendation_changes_at_its_limits() {
    type Change = (&'static str, fn(&mut Shape));
    let small = Shape {
        tickets: 3,
        small: 3,
        edge_cases: 14,
        ..Shape::default()
    };
    let mut lines = Vec::new();
    let changes: [Change; 11] = [
        ("small", |_| {}),
        ("four tickets", |s| (s.tickets, s.small) = (4, 4)),
        ("one depends", |s| s.dependent = 1),
        ("four depend", |s| s.dependent = 4),
        ("one medium", |s| s.small = 2),
        ("one large", |s| (s.small, s.large) = (2, 1)),
        ("two share", |s| s.sharing = 2),
        ("three share", |s| s.sharing = 3),
        ("15 edge cases", |s| s.edge_cases = 15),
        ("31 edge cases", |s| s.edge_cases = 31),
        ("nothing", |s| *s = Shape::default()),
    ];
    for (name, change) in changes {
        let mut shape = small;
        change(&mut shape);
        let found = recommend(&shape);
        lines.push(format!(
            "{name}: {:?}; for teams: {}; for subagents: {}",
            found.mode,
            found.teams.join(", "),
            found.subagents.join(", ")
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
small: Subagents; for teams: ; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
four tickets: AgentTeams; for teams: ; for subagents: no ticket depends on another, every ticket is small, there are fewer than 15 edge cases
one depends: AgentTeams; for teams: ; for subagents: every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
four depend: AgentTeams; for teams: more than 3 tickets depend on others; for subagents: every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
one medium: AgentTeams; for teams: ; for subagents: no ticket depends on another, there are at most 3 tickets, there are fewer than 15 edge cases
one large: AgentTeams; for teams: a ticket is large; for subagents: no ticket depends on another, there are at most 3 tickets, there are fewer than 15 edge cases
two share: Subagents; for teams: ; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
three share: AgentTeams; for teams: more than 2 tickets change files of each other; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
15 edge cases: AgentTeams; for teams: ; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets
31 edge cases: AgentTeams; for teams: there are more than 30 edge cases; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets
nothing: Subagents; for teams: ; for subagents: no ticket depends on another, every ticket is small, there are at most 3 tickets, there are fewer than 15 edge cases
"#);
}

#[test]
fn the_shape_of_hints_and_of_tickets_is_the_same() {
    let (planned, _) = hints::parse(HINTS.as_bytes()).unwrap();
    let expected = Shape {
        tickets: 2,
        dependent: 1,
        small: 1,
        large: 1,
        sharing: 2,
        edge_cases: 5,
    };
    assert_eq!(Shape::of_hints(&planned), expected);
    let mut tickets = fixture::tickets("A, C <- A");
    for (ticket, size, cases) in [(0, Size::S, 2), (1, Size::L, 3)] {
        tickets[ticket].size = size;
        let cases = "- [ ] `f`: x → expected: y\n".repeat(cases);
        tickets[ticket].body = format!("## Files to Modify\n- `src/x.rs`\n## Edge Cases\n{cases}");
    }
    assert_eq!(Shape::of_tickets(&tickets), expected);
}
