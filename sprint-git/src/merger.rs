//! Many merges in a row, in memory, with caches that one merge hands to the next.
//!
//! A single merge spends most of its time on making these caches. Nothing it writes reaches the
//! repository.

use gix::ObjectId;
use gix::merge::blob::builtin_driver::text::Labels;
use gix::merge::plumbing as merge;
use gix::merge::tree::Conflict;
use gix::odb::memory::Storage;
use gix::revision::plumbing::merge_base::Flags;
use gix::revision::plumbing::{Graph, graph, merge_base};

use crate::error::Result;
use crate::merge::unresolved;

/// How much a merger may write before it has to be replaced.
const MOST_WRITTEN: usize = 64 << 20;

/// A handle on a repository that keeps what is written to itself, beginning with `known` objects.
pub(crate) fn scratch(objects: &gix::Repository, known: &Storage) -> gix::Repository {
    let mut scratch = objects.clone().with_object_memory();
    scratch.objects.set_object_memory(known.clone());
    scratch
}

/// Merges commits and trees one after the other.
pub(crate) struct Merger<'r> {
    objects: &'r gix::Repository,
    commits: Graph<'r, 'r, graph::Commit<Flags>>,
    diffs: gix::diff::blob::Platform,
    blobs: gix::merge::blob::Platform,
    options: merge::tree::Options,
    state: gix::diff::tree::State,
    written: usize,
}

/// What came of merging two trees.
pub(crate) struct Outcome<'r> {
    /// The merged tree, which is written nowhere.
    tree: gix::objs::tree::Editor<'r>,
    pub(crate) conflicts: Vec<Conflict>,
}

impl Outcome<'_> {
    pub(crate) fn is_clean(&self) -> bool {
        unresolved(&self.conflicts).next().is_none()
    }
}

impl<'r> Merger<'r> {
    /// A merger on a handle from [`scratch`].
    pub(crate) fn new(
        objects: &'r gix::Repository,
        commit_graph: Option<&'r gix::commitgraph::Graph>,
    ) -> Result<Self> {
        Ok(Self {
            objects,
            commits: objects.revision_graph(commit_graph),
            diffs: objects.diff_resource_cache_for_tree_diff()?,
            blobs: objects
                .merge_resource_cache(gix::merge::blob::pipeline::WorktreeRoots::default())?,
            options: objects.tree_merge_options()?.into(),
            state: gix::diff::tree::State::default(),
            written: 0,
        })
    }

    /// Whether it is time for a fresh one.
    pub(crate) fn is_full(&self) -> bool {
        self.written > MOST_WRITTEN
    }

    /// The best common ancestor of two commits, or one of them if there are several.
    pub(crate) fn merge_base(&mut self, a: ObjectId, b: ObjectId) -> Result<Option<ObjectId>> {
        let bases = merge_base(a, &[b], &mut self.commits)?;
        Ok(bases.map(|bases| *bases.first()))
    }

    /// Merges two commits that have a common ancestor.
    pub(crate) fn commits(&mut self, ours: ObjectId, theirs: ObjectId) -> Result<Outcome<'r>> {
        let options = merge::commit::Options {
            tree_merge: self.options.clone(),
            ..merge::commit::Options::default()
        };
        let outcome = merge::commit(
            ours,
            theirs,
            Labels::default(),
            &mut self.commits,
            &mut self.diffs,
            &mut self.blobs,
            self.objects,
            &mut |id| id.to_owned().to_string(),
            options,
        )?
        .tree_merge;
        self.diffs.clear_resource_cache_keep_allocation();
        Ok(Outcome {
            tree: outcome.tree,
            conflicts: outcome.conflicts,
        })
    }

    /// Merges two trees that come from `base`.
    pub(crate) fn trees(
        &mut self,
        base: ObjectId,
        ours: ObjectId,
        theirs: ObjectId,
    ) -> Result<Outcome<'r>> {
        let Self {
            objects, written, ..
        } = self;
        let outcome = merge::tree(
            &base,
            &ours,
            &theirs,
            Labels::default(),
            *objects,
            |blob| {
                *written += blob.len();
                Ok(objects.write_blob(blob)?.detach())
            },
            &mut self.state,
            &mut self.diffs,
            &mut self.blobs,
            self.options.clone(),
        )?;
        self.diffs.clear_resource_cache_keep_allocation();
        Ok(Outcome {
            tree: outcome.tree,
            conflicts: outcome.conflicts,
        })
    }

    /// Writes a merged tree to memory.
    pub(crate) fn write(&mut self, outcome: &mut Outcome<'r>) -> Result<ObjectId> {
        let objects = self.objects;
        Ok(outcome
            .tree
            .write(|tree| Ok::<_, gix::Error>(objects.write_object(tree)?.detach()))?)
    }
}
