//! Predictions: which branches clash.

use std::collections::BTreeMap;

use sprint_core::domain::merge::MergeInput;
use sprint_core::domain::path::RepoPath;
use sprint_core::domain::probe::{PairProbe, Probe, ProbeSpec};
use sprint_core::id::{CommitId, TicketId};
use sprint_core::ports::Vcs;

use crate::differential::ask_git;
use crate::histories::make;
use crate::support::{Fixture, commit_all, git, write};

async fn probe(fixture: &Fixture, base: &CommitId, inputs: &[MergeInput]) -> Probe {
    let branch = |input: &MergeInput| (input.ticket.clone(), input.commit.clone());
    let spec = ProbeSpec {
        base: base.clone(),
        branches: inputs.iter().map(branch).collect(),
    };
    fixture.vcs.probe(&spec).await.unwrap()
}

/// Pairs are judged as git judges them when one is merged after the other.
#[tokio::test]
async fn verdicts_are_those_of_merging_pairwise_with_git() {
    let fixture = Fixture::new().await;
    let (mut verdicts, mut clashes, mut differences) = (0, 0, Vec::new());
    for history in make(&fixture.root, 5_001..=5_016, 10) {
        let (base, branches) = history.branches.split_first().unwrap();
        let input = |(at, commit): (usize, &CommitId)| MergeInput {
            ticket: TicketId::new(format!("T-{at}")).unwrap(),
            commit: commit.clone(),
            subject: "merge".into(),
        };
        let inputs: Vec<_> = branches.iter().enumerate().map(input).collect();
        let probe = probe(&fixture, base, &inputs).await;
        let mut on_base = Vec::new();
        for input in &inputs {
            let combined = fixture.combine(base, std::slice::from_ref(input)).await;
            let clash = !combined.conflicts.is_empty();
            verdicts += 1;
            clashes += usize::from(clash);
            if clash != probe.against_base.contains_key(&input.ticket) {
                differences.push((history.seed, input.ticket.clone(), None));
            } else if !clash {
                on_base.push((input.ticket.clone(), combined.tip));
            }
        }
        let mut asked = Vec::new();
        for (at, a) in on_base.iter().enumerate() {
            asked.extend(on_base[at + 1..].iter().map(|b| (a, b)));
        }
        let commits: Vec<_> = asked.iter().map(|(a, b)| [&a.1, &b.1]).collect();
        let answers = ask_git(&fixture.root, &commits);
        for (((a, _), (b, _)), verdict) in asked.into_iter().zip(answers) {
            let Some(verdict) = verdict else { continue };
            let found = probe.pairs.iter().find(|p| p.a == *a && p.b == *b);
            let predicted = found.is_some_and(|pair| !pair.clashes.is_empty());
            verdicts += 1;
            clashes += usize::from(!verdict.clean);
            if predicted == verdict.clean {
                differences.push((history.seed, a.clone(), Some(b.clone())));
            }
        }
    }
    println!("{verdicts} verdicts, {clashes} clash, other: {differences:?}");
    assert!(verdicts > 250 && clashes > 100, "{verdicts} {clashes}");
    // As with single merges, where whole directories are renamed.
    assert!(differences.len() * 40 < verdicts, "{differences:?}");
}

#[tokio::test]
async fn shared_files_overlap_only_where_lines_meet() {
    let fixture = Fixture::new().await;
    let lines = |changed: &[usize]| -> String {
        let line = |n| match changed.contains(&n) {
            true => format!("changed {n}\n"),
            false => format!("line {n}\n"),
        };
        (1..40).map(line).collect()
    };
    write(&fixture.root, "long.txt", &lines(&[]));
    let base = commit_all(&fixture.root, "long");
    let inputs = [
        fixture.ticket("A", &[("long.txt", &lines(&[3]))]).await,
        fixture.ticket("B", &[("long.txt", &lines(&[30]))]).await,
        fixture.ticket("C", &[("long.txt", &lines(&[4]))]).await,
        fixture.ticket("D", &[("else.txt", "else\n")]).await,
    ];
    let probe = probe(&fixture, &base, &inputs).await;
    let long = vec![RepoPath::from("long.txt")];
    let pair = |a: &str, b: &str, meets: bool| PairProbe {
        a: TicketId::new(a).unwrap(),
        b: TicketId::new(b).unwrap(),
        shared: long.clone(),
        overlapping: if meets { long.clone() } else { Vec::new() },
        clashes: if meets { long.clone() } else { Vec::new() },
    };
    let expected = [
        pair("A", "B", false),
        pair("A", "C", true),
        pair("B", "C", false),
    ];
    assert_eq!(probe.pairs, expected);
    assert_eq!(probe.against_base, BTreeMap::new());
}

#[tokio::test]
async fn trying_leaves_nothing_behind_and_is_not_done_twice() {
    let fixture = Fixture::new().await;
    let mut inputs = Vec::new();
    for ticket in ["A", "B", "C", "D"] {
        let text = format!("one\ntwo\n{ticket}\n");
        let new = format!("{ticket}.txt");
        inputs.push(
            fixture
                .ticket(ticket, &[("a.txt", &text), (&new, "new\n")])
                .await,
        );
    }
    write(&fixture.root, "later.txt", "later\n");
    let base = commit_all(&fixture.root, "later");
    let before = (
        fixture.fingerprint(&[]),
        git(&fixture.root, &["count-objects"]),
    );
    let first = probe(&fixture, &base, &inputs).await;
    assert_eq!((first.merges, first.pairs.len()), (4 + 6, 6));
    let after = (
        fixture.fingerprint(&[]),
        git(&fixture.root, &["count-objects"]),
    );
    assert_eq!(before, after);

    // One branch moved: it is merged onto base, and with each of the others.
    let mut moved = inputs.clone();
    moved[1] = fixture
        .ticket("B2", &[("a.txt", "uno\ntwo\nthree\n")])
        .await;
    moved[1].ticket = inputs[1].ticket.clone();
    let second = probe(&fixture, &base, &moved).await;
    // Its workspace was made on the new base, so that it is there already.
    assert_eq!(second.merges, 3);
    let clashing = |probe: &Probe| probe.pairs.iter().filter(|p| !p.clashes.is_empty()).count();
    assert_eq!((clashing(&first), clashing(&second)), (6, 3));
    // What was known of the branch as it was before still is.
    assert_eq!(probe(&fixture, &base, &inputs).await.merges, 0);
    assert_eq!(probe(&fixture, &base, &inputs).await.pairs, first.pairs);
}
