//! What the artifact of each kind must have (spec 9.2).

use serde_json::{Map, Value};

use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::problem::Problem;

/// What a member must look like from outside.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Text,
    Object,
    List,
    Any,
}

use Shape::{Any, List, Object, Text};

const CHECKPOINT: &[(&str, Shape)] = &[
    ("context_checkpoint", Object),
    ("context_checkpoint.summary", Text),
];

/// What must be there, outer members first, as paths.
pub(super) fn members(kind: Kind, report_only: bool) -> Vec<(&'static str, Shape)> {
    let own: &[(&str, Shape)] = match kind {
        Kind::Think => &[("summary", Object)],
        Kind::Plan => &[
            ("summary", Object),
            ("summary.planned_files", List),
            ("summary.plan_approval", Text),
        ],
        Kind::Review => &[
            ("summary", Object),
            ("scope_drift", Object),
            ("scope_drift.status", Text),
            ("findings", List),
        ],
        Kind::Qa | Kind::Security => &[("summary", Object), ("findings", List)],
        Kind::Ship if report_only => &[("summary", Any)],
        Kind::Ship => &[("summary", Object)],
        Kind::Build | Kind::Custom => &[("summary", Any)],
    };
    let checkpoint = match kind {
        Kind::Plan | Kind::Review | Kind::Qa | Kind::Security => CHECKPOINT,
        Kind::Ship if !report_only => CHECKPOINT,
        Kind::Think | Kind::Build | Kind::Ship | Kind::Custom => &[],
    };
    let phase: &[(&str, Shape)] = &[("phase", Text)];
    [phase, own, checkpoint].concat()
}

/// Everything that is missing, or of another shape than it must have.
pub(super) fn missing(
    document: &Map<String, Value>,
    kind: Kind,
    report_only: bool,
) -> Vec<Problem> {
    let wrong = |(path, shape): (&str, Shape)| {
        let value = at(document, path);
        let (fits, name) = match shape {
            Text => (value.is_some_and(Value::is_string), "a text"),
            Object => (value.is_some_and(Value::is_object), "an object"),
            List => (value.is_some_and(Value::is_array), "a list"),
            Any => (value.is_some_and(|value| !value.is_null()), "given"),
        };
        let reason = match value {
            None | Some(Value::Null) => "is missing".to_owned(),
            Some(_) => format!("must be {name}"),
        };
        (!fits).then(|| Problem::new(path, reason))
    };
    members(kind, report_only)
        .into_iter()
        .filter_map(wrong)
        .collect()
}

fn at<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = document.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}
