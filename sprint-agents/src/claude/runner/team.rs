//! The context agent that is alive beside a worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::ports::{Clock as _, SystemClock};

use crate::ask::{Desk, Lapse, Respondent};
use crate::claude::host::NoHost;
use crate::claude::launch::Launch;
use crate::claude::outcome::{Meaning, Outcome};
use crate::claude::runner::starts::Starts;
use crate::claude::session::{Session, Stopped};
use crate::claude::turn::{Deadlines, Turn};
use crate::prompt;

/// How long the context agent may research before the worker begins without its report.
const LONGEST_RESEARCH: Duration = Duration::from_secs(600);

/// A context agent. Its process starts when it is asked for the first time; an earlier process of
/// the same ticket has left it its conversation.
#[derive(Debug)]
pub(super) struct ContextAgent {
    launch: Launch,
    starts: Starts,
    session: tokio::sync::Mutex<Life>,
    turns: Mutex<Vec<Turn>>,
}

#[derive(Debug)]
enum Life {
    Unborn,
    Alive(Arc<Session>),
    /// It is not asked any more, for this reason, and not started again.
    Over(String, Option<Arc<Session>>),
}

impl ContextAgent {
    pub(super) fn new(launch: Launch, starts: Starts) -> Self {
        Self {
            launch,
            starts,
            session: tokio::sync::Mutex::new(Life::Unborn),
            turns: Mutex::new(Vec::new()),
        }
    }

    /// Its report, from the first message on; the reason if there is none.
    pub(super) async fn research(&self, prompt: &str, limit: Duration) -> Result<String, String> {
        let limit = limit.min(LONGEST_RESEARCH);
        self.ask(prompt, limit).await.map_err(|lapse| match lapse {
            Lapse::Failed(reason) | Lapse::Gone(reason) => reason,
        })
    }

    /// Ends it; what is left of it, and all that came of the messages to it.
    pub(super) async fn stop(&self, grace: Duration) -> (Option<Stopped>, Vec<Turn>) {
        let mut life = self.session.lock().await;
        let over = Life::Over("the worker has ended".into(), None);
        let stopped = match std::mem::replace(&mut *life, over) {
            Life::Alive(session) | Life::Over(_, Some(session)) => session.stop(grace).await,
            Life::Unborn | Life::Over(_, None) => None,
        };
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        (stopped, std::mem::take(&mut turns))
    }

    /// Ends it at once, whoever else still holds it.
    fn kill(&self) {
        // It is locked while a process starts or stops, which dies with whoever waits for that.
        let Ok(mut life) = self.session.try_lock() else {
            return;
        };
        if let Life::Alive(session) | Life::Over(_, Some(session)) = &*life {
            session.kill();
        }
        *life = Life::Over("the worker has ended".into(), None);
    }

    async fn ask(&self, prompt: &str, limit: Duration) -> Result<String, Lapse> {
        let session = self.session().await?;
        let turn = session
            .ask(
                prompt,
                Deadlines {
                    wall: limit,
                    silence: limit,
                },
            )
            .await;
        let answer = read(&turn.outcome);
        self.turns
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(turn);
        if let Err(Lapse::Gone(reason)) = &answer {
            *self.session.lock().await = Life::Over(reason.clone(), Some(session));
        }
        answer
    }

    async fn session(&self) -> Result<Arc<Session>, Lapse> {
        let mut life = self.session.lock().await;
        match &*life {
            Life::Alive(session) => return Ok(Arc::clone(session)),
            Life::Over(reason, _) => return Err(Lapse::Gone(reason.clone())),
            Life::Unborn => {}
        }
        let started = self.starts.start(&self.launch, Arc::new(NoHost)).await;
        match started {
            Ok(session) => {
                let session = Arc::new(session);
                *life = Life::Alive(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                *life = Life::Over(error.to_string(), None);
                Err(Lapse::Gone(error.to_string()))
            }
        }
    }
}

/// A context agent and the desk where it is asked, which end with this value. Tasks that serve the
/// worker hold them too, and go on for a moment when its run is given up.
#[derive(Debug)]
pub(super) struct Attended {
    pub(super) agent: Arc<ContextAgent>,
    pub(super) desk: Arc<Desk>,
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.desk.close();
        self.agent.kill();
    }
}

/// Answers the worker at the desk.
#[derive(Debug)]
pub(super) struct AtDesk {
    pub(super) agent: Arc<ContextAgent>,
    /// The longest that one answer may take; the worker waits less.
    pub(super) limit: Duration,
}

#[async_trait]
impl Respondent for AtDesk {
    async fn answer(&mut self, question: &str) -> Result<String, Lapse> {
        let prompt = prompt::question(question);
        self.agent.ask(&prompt, self.limit).await
    }
}

/// What the context agent said, or why it said nothing.
fn read(outcome: &Outcome) -> Result<String, Lapse> {
    let failed = |why: &str| Err(Lapse::Failed(why.into()));
    match (outcome, outcome.meaning(SystemClock.now())) {
        (Outcome::Done { text, .. } | Outcome::Paused { text }, _) => Ok(text.clone()),
        (Outcome::Empty, _) | (_, Meaning::Answered) => failed("its answer was empty"),
        (Outcome::TimedOut | Outcome::Silent | Outcome::Cancelled, _) => failed("it took too long"),
        (_, Meaning::AgentFailed(why) | Meaning::Trouble(_, why)) => Err(Lapse::Gone(why)),
    }
}
