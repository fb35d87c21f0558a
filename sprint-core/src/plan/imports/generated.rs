//! Sources that a program wrote, and that are kept in the repository all the same.

use crate::domain::path::RepoPath;

/// Directories of what others or tools wrote.
const DIRECTORIES: [&str; 6] = [
    "node_modules",
    "vendor",
    "third_party",
    "dist",
    "__generated__",
    "generated",
];

/// Ends of the names of generated files.
const ENDS: [&str; 8] = [
    ".min.js",
    ".bundle.js",
    ".generated.ts",
    ".gen.ts",
    ".gen.go",
    ".pb.go",
    "_pb2.py",
    "_pb2_grpc.py",
];

/// Marks that generators leave near the beginning, in a comment.
const MARKS: [&str; 3] = ["@generated", "DO NOT EDIT", "Automatically generated"];

/// How many lines may come before a mark.
const NEAR: usize = 10;

/// Whether a file was written by a program, by its name or by what it says of itself: such a file
/// follows from others, and nobody edits it.
pub fn is_generated(path: &RepoPath, text: &str) -> bool {
    let mut directories = path.as_str().split('/').rev().skip(1);
    let comment = |line: &str| {
        let line = line.trim_start();
        ["//", "#", "/*", "*"]
            .iter()
            .any(|start| line.starts_with(start))
            && MARKS.iter().any(|mark| line.contains(mark))
    };
    directories.any(|part| DIRECTORIES.contains(&part))
        || ENDS.iter().any(|end| path.file_name().ends_with(end))
        || text.lines().take(NEAR).any(comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_marks_tell_generated_files() {
        let check = |path: &str, text: &str| is_generated(&RepoPath::from(path), text);
        for directory in DIRECTORIES {
            assert!(check(&format!("a/{directory}/b.ts"), ""), "{directory}");
            assert!(!check(&format!("a/{directory}.ts"), ""), "{directory}");
        }
        for end in ENDS {
            assert!(check(&format!("a/b{end}"), ""), "{end}");
        }
        for mark in MARKS {
            assert!(
                check("a.go", &format!("package a\n// Code, {mark}.\n")),
                "{mark}"
            );
            assert!(!check("a.go", &format!("var s = \"{mark}\"\n")), "{mark}");
            assert!(
                !check("a.go", &format!("{}// {mark}", "\n".repeat(NEAR))),
                "{mark}"
            );
        }
        assert!(!check("src/build/a.rs", "// by hand"));
    }
}
