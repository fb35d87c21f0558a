//! Starting a sprint while others may be starting in the same repository (spec 4.3, C-36, C-37).
//!
//! Between looking whose tickets these are and saving whose they are now, nobody else may look. So the
//! lock of the repository is held from the one to the other, and given back by the first save.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::id::{ProblemId, SprintId, TicketId};
use crate::local::layout::Layout;
use crate::local::problems::{Found, list, others_with};
use crate::local::shared::{RepositoryLock, hold_repository};
use crate::ports::{Error, Lease, Result, StateStore};
use crate::run::snapshot::{Delta, Snapshot};

/// Why a sprint cannot start beside the others.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Taken {
    /// Tickets belong to sprints of other problems that are not over.
    #[error(
        "unfinished sprints of other problems have {}; finish those sprints, or give the tickets of \
         each problem a label of their own",
        owners(.0)
    )]
    Tickets(BTreeMap<TicketId, ProblemId>),
    /// Another sprint began in the same second, and names of refs are made from that.
    #[error("{1} has a sprint {0}, too; start a second later")]
    SprintId(SprintId, ProblemId),
    /// The repository cannot be looked at.
    #[error(transparent)]
    Port(#[from] Error),
}

fn owners(owned: &BTreeMap<TicketId, ProblemId>) -> String {
    let each = owned
        .iter()
        .map(|(ticket, problem)| format!("{ticket} ({problem})"));
    each.collect::<Vec<_>>().join(", ")
}

/// Sees that id and tickets of a sprint are nobody else's, and keeps others from starting until the
/// lock is given back: hand it to [`Claiming::hold`].
pub fn claim(
    layout: &Layout,
    sprint: &SprintId,
    tickets: &BTreeSet<TicketId>,
) -> Result<RepositoryLock, Taken> {
    let held = hold_repository(layout)?;
    let listed = list(layout.root())?;
    let owned = others_with(&listed, layout.problem(), tickets);
    if !owned.is_empty() {
        return Err(Taken::Tickets(owned));
    }
    let same = listed.into_iter().find(|other| {
        let named = matches!(&other.found, Found::Sprint { sprint: Some(id), .. } if id == sprint);
        named && other.problem != *layout.problem()
    });
    match same {
        Some(other) => Err(Taken::SprintId(sprint.clone(), other.problem)),
        None => Ok(held),
    }
}

/// A store that gives a lock back after the first save.
pub struct Claiming {
    store: Arc<dyn StateStore>,
    held: Mutex<Option<RepositoryLock>>,
}

impl Claiming {
    /// The same store, holding nothing yet.
    pub fn new(store: Arc<dyn StateStore>) -> Self {
        Self {
            store,
            held: Mutex::default(),
        }
    }

    /// Holds the lock until the next save has come to an end, whichever.
    pub fn hold(&self, lock: RepositoryLock) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
    }
}

impl fmt::Debug for Claiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claiming")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StateStore for Claiming {
    async fn load(&self) -> Result<Option<Snapshot>> {
        self.store.load().await
    }

    async fn commit(&self, delta: &Delta, lease: &Lease) -> Result<()> {
        let result = self.store.commit(delta, lease).await;
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(held);
        result
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::local::store::FileStore;
    use crate::testing::sample;

    fn layout(root: &tempfile::TempDir, problem: &str) -> Layout {
        Layout::new(root.path(), ProblemId::new(problem).unwrap())
    }

    #[test]
    fn of_two_that_want_the_same_only_the_first_starts() {
        let root = tempfile::tempdir().unwrap();
        let (ours, theirs) = (layout(&root, "ours"), layout(&root, "theirs"));
        let first = sample::snapshot(2);
        let tickets: BTreeSet<_> = first.tickets.keys().cloned().collect();
        let store = Claiming::new(Arc::new(FileStore::new(ours.clone())));
        store.hold(claim(&ours, &first.plan.sprint, &tickets).unwrap());
        // They look while we are between looking and saving.
        assert!(matches!(
            claim(&theirs, &first.plan.sprint, &tickets),
            Err(Taken::Port(_))
        ));
        let lease = Lease::new(1, Box::new(()));
        block_on(store.commit(&Delta::first(first.clone()), &lease)).unwrap();
        let refused = claim(&theirs, &first.plan.sprint, &tickets).unwrap_err();
        insta::assert_snapshot!(refused, @"unfinished sprints of other problems have T-1 (ours), T-2 (ours); finish those sprints, or give the tickets of each problem a label of their own");
        let others = BTreeSet::from([TicketId::new("OTHER-1").unwrap()]);
        let refused = claim(&theirs, &first.plan.sprint, &others).unwrap_err();
        insta::assert_snapshot!(refused, @"ours has a sprint sprint-20260101-000000, too; start a second later");
        let later = SprintId::new("sprint-20990101-000000").unwrap();
        drop(claim(&theirs, &later, &others).unwrap());
        drop(claim(&ours, &first.plan.sprint, &tickets).unwrap());
        assert_eq!(block_on(store.load()).unwrap(), Some(first));
    }
}
