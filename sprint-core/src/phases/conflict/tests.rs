use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::detect::{Detected, detect};
use super::resolve::{Confirmation, Resolution, Rule, downgraded, resolve};
use super::rulebook::Rulebook;
use super::{Conflict, ConflictId, Outcome, Side, Source};
use crate::id::{FindingId, PhaseName, StanceName, TopicName};
use crate::phases::artifact::finding::{FindingRef, Severity};
use crate::phases::artifact::{Artifact, Mode};
use crate::phases::ship::fixture;

fn artifact(name: &str, findings: Value, conflicts: Value) -> Artifact {
    let mut document = fixture::document(name, findings);
    document["conflicts"] = conflicts;
    fixture::artifact(name, &document)
}

fn found(id: &str, severity: &str, rest: Value) -> Value {
    fixture::finding(id, severity, rest)
}

fn compare(artifacts: &[Artifact]) -> Detected {
    let artifacts: Vec<_> = artifacts.iter().collect();
    detect(&artifacts, &Rulebook::default())
}

/// What becomes of one finding of review and one of security.
fn pair(review: Value, security: Value) -> &'static str {
    let detected = compare(&[
        artifact(
            "review",
            json!([found("REV-1", "nitpick", review)]),
            json!([]),
        ),
        artifact(
            "security",
            json!([found("SEC-1", "low", security)]),
            json!([]),
        ),
    ]);
    match (detected.conflicts.len(), detected.candidates.len()) {
        (1, 0) => "conflict",
        (0, 1) => "candidate",
        (0, 0) => "nothing",
        other => panic!("{other:?}"),
    }
}

#[test]
fn place_topic_and_side_decide_whether_two_findings_contradict_each_other() {
    let at = |file: &str, line: Option<u32>, topic: Option<&str>, stance: Option<&str>| json!({"file": file, "line": line, "topic": topic, "stance": stance});
    let topics = [
        ("no topic", None, None, None, None),
        ("one topic", Some("cache"), Some("add"), None, None),
        ("other", Some("other"), None, Some("other"), None),
        (
            "same side",
            Some("cache"),
            Some("add"),
            Some("cache"),
            Some("add"),
        ),
        (
            "other side",
            Some("cache"),
            Some("add"),
            Some("cache"),
            Some("refuse"),
        ),
        (
            "other topic",
            Some("cache"),
            Some("add"),
            Some("scope"),
            Some("refuse"),
        ),
    ];
    let places = [
        ("same line", "a.rs", Some(10), "./a.rs", Some(10)),
        ("3 apart", "a.rs", Some(10), "a.rs", Some(13)),
        ("4 apart", "a.rs", Some(10), "a.rs", Some(14)),
        ("no line", "a.rs", Some(10), "a.rs", None),
        ("other file", "a.rs", Some(10), "b.rs", Some(10)),
        ("outside", "/a.rs", Some(10), "/a.rs", Some(10)),
    ];
    let head: String = places
        .iter()
        .map(|(name, ..)| format!("{name:<11}"))
        .collect();
    let mut table = vec![format!("{:<12}{head}", "").trim_end().to_owned()];
    for (name, topic_a, stance_a, topic_b, stance_b) in topics {
        let cells = places.iter().map(|(_, file_a, line_a, file_b, line_b)| {
            let review = at(file_a, *line_a, topic_a, stance_a);
            let security = at(file_b, *line_b, topic_b, stance_b);
            let one = pair(review.clone(), security.clone());
            assert_eq!(pair(security, review), one, "the order makes no difference");
            format!("{one:<11}")
        });
        table.push(
            format!("{name:<12}{}", cells.collect::<String>())
                .trim_end()
                .to_owned(),
        );
    }
    insta::assert_snapshot!(table.join("\n"), @r#"
            same line  3 apart    4 apart    no line    other file outside
no topic    candidate  candidate  nothing    nothing    nothing    nothing
one topic   candidate  candidate  nothing    nothing    nothing    nothing
other       candidate  candidate  nothing    nothing    nothing    nothing
same side   nothing    nothing    nothing    nothing    nothing    nothing
other side  conflict   conflict   nothing    conflict   nothing    nothing
other topic nothing    nothing    nothing    nothing    nothing    nothing
"#);
}

#[test]
fn what_is_settled_or_praise_is_no_candidate() {
    let here = json!({"file": "a.rs", "line": 1});
    let candidates = |severity: &str, fixed: bool| {
        let mut qa = found("QA-1", "low", here.clone());
        qa["fixed"] = fixed.into();
        let review = json!([found("REV-1", severity, here.clone())]);
        let artifacts = [
            artifact("review", review, json!([])),
            artifact("qa", json!([qa]), json!([])),
        ];
        compare(&artifacts).candidates.len()
    };
    assert_eq!(candidates("nitpick", false), 1);
    assert_eq!(candidates("positive", false), 0);
    assert_eq!(candidates("informational", false), 0);
    assert_eq!(candidates("nitpick", true), 0);
}

#[test]
fn findings_of_one_phase_never_contradict_each_other() {
    let here = |stance| json!({"file": "a.rs", "line": 1, "topic": "cache", "stance": stance});
    let review = json!([
        found("REV-1", "nitpick", here("add")),
        found("REV-2", "nitpick", here("refuse"))
    ]);
    let detected = compare(&[artifact("review", review, json!([]))]);
    assert_eq!(detected, Detected::default());
}

#[test]
fn what_agents_tell_of_conflicts_must_name_findings_that_exist() {
    let told = |finding: &str, with: &str, precedent: Option<&str>| json!({"finding_id": finding, "conflicts_with": with, "tension": "scope", "precedence": precedent});
    let detected = compare(&[
        artifact(
            "review",
            json!([
                found("REV-1", "nitpick", json!({})),
                found("X-1", "nitpick", json!({}))
            ]),
            json!([
                told("REV-1", "SEC-1", None),
                told("REV-1", "security/SEC-1", Some("CP-002")),
                told("REV-9", "SEC-1", None),
                told("REV-1", "SEC-9", None),
                told("REV-1", "review/X-1", None),
                told("REV-1", "../../x", None),
                told("REV-1", "BOTH-1", None),
                told("REV-1", "SEC-1", Some("CP-999")),
            ]),
        ),
        artifact(
            "security",
            json!([
                found("SEC-1", "low", json!({})),
                found("BOTH-1", "low", json!({}))
            ]),
            json!([told("SEC-1", "REV-1", None)]),
        ),
        artifact("qa", json!([found("BOTH-1", "low", json!({}))]), json!([])),
    ]);
    let ids: Vec<_> = detected
        .conflicts
        .iter()
        .map(|c| c.id().to_string())
        .collect();
    assert_eq!(
        ids,
        ["review/REV-1+security/SEC-1"],
        "told three times, there once"
    );
    assert_eq!(detected.conflicts[0].source, Source::Told);
    let wrong = detected.unresolved.iter();
    let wrong: Vec<_> = wrong
        .map(|wrong| format!("{}: {}", wrong.phase, wrong.problem))
        .collect();
    insta::assert_snapshot!(wrong.join("\n"), @r#"
review: conflicts[2].finding_id: REV-9 is no finding of review
review: conflicts[3].conflicts_with: "SEC-9" is no finding of another phase
review: conflicts[4].conflicts_with: "review/X-1" is no finding of another phase
review: conflicts[5].conflicts_with: "../../x" is no finding of another phase
review: conflicts[6].conflicts_with: BOTH-1 is a finding of several phases; write phase/BOTH-1
review: conflicts[7].precedence: there is no precedent CP-999
"#);
}

fn side(phase: &str, severity: Severity, stance: Option<&str>) -> Side {
    Side {
        finding: FindingRef {
            phase: PhaseName::new(phase).unwrap(),
            id: FindingId::new("F-1").unwrap(),
        },
        severity,
        stance: stance.map(|stance| StanceName::new(stance).unwrap()),
    }
}

fn between(a: Side, b: Side, topic: Option<&str>) -> Conflict {
    Conflict {
        a,
        b,
        topic: topic.map(|topic| TopicName::new(topic).unwrap()),
        tension: None,
        named: None,
        source: Source::Detected,
    }
}

fn resolved(conflict: &Conflict, rules: &Rulebook, mode: Mode) -> Resolution {
    let all = resolve(
        std::slice::from_ref(conflict),
        rules,
        mode,
        &BTreeMap::new(),
    );
    all.into_iter().next().unwrap()
}

fn line(resolution: &Resolution) -> String {
    let lost = resolution
        .downgraded
        .as_ref()
        .map_or_else(|| "-".into(), ToString::to_string);
    let rule = format!("{:?}", resolution.rule);
    let outcome = format!("{:?}", resolution.outcome);
    let confirm = if resolution.needs_confirmation {
        "to confirm"
    } else {
        ""
    };
    format!("{rule:<20} {outcome:<9} lost {lost:<13} {confirm}")
        .trim_end()
        .to_owned()
}

/// Both ways round: which finding comes first in the alphabet is chance.
#[test]
fn every_built_in_precedent_decides_its_topic_both_ways_round() {
    let rules = Rulebook::default();
    assert_eq!(rules.built_in.len(), 10);
    assert_eq!(rules.vocabulary.topics().count(), 10);
    let mut table = Vec::new();
    for precedent in &rules.built_in {
        let topic = Some(precedent.topic.as_str());
        let (a, b) = (precedent.a.stance.as_str(), precedent.b.stance.as_str());
        let side = |name, stance| side(name, Severity::Low, Some(stance));
        let one = resolved(
            &between(side("qa", a), side("review", b), topic),
            &rules,
            Mode::Standard,
        );
        let turned = resolved(
            &between(side("qa", b), side("review", a), topic),
            &rules,
            Mode::Standard,
        );
        assert_eq!(one.rule, Rule::BuiltIn(precedent.id.clone()));
        assert_eq!(turned.outcome, one.outcome.swapped());
        assert_eq!(one.action, precedent.rule);
        assert_eq!(one.obligations.is_empty(), one.outcome != Outcome::Both);
        let id = precedent.topic.as_str();
        table.push(format!(
            "{} {id:<16}{:?}, {} obligations",
            precedent.id,
            one.outcome,
            one.obligations.len()
        ));
    }
    insta::assert_snapshot!(table.join("\n"), @r#"
CP-001 error_detail    Both, 2 obligations
CP-002 log_payload     Both, 2 obligations
CP-003 validation      B, 0 obligations
CP-004 helper          Both, 1 obligations
CP-005 test_volume     Both, 2 obligations
CP-006 type_strictness Both, 1 obligations
CP-007 change_split    Deferred, 0 obligations
CP-008 scope           B, 0 obligations
CP-009 debug_logging   Both, 2 obligations
CP-010 cache           Both, 2 obligations
"#);
}

/// The whole table: whether a precedent fits, the phases, the severity that could lose, the mode.
#[test]
fn which_rule_decides_and_who_has_to_confirm_it() {
    let rules = Rulebook::with_project(
        r#"
        precedence = ["review", "security"]
        [[precedent]]
        id = "OURS-1"
        topic = "cache"
        tension = "scope"
        rule = "cache everything"
        outcome = "a"
        a = { stance = "add", phase = "review", says = "cache" }
        b = { stance = "refuse", phase = "security", says = "do not" }
        "#,
    )
    .unwrap();
    let mut table = Vec::new();
    for (what, topic, a, b) in [
        ("project ", Some("cache"), "add", "refuse"),
        ("built-in", Some("validation"), "remove", "keep"),
        ("none    ", None, "x", "y"),
    ] {
        for severity in [Severity::High, Severity::Medium] {
            for mode in [Mode::Quick, Mode::Standard, Mode::Thorough] {
                let sides = (
                    side("review", Severity::Blocking, Some(a)),
                    side("security", severity, Some(b)),
                );
                let resolution = resolved(&between(sides.0, sides.1, topic), &rules, mode);
                assert_eq!(resolution.auto, mode == Mode::Quick);
                let (severity, mode) = (severity.to_string(), format!("{mode:?}"));
                table.push(format!(
                    "{what} {severity:<6} {mode:<8} {}",
                    line(&resolution)
                ));
            }
        }
    }
    let unranked = between(
        side("licences", Severity::High, None),
        side("privacy", Severity::High, None),
        None,
    );
    table.push(format!(
        "unranked        Standard {}",
        line(&resolved(&unranked, &rules, Mode::Standard))
    ));
    insta::assert_snapshot!(table.join("\n"), @r#"
project  high   Quick    SeverityFloor        Deferred  lost -             to confirm
project  high   Standard SeverityFloor        Deferred  lost -             to confirm
project  high   Thorough SeverityFloor        Deferred  lost -             to confirm
project  medium Quick    Precedence           A         lost security/F-1
project  medium Standard Project(OURS-1)      A         lost security/F-1
project  medium Thorough Project(OURS-1)      A         lost -             to confirm
built-in high   Quick    SeverityFloor        Deferred  lost -             to confirm
built-in high   Standard BuiltIn(CP-003)      B         lost review/F-1
built-in high   Thorough BuiltIn(CP-003)      B         lost -             to confirm
built-in medium Quick    Precedence           A         lost security/F-1
built-in medium Standard BuiltIn(CP-003)      B         lost review/F-1
built-in medium Thorough BuiltIn(CP-003)      B         lost -             to confirm
none     high   Quick    SeverityFloor        Deferred  lost -             to confirm
none     high   Standard SeverityFloor        Deferred  lost -             to confirm
none     high   Thorough SeverityFloor        Deferred  lost -             to confirm
none     medium Quick    Precedence           A         lost security/F-1
none     medium Standard Precedence           A         lost security/F-1
none     medium Thorough Precedence           A         lost -             to confirm
unranked        Standard Unranked             Deferred  lost -
"#);
}

#[test]
fn a_severe_finding_of_security_loses_only_if_a_person_says_so() {
    let rules = Rulebook::with_project("project = \"internal\"").unwrap();
    for severity in Severity::ALL {
        let conflict = between(
            side("review", Severity::Nitpick, None),
            side("security", severity, None),
            None,
        );
        let severe = matches!(severity, Severity::Critical | Severity::High);
        let alone = resolved(&conflict, &rules, Mode::Standard);
        assert_eq!(alone.downgraded.is_none(), severe, "{severity}");
        assert_eq!(alone.needs_confirmation, severe, "{severity}");
        let confirmation = Confirmation {
            by: "the lead".into(),
            outcome: None,
            reason: "seen".into(),
        };
        let confirmed = BTreeMap::from([(conflict.id(), confirmation)]);
        let after = resolve(
            std::slice::from_ref(&conflict),
            &rules,
            Mode::Thorough,
            &confirmed,
        );
        assert_eq!(downgraded(&after).len(), 1, "{severity}");
        assert_eq!(after[0].confirmed_by.as_deref(), Some("the lead"));
    }
    // The one that would win needs nobody.
    let wins = between(
        side("qa", Severity::Low, None),
        side("security", Severity::High, None),
        None,
    );
    let wins = resolved(&wins, &rules, Mode::Standard);
    assert_eq!(
        (wins.rule, wins.needs_confirmation),
        (Rule::Precedence, false)
    );
}

#[test]
fn what_a_person_decides_stands_in_place_of_every_rule() {
    let rules = Rulebook::default();
    let (a, b) = (
        side("review", Severity::Low, Some("add")),
        side("security", Severity::Low, Some("refuse")),
    );
    let conflict = between(a, b, Some("cache"));
    let decide = |outcome| {
        let confirmation = Confirmation {
            by: "the lead".into(),
            outcome: Some(outcome),
            reason: "measured".into(),
        };
        let confirmed = BTreeMap::from([(conflict.id(), confirmation)]);
        let resolution = resolve(
            std::slice::from_ref(&conflict),
            &rules,
            Mode::Thorough,
            &confirmed,
        )
        .remove(0);
        assert_eq!(
            (resolution.outcome, resolution.action.as_str()),
            (outcome, "measured")
        );
        format!(
            "{}, {} obligations",
            line(&resolution),
            resolution.obligations.len()
        )
    };
    let table = [Outcome::A, Outcome::B, Outcome::Both, Outcome::Deferred].map(decide);
    insta::assert_snapshot!(table.join("\n"), @r#"
Person               A         lost security/F-1, 0 obligations
Person               B         lost review/F-1, 0 obligations
Person               Both      lost -, 2 obligations
Person               Deferred  lost -, 0 obligations
"#);
}

#[test]
fn a_precedent_that_an_agent_names_decides_where_no_finding_takes_sides() {
    let rules = Rulebook::default();
    let mut conflict = between(
        side("review", Severity::Low, None),
        side("security", Severity::Low, None),
        None,
    );
    assert_eq!(
        resolved(&conflict, &rules, Mode::Standard).rule,
        Rule::Precedence
    );
    conflict.named = Some("CP-001".parse().unwrap());
    let told = resolved(&conflict, &rules, Mode::Standard);
    assert_eq!((told.outcome, told.obligations.len()), (Outcome::Both, 2));
    // But not for phases that the precedent does not speak of, nor against what findings say.
    conflict.named = Some("CP-005".parse().unwrap());
    assert_eq!(
        resolved(&conflict, &rules, Mode::Standard).rule,
        Rule::Precedence
    );
    conflict.named = Some("CP-001".parse().unwrap());
    conflict.topic = Some("cache".parse().unwrap());
    assert_eq!(
        resolved(&conflict, &rules, Mode::Standard).rule,
        Rule::Precedence
    );
}

#[test]
fn rules_of_a_project_that_cannot_be_used_are_told_all_at_once() {
    let told = |text: &str| Rulebook::with_project(text).unwrap_err().to_string();
    let precedent = |id: &str, topic: &str, a: &str, b: &str, outcome: &str| {
        format!(
            "[[precedent]]\nid = \"{id}\"\ntopic = \"{topic}\"\ntension = \"scope\"\nrule = \"r\"\noutcome = \"{outcome}\"\n\
             a = {{ stance = \"{a}\", phase = \"qa\", says = \"\" }}\nb = {{ stance = \"{b}\", phase = \"qa\", says = \"\" }}\n"
        )
    };
    let many = [
        "precedence = [\"qa\", \"review\", \"qa\"]\n[topics]\nother = [\"a\", \"b\"]\nnaming = [\"short\"]\n".to_owned(),
        precedent("P-1", "colour", "red", "blue", "a"),
        precedent("P-1", "cache", "add", "less", "a"),
        precedent("P-3", "cache", "add", "add", "b"),
        precedent("P-4", "cache", "add", "refuse", "both"),
    ];
    let errors = [
        told(&many.concat()),
        told("precedence = []"),
        told("precedence = [\"../x\"]"),
        told("\nproject = \"secret\""),
        told("[topics\n"),
        told("[[precedents]]\nid = \"x\""),
        told("[[precedent]]\nid = \"P-1\""),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
the rules for conflicts cannot be used:
  topic naming needs at least two sides
  topic other is for what fits nowhere, and has no sides
  precedent P-1: colour is no topic; there are cache, change_split, debug_logging, error_detail, helper, log_payload, scope, test_volume, type_strictness, validation, other
  precedent P-1 is there twice
  precedent P-1: less is no side of cache; there are add, refuse
  precedent P-3: both sides are add
  precedent P-4: outcome both needs obligations
  precedence names qa twice
the rules for conflicts cannot be used:
  precedence names no phase
the rules for conflicts cannot be used:
  line 1: phase name "../x" must start with a lower-case letter
the rules for conflicts cannot be used:
  line 2: unknown variant `secret`, expected one of `public-facing`, `internal`, `compliance`, `library`
the rules for conflicts cannot be used:
  line 1: unclosed table, expected `]`
the rules for conflicts cannot be used:
  line 1: unknown field `precedents`, expected one of `topics`, `precedent`, `project`, `precedence`
the rules for conflicts cannot be used:
  line 1: missing field `topic`
"#);
}

#[test]
fn a_project_adds_topics_and_sides_and_keeps_the_built_in_ones() {
    let rules = Rulebook::with_project(
        "[topics]\nnaming = [\"short\", \"long\"]\ncache = [\"later\", \"never\"]",
    )
    .unwrap();
    let check = |topic: &str, stance: &str| {
        rules
            .vocabulary
            .check(&topic.parse().unwrap(), &stance.parse().unwrap())
    };
    assert!(check("naming", "short").is_ok() && check("cache", "later").is_ok());
    assert!(check("cache", "add").is_ok() && check("naming", "add").is_err());
    assert_eq!(rules.built_in, Rulebook::default().built_in);
    assert_eq!(Rulebook::with_project("").unwrap(), Rulebook::default());
}

#[test]
fn a_conflict_is_named_by_its_findings_in_whichever_order() {
    let id: ConflictId = "security/SEC-2+review/REV-1".parse().unwrap();
    assert_eq!(id.to_string(), "review/REV-1+security/SEC-2");
    let told = |text: &str| text.parse::<ConflictId>().unwrap_err().to_string();
    insta::assert_snapshot!([told("review/REV-1"), told("REV-1+SEC-2"), told("a/../b+c/d")].join("\n"), @r#"
a conflict is named by its two findings, as in review/REV-1+security/SEC-2
"REV-1" does not name a finding as phase/id
"a/../b" does not name a finding as phase/id
"#);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_of_rules_panic(text in "[a-z\\[\\]=\"\n{},. ]{0,80}|.{0,40}") {
        let _rules = Rulebook::with_project(&text);
    }
}
