//! All issues of a list, each in full.

use serde_json::Value;

use crate::call_error::{CallError, Problem, printable};
use crate::link::Link;
use crate::ops::issues::{IssueBlockers, IssueLabels, IssueNode, Issues, IssuesPage, PAGE};
use crate::ops::{Next, Operation as _};
use crate::pages::Pages;

/// Pages are not made smaller than this.
const SMALLEST: u32 = 10;

/// A list of issues.
pub(crate) struct Listing {
    filter: Value,
    archived: bool,
    size: u32,
}

/// An entry of a list.
#[derive(Debug)]
pub(crate) enum Row {
    /// An issue with all that hangs on it.
    Issue(Box<IssueNode>),
    /// Something that cannot be read: which, and why.
    Malformed(String),
}

impl Listing {
    /// The live issues that an `IssueFilter` picks.
    pub(crate) const fn new(filter: Value) -> Self {
        Self {
            filter,
            archived: false,
            size: PAGE,
        }
    }

    /// And those that are archived or deleted.
    pub(crate) fn with_archived(self) -> Self {
        Self {
            archived: true,
            ..self
        }
    }

    /// On pages of this size.
    pub(crate) fn by(self, size: u32) -> Self {
        Self { size, ..self }
    }

    /// Reads it to its end. A query that is refused as too complex is asked with smaller pages.
    pub(crate) async fn all(mut self, link: &Link) -> Result<Vec<Row>, CallError> {
        let mut rows = Vec::new();
        let mut pages = Pages::new(Issues::NAME);
        let mut after = None;
        loop {
            let variables = IssuesPage {
                filter: self.filter.clone(),
                first: self.size,
                after: after.clone(),
                archived: self.archived,
            };
            let page = match link.client.read::<Issues>(&variables).await {
                Ok(data) => data.issues,
                Err(error) if error.problem == Problem::TooComplex && self.size > SMALLEST => {
                    self.size = (self.size / 2).max(SMALLEST);
                    continue;
                }
                Err(error) => return Err(error),
            };
            after = pages.next(&page.page_info)?;
            for node in page.nodes {
                rows.push(in_full(link, node).await?);
            }
            if after.is_none() {
                return Ok(rows);
            }
        }
    }
}

/// An issue with all its labels and relations.
pub(crate) async fn in_full(link: &Link, node: Value) -> Result<Row, CallError> {
    let name = node["identifier"].as_str().unwrap_or("an issue");
    let place = printable(name);
    let mut node: IssueNode = match serde_json::from_value(node) {
        Ok(node) => node,
        Err(error) => {
            let reason = printable(&error.to_string());
            return Ok(Row::Malformed(format!(
                "{place}: Linear's answer does not have the expected form: {reason}"
            )));
        }
    };
    let mut pages = Pages::new(IssueLabels::NAME);
    while let Some(after) = pages.next(&node.labels.page_info)? {
        let next = next(&node, after);
        let page = link.client.read::<IssueLabels>(&next).await?.issue.labels;
        node.labels.nodes.extend(page.nodes);
        node.labels.page_info = page.page_info;
    }
    let mut pages = Pages::new(IssueBlockers::NAME);
    while let Some(after) = pages.next(&node.inverse_relations.page_info)? {
        let next = next(&node, after);
        let read = link.client.read::<IssueBlockers>(&next).await?;
        let page = read.issue.inverse_relations;
        node.inverse_relations.nodes.extend(page.nodes);
        node.inverse_relations.page_info = page.page_info;
    }
    Ok(Row::Issue(Box::new(node)))
}

fn next(node: &IssueNode, after: String) -> Next {
    Next {
        id: node.id.clone(),
        after: Some(after),
    }
}
