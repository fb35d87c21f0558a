//! The port that keeps two engines off one problem.

use std::any::Any;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ports::Result;
use crate::time::Timestamp;

/// Who holds a lease, for messages to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "process {} on {} since {}",
            self.pid, self.host, self.since
        )
    }
}

/// The right to write a sprint's state, held until dropped.
///
/// Its epoch grows with every new holder; a store refuses a lease with an older epoch than it has
/// seen (fencing).
pub struct Lease {
    epoch: u64,
    _guard: Box<dyn Any + Send + Sync>,
}

impl Lease {
    /// A lease of this epoch. `guard` gives it up when dropped. For adapters.
    pub fn new(epoch: u64, guard: Box<dyn Any + Send + Sync>) -> Self {
        Self {
            epoch,
            _guard: guard,
        }
    }

    /// The fencing number.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Hands out the lease of one problem.
///
/// # Contract
///
/// - At most one [`Lease`] is alive at any time, over all processes.
/// - A lease whose process died, by any means, can be acquired at once; one whose process lives
///   is refused with [`Conflict`](crate::failure::ErrorKind::Conflict), and the error names the
///   owner.
/// - Every new lease has a greater epoch than all before it, also over restarts.
pub trait LeaseHolder: fmt::Debug + Send + Sync + 'static {
    /// Takes the lease for `owner`.
    fn acquire(&self, owner: &Owner) -> Result<Lease>;
}
