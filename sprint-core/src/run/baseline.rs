//! The gate on base, before any ticket is blamed for what it says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::check::CheckReport;
use crate::domain::command::CheckKind;
use crate::domain::config::RedBase;
use crate::domain::verdict::Verdict;
use crate::id::{CommitId, TreeId};
use crate::run::SprintRun;
use crate::run::event::Event;
use crate::run::mechanical::{self, Evidence, some_of};
use crate::run::state::{Phase, SprintState};

/// What the gate says about base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Where base was.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// What the gate said, with nothing subtracted.
    pub verdict: Verdict,
    /// The tests that fail there, if those are all that is wrong and the sprint goes on in spite of
    /// them. They can only get fewer: what lands is where they are counted again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<String>,
    /// Whether something landed on it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub landed: bool,
}

/// What a gate run on base comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is green.
    Green,
    /// These tests fail, and nothing else is wrong.
    Nameable(BTreeSet<String>),
    /// It is red in a way that cannot be told apart from what a ticket may break; the reason.
    Hopeless(String),
}

impl Baseline {
    /// Takes in a gate run on base.
    fn new(commit: CommitId, tree: TreeId, report: CheckReport) -> Self {
        Self {
            commit,
            tree,
            verdict: mechanical::decide(report, Evidence::default()),
            known: BTreeSet::new(),
            landed: false,
        }
    }

    /// What it comes to.
    pub fn standing(&self) -> Standing {
        if self.verdict.accepts() {
            return Standing::Green;
        }
        let failing: BTreeSet<String> = self
            .verdict
            .runs
            .iter()
            .flat_map(|run| run.failing.iter().cloned())
            .collect();
        let again = CheckReport::new(self.verdict.runs.clone(), None);
        let apart = Evidence {
            known: Some(&failing),
            ..Evidence::default()
        };
        // Whatever else was found blocks with and without the names.
        let others = self.verdict.findings.iter().filter(|f| f.severity.blocks());
        let only_tests = self
            .verdict
            .runs
            .iter()
            .filter(|run| !run.exit.success())
            .count()
            == others.count();
        if only_tests && mechanical::decide(again, apart).accepts() {
            return Standing::Nameable(failing);
        }
        let finding = self.verdict.findings.first();
        Standing::Hopeless(finding.map_or_else(String::new, |f| f.message.clone()))
    }

    /// How many tests base has, where the runner says so.
    pub fn tests(&self) -> Option<u64> {
        let mut runs = self.verdict.runs.iter();
        let run = runs.find(|run| run.check == CheckKind::Test)?;
        run.count.passed()
    }
}

impl SprintRun {
    /// The gate has run on base.
    pub(super) fn baseline_finished(
        &mut self,
        commit: CommitId,
        tree: TreeId,
        report: CheckReport,
    ) {
        self.sprint.counters.gates += 1;
        self.sprint.base_head = commit.clone();
        let baseline = Baseline::new(commit, tree, report);
        let standing = baseline.standing();
        self.events.push(Event::BaselineRan {
            tests: baseline.tests(),
            failing: match &standing {
                Standing::Nameable(failing) => failing.iter().cloned().collect(),
                Standing::Green | Standing::Hopeless(_) => Vec::new(),
            },
            green: standing == Standing::Green,
        });
        self.sprint.baseline = Some(Box::new(baseline));
        match standing {
            Standing::Green => self.enter_phase(Phase::Tickets),
            Standing::Nameable(_) if self.plan.config.red_base == RedBase::Accept => {
                self.accept_red_base();
            }
            Standing::Nameable(failing) => {
                let reason = format!(
                    "tests fail on base already: {}; repair base and go on, or accept it as it is, \
                     and they are nobody's blame",
                    some_of(&failing)
                );
                self.enter_phase(Phase::Parked { reason });
            }
            Standing::Hopeless(why) => {
                let reason = format!(
                    "the gate is red on base itself, and not only because of tests that have \
                     names, so no ticket could pass it; repair base and go on: {why}"
                );
                self.enter_phase(Phase::Parked { reason });
            }
        }
    }

    /// A person says that what fails on base is known.
    pub(super) fn accept_red_base(&mut self) {
        let phase = &self.sprint.phase;
        let rests =
            matches!(phase, Phase::Baseline | Phase::Parked { .. }) && self.waits_for_base();
        let baseline = self.sprint.baseline.as_mut().filter(|_| rests);
        let Some(baseline) = baseline else {
            let message = "there is no red base to accept".into();
            return self.events.push(Event::Warning { message });
        };
        match baseline.standing() {
            Standing::Nameable(failing) => {
                baseline.known = failing;
                self.changed.sprint = true;
                self.enter_phase(Phase::Tickets);
            }
            Standing::Green | Standing::Hopeless(_) => {
                let message = "what is red on base cannot be told apart by the names of tests";
                self.events.push(Event::Warning {
                    message: message.into(),
                });
            }
        }
    }

    /// Whether the sprint rests because base is red.
    pub(super) fn waits_for_base(&self) -> bool {
        let red = |baseline: &Baseline| {
            !baseline.landed && !baseline.verdict.accepts() && baseline.known.is_empty()
        };
        self.sprint.baseline.as_deref().is_some_and(red)
    }
}

impl SprintState {
    /// Counts a gate run on a combination, and decides like layer 2, without claims to compare
    /// with.
    pub(super) fn gate_ran(&mut self, report: CheckReport) -> Verdict {
        if report.runs.iter().any(|run| run.reused.is_some()) {
            self.counters.gates_reused += 1;
        } else {
            self.counters.gates += 1;
        }
        let evidence = Evidence {
            known: self.known_failures(),
            ..Evidence::default()
        };
        mechanical::decide(report, evidence)
    }

    /// The tests that fail on base and are nobody's blame.
    pub(super) fn known_failures(&self) -> Option<&BTreeSet<String>> {
        self.baseline.as_ref().map(|base| &base.known)
    }

    /// What landed is base now; what does not fail in it any more counts as working from here on.
    pub(super) fn baseline_landed(
        &mut self,
        commit: &CommitId,
        tree: &TreeId,
        still: Option<&BTreeSet<String>>,
    ) {
        if let Some(baseline) = &mut self.baseline {
            baseline
                .known
                .retain(|name| still.is_none_or(|still| still.contains(name)));
            baseline.landed = true;
            baseline.commit = commit.clone();
            baseline.tree = tree.clone();
        }
    }
}
