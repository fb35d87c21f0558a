//! The agents of the world: they act by a script and the number of the attempt.

use std::collections::BTreeMap;

use crate::domain::agent::{
    AgentReport, AgentTask, Answer, Assignment, Claimed, ClaimedCheck, CompletionResult,
    ConflictResult, ContextResult, E2eResult, ErrorStyles, PermissionRequest, RequirementRow,
    ReviewFinding, ReviewResult, Role, RoleResult, SimplifierResult, TeammateReport, TestSetup,
    TicketContextResult, Usage, Waiver, WorkerEvidence, WorkerResult, WorkerStatus,
};
use crate::domain::command::CheckKind;
use crate::domain::stray::{Place, Stray};
use crate::domain::ticket::checkbox;
use crate::domain::verdict::Severity;
use crate::id::{BlobId, BranchName, CommitId, SessionId};
use crate::testing::fixture;
use crate::testing::world::State;
use crate::testing::world::checks::tests_in;
use crate::testing::world::repo::{Change, Flaw};
use crate::testing::world::vcs::{source, working_tree};

/// What the agents of one ticket do, attempt by attempt. The last entry goes on for ever; an empty
/// list means that all is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The worker.
    pub worker: Vec<WorkerAct>,
    /// The context agent beside the worker, where it has one.
    pub teammate: Vec<TeammateAct>,
    /// The simplifier.
    pub simplifier: Vec<SimplifierAct>,
    /// The reviewer.
    pub review: Vec<ReviewAct>,
    /// The completion agent.
    pub completion: Vec<CompletionAct>,
    /// The conflict agents, one after the other.
    pub conflict: Vec<ConflictAct>,
    /// Whether the worker leaves its changes for others to commit.
    pub leaves_uncommitted: bool,
}

/// What a worker does in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerAct {
    /// Good work.
    Good,
    /// Work with a flaw, about which it says nothing.
    Flawed(Flaw),
    /// Work whose tests fail, and it says so.
    Admits,
    /// Good work, and one more passed test than there is.
    Lies,
    /// Says it is done and has changed nothing.
    Idle,
    /// Work that it says is not finished.
    Partial,
    /// Good work, without having run its checklist.
    NoPreflight,
    /// Good work, without evidence.
    NoEvidence,
    /// An answer that is none.
    Malformed,
    /// An answer about another ticket.
    Confused,
    /// Asks for so many tools, one after the other, then good work.
    Asks(u32),
    /// Asks for one tool, whatever people decide.
    AsksAgain,
    /// Good work, then takes its workspace away.
    Deletes,
    /// Good work, then makes a branch of its own and stays there.
    Switches,
    /// Good work, then moves a branch of the user and stays there.
    MovesBranch,
    /// Good work, and writes elsewhere.
    Wanders,
    /// Good work, while somebody changes the user's checkout.
    Watched,
}

/// What a context agent beside a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeammateAct {
    /// Reports, and answers what it is asked.
    Helps,
    /// Reports, and answers from memory.
    Rambles,
    /// Says nothing.
    Silent,
}

/// What a simplifier does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimplifierAct {
    /// Finds nothing to make simpler.
    Nothing,
    /// Makes the change simpler.
    Improves,
    /// Breaks its tests.
    Breaks,
    /// Takes the change away.
    Erases,
    /// Improves it, and gives an answer that is none.
    Malformed,
    /// Takes the workspace away.
    Deletes,
}

/// What a reviewer does in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewAct {
    /// Has nothing to say.
    Clean,
    /// Finds something.
    Finds(Severity, String),
    /// An answer that is none.
    Malformed,
    /// Answers well, after changing the workspace, the first time it runs.
    Edits,
}

/// What a conflict agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictAct {
    /// Keeps both sides.
    Good,
    /// Leaves the markers where they are.
    LeavesMarkers,
    /// Throws the other side away.
    Drops,
    /// Keeps both sides, and changes a file of neither.
    Strays,
    /// Says that a criterion did not survive.
    Sacrifices,
    /// Keeps both sides in a way that fails the tests.
    Breaks,
    /// An answer that is none.
    Malformed,
}

/// What a completion agent does in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionAct {
    /// Everything is met.
    Complete,
    /// Something is missing.
    Missing(String),
    /// Cites a file that the change does not touch.
    CitesWrong,
    /// An answer that is none.
    Malformed,
}

const fn spoken(result: RoleResult) -> Answer {
    Answer::Result(Claimed(result))
}

/// What a worker wants to use next, if it asks for a tool.
fn asks(act: &WorkerAct, task: &AgentTask) -> Option<PermissionRequest> {
    let number = if let WorkerAct::Asks(most) = act {
        let decided = u32::try_from(task.grants.len()).ok();
        decided.filter(|decided| decided < most)?
    } else if *act == WorkerAct::AsksAgain {
        1000
    } else {
        return None;
    };
    Some(PermissionRequest {
        tool: "Bash".into(),
        input: format!("make thing-{number}"),
        digest: format!("digest-{number}"),
    })
}

fn act<T: Clone>(acts: &[T], attempt: u32, good: T) -> T {
    let at = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let act = acts.get(at).or_else(|| acts.last());
    act.cloned().unwrap_or(good)
}

impl State {
    pub(crate) fn agent(&mut self, task: &AgentTask) -> AgentReport {
        let place = self.repo.place(&task.workspace);
        assert_eq!(
            (&place.ticket, &place.branch),
            (&task.ticket, &task.branch),
            "impossible call: run({}) in the workspace of another ticket",
            task.key
        );
        assert!(
            task.teammate.is_none() || task.role == Role::Worker,
            "impossible call: run({}) with a teammate, and it is no worker",
            task.key
        );
        *self.log.agents.entry(task.role).or_default() += 1;
        let answer = match task.role {
            Role::Context => spoken(RoleResult::Context(ContextResult {
                report: format!("research for {}", task.ticket),
            })),
            Role::Worker => self.work(task),
            Role::Simplifier => self.simplify(task),
            Role::Review => self.review(task),
            Role::Completion => self.judge(task),
            Role::Conflict => self.resolve(task),
            Role::E2e => spoken(RoleResult::E2e(E2eResult::default())),
            Role::Retrospective => spoken(RoleResult::Retrospective(Default::default())),
            Role::Explore => spoken(RoleResult::Explore(Default::default())),
            Role::Scheduler => spoken(RoleResult::Scheduler(Default::default())),
            Role::TicketContext => {
                spoken(RoleResult::TicketContext(Box::new(TicketContextResult {
                    ticket: task.ticket.clone(),
                    files: Vec::new(),
                    errors: ErrorStyles::default(),
                    tests: TestSetup::default(),
                    suggested_edge_cases: Vec::new(),
                    unread: Vec::new(),
                })))
            }
        };
        let cost = task
            .max_cost_micro_usd
            .map_or(50_000, |most| most.min(50_000));
        self.log.cost_micro_usd += cost;
        AgentReport {
            session: SessionId::new(format!("s-{}", task.ticket)).ok(),
            usage: Usage {
                duration_ms: 1000,
                cost_micro_usd: cost,
                tokens: 1000,
            },
            teammate: task.teammate.as_ref().map(|_| self.teammate(task)),
            strayed: self.strayed(task),
            ..AgentReport::of(answer)
        }
    }

    fn script(&self, task: &AgentTask) -> Script {
        self.scripts.get(&task.ticket).cloned().unwrap_or_default()
    }

    fn teammate(&self, task: &AgentTask) -> TeammateReport {
        let act = act(
            &self.script(task).teammate,
            task.attempt,
            TeammateAct::Helps,
        );
        let report = format!("research for {}", task.ticket);
        TeammateReport {
            report: (act != TeammateAct::Silent).then_some(report),
            questions: 2,
            answered: if act == TeammateAct::Silent { 0 } else { 2 },
            degraded: u32::from(act == TeammateAct::Rambles),
            exchange: Some(BlobId::of(task.key.as_bytes())),
        }
    }

    /// What the agent's own calls did elsewhere.
    fn strayed(&self, task: &AgentTask) -> Vec<Stray> {
        let script = self.script(task);
        let act = act(&script.worker, task.attempt, WorkerAct::Good);
        let wanders = task.role == Role::Worker && act == WorkerAct::Wanders;
        let outside = Stray {
            place: Place::Outside,
            what: "/etc/hosts".into(),
        };
        wanders.then_some(outside).into_iter().collect()
    }

    fn work(&mut self, task: &AgentTask) -> Answer {
        *self.log.workers.entry(task.ticket.clone()).or_default() += 1;
        let script = self.script(task);
        let act = act(&script.worker, task.attempt, WorkerAct::Good);
        self.repo.check_out_in(&task.workspace, None);
        if act == WorkerAct::Malformed {
            return Answer::Malformed("the answer ends in the middle of a wor".into());
        }
        if let Some(request) = asks(&act, task) {
            return Answer::Asks(request);
        }
        self.change(task, &act, script.leaves_uncommitted);
        let mut result = self.claim(task, &act);
        match act {
            WorkerAct::Partial => result.status = WorkerStatus::Partial,
            WorkerAct::NoEvidence => result.evidence_mut(|evidence| evidence.checks.clear()),
            WorkerAct::NoPreflight => {
                result.evidence_mut(|evidence| evidence.preflight_ran = false);
            }
            WorkerAct::Confused => result.ticket_id = fixture::id("SOMETHING-ELSE"),
            // Speaks of another commit, so that its claims are not compared with what we see.
            WorkerAct::Flawed(_) => result.commit_hash = Some(task.work_base.clone()),
            WorkerAct::Deletes => self.repo.lose(&task.workspace),
            WorkerAct::Switches => self.wanders_off(task, "feature/new"),
            WorkerAct::MovesBranch => self.wanders_off(task, "my-own-work"),
            WorkerAct::Watched => self.repo.meddle(Place::Checkout, "notes.txt"),
            WorkerAct::Good
            | WorkerAct::Admits
            | WorkerAct::Lies
            | WorkerAct::Idle
            | WorkerAct::Asks(_)
            | WorkerAct::AsksAgain
            | WorkerAct::Wanders
            | WorkerAct::Malformed => {}
        }
        Answer::Result(Claimed(RoleResult::Worker(result)))
    }

    /// The agent commits to another branch, and stays there.
    fn wanders_off(&mut self, task: &AgentTask, branch: &str) {
        self.repo.meddle(Place::Refs, branch);
        let branch = BranchName::new(branch).unwrap_or_else(|error| panic!("{error}"));
        self.repo.check_out_in(&task.workspace, Some(branch));
    }

    /// Puts the work of this attempt into the workspace. Doing it again changes nothing.
    fn change(&mut self, task: &AgentTask, act: &WorkerAct, leave: bool) {
        if *act == WorkerAct::Idle {
            return;
        }
        let flaw = match act {
            WorkerAct::Flawed(flaw) => Some(flaw.clone()),
            WorkerAct::Admits => Some(Flaw::Fails {
                check: CheckKind::Test,
                text: "assertion failed".into(),
            }),
            WorkerAct::Good
            | WorkerAct::Lies
            | WorkerAct::Idle
            | WorkerAct::Partial
            | WorkerAct::NoPreflight
            | WorkerAct::NoEvidence
            | WorkerAct::Malformed
            | WorkerAct::Confused
            | WorkerAct::Asks(_)
            | WorkerAct::AsksAgain
            | WorkerAct::Deletes
            | WorkerAct::Switches
            | WorkerAct::MovesBranch
            | WorkerAct::Wanders
            | WorkerAct::Watched => None,
        };
        let before = working_tree(&self.repo, self.repo.place(&task.workspace));
        let mut tree = before.clone();
        let version = task.attempt;
        tree.insert(task.ticket.to_string(), Change { version, flaw });
        if tree != before {
            if tree[task.ticket.as_str()].flaw == Some(Flaw::NeedsInstall) {
                self.repo.installed.remove(&task.workspace);
            }
            self.repo.write(&task.workspace, Some(tree));
        }
        if !leave {
            let subject = format!("{}: {}", task.commit_prefix, task.ticket);
            self.repo.commit_leftovers(&task.workspace, &subject);
        }
    }

    fn claim(&self, task: &AgentTask, act: &WorkerAct) -> WorkerResult {
        let tree = working_tree(&self.repo, self.repo.place(&task.workspace));
        let admits = *act == WorkerAct::Admits;
        let mut checks = BTreeMap::new();
        for kind in task.checks.keys() {
            let test = *kind == CheckKind::Test;
            let claimed = ClaimedCheck {
                exit_code: i32::from(test && admits),
                passed: test.then(|| tests_in(&tree).max(1) + u64::from(*act == WorkerAct::Lies)),
                failed: test.then_some(u64::from(admits)),
                output: if admits {
                    "assertion failed".into()
                } else {
                    String::new()
                },
            };
            checks.insert(*kind, claimed);
        }
        WorkerResult {
            ticket_id: task.ticket.clone(),
            branch: task.branch.clone(),
            status: WorkerStatus::Success,
            commit_hash: None,
            evidence: Some(WorkerEvidence {
                preflight_ran: true,
                checks,
            }),
            learnings_added: vec![format!("{} was easy", task.ticket)],
            notes: Vec::new(),
        }
    }

    fn simplify(&mut self, task: &AgentTask) -> Answer {
        let script = self.script(task);
        let act = act(&script.simplifier, task.attempt, SimplifierAct::Nothing);
        let before = working_tree(&self.repo, self.repo.place(&task.workspace));
        let mut tree = before.clone();
        let name = task.ticket.as_str();
        match act {
            SimplifierAct::Nothing => {}
            SimplifierAct::Deletes => self.repo.lose(&task.workspace),
            SimplifierAct::Erases => drop(tree.remove(name)),
            SimplifierAct::Improves | SimplifierAct::Malformed | SimplifierAct::Breaks => {
                if let Some(change) = tree.get_mut(name) {
                    // The same however often it runs.
                    change.version = 100 + task.attempt;
                    if act == SimplifierAct::Breaks {
                        let (check, text) = (CheckKind::Test, "simply broken".to_owned());
                        change.flaw = Some(Flaw::Fails { check, text });
                    }
                }
            }
        }
        if tree != before {
            self.repo.write(&task.workspace, Some(tree));
        }
        if act == SimplifierAct::Malformed {
            return Answer::Malformed("no JSON in the answer".into());
        }
        let result = SimplifierResult::default();
        Answer::Result(Claimed(RoleResult::Simplifier(result)))
    }

    fn review(&mut self, task: &AgentTask) -> Answer {
        let script = self.script(task);
        let mut result = ReviewResult {
            findings: Vec::new(),
            summary: "read every line".into(),
        };
        match act(&script.review, task.attempt, ReviewAct::Clean) {
            ReviewAct::Malformed => return Answer::Malformed("no JSON in the answer".into()),
            ReviewAct::Finds(severity, message) => result.findings.push(ReviewFinding {
                severity,
                place: Some(format!("{}:1", source(task.ticket.as_str()))),
                message,
            }),
            ReviewAct::Edits => {
                let first = !self.log.reviewed.contains(&self.head(task));
                if first {
                    let place = self.repo.place(&task.workspace);
                    let mut tree = working_tree(&self.repo, place);
                    let change = Change {
                        version: 1,
                        flaw: None,
                    };
                    tree.insert("reviewers-own".into(), change);
                    self.repo.write(&task.workspace, Some(tree));
                }
            }
            ReviewAct::Clean => {}
        }
        if !result
            .findings
            .iter()
            .any(|finding| finding.severity.blocks())
        {
            let head = self.head(task);
            self.log.reviewed.insert(head);
        }
        Answer::Result(Claimed(RoleResult::Review(result)))
    }

    fn judge(&mut self, task: &AgentTask) -> Answer {
        let script = self.script(task);
        let act = act(&script.completion, task.attempt, CompletionAct::Complete);
        let place = match &act {
            CompletionAct::Malformed => return Answer::Malformed("no JSON in the answer".into()),
            CompletionAct::CitesWrong => "src/nowhere.rs:3".to_owned(),
            CompletionAct::Complete | CompletionAct::Missing(_) => {
                format!("{}:3", source(task.ticket.as_str()))
            }
        };
        let row = |requirement: &str| RequirementRow {
            requirement: requirement.to_owned(),
            met: true,
            place: Some(place.clone()),
        };
        let mut requirements = vec![row("the title")];
        requirements.extend(task.description.lines().filter_map(checkbox).map(row));
        if let CompletionAct::Missing(what) = &act {
            let met = false;
            requirements.push(RequirementRow { met, ..row(what) });
        }
        if act == CompletionAct::Complete {
            let head = self.head(task);
            self.log.complete.insert(head);
        }
        Answer::Result(Claimed(RoleResult::Completion(CompletionResult {
            requirements,
        })))
    }

    fn resolve(&mut self, task: &AgentTask) -> Answer {
        let script = self.script(task);
        let again = matches!(task.assignment, Assignment::FreshAgent { .. });
        let act = act(&script.conflict, 1 + u32::from(again), ConflictAct::Good);
        if act == ConflictAct::Malformed {
            return Answer::Malformed("no JSON in the answer".into());
        }
        let mut tree = working_tree(&self.repo, self.repo.place(&task.workspace));
        let marked = |change: &Change| change.flaw == Some(Flaw::Markers);
        let names: Vec<_> = tree
            .iter()
            .filter(|(_, change)| marked(change))
            .map(|(name, _)| name.clone())
            .collect();
        for name in &names {
            if act == ConflictAct::LeavesMarkers {
                continue;
            }
            if act == ConflictAct::Drops && *name != task.ticket.as_str() {
                tree.remove(name);
            } else if let Some(change) = tree.get_mut(name) {
                let text = "the two sides fight".to_owned();
                let check = CheckKind::Test;
                let breaks = act == ConflictAct::Breaks;
                change.flaw = breaks.then_some(Flaw::Fails { check, text });
            }
        }
        if act == ConflictAct::Strays {
            let (version, flaw) = (1, None);
            tree.insert("astray".into(), Change { version, flaw });
        }
        self.repo.write(&task.workspace, Some(tree));
        // Where both sides changed the same line, only one of them can stay.
        let waiver = |name: &String| Waiver {
            path: source(name),
            what: String::new(),
            reason: "the newer one stays".into(),
        };
        let versions = |name: &String| (1..20).map(|n| (name.clone(), n)).collect::<Vec<_>>();
        let both = names.iter().flat_map(versions).map(|(name, n)| Waiver {
            what: n.to_string(),
            ..waiver(&name)
        });
        let dropped = act == ConflictAct::Drops;
        Answer::Result(Claimed(RoleResult::Conflict(ConflictResult {
            ticket_id: task.ticket.clone(),
            acceptance_preserved: act != ConflictAct::Sacrifices,
            waivers: both.filter(|_| !dropped).collect(),
            summary: "kept both sides".into(),
        })))
    }

    fn head(&self, task: &AgentTask) -> CommitId {
        self.repo.commit_in(&task.workspace)
    }
}

impl WorkerResult {
    fn evidence_mut(&mut self, change: impl FnOnce(&mut WorkerEvidence)) {
        if let Some(evidence) = &mut self.evidence {
            change(evidence);
        }
    }
}
