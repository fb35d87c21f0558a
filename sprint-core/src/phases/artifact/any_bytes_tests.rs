use serde_json::Value;

use super::fixture::{PHASES, finding, least, phase, read_back, take, taken};
use super::integrity::Strictness;
use super::load::{Expected, load};

/// Any JSON, with the names that artifacts use.
fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let name = prop_oneof![
        "phase|summary|findings|conflicts|truncated|scope_drift|context_checkpoint|integrity",
        "id|severity|description|line|end_line|by_severity|low|tree|mode|status|tests_run",
        ".{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| serde_json::Number::from_f64(n).map_or(Value::Null, Value::from)),
        "qa|review|critical|SEC-1|low|pass|.{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn read_both_ways(name: &str, bytes: &[u8]) {
    if let Ok(prepared) = taken(name, bytes) {
        // What is taken can be read back, and is what was taken.
        assert_eq!(read_back(name, &prepared.bytes), prepared.artifact);
    }
    let phase = phase(name);
    let expected = Expected {
        phase: &phase,
        sprint: None,
        sha256: None,
    };
    let _evidence = load(Some(bytes), &expected, Strictness::Lenient);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, at in 0..8usize) {
        read_both_ways(PHASES[at], &bytes);
    }

    #[test]
    fn no_json_makes_the_reader_panic(mut document in any_json(), at in 0..8usize) {
        read_both_ways(PHASES[at], document.to_string().as_bytes());
        if let Some(members) = document.as_object_mut() {
            for (name, value) in least(PHASES[at]).as_object().unwrap() {
                members.insert(name.clone(), value.clone());
            }
        }
        read_both_ways(PHASES[at], document.to_string().as_bytes());
    }

    #[test]
    fn no_damage_to_a_good_artifact_makes_the_reader_panic(
        at in 0..8usize, place: proptest::sample::Index, byte: u8, cut: bool,
    ) {
        let mut bytes = take(PHASES[at], &least(PHASES[at])).unwrap().bytes;
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        read_both_ways(PHASES[at], &bytes);
    }

    /// No order of findings, and no number of them, hides a worse one behind a lesser one.
    #[test]
    fn nothing_that_was_cut_is_worse_than_what_was_kept(
        severities in proptest::collection::vec(0..4usize, 0..20), most in 0..10usize,
    ) {
        let names = ["critical", "high", "medium", "low"];
        let findings = severities.iter().enumerate();
        let findings = findings.map(|(n, at)| finding(&format!("SEC-{n}"), names[*at]));
        let findings = Value::from(findings.collect::<Vec<_>>());
        let mut kept: Vec<super::finding::Finding> = serde_json::from_value(findings).unwrap();
        let hidden = super::shorten::worst(&mut kept, most).unwrap_or_default();
        let least = kept.iter().map(|finding| finding.severity.rank()).max();
        let worst = hidden.by_severity.keys().map(|severity| severity.rank()).min();
        if let (Some(least), Some(worst)) = (least, worst) {
            proptest::prop_assert!(least <= worst);
        }
        let cut: u64 = hidden.by_severity.values().sum();
        proptest::prop_assert_eq!(kept.len() + cut as usize, severities.len());
        proptest::prop_assert!(kept.len() <= most);
    }
}
