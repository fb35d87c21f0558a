//! Finding what is at a path of a tree.

use gix::bstr::{BStr, ByteSlice};
use gix::object::tree::Entry;

use crate::error::Result;

/// What is at a path of a tree, if anything. Nothing is below a file, nor below another
/// repository, whose objects are not here: gix would look for them.
pub(crate) fn entry_at<'r>(tree: &gix::Tree<'r>, path: &BStr) -> Result<Option<Entry<'r>>> {
    let mut tree = tree.clone();
    let mut parts = path.split_str("/").peekable();
    while let Some(part) = parts.next() {
        let found = tree.lookup_entry([part])?;
        match found {
            Some(entry) if parts.peek().is_some() && entry.mode().is_tree() => {
                tree = entry.object()?.into_tree();
            }
            Some(_) if parts.peek().is_some() => return Ok(None),
            Some(_) | None => return Ok(found),
        }
    }
    Ok(None)
}
