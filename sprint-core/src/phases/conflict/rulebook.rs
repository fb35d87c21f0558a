//! The rules by which contradictions are resolved: those of a project, then the built-in ones.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::id::{PrecedentId, StanceName, TopicName};
use crate::phases::artifact::vocabulary::{OTHER, Vocabulary};
use crate::phases::conflict::Outcome;
use crate::phases::conflict::precedence::{Precedence, ProjectKind};
use crate::phases::conflict::precedent::Precedent;

const BUILT_IN: &str = include_str!("precedents.toml");

/// The rules by which contradictions are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    /// What findings may be about.
    pub vocabulary: Vocabulary,
    /// Precedents of the project. They come first.
    pub project: Vec<Precedent>,
    /// Precedents that come with this crate.
    pub built_in: Vec<Precedent>,
    /// What decides if no precedent does.
    pub precedence: Precedence,
}

/// A table of rules that cannot be used, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules for conflicts cannot be used:{}", listed(.0))]
pub struct BadRules(pub Vec<String>);

fn listed(problems: &[String]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect()
}

/// The rules as they are written: TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Topics, with the sides of each.
    #[serde(default)]
    topics: BTreeMap<TopicName, BTreeSet<StanceName>>,
    #[serde(default, rename = "precedent")]
    precedents: Vec<Precedent>,
    /// Selects a precedence.
    project: Option<ProjectKind>,
    /// Says it in full.
    precedence: Option<Precedence>,
}

impl Default for Rulebook {
    /// The built-in rules, and no others.
    fn default() -> Self {
        let nothing = Self {
            vocabulary: Vocabulary::default(),
            project: Vec::new(),
            built_in: Vec::new(),
            precedence: Precedence::default(),
        };
        let mut built_in = nothing.and(BUILT_IN).expect("a test reads this table");
        built_in.built_in = std::mem::take(&mut built_in.project);
        built_in
    }
}

impl Rulebook {
    /// The built-in rules, and those that a project wrote in TOML: topics, precedents and a
    /// precedence.
    ///
    /// ```
    /// use sprint_core::phases::conflict::rulebook::Rulebook;
    ///
    /// let rules = Rulebook::with_project(
    ///     r#"
    ///     project = "internal"
    ///     [topics]
    ///     naming = ["short", "long"]
    ///     [[precedent]]
    ///     id = "naming"
    ///     topic = "naming"
    ///     tension = "tradeoff"
    ///     rule = "names are as long as their scope"
    ///     outcome = "b"
    ///     a = { stance = "short", phase = "review", says = "names are too long" }
    ///     b = { stance = "long", phase = "qa", says = "names say nothing" }
    ///     "#,
    /// )?;
    /// assert_eq!(rules.project.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_project(text: &str) -> Result<Self, BadRules> {
        Self::default().and(text)
    }

    fn and(mut self, text: &str) -> Result<Self, BadRules> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let lines = error
                .span()
                .map(|span| text[..span.start].lines().count().max(1));
            let place = lines.map_or_else(String::new, |line| format!("line {line}: "));
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            BadRules(vec![format!("{place}{message}")])
        })?;
        let mut problems = Vec::new();
        for (topic, stances) in table.topics {
            if topic.as_str() == OTHER {
                problems.push(format!(
                    "topic {OTHER} is for what fits nowhere, and has no sides"
                ));
            } else if stances.len() < 2 {
                problems.push(format!("topic {topic} needs at least two sides"));
            } else {
                self.vocabulary.add(topic, stances);
            }
        }
        let mut seen = BTreeSet::new();
        for precedent in &table.precedents {
            let twice = !seen.insert(&precedent.id);
            problems.extend(twice.then(|| format!("precedent {} is there twice", precedent.id)));
            problems.extend(wrong(precedent, &self.vocabulary));
        }
        if let Some(precedence) = &table.precedence {
            let mut seen = BTreeSet::new();
            let twice = precedence.0.iter().filter(|phase| !seen.insert(*phase));
            problems.extend(twice.map(|phase| format!("precedence names {phase} twice")));
            if precedence.0.is_empty() {
                problems.push("precedence names no phase".into());
            }
        }
        if !problems.is_empty() {
            return Err(BadRules(problems));
        }
        self.project = table.precedents;
        let preset = table.project.map(ProjectKind::precedence);
        self.precedence = table.precedence.or(preset).unwrap_or(self.precedence);
        Ok(self)
    }

    /// Whether there is a precedent of this name.
    pub fn knows(&self, id: &PrecedentId) -> bool {
        let mut all = self.project.iter().chain(&self.built_in);
        all.any(|precedent| precedent.id == *id)
    }
}

/// What is wrong with a precedent that can be read.
fn wrong(precedent: &Precedent, vocabulary: &Vocabulary) -> Vec<String> {
    let Precedent {
        id, topic, a, b, ..
    } = precedent;
    let mut problems: Vec<String> = [a, b]
        .into_iter()
        .filter_map(|side| vocabulary.check(topic, &side.stance).err())
        .map(|reason| format!("precedent {id}: {reason}"))
        .collect();
    problems.dedup();
    if a.stance == b.stance {
        problems.push(format!("precedent {id}: both sides are {}", a.stance));
    }
    if precedent.rule.trim().is_empty() {
        problems.push(format!("precedent {id}: rule says nothing"));
    }
    let duties = !precedent.obligations.is_empty();
    if precedent.outcome == Outcome::Both && !duties {
        problems.push(format!("precedent {id}: outcome both needs obligations"));
    }
    problems
}
