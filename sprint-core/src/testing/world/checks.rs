//! The gate of the world: its verdict is a function of what is in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::domain::check::{CheckPlan, CheckReport, LayerSubject, Subject};
use crate::domain::command::{CheckKind, CheckRun, CommandLine, Count, Exit};
use crate::domain::verdict::{Finding, FindingKind, Verdict};
use crate::id::{BlobId, EnvironmentId};
use crate::testing::rng::name_of;
use crate::testing::world::State;
use crate::testing::world::repo::{Flaw, Tree};

/// What the gate knows beyond the flaws in a tree.
#[derive(Clone, Debug)]
pub struct Checks {
    /// Sets of changes whose tests fail when all of them are in a tree.
    pub break_together: Vec<BTreeSet<String>>,
    /// Changes that break nothing together with others from this version on.
    pub mended: BTreeMap<String, u32>,
    /// Sets of changes on which the tests fail so many times, and then pass.
    pub flaky: BTreeMap<BTreeSet<String>, u32>,
    /// The limit at which a command of ordinary length just fits.
    pub usual_limit: Duration,
    /// Edits of base that are red before a sprint begins; what fails in them fails whoever it is
    /// that lands.
    pub red_at_start: BTreeSet<String>,
    /// Whether nothing may be closed whose tests pass without it.
    pub control_required: bool,
    /// Whether nothing may be closed that a layer of the host has not accepted.
    pub layer_required: bool,
    /// Whether nothing may be closed without a review.
    pub review_required: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            break_together: Vec::new(),
            mended: BTreeMap::new(),
            flaky: BTreeMap::new(),
            usual_limit: Duration::from_secs(900),
            red_at_start: BTreeSet::new(),
            control_required: false,
            layer_required: false,
            review_required: true,
        }
    }
}

/// How many tests a tree has.
pub(super) fn tests_in(tree: &Tree) -> u64 {
    let empty = tree
        .values()
        .any(|change| change.flaw == Some(Flaw::NoTests));
    if empty {
        0
    } else {
        3 + u64::try_from(tree.len()).unwrap_or(0)
    }
}

impl State {
    pub(crate) fn verify(&mut self, subject: &Subject, plan: &CheckPlan) -> CheckReport {
        let commit = self.repo.commit_in(&subject.directory);
        let tree = self.repo.commits[&commit].tree.clone();
        if plan.install.is_some() {
            if tree
                .values()
                .any(|change| change.flaw == Some(Flaw::Uninstallable))
            {
                let why = "error: cannot resolve the dependencies";
                return CheckReport::not_installed(why.into());
            }
            self.repo.installed.insert(subject.directory.clone());
        }
        if plan.checks.is_empty() {
            return CheckReport::new(Vec::new(), None);
        }
        assert!(
            self.repo.commits[&commit].tree_id == subject.tree && commit == subject.commit,
            "impossible call: verify({subject:?}) where {commit} is checked out"
        );
        let mut runs = Vec::new();
        for (kind, command) in &plan.checks {
            let seen = self.check(&tree, *kind, &subject.directory, plan.timeout);
            runs.push(run(*kind, command, seen, &tree));
        }
        let fine = |run: &CheckRun| {
            let known = run.failing.is_subset(&self.checks.red_at_start);
            run.exit.success() || (run.names_every_failure() && known)
        };
        if runs.iter().all(fine) && tests_in(&tree) > 0 {
            self.log.green.insert(subject.tree.clone());
        }
        CheckReport::new(runs, Some(self.environment(plan)))
    }

    /// A layer of the host.
    pub(crate) fn judge_signature(&mut self, subject: &LayerSubject) -> Verdict {
        let tree = &self.repo.commits[&subject.commit].tree;
        let change = tree.get(subject.ticket.id.as_str());
        if change.is_some_and(|change| change.flaw == Some(Flaw::Unsigned)) {
            let finding = Finding::blocking(FindingKind::HostLayer, "not signed");
            return Verdict::fail(vec![finding]);
        }
        self.log.layered.insert(subject.commit.clone());
        Verdict::pass()
    }

    /// The world's machine: the same for every directory, until somebody changes it.
    pub(crate) fn environment(&self, plan: &CheckPlan) -> EnvironmentId {
        let digits = name_of(&format!("{:?}", plan.checks), 64);
        EnvironmentId::new(digits).unwrap_or_else(|error| panic!("{error}"))
    }

    fn check(
        &mut self,
        tree: &Tree,
        kind: CheckKind,
        directory: &Path,
        limit: Duration,
    ) -> (Exit, String, BTreeSet<String>) {
        let red = |text: String| (Exit::Code(1), text, BTreeSet::new());
        for (name, change) in tree {
            match &change.flaw {
                Some(Flaw::Fails { check, text }) if *check == kind && kind != CheckKind::Test => {
                    return red(format!("error: {text} in {name}"));
                }
                Some(Flaw::NeedsInstall)
                    if kind == CheckKind::Build && !self.repo.installed.contains(directory) =>
                {
                    return red("Error: Cannot find module 'left-pad'".to_owned());
                }
                Some(Flaw::Slow(times))
                    if kind == CheckKind::Test && limit < self.checks.usual_limit * *times =>
                {
                    return (Exit::TimedOut, String::new(), BTreeSet::new());
                }
                _ => {}
            }
        }
        if kind != CheckKind::Test {
            return (Exit::Code(0), "fine".into(), BTreeSet::new());
        }
        let failing = self.failing(tree);
        if let Some((_, text)) = failing.first() {
            let names = failing.iter().map(|(name, _)| name.clone());
            return (Exit::Code(1), text.clone(), names.collect());
        }
        let names: BTreeSet<String> = tree.keys().cloned().collect();
        if let Some(left) = self.checks.flaky.get_mut(&names).filter(|left| **left > 0) {
            *left -= 1;
            return red("FAILED: connection reset by peer".into());
        }
        (Exit::Code(0), "fine".into(), BTreeSet::new())
    }

    /// The tests that fail in a tree, and what they say.
    fn failing(&self, tree: &Tree) -> Vec<(String, String)> {
        if tests_in(tree) == 0 {
            return Vec::new();
        }
        let mut failing: Vec<_> = tree
            .iter()
            .filter_map(|(name, change)| match &change.flaw {
                Some(Flaw::Fails {
                    check: CheckKind::Test,
                    text,
                }) => Some((name.clone(), format!("error: {text} in {name}"))),
                Some(Flaw::TestsOnly) => Some((name.clone(), format!("FAILED: tests of {name}"))),
                _ => None,
            })
            .collect();
        let names: BTreeSet<String> = tree.keys().cloned().collect();
        let mended = |name: &String| {
            let from = self.checks.mended.get(name);
            from.is_some_and(|from| tree[name].version >= *from)
        };
        let broken = |set: &&BTreeSet<String>| set.is_subset(&names) && !set.iter().any(mended);
        let broken = self.checks.break_together.iter().filter(broken);
        failing.extend(broken.map(|set| {
            (
                format!("{set:?}"),
                format!("FAILED: {set:?} do not go together"),
            )
        }));
        failing
    }
}

fn run(
    kind: CheckKind,
    command: &CommandLine,
    (exit, tail, failing): (Exit, String, BTreeSet<String>),
    tree: &Tree,
) -> CheckRun {
    let failed = if failing.is_empty() {
        u64::from(!exit.success())
    } else {
        failing.len() as u64
    };
    let count = match kind {
        CheckKind::Test => Count::Known {
            passed: tests_in(tree),
            failed,
            skipped: 0,
        },
        CheckKind::Build | CheckKind::Lint | CheckKind::Typecheck => Count::Unknown,
    };
    CheckRun {
        check: kind,
        command: command.clone(),
        exit,
        duration_ms: 1000,
        output: BlobId::of(tail.as_bytes()),
        tail,
        count,
        failing,
        redacted: 0,
        reused: None,
    }
}
