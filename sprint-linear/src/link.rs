//! A connection that knows who it is.

use std::fmt;

use tokio::sync::OnceCell;

use crate::call_error::CallError;
use crate::client::Client;
use crate::config::LinearConfig;
use crate::ops::identity::{self, Identity, NoVariables};

/// The client, the configuration, and who we are to Linear.
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) config: LinearConfig,
    identity: OnceCell<identity::Data>,
}

impl Link {
    pub(crate) fn new(client: Client, config: LinearConfig) -> Self {
        Self {
            client,
            config,
            identity: OnceCell::new(),
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
