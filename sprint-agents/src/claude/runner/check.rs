//! Whether Claude Code can be used here, found out without asking a model.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentTask, Assignment, Role, Teammate};
use sprint_core::domain::workspace::Workspace;
use sprint_core::id::{BranchName, CommitId, TicketId};
use sprint_core::ports::{Clock as _, SystemClock};

use crate::ask::{Desk, InProcess, Lapse, Respondent};
use crate::checkup::Checkup;
use crate::claude::binary::{self, Login, Version};
use crate::claude::outcome::{Meaning, Outcome};
use crate::claude::runner::host::AgentHost;
use crate::claude::runner::setup::{Place, Setup};
use crate::claude::runner::{ClaudeAgent, GRACE, signs};
use crate::claude::turn::Deadlines;
use crate::environment::Environment;
use crate::permission::ban;

/// Where nobody listens: the discard port of this machine. What is sent there reaches no model.
const NOWHERE: &str = "http://127.0.0.1:9";

/// How long the one message may take that no model answers.
const PATIENCE: Duration = Duration::from_secs(60);

impl ClaudeAgent {
    /// Looks at the program, its version and its login, then starts it as a worker in an empty
    /// directory and reads what it says of itself: its tools, and that no way leads to the tracker.
    ///
    /// No model is asked: the one message goes to a closed port of this machine.
    pub async fn check(&self) -> Vec<Checkup> {
        let mut found = vec![self.check_keys()];
        let Some(program) = binary::find(&self.program, &self.environment) else {
            let program = self.program.display();
            found.insert(0, Checkup::bad("program", format!(
                "there is no program {program}; install Claude Code, or name it with its path"
            )));
            return found;
        };
        let head = [
            Checkup::good("program", program.display().to_string()),
            self.check_version(&program).await,
            self.check_login(),
        ];
        found.splice(0..0, head);
        found.extend(self.check_session().await);
        found
    }

    fn check_keys(&self) -> Checkup {
        let keys = ban::keys(&self.environment);
        match keys.first() {
            None => Checkup::good("credentials", "the environment holds no key to the tracker"),
            Some(key) => Checkup::bad("credentials", format!("{key}; take it out")),
        }
    }

    async fn check_version(&self, program: &Path) -> Checkup {
        match Version::of(program, &self.environment).await {
            Ok(Some(version)) => match version.warning() {
                None => Checkup::good("version", format!("{version}, like one that was tried")),
                Some(warning) => Checkup::doubtful("version", warning),
            },
            Ok(None) => Checkup::bad("version", "it does not say its version; is it Claude Code?"),
            Err(error) => Checkup::bad("version", format!("it cannot be run: {error}")),
        }
    }

    fn check_login(&self) -> Checkup {
        match Login::of(&self.environment, self.config_directory.as_deref()) {
            Login::ApiKey => Checkup::good("login", "an API key is given"),
            Login::Token => Checkup::good("login", "the token of a subscription is given"),
            Login::Stored => Checkup::good("login", "an earlier login is stored"),
            Login::Unknown => Checkup::doubtful(
                "login",
                "none is to be seen; give ANTHROPIC_API_KEY, or run `claude` and log in",
            ),
        }
    }

    async fn check_session(&self) -> Vec<Checkup> {
        let started = match tempfile::tempdir() {
            Ok(empty) => self.first_words(empty.path()).await,
            Err(error) => Err(format!("there is no room for an empty directory: {error}")),
        };
        let tools = match started {
            Ok(tools) => tools,
            Err(why) => return vec![Checkup::bad("session", self.redactor.redact(why))],
        };
        let ways = ban::check([], tools.iter().map(String::as_str), []);
        let tracker = match ways.first() {
            None => Checkup::good("tracker", "no server and no tool leads to it"),
            Some(way) => Checkup::bad("tracker", way.to_string()),
        };
        vec![Checkup::good("tools", tools.join(", ")), tracker]
    }

    /// The tools that a worker says it has.
    async fn first_words(&self, directory: &Path) -> Result<Vec<String>, String> {
        let agent = Self {
            environment: offline(self.environment.clone()),
            max_retries: 0,
            ..self.clone()
        };
        let task = task(directory).ok_or("the directory has no name")?;
        let place = Place {
            environment: agent.environment.clone(),
            scratch: None,
        };
        let setup = Setup::of(&agent, &task, place).map_err(|error| error.chain())?;
        let desk = Desk::new(Nobody, PATIENCE, signs);
        let teammate = Some(InProcess::new(Arc::new(desk)));
        let host = AgentHost::new(Vec::new(), false, agent.redactor.clone(), teammate);
        let session = agent.starts.start(&setup.launch, Arc::new(host)).await;
        let session = session.map_err(|error| error.to_string())?;
        let limits = Deadlines {
            wall: PATIENCE,
            silence: PATIENCE,
        };
        let turn = session.ask("Nobody hears this.", limits).await;
        session.stop(GRACE).await;
        match (&turn.outcome, turn.outcome.meaning(SystemClock.now())) {
            (Outcome::Breach(what) | Outcome::Unexpected(what), _) => Err(what.clone()),
            (_, _) if !turn.tools.is_empty() => Ok(turn.tools),
            (_, Meaning::Answered) => Err("it answered without saying what it has".into()),
            (_, Meaning::AgentFailed(why) | Meaning::Trouble(_, why)) => Err(why),
        }
    }
}

/// The environment with a provider that does not exist.
fn offline(environment: Environment) -> Environment {
    environment
        .with("ANTHROPIC_BASE_URL", NOWHERE)
        .with_secret("ANTHROPIC_API_KEY", "nobody-reads-this")
}

/// What a worker with a teammate would be asked.
fn task(directory: &Path) -> Option<AgentTask> {
    let nothing = CommitId::new("0".repeat(40)).ok()?;
    let workspace = Workspace {
        path: directory.to_path_buf(),
        branch: BranchName::new("check").ok()?,
        base: nothing.clone(),
        work_base: nothing,
    };
    let key = directory.display().to_string();
    Some(AgentTask {
        assignment: Assignment::First,
        teammate: Some(Teammate {
            model: None,
            reply_timeout_s: PATIENCE.as_secs(),
        }),
        ..AgentTask::new(
            key,
            Role::Worker,
            TicketId::new("CHECK-1").ok()?,
            &workspace,
        )
    })
}

/// Nobody is asked anything.
struct Nobody;

#[async_trait]
impl Respondent for Nobody {
    async fn answer(&mut self, _: &str) -> Result<String, Lapse> {
        Err(Lapse::Gone("nobody is here".into()))
    }
}
