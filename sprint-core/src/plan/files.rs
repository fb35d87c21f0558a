//! The files a ticket says it will touch.

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;

/// The files in a ticket's lists of files: the first `` `quoted` `` text of each list item, or its
/// first word. What does not look like a path is no file.
pub fn planned(ticket: &Ticket) -> BTreeSet<RepoPath> {
    let mut files = to_create(ticket);
    files.extend(to_modify(ticket));
    files
}

/// The files in the list of files that a ticket makes.
pub fn to_create(ticket: &Ticket) -> BTreeSet<RepoPath> {
    listed(ticket, "Files to Create")
}

/// The files in the list of files that a ticket changes.
pub fn to_modify(ticket: &Ticket) -> BTreeSet<RepoPath> {
    listed(ticket, "Files to Modify")
}

fn listed(ticket: &Ticket, section: &str) -> BTreeSet<RepoPath> {
    let text = ticket.section(section).unwrap_or_default();
    text.lines().filter_map(file).collect()
}

fn file(line: &str) -> Option<RepoPath> {
    let item = line.trim_start();
    let item = item.strip_prefix(['-', '*'])?.trim_start();
    let path = match item.split_once('`') {
        Some((_, rest)) => rest.split('`').next()?,
        None => item.split_whitespace().next()?.trim_end_matches([':', ',']),
    };
    let path = path.trim().trim_start_matches("./");
    let looks_like_one = path.contains(['/', '.']) && !path.contains(char::is_whitespace);
    let inside = !path.starts_with('/') && path.split('/').all(|part| part != "..");
    (looks_like_one && inside).then(|| RepoPath::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn lists_of_files_are_read_and_nothing_else() {
        let mut ticket = fixture::tickets("A").remove(0);
        ticket.body = "## Files to Create\n- `src/a.rs`: the new `thing`\n* src/b.rs, too\n\
                       ## Files to Modify\n  - ./lib/c.ts: more\n- nothing\n- ../x.rs\n- /etc/passwd\n\
                       text about d.rs\n## Notes\n- `e.rs`\n"
            .into();
        let names = |files: BTreeSet<RepoPath>| {
            let names: Vec<_> = files.iter().map(ToString::to_string).collect();
            names.join(" ")
        };
        assert_eq!(names(planned(&ticket)), "lib/c.ts src/a.rs src/b.rs");
        assert_eq!(names(to_create(&ticket)), "src/a.rs src/b.rs");
        assert_eq!(names(to_modify(&ticket)), "lib/c.ts");
    }
}
