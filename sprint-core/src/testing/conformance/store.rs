//! The contract of [`StateStore`].

use std::sync::Arc;

use crate::failure::ErrorKind;
use crate::ports::{Lease, StateStore};
use crate::run::snapshot::{Delta, Snapshot};
use crate::testing::conformance::Open;
use crate::testing::sample;

type Store = Arc<dyn StateStore>;

/// Every check, each on fresh storage.
pub async fn all(fresh: &(dyn Fn() -> Open<Store> + Sync)) {
    empty_storage_loads_nothing(fresh()).await;
    commits_survive_opening_anew(fresh()).await;
    a_first_delta_starts_over(fresh()).await;
    out_of_order_is_a_conflict_that_changes_nothing(fresh()).await;
    an_older_lease_is_refused(fresh()).await;
}

/// Nothing stored, nothing loaded; a change needs a state to change.
pub async fn empty_storage_loads_nothing(open: Open<Store>) {
    let store = open();
    assert_eq!(load(&store).await, None);
    let orphan = sample::delta(&sample::snapshot(2));
    assert_eq!(refused(&store, &orphan, 1).await, ErrorKind::Conflict);
    assert_eq!(load(&store).await, None);
}

/// After `Ok` a change is there, in this store and in the next.
pub async fn commits_survive_opening_anew(open: Open<Store>) {
    let mut expected = sample::snapshot(3);
    let store = open();
    commit(&store, &Delta::first(expected.clone()), 1).await;
    for _ in 0..3 {
        let delta = sample::delta(&expected);
        commit(&store, &delta, 1).await;
        expected = sample::after(&expected, &delta);
        assert_eq!(load(&store).await.as_ref(), Some(&expected));
        assert_eq!(load(&open()).await.as_ref(), Some(&expected));
    }
    drop(store);
    for _ in 0..3 {
        let store = open();
        let delta = sample::delta(&expected);
        commit(&store, &delta, 1).await;
        expected = sample::after(&expected, &delta);
        assert_eq!(load(&store).await.as_ref(), Some(&expected));
        assert_eq!(load(&open()).await.as_ref(), Some(&expected));
    }
}

/// A first delta replaces whatever was stored.
pub async fn a_first_delta_starts_over(open: Open<Store>) {
    let store = open();
    let mut old = sample::snapshot(2);
    commit(&store, &Delta::first(old.clone()), 1).await;
    for _ in 0..3 {
        let delta = sample::delta(&old);
        commit(&store, &delta, 1).await;
        old = sample::after(&old, &delta);
    }
    let new = sample::snapshot(1);
    commit(&store, &Delta::first(new.clone()), 1).await;
    assert_eq!(load(&open()).await, Some(new.clone()));
    let delta = sample::delta(&new);
    commit(&store, &delta, 1).await;
    assert_eq!(load(&open()).await, Some(sample::after(&new, &delta)));
}

/// A change that is not the next one is refused, and the store goes on.
pub async fn out_of_order_is_a_conflict_that_changes_nothing(open: Open<Store>) {
    let store = open();
    let first = sample::snapshot(2);
    commit(&store, &Delta::first(first.clone()), 1).await;
    let next = sample::delta(&first);
    let second = sample::after(&first, &next);
    let later = sample::delta(&second);
    assert_eq!(refused(&store, &later, 1).await, ErrorKind::Conflict);
    assert_eq!(load(&open()).await, Some(first));
    commit(&store, &next, 1).await;
    assert_eq!(refused(&store, &next, 1).await, ErrorKind::Conflict);
    assert_eq!(load(&open()).await.as_ref(), Some(&second));
    commit(&store, &later, 1).await;
    assert_eq!(load(&open()).await, Some(sample::after(&second, &later)));
}

/// Once a lease has written, older ones cannot, also after opening anew.
pub async fn an_older_lease_is_refused(open: Open<Store>) {
    let store = open();
    let first = sample::snapshot(2);
    commit(&store, &Delta::first(first.clone()), 4).await;
    let next = sample::delta(&first);
    assert_eq!(refused(&store, &next, 3).await, ErrorKind::Conflict);
    assert_eq!(refused(&open(), &next, 3).await, ErrorKind::Conflict);
    let over = Delta::first(first.clone());
    assert_eq!(refused(&open(), &over, 3).await, ErrorKind::Conflict);
    assert_eq!(load(&open()).await, Some(first));
    commit(&store, &next, 5).await;
}

async fn load(store: &Store) -> Option<Snapshot> {
    store.load().await.expect("load works")
}

async fn commit(store: &Store, delta: &Delta, epoch: u64) {
    let lease = Lease::new(epoch, Box::new(()));
    let done = store.commit(delta, &lease).await;
    done.expect("a change in order, under a current lease, is taken");
}

async fn refused(store: &Store, delta: &Delta, epoch: u64) -> ErrorKind {
    let lease = Lease::new(epoch, Box::new(()));
    let done = store.commit(delta, &lease).await;
    done.expect_err("the change must be refused").kind()
}
