//! One run of one agent, with its teammate if it has one.

use std::sync::Arc;
use std::time::Duration;

use sprint_core::domain::agent::{AgentReport, AgentTask, Answer, TeammateReport};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{BlobId, SessionId};
use sprint_core::ports::{Clock as _, EffectContext, Error, Result, SystemClock};
use tokio::time::Instant;

use crate::ask::{Desk, InProcess};
use crate::claude::launch::{Launch, Start};
use crate::claude::runner::answering::{Next, next};
use crate::claude::runner::host::AgentHost;
use crate::claude::runner::report::{self, Spent};
use crate::claude::runner::setup::Setup;
use crate::claude::runner::team::{AtDesk, Attended, ContextAgent};
use crate::claude::runner::{ClaudeAgent, GRACE, RUN, signs, subject};
use crate::claude::session::{Session, StartError};
use crate::claude::session_id;
use crate::claude::turn::Deadlines;
use crate::prompt::{self, AnswerForm};

/// How often an agent that paused in the middle of its answer is told to go on.
const MOST_PAUSES: u32 = 5;

/// One run of one agent.
pub(super) struct Run<'a> {
    pub(super) agent: &'a ClaudeAgent,
    pub(super) task: &'a AgentTask,
    pub(super) cx: &'a EffectContext,
    pub(super) started: Instant,
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
    /// Runs the agent, and ends all that it needed.
    pub(super) async fn to_the_end(&self, setup: &Setup) -> Result<AgentReport> {
        let team = self.team(setup).await;
        let mut spent = Spent::default();
        let ended = self.agent(setup, team.as_ref(), &mut spent).await;
        let teammate = match team {
            Some(team) => Some(self.part_with(team, &mut spent).await?),
            None => None,
        };
        let ended = match (ended, spent.breach()) {
            (Ok(ended), None) => ended,
            (Ok(_), Some(breach)) => {
                let error = self.error(ErrorKind::Breach, breach);
                return Err(error.costing(spent.cost_micro_usd()));
            }
            (Err(error), _) => return Err(error.costing(spent.cost_micro_usd())),
        };
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
        let attended = Attended {
            agent: Arc::clone(&agent),
            desk,
        };
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
            attended,
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
