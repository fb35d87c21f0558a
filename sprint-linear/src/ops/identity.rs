//! Who we are, and where.

use serde::{Deserialize, Serialize};

operation! {
    /// The owner of the key and the workspace.
    Identity, "Identity", writes: false, NoVariables => Data, |_| 3
}

/// Nothing to ask with.
#[derive(Serialize)]
pub(crate) struct NoVariables {}

#[derive(Debug, Deserialize)]
pub(crate) struct Data {
    pub(crate) viewer: Viewer,
    pub(crate) organization: Organization,
}

/// The owner of the key.
#[derive(Debug, Deserialize)]
pub(crate) struct Viewer {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether it is an application rather than a person.
    pub(crate) app: bool,
}

/// The workspace.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url_key: String,
}
