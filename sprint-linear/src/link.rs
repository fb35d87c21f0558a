//! A connection that knows who it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sprint_core::ports::Clock;
use tokio::sync::OnceCell;

use crate::budget::Budget;
use crate::call_error::CallError;
use crate::client::Client;
use crate::config::LinearConfig;
use crate::ops::identity::{self, Identity, NoVariables};
use crate::transport::Transport;

/// The client, the configuration, and who we are to Linear.
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) config: LinearConfig,
    identity: OnceCell<identity::Data>,
}

impl Link {
    /// A connection to what the configuration names; nothing is sent yet.
    pub(crate) fn open(
        config: LinearConfig,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        budget: Budget,
    ) -> Self {
        let (token, api) = (config.token.clone(), config.api().to_owned());
        Self {
            client: Client::new(transport, clock, budget, token, api),
            config,
            identity: OnceCell::new(),
        }
    }

    /// The same, which waits up to `patience` where the service asks for it.
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self {
            client: self.client.patient(patience),
            ..self
        }
    }

    /// The owner of the key and the workspace; asked once.
    pub(crate) async fn identity(&self) -> Result<&identity::Data, CallError> {
        let ask = || self.client.read::<Identity>(&NoVariables {});
        self.identity.get_or_try_init(ask).await
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.config).finish()
    }
}
