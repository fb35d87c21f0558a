//! From page to page, to the end and no further.

use std::collections::BTreeSet;

use crate::call_error::{CallError, Problem};
use crate::ops::PageInfo;

/// No list of ours is longer.
const MOST: usize = 200;

/// The cursors of one list. A list that cannot be read to its end is an error: what is there of it
/// must not pass for the whole.
#[derive(Debug)]
pub(crate) struct Pages {
    operation: &'static str,
    seen: BTreeSet<String>,
}

impl Pages {
    /// The pages that `operation` asks for.
    pub(crate) const fn new(operation: &'static str) -> Self {
        Self {
            operation,
            seen: BTreeSet::new(),
        }
    }

    /// Where the page after this one begins; `None` after the last.
    pub(crate) fn next(&mut self, info: &PageInfo) -> Result<Option<String>, CallError> {
        let failed = |text: &str| Err(CallError::new(self.operation, Problem::Unknown, text));
        if !info.has_next_page {
            return Ok(None);
        }
        let Some(cursor) = info.end_cursor.clone() else {
            return failed("another page is said to follow, but not where it begins");
        };
        if !self.seen.insert(cursor.clone()) {
            return failed("a page is said to be followed by one that came before");
        }
        if self.seen.len() >= MOST {
            return failed(&format!("the list has more than {MOST} pages"));
        }
        Ok(Some(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(has_next_page: bool, cursor: Option<&str>) -> PageInfo {
        PageInfo {
            has_next_page,
            end_cursor: cursor.map(str::to_owned),
        }
    }

    #[test]
    fn a_list_ends_where_it_says_so_and_nowhere_else() {
        let mut pages = Pages::new("Issues");
        let next = pages.next(&info(true, Some("a")));
        assert_eq!(next, Ok(Some("a".into())));
        assert!(pages.next(&info(true, Some("a"))).is_err());
        assert!(pages.next(&info(true, None)).is_err());
        assert_eq!(pages.next(&info(false, Some("b"))), Ok(None));
        assert_eq!(pages.next(&info(false, None)), Ok(None));
        let mut pages = Pages::new("Issues");
        let mut endless = (0..).map(|n: u32| pages.next(&info(true, Some(&n.to_string()))));
        assert!(endless.by_ref().take(MOST).any(|next| next.is_err()));
    }
}
