//! Who waits for which issue.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot::{self, Receiver, Sender};

use crate::reader::Answer;

/// Questions that no request carries yet, in the order in which they were asked; the same one
/// asked by several stands in it once.
#[derive(Default)]
pub(crate) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    order: VecDeque<String>,
    waiting: BTreeMap<String, Vec<Sender<Answer>>>,
}

impl Queue {
    /// A place in the queue.
    pub(crate) fn ask(&self, id: &str) -> Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.state().add(id.to_owned(), vec![sender]);
        receiver
    }

    /// The next questions, at most so many. Those that nobody waits for any more are left out.
    pub(crate) fn take(&self, most: usize) -> Batch<'_> {
        let mut state = self.state();
        let mut open = BTreeMap::new();
        while open.len() < most
            && let Some(id) = state.order.pop_front()
        {
            let mut waiting = state.waiting.remove(&id).unwrap_or_default();
            waiting.retain(|sender| !sender.is_canceled());
            if !waiting.is_empty() {
                open.insert(id, waiting);
            }
        }
        Batch { queue: self, open }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, id: String, senders: Vec<Sender<Answer>>) {
        if !self.waiting.contains_key(&id) {
            self.order.push_back(id.clone());
        }
        self.waiting.entry(id).or_default().extend(senders);
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.state().order).finish()
    }
}

/// Questions that are being answered. Dropping it puts back those that are not.
pub(crate) struct Batch<'a> {
    queue: &'a Queue,
    open: BTreeMap<String, Vec<Sender<Answer>>>,
}

impl Batch<'_> {
    /// What is still to be answered.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.open.keys().cloned().collect()
    }

    /// One that is still to be answered.
    pub(crate) fn next(&self) -> Option<String> {
        self.open.keys().next().cloned()
    }

    /// Answers all who asked for this issue.
    pub(crate) fn answer(&mut self, id: &str, answer: &Answer) {
        for sender in self.open.remove(id).unwrap_or_default() {
            // Who does not wait any more needs no answer.
            drop(sender.send(answer.clone()));
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        for (id, senders) in std::mem::take(&mut self.open) {
            state.add(id, senders);
        }
    }
}
