//! Where to send a file.

use serde::{Deserialize, Serialize};

operation! {
    /// Asks for an address to which a file can be uploaded.
    FileUpload, "FileUpload", writes: true, Wanted => Data, |_| 4
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    pub(crate) content_type: String,
    pub(crate) filename: String,
    /// Bytes.
    pub(crate) size: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Data {
    pub(crate) file_upload: Payload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) success: bool,
    pub(crate) upload_file: Option<Target>,
}

/// Where a file goes, and where it will be.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    /// Where it will be.
    pub(crate) asset_url: String,
    /// Where to send it. Whoever knows it may write there.
    pub(crate) upload_url: String,
    /// What has to be sent with it.
    pub(crate) headers: Vec<Header>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Header {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").field(&self.asset_url).finish()
    }
}
