//! Looking whether the evidence on an issue is still what it was.

use std::collections::BTreeMap;

use crate::call_error::CallError;
use crate::comments::FileLine;
use crate::evidence::findings::{EvidenceFinding, findings};
use crate::evidence::trail;
use crate::files::{self, Content};
use crate::link::Link;

/// Reads all evidence on an issue and all of its files, and says what is wrong.
///
/// # Errors
///
/// If something cannot be read; that something is not there is no error.
pub(crate) async fn check(link: &Link, issue: &str) -> Result<Vec<EvidenceFinding>, CallError> {
    let trail = trail::read(link, issue).await?;
    let lines = trail.comments.iter().filter_map(|c| c.evidence());
    let mut assets = BTreeMap::new();
    for file in lines.filter_map(|line| line.file.as_ref()) {
        if !assets.contains_key(&file.asset) {
            let found = match files::find(link, &file.asset, &file.content()).await {
                Ok(found) => found,
                // An address that leads elsewhere was written by somebody else than us.
                Err(error) if error.problem == crate::call_error::Problem::Invalid => {
                    files::Asset::Altered
                }
                Err(error) => return Err(error),
            };
            assets.insert(file.asset.clone(), found);
        }
    }
    Ok(findings(&trail, &assets))
}

impl FileLine {
    /// What the file has to be.
    pub(crate) fn content(&self) -> Content {
        Content {
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }
}
