//! Answers of mutations.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};

use super::{Answer, Node, View, entity};
use crate::errors::Failure;
use crate::model::StoredFile;

/// What a mutation did.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Issue(String),
    Issues(Vec<String>),
    Comment(String),
    Relation(String),
    Attachment(String),
    Label(String),
    Project(String),
    Upload(StoredFile, String),
    Deleted(String),
    IssueTrashed(String),
    ProjectTrashed(String),
}

/// The payload of a mutation, read from the store as it was after it.
pub(crate) struct Payload {
    pub(crate) type_name: String,
    pub(crate) view: Rc<View>,
    pub(crate) outcome: Outcome,
    pub(crate) success: bool,
    /// Whether the entity is missing from the answer.
    pub(crate) bare: bool,
}

impl ObjectValue for Payload {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let store = &self.view.store;
        match (info.field_name(), &self.outcome) {
            ("success", _) => Ok(ResolvedValue::leaf(self.success)),
            ("lastSyncId", _) => Ok(super::float(store.seq)),
            ("entityId", Outcome::Deleted(id)) => Ok(ResolvedValue::leaf(id.as_str())),
            _ if self.bare => Ok(ResolvedValue::null()),
            ("issue", Outcome::Issue(id)) | ("entity", Outcome::IssueTrashed(id)) => {
                self.one(store.issues.get(id))
            }
            ("issues", Outcome::Issues(ids)) => Ok(ResolvedValue::list(
                ids.iter()
                    .filter_map(|id| store.issues.get(id))
                    .map(|issue| entity(&self.view, issue)),
            )),
            ("comment", Outcome::Comment(id)) => self.one(store.comments.get(id)),
            ("issueRelation", Outcome::Relation(id)) => self.one(store.relations.get(id)),
            ("attachment", Outcome::Attachment(id)) => self.one(store.attachments.get(id)),
            ("issueLabel", Outcome::Label(id)) => self.one(store.labels.get(id)),
            ("project", Outcome::Project(id)) | ("entity", Outcome::ProjectTrashed(id)) => {
                self.one(store.projects.get(id))
            }
            ("uploadFile", Outcome::Upload(file, url)) => Ok(ResolvedValue::object(UploadFile {
                file: file.clone(),
                upload_url: url.clone(),
            })),
            (name, _) => {
                Err(Failure::unmodelled(format_args!("field {name} of {}", self.type_name)).into())
            }
        }
    }
}

impl Payload {
    fn one<'a, T: Node>(&self, value: Option<&Arc<T>>) -> Answer<'a> {
        Ok(value.map_or_else(ResolvedValue::null, |value| entity(&self.view, value)))
    }
}

struct UploadFile {
    file: StoredFile,
    upload_url: String,
}

impl ObjectValue for UploadFile {
    fn type_name(&self) -> &str {
        "UploadFile"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "uploadUrl" => ResolvedValue::leaf(self.upload_url.as_str()),
            "assetUrl" => ResolvedValue::leaf(self.file.asset_url.as_str()),
            "filename" => ResolvedValue::leaf(self.file.filename.as_str()),
            "contentType" => ResolvedValue::leaf(self.file.content_type.as_str()),
            "size" => ResolvedValue::leaf(i64::try_from(self.file.size).unwrap_or(0)),
            "metaData" => ResolvedValue::null(),
            "headers" => ResolvedValue::list(
                self.file
                    .headers
                    .iter()
                    .cloned()
                    .map(|header| ResolvedValue::object(Header(header))),
            ),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

struct Header((String, String));

impl ObjectValue for Header {
    fn type_name(&self) -> &str {
        "UploadFileHeader"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "key" => Ok(ResolvedValue::leaf(self.0.0.as_str())),
            "value" => Ok(ResolvedValue::leaf(self.0.1.as_str())),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
