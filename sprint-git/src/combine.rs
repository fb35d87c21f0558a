//! Trial merges of several tickets, one after the other.

use sprint_core::domain::merge::{Clash, CombineSpec, Combined, MergeInput, Merged};
use sprint_core::domain::path::RepoPath;
use sprint_core::id::{CommitId, SprintId, TreeId};

use crate::error::Result;
use crate::memory::Memory;
use crate::merge::{Attempt, Clashing, attempt, commit, commit_id, object_id, tree_id, tree_of};
use crate::refs::{RefName, SprintRefs};
use crate::repo::Repo;
use crate::resolve::mark;

impl Repo {
    /// Merges tickets onto a base and keeps the result from being pruned, and so the commits from
    /// which conflicts can be resolved.
    pub(crate) async fn combine(&self, spec: &CombineSpec, sprint: &SprintId) -> Result<Combined> {
        let refs = SprintRefs::new(sprint)?;
        let memory = self.resolve(&RefName::resolutions()).await?;
        let spec = spec.clone();
        let combined = self
            .with_objects(move |objects| {
                let memory = Memory::at(objects, memory.as_ref())?;
                Trial::start(objects, &spec, memory)?.run()
            })
            .await?;
        let _held = self.lock.hold().await?;
        self.set_ref(&refs.trial(), &combined.tip).await?;
        for clash in &combined.conflicts {
            let kept = refs.marked(&clash.ticket, &clash.marked);
            self.set_ref(&kept, &clash.marked).await?;
        }
        Ok(combined)
    }
}

/// A combination in the making.
struct Trial<'r> {
    objects: &'r gix::Repository,
    spec: &'r CombineSpec,
    memory: Memory<'r>,
    combined: Combined,
}

impl<'r> Trial<'r> {
    fn start(
        objects: &'r gix::Repository,
        spec: &'r CombineSpec,
        memory: Memory<'r>,
    ) -> Result<Self> {
        let combined = Combined {
            tip: spec.base.clone(),
            tree: tree_of(objects, &spec.base)?,
            merged: Vec::new(),
            conflicts: Vec::new(),
        };
        Ok(Self {
            objects,
            spec,
            memory,
            combined,
        })
    }

    fn run(mut self) -> Result<Combined> {
        for input in &self.spec.merges {
            let sides = [object_id(&self.combined.tip)?, object_id(&input.commit)?];
            match attempt(self.objects, sides, input.ticket.as_str())? {
                Attempt::Contained => self.take(input, None, Vec::new())?,
                Attempt::Clean(tree) => self.take(input, Some(tree), Vec::new())?,
                Attempt::Clashing(clashing) => self.settle(input, &clashing)?,
            }
        }
        Ok(self.combined)
    }

    /// Merges a ticket that clashes as somebody resolved it before, or leaves it out.
    fn settle(&mut self, input: &MergeInput, clashing: &Clashing<'_>) -> Result<()> {
        let ticket = &input.ticket;
        let marked = mark(self.objects, clashing, ticket.as_str())?;
        if let Some(tree) = self.memory.recall(clashing, &marked)? {
            return self.take(input, Some(tree), clashing.paths());
        }
        let ours = self.combined.tip.clone();
        let parents = [object_id(&ours)?, object_id(&input.commit)?];
        let subject = format!("conflict: {ticket}");
        self.combined.conflicts.push(Clash {
            ticket: ticket.clone(),
            paths: clashing.paths(),
            ours,
            theirs: input.commit.clone(),
            ancestor: commit_id(clashing.ancestor)?,
            marked: commit(self.objects, &subject, self.spec.at, marked.tree, &parents)?,
        });
        Ok(())
    }

    /// Goes on from the merge of a ticket; one that was in already has no tree of its own.
    fn take(
        &mut self,
        input: &MergeInput,
        tree: Option<gix::ObjectId>,
        resolved: Vec<RepoPath>,
    ) -> Result<()> {
        if let Some(tree) = tree {
            let (tip, tree) = self.merge_commit(input, tree)?;
            self.combined.tip = tip;
            self.combined.tree = tree;
        }
        self.combined.merged.push(Merged {
            ticket: input.ticket.clone(),
            commit: self.combined.tip.clone(),
            tree: self.combined.tree.clone(),
            resolved,
        });
        Ok(())
    }

    fn merge_commit(&self, input: &MergeInput, tree: gix::ObjectId) -> Result<(CommitId, TreeId)> {
        let parents = [object_id(&self.combined.tip)?, object_id(&input.commit)?];
        let at = self.spec.at;
        let merged = commit(self.objects, &input.subject, at, tree, &parents)?;
        Ok((merged, tree_id(tree)?))
    }
}
