//! The layers of verification: the pipeline's own, and those that a host adds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The layers of verification, in the order of a ticket's life. The numbers are the ones of the
/// sprint pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub enum LayerId {
    /// 0.5: the worker says that it ran the configured commands before finishing.
    Preflight,
    /// 0.7: the worker's answer is complete and belongs to this ticket.
    Exhaustion,
    /// 1: the worker's own evidence shows success for every configured command.
    Evidence,
    /// 1.5: an agent made the change simpler, or there was no reason to. Never part of a proof.
    Simplifier,
    /// 2: we ran the commands ourselves and they passed.
    Mechanical,
    /// 3: a separate agent reviewed the change and found nothing serious.
    Review,
    /// 2.5: every edge case of the ticket is named by a test.
    EdgeCases,
    /// 3.5: a person approved.
    Human,
    /// 4: every requirement of the ticket is met, with a place in the code for each.
    Completion,
    /// Before the others: the branch merges with today's base. Never part of a proof.
    StaleBase,
    /// After the others: it fits together with the other tickets. Never part of a proof, for which
    /// the gate on what lands stands.
    Integration,
    /// A layer of the host, decided beside layers 2 and 3 and as necessary as they are.
    Host(LayerName),
}

impl LayerId {
    /// The layers of every proof, in the order in which they are decided. A host's own come on
    /// top.
    pub const ALL: [Self; 8] = [
        Self::Exhaustion,
        Self::Preflight,
        Self::Evidence,
        Self::Mechanical,
        Self::Review,
        Self::EdgeCases,
        Self::Human,
        Self::Completion,
    ];

    /// The pipeline's layers that are no part of a proof.
    const OTHERS: [Self; 3] = [Self::Simplifier, Self::StaleBase, Self::Integration];

    /// The layer's number in the pipeline; `+` for a host's own.
    pub const fn number(&self) -> &'static str {
        match self {
            Self::Preflight => "0.5",
            Self::Exhaustion => "0.7",
            Self::Evidence => "1",
            Self::Simplifier => "1.5",
            Self::Mechanical => "2",
            Self::Review => "3",
            Self::EdgeCases => "2.5",
            Self::Human => "3.5",
            Self::Completion => "4",
            Self::StaleBase => "0",
            Self::Integration => "4.5",
            Self::Host(_) => "+",
        }
    }

    /// A short name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::Preflight => "preflight",
            Self::Exhaustion => "complete answer",
            Self::Evidence => "worker evidence",
            Self::Simplifier => "simplifier",
            Self::Mechanical => "mechanical",
            Self::Review => "code review",
            Self::EdgeCases => "edge cases",
            Self::Human => "human review",
            Self::Completion => "completion",
            Self::StaleBase => "stale base",
            Self::Integration => "integration",
            Self::Host(name) => name.as_str(),
        }
    }

    /// The name in state files; `None` for a host's own layer, whose name has a prefix.
    const fn key(self) -> Option<&'static str> {
        Some(match self {
            Self::Preflight => "preflight",
            Self::Exhaustion => "exhaustion",
            Self::Evidence => "evidence",
            Self::Simplifier => "simplifier",
            Self::Mechanical => "mechanical",
            Self::Review => "review",
            Self::EdgeCases => "edge_cases",
            Self::Human => "human",
            Self::Completion => "completion",
            Self::StaleBase => "stale_base",
            Self::Integration => "integration",
            Self::Host(_) => return None,
        })
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{} {}", self.number(), self.name())
    }
}

/// Stands before the name of a host's own layer in state files.
const HOST: &str = "host:";

impl From<LayerId> for String {
    fn from(layer: LayerId) -> Self {
        match layer.key() {
            Some(key) => key.to_owned(),
            None => format!("{HOST}{}", layer.name()),
        }
    }
}

/// The text names no layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a layer: {0:?}")]
pub struct UnknownLayer(String);

impl TryFrom<Cow<'_, str>> for LayerId {
    type Error = UnknownLayer;

    fn try_from(text: Cow<'_, str>) -> Result<Self, UnknownLayer> {
        text.parse()
    }
}

impl FromStr for LayerId {
    type Err = UnknownLayer;

    fn from_str(text: &str) -> Result<Self, UnknownLayer> {
        if let Some(name) = text.strip_prefix(HOST) {
            return name.parse().map(Self::Host);
        }
        let mut layers = Self::ALL.into_iter().chain(Self::OTHERS);
        let found = layers.find(|layer| layer.key() == Some(text));
        found.ok_or_else(|| UnknownLayer(text.chars().take(80).collect()))
    }
}

/// The longest name of a host's layer, in bytes.
const LONGEST: usize = 24;

/// The name of a layer that a host adds: 1 to 24 of `a-z 0-9 -`, beginning with a letter.
///
/// It is a plain value without an allocation, so that [`LayerId`] is one too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct LayerName {
    /// Padded with zeros, which no name contains.
    bytes: [u8; LONGEST],
    length: u8,
}

impl LayerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in.
        str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl From<LayerName> for String {
    fn from(name: LayerName) -> Self {
        name.as_str().to_owned()
    }
}

impl TryFrom<Cow<'_, str>> for LayerName {
    type Error = UnknownLayer;

    fn try_from(text: Cow<'_, str>) -> Result<Self, UnknownLayer> {
        text.parse()
    }
}

impl FromStr for LayerName {
    type Err = UnknownLayer;

    fn from_str(text: &str) -> Result<Self, UnknownLayer> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if !begins || text.len() > LONGEST || !text.bytes().all(legal) {
            return Err(UnknownLayer(text.chars().take(80).collect()));
        }
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).unwrap_or_default();
        Ok(Self { bytes, length })
    }
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_layer_is_a_key_of_json_and_reads_back() {
        let host = LayerId::Host("security-2".parse().unwrap());
        for layer in LayerId::ALL
            .into_iter()
            .chain(LayerId::OTHERS)
            .chain([host])
        {
            let map = BTreeMap::from([(layer, 1)]);
            let json = serde_json::to_string(&map).unwrap();
            assert_eq!(
                serde_json::from_str::<BTreeMap<LayerId, u8>>(&json).unwrap(),
                map
            );
        }
        assert_eq!(
            serde_json::to_string(&host).unwrap(),
            r#""host:security-2""#
        );
        assert_eq!(
            serde_json::to_string(&LayerId::EdgeCases).unwrap(),
            r#""edge_cases""#
        );
    }

    #[test]
    fn a_name_stays_within_its_alphabet() {
        for text in ["", "-a", "2a", "A", "a b", "a/b", "é", &"a".repeat(25)] {
            assert!(text.parse::<LayerName>().is_err(), "{text:?}");
            assert!(
                format!("host:{text}").parse::<LayerId>().is_err(),
                "{text:?}"
            );
        }
        let longest = "a".repeat(24);
        assert_eq!(longest.parse::<LayerName>().unwrap().as_str(), longest);
        assert!("nothing".parse::<LayerId>().is_err());
    }
}
