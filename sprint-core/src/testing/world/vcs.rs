//! What version control does to the repository of the world.

use std::path::{Path, PathBuf};

use crate::domain::merge::{
    Clash, CombineSpec, Combined, LandKind, LandSpec, Landed, Merged, Resolution,
};
use crate::domain::path::RepoPath;
use crate::domain::probe::{PairProbe, Probe, ProbeSpec};
use crate::domain::stray::{Place as Around, Surroundings, Whereabouts};
use crate::domain::workspace::{
    AddedLine, ChangeKind, ChangedPath, Collected, GraftSpec, Grafted, Leftovers, Opened,
    RefreshSpec, Refreshed, RepoStatus, Trace, Workspace, WorkspaceSpec,
};
use crate::failure::ErrorKind;
use crate::id::{BranchName, CommitId, TagName, TicketId};
use crate::plan::edge_cases::EdgeCase;
use crate::ports::{Error, Result};
use crate::testing::world::State;
use crate::testing::world::repo::{CONTROL, Change, Commit, Flaw, INTEGRATION, Place, Repo, Tree};

impl State {
    pub(crate) fn repo_status(&self) -> RepoStatus {
        let head = self.repo.base_head();
        let dirty = "the checkout of main has changes".to_owned();
        RepoStatus {
            base_tree: self.repo.commits[&head].tree_id.clone(),
            base_head: head,
            base_checkout_dirty: self.repo.checkout_dirty.then_some(dirty),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn tag(&mut self, tag: &TagName, commit: &CommitId) -> Result<()> {
        let there = self
            .repo
            .tags
            .entry(tag.clone())
            .or_insert_with(|| commit.clone());
        if there == commit {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Conflict, "tag", tag.to_string()))
        }
    }

    pub(crate) fn open_workspace(&mut self, spec: &WorkspaceSpec) -> Result<Opened> {
        let name = format!("{}-{}", spec.ticket, spec.generation);
        let path = PathBuf::from(format!("/world/{name}"));
        if let Some(place) = self.repo.workspaces.get(&path) {
            return Ok(Opened::Ready(workspace(path.clone(), place)));
        }
        if let Some(place) = self.repo.lost.remove(&path) {
            self.repo.workspaces.insert(path.clone(), place.clone());
            return Ok(Opened::Ready(workspace(path, &place)));
        }
        let mut head = spec.base.clone();
        for (dependency, commit) in &spec.dependencies {
            let known = self.repo.commits.get(commit);
            let green = known.is_some_and(|c| self.log.green.contains(&c.tree_id));
            self.expect_seen(green, || {
                format!("open({spec:?}) on unverified {dependency}")
            });
            let repo = &mut self.repo;
            if repo.contains(&head, commit) {
                continue;
            }
            match repo.merge(&head, commit) {
                Ok((tree, _)) => {
                    let parents = vec![head, commit.clone()];
                    head = repo.commit(parents, tree, &format!("merge: {dependency}"));
                }
                Err(clashed) => {
                    let names = clashed.names.iter();
                    return Ok(Opened::Conflict {
                        dependency: dependency.clone(),
                        paths: names.map(|name| repo.path_of(name)).collect(),
                    });
                }
            }
        }
        let branch = BranchName::new(format!("sprint/{name}"));
        let place = Place {
            ticket: spec.ticket.clone(),
            branch: branch.unwrap_or_else(|error| panic!("{error}")),
            base: spec.base.clone(),
            work_base: head.clone(),
            uncommitted: None,
            elsewhere: None,
        };
        let repo = &mut self.repo;
        repo.branches.entry(place.branch.clone()).or_insert(head);
        repo.workspaces.insert(path.clone(), place.clone());
        Ok(Opened::Ready(workspace(path, &place)))
    }

    pub(crate) fn collect(
        &mut self,
        workspace: &Workspace,
        leftovers: &Leftovers,
    ) -> Result<Collected> {
        let place = self.repo.place(&workspace.path).clone();
        match leftovers {
            Leftovers::Commit { subject, .. } => {
                self.repo.commit_leftovers(&workspace.path, subject);
            }
            Leftovers::RestoreTo(commit) => {
                let head = self.repo.branches[&place.branch].clone();
                if head != *commit || place.uncommitted.is_some() {
                    self.repo.commit_leftovers(&workspace.path, "rescued");
                    let rescued = self.repo.branches.insert(place.branch, commit.clone());
                    self.repo.rescued.extend(rescued);
                    let what = workspace.branch.to_string();
                    return Err(Error::new(ErrorKind::Conflict, "find unchanged", what));
                }
            }
        }
        Ok(self.collected(workspace))
    }

    pub(crate) fn refresh(&mut self, spec: &RefreshSpec) -> Result<Refreshed> {
        let RefreshSpec {
            workspace,
            base,
            published,
            ..
        } = spec;
        let repo = &mut self.repo;
        let mut place = repo.place(&workspace.path).clone();
        let head = repo.branches[&place.branch].clone();
        let is_stale = !repo.contains(&head, base);
        if !is_stale && repo.contains(&place.work_base, base) {
            let now = self::workspace(workspace.path.clone(), &place);
            return Ok(if now == *workspace {
                Refreshed::Current
            } else {
                Refreshed::Moved(now)
            });
        }
        if is_stale && place.uncommitted.is_some() {
            let what = workspace.branch.to_string();
            return Err(Error::new(ErrorKind::Conflict, "find committed", what));
        }
        match repo.bring_forward(&place, &head, base, *published) {
            Ok((new, work_base)) => {
                if is_stale {
                    repo.rescued.push(head);
                    repo.branches.insert(place.branch.clone(), new);
                }
                (place.base, place.work_base) = (base.clone(), work_base);
                let now = self::workspace(workspace.path.clone(), &place);
                repo.workspaces.insert(workspace.path.clone(), place);
                Ok(Refreshed::Moved(now))
            }
            Err(clashed) => {
                let names = clashed.names.iter();
                let paths = names.map(|name| repo.path_of(name)).collect();
                Ok(Refreshed::Conflict { paths })
            }
        }
    }

    pub(crate) fn altered(&self, directory: &Path, commit: &CommitId) -> Vec<RepoPath> {
        let dirty = self
            .repo
            .workspaces
            .get(directory)
            .is_some_and(|place| place.uncommitted.is_some());
        if dirty || self.repo.commit_in(directory) != *commit {
            return vec!["HEAD".into()];
        }
        Vec::new()
    }

    pub(crate) fn is_pristine(&self, directory: &Path) -> bool {
        let place = self.repo.workspaces.get(directory);
        let dirty = place.is_some_and(|place| place.uncommitted.is_some());
        !dirty && !self.repo.installed.contains(directory)
    }

    pub(crate) fn surroundings(&self, workspace: &Workspace) -> Surroundings {
        let repo = &self.repo;
        let mut around = Surroundings::new();
        for (branch, commit) in repo.users_branches() {
            around.note(Around::Refs, branch.as_str(), commit.as_str());
        }
        // Where our own landings have moved it, it looks as before.
        let by_hand = |commit: &&Commit| commit.subject.ends_with("by hand");
        let by_hand = repo.commits.values().filter(by_hand).count();
        around.note(Around::Refs, repo.base.as_str(), by_hand.to_string());
        if repo.checkout_dirty {
            around.note(Around::Checkout, "a.txt", "changed");
        }
        around.note(Around::Checkout, "HEAD", "ref: refs/heads/main");
        for (path, place) in &repo.workspaces {
            if *path != workspace.path {
                let ticket = Around::Ticket(place.ticket.clone());
                let head = &repo.branches[&place.branch];
                let print = format!("{head} {:?}", place.uncommitted);
                around.note(ticket, path.to_string_lossy(), print);
            }
        }
        for ((place, what), times) in &repo.meddled {
            around.note(place.clone(), what, format!("changed {times} times"));
        }
        around
    }

    pub(crate) fn whereabouts(&self, workspace: &Workspace) -> Whereabouts {
        match self.repo.workspaces.get(&workspace.path) {
            None => Whereabouts::Gone,
            Some(place) => match place.elsewhere.clone() {
                None => Whereabouts::There,
                branch => Whereabouts::Elsewhere { branch },
            },
        }
    }

    fn collected(&self, workspace: &Workspace) -> Collected {
        let repo = &self.repo;
        let head = repo.commit_in(&workspace.path);
        let before = &repo.commits[&workspace.work_base].tree;
        let tree = &repo.commits[&head].tree;
        let changes = tree
            .iter()
            .filter(|(name, change)| before.get(*name) != Some(change));
        let (mut changed, mut added) = (Vec::new(), Vec::new());
        for (name, change) in changes {
            if let Some(text) = repo.text(name, change) {
                let path = repo.path_of(name);
                added.extend((1..).zip(text.lines()).map(|(line, text)| AddedLine {
                    path: path.clone(),
                    line,
                    text: text.to_owned(),
                }));
                let kind = ChangeKind::Added;
                changed.push(ChangedPath { path, kind });
                continue;
            }
            let paths = [source(name), test_of(name)];
            changed.extend(paths.map(|path| ChangedPath {
                path,
                kind: ChangeKind::Added,
            }));
            added.extend((change.flaw == Some(Flaw::Leftover)).then(|| AddedLine {
                path: source(name),
                line: 7,
                text: format!("dbg!({});", change.version),
            }));
        }
        changed.sort();
        let commits = repo.commits_since(&workspace.work_base, &head).len();
        Collected {
            tree: repo.commits[&head].tree_id.clone(),
            head,
            commits: u32::try_from(commits).unwrap_or(u32::MAX),
            changed,
            added,
        }
    }

    pub(crate) fn read(&self, commit: &CommitId, paths: &[RepoPath]) -> Vec<(RepoPath, Vec<u8>)> {
        let tree = &self.repo.commits[commit].tree;
        let content = |path: &RepoPath| {
            if let Some(change) = tree.get(path.as_str())
                && let Some(text) = self.repo.text(path.as_str(), change)
            {
                return Some(text.to_owned());
            }
            if let Some(name) = path.as_str().strip_prefix("src/") {
                let name = name.strip_suffix(".rs")?;
                return Some(source_text(name, tree.get(name)?));
            }
            let name = path
                .as_str()
                .strip_prefix("tests/")?
                .strip_suffix("_test.rs")?;
            let change = tree.get(name)?;
            let named = change.flaw != Some(Flaw::NoEdgeCases);
            Some(if named {
                self.tests_of(name)
            } else {
                String::new()
            })
        };
        let files = paths
            .iter()
            .filter_map(|path| Some((path.clone(), content(path)?)));
        files
            .map(|(path, text)| (path, text.into_bytes()))
            .collect()
    }

    /// Tests without the change that they belong to fail, unless they prove nothing.
    pub(crate) fn graft(&mut self, spec: &GraftSpec) -> Grafted {
        let repo = &mut self.repo;
        let from = &repo.commits[&spec.from].tree;
        let mut tree = repo.commits[&spec.onto].tree.clone();
        let is_gone =
            |name: &String| !from.contains_key(name) && spec.paths.contains(&repo.path_of(name));
        tree.retain(|name, _| !is_gone(name));
        for (name, change) in from {
            let tests_only = spec.paths.contains(&test_of(name));
            let whole = spec.paths.contains(&repo.path_of(name));
            let mut grafted = change.clone();
            if tests_only && !whole && change.flaw != Some(Flaw::ProvesNothing) {
                grafted.flaw = Some(Flaw::TestsOnly);
            }
            if (whole || tests_only) && tree.get(name) != Some(change) {
                tree.insert(name.clone(), grafted);
            }
        }
        let commit = repo.commit(vec![spec.onto.clone()], tree, "graft");
        let tree = repo.commits[&commit].tree_id.clone();
        Grafted { commit, tree }
    }

    pub(crate) fn trace(&self, branch: &BranchName, commit: &CommitId) -> Trace {
        let repo = &self.repo;
        let known = repo.commits.get(commit);
        let head = repo.branches.get(branch).cloned();
        let holds = |tip: &CommitId| known.is_some() && repo.contains(tip, commit);
        Trace {
            tree: known.map(|commit| commit.tree_id.clone()),
            on_branch: head.as_ref().is_some_and(holds),
            on_base: holds(&repo.base_head()),
            head,
        }
    }

    /// A test file that names every edge case of the ticket.
    fn tests_of(&self, name: &str) -> String {
        let mut entries = self.board.entries.values();
        let entry = entries.find(|entry| entry.ticket.id.as_str() == name);
        let cases = entry.map_or_else(Vec::new, |entry| EdgeCase::of(&entry.ticket));
        let lines: Vec<_> = cases
            .iter()
            .map(|case| format!("    let case = {:?};", case.text))
            .collect();
        let lines = lines.join("\n");
        let name = name.to_lowercase().replace('-', "_");
        format!("#[test]\nfn {name}_works() {{\n{lines}\n    assert_eq!({name}(), 1);\n}}\n")
    }

    pub(crate) fn combine(&mut self, spec: &CombineSpec) -> Combined {
        let mut tip = spec.base.clone();
        let (mut merged, mut conflicts) = (Vec::new(), Vec::new());
        for input in &spec.merges {
            let (id, commit) = (input.ticket.clone(), input.commit.clone());
            self.expect_seen(self.log.closed.contains(&(id, commit)), || {
                format!("combine({spec:?}): {} was never closed", input.ticket)
            });
            match self.repo.merge(&tip, &input.commit) {
                Ok((tree, resolved)) => {
                    let parents = vec![tip, input.commit.clone()];
                    tip = self.repo.commit(parents, tree, &input.subject);
                    merged.push(Merged {
                        ticket: input.ticket.clone(),
                        commit: tip.clone(),
                        tree: self.repo.commits[&tip].tree_id.clone(),
                        resolved: resolved.iter().map(|n| self.repo.path_of(n)).collect(),
                    });
                }
                Err(clashed) => {
                    let repo = &mut self.repo;
                    let names = clashed.names.iter();
                    let mut paths: Vec<_> = names.map(|name| repo.path_of(name)).collect();
                    paths.sort();
                    let subject = format!("conflict: {}", input.ticket);
                    conflicts.push(Clash {
                        ticket: input.ticket.clone(),
                        paths,
                        ours: tip.clone(),
                        theirs: input.commit.clone(),
                        marked: repo.mark(&clashed, &tip, &input.commit, &subject),
                        ancestor: clashed.ancestor,
                    });
                }
            }
        }
        Combined {
            tree: self.repo.commits[&tip].tree_id.clone(),
            tip,
            merged,
            conflicts,
        }
    }

    pub(crate) fn remember(&mut self, resolution: &Resolution) -> Result<()> {
        let Resolution { clash, resolved } = resolution;
        let sides = [&clash.ancestor, &clash.ours, &clash.theirs];
        let (key, became) = self.repo.resolution(sides, resolved);
        let marked = |(name, change): (&String, &Option<Change>)| {
            change.as_ref().is_some_and(|change| {
                let text = self.repo.text(name, change);
                change.flaw == Some(Flaw::Markers)
                    || text.is_some_and(|text| text.contains("<<<<<<< "))
            })
        };
        if became.iter().any(marked) {
            let subject = clash.ticket.as_str();
            return Err(Error::new(ErrorKind::Invalid, "remember", subject));
        }
        self.repo.resolutions.insert(key, became);
        Ok(())
    }

    pub(crate) fn probe(&mut self, spec: &ProbeSpec) -> Probe {
        let mut probe = Probe::default();
        let repo = &mut self.repo;
        let mut onto_base = Vec::new();
        for (ticket, head) in &spec.branches {
            let fresh = repo
                .probed
                .insert([spec.base.clone(), head.clone(), head.clone()]);
            probe.merges += u32::from(fresh);
            match repo.merge(&spec.base, head) {
                Ok((tree, _)) => {
                    let parents = vec![spec.base.clone(), head.clone()];
                    onto_base.push((ticket, head, repo.commit(parents, tree, "probe")));
                }
                Err(clashed) => {
                    let paths = clashed.names.iter().map(|name| repo.path_of(name));
                    probe.against_base.insert(ticket.clone(), paths.collect());
                }
            }
        }
        for (at, (a, head_a, merged_a)) in onto_base.iter().enumerate() {
            for (b, head_b, merged_b) in &onto_base[at + 1..] {
                let pair = [spec.base.clone(), (*head_a).clone(), (*head_b).clone()];
                probe.merges += u32::from(repo.probed.insert(pair));
                if let Err(clashed) = repo.merge(merged_a, merged_b) {
                    let paths = clashed.names.iter().map(|name| repo.path_of(name));
                    let paths: Vec<_> = paths.collect();
                    probe.pairs.push(PairProbe {
                        a: (*a).clone(),
                        b: (*b).clone(),
                        shared: paths.clone(),
                        overlapping: paths.clone(),
                        clashes: paths,
                    });
                }
            }
        }
        probe
    }

    pub(crate) fn check_out(&mut self, commit: &CommitId, ticket: Option<&TicketId>) -> PathBuf {
        assert!(
            self.repo.commits.contains_key(commit),
            "impossible call: checkout({commit}), which does not exist"
        );
        if let Some(ticket) = ticket {
            let path = PathBuf::from(format!("{CONTROL}{ticket}"));
            self.repo.installed.remove(&path);
            self.repo.controls.insert(ticket.clone(), commit.clone());
            return path;
        }
        if self.repo.integration.replace(commit.clone()).as_ref() != Some(commit) {
            self.repo.installed.remove(&PathBuf::from(INTEGRATION));
        }
        INTEGRATION.into()
    }

    pub(crate) fn land(&mut self, spec: &LandSpec) -> Landed {
        let repo = &self.repo;
        let mut at = &spec.expected;
        for merged in &spec.merges {
            let known = repo.commits.get(&merged.commit);
            let parents = known.map(|commit| &commit.parents[..]);
            let id = merged.ticket.clone();
            match (spec.kind, parents) {
                (LandKind::Merges, Some([first, work])) if first == at => {
                    let closed = self.log.closed.contains(&(id, work.clone()));
                    self.expect_seen(closed, || {
                        format!("land({spec:?}): {} was never closed", merged.ticket)
                    });
                }
                (LandKind::Reverts, Some([first])) if first == at => {
                    let ours = self.log.reverts.contains(&(id, merged.commit.clone()));
                    self.expect_seen(ours, || {
                        format!("land({spec:?}): {merged:?} takes nothing back")
                    });
                }
                // What changes nothing has no commit.
                (LandKind::Reverts, _) if merged.commit == *at => {}
                _ => panic!("impossible call: land({spec:?}): {merged:?} does not follow {at}"),
            }
            at = &merged.commit;
        }
        assert_eq!(
            *at, spec.tip,
            "impossible call: land({spec:?}): the chain ends elsewhere"
        );
        let green = self.log.green.contains(&repo.commits[&spec.tip].tree_id);
        self.expect_seen(spec.tip != spec.expected && green, || {
            format!("land({spec:?}): the gate was never green on it")
        });
        let repo = &mut self.repo;
        let head = repo.base_head();
        if repo.contains(&head, &spec.tip) {
            return Landed::Yes;
        }
        if head != spec.expected {
            return Landed::BaseMoved(head);
        }
        if repo.checkout_dirty {
            return Landed::CheckoutInTheWay("commit or stash your changes on main".into());
        }
        let mut before = spec.expected.clone();
        let tagged = spec.merges.iter().filter(|_| spec.kind == LandKind::Merges);
        for merged in tagged {
            let tag = Repo::pre_merge_tag(&spec.sprint, &merged.ticket);
            repo.tags.extend(tag.map(|tag| (tag, before)));
            before = merged.commit.clone();
        }
        repo.branches.insert(repo.base.clone(), spec.tip.clone());
        self.log.landings += 1;
        Landed::Yes
    }

    pub(crate) fn close_workspace(&mut self, workspace: &Workspace) {
        let repo = &mut self.repo;
        if !repo.workspaces.contains_key(&workspace.path) {
            return;
        }
        repo.commit_leftovers(&workspace.path, "rescued");
        repo.workspaces.remove(&workspace.path);
        repo.installed.remove(&workspace.path);
        if let Some(head) = repo.branches.get(&workspace.branch).cloned()
            && repo.on_base(&head)
        {
            repo.branches.remove(&workspace.branch);
        }
    }
}

fn workspace(path: PathBuf, place: &Place) -> Workspace {
    Workspace {
        path,
        branch: place.branch.clone(),
        base: place.base.clone(),
        work_base: place.work_base.clone(),
    }
}

fn source_text(name: &str, change: &Change) -> String {
    let markers = change.flaw == Some(Flaw::Markers);
    let (open, close) = if markers {
        ("<<<<<<< ours\n=======\n", ">>>>>>> theirs\n")
    } else {
        ("", "")
    };
    let version = change.version;
    format!("{open}pub fn {name}() -> u32 {{\n    {version}\n}}\n{close}")
}

/// The source file of a change.
pub(super) fn source(name: &str) -> RepoPath {
    RepoPath::from(format!("src/{name}.rs").as_str())
}

fn test_of(name: &str) -> RepoPath {
    RepoPath::from(format!("tests/{name}_test.rs").as_str())
}

/// What is in a workspace, with what nobody committed.
pub(super) fn working_tree(repo: &Repo, place: &Place) -> Tree {
    let head = &repo.commits[&repo.branches[&place.branch]].tree;
    place.uncommitted.as_ref().unwrap_or(head).clone()
}
