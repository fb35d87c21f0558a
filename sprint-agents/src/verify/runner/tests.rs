use super::*;

#[test]
fn names_are_cleaned_and_cut() {
    let mut names = Names::default();
    names.add(" a\u{7}b\u{202e}c\t ");
    names.add(&"x".repeat(MAX_NAME + 1));
    names.add("\u{200b}");
    names.add("");
    let names: Vec<String> = names.into_set().into_iter().collect();
    assert_eq!(names, ["abc".to_owned(), "x".repeat(MAX_NAME)]);
}

#[test]
fn which_names_stay_does_not_depend_on_their_order() {
    let all: Vec<String> = (0..MAX_FAILING + 50).map(|n| format!("{n:04}")).collect();
    let (mut forward, mut backward, mut moved) =
        (Names::default(), Names::default(), Names::default());
    all.iter().for_each(|name| forward.add(name));
    all.iter().rev().for_each(|name| backward.add(name));
    for name in &all {
        let mut one = Names::default();
        one.add(name);
        moved.take(&mut one);
    }
    let expect: BTreeSet<String> = all[..MAX_FAILING].iter().cloned().collect();
    assert_eq!(forward.into_set(), expect);
    assert_eq!(backward.into_set(), expect);
    assert_eq!(moved.into_set(), expect);
}

#[test]
fn a_lone_line_beside_another_summary_is_not_believed() {
    let one = Tally {
        passed: 1,
        ..Tally::default()
    };
    let (lone, counted) = (Outcome::Lone(one), Outcome::Counted(one));
    assert_eq!(Outcome::Absent.and(lone), lone);
    assert_eq!(lone.and(counted), Outcome::Uncounted);
    assert_eq!(counted.and(lone), Outcome::Uncounted);
    assert_eq!(lone.and(lone), Outcome::Uncounted);
    assert_eq!(counted.and(counted), Outcome::Counted(one.plus(one)));
    assert_eq!(counted.and(Outcome::Uncounted), Outcome::Uncounted);
}

#[test]
fn only_durations_are_cut_from_names() {
    for (text, expect) in [
        ("a (5 ms)", "a"),
        ("a (x ms)", "a (x ms)"),
        ("a (5 ms) b", "a (5 ms) b"),
        ("(5ms)", "(5ms)"),
    ] {
        assert_eq!(without_duration(text, [" (", "ms)"]), expect, "{text}");
    }
    assert_eq!(without_duration("a [< 1 ms]", [" [", "s]"]), "a");
}
