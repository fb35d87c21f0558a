//! From fetched tickets to a [`SprintPlan`].

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::agent::Role;
use crate::domain::config::{CoordinationMode, SprintConfig, TicketFilter};
use crate::domain::learning::Lessons;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::id::{CommitId, ProblemId, SprintId, TicketId};
use crate::plan::graph::{GraphError, TicketGraph};
use crate::plan::sprint_plan::{SprintPlan, TicketPlan};
use crate::plan::waves::{Schedule, Weight};
use crate::time::Timestamp;

/// Everything a plan is made from.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The sprint.
    pub sprint: SprintId,
    /// The problem it belongs to.
    pub problem: ProblemId,
    /// Now.
    pub started_at: Timestamp,
    /// The resolved configuration.
    pub config: SprintConfig,
    /// Head of base.
    pub base: CommitId,
    /// How context and worker work together.
    pub mode: CoordinationMode,
    /// The roles there is an agent for.
    pub roles: BTreeSet<Role>,
    /// The tickets as fetched: the ones to work on, and the ones they wait for.
    pub tickets: Vec<Ticket>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The tickets do not form a graph that can be worked off.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// No ticket passes the filter.
    #[error("no ticket to work on: of {fetched} fetched, none {wanted}")]
    NothingToDo {
        /// How many tickets were fetched.
        fetched: usize,
        /// What the filter asks for, in words.
        wanted: String,
    },
    /// A role that the sprint cannot do without has no agent.
    #[error("no agent for the role {role}: {why}; {remedy}")]
    MissingRole {
        /// The role.
        role: Role,
        /// What it is needed for.
        why: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl SprintPlan {
    /// Makes the plan, or says exactly what stands in the way.
    ///
    /// A dependency is met if it is Done, or was cancelled, which is worth a warning; if it is
    /// part of the sprint it comes first; anything else leaves its ticket with an
    /// [unmet](TicketPlan::unmet) dependency.
    pub fn build(request: PlanRequest) -> Result<Self, PlanError> {
        let mut warnings = check_roles(&request.roles, &request.config)?;
        let mut known = BTreeMap::new();
        for ticket in request.tickets {
            if let Some(twice) = known.insert(ticket.id.clone(), ticket) {
                return Err(GraphError::Duplicate(twice.id).into());
            }
        }
        let filter = &request.config.filter;
        let chosen: Vec<&Ticket> = known.values().filter(|t| filter.picks(t)).collect();
        if chosen.is_empty() {
            return Err(PlanError::NothingToDo {
                fetched: known.len(),
                wanted: describe(filter),
            });
        }
        let graph = TicketGraph::new(chosen.iter().map(|t| (&t.id, t.blocked_by.as_slice())))?;
        let schedule = Schedule::new(&graph, |id| {
            let ticket = known.get(id);
            Weight {
                priority: ticket.map(|t| t.priority).unwrap_or_default(),
                size: ticket.map(|t| t.size).unwrap_or_default(),
            }
        });
        let unmet = unmet(&graph, &known, &mut warnings);
        let mut tickets = BTreeMap::new();
        for (number, (id, place)) in (0..).zip(graph.ids().iter().zip(&schedule.places)) {
            let names = |numbers: &[u32]| {
                let name = |v: &u32| graph.ids()[*v as usize].clone();
                numbers.iter().map(name).collect()
            };
            if let Some(ticket) = known.remove(id) {
                let plan = TicketPlan {
                    ticket,
                    wave: place.wave,
                    rank: place.rank,
                    dependencies: names(graph.dependencies().row(number)),
                    dependents: names(graph.dependents().row(number)),
                    unmet: unmet.get(id).cloned(),
                };
                tickets.insert(id.clone(), plan);
            }
        }
        Ok(Self {
            layers: BTreeSet::new(),
            simplifier_regressed: false,
            guidance: Lessons::default(),
            sprint: request.sprint,
            problem: request.problem,
            started_at: request.started_at,
            config: request.config,
            base: request.base,
            mode: request.mode,
            roles: request.roles,
            tickets,
            warnings,
        })
    }
}

fn describe(filter: &TicketFilter) -> String {
    let states: Vec<_> = filter.status.iter().map(|status| status.label()).collect();
    let states = states.join(" or ");
    match &filter.label {
        Some(label) => format!("is {states} with the label {label:?}"),
        None => format!("is {states}"),
    }
}

/// Returns warnings about roles that are only useful.
fn check_roles(roles: &BTreeSet<Role>, config: &SprintConfig) -> Result<Vec<String>, PlanError> {
    let missing = |role, why, remedy| {
        if roles.contains(&role) {
            Ok(())
        } else {
            Err(PlanError::MissingRole { role, why, remedy })
        }
    };
    missing(
        Role::Worker,
        "nobody else writes code",
        "configure a worker agent",
    )?;
    if config.phases.code_review {
        missing(
            Role::Review,
            "every change is reviewed while phases.code_review is on",
            "configure a review agent or set phases.code_review to false",
        )?;
    }
    missing(
        Role::Completion,
        "no ticket is Done before its requirements are judged",
        "configure a completion agent",
    )?;
    let mut warnings = Vec::new();
    if !roles.contains(&Role::Context) {
        warnings.push("no agent for the role context: workers go without research".to_owned());
    }
    Ok(warnings)
}

/// For each ticket the first dependency outside the sprint that it waits for in vain.
fn unmet(
    graph: &TicketGraph,
    known: &BTreeMap<TicketId, Ticket>,
    warnings: &mut Vec<String>,
) -> BTreeMap<TicketId, TicketId> {
    let mut unmet = BTreeMap::new();
    for (id, dependency) in graph.external() {
        let status = known.get(dependency).map(|ticket| ticket.status);
        let standing = match status {
            Some(TicketStatus::Done) => continue,
            Some(TicketStatus::Cancelled) => {
                warnings.push(format!(
                    "{id} depends on {dependency}, which was cancelled; going on without it"
                ));
                continue;
            }
            Some(open @ (TicketStatus::Todo | TicketStatus::InProgress)) => {
                format!("is {open} and not part of this sprint")
            }
            None => "was not found".to_owned(),
        };
        warnings.push(format!(
            "{id} cannot start: it depends on {dependency}, which {standing}"
        ));
        unmet
            .entry(id.clone())
            .or_insert_with(|| dependency.clone());
    }
    unmet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{CheckKind, CommandLine};
    use crate::domain::ticket::{Priority, Size};
    use crate::id::BranchName;

    fn id(text: &str) -> TicketId {
        TicketId::new(text).unwrap()
    }

    fn ticket(name: &str, status: TicketStatus, blocked_by: &[&str]) -> Ticket {
        Ticket {
            id: id(name),
            title: "work".into(),
            status,
            priority: Priority::None,
            labels: vec!["Backend".into()],
            blocked_by: blocked_by.iter().map(|by| id(by)).collect(),
            size: Size::M,
            body: String::new(),
            updated_at: None,
            parent: None,
        }
    }

    fn request(tickets: Vec<Ticket>) -> PlanRequest {
        let checks = [(CheckKind::Build, CommandLine::new("make").unwrap())];
        PlanRequest {
            sprint: SprintId::new("sprint-20260131-090500").unwrap(),
            problem: ProblemId::new("p").unwrap(),
            started_at: Timestamp::from_millis(0),
            config: SprintConfig::new(BranchName::new("main").unwrap(), checks.into()),
            base: CommitId::new("0".repeat(40)).unwrap(),
            mode: CoordinationMode::Subagents,
            roles: Role::ALL.into(),
            tickets,
        }
    }

    fn error(request: PlanRequest) -> String {
        SprintPlan::build(request).unwrap_err().to_string()
    }

    #[test]
    fn dependencies_are_met_planned_or_waited_for_in_vain() {
        use TicketStatus::{Cancelled, Done, InProgress, Todo};
        let plan = SprintPlan::build(request(vec![
            ticket("E-1", Todo, &["E-90", "E-91"]),
            ticket("E-2", Todo, &["E-1", "E-1"]),
            ticket("E-3", Todo, &["E-92", "E-2"]),
            ticket("E-4", Todo, &["E-99", "E-92"]),
            ticket("E-90", Done, &[]),
            ticket("E-91", Cancelled, &[]),
            ticket("E-92", InProgress, &[]),
        ]))
        .unwrap();
        let rows: Vec<String> = plan
            .tickets
            .values()
            .map(|t| {
                format!(
                    "{} wave {} rank {} after {:?} before {:?} unmet {:?}",
                    t.ticket.id, t.wave, t.rank, t.dependencies, t.dependents, t.unmet
                )
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        E-1 wave 1 rank 0 after [] before [E-2] unmet None
        E-2 wave 2 rank 1 after [E-1] before [E-3] unmet None
        E-3 wave 3 rank 2 after [E-2] before [] unmet Some(E-92)
        E-4 wave 1 rank 3 after [] before [] unmet Some(E-92)
        ");
        insta::assert_snapshot!(plan.warnings.join("\n"), @r"
        E-1 depends on E-91, which was cancelled; going on without it
        E-3 cannot start: it depends on E-92, which is In Progress and not part of this sprint
        E-4 cannot start: it depends on E-92, which is In Progress and not part of this sprint
        E-4 cannot start: it depends on E-99, which was not found
        ");
    }

    #[test]
    fn a_label_narrows_the_choice() {
        let mut request = request(vec![ticket("E-1", TicketStatus::Todo, &[])]);
        request.config.filter.label = Some("backend".into());
        assert_eq!(SprintPlan::build(request.clone()).unwrap().tickets.len(), 1);
        request.config.filter.label = Some("other".into());
        insta::assert_snapshot!(error(request), @r#"no ticket to work on: of 1 fetched, none is Todo with the label "other""#);
    }

    #[test]
    fn the_error_for_a_missing_role_says_what_to_do() {
        let mut request = request(vec![ticket("E-1", TicketStatus::Todo, &[])]);
        request.roles = [Role::Worker, Role::Completion].into();
        insta::assert_snapshot!(error(request.clone()), @"no agent for the role review: every change is reviewed while phases.code_review is on; configure a review agent or set phases.code_review to false");
        request.config.phases.code_review = false;
        insta::assert_snapshot!(SprintPlan::build(request.clone()).unwrap().warnings.join("\n"), @"no agent for the role context: workers go without research");
        request.roles = [Role::Worker].into();
        insta::assert_snapshot!(error(request.clone()), @"no agent for the role completion: no ticket is Done before its requirements are judged; configure a completion agent");
        request.roles.clear();
        insta::assert_snapshot!(error(request), @"no agent for the role worker: nobody else writes code; configure a worker agent");
    }

    #[test]
    fn tickets_that_wait_for_each_other_or_come_twice_stop_the_plan() {
        use TicketStatus::{Done, Todo};
        insta::assert_snapshot!(error(request(vec![
            ticket("E-1", Todo, &["E-2"]),
            ticket("E-2", Todo, &["E-1"]),
        ])), @"circular dependency: E-1 → E-2 → E-1");
        insta::assert_snapshot!(error(request(vec![
            ticket("E-1", Todo, &[]),
            ticket("E-1", Done, &[]),
        ])), @"ticket E-1 is there twice");
    }
}
