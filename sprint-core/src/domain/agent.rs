//! Agents: what they are asked, and what they claim.

mod model;
mod permission;
mod planning;
mod result;
mod sprint;
mod task;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::stray::Stray;
use crate::id::{BlobId, SessionId};

pub use model::{ModelTier, is_too_weak};
pub use permission::{Grant, PermissionRequest};
pub use planning::{
    Caller, CodeFile, CodeType, EdgeCaseIdea, ErrorStyle, ErrorStyles, ExploreResult, Export,
    Field, FileRole, Function, MemoryUpdate, Parameter, PlannedFile, Range, Risk, RiskKind,
    SideEffect, TestSetup, TicketContextResult, TypeKind,
};
pub use result::{
    ClaimedCheck, CompletionResult, ConflictResult, ContextResult, RequirementRow, ReviewFinding,
    ReviewResult, RoleResult, SimplifierResult, Waiver, WorkerEvidence, WorkerResult, WorkerStatus,
};
pub use sprint::{
    AlignmentRow, Aspect, E2eCheck, E2eFailure, E2eKind, E2eResult, FileIntents, MergeSlot,
    Prediction, RetrospectiveResult, SchedulerResult, SideIntent, Standing,
};
pub use task::{
    AGENT_TASK_SCHEMA, AgentTask, Assignment, ConflictBrief, Guidance, Intent, Material, Teammate,
    TestingLevel,
};

/// What an agent is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Researches the code for a worker; read-only.
    Context,
    /// Implements a ticket, and later fixes it.
    Worker,
    /// Reviews a change; read-only.
    Review,
    /// Judges whether every requirement is met; read-only.
    Completion,
    /// Makes a finished change simpler without changing what it does.
    Simplifier,
    /// Resolves a conflict between a ticket and what is merged before it.
    Conflict,
    /// Uses the merged application as a person would; changes nothing.
    E2e,
    /// Says what a finished sprint teaches, from texts it is given.
    Retrospective,
    /// Maps a code base for planning; read-only.
    Explore,
    /// Reads the files of a planned ticket closely; read-only.
    TicketContext,
    /// Predicts conflicts and orders merges, from texts it is given.
    Scheduler,
}

impl Role {
    /// Every role: those of a ticket in the order of its life, then those about more than one.
    pub const ALL: [Self; 11] = [
        Self::Context,
        Self::Worker,
        Self::Simplifier,
        Self::Review,
        Self::Completion,
        Self::Conflict,
        Self::E2e,
        Self::Retrospective,
        Self::Explore,
        Self::TicketContext,
        Self::Scheduler,
    ];

    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Worker => "worker",
            Self::Simplifier => "simplifier",
            Self::Review => "review",
            Self::Completion => "completion",
            Self::Conflict => "conflict",
            Self::E2e => "e2e",
            Self::Retrospective => "retrospective",
            Self::Explore => "explore",
            Self::TicketContext => "ticket_context",
            Self::Scheduler => "scheduler",
        }
    }

    /// Reads a role by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text)
    }

    /// Whether the role may change its workspace.
    pub fn writes(self) -> bool {
        matches!(self, Self::Worker | Self::Simplifier | Self::Conflict)
    }

    /// The class of model it needs unless the configuration names another (spec 1.1).
    pub const fn tier(self) -> ModelTier {
        match self {
            Self::Worker | Self::Simplifier | Self::Conflict => ModelTier::Opus,
            Self::Context
            | Self::Review
            | Self::Completion
            | Self::E2e
            | Self::Retrospective
            | Self::Explore
            | Self::TicketContext
            | Self::Scheduler => ModelTier::Sonnet,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something an agent said. It may steer the next step; it can never be proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claimed<T>(pub T);

/// What came back from one run of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// Its answer.
    pub answer: Answer,
    /// A handle to continue its session.
    pub session: Option<SessionId>,
    /// What it used.
    pub usage: Usage,
    /// Its whole output, redacted, as a stored blob.
    pub transcript: Option<BlobId>,
    /// What its teammate did, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teammate: Option<TeammateReport>,
    /// What was seen of it outside its workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strayed: Vec<Stray>,
}

impl AgentReport {
    /// A report of this answer, about which nothing else is known.
    pub const fn of(answer: Answer) -> Self {
        Self {
            answer,
            session: None,
            usage: Usage {
                duration_ms: 0,
                cost_micro_usd: 0,
                tokens: 0,
            },
            transcript: None,
            teammate: None,
            strayed: Vec::new(),
        }
    }
}

/// What came of the context agent that was alive beside a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeammateReport {
    /// Its report, if it made one.
    pub report: Option<String>,
    /// Questions the worker asked it.
    pub questions: u32,
    /// Questions it answered in time.
    pub answered: u32,
    /// Answers with a sign of degradation: from memory, hedging, without path and line.
    pub degraded: u32,
    /// Every question and answer, redacted, as a stored blob.
    pub exchange: Option<BlobId>,
}

/// An agent's answer: a typed result, or not one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It answered in the form its role asks for.
    Result(Claimed<RoleResult>),
    /// It ended without an answer in that form, for the reason given.
    Malformed(String),
    /// It wants to use a tool that nobody has allowed or refused yet, and was stopped there. The
    /// session goes on once a person has decided.
    Asks(PermissionRequest),
}

impl Answer {
    /// Why this is not the result that was asked for, where it is not.
    pub fn shortfall(&self) -> String {
        match self {
            Self::Result(_) => "it answered in another role".into(),
            Self::Malformed(reason) => reason.clone(),
            Self::Asks(request) => {
                format!("it asked to use {} and was stopped there", request.tool)
            }
        }
    }
}

/// What a run of an agent cost, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall time in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Cost in millionths of a US dollar.
    #[serde(default)]
    pub cost_micro_usd: u64,
    /// Tokens, both ways.
    #[serde(default)]
    pub tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_the_name_it_is_stored_under() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            let stored = serde_json::to_string(&role).unwrap();
            assert_eq!(stored, format!("{:?}", role.name()));
        }
        let distinct: std::collections::BTreeSet<_> = Role::ALL.into();
        assert_eq!(distinct.len(), Role::ALL.len());
        assert_eq!(Role::parse("haiku"), None);
    }

    #[test]
    fn roles_that_write_need_the_stronger_class() {
        for role in Role::ALL {
            assert_eq!(role.writes(), role.tier() == ModelTier::Opus, "{role}");
        }
    }
}
