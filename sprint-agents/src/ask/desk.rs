//! One question at a time, each with a deadline.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sprint_core::domain::agent::TeammateReport;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::ask::exchange::{self, Exchange};
use crate::ask::text;

/// Answers the questions of a worker.
#[async_trait]
pub trait Respondent: Send + 'static {
    /// Answers one question. The next one is put only after this one is answered, which may be
    /// long after its deadline.
    async fn answer(&mut self, question: &str) -> Result<String, Lapse>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// It failed this time.
    Failed(String),
    /// It has ended, and will not answer any more.
    Gone(String),
}

/// Names the signs of degradation in an answer (spec 3.7).
pub type Signs = fn(&str) -> Vec<String>;

/// Where a worker's questions are put, one after another in the order they came.
///
/// A question that is not answered in time, or not at all, is answered with a text that sends the
/// worker to the files (spec 3.6). A respondent that has ended is not asked again and not replaced.
pub struct Desk {
    limit: Duration,
    signs: Signs,
    /// Held by the caller whose question it is. The lock is fair, so that questions keep their
    /// order, and nobody holds it beyond the limit.
    turn: tokio::sync::Mutex<()>,
    /// Held while a question is answered, be it beyond the limit. Empty once it has ended.
    respondent: Arc<tokio::sync::Mutex<Option<Box<dyn Respondent>>>>,
    answering: Mutex<Option<AbortHandle>>,
    log: Mutex<Vec<Exchange>>,
}

impl Desk {
    /// A desk that waits for this long for each answer.
    pub fn new(respondent: impl Respondent, limit: Duration, signs: Signs) -> Self {
        Self {
            limit,
            signs,
            turn: tokio::sync::Mutex::new(()),
            respondent: Arc::new(tokio::sync::Mutex::new(Some(Box::new(respondent)))),
            answering: Mutex::new(None),
            log: Mutex::new(Vec::new()),
        }
    }

    /// The answer, or what the worker is told in its place.
    ///
    /// The limit counts from when the questions before this one are done with. Dropping the future
    /// gives the question up; the respondent is not disturbed.
    pub async fn ask(&self, question: &str) -> Result<String, String> {
        let question = text::question(question);
        if question.is_empty() {
            return Err("there is no question in this call; ask one in plain words".into());
        }
        let _turn = self.turn.lock().await;
        let asked = Instant::now();
        let outcome = match timeout(self.limit, self.put(question.clone())).await {
            Ok(Ok(answer)) if answer.trim().is_empty() => Err("its answer was empty".into()),
            Ok(outcome) => outcome,
            Err(_) => Err(format!(
                "it did not answer within {} s",
                self.limit.as_secs_f64()
            )),
        };
        let exchange = Exchange {
            question,
            signs: outcome
                .as_ref()
                .map_or_else(|_| Vec::new(), |answer| (self.signs)(answer)),
            outcome: outcome.map(text::answer),
            took: asked.elapsed(),
        };
        let told = exchange.told();
        locked(&self.log).push(exchange);
        told
    }

    /// Puts the question once the respondent is free. It answers in a task of its own, so that a
    /// caller who goes away does not leave it in the middle of an answer.
    async fn put(&self, question: String) -> Result<String, String> {
        let mut respondent = Arc::clone(&self.respondent).lock_owned().await;
        let Some(mut asked) = respondent.take() else {
            return Err("it has ended".into());
        };
        let answering = tokio::spawn(async move {
            match asked.answer(&question).await {
                Ok(answer) => {
                    *respondent = Some(asked);
                    Ok(answer)
                }
                Err(Lapse::Failed(reason)) => {
                    *respondent = Some(asked);
                    Err(reason)
                }
                Err(Lapse::Gone(reason)) => Err(format!("it has ended: {reason}")),
            }
        });
        *locked(&self.answering) = Some(answering.abort_handle());
        answering
            .await
            .unwrap_or_else(|_| Err("it has ended: its task broke off".into()))
    }

    /// Breaks off the answer that is under way, if one is. The respondent ends with it.
    pub fn close(&self) {
        if let Some(answering) = locked(&self.answering).take() {
            answering.abort();
        }
    }

    /// How many questions were asked and what became of them. The report of the context agent and
    /// the stored exchange are the caller's to add.
    pub fn report(&self) -> TeammateReport {
        exchange::count(&locked(&self.log))
    }

    /// Every question and what came of it, as text that is not redacted yet; `None` if nothing was
    /// asked.
    pub fn exchange(&self) -> Option<String> {
        exchange::text(&locked(&self.log))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("limit", &self.limit)
            .field("asked", &locked(&self.log).len())
            .finish_non_exhaustive()
    }
}

/// What is behind these locks is whole at every moment, whoever panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
