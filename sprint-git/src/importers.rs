//! Who imports some files of a commit.

use std::collections::{BTreeMap, BTreeSet};

use sprint_core::domain::path::RepoPath;
use sprint_core::id::CommitId;
use sprint_core::plan::imports::{Importers, Names, is_source};
use sprint_core::ports;

use crate::reader::GitReader;

impl GitReader {
    /// The files that import each of `wanted`; what nothing imports is left out. `paths` are those
    /// of the commit, as [`paths`](Self::paths) tells them.
    ///
    /// Only what is tracked is looked at: nothing that is ignored, and nothing that a build makes.
    /// Every source is read on every call, by all processors: there is nowhere to keep what was
    /// found, for nothing is written.
    pub async fn importers(
        &self,
        commit: &CommitId,
        wanted: BTreeSet<RepoPath>,
        paths: BTreeSet<RepoPath>,
    ) -> ports::Result<BTreeMap<RepoPath, BTreeSet<RepoPath>>> {
        let mut found: BTreeMap<RepoPath, BTreeSet<RepoPath>> = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let text = |_: &RepoPath, bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let manifests = self.gather(commit, Names::is_manifest, text).await?;
        let manifests = manifests.iter().map(|(path, text)| (path, text.as_str()));
        let names = Names::new(&paths, manifests);
        let importers = Importers::new(wanted, paths, names);
        let read = move |path: &RepoPath, bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            let imported = importers.of(path, text);
            (!imported.is_empty()).then_some(imported)
        };
        for (importer, imported) in self.gather(commit, is_source, read).await? {
            for file in imported {
                found.entry(file).or_default().insert(importer.clone());
            }
        }
        Ok(found)
    }
}
