use std::fs::{self, File, FileTimes};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sprint_core::domain::command::{CheckKind, CommandLine};

use super::*;

/// A tree, a directory of programs beside it, and the plan `runner --all | tee log`.
struct Place {
    root: tempfile::TempDir,
    plan: CheckPlan,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let place = Self {
            plan: plan("runner --all | tee log"),
            root,
        };
        fs::create_dir(place.tree()).unwrap();
        place.program("bin/runner", "one");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn tree(&self) -> PathBuf {
        self.path("tree")
    }

    fn program(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        set_time(&path, long_ago);
        path
    }

    fn environment(&self) -> Environment {
        Environment::empty()
            .with("PATH", self.path("bin"))
            .with("LANG", "C")
    }

    fn id(&self, environment: &Environment) -> EnvironmentId {
        Surroundings::of(environment, &self.tree(), &self.plan).id
    }
}

fn set_time(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn plan(line: &str) -> CheckPlan {
    CheckPlan {
        install: None,
        checks: [(CheckKind::Test, CommandLine::new(line).unwrap())].into(),
        timeout: Duration::from_secs(1),
    }
}

#[test]
fn it_is_the_same_until_something_changes() {
    let mut place = Place::new();
    let environment = place.environment();
    let first = place.id(&environment);
    assert_eq!(place.id(&environment), first);

    let mut seen = vec![first.clone()];
    let mut changed = |id: EnvironmentId, what: &str| {
        assert!(!seen.contains(&id), "{what}");
        seen.push(id);
    };
    changed(place.id(&environment.clone().with("LANG", "de")), "a value");
    changed(place.id(&environment.clone().with("A", "")), "a variable");
    let path = format!("{}:/nowhere", place.path("bin").display());
    changed(
        place.id(&environment.clone().with("PATH", path)),
        "the path",
    );

    let runner = place.path("bin/runner");
    let modified = fs::metadata(&runner).unwrap().modified().unwrap();
    set_time(&runner, modified + Duration::from_nanos(100));
    changed(place.id(&environment), "the time of a program");
    place.program("bin/runner", "other");
    changed(place.id(&environment), "the size of a program");
    fs::remove_file(&runner).unwrap();
    changed(place.id(&environment), "no program");
    place.program("bin/runner", "one");
    assert_eq!(place.id(&environment), first, "all as it was");
    place.program("bin/tee", "new");
    changed(place.id(&environment), "another program of the line");
    place.plan = plan("runner --all | tee other");
    changed(place.id(&environment), "the line");
    place.plan.install = CommandLine::new("true");
    changed(place.id(&environment), "an install");
}

#[test]
fn what_says_nothing_about_results_changes_nothing() {
    let place = Place::new();
    let first = place.id(&place.environment());
    for name in SAY_NOTHING {
        let id = place.id(&place.environment().with(*name, "1"));
        assert_eq!(id, first, "{name}");
    }
    place.program("bin/unused", "x");
    assert_eq!(place.id(&place.environment()), first, "a program not named");
    let elsewhere = place.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let moved = Surroundings::of(&place.environment(), &elsewhere, &place.plan).id;
    assert_eq!(moved, first, "another place for the tree");
}

#[test]
fn entries_of_the_path_inside_the_tree_are_left_out_and_reported() {
    let place = Place::new();
    place.program("tree/tools/runner", "mine");
    place.program("tree/runner", "mine");
    std::os::unix::fs::symlink(place.tree(), place.path("link")).unwrap();
    let bin = place.path("bin").display().to_string();
    let tree = place.tree().display().to_string();
    let link = place.path("link/tools").display().to_string();
    for (path, expect) in [
        (format!("{tree}/tools:{bin}"), vec!["{tree}/tools/runner"]),
        (format!("{bin}:{link}"), vec!["{root}/link/tools/runner"]),
        (format!(":{bin}"), vec!["{tree}/runner"]),
        (
            format!(".:tools:{bin}:"),
            vec!["{tree}/./runner", "{tree}/tools/runner", "{tree}/runner"],
        ),
        (bin.clone(), vec![]),
    ] {
        let environment = Environment::empty().with("PATH", &path);
        let found = Surroundings::of(&environment, &place.tree(), &place.plan);
        assert_eq!(
            found.environment.get("PATH").unwrap(),
            bin.as_str(),
            "{path}"
        );
        let places: Vec<_> = found
            .findings
            .iter()
            .map(|finding| {
                assert!(finding.severity.blocks(), "{finding:?}");
                let place_name = finding.place.clone().unwrap();
                place_name
                    .replace(&tree, "{tree}")
                    .replace(&place.root.path().display().to_string(), "{root}")
            })
            .collect();
        assert_eq!(places, expect, "{path}");
    }
}

#[test]
fn an_entry_inside_the_tree_without_programs_of_the_gate_is_a_remark() {
    let place = Place::new();
    place.program("tree/tools/another", "mine");
    let path = format!("tools:{}", place.path("bin").display());
    let environment = Environment::empty().with("PATH", path);
    let found = Surroundings::of(&environment, &place.tree(), &place.plan);
    assert_eq!(found.findings.len(), 1);
    assert!(!found.findings[0].severity.blocks());
    insta::assert_snapshot!(found.findings[0].message, @"the entry `tools` of `PATH` lies inside the checked tree; the commands ran without it");
}

#[test]
fn a_program_that_is_a_link_into_the_tree_is_reported() {
    let place = Place::new();
    let mine = place.program("tree/mine", "mine");
    fs::create_dir(place.path("links")).unwrap();
    std::os::unix::fs::symlink(mine, place.path("links/tee")).unwrap();
    let environment = Environment::empty().with("PATH", place.path("links"));
    let found = Surroundings::of(&environment, &place.tree(), &place.plan);
    assert_eq!(found.findings.len(), 1);
    assert!(found.findings[0].severity.blocks());
    insta::assert_snapshot!(found.findings[0].message, @"the program `tee` of the gate is a link into the tree that it judges");
}

#[test]
fn a_path_with_nothing_left_is_not_the_current_directory() {
    let place = Place::new();
    let environment = Environment::empty().with("PATH", ".");
    let found = Surroundings::of(&environment, &place.tree(), &place.plan);
    assert!(found.environment.get("PATH").unwrap().len() > 1);
}
