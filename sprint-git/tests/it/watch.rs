//! What agents, and people, change in the git directory while a sprint runs.

use std::fs;
use std::path::Path;

use sprint_core::domain::merge::Landed;
use sprint_core::domain::workspace::RefreshSpec;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Vcs};

use crate::support::{Fixture, at, git, key, leftovers, sprint, write};

/// The error with what is behind it, and without what differs from run to run.
pub(crate) fn told(fixture: &Fixture, error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Fatal, "{error:?}");
    let why = std::error::Error::source(error).unwrap().to_string();
    why.replace(&fixture.root.display().to_string(), "/r")
}

/// What collecting says after a change in the git directory, which is then as it was again.
async fn after(change: impl FnOnce(&Path)) -> String {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    change(&fixture.root);
    let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
    told(&fixture, &refused.unwrap_err())
}

fn set(dir: &Path, arguments: &[&str]) {
    git(dir, &[&["config"], arguments].concat());
}

#[tokio::test]
async fn settings_that_decide_what_is_shown_or_run_stay() {
    for key in [
        "filter.x.smudge",
        "filter.x.clean",
        "core.hooksPath",
        "core.fsmonitor",
        "core.trustctime",
        "core.attributesFile",
        "core.sparseCheckout",
        "include.path",
        "includeIf.onbranch:main.path",
        "merge.x.driver",
        "diff.x.textconv",
        "alias.status",
        "extensions.partialClone",
        "remote.origin.uploadpack",
    ] {
        let told = after(|root| set(root, &[key, "false"])).await;
        let named = format!("`{}` in /r/.git/config", key.to_lowercase());
        assert!(told.contains(&named), "{key}: {told}");
    }
    let told = after(|root| set(root, &["--unset", "core.bare"])).await;
    insta::assert_snapshot!(told, @"an agent, or somebody else, changed `core.bare` in /r/.git/config since the sprint was opened, and it decides what git shows or runs; look at it, and undo it, or accept it by starting again");
}

#[tokio::test]
async fn files_that_decide_what_is_shown_stay() {
    for file in [
        "info/attributes",
        "info/grafts",
        "info/sparse-checkout",
        "objects/info/alternates",
    ] {
        let told = after(|root| write(&root.join(".git"), file, "\n")).await;
        assert!(
            told.contains(&format!(" changed /r/.git/{file} since")),
            "{told}"
        );
    }
    let told = after(|root| write(&root.join(".git"), "config", "[core")).await;
    assert!(
        told.starts_with("/r/.git/config cannot be understood"),
        "{told}"
    );
    let told = after(|root| {
        let config = root.join(".git/config");
        fs::remove_file(&config).unwrap();
        fs::create_dir(config).unwrap();
    })
    .await;
    assert!(told.contains(" changed /r/.git/config since"), "{told}");
}

/// What is included can be changed without a trace in what includes it.
#[tokio::test]
async fn included_settings_stay() {
    let mut fixture = Fixture::new().await;
    git(&fixture.root, &["config", "include.path", "../team.conf"]);
    write(
        &fixture.root,
        "team.conf",
        "[include]\n\tpath = more.conf\n",
    );
    write(&fixture.root, "more.conf", "[user]\n\tname = a\n");
    fixture.reopen(|_| {}).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&fixture.root, "more.conf", "[user]\n\tname = b\n");
    fixture.collect(&workspace).await;
    write(&fixture.root, "more.conf", "[filter \"x\"]\n\tclean = b\n");
    let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
    let told = told(&fixture, &refused.unwrap_err());
    assert!(
        told.contains("`filter.x.clean` in /r/.git/../more.conf"),
        "{told}"
    );
}

/// The settings of one worktree are in a file of its own.
#[tokio::test]
async fn settings_of_a_worktree_stay() {
    let mut fixture = Fixture::new().await;
    git(
        &fixture.root,
        &["config", "extensions.worktreeConfig", "true"],
    );
    git(
        &fixture.root,
        &["config", "--worktree", "core.autocrlf", "false"],
    );
    fixture.reopen(|_| {}).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    // Git may hand on what the main worktree has.
    let set = |key, value| git(&workspace.path, &["config", "--worktree", key, value]);
    set("core.autocrlf", "false");
    set("user.name", "somebody");
    let head = fixture.collect(&workspace).await.head;
    set("core.autocrlf", "true");
    let refused = fixture.vcs.altered(&workspace.path, &head).await;
    let told = told(&fixture, &refused.unwrap_err());
    assert!(
        told.contains("`core.autocrlf` in /r/.git/worktrees/ENG-1/config.worktree"),
        "{told}"
    );
}

#[tokio::test]
async fn every_look_and_every_landing_asks() {
    let fixture = Fixture::new().await;
    let base = fixture.head();
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let combined = fixture.combine(&base, &[input]).await;
    let vcs = &fixture.vcs;
    let directory = vcs.checkout(&base, &sprint(), None).await.unwrap();
    git(&fixture.root, &["config", "filter.x.smudge", "false"]);
    let spec = fixture.landing(&combined);
    let refreshing = RefreshSpec {
        workspace: workspace.clone(),
        base: base.clone(),
        published: false,
        at: at(),
    };
    let refused = [
        vcs.open(&fixture.spec("ENG-2"), &key()).await.map(|_| ()),
        vcs.refresh(&refreshing).await.map(|_| ()),
        vcs.collect(&workspace, &leftovers()).await.map(|_| ()),
        vcs.altered(&directory, &base).await.map(|_| ()),
        vcs.is_pristine(&directory).await.map(|_| ()),
        vcs.checkout(&base, &sprint(), None).await.map(|_| ()),
        vcs.land(&spec, &key()).await.map(|_| ()),
    ];
    for refused in refused {
        told(&fixture, &refused.unwrap_err());
    }
    assert_eq!(fixture.head(), base);
    git(&fixture.root, &["config", "--remove-section", "filter.x"]);
    assert_eq!(fixture.land(&spec).await, Landed::Yes);
}

/// A filter shows good code in every worktree while the commit holds other code.
#[tokio::test]
async fn a_filter_that_shows_other_code_is_found() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "sum.sh", "echo wrong\n");
    write(&workspace.path, ".gitattributes", "*.sh filter=x\n");
    let head = fixture.collect(&workspace).await.head;
    git(
        &workspace.path,
        &["config", "filter.x.smudge", "sed s/wrong/right/"],
    );
    git(
        &workspace.path,
        &["config", "filter.x.clean", "sed s/right/wrong/"],
    );
    fs::remove_file(workspace.path.join("sum.sh")).unwrap();
    git(&workspace.path, &["checkout", "-q", "--", "sum.sh"]);
    assert_eq!(git(&workspace.path, &["status", "--porcelain"]), "");
    let text = fs::read_to_string(workspace.path.join("sum.sh")).unwrap();
    assert_eq!(text, "echo right\n");
    let refused = fixture.vcs.altered(&workspace.path, &head).await;
    told(&fixture, &refused.unwrap_err());
}

/// What a person sets, and what we write ourselves, is nobody's business.
#[tokio::test]
async fn other_settings_may_change() {
    let fixture = Fixture::new().await;
    let root = &fixture.root;
    for [key, value] in [
        ["user.name", "Another"],
        ["remote.origin.url", "https://example.org/r"],
        ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
        ["branch.main.remote", "origin"],
        ["core.abbrev", "12"],
    ] {
        git(root, &["config", key, value]);
    }
    write(root, ".git/info/exclude", "*.swp\n");
    let before = fixture.head();
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&before, &[input]).await;
    let directory = fixture.vcs.checkout(&combined.tip, &sprint(), None).await;
    let altered = fixture
        .vcs
        .altered(&directory.unwrap(), &combined.tip)
        .await;
    assert_eq!(altered.unwrap(), []);
    let landed = fixture.land(&fixture.landing(&combined)).await;
    assert_eq!(landed, Landed::Yes);
    // Opened again, it is taken as it is.
    git(root, &["config", "filter.x.smudge", "cat"]);
    let mut fixture = fixture;
    fixture.reopen(|_| {}).await;
    fixture.ticket("ENG-2", &[("c.txt", "c\n")]).await;
}
