//! The loop.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::engine::flights::Flights;
use crate::engine::perform::perform;
use crate::engine::{Engine, Finished, Inbox, Why};
use crate::ports::{EffectContext, Lease, Result};
use crate::run::SprintRun;
use crate::run::admit::{Limits, admit};
use crate::run::effect::EffectKey;
use crate::run::input::Input;

impl Engine {
    /// Makes what is running equal to what is wanted, waits for facts, folds them in, saves them
    /// together with what is about to start, tells observers, starts it, and so on.
    pub(super) async fn drive(
        &self,
        mut run: SprintRun,
        first: Option<Input>,
        lease: &Lease,
        inbox: &mut Inbox,
    ) -> Result<Finished> {
        let mut flights = Flights::default();
        // Decisions handed in before the start come first: they may be what the sprint waits for.
        let mut news: Vec<_> = inbox.waiting().into_iter().map(Input::Command).collect();
        news.extend(first);
        loop {
            let now = self.ports.clock.now();
            let mut events = Vec::new();
            for input in news {
                events.extend(run.apply(now, input));
            }
            let limits = if inbox.is_draining() {
                Limits::drain()
            } else {
                self.limits
            };
            let starting = admit(&run, flights.running(), &limits);
            if !starting.is_empty() {
                events.extend(run.apply(now, Input::Starting(starting.clone())));
            }
            if let Some(delta) = run.take_delta() {
                self.ports.store.commit(&delta, lease).await?;
            }
            for event in &events {
                tracing::debug!(?event);
                self.observer.on_event(now, event);
            }
            for id in flights
                .running()
                .iter()
                .filter(|id| !run.wants(id))
                .cloned()
                .collect::<Vec<_>>()
            {
                flights.stop(&id);
            }
            let mut refused = false;
            for id in starting {
                // Counting the start may itself have stopped the sprint, or a ticket.
                let work = run.work(&id);
                refused |= work.is_none();
                if let Some(work) = work {
                    let key = EffectKey {
                        sprint: run.plan().sprint.clone(),
                        effect: id.clone(),
                    };
                    let cx = EffectContext {
                        key,
                        blobs: Arc::clone(&self.ports.blobs),
                    };
                    flights.start(id, perform(self.ports.clone(), run.plan_shared(), work, cx));
                }
            }
            if refused {
                // What is wanted now is something else, and nothing may be in flight to wait for.
                news = Vec::new();
                continue;
            }
            if flights.running().is_empty() {
                if let Some(outcome) = run.outcome() {
                    return Ok(Finished {
                        run,
                        why: Why::Outcome(outcome),
                    });
                }
                if inbox.is_draining() {
                    return Ok(Finished {
                        run,
                        why: Why::Drained,
                    });
                }
            }
            news = self.next_inputs(&run, &mut flights, inbox).await;
        }
    }

    /// Waits for at least one fact: an effect that ended, a decision, or the next deadline.
    async fn next_inputs(
        &self,
        run: &SprintRun,
        flights: &mut Flights,
        inbox: &mut Inbox,
    ) -> Vec<Input> {
        let deadline = async {
            match run.next_deadline() {
                Some(at) => self.ports.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let facts = select(flights.landed().boxed(), inbox.next().boxed());
        match select(facts, deadline.boxed()).await {
            Either::Left((Either::Left((landed, _)), _)) => landed,
            Either::Left((Either::Right((command, _)), _)) => {
                command.map(Input::Command).into_iter().collect()
            }
            Either::Right(((), _)) => vec![Input::Tick],
        }
    }
}
