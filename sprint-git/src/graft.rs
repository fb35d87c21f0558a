//! Putting files of one commit onto another, in memory.
//!
//! No ref holds the result: it is checked out and tested at once, and the checkout holds it from
//! then on. Before that, git keeps what nothing refers to for two weeks, unless somebody prunes by
//! hand; the same graft then makes the same objects again.

use std::collections::BTreeMap;

use gix::bstr::{BString, ByteSlice};
use sprint_core::domain::workspace::{GraftSpec, Grafted};
use sprint_core::failure::ErrorKind;

use crate::error::{GitError, Result};
use crate::merge::{commit, object_id, tree_id};
use crate::repo::Repo;
use crate::resolve::{leaf, put};

impl Repo {
    pub(crate) async fn graft(&self, spec: &GraftSpec) -> Result<Grafted> {
        let spec = spec.clone();
        self.with_objects(move |objects| graft(objects, &spec))
            .await
    }
}

fn graft(objects: &gix::Repository, spec: &GraftSpec) -> Result<Grafted> {
    let onto = object_id(&spec.onto)?;
    let from = objects.find_commit(object_id(&spec.from)?)?.tree()?;
    let mut leaves = BTreeMap::new();
    for path in &spec.paths {
        let Some(path) = path.to_bytes().map(BString::from) else {
            let message = format!("{path:?} is not a path of any repository");
            return Err(GitError::refused(ErrorKind::Invalid, message));
        };
        let found = leaf(&from, path.as_bstr())?;
        leaves.insert(path, found);
    }
    let before = objects.find_commit(onto)?.tree()?;
    let leaves = leaves.iter().map(|(path, leaf)| (path, *leaf));
    let tree = put(&before, leaves)?;
    let subject = format!("graft: files of {}", spec.from);
    Ok(Grafted {
        commit: commit(objects, &subject, spec.at, tree, &[onto])?,
        tree: tree_id(tree)?,
    })
}
