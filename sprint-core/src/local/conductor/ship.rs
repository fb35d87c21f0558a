//! What ship decides from, and what it leaves (spec 11.2).

use crate::failure::ErrorKind;
use crate::id::{BlobId, SprintId};
use crate::local::conductor::{Conductor, ConductorError, Inner, MAX_ARTIFACT, advice};
use crate::local::disk::{read_regular, replace};
use crate::local::layout::show;
use crate::phases::artifact::integrity::Strictness;
use crate::phases::artifact::load::{Evidence, Expected, load};
use crate::phases::board::{Completion, State};
use crate::phases::event::{ArtifactRef, Note};
use crate::phases::graph::{ArtifactRule, Node};
use crate::phases::reason::Reason;
use crate::phases::ship::{Failure, PhaseFacts, Waiver};
use crate::ports::Error;

/// How a sprint was judged, to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// The verdict, in a word.
    pub verdict: &'a Reason,
    /// The summary for tools.
    pub json: &'a [u8],
    /// The summary for people.
    pub markdown: &'a str,
}

impl Conductor {
    /// What is known of each phase of the current sprint, in declared order, with the artifacts as
    /// far as they can be trusted. Takes no lock and writes nothing.
    ///
    /// # Errors
    ///
    /// No sprint is active, or its events cannot be read. An artifact that cannot be read is no error:
    /// it is missing.
    pub fn phase_facts(&self) -> Result<Vec<PhaseFacts>, ConductorError> {
        self.look(|look| {
            let sprint = &look.board.start().sprint;
            let nodes = look.board.graph().nodes().iter();
            let facts = nodes.filter_map(|node| {
                let state = look.board.state(&node.name)?;
                let mut facts = PhaseFacts {
                    phase: node.name.clone(),
                    depends_on: node.depends_on.clone(),
                    standing: look.standing(&node.name)?,
                    evidence: Evidence::NotApplicable,
                    agent: None,
                    claimed_at: None,
                    settled_at: None,
                    failure: None,
                    waiver: None,
                };
                self.inner.tell(&mut facts, state, node, sprint);
                Some(facts)
            });
            facts.collect()
        })
    }

    /// Keeps how the current sprint was judged: `ship.json` and `ship.md` in its directory, and an
    /// event that names them.
    ///
    /// # Errors
    ///
    /// Those of files.
    pub fn keep_judgement(&self, judgement: Judgement<'_>) -> Result<(), ConductorError> {
        let sprint = self.current()?;
        let directory = self.inner.directory(&sprint);
        for (name, bytes) in [
            ("ship.json", judgement.json),
            ("ship.md", judgement.markdown.as_bytes()),
        ] {
            let path = directory.join(name);
            let failed = Error::new(ErrorKind::Fatal, "write", show(&path));
            replace(&path, bytes, self.inner.options.durability)
                .map_err(|error| failed.because(advice(error)))?;
        }
        self.record(Note::Ship {
            verdict: judgement.verdict.clone(),
            summary: Some(ArtifactRef {
                sha256: BlobId::of(judgement.json),
                bytes: judgement.json.len() as u64,
            }),
        })
    }
}

impl Inner {
    fn tell(&self, facts: &mut PhaseFacts, state: &State, node: &Node, sprint: &SprintId) {
        match state {
            State::Pending => {}
            State::Claimed(claim) => {
                facts.agent = Some(claim.grant.owner.agent.clone());
                facts.claimed_at = Some(claim.at);
            }
            State::Complete(done) => {
                facts.agent = Some(done.by.agent.clone());
                facts.claimed_at = Some(done.claimed_at);
                facts.settled_at = Some(done.at);
                facts.evidence = self.evidence(done, node, sprint);
            }
            State::Failed(failed) => {
                facts.agent = Some(failed.by.agent.clone());
                facts.settled_at = Some(failed.at);
                facts.failure = Some(Failure {
                    reason: failed.reason.to_string(),
                    tag: Some(failed.tag.to_string()),
                });
            }
            State::Waived(waived) => {
                facts.agent = Some(waived.failed.by.agent.clone());
                facts.settled_at = Some(waived.at);
                facts.waiver = Some(Waiver {
                    by: waived.by.to_string(),
                    reason: waived.reason.to_string(),
                    at: waived.at,
                });
            }
        }
    }

    fn evidence(&self, done: &Completion, node: &Node, sprint: &SprintId) -> Evidence {
        if done.artifact.is_none() && node.artifact != ArtifactRule::Required {
            return Evidence::NotApplicable;
        }
        let phase = &node.name;
        let file = format!("artifacts/{phase}-{}.json", done.epoch);
        let bytes = read_regular(&self.directory(sprint).join(file), MAX_ARTIFACT);
        let Ok(bytes) = bytes else {
            return Evidence::Missing;
        };
        let expected = Expected {
            phase,
            sprint: Some(sprint),
            sha256: done.artifact.as_ref().map(|artifact| &artifact.sha256),
        };
        load(Some(&bytes), &expected, Strictness::Require)
    }
}
