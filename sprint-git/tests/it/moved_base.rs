//! Base that somebody moved to a ticket's work.

use sprint_core::domain::merge::Landed;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, commit_all, git, leftovers, write};
use crate::watch::told;

/// Base at the work of a ticket that nobody verified.
#[tokio::test]
async fn base_moved_to_a_ticket_is_refused_until_it_is_opened_again() {
    let mut fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    let work = commit_all(&workspace.path, "work");
    git(
        &workspace.path,
        &["update-ref", "refs/heads/main", work.as_str()],
    );
    // That another ticket lands on it does not make it right.
    git(&fixture.root, &["reset", "-q", "--hard"]);
    let other = fixture.ticket("ENG-2", &[("c.txt", "c\n")]).await;
    let combined = fixture.combine(&work, &[other]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
    let told = told(&fixture, &refused.unwrap_err());
    let told = told.replace(work.as_str(), "{work}");
    let told = told.replace(fixture.head().as_str(), "{base}");
    insta::assert_snapshot!(told, @"main is at {base}, which holds {work}, work of a ticket that nobody verified: an agent moved main or brought its branch forward to it, or somebody merged the branch by hand; look at it, and move main back with `git update-ref`, or accept it by starting again");
    fixture.reopen(|_| {}).await;
    assert_eq!(fixture.collect(&workspace).await.commits, 1);
}

/// A person who merges the branch by hand is told, too.
#[tokio::test]
async fn a_branch_merged_by_hand_is_refused() {
    let fixture = Fixture::new().await;
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    write(&workspace.path, "b.txt", "b\n");
    fixture.collect(&workspace).await;
    write(&fixture.root, "c.txt", "c\n");
    commit_all(&fixture.root, "by hand");
    let branch = workspace.branch.as_str();
    git(&fixture.root, &["merge", "-q", "-m", "by hand", branch]);
    let refused = fixture.vcs.collect(&workspace, &leftovers()).await;
    told(&fixture, &refused.unwrap_err());
}

/// Where base holds a head for other reasons, nothing is wrong.
#[tokio::test]
async fn what_base_holds_rightly_is_collected() {
    let fixture = Fixture::new().await;
    let [first, empty] = ["ENG-1", "ENG-2"].map(|ticket| fixture.spec(ticket));
    let (first, empty) = (fixture.open(&first).await, fixture.open(&empty).await);
    let input = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let mut dependent = fixture.spec("ENG-3");
    dependent.dependencies = vec![(input.ticket.clone(), input.commit.clone())];
    let dependent = fixture.open(&dependent).await;
    let combined = fixture.combine(&fixture.head(), &[input]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    // It landed through us.
    assert_eq!(fixture.collect(&first).await.commits, 1);
    // No work on a base that moved on.
    assert_eq!(fixture.collect(&empty).await.commits, 0);
    assert_eq!(fixture.collect(&dependent).await.commits, 0);
    // An agent brought base into its branch, first without and then with work of its own.
    git(&empty.path, &["merge", "-q", "--ff-only", "main"]);
    assert_eq!(fixture.collect(&empty).await.head, fixture.head());
    write(&empty.path, "c.txt", "c\n");
    fixture.collect(&empty).await;
    write(&fixture.root, "d.txt", "d\n");
    commit_all(&fixture.root, "by hand");
    git(&empty.path, &["merge", "-q", "-m", "base", "main"]);
    fixture.collect(&empty).await;
}
