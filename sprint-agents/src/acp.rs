//! Any agent that speaks the Agent Client Protocol.

mod child;
mod client;
mod heard;
mod launch;
mod live;
mod policy;
mod team;
mod verdict;
mod words;

use std::io::{Cursor, Read};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentReport, AgentTask, Answer, PermissionRequest, Role, Usage};
use sprint_core::domain::stray::Stray;
use sprint_core::failure::ErrorKind;
use sprint_core::id::BlobId;
use sprint_core::ports::{AgentCapabilities, AgentRunner, EffectContext, Error, Result};
use tokio::time::Instant;

use crate::acp::client::Offers;
use crate::acp::launch::Launch;
use crate::acp::live::{Ended, Left, Live, NoStart, Opening};
use crate::acp::policy::Policy;
use crate::acp::team::Team;
use crate::acp::verdict::Verdict;
use crate::environment::Environment;
use crate::lease::Leases;
use crate::output;
use crate::permission::{Mode, ban};
use crate::process;
use crate::redact::Redactor;
use crate::spool::Spool;
use crate::strays::{resolved, strays};

/// Runs any agent that speaks ACP, such as `opencode acp`.
///
/// # What it does
///
/// - The agent is started anew for each task, in `task.workspace`, without a shell, and gets the
///   environment given plus `SPRINT_ROLE`, `SPRINT_TICKET` and `SPRINT_KEY`. It is ended with all
///   it has started when it has answered.
/// - It is told the JSON Schema of its result, and the last JSON object it says is its answer. If
///   that is none, it is asked once more.
/// - When it asks whether it may use a tool, the answer follows from its role, the mode and what
///   people decided. An agent that does not ask is held by its own configuration only.
/// - A worker with a teammate gets the tool `ask_context` over HTTP, if the agent takes such
///   servers; the teammate is a second agent of the same kind that reports first and stays for
///   questions.
/// - No other server is given to it. An agent that reads servers from its own configuration, or
///   the repository's, has to be kept from it there; one that runs Claude Code is.
/// - A model that the task names is chosen if the agent offers it by that name.
#[derive(Clone, Debug)]
pub struct AcpAgent {
    launch: Launch,
    redactor: Redactor,
    silence: Option<Duration>,
    mode: Mode,
    commands: Vec<String>,
    leases: Option<Arc<Leases>>,
    offers: Offers,
}

impl AcpAgent {
    /// Starts the program once, to see what it offers. `command` is the program and its arguments.
    ///
    /// # Errors
    ///
    /// `Invalid` if the command is empty, cannot be started or is not logged in, or if the
    /// environment holds a credential of the tracker.
    pub async fn find(command: Vec<String>, environment: Environment) -> Result<Self> {
        let redactor = Redactor::new(environment.secrets());
        let refuse = |subject: &str| Error::new(ErrorKind::Invalid, FIND, subject);
        if !ban::keys(&environment).is_empty() {
            return Err(refuse(
                "agent whose environment holds a credential of the tracker",
            ));
        }
        let launch =
            Launch::new(command, environment).ok_or_else(|| refuse("agent without a program"))?;
        let trouble = |kind, cause: String| {
            let subject = format!("agent `{}`", redactor.redact(launch.line()));
            Error::new(kind, FIND, subject).because(redactor.redact(cause))
        };
        let directory = tempfile::tempdir()
            .map_err(|error| trouble(ErrorKind::Transient, error.to_string()))?;
        let policy = Policy::none();
        let offers = Live::offers(&launch, policy, directory.path())
            .await
            .map_err(|error| {
                let (kind, cause) = explain(&error);
                trouble(kind, cause)
            })?;
        Ok(Self {
            redactor,
            launch,
            silence: None,
            mode: Mode::AutoApprove,
            commands: Vec::new(),
            leases: None,
            offers,
        })
    }

    /// The same agent, with these values redacted too.
    #[must_use]
    pub fn with_redacted<S: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.redactor = self.redactor.and(secrets);
        self
    }

    /// The same agent, ended when it says nothing for this long while no tool of it is at work.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    /// The same agent, in this mode. At first it is [`Mode::AutoApprove`].
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The same agent, which may run these commands beside the checks of its task, where rules
    /// decide.
    #[must_use]
    pub fn with_commands(mut self, commands: impl IntoIterator<Item = String>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// The same agent, with ports and a scratch directory of its ticket's.
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<Leases>) -> Self {
        self.leases = Some(leases);
        self
    }

    /// What the agent calls itself, with its version, if it does.
    pub fn name(&self) -> Option<&str> {
        self.offers.name.as_deref()
    }

    fn launch(&self, task: &AgentTask) -> Launch {
        self.launch
            .with("SPRINT_ROLE", task.role.name())
            .with("SPRINT_TICKET", task.ticket.as_str())
            .with("SPRINT_KEY", task.key.replace('\0', ""))
    }

    fn error(&self, task: &AgentTask, kind: ErrorKind, cause: &str) -> Error {
        let subject = format!("{} with `{}`", task.role, self.launch.line());
        Error::new(kind, RUN, self.redactor.redact(subject)).because(self.redactor.redact(cause))
    }

    /// Starts an agent for this task and opens its session.
    async fn start(&self, task: &AgentTask, opening: Opening<'_>) -> Result<Live> {
        let policy = Policy::of(self.mode, task, &self.commands)
            .map_err(|error| self.error(task, ErrorKind::Invalid, &error.to_string()))?;
        let live = Live::start(&self.launch(task), policy, opening).await;
        live.map_err(|error| {
            let (kind, cause) = explain(&error);
            self.error(task, kind, &cause)
        })
    }
}

/// How often an agent that stops at refusals is told to go on.
const GO_ONS: u32 = 20;

const FIND: &str = "find";
const RUN: &str = "run agent";

fn explain(error: &NoStart) -> (ErrorKind, String) {
    match error {
        NoStart::Program(error) => (process::start_kind(error), error.to_string()),
        NoStart::Session(ended, stderr) => {
            let stderr = String::from_utf8_lossy(stderr);
            verdict::no_session(ended, &output::tail(&stderr, 20, 2048))
        }
    }
}

#[async_trait]
impl AgentRunner for AcpAgent {
    fn capabilities(&self) -> AgentCapabilities {
        AgentCapabilities {
            roles: Role::ALL.into(),
            teams: self.offers.http,
            sessions: self.offers.load,
        }
    }

    async fn run(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        match &self.leases {
            None => self.to_the_end(task, cx).await,
            Some(leases) => {
                let lease = leases.of(&cx.key).await?;
                let leased = Self {
                    launch: self.launch.leasing(&lease),
                    ..self.clone()
                };
                leased.to_the_end(task, cx).await
            }
        }
    }
}

impl AcpAgent {
    async fn to_the_end(&self, task: &AgentTask, cx: &EffectContext) -> Result<AgentReport> {
        let started = Instant::now();
        let limit = Duration::from_secs(task.timeout_s.min(FOREVER));
        let until = started + limit;
        let team = match &task.teammate {
            Some(teammate) if self.offers.http => Team::start(self, task, teammate, limit).await,
            Some(_) | None => None,
        };
        let mut task = task.clone();
        let report = team.as_ref().and_then(|team| team.report.clone());
        task.research = report.or(task.research);
        let ran = self.work(&task, team.as_ref(), until, cx).await;
        let ended = match team {
            Some(team) => Some(team.end(self, cx).await?),
            None => None,
        };
        let mut report = ran?;
        if let Some((teammate, used)) = ended {
            report.teammate = Some(teammate);
            report.usage.cost_micro_usd += used.cost_micro_usd;
            report.usage.tokens += used.tokens;
        }
        report.usage.duration_ms = millis(started.elapsed());
        Ok(report)
    }
}

/// Limits so long that they mean "none"; instants cannot be added to without end.
const FOREVER: u64 = 365 * 24 * 3600;

impl AcpAgent {
    /// Runs the agent of the task itself.
    async fn work(
        &self,
        task: &AgentTask,
        team: Option<&Team>,
        until: Instant,
        cx: &EffectContext,
    ) -> Result<AgentReport> {
        let server = team.map(|team| &team.server);
        let redactor = match server {
            Some(server) => self.redactor.and([server.token().expose()]),
            None => self.redactor.clone(),
        };
        let opening = Opening {
            directory: &task.workspace,
            reads_settings: self.mode == Mode::PreConfigured && task.role.writes(),
            model: task.model.as_deref(),
            server,
            resume: task.session.as_ref(),
            until,
        };
        let mut live = self.start(task, opening).await?;
        let told = words::assignment(task, live.resumed, server.is_some());
        let limits = (until, self.silence);
        let mut turn = Turn::take(&mut live, &told, limits, &redactor).await;
        for _ in 0..GO_ONS {
            if !turn.refused || !matches!(turn.verdict(task.role, ""), Verdict::Unusable(_)) {
                break;
            }
            turn = Turn::take(&mut live, &words::go_on(), limits, &redactor).await;
        }
        if let Verdict::Unusable(reason) = turn.verdict(task.role, "") {
            turn = Turn::take(
                &mut live,
                &words::again(task.role, &reason),
                limits,
                &redactor,
            )
            .await;
        }
        let (session, usage) = (live.session(), usage(&live));
        let strayed = self.strays(&live, &task.workspace);
        let left = live
            .finish()
            .await
            .map_err(|error| self.error(task, ErrorKind::Transient, &error.to_string()))?;
        let stderr = output::tail(&redactor.redact(&left.stderr), 20, 2048);
        let transcript = keep(left, String::new(), &redactor, cx).await?;
        let answer = match turn.verdict(task.role, &stderr) {
            Verdict::Answer(answer) => answer,
            Verdict::Unusable(reason) => {
                Answer::Malformed(format!("the agent was asked twice, and {reason}"))
            }
            Verdict::Trouble(kind, cause) => return Err(self.error(task, kind, &cause)),
        };
        Ok(AgentReport {
            session,
            usage,
            strayed,
            transcript: Some(transcript),
            ..AgentReport::of(answer)
        })
    }
}

impl AcpAgent {
    /// Files it changed elsewhere, by its own calls of tools.
    fn strays(&self, live: &Live, workspace: &Path) -> Vec<Stray> {
        let scratch = self.launch.scratch().map(Path::to_path_buf);
        let allowed: Vec<_> = iter::once(workspace.to_path_buf()).chain(scratch).collect();
        let heard = live.heard();
        let changed = heard.changed.iter().map(PathBuf::as_path);
        strays(changed, workspace, &allowed, resolved)
    }
}

/// One turn that is over, redacted.
struct Turn {
    ended: Ended,
    said: String,
    asks: Option<PermissionRequest>,
    /// Whether it wanted something that was refused. Some agents stop there.
    refused: bool,
    /// A tool of the tracker that it used.
    breach: Option<String>,
}

impl Turn {
    async fn take(
        live: &mut Live,
        text: &str,
        (until, silence): (Instant, Option<Duration>),
        redactor: &Redactor,
    ) -> Self {
        let ended = live.turn(text, until, silence).await;
        let heard = live.heard();
        Self {
            ended: ended.redacted(redactor),
            said: redactor.redact(&heard.text),
            refused: heard.refused,
            breach: heard.breach.clone(),
            asks: heard.asks.as_ref().map(|request| PermissionRequest {
                tool: redactor.redact(&request.tool).chars().take(200).collect(),
                input: redactor.redact(&request.input).chars().take(2000).collect(),
                digest: request.digest.clone(),
            }),
        }
    }

    fn verdict(&self, role: Role, stderr: &str) -> Verdict {
        if let Some(tool) = &self.breach {
            let told = format!("the agent used {tool:?}, a tool of the tracker");
            return Verdict::Trouble(ErrorKind::Breach, told);
        }
        match &self.asks {
            Some(request) => Verdict::Answer(Answer::Asks(request.clone())),
            None => verdict::verdict(role, &self.ended, &self.said, stderr),
        }
    }
}

/// What a session used, as far as the agent told.
fn usage(live: &Live) -> Usage {
    let heard = live.heard();
    Usage {
        duration_ms: 0,
        cost_micro_usd: heard.cost_micro_usd,
        tokens: heard.tokens,
    }
}

/// Stores what was said before, what the agent said and what it wrote to standard error.
async fn keep(
    left: Left,
    before: String,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<BlobId> {
    let trouble = |error: std::io::Error| {
        Error::new(ErrorKind::Transient, "store output of", cx.key.to_string()).because(error)
    };
    let lines = left.lines.map(Spool::finish).transpose().map_err(trouble)?;
    let mut after = Vec::new();
    if !left.stderr.is_empty() {
        after.extend_from_slice(b"--- standard error ---\n");
        after.extend_from_slice(&left.stderr);
    }
    let lines: Box<dyn Read + Send> = match lines {
        Some(lines) => Box::new(lines),
        None => Box::new(std::io::empty()),
    };
    let all = Cursor::new(before).chain(lines).chain(Cursor::new(after));
    let kept = output::keep_stream(all, Unread, 0, redactor, cx).await?;
    Ok(kept.output)
}

/// Reads nothing in the lines of a transcript.
struct Unread;

impl output::Lines for Unread {
    fn line(&mut self, _: &str) {}
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
