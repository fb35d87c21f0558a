//! The repository of the world: commits are values, named by what they are.
//!
//! A tree is a set of named changes, one for each ticket whose work is in it and one for each edit
//! a person made on base. Merging is three-way, change by change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::command::CheckKind;
use crate::domain::path::RepoPath;
use crate::domain::stray::Place as Around;
use crate::domain::workspace::Workspace;
use crate::id::{BranchName, CommitId, SprintId, TagName, TicketId, TreeId};
use crate::testing::rng::name_of;
use crate::testing::world::vcs::{source, working_tree};

/// What is in a tree: changes by the ticket, or the edit, they belong to.
pub type Tree = BTreeMap<String, Change>;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// Which version of the work it is.
    pub version: u32,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// What can be wrong with a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// A check fails with this text.
    Fails {
        /// Which check.
        check: CheckKind,
        /// What it says.
        text: String,
    },
    /// The build fails until dependencies are installed after it was made.
    NeedsInstall,
    /// Dependencies cannot be installed.
    Uninstallable,
    /// The tests take so many times as long as they usually may.
    Slow(u32),
    /// There are no tests.
    NoTests,
    /// No test names the edge cases.
    NoEdgeCases,
    /// Tests that pass without the change, too.
    ProvesNothing,
    /// The tests of a change without the change, which fail.
    TestsOnly,
    /// A layer of the host refuses it.
    Unsigned,
    /// A debugging leftover.
    Leftover,
    /// Conflict markers, which no build takes.
    Markers,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its parents, the line it continues first.
    pub parents: Vec<CommitId>,
    /// What is in it.
    pub tree: Tree,
    /// The name of that.
    pub tree_id: TreeId,
    /// The subject line.
    pub subject: String,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose it is.
    pub ticket: TicketId,
    /// The branch checked out in it.
    pub branch: BranchName,
    /// Head of base when it was opened.
    pub base: CommitId,
    /// Where the ticket's own work begins.
    pub work_base: CommitId,
    /// What nobody committed.
    pub uncommitted: Option<Tree>,
    /// The branch that is checked out instead of its own, if another is.
    pub elsewhere: Option<BranchName>,
}

/// The repository.
#[derive(Clone, Debug)]
pub struct Repo {
    /// Every commit.
    pub commits: BTreeMap<CommitId, Commit>,
    /// The branches.
    pub branches: BTreeMap<BranchName, CommitId>,
    /// The tags.
    pub tags: BTreeMap<TagName, CommitId>,
    /// Commits kept because nothing else held them.
    pub rescued: Vec<CommitId>,
    /// The branch that is landed on.
    pub base: BranchName,
    /// Whether the user's checkout stands on base and has changes.
    pub checkout_dirty: bool,
    /// Workspaces by directory.
    pub workspaces: BTreeMap<PathBuf, Place>,
    /// Workspaces whose directories somebody took away.
    pub lost: BTreeMap<PathBuf, Place>,
    /// How often things around the workspaces were changed, by place and name.
    pub meddled: BTreeMap<(Around, String), u32>,
    /// What is checked out in the integration worktree.
    pub integration: Option<CommitId>,
    /// What is checked out in the private worktrees of tickets.
    pub controls: BTreeMap<TicketId, CommitId>,
    /// Directories in which dependencies were installed.
    pub installed: BTreeSet<PathBuf>,
    /// Pairs of changes that touch the same lines.
    pub conflicts: BTreeSet<(String, String)>,
    /// The texts of files written by hand, by path. The change of such a path is the file, and its
    /// version says which text it has, counted from 1.
    pub files: BTreeMap<String, Vec<String>>,
    /// Edits people made on base.
    pub edits: u32,
    /// How conflicts were resolved, by what clashed.
    pub resolutions: BTreeMap<Clashing, BTreeMap<String, Option<Change>>>,
    /// Pairs of commits already tried against each other on a base.
    pub probed: BTreeSet<[CommitId; 3]>,
}

/// What clashed: each change by name, as the common ancestor and both sides have it.
pub type Clashing = Vec<(String, [Option<Change>; 3])>;

/// A merge that does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clashed {
    /// The names of the changes.
    pub(super) names: BTreeSet<String>,
    /// Where the sides parted.
    pub(super) ancestor: CommitId,
}

/// Where combinations are checked out.
pub(super) const INTEGRATION: &str = "/world/integration";

/// Where the tests of a ticket are checked out without its change.
pub(super) const CONTROL: &str = "/world/control-";

impl Repo {
    pub(super) fn new() -> Self {
        let name = |text| BranchName::new(text).unwrap_or_else(|error| panic!("{error}"));
        let mut repo = Self {
            commits: BTreeMap::new(),
            branches: BTreeMap::new(),
            tags: BTreeMap::new(),
            rescued: Vec::new(),
            base: name("main"),
            checkout_dirty: false,
            workspaces: BTreeMap::new(),
            lost: BTreeMap::new(),
            meddled: BTreeMap::new(),
            integration: None,
            controls: BTreeMap::new(),
            installed: BTreeSet::new(),
            conflicts: BTreeSet::new(),
            files: BTreeMap::new(),
            edits: 0,
            resolutions: BTreeMap::new(),
            probed: BTreeSet::new(),
        };
        let root = repo.commit(Vec::new(), Tree::new(), "chore: begin");
        repo.branches.insert(name("main"), root.clone());
        repo.branches.insert(name("my-own-work"), root);
        repo
    }

    /// The head of base.
    pub fn base_head(&self) -> CommitId {
        self.branches[&self.base].clone()
    }

    /// What is on base.
    pub fn base_tree(&self) -> &Tree {
        &self.commits[&self.branches[&self.base]].tree
    }

    /// Whether `commit` is on base.
    pub fn on_base(&self, commit: &CommitId) -> bool {
        self.contains(&self.base_head(), commit)
    }

    /// A person commits to base, well or badly.
    pub fn edit_base(&mut self, flaw: Option<Flaw>) {
        self.edits += 1;
        let head = self.base_head();
        let mut tree = self.base_tree().clone();
        tree.insert(format!("edit-{}", self.edits), Change { version: 1, flaw });
        let head = self.commit(vec![head], tree, "chore: by hand");
        self.branches.insert(self.base.clone(), head);
    }

    /// A person commits a file to base.
    pub fn write_on_base(&mut self, path: &str, text: &str) -> CommitId {
        let mut tree = self.base_tree().clone();
        tree.insert(path.to_owned(), self.file(path, text));
        let head = self.commit(vec![self.base_head()], tree, "chore: by hand");
        self.branches.insert(self.base.clone(), head.clone());
        head
    }

    /// Somebody writes a file in a workspace and does not commit it.
    pub fn write_in(&mut self, directory: &Path, path: &str, text: &str) {
        let mut tree = working_tree(self, self.place(directory));
        tree.insert(path.to_owned(), self.file(path, text));
        self.write(directory, Some(tree));
    }

    fn file(&mut self, path: &str, text: &str) -> Change {
        let texts = self.files.entry(path.to_owned()).or_default();
        let known = texts.iter().position(|known| known == text);
        let at = known.unwrap_or_else(|| {
            texts.push(text.to_owned());
            texts.len() - 1
        });
        let version = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let flaw = None;
        Change { version, flaw }
    }

    /// The text of a change that is a file written by hand.
    pub(super) fn text(&self, name: &str, change: &Change) -> Option<&str> {
        let at = usize::try_from(change.version).ok()?.checked_sub(1)?;
        self.files.get(name)?.get(at).map(String::as_str)
    }

    /// The path in which a change conflicts with another.
    pub(super) fn path_of(&self, name: &str) -> RepoPath {
        if self.files.contains_key(name) {
            RepoPath::from(name)
        } else {
            source(name)
        }
    }

    /// A person repairs whatever was wrong with edits on base.
    pub fn repair_base(&mut self) {
        let head = self.base_head();
        let mut tree = self.base_tree().clone();
        for (name, change) in &mut tree {
            if name.starts_with("edit-") {
                change.flaw = None;
            }
        }
        let head = self.commit(vec![head], tree, "fix: by hand");
        self.branches.insert(self.base.clone(), head);
    }

    /// Branches that are neither base nor the sprint's.
    pub fn users_branches(&self) -> impl Iterator<Item = (&BranchName, &CommitId)> {
        let own = |name: &BranchName| *name == self.base || name.as_str().starts_with("sprint/");
        self.branches.iter().filter(move |(name, _)| !own(name))
    }

    /// Makes a commit; the same content makes the same commit.
    pub(super) fn commit(&mut self, parents: Vec<CommitId>, tree: Tree, subject: &str) -> CommitId {
        let tree_id = tree_id(&tree);
        let id = CommitId::new(name_of(&(&parents, &tree_id, subject), 40))
            .unwrap_or_else(|error| panic!("{error}"));
        let commit = Commit {
            parents,
            tree,
            tree_id,
            subject: subject.to_owned(),
        };
        self.commits.insert(id.clone(), commit);
        id
    }

    /// Whether `ancestor` is `commit` or among its ancestors.
    pub fn contains(&self, commit: &CommitId, ancestor: &CommitId) -> bool {
        let mut open = vec![commit];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == ancestor {
                return true;
            }
            if seen.insert(next) {
                open.extend(&self.commits[next].parents);
            }
        }
        false
    }

    /// The three-way merge of two commits, and the changes in it that a remembered resolution
    /// decided; or the changes that conflict.
    pub(super) fn merge(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
    ) -> Result<(Tree, BTreeSet<String>), Clashed> {
        let ancestor = self.merge_base(ours, theirs);
        let ancestor = ancestor.unwrap_or_else(|| panic!("impossible call: no common ancestor"));
        let trees = [&ancestor, ours, theirs].map(|commit| &self.commits[commit].tree);
        let names = self.clashing(trees);
        let [_, ours, theirs] = trees;
        let mut merged = ours.clone();
        merged.extend(
            theirs
                .iter()
                .filter(|(name, change)| trees[0].get(*name) != Some(change))
                .map(|(name, change)| (name.clone(), change.clone())),
        );
        // What one side takes back goes, unless it clashes.
        let gone = |name: &String| trees[0].contains_key(name) && !theirs.contains_key(name);
        merged.retain(|name, _| !gone(name) || names.contains(name));
        if names.is_empty() {
            return Ok((merged, names));
        }
        let Some(resolved) = self.resolutions.get(&clashing(&names, trees)) else {
            return Err(Clashed { names, ancestor });
        };
        for (name, change) in resolved {
            match change {
                Some(change) => merged.insert(name.clone(), change.clone()),
                None => merged.remove(name),
            };
        }
        Ok((merged, names))
    }

    /// The names of the changes that clash.
    fn clashing(&self, [before, ours, theirs]: [&Tree; 3]) -> BTreeSet<String> {
        let new_in = |tree: &Tree, name: &String| tree.get(name) != before.get(name);
        let changed_here = |name: &&String| ours.contains_key(*name) && new_in(ours, name);
        let gone = before.keys().filter(|name| !theirs.contains_key(*name));
        let mut names: BTreeSet<String> = gone.filter(changed_here).cloned().collect();
        for (name, change) in theirs.iter().filter(|(name, _)| new_in(theirs, name)) {
            let both = new_in(ours, name) && ours.get(name) != Some(change);
            let other = ours.keys().find(|other| {
                *other != name
                    && new_in(ours, other)
                    && !theirs.contains_key(*other)
                    && self.touch(name, other)
            });
            if both || other.is_some() {
                names.insert(name.clone());
                names.extend(other.cloned());
            }
        }
        names
    }

    /// A merge commit of both sides in which what clashes is marked.
    pub(super) fn mark(
        &mut self,
        clashed: &Clashed,
        ours: &CommitId,
        theirs: &CommitId,
        subject: &str,
    ) -> CommitId {
        let mut tree = self.commits[ours].tree.clone();
        let their_tree = self.commits[theirs].tree.clone();
        tree.extend(their_tree.clone());
        for name in &clashed.names {
            let sides = [ours, theirs].map(|side| self.commits[side].tree.get(name).cloned());
            let texts = sides
                .clone()
                .map(|side| side.and_then(|change| self.text(name, &change).map(str::to_owned)));
            let change = if let [Some(our_text), Some(their_text)] = &texts {
                let text = format!("<<<<<<< ours\n{our_text}=======\n{their_text}>>>>>>> theirs\n");
                self.file(name, &text)
            } else if let Some(change) = sides.into_iter().flatten().last() {
                let flaw = Some(Flaw::Markers);
                Change { flaw, ..change }
            } else {
                continue;
            };
            tree.insert(name.clone(), change);
        }
        self.commit(vec![ours.clone(), theirs.clone()], tree, subject)
    }

    /// What clashed between two commits, and what it became in a third.
    pub(super) fn resolution(
        &self,
        [ancestor, ours, theirs]: [&CommitId; 3],
        resolved: &CommitId,
    ) -> (Clashing, BTreeMap<String, Option<Change>>) {
        let trees = [ancestor, ours, theirs].map(|commit| &self.commits[commit].tree);
        let names = self.clashing(trees);
        let resolved = &self.commits[resolved].tree;
        let became = names
            .iter()
            .map(|name| (name.clone(), resolved.get(name).cloned()));
        (clashing(&names, trees), became.collect())
    }

    /// The commits that `head` contains and `since` does not, each after its parents.
    pub(super) fn commits_since(&self, since: &CommitId, head: &CommitId) -> Vec<CommitId> {
        let mut found = Vec::new();
        let mut open = vec![head.clone()];
        while let Some(next) = open.pop() {
            if !self.contains(since, &next) {
                found.retain(|known| *known != next);
                open.extend(self.commits[&next].parents.iter().cloned());
                found.push(next);
            }
        }
        found.reverse();
        found
    }

    /// Makes the work in a place contain `base`: the new head, and where the work begins.
    pub(super) fn bring_forward(
        &mut self,
        place: &Place,
        head: &CommitId,
        base: &CommitId,
        published: bool,
    ) -> Result<(CommitId, CommitId), Clashed> {
        let mut onto = base.clone();
        if place.work_base != place.base && !self.contains(base, &place.work_base) {
            let (tree, _) = self.merge(&place.work_base, base)?;
            let parents = vec![place.work_base.clone(), base.clone()];
            onto = self.commit(parents, tree, "chore: pre-merge base");
        }
        let own = self.commits_since(&place.base, head);
        if published || own.iter().any(|id| self.commits[id].parents.len() > 1) {
            let (tree, _) = self.merge(head, &onto)?;
            let head = self.commit(vec![head.clone(), onto.clone()], tree, "merge: base");
            return Ok((head, onto));
        }
        let mut tip = onto.clone();
        for id in own {
            let (tree, _) = self.merge(&onto, &id)?;
            let subject = self.commits[&id].subject.clone();
            tip = self.commit(vec![tip], tree, &subject);
        }
        Ok((tip, onto))
    }

    fn merge_base(&self, a: &CommitId, b: &CommitId) -> Option<CommitId> {
        let mut open = vec![a.clone()];
        let mut ancestors = BTreeSet::new();
        while let Some(next) = open.pop() {
            if ancestors.insert(next.clone()) {
                open.extend(self.commits[&next].parents.iter().cloned());
            }
        }
        // The one with the most in it is the nearest: work is only ever added.
        let mut open = vec![b.clone()];
        let mut best: Option<CommitId> = None;
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            if !ancestors.contains(&next) {
                open.extend(self.commits[&next].parents.iter().cloned());
            } else if best.as_ref().is_none_or(|best| self.contains(&next, best)) {
                best = Some(next);
            }
        }
        best
    }

    /// The commit checked out in a directory.
    ///
    /// # Panics
    ///
    /// If nothing is.
    pub(super) fn commit_in(&self, directory: &Path) -> CommitId {
        if directory == Path::new(INTEGRATION) {
            let commit = self.integration.clone();
            return commit.unwrap_or_else(|| panic!("impossible call: no integration worktree"));
        }
        let name = directory.to_string_lossy();
        if let Some(ticket) = name.strip_prefix(CONTROL) {
            let of = |(id, commit): (&TicketId, &CommitId)| {
                (id.as_str() == ticket).then(|| commit.clone())
            };
            let found = self.controls.iter().find_map(of);
            return found.unwrap_or_else(|| panic!("impossible call: no worktree {name}"));
        }
        let place = self.place(directory);
        self.branches[&place.branch].clone()
    }

    /// The workspace at a directory.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(super) fn place(&self, directory: &Path) -> &Place {
        let place = self.workspaces.get(directory);
        place.unwrap_or_else(|| panic!("impossible call: no workspace at {}", directory.display()))
    }

    /// Commits what is uncommitted in a workspace.
    pub(super) fn commit_leftovers(&mut self, directory: &Path, subject: &str) {
        let place = self.place(directory).clone();
        if let Some(tree) = place.uncommitted {
            let head = self.branches[&place.branch].clone();
            let head = self.commit(vec![head], tree, subject);
            self.branches.insert(place.branch, head);
            self.write(directory, None);
        }
    }

    /// Somebody takes the directory of a workspace away, with what nobody committed in it.
    pub fn lose(&mut self, directory: &Path) {
        if let Some(mut place) = self.workspaces.remove(directory) {
            place.uncommitted = None;
            self.installed.remove(directory);
            self.lost.insert(directory.to_owned(), place);
        }
    }

    /// How often a commit was merged into base.
    pub fn times_merged(&self, work: &CommitId) -> usize {
        let mut times = 0;
        let mut at = self.base_head();
        while let [first, others @ ..] = &self.commits[&at].parents[..] {
            times += usize::from(others.contains(work));
            at = first.clone();
        }
        times
    }

    /// Somebody deletes a branch, with the directory that it is checked out in.
    pub fn delete_branch(&mut self, branch: &BranchName) {
        self.branches.remove(branch);
        self.workspaces.retain(|_, place| place.branch != *branch);
        self.lost.retain(|_, place| place.branch != *branch);
    }

    /// A person commits to the branch of a ticket.
    pub fn commit_by_hand(&mut self, branch: &BranchName) {
        if let Some(head) = self.branches.get(branch).cloned() {
            let tree = self.changed_by_hand(&head);
            let head = self.commit(vec![head], tree, "fix: on a branch");
            self.branches.insert(branch.clone(), head);
        }
    }

    /// A person makes all commits of a ticket into another one.
    pub fn amend_by_hand(&mut self, workspace: &Workspace) {
        if let Some(head) = self.branches.get(&workspace.branch).cloned() {
            let tree = self.changed_by_hand(&head);
            let parents = vec![workspace.work_base.clone()];
            let head = self.commit(parents, tree, "fix: amended");
            self.branches.insert(workspace.branch.clone(), head);
        }
    }

    /// The next version of every change in a commit that its first parent does not have.
    fn changed_by_hand(&self, head: &CommitId) -> Tree {
        let commit = &self.commits[head];
        let before = commit
            .parents
            .first()
            .map(|first| &self.commits[first].tree);
        let mut tree = commit.tree.clone();
        for (name, change) in &mut tree {
            let known = before.and_then(|before| before.get(name));
            if known != Some(change) && !self.files.contains_key(name) {
                change.version += 10;
            }
        }
        tree
    }

    /// Somebody changes a thing outside the workspaces, or makes it.
    pub fn meddle(&mut self, place: Around, what: &str) {
        *self.meddled.entry((place, what.to_owned())).or_default() += 1;
    }

    /// Somebody checks out a branch in a workspace; `None` is its own.
    pub fn check_out_in(&mut self, directory: &Path, branch: Option<BranchName>) {
        if let Some(place) = self.workspaces.get_mut(directory) {
            place.elsewhere = branch;
        }
    }

    /// Sets what is uncommitted in a workspace.
    pub(super) fn write(&mut self, directory: &Path, tree: Option<Tree>) {
        if let Some(place) = self.workspaces.get_mut(directory) {
            place.uncommitted = tree;
        }
    }

    pub(super) fn pre_merge_tag(sprint: &SprintId, ticket: &TicketId) -> Option<TagName> {
        TagName::new(format!("pre-merge-{sprint}-{ticket}")).ok()
    }
}

fn clashing(names: &BTreeSet<String>, trees: [&Tree; 3]) -> Clashing {
    let of = |name: &String| (name.clone(), trees.map(|tree| tree.get(name).cloned()));
    names.iter().map(of).collect()
}

fn tree_id(tree: &Tree) -> TreeId {
    TreeId::new(name_of(tree, 40)).unwrap_or_else(|error| panic!("{error}"))
}
