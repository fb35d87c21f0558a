//! What somebody who understands texts says about findings that may contradict each other
//! (spec 10.2 step 3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::TopicName;
use crate::phases::artifact::finding::FindingRef;
use crate::phases::artifact::{Artifact, Tension};
use crate::phases::conflict::detect::{Candidate, Detected};
use crate::phases::conflict::{Conflict, ConflictId, Side, Source};

/// Whether two findings contradict each other, with the words that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opinion {
    /// Whether they do.
    pub conflict: bool,
    /// What both are about.
    #[serde(default)]
    pub topic: Option<TopicName>,
    /// How they relate.
    #[serde(default)]
    pub tension: Option<Tension>,
    /// Words of the first finding's description. Needed if they contradict each other.
    #[serde(default)]
    pub quote_a: String,
    /// Words of the second finding's description. Needed if they contradict each other.
    #[serde(default)]
    pub quote_b: String,
}

/// An opinion that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is about findings that nobody had to look at.
    #[error("{0} is not waiting for an opinion")]
    NotAsked(ConflictId),
    /// It quotes what is not there, or nothing.
    #[error("the quote from {0} is not in its description")]
    Quote(FindingRef),
}

impl Detected {
    /// Takes an opinion on one of the candidates: it becomes a conflict, or nothing. Who says that
    /// two findings contradict each other must quote both.
    pub fn hear(
        &mut self,
        id: &ConflictId,
        opinion: &Opinion,
        artifacts: &[&Artifact],
    ) -> Result<(), Refused> {
        let asked = |candidate: &Candidate| candidate.id() == *id;
        let at = self.candidates.iter().position(asked);
        let at = at.ok_or_else(|| Refused::NotAsked(id.clone()))?;
        if opinion.conflict {
            let (a, b) = (&self.candidates[at].a, &self.candidates[at].b);
            let conflict = Conflict {
                a: quoted(a, &opinion.quote_a, artifacts)?,
                b: quoted(b, &opinion.quote_b, artifacts)?,
                topic: opinion.topic.clone(),
                tension: opinion.tension,
                named: None,
                source: Source::Judged,
            };
            self.conflicts.push(conflict);
            self.conflicts.sort_by_key(Conflict::id);
        }
        self.candidates.remove(at);
        Ok(())
    }
}

/// The side of a finding whose description holds these words.
fn quoted(finding: &FindingRef, quote: &str, artifacts: &[&Artifact]) -> Result<Side, Refused> {
    let mut of_phase = artifacts
        .iter()
        .filter(|artifact| artifact.phase == finding.phase);
    let found =
        of_phase.find_map(|artifact| artifact.findings().iter().find(|f| f.id == finding.id));
    let quote = quote.trim();
    match found {
        Some(found) if !quote.is_empty() && found.description.contains(quote) => Ok(Side {
            finding: finding.clone(),
            severity: found.severity,
            stance: found.stance.clone(),
        }),
        Some(_) | None => Err(Refused::Quote(finding.clone())),
    }
}
