//! Claude Code as the agent of every role.

mod answering;
mod check;
mod host;
mod report;
mod setup;
mod starts;
mod strays;
mod team;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentReport, AgentTask, Answer, Role, TeammateReport};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BlobId, SessionId};
use sprint_core::ports::{
    AgentCapabilities, AgentRunner, Clock as _, EffectContext, Error, Result, SystemClock,
};
use tokio::time::Instant;

use crate::ask::{Desk, InProcess};
use crate::claude::launch::{Launch, Start};
use crate::claude::runner::answering::{Next, next};
use crate::claude::runner::host::AgentHost;
use crate::claude::runner::report::Spent;
use crate::claude::runner::setup::{Place, Setup};
use crate::claude::runner::starts::Starts;
use crate::claude::runner::team::{AtDesk, Attended, ContextAgent};
use crate::claude::session::{Session, StartError};
use crate::claude::session_id;
use crate::claude::turn::Deadlines;
use crate::environment::Environment;
use crate::lease::Leases;
use crate::permission::Mode;
use crate::profile::Models;
use crate::prompt::{self, AnswerForm, degradation};
use crate::redact::Redactor;

/// How long each step of ending a session may take.
const GRACE: Duration = Duration::from_secs(5);

/// How often an agent that paused in the middle of its answer is told to go on.
const MOST_PAUSES: u32 = 5;

const RUN: &str = "run agent";

/// Runs Claude Code, one live session per agent.
///
/// A worker whose task asks for a teammate gets one: a context agent in a session of its own, in
/// the same workspace, that has read the code before the worker begins and answers its questions
/// (the tool `ask_context`) while it works.
///
/// # What agents cannot do
///
/// - Reach the tracker: there is no credential in their environment, no MCP server but ours is
///   started, and tools of the tracker are denied. All three are looked at when a session begins
///   and after it has ended; a breach fails the ticket.
/// - Bring their own settings: those of the user and of the repository, hooks among them, are not
///   read unless [`with_settings`](Self::with_settings) asks for it.
/// - Outlive their run: whatever a session has started is ended with it.
///
/// What they may do without asking is decided by the [`Mode`] and by rules made from the sprint's
/// own commands. Rules are text and no wall; what an agent did is verified afterwards, and files
/// that it says it wrote elsewhere are reported as strays.
///
/// # Example
///
/// ```no_run
/// use std::sync::Arc;
///
/// use sprint_agents::{ClaudeAgent, Environment};
///
/// # fn key() -> String { String::new() }
/// let environment = Environment::inherit().with_secret("ANTHROPIC_API_KEY", key());
/// let agents = Arc::new(ClaudeAgent::new("claude", environment));
/// ```
#[derive(Clone, Debug)]
pub struct ClaudeAgent {
    program: PathBuf,
    environment: Environment,
    models: Models,
    mode: Mode,
    commands: Vec<String>,
    settings: bool,
    config_directory: Option<PathBuf>,
    silence: Option<Duration>,
    leases: Option<Arc<Leases>>,
    redactor: Redactor,
    max_retries: u32,
    starts: Starts,
}

impl ClaudeAgent {
    /// Agents that are this program, a path or a name found by `PATH`, with these variables. The
    /// credential of the model provider is among them; the tracker's must not be.
    pub fn new(program: impl Into<PathBuf>, environment: Environment) -> Self {
        Self {
            program: program.into(),
            redactor: Redactor::new(environment.secrets()),
            environment,
            models: Models::default(),
            mode: Mode::AutoApprove,
            commands: Vec::new(),
            settings: false,
            config_directory: None,
            silence: None,
            leases: None,
            max_retries: 4,
            starts: Starts::new(),
        }
    }

    /// The same agents, on these models where a task names none.
    #[must_use]
    pub fn with_models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    /// The same agents, in another permission mode.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The same agents, which may also run these commands, besides the checks of their task: the
    /// one that installs dependencies, for example.
    #[must_use]
    pub fn with_commands<S: Into<String>>(mut self, commands: impl IntoIterator<Item = S>) -> Self {
        self.commands.extend(commands.into_iter().map(Into::into));
        self
    }

    /// The same agents, with the settings of the user and of the repository in effect: hooks,
    /// which run with our rights, instructions, skills, permission rules.
    #[must_use]
    pub fn with_settings(mut self) -> Self {
        self.settings = true;
        self
    }

    /// The same agents, which keep settings, credentials and sessions in this directory rather
    /// than in `~/.claude`.
    #[must_use]
    pub fn with_config_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config_directory = Some(directory.into());
        self
    }

    /// The same agents, ended when they show no sign of life for this long while no tool runs.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    /// The same agents, with ports and a scratch directory of their ticket's.
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<Leases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// The same agents, with these values redacted too.
    #[must_use]
    pub fn with_redacted<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.redactor = self.redactor.and(secrets);
        self
    }

    /// The same agents, whose failed requests to the provider are repeated this often before the
    /// run fails; the engine tries again later. Four take about eight seconds.
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }
}

#[async_trait]
impl AgentRunner for ClaudeAgent {
    fn capabilities(&self) -> AgentCapabilities {
        AgentCapabilities {
            roles: Role::ALL.into(),
            teams: true,
            sessions: true,
        }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        let place = Place::of(self, task, cx).await?;
        let setup = Setup::of(self, task, place)?;
        let run = Run {
            agent: self,
            task,
            cx,
            started: Instant::now(),
        };
        run.to_the_end(&setup).await
    }
}

/// One run of one agent.
struct Run<'a> {
    agent: &'a ClaudeAgent,
    task: &'a AgentTask,
    cx: &'a EffectContext,
    started: Instant,
}

/// A context agent, and where it is asked.
struct Team {
    attended: Attended,
    /// What it found; `None` if it made no report in time.
    research: Option<String>,
}

/// How the agent itself ended.
struct Ended {
    answer: Answer,
    session: SessionId,
    transcript: Option<BlobId>,
}

impl Run<'_> {
    async fn to_the_end(&self, setup: &Setup) -> Result<AgentReport> {
        let team = self.team(setup).await;
        let mut spent = Spent::default();
        let ended = self.agent(setup, team.as_ref(), &mut spent).await;
        let teammate = match team {
            Some(team) => Some(self.part_with(team, &mut spent).await?),
            None => None,
        };
        let ended = ended?;
        if let Some(breach) = spent.breach() {
            return Err(self.error(ErrorKind::Breach, breach));
        }
        Ok(AgentReport {
            session: setup.keeps_session.then_some(ended.session),
            usage: spent.usage(self.started.elapsed()),
            strayed: spent.strays(&self.task.workspace, &setup.may_write),
            transcript: ended.transcript,
            teammate,
            ..AgentReport::of(ended.answer)
        })
    }

    /// Starts the context agent and lets it read, if the task wants one.
    async fn team(&self, setup: &Setup) -> Option<Team> {
        let (wanted, launch) = (self.task.teammate.as_ref()?, setup.teammate.clone()?);
        let agent = Arc::new(ContextAgent::new(launch, self.agent.starts.clone()));
        let patience = Duration::from_secs(wanted.reply_timeout_s);
        let at_desk = AtDesk {
            agent: Arc::clone(&agent),
            // An answer that comes too late for one question is still of use for the next.
            limit: patience * 4,
        };
        let desk = Arc::new(Desk::new(at_desk, patience, signs));
        let research = match &self.task.research {
            Some(known) => Ok(known.clone()),
            None => {
                let told = prompt::teammate(self.task).user;
                agent.research(&told, self.left() / 4).await
            }
        };
        if let Err(why) = &research {
            tracing::info!(key = %self.cx.key, why, "the context agent made no report");
        }
        Some(Team {
            attended: Attended { agent, desk },
            research: research.ok(),
        })
    }

    /// Asks the agent, and once more if its answer has the wrong form.
    async fn agent(&self, setup: &Setup, team: Option<&Team>, spent: &mut Spent) -> Result<Ended> {
        let research = team.and_then(|team| team.research.clone());
        let task = AgentTask {
            research: research.or_else(|| self.task.research.clone()),
            ..self.task.clone()
        };
        let teammate = team.map(|team| InProcess::new(Arc::clone(&team.attended.desk)));
        let host = Arc::new(AgentHost::new(
            task.grants.clone(),
            setup.permissions.asks,
            self.agent.redactor.clone(),
            teammate,
        ));
        let session = self.session(setup, &task, &host).await?;
        let mut prompt = setup.message(&task, session.resumed());
        let (mut repaired, mut pauses) = (false, 0);
        let answer = loop {
            let turn = session.ask(prompt, self.deadlines()).await;
            let now = SystemClock.now();
            let step = next(task.role, &turn.outcome, &self.agent.redactor, now);
            spent.add(turn);
            if let Some(asked) = host.asked() {
                break Ok(Answer::Asks(asked));
            }
            prompt = match step {
                Next::Take(answer) => break Ok(answer),
                Next::Fail(kind, why) => break Err(self.error(kind, why)),
                Next::Repair(why) if !repaired => {
                    repaired = true;
                    prompt::repair(task.role, AnswerForm::Tool, &why)
                }
                Next::Repair(why) => break Ok(Answer::Malformed(why)),
                Next::GoOn if pauses < MOST_PAUSES => {
                    pauses += 1;
                    "Go on.".into()
                }
                Next::GoOn => break Ok(Answer::Malformed("it paused again and again".into())),
            };
        };
        let id = session.id().clone();
        let transcript = match session.stop(GRACE).await {
            Some(stopped) => report::transcript(stopped, &self.agent.redactor, self.cx).await?,
            None => None,
        };
        Ok(Ended {
            answer: answer?,
            session: id,
            transcript,
        })
    }

    /// The session of the task, or one from the start where that one is gone.
    async fn session(
        &self,
        setup: &Setup,
        task: &AgentTask,
        host: &Arc<AgentHost>,
    ) -> Result<Session> {
        let system = setup.prompt(task, false).system;
        let start = async |launch: Launch| {
            let host = Arc::<AgentHost>::clone(host);
            self.agent.starts.start(&launch, host).await
        };
        let launch = setup.told(&setup.launch, system);
        let started = match start(launch.clone()).await {
            Err(StartError::NoSuchSession(_)) => {
                let session = Start::New(session_id(&task.key));
                start(Launch { session, ..launch }).await
            }
            started => started,
        };
        started.map_err(|error| {
            let why = self.agent.redactor.redact(error.to_string());
            self.error(error.kind(), why)
        })
    }

    /// Ends the context agent and says what came of it.
    async fn part_with(&self, team: Team, spent: &mut Spent) -> Result<TeammateReport> {
        let redactor = &self.agent.redactor;
        let Attended { agent, desk } = &team.attended;
        let (stopped, turns) = agent.stop(GRACE).await;
        for turn in turns {
            spent.add(turn);
        }
        let exchange = desk.exchange();
        Ok(TeammateReport {
            report: team.research.map(|text| redactor.redact(text)),
            exchange: report::exchange(exchange, stopped, redactor, self.cx).await?,
            ..desk.report()
        })
    }

    fn deadlines(&self) -> Deadlines {
        let wall = self.left();
        Deadlines {
            wall,
            silence: self.agent.silence.unwrap_or(wall),
        }
    }

    /// What is left of the task's time.
    fn left(&self) -> Duration {
        Duration::from_secs(self.task.timeout_s).saturating_sub(self.started.elapsed())
    }

    fn error(&self, kind: ErrorKind, why: String) -> Error {
        Error::new(kind, RUN, subject(self.task)).because(why)
    }
}

fn subject(task: &AgentTask) -> String {
    format!("{} with Claude Code", task.role)
}

/// The names of the signs that an answer comes from memory.
fn signs(answer: &str) -> Vec<String> {
    let signals = degradation::signals(answer).into_iter();
    signals.map(|signal| signal.name().to_owned()).collect()
}
