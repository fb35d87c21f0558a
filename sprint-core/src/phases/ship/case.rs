//! A sprint to decide about, changed a little by each test.

use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{phase, tree};
use super::status::Status;
use super::summary::Summary;
use super::{Check, Inputs, PhaseFacts, Repository, decide};
use crate::domain::path::RepoPath;
use crate::id::SprintId;
use crate::phases::artifact::Mode;
use crate::phases::artifact::finding::FindingRef;
use crate::phases::conflict::ConflictId;
use crate::phases::conflict::opinion::Opinion;
use crate::phases::conflict::resolve::Confirmation;
use crate::phases::conflict::rulebook::Rulebook;
use crate::time::Timestamp;

/// What is decided about phases, with everything else as usual unless a test changes it.
pub(super) struct Case {
    pub(super) phases: Vec<PhaseFacts>,
    pub(super) repository: Repository,
    pub(super) mode: Mode,
    pub(super) opinions: BTreeMap<ConflictId, Opinion>,
    pub(super) confirmed: BTreeMap<ConflictId, Confirmation>,
    pub(super) checks: BTreeMap<FindingRef, Check>,
}

impl Case {
    pub(super) fn new(phases: Vec<PhaseFacts>) -> Self {
        Self {
            phases,
            repository: Repository {
                tree: Some(tree('a')),
                changed: BTreeSet::from([RepoPath::from("src/login.rs")]),
                changed_since: BTreeMap::new(),
            },
            mode: Mode::Standard,
            opinions: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            checks: BTreeMap::new(),
        }
    }

    pub(super) fn decide(&self) -> Summary {
        decide(&Inputs {
            sprint: &SprintId::new("sprint-20260131-090000").unwrap(),
            target: &phase("ship"),
            phases: &self.phases,
            repository: &self.repository,
            rules: &Rulebook::default(),
            mode: self.mode,
            opinions: &self.opinions,
            confirmed: &self.confirmed,
            checks: &self.checks,
            at: "2026-01-31T11:00:00Z".parse::<Timestamp>().unwrap(),
        })
    }
}

pub(super) fn at<'a>(phases: &'a mut [PhaseFacts], name: &str) -> &'a mut PhaseFacts {
    let facts = phases.iter_mut().find(|facts| facts.phase.as_str() == name);
    facts.unwrap()
}

pub(super) fn status_of(summary: &Summary, name: &str) -> Status {
    let line = summary
        .phases
        .iter()
        .find(|line| line.phase.as_str() == name);
    line.unwrap().status
}
