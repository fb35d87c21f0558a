//! Precedents: how contradictions of one kind are resolved (spec 10.1).

use serde::{Deserialize, Serialize};

use crate::id::{PhaseName, PrecedentId, StanceName, TopicName};
use crate::phases::artifact::Tension;
use crate::phases::conflict::{Conflict, Outcome};

/// How contradictions about one topic are resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precedent {
    /// What it is called. Topics decide, not names: others use the same ones for other things.
    pub id: PrecedentId,
    /// What the findings are about.
    pub topic: TopicName,
    /// How the two sides relate.
    pub tension: Tension,
    /// One side.
    pub a: Position,
    /// The other.
    pub b: Position,
    /// What to do, in words.
    pub rule: String,
    /// Which side holds.
    pub outcome: Outcome,
    /// What has to be seen to if both hold.
    #[serde(default)]
    pub obligations: Vec<String>,
}

/// One side of a precedent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Which side of the topic.
    pub stance: StanceName,
    /// Who usually takes it.
    pub phase: PhaseName,
    /// What it says, in words.
    pub says: String,
}

impl Precedent {
    /// Its outcome for this conflict; None if it is about something else.
    ///
    /// Topic and sides decide. For a conflict that an agent told, and whose findings name no sides,
    /// the precedent that the agent named decides by who usually takes which side.
    pub(super) fn outcome_for(&self, conflict: &Conflict) -> Option<Outcome> {
        let (a, b) = (&conflict.a, &conflict.b);
        if conflict.topic.as_ref() == Some(&self.topic) {
            let sides = (a.stance.as_ref()?, b.stance.as_ref()?);
            return self.turned(
                sides == (&self.a.stance, &self.b.stance),
                sides == (&self.b.stance, &self.a.stance),
            );
        }
        if conflict.topic.is_some() || conflict.named.as_ref() != Some(&self.id) {
            return None;
        }
        let phases = (&a.finding.phase, &b.finding.phase);
        self.turned(
            phases == (&self.a.phase, &self.b.phase),
            phases == (&self.b.phase, &self.a.phase),
        )
    }

    fn turned(&self, same: bool, swapped: bool) -> Option<Outcome> {
        match (same, swapped) {
            (true, _) => Some(self.outcome),
            (false, true) => Some(self.outcome.swapped()),
            (false, false) => None,
        }
    }
}
