//! Trial merges of several tickets, one after the other.

use std::collections::BTreeMap;

use gix::ObjectId;
use sprint_core::domain::merge::{Clash, CombineSpec, Combined, MergeInput, Merged};
use sprint_core::domain::path::RepoPath;
use sprint_core::id::SprintId;

use crate::error::Result;
use crate::hazard::{Sides, hazards};
use crate::memory::Memory;
use crate::merge::{
    Attempt, Clashing, ancestor, attempt, commit, commit_id, object_id, root_of, tree_id, tree_of,
};
use crate::opinion::Opinion;
use crate::refs::{RefName, SprintRefs};
use crate::repo::Repo;
use crate::resolve::mark;
use crate::touched::both_touch;

impl Repo {
    /// Merges tickets onto a base and keeps the result from being pruned, and so the commits from
    /// which conflicts can be resolved.
    pub(crate) async fn combine(&self, spec: &CombineSpec, sprint: &SprintId) -> Result<Combined> {
        let refs = SprintRefs::new(sprint)?;
        let memory = self.resolve(&RefName::resolutions()).await?;
        let mut overruling = Overruling::new();
        let combined = loop {
            let (spec, memory, known) = (spec.clone(), memory.clone(), overruling.clone());
            let mut tried = self
                .with_objects(move |objects| {
                    let memory = Memory::at(objects, memory.as_ref())?;
                    Trial::start(objects, &spec, memory, &known)?.run()
                })
                .await?;
            if self.agree(&mut tried, &mut overruling).await? {
                break tried.combined;
            }
        };
        let _held = self.lock.hold().await?;
        self.set_ref(&refs.trial(), &combined.tip).await?;
        for clash in &combined.conflicts {
            let kept = refs.marked(&clash.ticket, &clash.marked);
            self.set_ref(&kept, &clash.marked).await?;
        }
        Ok(combined)
    }

    /// Whether git makes the same of every merge. If not, `overruling` has what is different, and
    /// everything from there on has to be done again. The files of a conflict are those git names.
    async fn agree(&self, tried: &mut Tried, overruling: &mut Overruling) -> Result<bool> {
        for (sides, claim) in &tried.claims {
            let opinion = self.merged_by_git(*sides).await?;
            match (claim, opinion) {
                (Claim::Clean(ours), Opinion::Clean(git)) if *ours == git => {}
                (Claim::Clash(at), Opinion::Clash(_, paths)) => {
                    tried.combined.conflicts[*at].paths = paths;
                }
                (Claim::Clash(_), Opinion::Unknown) => {}
                (Claim::Clean(_) | Claim::Clash(_) | Claim::Unknown, opinion) => {
                    tracing::warn!(?sides, ?claim, ?opinion, "git merges this in another way");
                    overruling.insert(*sides, opinion);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// What git makes of merges that gix sees in another way, by their two sides.
type Overruling = BTreeMap<[ObjectId; 2], Opinion>;

/// A combination, and what it rests on.
struct Tried {
    combined: Combined,
    claims: Vec<([ObjectId; 2], Claim)>,
}

/// What gix makes of a merge.
#[derive(Clone, Copy, Debug)]
enum Claim {
    Clean(ObjectId),
    /// It clashes, and is this one of the conflicts.
    Clash(usize),
    /// Gix gave up, and the combination ends here.
    Unknown,
}

/// A combination in the making.
struct Trial<'r> {
    objects: &'r gix::Repository,
    spec: &'r CombineSpec,
    memory: Memory<'r>,
    overruling: &'r Overruling,
    tried: Tried,
}

impl<'r> Trial<'r> {
    fn start(
        objects: &'r gix::Repository,
        spec: &'r CombineSpec,
        memory: Memory<'r>,
        overruling: &'r Overruling,
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
            overruling,
            tried: Tried {
                combined,
                claims: Vec::new(),
            },
        })
    }

    fn run(mut self) -> Result<Tried> {
        for input in &self.spec.merges {
            let sides = [
                object_id(&self.tried.combined.tip)?,
                object_id(&input.commit)?,
            ];
            if let Some(opinion) = self.overruling.get(&sides) {
                self.follow(input, sides, opinion)?;
                continue;
            }
            match attempt(self.objects, sides, input.ticket.as_str())? {
                Attempt::Contained => self.take(input, None, Vec::new())?,
                Attempt::Clean(tree) => {
                    self.tried.claims.push((sides, Claim::Clean(tree)));
                    self.admit(input, sides, tree, Vec::new())?;
                }
                Attempt::Clashing(clashing) => self.settle(input, sides, &clashing)?,
                Attempt::Unknown => {
                    self.tried.claims.push((sides, Claim::Unknown));
                    break;
                }
            }
        }
        Ok(self.tried)
    }

    /// Does what git says.
    fn follow(
        &mut self,
        input: &MergeInput,
        sides: [ObjectId; 2],
        opinion: &Opinion,
    ) -> Result<()> {
        match opinion {
            Opinion::Clean(tree) => self.admit(input, sides, *tree, Vec::new()),
            Opinion::Clash(tree, paths) => self.leave_out(input, *tree, paths.clone()),
            Opinion::Unknown => {
                // Nobody knows how to merge it; who resolves it begins with one side.
                let ours = root_of(self.objects, sides[0])?;
                let paths = both_touch(self.objects, sides)?;
                self.leave_out(input, ours, paths)
            }
        }
    }

    /// Merges a ticket that clashes as somebody resolved it before, or leaves it out.
    fn settle(
        &mut self,
        input: &MergeInput,
        sides: [ObjectId; 2],
        clashing: &Clashing<'_>,
    ) -> Result<()> {
        let ticket = &input.ticket;
        let marked = mark(self.objects, clashing, ticket.as_str())?;
        if let Some(tree) = self.memory.recall(clashing, &marked)? {
            return self.admit(input, sides, tree, clashing.paths());
        }
        let at = self.tried.combined.conflicts.len();
        self.tried.claims.push((sides, Claim::Clash(at)));
        self.leave_out(input, marked.tree, clashing.paths())
    }

    /// Takes a merged tree, unless it brings in what must not land.
    fn admit(
        &mut self,
        input: &MergeInput,
        sides: [ObjectId; 2],
        tree: ObjectId,
        resolved: Vec<RepoPath>,
    ) -> Result<()> {
        let hazards = hazards(self.objects, Sides::of(self.objects, tree, sides)?)?;
        if hazards.is_empty() {
            self.take(input, Some(tree), resolved)
        } else {
            self.leave_out(input, tree, hazards)
        }
    }

    /// Leaves a ticket out that clashes, with a place for somebody to begin.
    fn leave_out(
        &mut self,
        input: &MergeInput,
        tree: ObjectId,
        paths: Vec<RepoPath>,
    ) -> Result<()> {
        let ticket = &input.ticket;
        let ours = self.tried.combined.tip.clone();
        let parents = [object_id(&ours)?, object_id(&input.commit)?];
        let subject = format!("conflict: {ticket}");
        self.tried.combined.conflicts.push(Clash {
            ticket: ticket.clone(),
            paths,
            ours,
            theirs: input.commit.clone(),
            ancestor: commit_id(ancestor(self.objects, parents)?)?,
            marked: commit(self.objects, &subject, self.spec.at, tree, &parents)?,
        });
        Ok(())
    }

    /// Goes on from the merge of a ticket; one that was in already has no tree of its own.
    fn take(
        &mut self,
        input: &MergeInput,
        tree: Option<ObjectId>,
        resolved: Vec<RepoPath>,
    ) -> Result<()> {
        let combined = &mut self.tried.combined;
        if let Some(tree) = tree {
            let parents = [object_id(&combined.tip)?, object_id(&input.commit)?];
            let (subject, at) = (&input.subject, self.spec.at);
            combined.tip = commit(self.objects, subject, at, tree, &parents)?;
            combined.tree = tree_id(tree)?;
        }
        combined.merged.push(Merged {
            ticket: input.ticket.clone(),
            commit: combined.tip.clone(),
            tree: combined.tree.clone(),
            resolved,
        });
        Ok(())
    }
}
