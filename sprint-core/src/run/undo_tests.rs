use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn ids(names: &str) -> Vec<TicketId> {
    let names = names.split_whitespace();
    names.map(|name| TicketId::new(name).unwrap()).collect()
}

/// `A: B C` is read as: B and C depend on A.
fn graph(lines: &str) -> BTreeMap<TicketId, Vec<TicketId>> {
    let rows = lines.split(", ").filter_map(|row| row.split_once(':'));
    rows.map(|(on, dependents)| (TicketId::new(on).unwrap(), ids(dependents)))
        .collect()
}

fn check(ticket: &str, dependents: &str, merged: &str, expected: &str) {
    let (ticket, graph) = (TicketId::new(ticket).unwrap(), graph(dependents));
    let dependents = |id: &TicketId| graph.get(id).map_or(&[][..], Vec::as_slice);
    let found = closure(&ticket, dependents, &ids(merged));
    assert_eq!(found, ids(expected), "{ticket} of {merged}");
}

#[test]
fn what_depends_on_it_goes_first() {
    check("A", "", "A", "A");
    check("A", "A: B", "A B C", "B A");
    check("B", "A: B", "A B C", "B");
    check("A", "A: B C, B: D, C: D", "A C B D E", "D B C A");
}

#[test]
fn only_what_is_merged_goes() {
    check("A", "A: B C", "A C", "C A");
    // Whatever became of the one in between, the last one builds on the first.
    check("A", "A: B, B: C", "A C", "C A");
    check("A", "A: B", "B", "B");
    check("A", "", "B", "");
}

fn merged(name: &str, commit: char) -> Merged {
    Merged {
        ticket: TicketId::new(name).unwrap(),
        commit: self::commit(commit),
        tree: TreeId::new(commit.to_string().repeat(40)).unwrap(),
        resolved: Vec::new(),
    }
}

fn commit(digit: char) -> CommitId {
    CommitId::new(digit.to_string().repeat(40)).unwrap()
}

/// A and B are being taken back from base `0`.
fn run(way: Way) -> UndoRun {
    let input = |ticket: TicketId| RevertInput {
        ticket,
        commit: commit('f'),
        subject: String::new(),
    };
    let asked = TicketId::new("A").unwrap();
    let commits = ids("B A").into_iter().map(input).collect();
    UndoRun::new(way, asked, 7, Timestamp::default(), commit('0'), commits)
}

fn made(chain: &[Merged]) -> Reverted {
    let last = chain.last().unwrap();
    Reverted {
        tip: last.commit.clone(),
        tree: last.tree.clone(),
        merged: chain.to_vec(),
        conflict: None,
    }
}

fn red() -> Verdict {
    let kind = crate::domain::verdict::FindingKind::TestFailure;
    let finding = crate::domain::verdict::Finding::blocking(kind, "boom".to_owned());
    Verdict::fail(vec![finding])
}

/// Up to the gate.
fn gating(way: Way) -> UndoRun {
    let mut run = run(way);
    let chain = [merged("B", '1'), merged("A", '2')];
    assert_eq!(run.reverted(made(&chain)), None);
    run
}

#[test]
fn every_step_has_a_number_of_its_own() {
    let mut run = run(Way::Back);
    assert_eq!(run.wanted(), Some((Step::Revert, 8)));
    run.reverted(made(&[merged("B", '1'), merged("A", '2')]));
    assert_eq!(run.wanted(), Some((Step::Gate, 9)));
    run.gated(red());
    assert_eq!(run.wanted(), Some((Step::Gate, 10)));
    run.gated(Verdict::pass());
    run.gated(Verdict::pass());
    assert_eq!(run.wanted(), Some((Step::Land, 12)));
    assert_eq!(run.landed(Landed::Yes), Some(End::Done));
    let [b, a] = <[TicketId; 2]>::try_from(ids("B A")).unwrap();
    assert_eq!(run.made(), [(b, Some(commit('1'))), (a, Some(commit('2')))]);
}

#[test]
fn a_gate_is_red_once_it_was_red_twice() {
    for (way, text) in [
        (Way::Back, "base without it fails the gate: boom"),
        (Way::Again, "base with it fails the gate: boom"),
    ] {
        let mut run = gating(way);
        assert_eq!(run.gated(red()), None);
        assert_eq!(run.gated(red()), Some(End::Refused(text.into())));
    }
}

#[test]
fn a_clash_is_refused_with_its_files() {
    let mut run = run(Way::Back);
    let mut clash = made(&[merged("B", '1')]);
    let paths = ["a.txt", "b c"].map(crate::domain::path::RepoPath::from);
    clash.conflict = Some((TicketId::new("A").unwrap(), paths.to_vec()));
    let text = "A clashes with what is on base now, in a.txt, b c";
    assert_eq!(run.reverted(clash), Some(End::Refused(text.into())));
}

#[test]
fn what_base_has_lost_already_needs_no_gate() {
    let mut run = run(Way::Back);
    let chain = [merged("B", '0'), merged("A", '0')];
    assert_eq!(run.reverted(made(&chain)), Some(End::Done));
    assert!(run.made().iter().all(|(_, commit)| commit.is_none()));
    // One of two.
    let mut run = self::run(Way::Back);
    let chain = [merged("B", '0'), merged("A", '1')];
    assert_eq!(run.reverted(made(&chain)), None);
    let made: Vec<_> = run.made().into_iter().map(|(_, commit)| commit).collect();
    assert_eq!(made, [None, Some(commit('1'))]);
}

#[test]
fn a_base_that_moves_on_is_followed_twice() {
    let mut run = gating(Way::Back);
    for (round, base) in [(2, '3'), (3, '4')] {
        assert_eq!(run.gated(Verdict::pass()), None);
        assert_eq!(run.landed(Landed::BaseMoved(commit(base))), None);
        assert_eq!((run.round, &run.base), (round, &commit(base)));
        assert_eq!(run.task, UndoTask::Revert);
        run.reverted(made(&[merged("B", '5'), merged("A", '6')]));
    }
    run.gated(Verdict::pass());
    let end = run.landed(Landed::BaseMoved(commit('7')));
    assert_eq!(end, Some(End::Refused("base moved away 3 times".into())));
}

#[test]
fn a_checkout_in_the_way_is_said() {
    let mut run = gating(Way::Back);
    run.gated(Verdict::pass());
    let end = run.landed(Landed::CheckoutInTheWay("commit your changes".into()));
    assert_eq!(end, Some(End::Refused("commit your changes".into())));
}

proptest! {
    /// The answer is closed under dependence, has nothing else in it, and nothing in it is taken
    /// back before what was merged on top of it.
    #[test]
    fn nothing_is_left_that_builds_on_what_goes(
        edges in proptest::collection::vec((0usize..12, 0usize..12), 0..30),
        count in 1usize..12,
        first in 0usize..12,
    ) {
        let all: Vec<_> = (0..12).map(|n| TicketId::new(format!("T-{n}")).unwrap()).collect();
        let mut graph = BTreeMap::<TicketId, Vec<TicketId>>::new();
        // Cycles, too: a plan has none, and this must end nevertheless.
        for (on, dependent) in edges {
            graph.entry(all[on].clone()).or_default().push(all[dependent].clone());
        }
        let merged = &all[..count];
        let dependents = |id: &TicketId| graph.get(id).map_or(&[][..], Vec::as_slice);
        let gone = closure(&all[first], dependents, merged);
        prop_assert_eq!(gone.contains(&all[first]), first < count);
        for id in &gone {
            for dependent in dependents(id) {
                prop_assert_eq!(gone.contains(dependent), merged.contains(dependent));
            }
        }
        let at = |id: &TicketId| merged.iter().position(|merged| merged == id);
        prop_assert!(gone.windows(2).all(|pair| at(&pair[0]) > at(&pair[1])));
        // Nothing goes without a reason.
        let reason = |id: &TicketId| {
            let mut reached = vec![&all[first]];
            for _ in 0..all.len() {
                let more: Vec<_> = reached.iter().flat_map(|id| dependents(id)).collect();
                reached.extend(more);
                reached.sort();
                reached.dedup();
            }
            reached.contains(&id)
        };
        prop_assert!(gone.iter().all(reason));
    }
}
