//! From the world as it is to a plan.

use crate::domain::config::{CoordinationMode, SprintConfig};
use crate::domain::verdict::{Finding, LayerName};
use crate::engine::Engine;
use crate::id::{ProblemId, SprintId};
use crate::inspect::shell::command_findings;
use crate::plan::build::{PlanError, PlanRequest};
use crate::plan::sprint_plan::SprintPlan;
use crate::ports::Error;

/// Why a sprint could not be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The tracker or the repository did not answer.
    #[error(transparent)]
    Port(#[from] Error),
    /// A command of the gate cannot fail, so it would prove nothing.
    #[error("the gate proves nothing: {}", .0.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("; "))]
    Gate(Vec<Finding>),
    /// Two layers of the host have one name.
    #[error("two layers are called {0}; give each a name of its own")]
    SameLayer(LayerName),
    /// The tickets, or the agents there are, do not make a sprint.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Engine {
    /// Plans a sprint: fetches tickets, looks at the repository, changes nothing.
    ///
    /// Tickets that cannot be read are left out and named in the plan's warnings, as is everything
    /// else a person should know.
    ///
    /// # Errors
    ///
    /// If a command of the gate cannot fail, two layers of the host have one name, the tracker or
    /// the repository cannot be read, the tickets form a cycle, none is to be
    /// done, or a role that is needed has no agent.
    pub async fn plan(
        &self,
        problem: ProblemId,
        config: SprintConfig,
    ) -> Result<SprintPlan, StartError> {
        let (hopeless, weak): (Vec<_>, Vec<_>) = command_findings(&config.checks)
            .into_iter()
            .partition(|finding| finding.severity.blocks());
        if !hopeless.is_empty() {
            return Err(StartError::Gate(hopeless));
        }
        let ports = &self.ports;
        let status = ports.vcs.status().await?;
        let fetched = ports.tracker.tickets(&config.filter).await?;
        let capabilities = ports.agents.capabilities();
        let teams =
            config.coordination_mode != Some(CoordinationMode::Subagents) && capabilities.teams;
        let now = ports.clock.now();
        let name = format!("sprint-{}", now.compact());
        let mut plan = SprintPlan::build(PlanRequest {
            // The compact time has only digits and a hyphen, which every sprint id may have.
            sprint: SprintId::new(name).map_err(|e| {
                Error::new(crate::failure::ErrorKind::Fatal, "name the sprint", "").because(e)
            })?,
            problem,
            started_at: now,
            config,
            base: status.base_head,
            mode: if teams {
                CoordinationMode::AgentTeams
            } else {
                CoordinationMode::Subagents
            },
            roles: capabilities.roles,
            tickets: fetched.tickets,
        })?;
        for layer in &ports.layers {
            if !plan.layers.insert(layer.name()) {
                return Err(StartError::SameLayer(layer.name()));
            }
        }
        plan.warnings
            .extend(weak.into_iter().map(|finding| finding.message));
        plan.warnings.extend(fetched.malformed);
        plan.warnings.extend(status.warnings);
        plan.warnings.extend(status.base_checkout_dirty);
        Ok(plan)
    }
}
