//! Conflicts: where a resolver begins, and what is remembered.

use std::fs;

use sprint_core::domain::merge::{Clash, MergeInput, Resolution};
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::workspace::Workspace;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::Vcs;

use crate::support::{Fixture, commit_all, git, open, sprint, write};

/// Makes a ticket's work with a function that may do more than write files.
async fn ticket(fixture: &Fixture, ticket: &str, work: impl FnOnce(&Workspace)) -> MergeInput {
    let mut input = fixture.ticket(ticket, &[]).await;
    let workspace = fixture.open(&fixture.spec(ticket)).await;
    work(&workspace);
    input.commit = fixture.collect(&workspace).await.head;
    input
}

/// The one conflict of merging tickets onto base.
async fn clash(fixture: &Fixture, inputs: &[MergeInput]) -> Clash {
    let mut combined = fixture.combine(&fixture.head(), inputs).await;
    assert_eq!(combined.conflicts.len(), 1, "{:?}", combined.conflicts);
    combined.conflicts.remove(0)
}

/// Resolves a conflict in a workspace of its own.
async fn resolve(fixture: &Fixture, clash: &Clash, work: impl FnOnce(&Workspace)) -> Resolution {
    let mut spec = fixture.spec("RESOLVER");
    spec.base = clash.marked.clone();
    let workspace = fixture.open(&spec).await;
    work(&workspace);
    let resolved = fixture.collect(&workspace).await.head;
    Resolution {
        clash: clash.clone(),
        resolved,
    }
}

fn show(fixture: &Fixture, what: &str) -> String {
    git(&fixture.root, &["show", what])
}

#[tokio::test]
async fn marked_commits_have_both_sides_and_are_kept_until_the_end() {
    let fixture = Fixture::new().await;
    let inputs = [
        fixture
            .ticket("ENG-1", &[("a.txt", "ONE\ntwo\nthree\n")])
            .await,
        fixture
            .ticket("ENG-2", &[("a.txt", "uno\ntwo\nthree\n")])
            .await,
    ];
    let clash = clash(&fixture, &inputs).await;
    let marked = clash.marked.as_str();
    insta::assert_snapshot!(show(&fixture, &format!("{marked}:a.txt")), @r"
    <<<<<<< ours
    ONE
    =======
    uno
    >>>>>>> ENG-2
    two
    three
    ");
    let parents = git(&fixture.root, &["log", "-1", "--format=%P %s", marked]);
    let expected = format!("{} {} conflict: ENG-2", clash.ours, clash.theirs);
    assert_eq!(parents, expected);
    assert_eq!(clash.ancestor, fixture.head());
    assert_eq!(self::clash(&fixture, &inputs).await, clash);
    let refs = "refs/sprint/sprint-20260131-090500/marked/";
    assert!(fixture.has(refs));
    fixture.vcs.tidy(&sprint()).await.unwrap();
    assert!(!fixture.has(refs));
}

/// Kinds of conflict without markers: both contents are in the tree, where there is a place.
#[tokio::test]
async fn what_cannot_be_marked_is_there_beside_each_other() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "logo.bin", "\0base\n");
    write(&fixture.root, "gone.txt", "one\ntwo\nthree\n");
    write(&fixture.root, "kind.txt", "kind\n");
    commit_all(&fixture.root, "more");
    let ours = ticket(&fixture, "ENG-1", |workspace| {
        write(&workspace.path, "logo.bin", "\0ours\n");
        fs::remove_file(workspace.path.join("gone.txt")).unwrap();
        fs::remove_file(workspace.path.join("kind.txt")).unwrap();
        write(&workspace.path, "kind.txt/inside", "a directory\n");
    })
    .await;
    let theirs = ticket(&fixture, "ENG-2", |workspace| {
        write(&workspace.path, "logo.bin", "\0theirs\n");
        write(&workspace.path, "gone.txt", "one\ntwo\nthree\nfour\n");
        write(&workspace.path, "kind.txt", "a file\n");
    })
    .await;
    let clash = clash(&fixture, &[ours, theirs]).await;
    let marked = clash.marked.as_str();
    let list = git(&fixture.root, &["ls-tree", "-r", "--name-only", marked]);
    insta::assert_snapshot!(list, @r"
    .gitignore
    a.txt
    gone.txt
    kind.txt/inside
    kind.txt~ENG-2
    logo.bin
    logo.bin~ENG-2
    src/lib.rs
    ");
    assert_eq!(
        show(&fixture, &format!("{marked}:logo.bin~ENG-2")),
        "\0theirs"
    );
    assert_eq!(
        show(&fixture, &format!("{marked}:kind.txt~ENG-2")),
        "a file"
    );

    // Names made up for this are not to be left.
    let left = resolve(&fixture, &clash, |_| {}).await;
    let refused = fixture.vcs.remember(&left).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_resolution_is_taken_with_everything_that_belongs_to_it() {
    let mut fixture = Fixture::new().await;
    write(&fixture.root, "use.txt", "one\n");
    commit_all(&fixture.root, "more");
    let inputs = [
        fixture
            .ticket("ENG-1", &[("a.txt", "ONE\ntwo\nthree\n")])
            .await,
        fixture
            .ticket("ENG-2", &[("a.txt", "uno\ntwo\nthree\n")])
            .await,
        fixture.ticket("ENG-3", &[("c.txt", "c\n")]).await,
        fixture.ticket("ENG-4", &[("use.txt", "other\n")]).await,
    ];
    let clash = clash(&fixture, &inputs[..2]).await;
    let resolution = resolve(&fixture, &clash, |workspace| {
        write(&workspace.path, "a.txt", "ONE uno\ntwo\nthree\n");
        write(&workspace.path, "use.txt", "ONE uno\n");
        write(&workspace.path, "new.txt", "new\n");
    })
    .await;
    fixture.vcs.remember(&resolution).await.unwrap();
    git(&fixture.root, &["gc", "--quiet", "--prune=now"]);

    // Another process, another sprint, another order, something else before it.
    fixture.vcs = open(&fixture.root, "main").await;
    for order in [vec![0, 1], vec![2, 0, 1], vec![1, 0], vec![0, 2, 1]] {
        let inputs: Vec<_> = order.iter().map(|at| inputs[*at].clone()).collect();
        let combined = fixture.combine(&fixture.head(), &inputs).await;
        assert_eq!(combined.conflicts, [], "{order:?}");
        let tip = combined.tip.as_str();
        for (path, text) in [
            ("a.txt", "ONE uno\ntwo\nthree"),
            ("use.txt", "ONE uno"),
            ("new.txt", "new"),
        ] {
            assert_eq!(show(&fixture, &format!("{tip}:{path}")), text, "{order:?}");
        }
        let resolved: Vec<_> = combined.merged.iter().flat_map(|m| &m.resolved).collect();
        assert_eq!(resolved, [&RepoPath::from("a.txt")]);
        let second = &combined.merged.last().unwrap();
        let parents = git(
            &fixture.root,
            &["log", "-1", "--format=%P", second.commit.as_str()],
        );
        assert_eq!(parents.split(' ').count(), 2);
    }
    // A file that was changed along with it is not as it was.
    let inputs = [inputs[3].clone(), inputs[0].clone(), inputs[1].clone()];
    let combined = fixture.combine(&fixture.head(), &inputs).await;
    assert_eq!(combined.conflicts.len(), 1);
}

#[tokio::test]
async fn a_resolution_of_more_files_helps_where_fewer_clash_and_not_the_other_way_round() {
    let fixture = Fixture::new().await;
    write(&fixture.root, "b.txt", "one\ntwo\n");
    commit_all(&fixture.root, "more");
    let one = fixture.ticket("ENG-1", &[("a.txt", "ONE\n")]).await;
    let two = fixture.ticket("ENG-2", &[("b.txt", "TWO\n")]).await;
    let both = fixture
        .ticket("ENG-3", &[("a.txt", "x\n"), ("b.txt", "y\n")])
        .await;
    let only_first = clash(&fixture, &[one.clone(), both.clone()]).await;
    let resolution = resolve(&fixture, &only_first, |workspace| {
        write(&workspace.path, "a.txt", "ONE x\n");
    })
    .await;
    fixture.vcs.remember(&resolution).await.unwrap();
    let inputs = [one.clone(), two.clone(), both.clone()];
    let clash = clash(&fixture, &inputs).await;
    assert_eq!(clash.paths.len(), 2);

    let mut spec = fixture.spec("RESOLVER");
    (spec.base, spec.generation) = (clash.marked.clone(), 2);
    let workspace = fixture.open(&spec).await;
    write(&workspace.path, "a.txt", "both\n");
    fs::remove_file(workspace.path.join("b.txt")).unwrap();
    let resolved = fixture.collect(&workspace).await.head;
    let resolution = Resolution { clash, resolved };
    fixture.vcs.remember(&resolution).await.unwrap();
    let combined = fixture.combine(&fixture.head(), &inputs).await;
    let list = git(
        &fixture.root,
        &["ls-tree", "--name-only", combined.tip.as_str()],
    );
    assert!(!list.contains("b.txt"), "{list}");
    // Where fewer clash, the resolution of exactly these comes first.
    for (other, path, text) in [(one, "a.txt", "ONE x"), (two, "a.txt", "x")] {
        let combined = fixture
            .combine(&fixture.head(), &[other, both.clone()])
            .await;
        assert_eq!(combined.conflicts, []);
        let tip = combined.tip.as_str();
        assert_eq!(show(&fixture, &format!("{tip}:{path}")), text);
    }
}

#[tokio::test]
async fn only_a_resolved_conflict_can_be_remembered() {
    let fixture = Fixture::new().await;
    let inputs = [
        fixture
            .ticket("ENG-1", &[("a.txt", "ONE\ntwo\nthree\n")])
            .await,
        fixture
            .ticket("ENG-2", &[("a.txt", "uno\ntwo\nthree\n")])
            .await,
    ];
    let clash = clash(&fixture, &inputs).await;
    let half = resolve(&fixture, &clash, |workspace| {
        write(&workspace.path, "a.txt", "ONE\nuno\n>>>>>>> ENG-2\ntwo\n");
    })
    .await;
    let elsewhere = Resolution {
        clash: clash.clone(),
        resolved: fixture.head(),
    };
    for refused in [half, elsewhere] {
        let error = fixture.vcs.remember(&refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert!(!fixture.has("refs/sprint/resolutions"));
}
