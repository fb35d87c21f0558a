//! The context agent that is alive beside a worker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::{AgentTask, Role, Teammate, TeammateReport, Usage};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{EffectContext, Error, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::acp::client::{Failure, Stop};
use crate::acp::live::{Ended, Live, Opening};
use crate::acp::{AcpAgent, Turn, keep, usage, words};
use crate::ask::{Desk, HttpServer, Lapse, Respondent};
use crate::prompt;
use crate::prompt::degradation::signals;

/// A live agent that is asked questions, and that its owner gets back.
#[derive(Debug)]
struct Colleague {
    live: Arc<Mutex<Option<Live>>>,
    until: Instant,
    silence: Option<Duration>,
}

#[async_trait]
impl Respondent for Colleague {
    async fn answer(&mut self, question: &str) -> std::result::Result<String, Lapse> {
        let mut live = self.live.lock().await;
        let Some(agent) = live.as_mut() else {
            return Err(Lapse::Gone("it was ended".into()));
        };
        let ended = agent
            .turn(&prompt::question(question), self.until, self.silence)
            .await;
        let failed = |reason: &str| Err(Lapse::Failed(reason.into()));
        match ended {
            Ended::Stopped(Stop::Finished) => Ok(std::mem::take(&mut agent.heard().text)),
            Ended::Stopped(Stop::MaxTokens | Stop::MaxTurns) => {
                failed("it ran out of tokens or turns")
            }
            Ended::Stopped(Stop::Refusal) => failed("it refused to answer"),
            Ended::Stopped(Stop::Cancelled | Stop::Unknown) => failed("its turn broke off"),
            Ended::Failed(Failure::Said(reason) | Failure::Login(reason)) => {
                Err(Lapse::Failed(reason))
            }
            Ended::Failed(Failure::NotFound) => Err(Lapse::Gone("its session is lost".into())),
            Ended::Died(exit) => Err(Lapse::Gone(exit.to_string())),
            Ended::TimedOut | Ended::Silent => {
                Err(Lapse::Gone("it said nothing for too long".into()))
            }
        }
    }
}

/// The report of a context agent, if it makes one in time.
async fn research(
    live: &mut Live,
    task: &AgentTask,
    until: Instant,
    agent: &AcpAgent,
) -> Option<String> {
    let told = words::teammate(task);
    let turn = Turn::take(live, &told, (until, agent.silence), &agent.redactor).await;
    let said = turn.ended == Ended::Stopped(Stop::Finished) && !turn.said.trim().is_empty();
    if !said {
        tracing::warn!(key = task.key, ended = ?turn.ended, "the context agent made no report");
    }
    said.then_some(turn.said)
}

/// A context agent that has reported and stays for questions.
pub(super) struct Team {
    pub(super) server: HttpServer,
    pub(super) report: Option<String>,
    members: Members,
}

struct Members {
    live: Arc<Mutex<Option<Live>>>,
    desk: Arc<Desk>,
}

impl Team {
    /// Starts it and waits for its report. `None` if there is no such agent to be had: a worker
    /// does without (spec 3.6).
    pub(super) async fn start(
        agent: &AcpAgent,
        task: &AgentTask,
        teammate: &Teammate,
        limit: Duration,
    ) -> Option<Self> {
        let task = AgentTask {
            role: Role::Context,
            model: teammate.model.clone(),
            session: None,
            teammate: None,
            ..task.clone()
        };
        let started = Instant::now();
        // The worker needs the better part of the time.
        let until = started + limit / 3;
        let opening = Opening {
            directory: &task.workspace,
            reads_settings: false,
            model: task.model.as_deref(),
            server: None,
            resume: None,
            until,
        };
        let without = |error: String| {
            tracing::warn!(key = task.key, error, "the worker has no context agent");
        };
        let mut live = match agent.start(&task, opening).await {
            Ok(live) => live,
            Err(error) => {
                without(error.chain());
                return None;
            }
        };
        let report = match &task.research {
            Some(known) => Some(known.clone()),
            None => research(&mut live, &task, until, agent).await,
        };
        let live = Arc::new(Mutex::new(Some(live)));
        let colleague = Colleague {
            live: Arc::clone(&live),
            until: started + limit,
            silence: agent.silence,
        };
        let patience = Duration::from_secs(teammate.reply_timeout_s);
        let desk = Arc::new(Desk::new(colleague, patience, signs));
        let members = Members {
            live,
            desk: Arc::clone(&desk),
        };
        match HttpServer::start(desk).await {
            Ok(server) => Some(Self {
                server,
                report,
                members,
            }),
            Err(error) => {
                without(error.to_string());
                None
            }
        }
    }

    /// Ends it, and says what came of it and what it used. All it was asked and said is stored.
    pub(super) async fn end(
        self,
        agent: &AcpAgent,
        cx: &EffectContext,
    ) -> Result<(TeammateReport, Usage)> {
        let Self {
            server,
            report,
            members,
        } = self;
        let redactor = agent.redactor.and([server.token().expose()]);
        drop(server);
        members.desk.close();
        let mut told = TeammateReport {
            report,
            ..members.desk.report()
        };
        let mut used = Usage::default();
        if let Some(live) = members.live.lock().await.take() {
            used = usage(&live);
            let left = live.finish().await.map_err(|error| {
                Error::new(ErrorKind::Transient, "end", "context agent").because(error)
            })?;
            let exchange = members.desk.exchange().unwrap_or_default();
            told.exchange = Some(keep(left, exchange, &redactor, cx).await?);
        }
        Ok((told, used))
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        // Tasks of the server may hold the desk for a moment, and with it the agent.
        self.desk.close();
        if let Ok(mut live) = self.live.try_lock() {
            drop(live.take());
        }
    }
}

/// Signs of degradation in an answer.
fn signs(answer: &str) -> Vec<String> {
    let found = signals(answer).into_iter();
    found.map(|signal| signal.name().to_owned()).collect()
}
