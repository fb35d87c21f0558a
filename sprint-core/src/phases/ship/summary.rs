//! Everything there is to say about shipping a sprint (spec 11.2 step 9).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::id::{AgentName, PhaseName, SprintId, TreeId};
use crate::phases::artifact::Artifact;
use crate::phases::artifact::finding::{FindingRef, Severity};
use crate::phases::artifact::kind::Kind;
use crate::phases::artifact::load::Evidence;
use crate::phases::artifact::summary::Summary as ArtifactSummary;
use crate::phases::artifact::{Mode, Problem};
use crate::phases::conflict::detect::{Candidate, Unresolved, detect};
use crate::phases::conflict::resolve::{Resolution, downgraded, resolve};
use crate::phases::conflict::{ConflictId, Outcome};
use crate::phases::ship::blocking::{self, BlockingFinding, StillPresent};
use crate::phases::ship::content::{Counts, content};
use crate::phases::ship::grade::Grade;
use crate::phases::ship::required::{Pending, pending, required};
use crate::phases::ship::scope::{Scope, scope};
use crate::phases::ship::status::{Saved, Status, status};
use crate::phases::ship::timing::{Timing, duration_ms, timing};
use crate::phases::ship::verdict::{Conflicts, Verdict, verdict};
use crate::phases::ship::{Failure, Inputs, PhaseFacts, Waiver};
use crate::time::Timestamp;

/// Everything there is to say about shipping a sprint.
///
/// Texts in it come from agents: whoever shows them makes them safe first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The version of this form.
    pub schema_version: u32,
    /// The sprint.
    pub sprint: SprintId,
    /// When it was decided.
    pub at: Timestamp,
    /// What would be shipped.
    pub tree: Option<TreeId>,
    /// Whether it can be.
    pub verdict: Verdict,
    /// How thoroughly conflicts were resolved.
    pub mode: Mode,
    /// Phases that have to sign off, in declared order.
    pub phases: Vec<PhaseLine>,
    /// Phases for which ship has to wait.
    pub pending: Vec<Pending>,
    /// Phases that failed, about which a person has to decide.
    pub questions: Vec<Question>,
    /// Findings that stop the sprint, and those that somebody says are gone.
    pub blocking: Vec<BlockingFinding>,
    /// Findings that contradict each other, and what holds by which rule.
    pub conflicts: Vec<Resolution>,
    /// Findings that may contradict each other: somebody has to look.
    pub candidates: Vec<Candidate>,
    /// What agents wrote about conflicts and makes no sense.
    pub unresolved: Vec<Unresolved>,
    /// Opinions and confirmations that were not taken, and why.
    pub refused: Vec<String>,
    /// What has to be verified or filed because both findings of a conflict hold.
    pub obligations: Vec<Obligation>,
    /// Phases that have not signed off, and who decided to go on.
    pub waivers: Vec<Waived>,
    /// Findings of required phases by severity. Those that lost a conflict are informational.
    pub findings: BTreeMap<Severity, u64>,
    /// The security grade. None without an artifact of security.
    pub security_grade: Option<Grade>,
    /// What was changed beside the plan. None without a plan.
    pub scope: Option<Scope>,
    /// How long it took.
    pub timing: Timing,
}

/// One required phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseLine {
    /// Its name.
    pub phase: PhaseName,
    /// What it says about shipping.
    pub status: Status,
    /// Why.
    pub why: Vec<String>,
    /// Who did it.
    pub agent: Option<AgentName>,
    /// How long it took.
    pub duration_ms: Option<u64>,
}

/// A phase that failed: do it again, go on without it, or stop. Stop if nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Which.
    pub phase: PhaseName,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Something to verify or file before the sprint is really done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligation {
    /// The conflict it comes from.
    pub conflict: ConflictId,
    /// What.
    pub text: String,
}

/// A phase that has not signed off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// Which.
    pub phase: PhaseName,
    /// Who decided, and why. None if nothing was recorded.
    pub waiver: Option<Waiver>,
}

/// Decides whether a sprint can be shipped. Nothing is written anywhere.
pub fn decide(inputs: &Inputs<'_>) -> Summary {
    let required = required(inputs.phases, inputs.target);
    let artifacts: Vec<&Artifact> = inputs
        .phases
        .iter()
        .filter_map(PhaseFacts::artifact)
        .collect();
    let mut detected = detect(&artifacts, inputs.rules);
    let opinions = inputs.opinions.iter();
    let refused = opinions.filter_map(|(id, told)| detected.hear(id, told, &artifacts).err());
    let mut refused: Vec<_> = refused.map(|refused| refused.to_string()).collect();
    let known = |id: &ConflictId| {
        detected
            .conflicts
            .iter()
            .any(|conflict| conflict.id() == *id)
    };
    let unknown = inputs.confirmed.keys().filter(|id| !known(id));
    refused.extend(unknown.map(|id| format!("{id} is no conflict, and cannot be confirmed")));
    let conflicts = resolve(
        &detected.conflicts,
        inputs.rules,
        inputs.mode,
        inputs.confirmed,
    );
    let lost = downgraded(&conflicts);
    let judged = Judged::of(&required, inputs, &lost);
    let state = conflict_state(&conflicts, &detected.unresolved, inputs.mode);
    let of_required = |phase: &PhaseName| facts(inputs, phase);
    Summary {
        schema_version: 1,
        sprint: inputs.sprint.clone(),
        at: inputs.at,
        tree: inputs.repository.tree.clone(),
        verdict: verdict(judged.phases.iter().map(|line| line.status), state),
        mode: inputs.mode,
        pending: pending(inputs.phases, &required),
        questions: judged.with(Status::Failed, |phase| Question {
            phase: phase.clone(),
            failure: of_required(phase).and_then(|facts| facts.failure.clone()),
        }),
        waivers: judged.with(Status::Waived, |phase| Waived {
            phase: phase.clone(),
            waiver: of_required(phase).and_then(|facts| facts.waiver.clone()),
        }),
        phases: judged.phases,
        blocking: judged.blocking,
        obligations: obligations(&conflicts),
        conflicts,
        candidates: detected.candidates,
        unresolved: detected.unresolved,
        refused,
        findings: judged.findings,
        security_grade: judged.grade,
        scope: planned(&artifacts).map(|planned| scope(planned, &inputs.repository.changed)),
        timing: timing(inputs.phases),
    }
}

/// The required phases, one after the other.
#[derive(Default)]
struct Judged {
    phases: Vec<PhaseLine>,
    blocking: Vec<BlockingFinding>,
    findings: BTreeMap<Severity, u64>,
    grade: Option<Grade>,
}

impl Judged {
    fn of(required: &[PhaseName], inputs: &Inputs<'_>, lost: &BTreeSet<FindingRef>) -> Self {
        let mut judged = Self::default();
        for phase in required {
            judged.add(phase, inputs, lost);
        }
        judged
    }

    fn add(&mut self, phase: &PhaseName, inputs: &Inputs<'_>, lost: &BTreeSet<FindingRef>) {
        let Some(facts) = facts(inputs, phase) else {
            self.phases.push(PhaseLine {
                phase: phase.clone(),
                status: Status::Missing,
                why: vec!["the sprint has no such phase".into()],
                agent: None,
                duration_ms: None,
            });
            return;
        };
        let mut gone = BTreeSet::new();
        if let Some(artifact) = facts.artifact() {
            let found = blocking::blocking(artifact, inputs, &|finding| lost.contains(finding));
            let away = found
                .iter()
                .filter(|found| matches!(found.still_present, StillPresent::GoneSaid(_)));
            gone.extend(away.map(|found| found.finding.clone()));
            self.blocking.extend(found);
            let counts = |finding: &FindingRef| !lost.contains(finding) && !gone.contains(finding);
            self.count(&Counts::of(artifact, &counts), phase);
        }
        let counts = |finding: &FindingRef| !lost.contains(finding) && !gone.contains(finding);
        let (saved, why) = saved(facts, inputs, &counts);
        let status = status(facts.standing, saved);
        self.phases.push(PhaseLine {
            phase: phase.clone(),
            status,
            why: reasons(status, facts, why),
            agent: facts.agent.clone(),
            duration_ms: duration_ms(facts),
        });
    }

    fn count(&mut self, counts: &Counts, phase: &PhaseName) {
        for (severity, more) in &counts.0 {
            let n = self.findings.entry(*severity).or_default();
            *n = n.saturating_add(*more);
        }
        if Kind::of(phase) == Kind::Security {
            use Severity::{Critical, High, Medium};
            let [critical, high, medium] = [Critical, High, Medium].map(|s| counts.get(s));
            self.grade = Some(Grade::of(critical, high, medium));
        }
    }

    fn with<T>(&self, status: Status, make: impl Fn(&PhaseName) -> T) -> Vec<T> {
        let lines = self.phases.iter().filter(|line| line.status == status);
        lines.map(|line| make(&line.phase)).collect()
    }
}

fn facts<'a>(inputs: &Inputs<'a>, phase: &PhaseName) -> Option<&'a PhaseFacts> {
    inputs.phases.iter().find(|facts| facts.phase == *phase)
}

/// What a phase saved, and why that is so.
fn saved(
    facts: &PhaseFacts,
    inputs: &Inputs<'_>,
    counts: &dyn Fn(&FindingRef) -> bool,
) -> (Saved, Vec<String>) {
    match &facts.evidence {
        Evidence::NotApplicable => (Saved::NotApplicable, Vec::new()),
        Evidence::Missing => (Saved::Missing, vec!["there is no artifact".into()]),
        Evidence::Tampered(_) => {
            let why = "the artifact is not what was saved";
            (Saved::Tampered, vec![why.into()])
        }
        Evidence::Invalid(problems) => (
            Saved::Invalid,
            problems.iter().map(Problem::to_string).collect(),
        ),
        Evidence::Read(artifact) => match (&inputs.repository.tree, &artifact.tree) {
            (Some(_), None) => {
                let why = "it does not say which files it looked at";
                (Saved::Stale, vec![why.into()])
            }
            (Some(now), Some(then)) if now != then => (
                Saved::Stale,
                vec!["files were changed after it looked".into()],
            ),
            (None, _) | (Some(_), Some(_)) => {
                let (content, why) = content(artifact, counts);
                (Saved::Fresh(content), why)
            }
        },
    }
}

/// Why the phase has this status.
fn reasons(status: Status, facts: &PhaseFacts, of_artifact: Vec<String>) -> Vec<String> {
    use crate::phases::standing::Standing::{
        Blocked, Claimed, Complete, Failed, Ready, Stale, Waived,
    };
    match (status, facts.standing) {
        (_, Blocked) => vec!["it waits for another phase".into()],
        (_, Ready) => vec!["nobody has claimed it".into()],
        (_, Claimed) => vec!["it is being worked on".into()],
        (_, Stale) => vec!["whoever claimed it is gone".into()],
        (_, Failed) => facts
            .failure
            .iter()
            .map(|failure| failure.reason.clone())
            .collect(),
        (_, Waived) => facts
            .waiver
            .iter()
            .map(|waiver| waiver.reason.clone())
            .collect(),
        (_, Complete) => of_artifact,
    }
}

fn conflict_state(conflicts: &[Resolution], unresolved: &[Unresolved], mode: Mode) -> Conflicts {
    let waits = conflicts
        .iter()
        .any(|resolution| resolution.needs_confirmation);
    let put_off = |resolution: &Resolution| resolution.outcome == Outcome::Deferred;
    if waits && mode == Mode::Thorough {
        Conflicts::Unconfirmed
    } else if waits || conflicts.iter().any(put_off) || !unresolved.is_empty() {
        Conflicts::Open
    } else {
        Conflicts::Settled
    }
}

fn obligations(conflicts: &[Resolution]) -> Vec<Obligation> {
    let of = |resolution: &Resolution| {
        let conflict = resolution.conflict.id();
        let texts = resolution.obligations.clone().into_iter();
        texts.map(move |text| Obligation {
            conflict: conflict.clone(),
            text,
        })
    };
    conflicts.iter().flat_map(of).collect()
}

fn planned<'a>(artifacts: &[&'a Artifact]) -> Option<&'a [String]> {
    artifacts
        .iter()
        .find_map(|artifact| match &artifact.summary {
            ArtifactSummary::Plan(plan) => Some(plan.planned_files.as_slice()),
            ArtifactSummary::Review(_)
            | ArtifactSummary::Qa(_)
            | ArtifactSummary::Security(_)
            | ArtifactSummary::Ship(_)
            | ArtifactSummary::Other(_) => None,
        })
}
