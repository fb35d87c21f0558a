//! Announcing a file: where to send it, with which headers.

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::StoredFile;
use crate::resolve::Outcome;
use crate::{ids, store};

impl Mutator {
    pub(super) fn file_upload(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["contentType", "filename", "size", "makePublic", "metaData"])?;
        let size = input
            .number("size")
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0);
        if size == 0 {
            return Err(Failure::input("size must be greater than 0"));
        }
        let id = self.store.fresh_id();
        let signature = ids::hex(&ids::shuffle_key(self.settings.order_seed, &id).to_be_bytes());
        let filename = input.required("filename")?.to_owned();
        let file = StoredFile {
            filename,
            content_type: input.required("contentType")?.to_owned(),
            size,
            asset_url: format!("{}/{id}", self.urls.asset),
            headers: vec![
                (
                    "x-goog-content-length-range".to_owned(),
                    format!("{size},{size}"),
                ),
                (
                    "Content-Disposition".to_owned(),
                    format!("attachment; filename=\"{id}\""),
                ),
            ],
            expires_at: self.now + self.settings.upload_lifetime_ms,
            bytes: None,
            id: id.clone(),
        };
        store::put(&mut self.store.files, &id, file.clone());
        let url = format!("{}/{id}?X-Goog-Signature={signature}", self.urls.upload);
        Ok(Outcome::Upload(file, url))
    }
}
