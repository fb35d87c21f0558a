//! Whose journal it is, and what is kept of it.

use std::fs;

use sprint_core::failure::ErrorKind;

use super::*;
use crate::create::FileJournal;

fn refusal(scene: &Scene, draft: &CheckedDraft) -> String {
    let kept = scene.journal.text();
    let error = scene.create(draft).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(scene.journal.text(), kept, "it is not overwritten");
    error.chain()
}

fn edit(scene: &Scene, edit: impl FnOnce(String) -> String) {
    let text = edit(scene.journal.text());
    scene.journal.clone().save(text.as_bytes()).unwrap();
}

#[test]
fn a_journal_of_something_else_is_refused_and_kept() {
    let (scene, draft) = (Scene::new(), small());
    scene.create(&draft).unwrap();
    let linear = &scene.fixture.linear;
    let whole = scene.journal.text();
    let mut refusals = Vec::new();
    let wrong = |refusals: &mut Vec<String>, change: &dyn Fn(String) -> String| {
        edit(&scene, |_| change(whole.clone()));
        refusals.push(refusal(&scene, &draft));
    };
    wrong(&mut refusals, &|text| {
        text.replace(&linear.organisation(), "elsewhere")
    });
    wrong(&mut refusals, &|text| {
        text.replace(&scene.fixture.team, "elsewhere")
    });
    wrong(&mut refusals, &|text| {
        text.replace("\"sign-in\"", "\"sign-out\"")
    });
    wrong(&mut refusals, &|text| {
        text.replace(&digest(draft.plan()), "0")
    });
    wrong(&mut refusals, &|text| text.replace("create/1", "create/2"));
    wrong(&mut refusals, &|text| text[..text.len() / 2].to_owned());
    wrong(&mut refusals, &|_| String::new());
    let short: Vec<_> = refusals
        .iter()
        .map(|text| text.split(": E").next().unwrap())
        .collect();
    insta::assert_snapshot!(short.join("\n"), @"
    failed to use the creation journal: it is of another workspace
    failed to use the creation journal: it is of another team
    failed to use the creation journal: it is of problem sign-out, and the plan is of sign-in
    failed to use the creation journal: it is of another version of the plan, some of which is on Linear; take that back first, or keep this journal somewhere else
    failed to use the creation journal: it is of another version of this program
    failed to use the creation journal: it is not a whole creation journal
    failed to use the creation journal: it is not a whole creation journal
    ");
}

#[test]
fn another_version_of_a_plan_can_follow_one_that_was_taken_back() {
    let (scene, draft) = (Scene::new(), small());
    scene.create(&draft).unwrap();
    let other = plan(vec![ticket("a", None, &[])]);
    scene.create(&other).unwrap_err();
    scene.take_back().unwrap();
    scene.create(&other).unwrap();
    scene.assert_holds(&other);
}

#[test]
fn without_a_journal_nothing_is_taken_back() {
    let scene = Scene::new();
    assert_eq!(scene.take_back().unwrap_err().kind(), ErrorKind::NotFound);
    scene.assert_others_untouched();
}

#[test]
fn what_is_sent_is_on_record_before() {
    // The journal is not kept any more at the third save: nothing that it does not name is sent.
    let (scene, draft) = (Scene::new(), small());
    for save in 0..scene.journal.saves() + 20 {
        let scene = Scene::new();
        scene.journal.fail_at(save, Side::Before);
        let Err(error) = scene.create(&draft) else {
            return;
        };
        assert_eq!(error.kind(), ErrorKind::Fatal, "{}", error.chain());
        let kept = scene.journal.text();
        for request in scene.fixture.linear.requests() {
            if request.document.starts_with("mutation") {
                let sent = request.variables.to_string();
                let ids = sent.split('"').filter(|part| crate::ids::is_uuid(part));
                for id in
                    ids.filter(|id| *id != scene.fixture.team && *id != scene.fixture.state("Todo"))
                {
                    let known = scene
                        .fixture
                        .linear
                        .labels()
                        .iter()
                        .any(|label| label.id == id);
                    assert!(known || kept.contains(id), "save {save}: {sent}");
                }
            }
        }
    }
}

#[test]
fn a_journal_in_a_file_is_there_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linear-create.json");
    let mut journal = FileJournal::new(&path);
    assert_eq!(journal.load().unwrap(), None);
    journal.save(b"one").unwrap();
    // A crash while the next one was written.
    fs::write(folder.path().join("linear-create.json.new"), b"tw").unwrap();
    assert_eq!(
        FileJournal::new(&path).load().unwrap(),
        Some(b"one".to_vec())
    );
    journal.save(b"two").unwrap();
    assert_eq!(
        FileJournal::new(&path).load().unwrap(),
        Some(b"two".to_vec())
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    journal.load().unwrap_err();
    journal.save(b"three").unwrap_err();
    FileJournal::new(folder.path().join("none/linear-create.json"))
        .save(b"x")
        .unwrap_err();
}
