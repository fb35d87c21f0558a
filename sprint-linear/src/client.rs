//! One operation, from its variables to its data.

mod answer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};
use sprint_core::ports::Clock;
use sprint_core::time::Timestamp;

use crate::budget::{Budget, LONGEST, Use, Wait};
use crate::call_error::{CallError, Problem};
use crate::client::answer::{Meaning, Refusal, meaning};
use crate::ops::Operation;
use crate::token::Token;
use crate::transport::{Body, Lost, Transport};

/// Linear refuses bodies above 10 MiB; nothing of ours comes near a tenth of that.
const LARGEST: usize = 1 << 20;
/// An answer is never longer than this: 250 descriptions of the largest kind.
const LONGEST_ANSWER: usize = 64 << 20;
/// A call takes no longer.
const CALL: Duration = Duration::from_secs(30);
/// Attempts at what may be repeated, the first included.
pub(crate) const ATTEMPTS: u32 = 5;

/// Sends operations: with the credential, within the budget, and with what answers mean decided
/// in one place.
#[derive(Clone)]
pub(crate) struct Client {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    token: Token,
    endpoint: String,
    /// Waits that the service asks for happen here up to this long; longer ones are the caller's.
    patience: Duration,
}

impl Client {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        budget: Budget,
        token: Token,
        endpoint: String,
    ) -> Self {
        Self {
            transport,
            clock,
            budget,
            token,
            endpoint,
            patience: Duration::from_secs(2),
        }
    }

    /// The same client, which waits up to `patience` for the budget before it gives a call back.
    pub(crate) fn patient(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Whether the allowance lets something begin that takes several calls.
    pub(crate) fn begin(&self, operation: &'static str) -> Result<(), CallError> {
        let may = self.budget.begin(self.now());
        may.map_err(|until| CallError::new(operation, Problem::RateLimited { until }, ""))
    }

    pub(crate) async fn sleep(&self, wait: Duration) {
        self.clock.sleep_until(self.now().after(wait)).await;
    }

    /// Reads, again if that may help: after 0.5, 1, 2 and 4 seconds, less up to half by chance of
    /// the moment.
    pub(crate) async fn read<O: Operation>(
        &self,
        variables: &O::Variables,
    ) -> Result<O::Data, CallError> {
        debug_assert!(!O::WRITES, "{} is not to be repeated blindly", O::NAME);
        let call = || self.call::<O>(variables);
        self.repeat(ATTEMPTS, Problem::passes, call).await
    }

    /// Reads something that may not be there.
    pub(crate) async fn find<O: Operation>(
        &self,
        variables: &O::Variables,
    ) -> Result<Option<O::Data>, CallError> {
        match self.read::<O>(variables).await {
            Ok(data) => Ok(Some(data)),
            Err(error) if error.problem == Problem::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a write that is harmless to repeat, again if that may help: also where it may have
    /// been done.
    pub(crate) async fn persistently<T, F>(
        &self,
        call: impl Fn() -> F + Sync,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        self.repeat(ATTEMPTS, Problem::may_be_repeated, call).await
    }

    /// Makes a call up to `attempts` times, with growing pauses, while it fails in ways that
    /// `again` names.
    pub(crate) async fn repeat<T, F>(
        &self,
        attempts: u32,
        again: impl Fn(Problem) -> bool + Sync,
        call: impl Fn() -> F + Sync,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        let mut attempt = 1;
        loop {
            match call().await {
                Err(error) if again(error.problem) && attempt < attempts => {
                    self.back_off(attempt).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Waits until the `look`-th of several times, counted from 0, at which something is read that
    /// may not show yet; `times` are in milliseconds after the first.
    pub(crate) async fn wait_for_look(&self, times: &[u64], look: usize) {
        let before = look.checked_sub(1).map_or(0, |before| times[before]);
        let wait = times[look] - before;
        self.sleep(Duration::from_millis(wait)).await;
    }

    /// Waits before the next attempt.
    pub(crate) async fn back_off(&self, attempt: u32) {
        let full = 500u64 << attempt.clamp(1, 7).saturating_sub(1);
        let full = full.min(30_000);
        // The moment is as good as a die here: it only has to differ between processes.
        let jitter = self.now().as_millis().wrapping_mul(2_654_435_761) >> 7;
        self.sleep(Duration::from_millis(full - jitter % (full / 2)))
            .await;
    }

    /// Sends an operation once. A rate limit that is over soon is waited out: nothing was done.
    pub(crate) async fn call<O: Operation>(
        &self,
        variables: &O::Variables,
    ) -> Result<O::Data, CallError> {
        let error = |problem, text: &str| CallError::new(O::NAME, problem, text);
        let body = json!({
            "query": O::DOCUMENT,
            "variables": variables,
            "operationName": O::NAME,
        });
        let body = body.to_string().into_bytes();
        if body.len() > LARGEST {
            let text = format!("{} bytes, at most {LARGEST} are sent", body.len());
            return Err(error(Problem::TooLarge, &text));
        }
        let points = O::points(variables);
        let for_what = if O::WRITES { Use::Write } else { Use::Read };
        let began = self.now();
        loop {
            let admitted = self
                .budget
                .admit(O::NAME, for_what, points, &*self.clock)
                .await;
            let (until, patience) = match admitted {
                Err(Wait::Refill(until)) => (until, self.patience.max(LONGEST)),
                Err(Wait::Told(until)) => (until, self.patience),
                Ok(call) => {
                    let answered = self.send(body.clone()).await;
                    let (status, headers, body) =
                        answered.map_err(|lost| CallError::lost(O::NAME, &lost))?;
                    let now = self.now();
                    self.budget.learn(&call, &headers, now);
                    match meaning(status, &body) {
                        Meaning::Data(data) => return decode::<O>(data),
                        Meaning::Failed(Refusal::Problem(problem), text) => {
                            tracing::debug!(
                                operation = O::NAME,
                                status = status.as_u16(),
                                ?problem
                            );
                            return Err(error(problem, &text));
                        }
                        Meaning::Failed(Refusal::RateLimited, _) => {
                            let until = self.budget.refused(O::NAME, &headers, now);
                            (until, self.patience)
                        }
                    }
                }
            };
            if until > began.after(patience) {
                tracing::info!(operation = O::NAME, %until, "held by the request budget");
                return Err(error(Problem::RateLimited { until }, ""));
            }
            self.clock.sleep_until(until).await;
        }
    }

    /// One request.
    async fn send(&self, body: Vec<u8>) -> Result<(StatusCode, HeaderMap, Vec<u8>), Lost> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint)
            .header(AUTHORIZATION, self.token.header())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::from(body))
            .map_err(|error| Lost::unsent(error.to_string()))?;
        let answer = self.transport.send(request, CALL).await?;
        let (head, body) = answer.into_parts();
        let body = body.bytes(LONGEST_ANSWER).await?;
        Ok((head.status, head.headers, body.to_vec()))
    }
}

fn decode<O: Operation>(data: Value) -> Result<O::Data, CallError> {
    serde_json::from_value(data).map_err(|error| {
        let text = format!("the answer does not have the expected form: {error}");
        // What was written is written, whatever the answer looks like.
        let problem = if O::WRITES {
            Problem::Unknown
        } else {
            Problem::Drift
        };
        CallError::new(O::NAME, problem, &text)
    })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
