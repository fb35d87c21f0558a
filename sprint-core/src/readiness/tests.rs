//! Every code of the catalogue is found by a smallest change of a plan that is ready.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::command::CheckKind;
use crate::domain::hints;
use crate::domain::learning::FailurePattern;
use crate::domain::path::RepoPath;
use crate::domain::statement;
use crate::domain::ticket::TicketStatus;
use crate::id::{BranchName, CommitId, TicketId};
use crate::report::readiness as text;
use crate::testing::fixture;

fn id(text: &str) -> TicketId {
    TicketId::new(text).unwrap()
}

fn path(text: &str) -> RepoPath {
    RepoPath::from(text)
}

fn paths(text: &str) -> BTreeSet<RepoPath> {
    text.split_whitespace().map(RepoPath::from).collect()
}

fn commit(digit: char) -> CommitId {
    CommitId::new(digit.to_string().repeat(40)).unwrap()
}

const HINTS: &str = r#"{
    "problem_id": "login", "generated_at": "2026-01-02T03:04:05Z",
    "plan_commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "plan_doc": "docs/plan.md",
    "coordination_mode_recommendation": "subagents", "total_tickets": 2, "total_edge_cases": 5,
    "tickets": {
        "E-1": {"title": "Store sessions", "complexity": "S", "dependencies": [],
                "files_to_create": ["src/store.ts"], "files_to_modify": ["src/app.ts"],
                "edge_case_count": 2, "wave": 1},
        "E-2": {"title": "Log in", "complexity": "S", "dependencies": ["E-1"],
                "files_to_create": [], "files_to_modify": ["src/login.ts"],
                "edge_case_count": 3, "wave": 2}
    }
}"#;

fn planned(hints: &str) -> Planned {
    let hints = Some(hints::parse(hints.as_bytes()));
    Planned::choose(hints, &[], "").unwrap()
}

fn tracked(title: &str, blocked_by: &[&str]) -> TrackedTicket {
    TrackedTicket {
        title: Some(title.into()),
        body: format!("{title}, so that people stay signed in."),
        status: TicketStatus::Todo,
        blocked_by: blocked_by.iter().map(|text| id(text)).collect(),
        wanted: true,
    }
}

/// A plan that nothing stands in the way of.
fn facts() -> Facts {
    let tickets = [
        (id("E-1"), tracked("Store sessions", &[])),
        (id("E-2"), tracked("Log in", &["E-1"])),
    ];
    let (statement, warnings) = statement::parse(
        "# Login\nschema_version: 2\nproblem_id: login\n## Problem\nx\n## Definition of Done\n\
         ### User Journey\n1. sign in\n### Success Criteria\n- [ ] People stay signed in\n\
         ### Implied Features\n- sign out\n## Testing Strategy\n### Level: Standard\n",
    );
    Facts {
        problem: ProblemId::new("login").unwrap(),
        at: Timestamp::from_millis(1_767_323_045_000),
        planned: planned(HINTS),
        config: ConfigFacts::Read(Box::new(fixture::config())),
        repository: RepositoryFacts {
            base: BranchName::new("main").unwrap(),
            base_head: commit('b'),
            head: commit('b'),
            branch: Some("main".into()),
            dirty: Vec::new(),
            plan: PlanCommit::Known {
                commit: commit('a'),
                part_of_base: true,
                counted: Vec::new(),
                passed_over: 0,
                changed: BTreeSet::new(),
            },
            present: paths("src/app.ts src/login.ts"),
            worktrees: Vec::new(),
            worktrees_ignored: true,
        },
        tracker: TrackerFacts::Up {
            tickets: tickets.into(),
            malformed: Vec::new(),
        },
        importers: BTreeMap::new(),
        commands: Vec::new(),
        browser_tool: Some("agent-browser".into()),
        sprints: Vec::new(),
        patterns: Vec::new(),
        statement: Some(StatementFacts {
            statement,
            warnings,
            commits_since: None,
        }),
        legacy: Vec::new(),
    }
}

/// What is found when a plan that is ready is changed in one way.
fn found(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = facts();
    change(&mut facts);
    let report = assess(&facts);
    let line = |finding: &Finding| {
        let names = finding.tickets.iter().map(|id| id.as_str());
        let names: Vec<_> = names
            .chain(finding.files.iter().map(RepoPath::as_str))
            .collect();
        let about = names.join(" ");
        format!(
            "{} {} [{about}] {}",
            finding.severity, finding.code, finding.what
        )
    };
    report.findings.iter().map(line).collect()
}

fn on_tracker(facts: &mut Facts) -> &mut BTreeMap<TicketId, TrackedTicket> {
    match &mut facts.tracker {
        TrackerFacts::Up { tickets, .. } => tickets,
        TrackerFacts::Down(_) => panic!("it is up"),
    }
}

fn ticket<'a>(facts: &'a mut Facts, name: &str) -> &'a mut PlannedTicket {
    facts.planned.tickets.get_mut(&id(name)).unwrap()
}

fn with_plan(counted: usize, part_of_base: bool, changed: &str) -> PlanCommit {
    PlanCommit::Known {
        commit: commit('a'),
        part_of_base,
        counted: vec![commit('c'); counted],
        passed_over: 1,
        changed: paths(changed),
    }
}

fn sprint(problem: &str, complete: bool, tickets: &[&str]) -> SprintFacts {
    SprintFacts {
        problem: ProblemId::new(problem).unwrap(),
        phase: if complete {
            "complete"
        } else {
            "3-verification"
        }
        .into(),
        complete,
        finished: 1,
        total: tickets.len(),
        tickets: tickets.iter().map(|text| id(text)).collect(),
    }
}

fn missing_command(facts: &mut Facts, check: CheckKind) {
    facts.commands.push(CommandFacts {
        check,
        line: "npm run it".into(),
        missing: Some("package.json has no script it".into()),
    });
}

fn e2e(facts: &mut Facts, command: &str) {
    let ConfigFacts::Read(config) = &mut facts.config else {
        panic!("it is read");
    };
    config.other.e2e_cmd = Some(command.into());
    facts.browser_tool = None;
}

/// A finding, and a change that leads to it.
type Case = (Code, fn(&mut Facts));

/// The smallest change that leads to each finding.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    vec![
        (Code::HintsField, |f| {
            f.planned = planned(&HINTS.replace("generated_at", "made_at"));
        }),
        (Code::HintsField, |f| {
            f.planned = planned(&HINTS.replace("plan_doc", "document"));
        }),
        (Code::TicketField, |f| {
            f.planned = planned(&HINTS.replacen("\"complexity\": \"S\"", "\"complexity\": 3", 1));
        }),
        (Code::TicketField, |f| {
            f.planned = planned(&HINTS.replace(", \"wave\": 1", ""));
        }),
        (Code::Count, |f| f.planned.total_edge_cases = Some(6)),
        (Code::StaleSlight, |f| {
            f.repository.plan = with_plan(1, true, "");
        }),
        (Code::StaleSlight, |f| {
            f.repository.plan = with_plan(5, true, "");
        }),
        (Code::Stale, |f| f.repository.plan = with_plan(6, true, "")),
        (Code::Stale, |f| f.repository.plan = with_plan(11, true, "")),
        (Code::PlanUnknown, |f| {
            f.repository.plan = PlanCommit::Unknown("abcd".into());
        }),
        (Code::PlanDiverged, |f| {
            f.repository.plan = with_plan(0, false, "");
        }),
        (Code::FileChanged, |f| {
            f.repository.plan = with_plan(0, true, "src/app.ts src/other.ts");
        }),
        (Code::TrackerDown, |f| {
            f.tracker = TrackerFacts::Down("failed to list: no such host".into());
        }),
        (Code::TicketMissing, |f| {
            drop(on_tracker(f).remove(&id("E-2")));
        }),
        (Code::TitleDrift, |f| {
            on_tracker(f).get_mut(&id("E-2")).unwrap().title = Some("Delete it".into());
        }),
        (Code::TicketDone, |f| {
            on_tracker(f).get_mut(&id("E-2")).unwrap().status = TicketStatus::Done;
        }),
        (Code::TicketCancelled, |f| {
            on_tracker(f).get_mut(&id("E-2")).unwrap().status = TicketStatus::Cancelled;
        }),
        (Code::TicketOwned, |f| {
            f.sprints = vec![
                sprint("login", true, &["E-1"]),
                sprint("other", false, &["E-1", "E-9"]),
            ];
        }),
        (Code::Orphan, |f| {
            on_tracker(f).insert(id("E-3"), tracked("Log out", &[]));
        }),
        (Code::DepMismatch, |f| {
            on_tracker(f).get_mut(&id("E-2")).unwrap().blocked_by = Vec::new();
        }),
        (Code::DepExtra, |f| {
            on_tracker(f).get_mut(&id("E-1")).unwrap().blocked_by = vec![id("E-9")];
        }),
        (Code::DepNotInHints, |f| {
            ticket(f, "E-1").dependencies.insert(id("E-3"));
            on_tracker(f).get_mut(&id("E-1")).unwrap().blocked_by = vec![id("E-3")];
            let over = TrackedTicket {
                wanted: false,
                ..tracked("Before", &[])
            };
            on_tracker(f).insert(id("E-3"), over);
        }),
        (Code::DepNotOnTracker, |f| {
            ticket(f, "E-1").dependencies.insert(id("E-3"));
        }),
        (Code::DepWave, |f| ticket(f, "E-1").wave = Some(2)),
        (Code::Cycle, |f| {
            ticket(f, "E-1").dependencies.insert(id("E-2"));
        }),
        (Code::WaveMismatch, |f| ticket(f, "E-2").wave = Some(3)),
        (Code::ConflictCreate, |f| {
            ticket(f, "E-2").creates.insert(path("src/store.ts"));
        }),
        (Code::ConflictSameWave, |f| {
            ticket(f, "E-2").modifies.insert(path("src/app.ts"));
            ticket(f, "E-2").dependencies.clear();
        }),
        (Code::ConflictCrossWave, |f| {
            ticket(f, "E-2").modifies.insert(path("src/app.ts"));
        }),
        (Code::ConflictCreateModify, |f| {
            ticket(f, "E-2").modifies.insert(path("src/store.ts"));
        }),
        (Code::ModifyMissing, |f| {
            ticket(f, "E-2").modifies.insert(path("src/gone.ts"));
        }),
        (Code::CreateExists, |f| {
            f.repository.present.insert(path("src/store.ts"));
        }),
        (Code::GhostDep, |f| {
            let importers = paths("src/login.ts src/main.ts src/app.test.ts");
            f.importers.insert(path("src/app.ts"), importers);
        }),
        (Code::GhostDep, |f| {
            let many = (10..22).map(|n| path(&format!("src/{n}.ts"))).collect();
            f.importers.insert(path("src/app.ts"), many);
        }),
        (Code::Dirty, |f| {
            f.repository.dirty = vec![path("a"), path("b")];
        }),
        (Code::WorktreeNotIgnored, |f| {
            f.repository.worktrees_ignored = false;
        }),
        (Code::CmdMissing, |f| missing_command(f, CheckKind::Build)),
        (Code::CmdMissing, |f| missing_command(f, CheckKind::Lint)),
        (Code::ConfigMissing, |f| f.config = ConfigFacts::Missing),
        (Code::ConfigInvalid, |f| {
            f.config = ConfigFacts::Invalid("line 3: unknown".into());
        }),
        (Code::E2eMissing, |f| e2e(f, "agent-browser")),
        (Code::E2eMissingDisabled, |f| e2e(f, "None")),
        (Code::StaleWorktrees, |f| {
            f.repository.worktrees = vec!["E-7".into()];
        }),
        (Code::StateInterrupted, |f| {
            f.sprints = vec![sprint("login", false, &["E-1", "E-2"])];
            // Its own worktrees are no leftovers.
            f.repository.worktrees = vec!["E-1".into()];
        }),
        (Code::StateComplete, |f| {
            f.sprints = vec![sprint("login", true, &["E-1"])];
        }),
        (Code::FailurePattern, |f| {
            f.patterns = ["src/app", "src/appendix"]
                .map(|module| FailurePattern {
                    error_type: "type_error".into(),
                    module: module.into(),
                    pattern: "no such field".into(),
                    resolution: "regenerate".into(),
                    frequency: 3,
                    ..FailurePattern::default()
                })
                .to_vec();
        }),
        (Code::Uncovered, |f| {
            let known = f.statement.as_mut().unwrap();
            known.statement.criteria[0].text = "Invoices show discounts".into();
        }),
        (Code::StatementStale, |f| {
            let known = f.statement.as_mut().unwrap();
            known.statement.generated_commit = Some("abcd1234".parse().unwrap());
        }),
        (Code::StatementStale, |f| {
            let known = f.statement.as_mut().unwrap();
            known.warnings = vec![statement::StatementWarning::OldSchema(Some(1))];
        }),
        (Code::LegacyLayout, |f| {
            f.legacy = vec!["sprint-hints.json".into()];
        }),
        (Code::ZeroTickets, |f| {
            f.planned.tickets.clear();
            f.planned.total_tickets = None;
            f.planned.total_edge_cases = None;
            on_tracker(f).clear();
            f.statement = None;
        }),
    ]
}

#[test]
fn a_plan_that_fits_has_no_findings() {
    assert_eq!(found(|_| {}), [""; 0]);
}

#[test]
fn the_smallest_change_leads_to_each_finding() {
    let mut table = Vec::new();
    let mut seen = BTreeSet::new();
    for (code, change) in cases() {
        let lines = found(change);
        assert!(
            lines.iter().any(|line| line.contains(code.name())),
            "{code} is found: {lines:?}"
        );
        seen.insert(code);
        table.push(lines.join("\n"));
    }
    let fatal = |code: &&Code| code.severity() == Severity::Fatal;
    let unseen: Vec<_> = Code::ALL
        .iter()
        .filter(|code| !seen.contains(code) && !fatal(code))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?} are found by no case");
    insta::assert_snapshot!(table.join("\n\n"));
}

#[test]
fn the_catalogue_says_what_to_do_about_everything() {
    let rows = Code::ALL.iter().map(|code| {
        format!(
            "{:26} {:8} {} → {}",
            code,
            code.severity(),
            code.condition(),
            code.action()
        )
    });
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"));
}

#[test]
fn without_hints_the_tickets_are_the_plan_and_without_both_there_is_none() {
    let mut tickets = fixture::tickets("E-1, E-2 <- E-1");
    tickets[0].body = "## Files to Create\n- `a.rs`\n## Files to Modify\n- `b.rs`\n\
        ## Edge Cases\n- [ ] `f`: empty → expected: none\n"
        .into();
    let made = Planned::choose(None, &tickets, "").unwrap();
    assert_eq!(made.source, Source::Tickets);
    let first = &made.tickets[&id("E-1")];
    assert_eq!(
        (&first.creates, &first.modifies),
        (&paths("a.rs"), &paths("b.rs"))
    );
    assert_eq!((first.edge_cases, first.wave), (1, None));
    assert_eq!(made.tickets[&id("E-2")].dependencies, [id("E-1")].into());

    let stop = |hints| Planned::choose(hints, &[], "the folder is empty").unwrap_err();
    let fatal = [
        stop(None),
        stop(Some(hints::parse(b"{"))),
        stop(Some(hints::parse(b"[]"))),
    ];
    let lines = fatal.map(|finding| {
        assert_eq!(finding.severity, Severity::Fatal);
        text::finding(&finding)
    });
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_done_outside_of_a_plan_made_of_tickets_holds_nobody_up() {
    let tickets = fixture::tickets("E-2 <- E-1");
    for status in [
        TicketStatus::Todo,
        TicketStatus::InProgress,
        TicketStatus::Done,
        TicketStatus::Cancelled,
    ] {
        let lines = found(|f| {
            f.planned = Planned::choose(None, &tickets, "").unwrap();
            f.repository.plan = PlanCommit::Current;
            f.statement = None;
            let before = TrackedTicket {
                status,
                wanted: false,
                ..tracked("Store sessions", &[])
            };
            on_tracker(f).insert(id("E-1"), before);
            on_tracker(f).get_mut(&id("E-2")).unwrap().title = Some(tickets[0].title.clone());
        });
        let held = lines
            .iter()
            .any(|line| line.contains("DR-DEP-NOT-IN-HINTS"));
        let open = matches!(status, TicketStatus::Todo | TicketStatus::InProgress);
        assert_eq!(held, open, "{status}: {lines:?}");
    }
}

#[test]
fn every_pair_of_roles_and_waves_has_a_level() {
    let roles = [Role::Creates, Role::Modifies];
    let mut table = Vec::new();
    for a in roles {
        for b in roles {
            let levels = [(1, 1), (1, 2), (2, 1)].map(|(first, second)| {
                let level = Level::of((a, first), (b, second));
                assert_eq!(level, Level::of((b, second), (a, first)), "it is symmetric");
                format!("{:8}", level.name())
            });
            let line = format!("{:8} {:8} | {}", a.name(), b.name(), levels.join(" "));
            table.push(line.trim_end().to_owned());
        }
    }
    // Same wave, the first before the second, the second before the first.
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn the_verdict_follows_from_counting() {
    let mut table = Vec::new();
    for critical in 0..=1 {
        for high in 0..=3 {
            let mut findings = vec![Finding::new(Code::Cycle, ""); critical];
            findings.extend(vec![Finding::new(Code::Stale, ""); high]);
            findings.extend(vec![Finding::new(Code::Dirty, ""); 9]);
            findings.extend(vec![Finding::new(Code::Orphan, ""); 9]);
            let verdict = Verdict::of(&findings);
            let exit = verdict.exit_code();
            table.push(format!(
                "{critical} CRITICAL {high} HIGH: {}, exit {exit}",
                verdict.name()
            ));
        }
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn titles_differ_by_characters_and_not_by_spaces_or_case() {
    let same = |a, b| !reconciliation::drift(a, b).1;
    assert!(same("Add  Login ", "add login"));
    assert!(same("", ""));
    assert!(same("abcdefghij", "abcdefgxyz"), "3 of 10");
    assert!(!same("abcdefghij", "abcdefwxyz"), "4 of 10");
    assert!(same("Größe", "größe"));
    assert!(!same("", "a"));
}

#[test]
fn cycles_are_found_one_by_one_and_do_not_keep_others_from_their_waves() {
    let mut facts = facts();
    ticket(&mut facts, "E-1").dependencies.insert(id("E-2"));
    let after = PlannedTicket {
        dependencies: [id("E-2")].into(),
        ..PlannedTicket::default()
    };
    facts.planned.tickets.insert(id("E-3"), after);
    let own = PlannedTicket {
        dependencies: [id("E-4")].into(),
        ..PlannedTicket::default()
    };
    facts.planned.tickets.insert(id("E-4"), own);
    let schedule = schedule::Schedule::new(&facts.planned);
    let chains: Vec<_> = schedule.cycles.iter().map(ToString::to_string).collect();
    assert_eq!(chains, ["E-1 → E-2 → E-1", "E-4 → E-4"]);
    assert_eq!(schedule.wave(&id("E-3")), 2);
}

#[test]
fn the_report_is_five_sections_findings_a_verdict_and_what_to_do() {
    let mut facts = facts();
    insta::assert_snapshot!("report_ready", text::readiness(&assess(&facts)));
    ticket(&mut facts, "E-2")
        .modifies
        .insert(path("src/app.ts"));
    ticket(&mut facts, "E-2").dependencies.clear();
    facts
        .importers
        .insert(path("src/app.ts"), paths("src/main.ts tests/app.test.ts"));
    facts.repository.plan = with_plan(2, true, "");
    on_tracker(&mut facts).get_mut(&id("E-2")).unwrap().title = Some("Log\u{1b}[31min".into());
    on_tracker(&mut facts).insert(id("E-3"), tracked("Log out", &[]));
    let report = assess(&facts);
    insta::assert_snapshot!("report_with_warnings", text::readiness(&report));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "READY_WITH_WARNINGS");
    assert_eq!(json["conflicts"]["rows"][0]["level"], "HIGH");
    facts.tracker = TrackerFacts::Down("failed to list tickets".into());
    facts.statement = None;
    insta::assert_snapshot!("report_not_ready", text::readiness(&assess(&facts)));
}
