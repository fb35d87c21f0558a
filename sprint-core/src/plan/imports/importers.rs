//! Who imports some files, found file by file.

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
use crate::plan::imports::{Import, Names, Start, imports, is_generated};

/// Files of which the importers are looked for, in one state of a repository.
///
/// Made once, asked for one file at a time and changed by nothing, so that many threads can ask.
#[derive(Clone, Debug)]
pub struct Importers {
    wanted: BTreeSet<RepoPath>,
    paths: BTreeSet<RepoPath>,
    names: Names,
    /// Directories that hold wanted files: packages of Go and Java.
    directories: BTreeSet<RepoPath>,
    /// Names of which one is in every import that can lead to a wanted file from the top.
    parts: BTreeSet<String>,
    /// Whether the top of a crate is wanted, to which any path may lead.
    tops: bool,
}

impl Importers {
    /// Looks for importers of `wanted`; `paths` are all files and directories that there are.
    pub fn new(wanted: BTreeSet<RepoPath>, paths: BTreeSet<RepoPath>, names: Names) -> Self {
        let stem = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
        let parts = wanted.iter().flat_map(|path| path.as_str().split('/'));
        Self {
            directories: wanted.iter().filter_map(RepoPath::parent).collect(),
            parts: parts.map(stem).collect(),
            tops: wanted
                .iter()
                .any(|path| matches!(path.file_name(), "lib.rs" | "main.rs")),
            wanted,
            paths,
            names,
        }
    }

    /// The wanted files that a file imports; none for a generated one, which follows by itself. One in
    /// a directory is meant by an import of that directory.
    pub fn of(&self, path: &RepoPath, text: &str) -> BTreeSet<RepoPath> {
        let mut found = BTreeSet::new();
        if self.wanted.is_empty() || is_generated(path, text) {
            return found;
        }
        let mut imports = imports(path, text);
        imports.sort_unstable();
        imports.dedup();
        for import in imports.iter().filter(|import| self.may_lead(import)) {
            let exists = |path: &RepoPath| self.paths.contains(path);
            let Some(meant) = self.names.resolve(import, path, &exists) else {
                continue;
            };
            if self.wanted.contains(&meant) {
                found.insert(meant);
            } else if self.directories.contains(&meant) {
                let inside = |file: &&RepoPath| file.parent().as_ref() == Some(&meant);
                let ending = path.as_str().rsplit('.').next();
                let same = |file: &&RepoPath| file.as_str().rsplit('.').next() == ending;
                found.extend(self.wanted.iter().filter(inside).filter(same).cloned());
            }
        }
        found.remove(path);
        found
    }

    /// False for an import that cannot mean a wanted file, without looking for what it means.
    fn may_lead(&self, import: &Import) -> bool {
        let known = |part: &str| self.parts.contains(part);
        match import {
            // What is seen from the importing file is found at once, and so are aliases.
            Import::Python(Start::Up(_), _) | Import::Rust(Start::Up(_), _) => true,
            Import::File(_) | Import::Go(_) | Import::Crate(_) => true,
            Import::Script(name) if !name.starts_with('.') => true,
            Import::Script(name) => match name.rsplit('/').next() {
                None | Some("" | "." | "..") => true,
                Some(last) => known(last.split(['.', '?']).next().unwrap_or(last)),
            },
            Import::Rust(Start::Top, parts) => self.tops || parts.iter().any(|part| known(part)),
            Import::Python(Start::Top, parts) | Import::Java(parts) => {
                parts.iter().any(|part| known(part))
            }
        }
    }
}
