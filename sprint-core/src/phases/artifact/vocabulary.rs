//! What findings may be about, and which sides there are (spec 10.2).
//!
//! The list is closed: two findings can be compared only if both chose from it. What fits nowhere is
//! about `other`.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{StanceName, TopicName};
use crate::phases::artifact::finding::Finding;
use crate::phases::artifact::problem::Problem;

/// The topic of what fits nowhere. It has no sides, and is the same as no topic.
pub const OTHER: &str = "other";

/// Topics, with the sides of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    topics: BTreeMap<TopicName, BTreeSet<StanceName>>,
}

impl Vocabulary {
    /// Adds sides to a topic, which may be new.
    pub fn add(&mut self, topic: TopicName, stances: impl IntoIterator<Item = StanceName>) {
        self.topics.entry(topic).or_default().extend(stances);
    }

    /// The topics and their sides, in order.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, &BTreeSet<StanceName>)> {
        self.topics.iter()
    }

    /// What is wrong with a topic and a side.
    pub fn check(&self, topic: &TopicName, stance: &StanceName) -> Result<(), String> {
        let Some(stances) = self.topics.get(topic) else {
            let topics = listed(self.topics.keys().map(TopicName::as_str));
            return Err(format!("{topic} is no topic; there are {topics}, {OTHER}"));
        };
        if stances.contains(stance) {
            return Ok(());
        }
        let stances = listed(stances.iter().map(StanceName::as_str));
        Err(format!(
            "{stance} is no side of {topic}; there are {stances}"
        ))
    }

    /// What is wrong with the topics of findings.
    pub fn problems(&self, findings: &[Finding]) -> Vec<Problem> {
        let wrong = |(n, finding): (usize, &Finding)| {
            let problem =
                |member, reason| Some(Problem::new(format!("findings[{n}].{member}"), reason));
            match (&finding.topic, &finding.stance) {
                (Some(topic), _) if topic.as_str() == OTHER => None,
                (None, None) => None,
                (None, Some(_)) => problem("stance", "needs a topic".to_owned()),
                (Some(topic), None) => problem("topic", format!("{topic} needs a stance")),
                (Some(topic), Some(stance)) => self
                    .check(topic, stance)
                    .map_or_else(|reason| problem("topic", reason), |()| None),
            }
        };
        findings.iter().enumerate().filter_map(wrong).collect()
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
