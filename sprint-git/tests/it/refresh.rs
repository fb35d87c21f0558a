//! Bringing workspaces up to a base that has moved.

use std::fs;

use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::{RefreshSpec, Refreshed, Workspace};
use sprint_core::failure::ErrorKind;
use sprint_core::id::CommitId;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, at, command, commit_all, cut_off, git, scripted_git, write};

/// What may change when the branch `worktree-ENG-1` is refreshed.
const OURS: [&str; 2] = ["refs/heads/worktree-ENG-1", "refs/sprint/"];

fn spec(workspace: &Workspace, base: &CommitId) -> RefreshSpec {
    RefreshSpec {
        workspace: workspace.clone(),
        base: base.clone(),
        published: false,
        at: at(),
    }
}

impl Fixture {
    async fn refresh(&self, workspace: &Workspace) -> Refreshed {
        let refreshed = self.vcs.refresh(&spec(workspace, &self.head())).await;
        refreshed.unwrap()
    }

    async fn moved(&self, workspace: &Workspace) -> Workspace {
        match self.refresh(workspace).await {
            Refreshed::Moved(workspace) => workspace,
            other @ (Refreshed::Current | Refreshed::Conflict { .. }) => panic!("{other:?}"),
        }
    }

    fn advance(&self, path: &str, text: &str) -> CommitId {
        write(&self.root, path, text);
        commit_all(&self.root, "base moves on")
    }
}

/// A workspace with two commits of an agent, and a base that moved.
async fn stale(fixture: &Fixture) -> Workspace {
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    commit_all(&workspace.path, "first\n\nwith a body");
    write(&workspace.path, "a.txt", "ONE\ntwo\nthree\n");
    commit_all(&workspace.path, "second");
    fixture.advance("a.txt", "one\ntwo\nthree\nfour\nfive\n");
    workspace
}

fn clean(workspace: &Workspace) {
    let status = git(&workspace.path, &["status", "--porcelain", "--branch"]);
    assert_eq!(status, format!("## {}", workspace.branch));
}

#[tokio::test]
async fn commits_are_made_again_on_base_with_their_authors_and_messages() {
    let mut heads = Vec::new();
    for _ in 0..2 {
        let fixture = Fixture::new().await;
        let workspace = stale(&fixture).await;
        let old = fixture.rev("refs/heads/worktree-ENG-1");
        let before = fixture.fingerprint(&OURS);
        let fresh = fixture.moved(&workspace).await;
        assert_eq!(fixture.fingerprint(&OURS), before);
        assert_eq!(fresh.work_base, fixture.head());
        clean(&fresh);
        let format = "--format=%s|%b|%an %at|%cn %ct";
        let range = format!("{}..HEAD", fresh.base);
        assert_eq!(
            git(&fresh.path, &["log", format, &range]),
            "second||Person 1700000000|sprint 1769850300\n\
             first|with a body\n|Person 1700000000|sprint 1769850300"
        );
        let text = fs::read_to_string(fresh.path.join("a.txt")).unwrap();
        assert_eq!(text, "ONE\ntwo\nthree\nfour\nfive\n");
        let rescued = format!("refs/sprint/rescue/worktree-ENG-1/{}", &old.as_str()[..12]);
        assert_eq!(fixture.rev(&rescued), old);
        heads.push(fixture.rev("refs/heads/worktree-ENG-1"));
    }
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn the_trees_are_those_of_git_rebase() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    git(&fixture.root, &["branch", "copy", "worktree-ENG-1"]);
    let copy = fixture.root.with_file_name("copy").display().to_string();
    git(&fixture.root, &["worktree", "add", "-q", &copy, "copy"]);
    git(copy.as_ref(), &["rebase", "-q", "main"]);
    fixture.moved(&workspace).await;
    let trees = |branch: &str| git(&fixture.root, &["log", "--format=%T", branch]);
    assert_eq!(trees("worktree-ENG-1"), trees("copy"));
}

#[tokio::test]
async fn a_branch_with_a_merge_gets_another_one() {
    let fixture = Fixture::new().await;
    let other = fixture.ticket("ENG-2", &[("other.txt", "x\n")]).await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    commit_all(&workspace.path, "own");
    git(
        &workspace.path,
        &["merge", "-q", "--no-ff", other.commit.as_str()],
    );
    let old = fixture.rev("refs/heads/worktree-ENG-1");
    let base = fixture.advance("c.txt", "c\n");
    let fresh = fixture.moved(&workspace).await;
    assert_eq!(fixture.rev("refs/heads/worktree-ENG-1^1"), old);
    assert_eq!(fixture.rev("refs/heads/worktree-ENG-1^2"), base);
    assert_eq!(fresh.work_base, base);
    clean(&fresh);
    assert!(!fixture.has("refs/sprint/rescue"));
}

#[tokio::test]
async fn merged_dependencies_stay_merged_and_may_clash_with_base() {
    let fixture = Fixture::new().await;
    let dependency = fixture.ticket("ENG-2", &[("dep.txt", "1\n")]).await;
    let mut spec = fixture.spec("ENG-1");
    spec.dependencies = vec![(dependency.ticket.clone(), dependency.commit.clone())];
    let workspace = fixture.open(&spec).await;
    write(&workspace.path, "b.txt", "b\n");
    let before = fixture.collect(&workspace).await;
    let base = fixture.advance("c.txt", "c\n");
    let fresh = fixture.moved(&workspace).await;
    for inside in [
        &dependency.commit,
        &base,
        &workspace.work_base,
        &fresh.work_base,
    ] {
        let options = ["merge-base", "--is-ancestor", inside.as_str(), "HEAD"];
        git(&fresh.path, &options);
    }
    let after = fixture.collect(&fresh).await;
    assert_eq!(after.changed, before.changed);
    assert_eq!(after.commits, 2);

    fixture.advance("dep.txt", "2\n");
    let head = fixture.rev("refs/heads/worktree-ENG-1");
    let paths = vec![RepoPath::from("dep.txt")];
    assert_eq!(fixture.refresh(&fresh).await, Refreshed::Conflict { paths });
    assert_eq!(fixture.rev("refs/heads/worktree-ENG-1"), head);

    // Once base has the dependency, the work begins on base.
    git(&fixture.root, &["reset", "-q", "--hard", base.as_str()]);
    git(
        &fixture.root,
        &["merge", "-q", "--no-ff", dependency.commit.as_str()],
    );
    fixture.advance("d.txt", "d\n");
    git(
        &workspace.path,
        &["reset", "-q", "--hard", before.head.as_str()],
    );
    let fresh = fixture.moved(&fresh).await;
    assert_eq!(fixture.collect(&fresh).await.changed, before.changed);
}

#[tokio::test]
async fn what_base_has_already_is_left_out() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    fixture.advance("b.txt", "b\n");
    let empty = ["commit", "-q", "--allow-empty", "-m", "on purpose"];
    git(&workspace.path, &empty);
    let fresh = fixture.moved(&workspace).await;
    let range = format!("{}..HEAD", fresh.base);
    let subjects = git(&fresh.path, &["log", "--format=%s", &range]);
    assert_eq!(subjects, "on purpose\nsecond");
}

#[tokio::test]
async fn uncommitted_work_and_conflicts_leave_everything_as_it_is() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    let refused = async |what: &str| {
        let before = fixture.fingerprint(&[]);
        let refreshed = fixture
            .vcs
            .refresh(&spec(&workspace, &fixture.head()))
            .await;
        let error = refreshed.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{what}");
        assert_eq!(fixture.fingerprint(&[]), before, "{what}");
        error
            .chain()
            .replace(&fixture.root.display().to_string(), "/project")
    };
    write(&workspace.path, "stray.txt", "untracked\n");
    insta::assert_snapshot!(refused("untracked").await, @r#"failed to bring up to date worktree-ENG-1: /project/.claude/worktrees/ENG-1 has uncommitted changes, such as "stray.txt""#);
    git(&workspace.path, &["add", "stray.txt"]);
    refused("staged").await;
    git(&workspace.path, &["rm", "-q", "-f", "stray.txt"]);
    write(&workspace.path, "b.txt", "changed\n");
    refused("changed").await;
    git(&workspace.path, &["checkout", "-q", "b.txt"]);

    let conflicting = fixture.advance("a.txt", "clash\n");
    let before = fixture.fingerprint(&[]);
    let paths = vec![RepoPath::from("a.txt")];
    assert_eq!(
        fixture.refresh(&workspace).await,
        Refreshed::Conflict { paths }
    );
    assert_eq!(fixture.fingerprint(&[]), before);
    clean(&workspace);

    let mut rebase = command(&workspace.path, &["rebase", "-q", conflicting.as_str()]);
    assert!(!rebase.output().unwrap().status.success());
    let text = refused("a rebase in progress").await;
    assert!(text.contains("a rebase of worktree-ENG-1"), "{text}");
    git(&workspace.path, &["rebase", "--abort"]);
    let mut merge = command(&workspace.path, &["merge", "-q", conflicting.as_str()]);
    assert!(!merge.output().unwrap().status.success());
    insta::assert_snapshot!(refused("a merge in progress").await, @"failed to bring up to date worktree-ENG-1: /project/.claude/worktrees/ENG-1 is in the middle of a merge");
}

/// An agent that was told about a conflict may have brought base in by itself.
#[tokio::test]
async fn a_base_that_was_brought_in_by_hand_does_not_count_as_the_tickets_work() {
    for (how, commits) in [("rebase", 2), ("merge", 3)] {
        let fixture = Fixture::new().await;
        let workspace = stale(&fixture).await;
        fixture.advance("c.txt", "c\n");
        git(&workspace.path, &[how, "-q", "main"]);
        let head = fixture.rev("refs/heads/worktree-ENG-1");
        let fresh = fixture.moved(&workspace).await;
        assert_eq!(fresh.work_base, fixture.head(), "{how}");
        let collected = fixture.collect(&fresh).await;
        assert_eq!(collected.head, head, "{how}");
        let changed: Vec<_> = collected
            .changed
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(changed, ["a.txt", "b.txt"], "{how}");
        assert_eq!(collected.commits, commits, "{how}");
        assert_eq!(fixture.refresh(&fresh).await, Refreshed::Current, "{how}");
    }
}

/// Only what is recorded moves then, and what nobody committed stays.
#[tokio::test]
async fn a_base_that_was_brought_in_by_hand_costs_no_uncommitted_work() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    let base = fixture.advance("c.txt", "c\n");
    git(&workspace.path, &["merge", "-q", "main"]);
    write(&workspace.path, "b.txt", "not committed\n");
    write(&workspace.path, "new.txt", "nor this\n");
    let refreshed = fixture.vcs.refresh(&spec(&workspace, &base)).await;
    let status = git(&workspace.path, &["status", "--porcelain"]);
    assert_eq!(status, " M b.txt\n?? new.txt", "{refreshed:?}");
    assert_eq!(refreshed.unwrap_err().kind(), ErrorKind::Conflict);
    fixture.collect(&workspace).await;
    assert_eq!(fixture.moved(&workspace).await.work_base, base);
}

#[tokio::test]
async fn refreshing_can_be_cut_off_at_every_call() {
    let mut cuts = 0;
    for stop in 1.. {
        let mut fixture = Fixture::new().await;
        let workspace = stale(&fixture).await;
        let script = scripted_git(&fixture);
        fixture
            .reopen(|config| config.program = script.clone())
            .await;
        let base = fixture.head();
        let was_cut = cut_off(&script, stop, async {
            let refreshed = fixture.vcs.refresh(&spec(&workspace, &base)).await;
            refreshed.unwrap();
        })
        .await;
        fixture.reopen(|_| {}).await;
        // Whoever comes first finds the branch whole: as it was, or moved.
        let collected = fixture.collect(&workspace).await;
        assert!([2, 3].contains(&collected.commits), "call {stop}");
        let fresh = fixture.moved(&workspace).await;
        assert_eq!(fresh.base, base, "call {stop}");
        clean(&fresh);
        let collected = fixture.collect(&fresh).await;
        assert_eq!((collected.commits, collected.changed.len()), (2, 2));
        assert_eq!(fixture.open(&fixture.spec("ENG-1")).await, fresh);
        assert_eq!(fixture.refresh(&fresh).await, Refreshed::Current);
        if !was_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 10, "{cuts}");
}

/// Cut off between the files and the branch, git leaves what looks like uncommitted work.
#[tokio::test]
async fn a_half_moved_worktree_is_moved_to_the_end() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    let old = fixture.rev("refs/heads/worktree-ENG-1");
    let fresh = fixture.moved(&workspace).await;
    let new = fixture.rev("refs/heads/worktree-ENG-1");
    git(&fresh.path, &["reset", "-q", "--soft", old.as_str()]);
    let note = format!("{old}\n{new}\n{0}\n{0}\n", fresh.base);
    write(&fixture.root, ".git/worktrees/ENG-1/sprint-refresh", &note);
    assert_eq!(fixture.collect(&fresh).await.head, new);
    clean(&fresh);
    // A note that speaks of something else changes nothing.
    let note = format!("{old}\n{old}\n{0}\n{0}\n", fresh.base);
    write(&fixture.root, ".git/worktrees/ENG-1/sprint-refresh", &note);
    assert_eq!(fixture.collect(&fresh).await.head, new);
    assert!(
        !fixture
            .root
            .join(".git/worktrees/ENG-1/sprint-refresh")
            .exists()
    );
}

#[tokio::test]
async fn a_base_without_a_common_ancestor_is_refused() {
    let fixture = Fixture::new().await;
    let workspace = stale(&fixture).await;
    git(&fixture.root, &["checkout", "-q", "--orphan", "apart"]);
    let apart = commit_all(&fixture.root, "apart");
    git(&fixture.root, &["checkout", "-q", "main"]);
    let before = fixture.fingerprint(&[]);
    let refused = fixture.vcs.refresh(&spec(&workspace, &apart)).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.chain().contains("no common ancestor"),
        "{}",
        error.chain()
    );
    assert_eq!(fixture.fingerprint(&[]), before);
    let gone = CommitId::new("f".repeat(40)).unwrap();
    let refused = fixture.vcs.refresh(&spec(&workspace, &gone)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
}
