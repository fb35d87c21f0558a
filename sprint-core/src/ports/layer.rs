//! The port to a layer of verification that the host adds.

use std::fmt;

use async_trait::async_trait;

use crate::domain::check::LayerSubject;
use crate::domain::verdict::{LayerName, Verdict};
use crate::ports::{EffectContext, Result};

/// A layer of verification that is not the pipeline's own: a licence check, a benchmark, a second
/// reviewer.
///
/// It is asked beside layers 2 and 3, for every commit that passed the layers before them, and no
/// ticket is proven without it.
///
/// # Contract
///
/// - The verdict is about exactly the commit of the subject.
/// - The workspace is left as it was found; changed files void the verdict.
/// - Asking again about the same commit is safe. Dropping the future ends whatever runs.
/// - `Err` only if no verdict could be reached; that is tried again, and then the ticket is stuck.
#[async_trait]
pub trait Layer: fmt::Debug + Send + Sync + 'static {
    /// Its name: the same after every restart, and no other layer's.
    fn name(&self) -> LayerName;

    /// Decides about a commit.
    async fn judge(&self, subject: &LayerSubject, cx: &EffectContext) -> Result<Verdict>;
}
