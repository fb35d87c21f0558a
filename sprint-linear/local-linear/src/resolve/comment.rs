//! Fields of comments and attachments.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{ResolveInfo, ResolvedValue};
use apollo_compiler::response::serde_json_bytes;

use super::{Answer, Node, View, date, index, maybe_date, reference, unmodelled};
use crate::model::{Attachment, Comment};
use crate::page::connection;

impl Node for Comment {
    const TYPE: &'static str = "Comment";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn updated(&self) -> u64 {
        self.updated_at
    }
    fn seq(&self) -> u64 {
        self.seq
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "body" => ResolvedValue::leaf(self.body.as_str()),
            "createdAt" => date(self.created_at),
            "updatedAt" => date(self.updated_at),
            "editedAt" => maybe_date(self.edited_at),
            "archivedAt" | "botActor" | "externalUser" | "resolvedAt" => ResolvedValue::null(),
            "url" => ResolvedValue::leaf(format!("https://linear.app/local/comment/{}", self.id)),
            "issueId" => ResolvedValue::leaf(self.issue.as_str()),
            "parentId" => ResolvedValue::leaf(self.parent.clone()),
            "issue" => return reference(view, &view.store.issues, Some(&self.issue)),
            "user" => return reference(view, &view.store.users, Some(&self.user)),
            "parent" => return reference(view, &view.store.comments, self.parent.as_ref()),
            "children" => {
                return connection(view, info, index::of(&view.index().replies, &self.id));
            }
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}

impl Node for Attachment {
    const TYPE: &'static str = "Attachment";

    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> u64 {
        self.created_at
    }
    fn updated(&self) -> u64 {
        self.updated_at
    }
    fn seq(&self) -> u64 {
        self.seq
    }

    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(self.id.as_str()),
            "url" => ResolvedValue::leaf(self.url.as_str()),
            "title" => ResolvedValue::leaf(self.title.as_str()),
            "subtitle" => ResolvedValue::leaf(self.subtitle.clone()),
            "metadata" => {
                ResolvedValue::leaf(serde_json_bytes::to_value(&self.metadata).unwrap_or_default())
            }
            "createdAt" => date(self.created_at),
            "updatedAt" => date(self.updated_at),
            "archivedAt" | "source" | "sourceType" => ResolvedValue::null(),
            "groupBySource" => ResolvedValue::leaf(false),
            "issue" => return reference(view, &view.store.issues, Some(&self.issue)),
            "creator" => return reference(view, &view.store.users, Some(&self.creator)),
            _ => return unmodelled(view, info, Self::TYPE),
        })
    }
}
