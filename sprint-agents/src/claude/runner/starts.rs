//! Not too many starts at once: each takes a second of a processor.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::claude::host::Host;
use crate::claude::launch::Launch;
use crate::claude::session::{Session, StartError};

/// Lets sessions start a few at a time.
#[derive(Clone, Debug)]
pub(super) struct Starts(Arc<Semaphore>);

impl Starts {
    /// As many at once as there are processors.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Semaphore::new(processors)))
    }

    pub(super) async fn start(
        &self,
        launch: &Launch,
        host: Arc<dyn Host>,
    ) -> Result<Session, StartError> {
        // It is never closed; if it were, starting at once is no harm.
        let _permit = self.0.acquire().await.ok();
        Session::start(launch, host).await
    }
}
