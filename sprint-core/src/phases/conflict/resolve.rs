//! Which of two findings holds, and by which rule (spec 10.3).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::PrecedentId;
use crate::phases::artifact::Mode;
use crate::phases::artifact::finding::{FindingRef, Severity};
use crate::phases::artifact::kind::Kind;
use crate::phases::conflict::precedent::Precedent;
use crate::phases::conflict::rulebook::Rulebook;
use crate::phases::conflict::{Conflict, ConflictId, Outcome, Side};

/// What a person decided about a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Who.
    pub by: String,
    /// What; None if what the rules say is right.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: String,
}

/// What decided a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A person.
    Person,
    /// A precedent of the project.
    Project(PrecedentId),
    /// A precedent that comes with this crate.
    BuiltIn(PrecedentId),
    /// The order of the phases.
    Precedence,
    /// Neither phase is in the order of phases.
    Unranked,
    /// A finding of security that is critical or high would have lost: no rule may do that.
    SeverityFloor,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("a person"),
            Self::Project(id) => write!(f, "precedent {id} of the project"),
            Self::BuiltIn(id) => write!(f, "precedent {id}"),
            Self::Precedence => f.write_str("the order of phases"),
            Self::Unranked => f.write_str("no order of phases"),
            Self::SeverityFloor => f.write_str("the severity floor"),
        }
    }
}

/// How a conflict was resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resolution {
    /// The conflict.
    pub conflict: Conflict,
    /// What decided.
    pub rule: Rule,
    /// Which finding holds.
    pub outcome: Outcome,
    /// What to do, in words.
    pub action: String,
    /// What ship must verify or file. Only if both hold.
    pub obligations: Vec<String>,
    /// Whether it was decided without being explained: mode quick.
    pub auto: bool,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
    /// Whether it stands only when a person confirms it.
    pub needs_confirmation: bool,
    /// The finding that asks for nothing any more.
    pub downgraded: Option<FindingRef>,
}

/// Resolves all conflicts.
///
/// What a person decided comes first, then precedents of the project, built-in ones, and the order of
/// the phases; in mode quick only that order. In mode thorough nothing is downgraded that no person
/// confirmed. A finding of security that is critical or high never loses without a person.
pub fn resolve(
    conflicts: &[Conflict],
    rules: &Rulebook,
    mode: Mode,
    confirmed: &BTreeMap<ConflictId, Confirmation>,
) -> Vec<Resolution> {
    let one = |conflict: &Conflict| one(conflict, rules, mode, confirmed.get(&conflict.id()));
    conflicts.iter().map(one).collect()
}

/// The findings that lost.
pub fn downgraded(resolutions: &[Resolution]) -> BTreeSet<FindingRef> {
    resolutions
        .iter()
        .filter_map(|r| r.downgraded.clone())
        .collect()
}

/// What the rules say, before anybody is asked.
struct Said {
    rule: Rule,
    outcome: Outcome,
    action: String,
    obligations: Vec<String>,
}

fn one(
    conflict: &Conflict,
    rules: &Rulebook,
    mode: Mode,
    confirmation: Option<&Confirmation>,
) -> Resolution {
    let mut said = match mode {
        Mode::Quick => by_precedence(conflict, rules),
        Mode::Standard | Mode::Thorough => {
            by_precedent(conflict, rules).unwrap_or_else(|| by_precedence(conflict, rules))
        }
    };
    let floor = loser(conflict, said.outcome).is_some_and(never_loses_alone);
    match confirmation {
        Some(Confirmation {
            outcome: Some(outcome),
            reason,
            ..
        }) => {
            // What the rules ask for goes with what they say.
            if *outcome != said.outcome {
                said.obligations.clear();
            }
            said.rule = Rule::Person;
            said.outcome = *outcome;
            said.action.clone_from(reason);
        }
        Some(Confirmation { outcome: None, .. }) => {}
        None if floor => {
            said.action = format!(
                "{} is {}: a person decides. Without one: {}",
                loser(conflict, said.outcome)
                    .map_or_else(String::new, |side| side.finding.to_string()),
                loser(conflict, said.outcome).map_or("severe", |side| side.severity.as_str()),
                said.action
            );
            said.rule = Rule::SeverityFloor;
            said.outcome = Outcome::Deferred;
        }
        None => {}
    }
    let needs_confirmation = confirmation.is_none() && (floor || mode == Mode::Thorough);
    let lost = loser(conflict, said.outcome).map(|side| side.finding.clone());
    Resolution {
        conflict: conflict.clone(),
        rule: said.rule,
        outcome: said.outcome,
        action: said.action,
        obligations: said.obligations,
        auto: mode == Mode::Quick && confirmation.is_none(),
        confirmed_by: confirmation.map(|confirmation| confirmation.by.clone()),
        needs_confirmation,
        downgraded: lost.filter(|_| !needs_confirmation),
    }
}

fn by_precedent(conflict: &Conflict, rules: &Rulebook) -> Option<Said> {
    let first = |precedents: &[Precedent], rule: fn(PrecedentId) -> Rule| {
        precedents.iter().find_map(|precedent| {
            let outcome = precedent.outcome_for(conflict)?;
            Some(Said {
                rule: rule(precedent.id.clone()),
                outcome,
                action: precedent.rule.clone(),
                obligations: if outcome == Outcome::Both {
                    precedent.obligations.clone()
                } else {
                    Vec::new()
                },
            })
        })
    };
    first(&rules.project, Rule::Project).or_else(|| first(&rules.built_in, Rule::BuiltIn))
}

fn by_precedence(conflict: &Conflict, rules: &Rulebook) -> Said {
    let (a, b) = (&conflict.a.finding.phase, &conflict.b.finding.phase);
    let (rule, outcome, action) = match rules.precedence.stronger(a, b) {
        Some(stronger) => {
            let (outcome, weaker) = if stronger == a {
                (Outcome::A, b)
            } else {
                (Outcome::B, a)
            };
            let action = format!("{stronger} comes before {weaker}.");
            (Rule::Precedence, outcome, action)
        }
        None => {
            let action = format!("Neither {a} nor {b} comes first: a person decides.");
            (Rule::Unranked, Outcome::Deferred, action)
        }
    };
    Said {
        rule,
        outcome,
        action,
        obligations: Vec::new(),
    }
}

fn loser(conflict: &Conflict, outcome: Outcome) -> Option<&Side> {
    match outcome {
        Outcome::A => Some(&conflict.b),
        Outcome::B => Some(&conflict.a),
        Outcome::Both | Outcome::Deferred => None,
    }
}

/// The severity floor (spec 10.3).
fn never_loses_alone(side: &Side) -> bool {
    Kind::of(&side.finding.phase) == Kind::Security
        && matches!(side.severity, Severity::Critical | Severity::High)
}
