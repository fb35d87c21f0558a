//! Contradictions found without understanding texts (spec 10.2).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::id::{FindingId, PhaseName};
use crate::phases::artifact::finding::{Finding, FindingRef, Severity};
use crate::phases::artifact::vocabulary::OTHER;
use crate::phases::artifact::{Artifact, ConflictEntry, Problem};
use crate::phases::conflict::place::{Nearness, Place};
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::conflict::{Conflict, ConflictId, Side, Source};

/// What was found by comparing the artifacts of a sprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Detected {
    /// Findings that contradict each other, in order of their ids.
    pub conflicts: Vec<Conflict>,
    /// Findings about the same lines that name no topic. Somebody has to look.
    pub candidates: Vec<Candidate>,
    /// What agents wrote about conflicts and makes no sense.
    pub unresolved: Vec<Unresolved>,
}

/// Two findings about the same lines that may contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Candidate {
    /// The finding whose phase comes first in the alphabet.
    pub a: FindingRef,
    /// The other one.
    pub b: FindingRef,
    /// The file.
    pub file: String,
}

impl Candidate {
    /// What people call it.
    pub fn id(&self) -> ConflictId {
        ConflictId::new(self.a.clone(), self.b.clone())
    }
}

/// An entry about a conflict that names something which does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// Whose artifact it is in.
    pub phase: PhaseName,
    /// Where, and why.
    pub problem: Problem,
}

/// Compares the artifacts of different phases.
pub fn detect(artifacts: &[&Artifact], rules: &Rulebook) -> Detected {
    let (told, unresolved) = told(artifacts, rules);
    let mut conflicts = told;
    let mut candidates = Vec::new();
    for (file, near) in by_file(artifacts) {
        for (n, one) in near.iter().enumerate() {
            for other in &near[n + 1..] {
                let (one, other) = ordered(one, other);
                let id = ConflictId::new(one.reference(), other.reference());
                if one.phase == other.phase || conflicts.contains_key(&id) {
                    continue;
                }
                match compare(one, other) {
                    Relation::Contradict => {
                        conflicts.insert(id, conflict(one, other, Source::Detected, None));
                    }
                    Relation::Unclear => candidates.push(Candidate {
                        a: one.reference(),
                        b: other.reference(),
                        file: file.clone(),
                    }),
                    Relation::Nothing => {}
                }
            }
        }
    }
    candidates.sort();
    Detected {
        conflicts: conflicts.into_values().collect(),
        candidates,
        unresolved,
    }
}

/// A finding, and whose it is.
#[derive(Clone, Copy)]
struct Of<'a> {
    phase: &'a PhaseName,
    finding: &'a Finding,
}

impl Of<'_> {
    fn reference(self) -> FindingRef {
        FindingRef {
            phase: self.phase.clone(),
            id: self.finding.id.clone(),
        }
    }

    fn side(self) -> Side {
        Side {
            finding: self.reference(),
            severity: self.finding.severity,
            stance: self.finding.stance.clone(),
        }
    }
}

/// A finding in a file.
struct Located<'a> {
    of: Of<'a>,
    place: Place,
}

enum Relation {
    Contradict,
    Unclear,
    Nothing,
}

fn ordered<'a, 'b>(
    one: &'b Located<'a>,
    other: &'b Located<'a>,
) -> (&'b Located<'a>, &'b Located<'a>) {
    if (one.phase, &one.of.finding.id) <= (other.phase, &other.of.finding.id) {
        (one, other)
    } else {
        (other, one)
    }
}

impl<'a> std::ops::Deref for Located<'a> {
    type Target = Of<'a>;
    fn deref(&self) -> &Of<'a> {
        &self.of
    }
}

/// Open findings by the file they are in.
fn by_file<'a>(artifacts: &[&'a Artifact]) -> BTreeMap<String, Vec<Located<'a>>> {
    let mut files: BTreeMap<String, Vec<Located<'a>>> = BTreeMap::new();
    for artifact in artifacts {
        for finding in artifact.findings() {
            let of = Of {
                phase: &artifact.phase,
                finding,
            };
            if finding.fixed != Some(true)
                && finding.severity != Severity::Informational
                && let Some(place) = Place::of(finding)
            {
                let here = files.entry(place.file.clone()).or_default();
                here.push(Located { of, place });
            }
        }
    }
    files
}

fn compare(one: &Located<'_>, other: &Located<'_>) -> Relation {
    let topic = |located: &Located<'_>| {
        let topic = located.finding.topic.clone();
        topic.filter(|topic| topic.as_str() != OTHER)
    };
    let nearness = one.place.nearness(&other.place);
    match (topic(one), topic(other), nearness) {
        (_, _, Nearness::Apart) => Relation::Nothing,
        (Some(a), Some(b), _) if a == b && one.finding.stance != other.finding.stance => {
            Relation::Contradict
        }
        (Some(_), Some(_), _) => Relation::Nothing,
        // Praise contradicts nothing unless it takes sides.
        (None, _, Nearness::Overlapping) | (_, None, Nearness::Overlapping)
            if one.finding.is_open() && other.finding.is_open() =>
        {
            Relation::Unclear
        }
        (None, _, _) | (_, None, _) => Relation::Nothing,
    }
}

fn conflict(
    one: &Of<'_>,
    other: &Of<'_>,
    source: Source,
    entry: Option<&ConflictEntry>,
) -> Conflict {
    let same_topic = one.finding.topic == other.finding.topic;
    let topic = one
        .finding
        .topic
        .clone()
        .filter(|topic| same_topic && topic.as_str() != OTHER);
    Conflict {
        a: one.side(),
        b: other.side(),
        topic,
        tension: entry.map(|entry| entry.tension),
        named: entry.and_then(|entry| entry.precedence.clone()),
        source,
    }
}

/// What agents wrote about conflicts themselves: the findings they name must exist.
fn told(
    artifacts: &[&Artifact],
    rules: &Rulebook,
) -> (BTreeMap<ConflictId, Conflict>, Vec<Unresolved>) {
    let (mut conflicts, mut unresolved) = (BTreeMap::new(), Vec::new());
    for artifact in artifacts {
        for (n, entry) in artifact.conflicts.iter().enumerate() {
            match resolved(artifact, entry, artifacts, rules) {
                Ok((one, other)) => {
                    let (one, other) = if one.reference() <= other.reference() {
                        (one, other)
                    } else {
                        (other, one)
                    };
                    let id = ConflictId::new(one.reference(), other.reference());
                    conflicts
                        .entry(id)
                        .or_insert_with(|| conflict(&one, &other, Source::Told, Some(entry)));
                }
                Err((member, reason)) => unresolved.push(Unresolved {
                    phase: artifact.phase.clone(),
                    problem: Problem::new(format!("conflicts[{n}].{member}"), reason),
                }),
            }
        }
    }
    (conflicts, unresolved)
}

/// The two findings that an entry names, or the member that names nothing, and why.
fn resolved<'a>(
    artifact: &'a Artifact,
    entry: &ConflictEntry,
    artifacts: &[&'a Artifact],
    rules: &Rulebook,
) -> Result<(Of<'a>, Of<'a>), (&'static str, String)> {
    let own = find(artifact, &entry.finding_id).ok_or_else(|| {
        let reason = format!("{} is no finding of {}", entry.finding_id, artifact.phase);
        ("finding_id", reason)
    })?;
    if let Some(named) = &entry.precedence
        && !rules.knows(named)
    {
        return Err(("precedence", format!("there is no precedent {named}")));
    }
    let named = &entry.conflicts_with;
    let others = artifacts
        .iter()
        .filter(|other| other.phase != artifact.phase);
    let found: Vec<_> = match named.parse::<FindingRef>() {
        Ok(named) => others
            .filter(|other| other.phase == named.phase)
            .filter_map(|other| find(other, &named.id))
            .collect(),
        Err(_) => FindingId::new(named)
            .map(|id| others.filter_map(|other| find(other, &id)).collect())
            .unwrap_or_default(),
    };
    match found.as_slice() {
        [other] => Ok((own, *other)),
        [] => Err((
            "conflicts_with",
            format!("{named:?} is no finding of another phase"),
        )),
        [_, _, ..] => Err((
            "conflicts_with",
            format!("{named} is a finding of several phases; write phase/{named}"),
        )),
    }
}

fn find<'a>(artifact: &'a Artifact, id: &FindingId) -> Option<Of<'a>> {
    let finding = artifact
        .findings()
        .iter()
        .find(|finding| finding.id == *id)?;
    Some(Of {
        phase: &artifact.phase,
        finding,
    })
}
