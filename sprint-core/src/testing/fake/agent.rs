//! Agents that act by a script.

use async_trait::async_trait;

use crate::domain::agent::{AgentReport, AgentTask, Role};
use crate::ports::{AgentCapabilities, AgentRunner, EffectContext, Result};
use crate::testing::world::World;

/// Runs the scripted agents of a world.
#[derive(Clone, Debug)]
pub struct FakeAgents(World);

impl FakeAgents {
    /// The agents of `world`.
    pub fn new(world: &World) -> Self {
        Self(world.clone())
    }
}

#[async_trait]
impl AgentRunner for FakeAgents {
    fn capabilities(&self) -> AgentCapabilities {
        AgentCapabilities {
            roles: Role::ALL.into(),
            teams: true,
            sessions: true,
        }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        let act = self
            .0
            .call("run agent", &task.key, |state| Ok(state.agent(task)));
        let report = act.await?;
        if report.teammate.is_some() {
            // What the world calls the exchange.
            cx.blobs.put(task.key.as_bytes())?;
        }
        Ok(report)
    }
}
