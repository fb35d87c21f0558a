//! The files a ticket says it will touch.

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;

/// The sections in which a ticket lists files.
const SECTIONS: [&str; 2] = ["Files to Create", "Files to Modify"];

/// The files in a ticket's lists of files: the first `` `quoted` `` text of each list item, or its
/// first word. What does not look like a path is no file.
pub fn planned(ticket: &Ticket) -> BTreeSet<RepoPath> {
    let sections = SECTIONS.iter().filter_map(|name| ticket.section(name));
    sections
        .flat_map(|text| text.lines().filter_map(file).collect::<Vec<_>>())
        .collect()
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
        let files: Vec<_> = planned(&ticket).iter().map(ToString::to_string).collect();
        assert_eq!(files, ["lib/c.ts", "src/a.rs", "src/b.rs"]);
    }
}
