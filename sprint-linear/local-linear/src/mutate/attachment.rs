//! Attachments: one for each issue and address.

use serde_json::{Map, Value};

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::Attachment;
use crate::resolve::Outcome;
use crate::store;

impl Mutator {
    pub(super) fn attachment_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        input.only(&["id", "issueId", "url", "title", "subtitle", "metadata"])?;
        let Some(issue) = self.store.issue(input.required("issueId")?) else {
            return Err(Failure::not_found("Issue"));
        };
        let (issue, url) = (issue.id.clone(), input.required("url")?);
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Failure::input("url must be a URL address"));
        }
        let title = input.required("title")?.to_owned();
        let subtitle = input.text("subtitle").map(str::to_owned);
        let metadata = match input.given("metadata") {
            Some(Value::Object(metadata)) => metadata.clone(),
            _ => Map::new(),
        };
        let old = self
            .store
            .attachments
            .values()
            .find(|a| a.issue == issue && a.url == url)
            .cloned();
        let attachment = match old {
            Some(old) => Attachment {
                title,
                subtitle,
                metadata,
                updated_at: self.now,
                ..Attachment::clone(&old)
            },
            None => Attachment {
                id: self.claim_id("Attachment", input, self.settings.other_conflict_status)?,
                seq: self.store.next(),
                issue,
                url: url.to_owned(),
                title,
                subtitle,
                metadata,
                creator: self.viewer.clone(),
                created_at: self.now,
                updated_at: self.now,
            },
        };
        let id = attachment.id.clone();
        store::put(&mut self.store.attachments, &id, attachment);
        Ok(Outcome::Attachment(id))
    }

    pub(super) fn attachment_delete(&mut self, id: &str) -> Result<Outcome, Failure> {
        if !self.store.attachments.contains_key(id) {
            return Err(Failure::not_found("Attachment"));
        }
        store::take(&mut self.store.attachments, id);
        Ok(Outcome::Deleted(id.to_owned()))
    }
}
