//! What belongs to which issue; made once for a request that asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Attachment, Comment, HistoryEntry, Issue, Relation};
use crate::store::{Store, Table};

/// Rows by the id of an issue.
type By<T> = BTreeMap<String, Vec<Arc<T>>>;

pub(crate) struct Index {
    pub(crate) comments: By<Comment>,
    pub(crate) replies: By<Comment>,
    pub(crate) relations: By<Relation>,
    pub(crate) inverse: By<Relation>,
    pub(crate) attachments: By<Attachment>,
    pub(crate) children: By<Issue>,
    pub(crate) history: By<HistoryEntry>,
}

impl Index {
    pub(crate) fn of(store: &Store) -> Self {
        Self {
            comments: by(&store.comments, |c| Some(&c.issue)),
            replies: by(&store.comments, |c| c.parent.as_ref()),
            relations: by(&store.relations, |r| Some(&r.issue)),
            inverse: by(&store.relations, |r| Some(&r.related)),
            attachments: by(&store.attachments, |a| Some(&a.issue)),
            children: by(&store.issues, |i| i.parent.as_ref()),
            history: by(&store.history, |h| Some(&h.issue)),
        }
    }
}

fn by<T>(table: &Table<T>, key: impl Fn(&T) -> Option<&String>) -> By<T> {
    let mut found = By::new();
    for row in table.values() {
        if let Some(key) = key(row) {
            found.entry(key.clone()).or_default().push(Arc::clone(row));
        }
    }
    found
}

/// The rows of one id.
pub(crate) fn of<T>(rows: &By<T>, id: &str) -> Vec<Arc<T>> {
    rows.get(id)
        .map(|rows| rows.iter().map(Arc::clone).collect())
        .unwrap_or_default()
}
