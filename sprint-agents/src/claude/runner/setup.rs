//! From a task to the sessions it needs.

use std::path::PathBuf;

use sprint_core::domain::agent::{AgentTask, Assignment, Role, Teammate};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{EffectContext, Error, Result};

use crate::ask;
use crate::claude::launch::{Hooks, Launch, Mode, Start, SystemPrompt};
use crate::claude::runner::{ClaudeAgent, RUN, subject};
use crate::claude::session_id;
use crate::environment::Environment;
use crate::permission::{self, CliMode, Permissions, Scope, ban};
use crate::profile::{Access, Profile};
use crate::prompt::{self, AnswerForm, Prompt, PromptFacts};
use crate::schema::schema;

/// The share of what a run may cost that is kept for the context agent: a quarter.
const TEAMMATES_SHARE: u64 = 4;

/// How one agent is run.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Its session.
    pub(super) launch: Launch,
    /// That of its teammate, if it is to have one.
    pub(super) teammate: Option<Launch>,
    /// What it may do without asking.
    pub(super) permissions: Permissions,
    /// The full name of the tool with which it asks its teammate.
    pub(super) ask_tool: Option<String>,
    /// What it may do to its workspace.
    pub(super) access: Access,
    /// Whether its session is worth keeping.
    pub(super) keeps_session: bool,
    /// Directories that it may write to.
    pub(super) may_write: Vec<PathBuf>,
}

impl Setup {
    /// The setup for a task.
    ///
    /// # Errors
    ///
    /// `Invalid` if a model is refused or a configured command cannot become a rule; `Breach` if
    /// the environment holds a key to the tracker.
    pub(super) fn of(agent: &ClaudeAgent, task: &AgentTask, place: Place) -> Result<Self> {
        let invalid = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Invalid, RUN, subject(task)).because(why.to_string())
        };
        let profile = Profile::of(task.role, &task.assignment);
        let has_teammate = task.teammate.is_some() && profile.may_have_teammate;
        let ask_tool = has_teammate.then(|| format!("mcp__{}__{}", ask::SERVER, ask::TOOL));
        let commands: Vec<_> = agent.commands.iter().map(String::as_str).collect();
        let own_tools: Vec<_> = ask_tool.as_deref().into_iter().collect();
        let scope = Scope {
            task,
            commands: &commands,
            browser: None,
            own_tools: &own_tools,
        };
        let permissions = permission::permissions(agent.mode, &profile, &scope)
            .map_err(|error| invalid(&error))?;
        let model = agent.models.model(task.role, task.model.as_deref());
        let model = model.map_err(|error| invalid(&error))?;
        let budget = profile.budget(task);
        let kept = if has_teammate {
            budget / TEAMMATES_SHARE
        } else {
            0
        };
        let session = match &task.session {
            Some(known) => Start::Resume(known.clone()),
            None => Start::New(session_id(&task.key)),
        };
        let launch = Launch {
            tools: profile.tools.iter().map(ToString::to_string).collect(),
            allow: permissions.allow.clone(),
            deny: permissions.deny.clone(),
            mode: mode(permissions.cli_mode),
            ask_host: permissions.asks,
            host_servers: ask_tool.iter().map(|_| ask::SERVER.to_owned()).collect(),
            hooks: if agent.settings {
                Hooks::Run
            } else {
                Hooks::Disabled
            },
            setting_sources: if agent.settings || permissions.reads_settings {
                None
            } else {
                Some(Vec::new())
            },
            schema: Some(schema(task.role)),
            max_turns: Some(profile.max_turns),
            max_budget_micro_usd: Some(budget - kept),
            config_directory: agent.config_directory.clone(),
            max_retries: agent.max_retries,
            ..Launch::new(
                &agent.program,
                &task.workspace,
                place.environment,
                session,
                model,
            )
        };
        let wanted = task.teammate.as_ref().filter(|_| has_teammate);
        let model_of = |wanted: &Teammate| {
            let asked = wanted.model.as_deref();
            agent.models.model(Role::Context, asked)
        };
        let model = wanted.map(model_of).transpose();
        let model = model.map_err(|error| invalid(&error))?;
        let teammate = model.map(|model| teammate(&launch, task, model, kept));
        Ok(Self {
            launch,
            teammate,
            access: profile.access,
            keeps_session: profile.keeps_session,
            may_write: std::iter::once(task.workspace.clone())
                .chain(place.scratch)
                .collect(),
            permissions,
            ask_tool,
        })
    }

    /// The first message. `resumed` is whether the agent still knows what it was told before.
    pub(super) fn message(&self, task: &AgentTask, resumed: bool) -> String {
        let told = || self.prompt(task, resumed).user;
        let decided = task.grants.last().map(prompt::decided);
        match (&task.assignment, decided) {
            _ if !resumed => told(),
            (Assignment::Fix { .. }, None) => told(),
            (Assignment::Fix { .. }, Some(decided)) => format!("{decided}\n\n{}", told()),
            (_, Some(decided)) => decided,
            (_, None) => prompt::interrupted(),
        }
    }

    /// What holds for the whole session, and the work.
    pub(super) fn prompt(&self, task: &AgentTask, resumed: bool) -> Prompt {
        prompt::render(
            task,
            &PromptFacts {
                answer: AnswerForm::Tool,
                resumed,
                ask_tool: self.ask_tool.as_deref(),
                allowed: (self.permissions.cli_mode == CliMode::DontAsk)
                    .then_some(&self.permissions.allow),
            },
        )
    }

    /// A session that is told this first of all.
    pub(super) fn told(&self, launch: &Launch, system: String) -> Launch {
        Launch {
            system_prompt: Some(match self.access {
                Access::Nothing => SystemPrompt::Replace(system),
                Access::Read | Access::Write => SystemPrompt::Append(system),
            }),
            ..launch.clone()
        }
    }
}

const fn mode(mode: CliMode) -> Mode {
    match mode {
        CliMode::DontAsk => Mode::DontAsk,
        CliMode::Default => Mode::Default,
        CliMode::BypassPermissions => Mode::BypassPermissions,
    }
}

/// The session of the context agent beside a worker: it reads the same workspace and does nothing
/// else.
fn teammate(worker: &Launch, task: &AgentTask, model: String, budget: u64) -> Launch {
    let profile = Profile::teammate();
    // One conversation for a ticket in this sprint: an attempt goes on with what the one before knew.
    let sprint = task.key.split('/').next().unwrap_or_default();
    let key = format!("{sprint}/{}/{}", task.workspace.display(), task.branch);
    Launch {
        session: Start::New(session_id(&format!("{key}/context"))),
        model,
        tools: profile.tools.iter().map(ToString::to_string).collect(),
        allow: Vec::new(),
        mode: Mode::DontAsk,
        ask_host: false,
        host_servers: Vec::new(),
        schema: None,
        system_prompt: Some(SystemPrompt::Append(prompt::teammate(task).system)),
        max_turns: Some(profile.max_turns),
        max_budget_micro_usd: Some(budget),
        ..worker.clone()
    }
}

/// What the agents of a task run in.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Their variables.
    pub(super) environment: Environment,
    /// Their scratch directory, if they have one.
    pub(super) scratch: Option<PathBuf>,
}

impl Place {
    /// The variables of `agent`, those that name the task, and what is leased to its ticket.
    ///
    /// # Errors
    ///
    /// `Breach` if there is a key to the tracker among them.
    pub(super) async fn of(
        agent: &ClaudeAgent,
        task: &AgentTask,
        cx: &EffectContext,
    ) -> Result<Self> {
        let keys = ban::keys(&agent.environment);
        if let Some(violation) = keys.first() {
            let breach = Error::new(ErrorKind::Breach, RUN, subject(task));
            return Err(breach.because(violation.to_string()));
        }
        let environment = agent
            .environment
            .clone()
            .with("SPRINT_ROLE", task.role.name())
            .with("SPRINT_TICKET", task.ticket.as_str());
        let Some(leases) = &agent.leases else {
            return Ok(Self {
                environment,
                scratch: None,
            });
        };
        let lease = leases.of(&cx.key).await?;
        Ok(Self {
            scratch: Some(lease.scratch().to_path_buf()),
            environment: lease.give(environment),
        })
    }
}
