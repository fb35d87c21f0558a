//! What a look around a workspace sees, and what it leaves alone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sprint_core::domain::stray::{Stray, Surroundings};
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::id::TagName;
use sprint_core::ports::Vcs as _;

use crate::support::{Fixture, commit_all, git, write};

/// A repository with two workspaces: one to look around, and one beside it.
struct Scene {
    fixture: Fixture,
    own: Workspace,
    other: Workspace,
}

impl Scene {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        write(&fixture.root, "notes.txt", "untracked\n");
        git(&fixture.root, &["branch", "feature"]);
        for tag in ["v1", "v2"] {
            git(&fixture.root, &["tag", tag]);
        }
        let own = fixture.open(&fixture.spec("ENG-1")).await;
        let other = fixture.open(&fixture.spec("ENG-2")).await;
        Self {
            fixture,
            own,
            other,
        }
    }

    async fn look(&self) -> Surroundings {
        self.fixture.vcs.surroundings(&self.own).await.unwrap()
    }

    /// What `deeds` change, one line each.
    async fn strays(&self, deeds: impl FnOnce(&Path, &Path)) -> String {
        let before = self.look().await;
        deeds(&self.fixture.root, &self.other.path);
        let strays = before.strays(&self.look().await);
        let strays: Vec<_> = strays.iter().map(Stray::to_string).collect();
        strays.join("\n")
    }
}

#[tokio::test]
async fn what_changes_in_the_checkout_is_named() {
    let scene = Scene::new().await;
    let strays = scene.strays(|root, _| {
        write(root, "a.txt", "changed\n");
        write(root, "notes.txt", "other\n");
        write(root, "new file.txt", "new\n");
        write(root, "src/staged.rs", "");
        git(root, &["add", "src/staged.rs"]);
        git(root, &["checkout", "-q", "--detach"]);
        write(root, ".git/hooks/pre-commit", "#!/bin/sh\n");
    });
    insta::assert_snapshot!(strays.await, @r"
    .git/hooks/pre-commit in your checkout
    HEAD in your checkout
    a.txt in your checkout
    new file.txt in your checkout
    notes.txt in your checkout
    src/staged.rs in your checkout
    ");
}

/// The second change is of the same size, and has the time of the first.
#[tokio::test]
async fn a_change_that_hides_is_named() {
    let scene = Scene::new().await;
    let strays = scene.strays(|root, _| {
        let file = root.join("notes.txt");
        let was = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, "Untracked\n").unwrap();
        let file = fs::File::options().write(true).open(&file).unwrap();
        file.set_modified(was).unwrap();
        git(root, &["update-index", "--assume-unchanged", "a.txt"]);
        write(root, "a.txt", "hidden\n");
        git(root, &["update-index", "--skip-worktree", "src/lib.rs"]);
    });
    insta::assert_snapshot!(strays.await, @r"
    a.txt in your checkout
    notes.txt in your checkout
    src/lib.rs in your checkout
    ");
}

#[tokio::test]
async fn refs_that_are_made_moved_or_gone_are_named() {
    let scene = Scene::new().await;
    write(&scene.fixture.root, "a.txt", "to be stashed\n");
    let strays = scene.strays(|root, _| {
        git(root, &["stash", "-q"]);
        git(root, &["branch", "new"]);
        let commit = git(root, &["commit-tree", "-m", "x", "HEAD^{tree}"]);
        git(root, &["update-ref", "refs/heads/feature", &commit]);
        git(root, &["update-ref", "refs/heads/main", &commit]);
        git(root, &["tag", "-f", "v1", &commit]);
        git(root, &["tag", "-d", "v2"]);
        git(root, &["notes", "add", "-m", "a note", "HEAD"]);
        git(root, &["update-ref", "refs/heads/refs/tags/v2", &commit]);
        // Those change whenever somebody fetches.
        git(root, &["update-ref", "refs/remotes/origin/main", &commit]);
    });
    insta::assert_snapshot!(strays.await, @r"
    a.txt in your checkout
    feature in branches and tags
    main in branches and tags
    new in branches and tags
    refs/heads/refs/tags/v2 in branches and tags
    refs/notes/commits in branches and tags
    refs/stash in branches and tags
    refs/tags/v1 in branches and tags
    refs/tags/v2 in branches and tags
    ");
}

#[tokio::test]
async fn what_changes_in_another_workspace_is_named() {
    let scene = Scene::new().await;
    let strays = scene.strays(|_, other| {
        write(other, "a.txt", "changed\n");
        write(other, "b.txt", "new\n");
        write(other, "target/cache", "ignored\n");
    });
    insta::assert_snapshot!(strays.await, @r"
    a.txt in the workspace of ENG-2
    b.txt in the workspace of ENG-2
    ");
    let strays = scene.strays(|_, other| {
        git(other, &["checkout", "-q", "--", "a.txt"]);
        commit_all(other, "planted");
        git(other, &["checkout", "-q", "-b", "elsewhere"]);
        fs::write(other.join(".git"), "gitdir: /nowhere\n").unwrap();
    });
    insta::assert_snapshot!(strays.await, @r"
    elsewhere in branches and tags
    .git in the workspace of ENG-2
    HEAD in the workspace of ENG-2
    a.txt in the workspace of ENG-2
    b.txt in the workspace of ENG-2
    worktree-ENG-2 in the workspace of ENG-2
    ");
}

/// Whoever takes a workspace away is found out also if git was told to forget it.
#[tokio::test]
async fn a_workspace_that_somebody_removed_is_named() {
    for forget in [false, true] {
        let scene = Scene::new().await;
        let strays = scene.strays(|root, other| {
            if forget {
                let path = other.to_str().unwrap();
                git(root, &["worktree", "remove", "--force", path]);
            } else {
                fs::remove_dir_all(other).unwrap();
            }
        });
        let strays = strays.await;
        assert!(
            strays.contains(". in the workspace of ENG-2"),
            "{forget}: {strays}"
        );
    }
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_named() {
    let scene = Scene::new().await;
    let strays = scene.strays(|root, _| fs::write(root.join(".git/index"), "nonsense").unwrap());
    let strays = strays.await;
    assert!(strays.contains("index in your checkout"), "{strays}");
}

#[tokio::test]
async fn another_checkout_of_the_user_is_one_too() {
    let scene = Scene::new().await;
    let linked = scene.fixture.root.with_file_name("linked");
    let path = linked.to_str().unwrap();
    git(
        &scene.fixture.root,
        &["worktree", "add", "-q", path, "feature"],
    );
    let strays = scene
        .strays(|_, _| write(&linked, "a.txt", "changed\n"))
        .await;
    let strays = strays.replace(path, "{linked}");
    assert_eq!(strays, "{linked}/a.txt in your checkout");
}

/// Files that the engine writes, ignored files, the agent's own work, tags set meanwhile, other
/// sprints.
#[tokio::test]
async fn what_is_nobodys_misdeed_is_not_named() {
    let scene = Scene::new().await;
    write(&scene.fixture.root, ".claude/tickets/ENG-1.md", "todo\n");
    let before = scene.look().await;
    let root = &scene.fixture.root;
    for file in [
        ".claude/tickets/ENG-1.md",
        ".claude/sprints/p/sprint-state.json",
        ".claude/failure-patterns.json",
        "target/cache",
    ] {
        write(root, file, "new\n");
    }
    write(&scene.own.path, "b.txt", "b\n");
    commit_all(&scene.own.path, "work");
    let tag = TagName::new("sprint-start-x").unwrap();
    scene
        .fixture
        .vcs
        .tag(&tag, &scene.fixture.head())
        .await
        .unwrap();
    let mut elsewhere = scene.fixture.spec("ENG-9");
    elsewhere.sprint = "sprint-elsewhere".parse().unwrap();
    scene.fixture.open(&elsewhere).await;
    // The user's own git writes down the times of files.
    git(root, &["status"]);
    assert_eq!(before.strays(&scene.look().await), []);
    // A tag of ours that moves or goes is another matter.
    let strays = scene.strays(|root, _| drop(git(root, &["tag", "-d", "sprint-start-x"])));
    let strays = strays.await;
    assert_eq!(strays, "refs/tags/sprint-start-x in branches and tags");
}

#[tokio::test]
async fn looking_changes_nothing_and_waits_for_nobody() {
    let scene = Scene::new().await;
    let root = &scene.fixture.root;
    // Git would write down that this file is as it was.
    write(root, "a.txt", "one\ntwo\nthree\n");
    for lock in [".git/index.lock", ".git/HEAD.lock", ".git/packed-refs.lock"] {
        write(root, lock, "");
    }
    scene.look().await;
    let before = everything(root);
    scene.look().await;
    assert_eq!(everything(root), before);
}

#[tokio::test]
async fn what_is_no_workspace_is_refused() {
    let scene = Scene::new().await;
    let mut workspace = scene.own.clone();
    workspace.branch = "feature".parse().unwrap();
    let error = scene
        .fixture
        .vcs
        .surroundings(&workspace)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// Every file below a directory, by what changes with it.
fn everything(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let state = path.symlink_metadata().unwrap();
        if state.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
        let times = (state.ctime(), state.ctime_nsec(), state.size());
        found.insert(path.display().to_string(), format!("{times:?}"));
    }
    found
}
