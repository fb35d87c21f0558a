//! Where a finding is.

use crate::phases::artifact::finding::Finding;

/// Findings this many lines apart still are about the same place (spec 10.2).
const NEAR: u32 = 3;

/// Where a finding is: a file, and lines of it if they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    lines: Option<(u32, u32)>,
}

/// How two places of one file relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// The lines overlap, or nearly.
    Overlapping,
    /// One of them is the file as a whole.
    WholeFile,
    /// They are apart.
    Apart,
}

impl Place {
    /// None if the finding is in no file of the repository.
    pub(super) fn of(finding: &Finding) -> Option<Self> {
        let file = normal(finding.file.as_deref()?)?;
        let lines = finding
            .line
            .map(|first| (first, finding.end_line.unwrap_or(first).max(first)));
        Some(Self { file, lines })
    }

    /// How it relates to another place in the same file.
    pub(super) fn nearness(&self, other: &Self) -> Nearness {
        let (Some(one), Some(other)) = (self.lines, other.lines) else {
            return Nearness::WholeFile;
        };
        let reaches = |end: u32, start: u32| end.saturating_add(NEAR) >= start;
        if reaches(one.1, other.0) && reaches(other.1, one.0) {
            Nearness::Overlapping
        } else {
            Nearness::Apart
        }
    }
}

/// The path in one spelling: `/` between parts, no `.`, no `..`. None for one that is absolute, leads
/// out of the repository, or is the repository itself.
pub(in crate::phases) fn normal(path: &str) -> Option<String> {
    let path = path.trim().replace('\\', "/");
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_spelling() {
        for (path, expected) in [
            ("src/a.rs", Some("src/a.rs")),
            ("./src//a.rs", Some("src/a.rs")),
            ("src\\b\\..\\a.rs", Some("src/a.rs")),
            (" src/a.rs ", Some("src/a.rs")),
            ("../a.rs", None),
            ("src/../../a.rs", None),
            ("/etc/passwd", None),
            ("C:\\a.rs", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(normal(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn lines_up_to_three_apart_are_one_place() {
        let place = |lines| Place {
            file: "a".into(),
            lines,
        };
        let check = |one, other, expected| {
            assert_eq!(place(one).nearness(&place(other)), expected);
            assert_eq!(place(other).nearness(&place(one)), expected);
        };
        check(Some((10, 10)), Some((13, 13)), Nearness::Overlapping);
        check(Some((10, 10)), Some((14, 14)), Nearness::Apart);
        check(Some((10, 20)), Some((15, 16)), Nearness::Overlapping);
        check(Some((10, 20)), Some((23, 30)), Nearness::Overlapping);
        check(Some((10, 20)), Some((24, 30)), Nearness::Apart);
        check(Some((u32::MAX, u32::MAX)), Some((1, 1)), Nearness::Apart);
        check(None, Some((1, 1)), Nearness::WholeFile);
    }
}
