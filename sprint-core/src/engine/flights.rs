//! What is in flight: started, stopped, and waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use crate::failure::{ErrorKind, Failure};
use crate::run::effect::{Done, EffectId};
use crate::run::input::Input;

type Flight = Pin<Box<dyn Future<Output = (EffectId, Option<Result<Done, Failure>>)> + Send>>;

/// Effects that were started and have not ended.
#[derive(Default)]
pub(super) struct Flights {
    futures: FuturesUnordered<Flight>,
    handles: BTreeMap<EffectId, AbortHandle>,
    running: BTreeSet<EffectId>,
}

impl Flights {
    /// Everything in flight, including what was told to stop and has not gone yet: an effect is
    /// not started again while it is still leaving.
    pub(super) const fn running(&self) -> &BTreeSet<EffectId> {
        &self.running
    }

    /// Starts an effect. A panic inside it becomes a failure of that effect.
    pub(super) fn start(
        &mut self,
        id: EffectId,
        work: impl Future<Output = Result<Done, Failure>> + Send + 'static,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(id.clone(), handle);
        self.running.insert(id.clone());
        let guarded = Abortable::new(AssertUnwindSafe(work).catch_unwind(), registration);
        self.futures.push(Box::pin(async move {
            let outcome = match guarded.await {
                Ok(Ok(outcome)) => Some(outcome),
                Ok(Err(panic)) => Some(Err(panicked(&*panic))),
                Err(_aborted) => None,
            };
            (id, outcome)
        }));
    }

    /// Tells an effect to stop.
    pub(super) fn stop(&mut self, id: &EffectId) {
        if let Some(handle) = self.handles.remove(id) {
            handle.abort();
        }
    }

    /// Waits for effects to end, and takes all that have: `None` for one that was stopped. Waits
    /// for ever while nothing is in flight.
    pub(super) async fn landed(&mut self) -> Vec<Input> {
        let Some(first) = self.futures.next().await else {
            return std::future::pending().await;
        };
        let mut ended = vec![first];
        while let Some(Some(next)) = self.futures.next().now_or_never() {
            ended.push(next);
        }
        let mut inputs = Vec::new();
        for (effect, outcome) in ended {
            self.running.remove(&effect);
            self.handles.remove(&effect);
            inputs.extend(outcome.map(|outcome| Input::Finished { effect, outcome }));
        }
        inputs
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Failure::new(ErrorKind::Transient, format!("an adapter panicked: {text}"))
}
