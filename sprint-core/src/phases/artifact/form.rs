//! The JSON Schema of artifacts, so that agents can be told what to write.
//!
//! A schema says what a document looks like, not that its numbers agree: only
//! [`prepare`](crate::phases::artifact::prepare::prepare) knows that.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::id::{PhaseName, TreeId};
use crate::phases::artifact::finding::Finding;
use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::summary::{
    PlanSummary, QaSummary, ReviewSummary, ScopeDrift, SecuritySummary, ShipSummary,
};
use crate::phases::artifact::vocabulary::{OTHER, Vocabulary};
use crate::phases::artifact::{Checkpoint, ConflictEntry, Mode, RunMode, read, required};

/// The JSON Schema of what the agent of `phase` hands in. Members that are not named are allowed.
///
/// Members that whoever saves an artifact writes are not in it.
pub fn schema(phase: &PhaseName, vocabulary: &Vocabulary) -> Value {
    let kind = Kind::of(phase);
    let mut members = Map::new();
    members.insert("phase".into(), json!({ "const": phase.as_str() }));
    members.insert("mode".into(), of::<Mode>());
    members.insert("tree".into(), of::<TreeId>());
    members.insert("summary".into(), summary(kind));
    if kind == Kind::Ship {
        members.insert("run_mode".into(), of::<RunMode>());
    }
    if kind == Kind::Review {
        members.insert("scope_drift".into(), of::<ScopeDrift>());
    }
    let findings = json!({ "type": "array", "items": finding(kind, vocabulary) });
    members.insert("findings".into(), findings);
    members.insert(
        "conflicts".into(),
        json!({ "type": "array", "items": of::<ConflictEntry>() }),
    );
    members.insert("context_checkpoint".into(), of::<Checkpoint>());
    // Members of members are required by their own schemas.
    let names = required::members(kind, false)
        .into_iter()
        .map(|(path, _)| path);
    let required: Vec<_> = names.filter(|path| !path.contains('.')).collect();
    json!({ "type": "object", "properties": members, "required": required })
}

fn summary(kind: Kind) -> Value {
    match kind {
        Kind::Plan => of::<PlanSummary>(),
        Kind::Review => of::<ReviewSummary>(),
        Kind::Qa => of::<QaSummary>(),
        Kind::Security => of::<SecuritySummary>(),
        Kind::Ship => of::<ShipSummary>(),
        Kind::Think => json!({ "type": "object" }),
        Kind::Build | Kind::Custom => json!({
            "type": "object",
            "properties": { "status": { "enum": ["OK", "WARN", "BLOCKED"] } },
        }),
    }
}

/// A finding, with the severities of this kind and the topics of the project.
fn finding(kind: Kind, vocabulary: &Vocabulary) -> Value {
    let mut schema = of::<Finding>();
    let severities: Vec<_> = read::scale(kind).iter().map(|s| s.as_str()).collect();
    schema["properties"]["severity"] =
        json!({ "enum": severities, "description": "How much it matters, the worst first." });
    let topics = vocabulary.topics().map(|(topic, _)| topic.as_str());
    let topics: Vec<_> = topics.chain([OTHER]).collect();
    let sides = vocabulary.topics().map(|(topic, stances)| {
        let stances: Vec<_> = stances.iter().map(|stance| stance.as_str()).collect();
        format!("{topic}: {}", stances.join(" or "))
    });
    let sides = sides.collect::<Vec<_>>().join("; ");
    schema["properties"]["topic"] = json!({ "enum": topics, "description": "What it is about." });
    schema["properties"]["stance"] =
        json!({ "type": "string", "description": format!("Which side it takes. {sides}") });
    schema
}

/// Everything in place: no references, so that a part can be shown alone.
fn of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.meta_schema = None;
    settings.inline_subschemas = true;
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::artifact::finding::Severity;
    use crate::phases::artifact::fixture::{PHASES, finding, least, take};
    use crate::phases::conflict::rulebook::Rulebook;

    fn of_phase(name: &str) -> Value {
        schema(&name.parse().unwrap(), &Rulebook::default().vocabulary)
    }

    /// Members that a schema requires, with their paths.
    fn required_in(schema: &Value) -> Vec<String> {
        let names = |schema: &Value| {
            let names = schema["required"].as_array().cloned().unwrap_or_default();
            names
                .into_iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let direct = names(schema);
        let inner = direct.iter().flat_map(|name| {
            let of_member = names(&schema["properties"][name]);
            of_member
                .into_iter()
                .map(move |inner| format!("{name}.{inner}"))
        });
        let mut all: Vec<_> = direct.iter().cloned().chain(inner).collect();
        all.sort();
        all
    }

    #[test]
    fn a_schema_requires_exactly_what_is_missing_without_it() {
        for name in PHASES {
            let phase: PhaseName = name.parse().unwrap();
            let missing = required::missing(&Map::new(), Kind::of(&phase), false);
            let mut missing: Vec<_> = missing.into_iter().map(|problem| problem.path).collect();
            missing.sort();
            assert_eq!(required_in(&of_phase(name)), missing, "{name}");
        }
    }

    #[test]
    fn a_schema_names_the_severities_that_are_taken() {
        for name in ["review", "qa", "security", "licences"] {
            let schema = of_phase(name);
            let named = &schema["properties"]["findings"]["items"]["properties"]["severity"];
            let named = named["enum"].as_array().unwrap();
            for severity in Severity::ALL.map(Severity::as_str) {
                let mut document = least(name);
                document["findings"] = json!([finding("F-1", severity)]);
                let taken = take(name, &document).is_ok();
                assert_eq!(named.contains(&severity.into()), taken, "{name} {severity}");
            }
        }
    }

    #[test]
    fn a_schema_tells_topics_with_their_sides() {
        let mut schema = of_phase("qa");
        schema.sort_all_objects();
        let finding = &schema["properties"]["findings"]["items"]["properties"];
        insta::assert_snapshot!(finding["topic"], @r#"{"description":"What it is about.","enum":["cache","change_split","debug_logging","error_detail","helper","log_payload","scope","test_volume","type_strictness","validation","other"]}"#);
        insta::assert_snapshot!(finding["stance"], @r#"{"description":"Which side it takes. cache: add or refuse; change_split: atomic or split; debug_logging: add or restrict; error_detail: less or more; helper: keep or remove; log_payload: add or restrict; scope: add or refuse; test_volume: add or reduce; type_strictness: keep or relax; validation: keep or remove","type":"string"}"#);
    }
}
