//! Trying out which branches clash, before anybody merges them.
//!
//! Every branch is merged onto base once. What it changes there says which pairs can matter to each
//! other at all; only those are merged. All of this happens in memory.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::odb::memory::Storage;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::{PairProbe, Probe, ProbeSpec};
use sprint_core::failure::ErrorKind;
use sprint_core::id::{CommitId, TicketId};

use crate::error::{GitError, Result};
use crate::merge::{clashing_paths, object_id, root_of, unrelated};
use crate::merger::{Merger, scratch};
use crate::opinion::or_unknown;
use crate::repo::Repo;
use crate::touched::{Hunks, Touched, both_touch};

/// How many answers are kept; beyond that, those that the last call did not need go.
const MOST_BRANCHES: usize = 1_000;
const MOST_PAIRS: usize = 100_000;
/// More threads than this would take the machine from the agents.
const MOST_THREADS: usize = 2;
/// Fewer merges than this are done before a thread has its caches.
const FEWEST_PER_THREAD: usize = 8;

/// What is known from earlier trials.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried(Arc<Mutex<Known>>);

/// Answers on one base.
#[derive(Debug, Default)]
struct Known {
    base: Option<CommitId>,
    branches: BTreeMap<CommitId, Branch>,
    pairs: BTreeMap<(ObjectId, ObjectId), Pair>,
}

/// A branch on base.
#[derive(Clone, Debug)]
enum Branch {
    /// It does not merge.
    Clashes(Vec<RepoPath>),
    /// It merges to this.
    Merges(Arc<OnBase>),
}

#[derive(Debug)]
struct OnBase {
    tree: ObjectId,
    touched: Touched,
    /// What the merge wrote and the repository does not have.
    objects: Storage,
}

/// What merging two branches showed.
#[derive(Clone, Debug)]
struct Pair {
    overlapping: Vec<RepoPath>,
    clashes: Vec<RepoPath>,
}

impl Repo {
    /// Tries every pair of branches on a base.
    pub(crate) async fn probe(&self, spec: &ProbeSpec, tried: &Tried) -> Result<Probe> {
        let (spec, tried) = (spec.clone(), tried.clone());
        self.with_objects(move |objects| {
            // What a panic left is still true: answers are added whole.
            let mut known = tried.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.probe(objects, &spec)
        })
        .await
    }
}

impl Known {
    fn probe(&mut self, objects: &gix::Repository, spec: &ProbeSpec) -> Result<Probe> {
        if self.base.as_ref() != Some(&spec.base) {
            *self = Self {
                base: Some(spec.base.clone()),
                ..Self::default()
            };
        }
        let mut probe = Probe::default();
        probe.merges += self.try_branches(objects, spec)?;
        let mut merging: Vec<(&TicketId, Arc<OnBase>)> = Vec::new();
        for (ticket, tip) in &spec.branches {
            match self.branches.get(tip) {
                Some(Branch::Merges(branch)) => merging.push((ticket, Arc::clone(branch))),
                Some(Branch::Clashes(paths)) => {
                    probe.against_base.insert(ticket.clone(), paths.clone());
                }
                None => {}
            }
        }
        let pairs: Vec<_> = (merging.iter().enumerate())
            .flat_map(|(at, a)| merging[at + 1..].iter().map(move |b| (a, b)))
            .filter(|((_, a), (_, b))| a.touched.interacts(&b.touched))
            .collect();
        let base = root_of(objects, object_id(&spec.base)?)?;
        let trees: Vec<_> = pairs.iter().map(|((_, a), (_, b))| (&**a, &**b)).collect();
        probe.merges += self.try_pairs(objects, base, &trees)?;
        for ((a, on_a), (b, on_b)) in &pairs {
            let Some(pair) = self.pairs.get(&(on_a.tree, on_b.tree)) else {
                continue;
            };
            let shared = paths(on_a.touched.shared(&on_b.touched));
            if !shared.is_empty() || !pair.clashes.is_empty() {
                probe.pairs.push(PairProbe {
                    a: (*a).clone(),
                    b: (*b).clone(),
                    shared,
                    overlapping: pair.overlapping.clone(),
                    clashes: pair.clashes.clone(),
                });
            }
        }
        self.forget(spec, &trees);
        Ok(probe)
    }

    /// Merges the branches that are new onto base; says how many merges that took.
    fn try_branches(&mut self, objects: &gix::Repository, spec: &ProbeSpec) -> Result<u32> {
        let mut tips: Vec<_> = spec.branches.values().collect();
        tips.sort();
        tips.dedup();
        tips.retain(|tip| !self.branches.contains_key(*tip));
        let base = object_id(&spec.base)?;
        let found = share_out(objects, &Storage::default(), &tips, |worker, tip| {
            worker.put_on_base(base, object_id(tip)?)
        })?;
        let mut merges = 0;
        for (tip, (branch, merged)) in tips.into_iter().zip(found) {
            merges += u32::from(merged);
            self.branches.insert(tip.clone(), branch);
        }
        Ok(merges)
    }

    /// Merges the pairs that are new; says how many.
    fn try_pairs(
        &mut self,
        objects: &gix::Repository,
        base: ObjectId,
        pairs: &[(&OnBase, &OnBase)],
    ) -> Result<u32> {
        let mut fresh: BTreeMap<_, _> = pairs
            .iter()
            .map(|(a, b)| ((a.tree, b.tree), (*a, *b)))
            .collect();
        fresh.retain(|trees, _| !self.pairs.contains_key(trees));
        let mut written = Storage::default();
        for (a, b) in fresh.values() {
            for branch in [a, b] {
                written.extend(
                    branch
                        .objects
                        .iter()
                        .map(|(id, object)| (*id, object.clone())),
                );
            }
        }
        let jobs: Vec<_> = fresh.values().copied().collect();
        let found = share_out(objects, &written, &jobs, |worker, (a, b)| {
            worker.try_pair(base, a, b)
        })?;
        let merges = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        self.pairs.extend(fresh.into_keys().zip(found));
        Ok(merges)
    }

    fn forget(&mut self, spec: &ProbeSpec, pairs: &[(&OnBase, &OnBase)]) {
        if self.branches.len() > MOST_BRANCHES {
            let tips: Vec<_> = spec.branches.values().collect();
            self.branches.retain(|tip, _| tips.contains(&tip));
        }
        if self.pairs.len() > MOST_PAIRS {
            let known = std::mem::take(&mut self.pairs);
            let needed = |trees| pairs.iter().any(|(a, b)| (a.tree, b.tree) == trees);
            let kept = known.into_iter().filter(|(trees, _)| needed(*trees));
            self.pairs = kept.collect();
        }
    }
}

/// One thread's means to merge.
struct Worker<'r> {
    objects: &'r gix::Repository,
    merger: Merger<'r>,
    hunks: Hunks,
}

impl Worker<'_> {
    /// Merges a branch onto base, and says whether that took a merge.
    fn put_on_base(&mut self, base: ObjectId, tip: ObjectId) -> Result<(Branch, bool)> {
        self.objects.objects.reset_object_memory();
        let Some(ancestor) = self.merger.merge_base(base, tip)? else {
            return Err(unrelated(base, tip));
        };
        let before = root_of(self.objects, base)?;
        let merged = ancestor != base && ancestor != tip;
        let tree = if ancestor == base {
            root_of(self.objects, tip)?
        } else if ancestor == tip {
            before
        } else {
            let merged = or_unknown(|| self.merger.commits(base, tip))?;
            let Some(mut outcome) = merged else {
                let paths = both_touch(self.objects, [base, tip])?;
                return Ok((Branch::Clashes(paths), true));
            };
            if !outcome.is_clean() {
                return Ok((Branch::Clashes(clashing_paths(&outcome.conflicts)), true));
            }
            let [ancestor, tip] = [ancestor, tip].map(|commit| root_of(self.objects, commit));
            let ancestor = ancestor?;
            let ours = Touched::between(self.objects, ancestor, before)?;
            let theirs = Touched::between(self.objects, ancestor, tip?)?;
            let left = left_behind(&ours, &theirs);
            if !left.is_empty() {
                return Ok((Branch::Clashes(left), true));
            }
            self.merger.write(&mut outcome)?
        };
        let branch = OnBase {
            tree,
            touched: Touched::between(self.objects, before, tree)?,
            objects: self
                .objects
                .objects
                .reset_object_memory()
                .unwrap_or_default(),
        };
        Ok((Branch::Merges(Arc::new(branch)), merged))
    }

    fn try_pair(&mut self, base: ObjectId, a: &OnBase, b: &OnBase) -> Result<Pair> {
        let outcome = or_unknown(|| self.merger.trees(base, a.tree, b.tree))?;
        let mut overlapping = Vec::new();
        for path in a.touched.shared(&b.touched) {
            let (ours, theirs) = (a.touched.files[path], b.touched.files[path]);
            if self.hunks.overlap(self.objects, ours, theirs)? {
                overlapping.push(path);
            }
        }
        Ok(Pair {
            overlapping: paths(overlapping),
            clashes: match outcome {
                Some(outcome) if outcome.is_clean() => left_behind(&a.touched, &b.touched),
                Some(outcome) => clashing_paths(&outcome.conflicts),
                None => paths(a.touched.shared(&b.touched)),
            },
        })
    }
}

/// Does jobs on a few threads, each with its own caches, and returns the answers in order.
fn share_out<J: Sync, T: Send>(
    objects: &gix::Repository,
    known: &Storage,
    jobs: &[J],
    work: impl Fn(&mut Worker<'_>, &J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        jobs.get(at).map(|job| (at, job))
    };
    let run = |objects: &gix::Repository| -> Result<Vec<(usize, T)>> {
        let mut done = Vec::new();
        let mut job = take();
        while job.is_some() {
            let objects = scratch(objects, known);
            let commit_graph = objects.commit_graph_if_enabled()?;
            let mut worker = Worker {
                objects: &objects,
                merger: Merger::new(&objects, commit_graph.as_ref())?,
                hunks: Hunks::default(),
            };
            while let Some((at, todo)) = job
                && !worker.merger.is_full()
            {
                done.push((at, work(&mut worker, todo)?));
                job = take();
            }
        }
        Ok(done)
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST_THREADS).min(jobs.len() / FEWEST_PER_THREAD);
    let mut done = if threads < 2 {
        run(objects)?
    } else {
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map(|_| {
                    let (objects, run) = (objects.clone(), &run);
                    scope.spawn(move || run(&objects))
                })
                .collect();
            let mut done = run(objects)?;
            for other in others {
                let lost = |_| GitError::refused(ErrorKind::Fatal, "a thread panicked");
                done.extend(other.join().map_err(lost)??);
            }
            Ok::<_, GitError>(done)
        })?
    };
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, answer)| answer).collect())
}

fn left_behind(a: &Touched, b: &Touched) -> Vec<RepoPath> {
    paths(a.left_behind(b).into_iter().chain(b.left_behind(a)))
}

fn paths<'p>(paths: impl IntoIterator<Item = &'p gix::bstr::BString>) -> Vec<RepoPath> {
    let mut paths: Vec<_> = paths
        .into_iter()
        .map(|path| RepoPath::from_bytes(path))
        .collect();
    paths.sort();
    paths
}
