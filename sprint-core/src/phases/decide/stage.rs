//! A sprint in memory, for tests.

use std::collections::BTreeSet;

use super::*;
use crate::id::{AgentName, BlobId, BootId, ClaimToken, FailureTag, HostName, SprintId};
use crate::phases::event::{ArtifactRef, Event, SCHEMA_VERSION, Settings, Start};
use crate::phases::graph::{Node, PhaseGraph};
use crate::phases::owner::{Owner, Process};
use crate::phases::reason::Reason;

/// A sprint in memory, and who of its agents is gone.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) board: Board,
    pub(super) now: Timestamp,
    pub(super) gone: BTreeSet<AgentName>,
    pub(super) log: Vec<(Timestamp, Event)>,
    tokens: u128,
}

impl Stage {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        Self::with(nodes, Settings::default())
    }

    pub(super) fn with(nodes: Vec<Node>, settings: Settings) -> Self {
        let start = Start {
            schema_version: SCHEMA_VERSION,
            sprint: SprintId::new("sprint-1").unwrap(),
            by: owner("starter"),
            base: None,
            settings,
            phases: PhaseGraph::new(nodes).unwrap(),
        };
        let now = Timestamp::from_millis(1_767_225_600_000);
        let first = Event::SprintStart(Box::new(start.clone()));
        Self {
            board: Board::new(now, start),
            now,
            gone: BTreeSet::new(),
            log: vec![(now, first)],
            tokens: 0,
        }
    }

    pub(super) fn look<T>(&self, see: impl FnOnce(&Look<'_>) -> T) -> T {
        let gone = |claim: &Claim| {
            let owner = &claim.grant.owner;
            let pid = owner.process.as_ref().map(|process| process.pid);
            self.gone
                .contains(&owner.agent)
                .then_some(Gone::Dead { pid })
        };
        see(&Look {
            board: &self.board,
            now: self.now,
            gone: &gone,
        })
    }

    pub(super) fn save(&mut self, event: Event) {
        self.board.apply(self.now, &event).unwrap();
        self.log.push((self.now, event));
    }

    pub(super) fn token(&mut self) -> ClaimToken {
        self.tokens += 1;
        ClaimToken::new(format!("{:032x}", self.tokens)).unwrap()
    }

    pub(super) fn claim(
        &mut self,
        phase: &str,
        request: &ClaimRequest,
    ) -> Result<Granted, Refused> {
        let token = self.token();
        let granted = self.look(|look| look.claim(&name(phase), request, token))?;
        if let Some(event) = granted.event.clone() {
            self.save(event);
        }
        Ok(granted)
    }

    pub(super) fn batch(&mut self, agent: &str) -> Result<Granted, Refused> {
        let token = self.token();
        let granted = self.look(|look| look.claim_next(&agent_request(agent), token))?;
        if let Some(event) = granted.event.clone() {
            self.save(event);
        }
        Ok(granted)
    }

    pub(super) fn complete(&mut self, phase: &str) {
        let granted = self.claim(phase, &agent_request("worker")).unwrap();
        let shown = Credential::Token(granted.grant.token);
        let artifact = Some(artifact());
        let event = self.look(|look| look.complete(&name(phase), &shown, artifact, None));
        self.save(event.unwrap());
    }

    pub(super) fn fail(&mut self, phase: &str, tag: &str) {
        let granted = self.claim(phase, &agent_request("worker")).unwrap();
        let shown = Credential::Token(granted.grant.token);
        let tag = FailureTag::new(tag).unwrap();
        let event = self.look(|look| look.fail(&name(phase), &shown, why("it broke"), tag));
        self.save(event.unwrap());
    }

    pub(super) fn standing(&self, phase: &str) -> Standing {
        self.look(|look| look.standing(&name(phase))).unwrap()
    }
}

pub(super) fn name(text: &str) -> PhaseName {
    PhaseName::new(text).unwrap()
}

pub(super) fn why(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

pub(super) fn artifact() -> ArtifactRef {
    ArtifactRef {
        sha256: BlobId::of(b"{}"),
        bytes: 2,
    }
}

/// An agent with a process of its own.
pub(super) fn owner(agent: &str) -> Owner {
    Owner {
        agent: AgentName::new(agent).unwrap(),
        host: HostName::new("here").unwrap(),
        process: Some(Process {
            pid: agent.bytes().map(u32::from).sum(),
            started_at: 1,
            boot_id: BootId::new("boot").unwrap(),
            namespace: 1,
        }),
    }
}

pub(super) fn agent_request(agent: &str) -> ClaimRequest {
    ClaimRequest::new(owner(agent))
}
