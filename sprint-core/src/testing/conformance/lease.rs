//! The contract of [`LeaseHolder`].
//!
//! That a lease ends with its process needs processes; adapters test it themselves.

use std::sync::Arc;

use crate::failure::ErrorKind;
use crate::ports::{Lease, LeaseHolder, Owner};
use crate::testing::conformance::Open;
use crate::time::Timestamp;

type Holder = Arc<dyn LeaseHolder>;

/// Every check, each on fresh storage.
pub fn all(fresh: &dyn Fn() -> Open<Holder>) {
    at_most_one_is_alive(&fresh());
    epochs_grow(&fresh());
}

/// A second lease is refused, naming the owner, until the first is dropped.
pub fn at_most_one_is_alive(open: &Open<Holder>) {
    let holder = open();
    let lease = acquire(&holder, 4711);
    for second in [&holder, &open()] {
        let error = second
            .acquire(&owner(4712))
            .expect_err("a lease is alive, so a second must be refused");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let text = error.chain();
        assert!(text.contains(&owner(4711).to_string()), "{text}");
    }
    drop(lease);
    drop(acquire(&open(), 4712));
}

/// Every lease has a greater number than all before.
pub fn epochs_grow(open: &Open<Holder>) {
    let mut last = 0;
    for pid in 1..6 {
        let epoch = acquire(&open(), pid).epoch();
        assert!(epoch > last, "{epoch} after {last}");
        last = epoch;
    }
}

fn acquire(holder: &Holder, pid: u32) -> Lease {
    holder
        .acquire(&owner(pid))
        .expect("no lease is alive, so one is given")
}

fn owner(pid: u32) -> Owner {
    Owner {
        pid,
        host: "here".into(),
        since: Timestamp::from_millis(0),
    }
}
