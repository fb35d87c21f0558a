//! The operations that this crate sends, one document each.
//!
//! Documents are files, so that the tests check each of them against Linear's schema, and people
//! can read what is asked for. Types of answers stay inside the crate: [`crate::convert`] is where
//! they become domain values. Everything that the schema lets be null is an `Option`, and strings
//! that stand for kinds stay strings: Linear adds kinds.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One operation.
pub(crate) trait Operation {
    /// Its name, which is the one in the document.
    const NAME: &'static str;
    /// The document.
    const DOCUMENT: &'static str;
    /// Whether it changes anything.
    const WRITES: bool;
    /// What it is asked with. Keys that are not set must be left out: a `null` is a value.
    type Variables: Serialize + Send + Sync;
    /// The `data` of its answer.
    type Data: DeserializeOwned;

    /// What it costs, in points: as Linear computes it from the text and the page sizes.
    fn points(variables: &Self::Variables) -> u32;
}

/// Where a page ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    /// Whether another follows.
    pub(crate) has_next_page: bool,
    /// Where that begins.
    pub(crate) end_cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) nodes: Vec<T>,
    /// Where it ends.
    pub(crate) page_info: PageInfo,
}

/// One thing, by its id; for an issue its identifier is good as well.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ById {
    pub(crate) id: String,
}

impl ById {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

/// Several things, by their ids.
#[derive(Serialize)]
pub(crate) struct ByIds {
    pub(crate) ids: Vec<String>,
    /// As many as there are ids.
    pub(crate) first: u32,
}

impl ByIds {
    pub(crate) fn new(ids: Vec<String>) -> Self {
        let first = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        Self { ids, first }
    }
}

/// A page of what hangs on something, of a size that the document says.
#[derive(Serialize)]
pub(crate) struct Next {
    pub(crate) id: String,
    /// Where it begins; `None` for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

/// Something to create.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Create<T> {
    pub(crate) input: T,
}

/// An answer that says no more than whether it was done.
#[derive(Debug, Deserialize)]
pub(crate) struct Success {
    pub(crate) success: bool,
}

/// Whether something is neither archived nor in the trash.
pub(crate) fn is_live(archived_at: Option<&String>, trashed: Option<bool>) -> bool {
    archived_at.is_none() && trashed != Some(true)
}

/// Something named by its id alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Named {
    /// The id.
    pub(crate) id: String,
}

/// Declares an operation: its document is `ops/{file}.graphql`, with the `fragment` that it shares
/// with another operation, if there is one.
macro_rules! operation {
    (
        $(#[$doc:meta])*
        $name:ident, $file:literal $(, fragment: $fragment:literal)?, writes: $writes:literal,
        $variables:ty => $data:ty, $points:expr
    ) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl $crate::ops::Operation for $name {
            const NAME: &'static str = stringify!($name);
            const DOCUMENT: &'static str = concat!(
                include_str!(concat!($file, ".graphql")),
                $(include_str!(concat!($fragment, ".graphql")),)?
            );
            const WRITES: bool = $writes;
            type Variables = $variables;
            type Data = $data;

            fn points(variables: &Self::Variables) -> u32 {
                let points: fn(&$variables) -> u32 = $points;
                points(variables)
            }
        }
    };
}

pub(crate) mod comments;
pub(crate) mod evidence;
pub(crate) mod files;
pub(crate) mod identity;
pub(crate) mod issues;
pub(crate) mod moves;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod states;
pub(crate) mod team;

#[cfg(test)]
mod tests;
