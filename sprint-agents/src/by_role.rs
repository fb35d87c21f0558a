//! Different agents for different roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentReport, AgentTask, Role};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Error, Result};

/// Gives each role to a runner of its own, and the rest to one runner, if there is one.
///
/// Teams and sessions are what the worker's runner offers: no other role makes use of them.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
///
/// use sprint_agents::{ByRole, CommandAgent, Environment};
/// use sprint_core::domain::agent::Role;
/// use sprint_core::domain::command::CommandLine;
/// use sprint_core::ports::AgentRunner;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let line = CommandLine::new("./review.sh").ok_or("blank line")?;
/// let script = BTreeMap::from([(Role::Review, line)]);
/// let reviewer = Arc::new(CommandAgent::new(script, Environment::inherit()));
/// let agents = ByRole::new().with(Role::Review, reviewer);
/// assert!(agents.capabilities().roles.contains(&Role::Review));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ByRole {
    roles: BTreeMap<Role, Arc<dyn AgentRunner>>,
    rest: Option<Arc<dyn AgentRunner>>,
}

impl ByRole {
    /// No agents yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with a runner for one role.
    #[must_use]
    pub fn with(mut self, role: Role, runner: Arc<dyn AgentRunner>) -> Self {
        self.roles.insert(role, runner);
        self
    }

    /// The same, with a runner for every role that has none of its own.
    #[must_use]
    pub fn with_rest(mut self, runner: Arc<dyn AgentRunner>) -> Self {
        self.rest = Some(runner);
        self
    }

    fn runner(&self, role: Role) -> Option<&Arc<dyn AgentRunner>> {
        let runner = self.roles.get(&role).or(self.rest.as_ref())?;
        runner
            .capabilities()
            .roles
            .contains(&role)
            .then_some(runner)
    }
}

#[async_trait]
impl AgentRunner for ByRole {
    fn capabilities(&self) -> AgentCapabilities {
        let roles = Role::ALL.into_iter();
        let roles = roles.filter(|role| self.runner(*role).is_some()).collect();
        let worker = self.runner(Role::Worker);
        let worker = worker
            .map(|runner| runner.capabilities())
            .unwrap_or_default();
        AgentCapabilities { roles, ..worker }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        match self.runner(task.role) {
            Some(runner) => runner.run(task, cx).await,
            None => {
                let subject = format!("{} agent, for which no program is set", task.role);
                Err(Error::new(ErrorKind::Unsupported, "run agent", subject))
            }
        }
    }
}
