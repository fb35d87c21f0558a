//! What earlier sprints left for the agents of the next: progress files and failure patterns.
//!
//! Nothing here stops a sprint: what cannot be read is left out, with a warning. A repository can
//! carry links, so what is no plain file is not read; its text goes to agents.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::domain::failure_patterns::parse;
use crate::domain::learning::{FailurePattern, Lessons};
use crate::local::layout::{Layout, show};

/// Bytes read of a file; the rest is left out.
const MAX_BYTES: u64 = 1 << 20;
/// Characters of a progress file that agents are told.
const MAX_TOLD: usize = 16_000;
/// The section of an old global progress file that does not belong there (spec 5.7).
const OLD_SECTION: &str = "## Completed Tickets";

/// Reads what there is, with a warning for each file that is there and cannot be used. How much is to
/// be tested stands elsewhere.
pub fn lessons(layout: &Layout) -> (Lessons, Vec<String>) {
    let mut warnings = Vec::new();
    let mut lessons = Lessons::default();
    let global = layout.global_progress();
    let mut patterns = None;
    for path in global {
        patterns = patterns.or_else(|| text(&path, &mut warnings));
    }
    lessons.patterns = patterns.and_then(|text| {
        let (patterns, _) = text.split_once(OLD_SECTION).unwrap_or((&text, ""));
        told(patterns)
    });
    lessons.progress = text(&layout.progress(), &mut warnings).and_then(|text| told(&text));
    let path = layout.failure_patterns();
    if let Some(text) = text(&path, &mut warnings) {
        lessons.failure_patterns = failure_patterns(&path, &text, &mut warnings);
    }
    (lessons, warnings)
}

/// A text without what is around it, and not too long: progress files begin with what matters.
pub(crate) fn told(text: &str) -> Option<String> {
    let text = text.trim();
    let cut: String = text.chars().take(MAX_TOLD).collect();
    let more = if cut.len() < text.len() { "\n…" } else { "" };
    (!cut.is_empty()).then(|| cut + more)
}

fn text(path: &Path, warnings: &mut Vec<String>) -> Option<String> {
    match read(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            warnings.push(format!("{} is not read: {error}", show(path)));
            None
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The patterns of a file, entry by entry: one that cannot be read costs no other.
fn failure_patterns(path: &Path, text: &str, warnings: &mut Vec<String>) -> Vec<FailurePattern> {
    match parse(text.as_bytes()) {
        Ok((patterns, faults)) => {
            let told = faults
                .iter()
                .map(|fault| format!("{}: {fault}", show(path)));
            warnings.extend(told);
            patterns
        }
        Err(error) => {
            warnings.push(format!("{} {error}", show(path)));
            Vec::new()
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;
    use crate::id::ProblemId;

    fn prepared(root: &Path) -> Layout {
        let layout = Layout::new(root, ProblemId::new("login").expect("the id is valid"));
        layout.prepare().expect("the directory can be made");
        layout
    }

    #[test]
    fn what_is_there_is_read_and_nothing_is_no_fault() {
        let root = tempfile::tempdir().unwrap();
        let layout = prepared(root.path());
        assert_eq!(lessons(&layout), (Lessons::default(), Vec::new()));

        let global = "\n## Patterns\n- use the pool\n## Completed Tickets\n- ENG-1\n";
        fs::write(layout.claude().join("progress.txt"), global).unwrap();
        fs::write(layout.progress(), "- the login is slow\n").unwrap();
        let json = r#"{"patterns": [
            {"id": "fp-001", "error_type": "type_error", "module": "src/a", "pattern": "no such field",
             "resolution": "regenerate", "frequency": 4, "first_seen": "s", "tickets_affected": ["E-1"]},
            {"id": "fp-002", "frequency": "often"},
            {"pattern": "x"}
        ], "last_updated": null}"#;
        fs::write(layout.failure_patterns(), json).unwrap();
        let (found, warnings) = lessons(&layout);
        assert_eq!(
            found.patterns.as_deref(),
            Some("## Patterns\n- use the pool")
        );
        assert_eq!(found.progress.as_deref(), Some("- the login is slow"));
        let modules = found
            .failure_patterns
            .iter()
            .map(|p| (&*p.module, p.frequency));
        assert_eq!(modules.collect::<Vec<_>>(), [("src/a", 4), ("", 0)]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("pattern fp-002: "), "{warnings:?}");

        fs::write(root.path().join("progress.txt"), "at the root").unwrap();
        let (found, _) = lessons(&layout);
        assert_eq!(found.patterns.as_deref(), Some("at the root"));
    }

    #[test]
    fn what_is_broken_is_a_warning() {
        let root = tempfile::tempdir().unwrap();
        let layout = prepared(root.path());
        let secret = root.path().join("secret");
        fs::write(&secret, "hidden").unwrap();
        std::os::unix::fs::symlink(&secret, layout.progress()).unwrap();
        fs::create_dir(root.path().join("progress.txt")).unwrap();
        for (text, said) in [
            ("{", "no JSON"),
            ("{}", "no list"),
            ("{\"patterns\": 1}", "no list"),
        ] {
            fs::write(layout.failure_patterns(), text).unwrap();
            let (found, warnings) = lessons(&layout);
            assert_eq!(found, Lessons::default());
            assert_eq!(warnings.len(), 3, "{warnings:?}");
            assert!(warnings[2].contains(said), "{warnings:?}");
        }
    }

    #[test]
    fn agents_are_told_no_book() {
        assert_eq!(told(" \n"), None);
        let long = "ä".repeat(MAX_TOLD + 1);
        let told = told(&long).unwrap();
        assert_eq!(told.chars().count(), MAX_TOLD + 2);
    }
}
