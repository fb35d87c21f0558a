//! Taking back, and what stays.

use local_linear::{Fault, When};

use super::*;

fn built() -> (Scene, CheckedDraft, CreatedPlan) {
    let scene = Scene::new();
    let draft = small();
    let created = scene.create(&draft).unwrap();
    (scene, draft, created)
}

fn lines(taken: &TakenBack) -> String {
    let lines: Vec<_> = taken.survivors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn f36_what_was_built_is_taken_back_and_nothing_else() {
    let (scene, draft, _) = built();
    let taken = scene.take_back().unwrap();
    assert_eq!(taken.survivors, []);
    // 6 tickets, 4 relations, 1 project.
    assert_eq!(taken.gone, 11);
    scene.assert_empty();
    // Once more changes nothing, and the plan can be built anew, under new ids.
    assert_eq!(scene.take_back().unwrap(), taken);
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
    scene.take_back().unwrap();
    scene.assert_empty();
}

#[test]
fn what_others_have_touched_stays_with_its_parents_and_is_told() {
    let (scene, draft, created) = built();
    let linear = &scene.fixture.linear;
    comment_by_another(&scene, &created.tickets[&key("a1x")].uuid);
    let person = linear.add_user("Another");
    linear.move_issue(
        &created.tickets[&key("b")].uuid,
        &scene.fixture.state("In Progress"),
        local_linear::Actor::User(person),
    );
    let taken = scene.take_back().unwrap();
    insta::assert_snapshot!(lines(&taken), @"
    Sign in (https://linear.app/local/project/69401d283c54): it holds T-8, which stays
    T-3 (https://linear.app/local/issue/T-3): it is the parent of an issue that stays
    T-4 (https://linear.app/local/issue/T-4): somebody moved it to In Progress
    T-5 (https://linear.app/local/issue/T-5): it is the parent of an issue that stays
    T-8 (https://linear.app/local/issue/T-8): others have commented on it
    a blocks b: it connects tickets that stay
    ");
    let titles: BTreeSet<_> = scene.ours().into_iter().map(|issue| issue.title).collect();
    let stays = ["Ticket a", "Ticket a1", "Ticket a1x", "Ticket b"];
    assert_eq!(titles, stays.map(String::from).into());
    scene.assert_others_untouched();
    // What was taken back can be built again.
    linear.move_issue(
        &created.tickets[&key("b")].uuid,
        &scene.fixture.state("Todo"),
        local_linear::Actor::Bot("Undo".into()),
    );
    scene.create(&draft).unwrap();
    scene.assert_holds(&draft);
}

#[test]
fn an_issue_below_ours_that_is_not_ours_keeps_its_parent() {
    let (scene, _, created) = built();
    let parent = &created.tickets[&key("b1")].uuid;
    scene.fixture.linear.add_issue(NewIssue {
        parent: Some(parent.clone()),
        ..NewIssue::new(&scene.fixture.team, "Found on the way")
    });
    let taken = scene.take_back().unwrap();
    insta::assert_snapshot!(lines(&taken), @"
    Sign in (https://linear.app/local/project/69401d283c54): it holds T-7, which stays
    T-4 (https://linear.app/local/issue/T-4): it is the parent of an issue that stays
    T-7 (https://linear.app/local/issue/T-7): it is the parent of an issue that stays
    ");
}

#[test]
fn an_issue_without_our_mark_stays() {
    let (scene, _, created) = built();
    let id = created.tickets[&key("a2")].uuid.clone();
    scene
        .fixture
        .linear
        .edit_issue(&id, |issue| issue.description = Some("Rewritten.".into()));
    let taken = scene.take_back().unwrap();
    insta::assert_snapshot!(lines(&taken), @"
    Sign in (https://linear.app/local/project/69401d283c54): it holds T-6, which stays
    T-3 (https://linear.app/local/issue/T-3): it is the parent of an issue that stays
    T-6 (https://linear.app/local/issue/T-6): the line by which it is known as ours is gone
    ");
}

#[test]
fn f13_a_rollback_that_fails_half_way_lists_what_is_left_and_goes_on_later() {
    let requests = {
        let (scene, ..) = built();
        let before = scene.fixture.wire.sent();
        scene.take_back().unwrap();
        u32::try_from(scene.fixture.wire.sent() - before).unwrap()
    };
    for fault in [Fault::Forbidden, Fault::LostBefore, Fault::LostAfter] {
        for nth in 1..=requests {
            let (scene, ..) = built();
            scene
                .fixture
                .linear
                .fault(When::any().nth(nth).always(), fault.clone());
            if let Ok(taken) = scene.take_back() {
                let left =
                    scene.ours().len() + scene.our_relations().len() + scene.our_projects().len();
                // What went without an answer is told as what is left.
                assert!(taken.survivors.len() >= left, "{fault:?} at {nth}");
                let named: Vec<_> = taken.survivors.iter().map(|left| &*left.name).collect();
                for issue in scene.ours() {
                    assert!(named.contains(&&*issue.identifier), "{fault:?} at {nth}");
                }
            }
            scene.fixture.linear.clear_faults();
            assert_eq!(
                scene.take_back().unwrap().survivors,
                [],
                "{fault:?} at {nth}"
            );
            scene.assert_empty();
        }
    }
}

#[test]
fn f14_a_deletion_without_effect_is_repeated_once_and_then_told() {
    for field in ["issueDelete", "issueRelationDelete", "projectDelete"] {
        let (scene, ..) = built();
        scene.fixture.linear.fault(When::on(field), Fault::NoEffect);
        assert_eq!(scene.take_back().unwrap().survivors, [], "{field}");
        scene.assert_empty();
        let (scene, ..) = built();
        scene
            .fixture
            .linear
            .fault(When::on(field).always(), Fault::NoEffect);
        let taken = scene.take_back().unwrap();
        assert!(!taken.survivors.is_empty(), "{field}");
        scene.fixture.linear.clear_faults();
        assert_eq!(scene.take_back().unwrap().survivors, [], "{field}");
        scene.assert_empty();
    }
}
