//! The process ends somewhere, and another one goes on.

use super::*;

#[test]
fn after_a_crash_before_or_after_any_request_the_plan_is_completed() {
    for side in [Side::Before, Side::After] {
        for request in 0.. {
            let scene = Scene::new();
            let draft = small();
            if !scene.create_until(&draft, request, side) {
                assert!(request > 10, "all requests were tried");
                break;
            }
            let created = scene.create(&draft).unwrap();
            assert_eq!(created.findings, []);
            scene.assert_holds(&draft);
        }
    }
}

#[test]
fn after_a_crash_before_or_after_any_request_the_plan_is_taken_back() {
    for side in [Side::Before, Side::After] {
        for request in 0.. {
            let scene = Scene::new();
            let draft = small();
            if !scene.create_until(&draft, request, side) {
                break;
            }
            if scene.journal.saves() == 0 {
                scene.assert_empty();
                continue;
            }
            assert_eq!(scene.take_back().unwrap().survivors, []);
            scene.assert_empty();
        }
    }
}

#[test]
fn after_a_crash_at_any_save_the_plan_is_completed_or_taken_back() {
    for side in [Side::Before, Side::After] {
        'saves: for save in 0.. {
            for complete in [true, false] {
                let scene = Scene::new();
                let draft = small();
                scene.journal.fail_at(save, side);
                let created = scene.create(&draft);
                scene.journal.recover();
                if created.is_ok() {
                    assert!(save > 10, "all saves were tried");
                    break 'saves;
                }
                if complete {
                    scene.create(&draft).unwrap();
                    scene.assert_holds(&draft);
                } else if scene.journal.load().unwrap().is_some() {
                    assert_eq!(scene.take_back().unwrap().survivors, []);
                    scene.assert_empty();
                }
            }
        }
    }
}

#[test]
fn after_a_crash_while_it_is_taken_back_it_is_taken_back_or_completed() {
    for side in [Side::Before, Side::After] {
        'requests: for request in 0.. {
            for complete in [true, false] {
                let scene = Scene::new();
                let draft = small();
                scene.create(&draft).unwrap();
                if !scene.take_back_until(request, side) {
                    assert!(request > 10, "all requests were tried");
                    break 'requests;
                }
                if complete {
                    let created = scene.create(&draft).unwrap();
                    assert_eq!(created.findings, [], "{side:?} {request}");
                    scene.assert_holds(&draft);
                } else {
                    assert_eq!(scene.take_back().unwrap().survivors, []);
                    scene.assert_empty();
                }
            }
        }
    }
}
