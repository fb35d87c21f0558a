use crate::domain::audit::{BaseCommit, BaseFacts, BranchFacts};
use crate::domain::evidence::{
    Author, Comment, CommentRef, EVIDENCE_HEADING, EvidenceMarker, EvidenceTrailer,
};
use crate::domain::ticket::TicketStatus;
use crate::domain::workspace::Trace;
use crate::evidence::{Expected, Facts, judge};
use crate::id::{BranchName, CommitId, SprintId, TicketId, TreeId};
use crate::resume::{
    Action, BranchState, Choice, Choices, Class, Decision, Drift, Evidence, Inconsistency, Mend,
    Progress, Saved, Shown, TicketFacts, Warning, decide, drift, matrix,
};

fn commit(digit: char) -> CommitId {
    CommitId::new(digit.to_string().repeat(40)).unwrap()
}

fn ticket() -> TicketId {
    TicketId::new("ENG-1").unwrap()
}

/// How base moved while nobody looked.
#[derive(Clone, Copy, Debug)]
enum Base {
    Same,
    ByUs,
    ByOthers,
}

const BASES: [Base; 3] = [Base::Same, Base::ByUs, Base::ByOthers];

const SAVED: [(&str, Saved); 8] = [
    ("complete", Saved::Complete { landed: false }),
    ("landed", Saved::Complete { landed: true }),
    ("stuck", Saved::Stuck),
    ("waiting", Saved::Other(Progress::Waiting)),
    ("begun", Saved::Other(Progress::Begun)),
    ("answered", Saved::Other(Progress::Answered)),
    ("proven", Saved::Other(Progress::Proven)),
    ("out", Saved::Out),
];

const BRANCHES: [(&str, BranchState); 4] = [
    ("present", BranchState::Present),
    ("gone", BranchState::Gone),
    ("moved", BranchState::Moved),
    ("rewritten", BranchState::Rewritten),
];

const CELLS: [(&str, bool, bool); 4] = [
    ("Done +", true, true),
    ("Done -", true, false),
    ("!Done +", false, true),
    ("!Done -", false, false),
];

/// What version control says of a branch that was saved at commit `a`.
fn found(branch: BranchState) -> BranchFacts {
    let head = match branch {
        BranchState::Unknown | BranchState::Gone => None,
        BranchState::Present => Some(commit('a')),
        BranchState::Moved | BranchState::Rewritten => Some(commit('b')),
    };
    BranchFacts {
        worktree: head.is_some(),
        holds_known: matches!(branch, BranchState::Present | BranchState::Moved),
        head,
        ..BranchFacts::default()
    }
}

/// What the comments prove, judged as the engine does: a comment says that commit `a` was verified.
fn evidence(present: bool, branch: &BranchFacts, on_base: bool, landed: bool) -> Evidence {
    let tree = TreeId::new("7".repeat(40)).unwrap();
    let marker = EvidenceMarker {
        sprint: SprintId::new("sprint-20260101-000000").unwrap(),
        ticket: ticket(),
        branch: BranchName::new("work").unwrap(),
        commit: commit('a'),
        tree: tree.clone(),
    };
    let comments = present.then(|| Comment {
        reference: CommentRef("#1".into()),
        body: EvidenceTrailer::close(EVIDENCE_HEADING, &marker, None, [].into()),
        author: Author::Us,
        edited: false,
    });
    let trace = Trace {
        tree: Some(tree),
        head: branch.head.clone(),
        on_branch: branch.holds_known,
        on_base,
    };
    let facts = Facts {
        traces: [(marker, trace)].into(),
        ..Facts::default()
    };
    let comments: Vec<_> = comments.into_iter().collect();
    let report = judge(&ticket(), &comments, &Expected::default(), &facts);
    Evidence::of(&report, landed)
}

fn facts(
    saved: Saved,
    (_, done, present): (&str, bool, bool),
    at: BranchState,
    base: Base,
) -> TicketFacts {
    let branch = found(at);
    let landed = saved == Saved::Complete { landed: true };
    // Only what is complete can have been about to land.
    let about_to = saved == Saved::Complete { landed: false } && matches!(base, Base::ByUs);
    let on_base = landed || about_to;
    TicketFacts {
        saved,
        reopening: false,
        shown: Shown::There {
            status: if done {
                TicketStatus::Done
            } else {
                TicketStatus::InProgress
            },
            evidence: evidence(present, &branch, on_base, on_base),
        },
        branch: BranchState::of(&branch, Some(&commit('a'))),
        worktree: branch.worktree,
        dirty: false,
        on_base,
    }
}

fn mend(mend: Mend) -> &'static str {
    match mend {
        Mend::Keep => "keep",
        Mend::DoneOutside => "done outside",
        Mend::Drop => "drop",
        Mend::CloseAgain => "close again",
        Mend::PostAgain => "post again",
        Mend::Recover => "recover",
        Mend::Reopen => "reopen",
        Mend::StartOver { renewed: false } => "start over",
        Mend::StartOver { renewed: true } => "start over, renewed",
        Mend::Distrust => "distrust",
        Mend::GiveUp => "give up",
    }
}

fn said(decision: &Decision) -> String {
    format!("{} ({})", decision.action, mend(decision.mend))
}

#[test]
fn the_matrix_has_twelve_cells() {
    use Action::{ReImplement, ReVerify, RepairStatus, Skip, Stuck};
    let expected = [
        (Class::Complete, [Skip, ReVerify, RepairStatus, ReVerify]),
        (Class::Stuck, [Skip, Skip, Stuck, Stuck]),
        (Class::Other, [Skip, Skip, ReImplement, ReImplement]),
    ];
    for (class, row) in expected {
        let cells = CELLS.map(|(_, done, present)| matrix(class, done, present));
        assert_eq!(cells, row, "{class:?}");
    }
}

/// The whole domain: what was saved × the tracker × the branch × base.
#[test]
fn every_combination_has_its_decision() {
    let mut lines = Vec::new();
    for (name, saved) in SAVED {
        for cell in CELLS {
            for (branch, at) in BRANCHES {
                let all = BASES.map(|base| said(&decide(&facts(saved, cell, at, base), false)));
                let [same, by_us, by_others] = &all;
                let row = if same == by_us && by_us == by_others {
                    same.clone()
                } else {
                    format!("same: {same}; by us: {by_us}; by others: {by_others}")
                };
                lines.push(format!("{name:8} {:8}{branch:9} | {row}", cell.0));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// The same, with the words that people read; base is where it was.
#[test]
fn every_decision_says_why() {
    let mut lines = Vec::new();
    for (name, saved) in SAVED {
        for cell in CELLS {
            for (branch, at) in BRANCHES {
                let decision = decide(&facts(saved, cell, at, Base::Same), false);
                let mut text = format!("{name:8} {:8}{branch:9} | {}", cell.0, decision.why);
                if let Some(inconsistency) = decision.inconsistency {
                    text = format!("{text} [{}]", inconsistency.name());
                }
                for warning in &decision.warnings {
                    text = format!("{text}; {warning}");
                }
                lines.push(text);
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn strict_takes_only_what_is_proven_for_done() {
    let mut lines = Vec::new();
    for (name, saved) in SAVED {
        for cell in CELLS {
            let facts = facts(saved, cell, BranchState::Present, Base::Same);
            let (plain, strict) = (decide(&facts, false), decide(&facts, true));
            if plain != strict {
                lines.push(format!(
                    "{name:8} {:8}| {} -> {}",
                    cell.0,
                    said(&plain),
                    said(&strict)
                ));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
begun    Done -  | SKIP (done outside) -> RE_IMPLEMENT (distrust)
answered Done -  | SKIP (done outside) -> RE_VERIFY (distrust)
"#);
}

#[test]
fn done_that_we_have_to_take_back_is_not_done() {
    for (_, saved) in SAVED {
        for (branch, at) in BRANCHES {
            let ours = TicketFacts {
                reopening: true,
                ..facts(saved, ("", true, true), at, Base::Same)
            };
            let open = facts(saved, ("", false, true), at, Base::Same);
            assert_eq!(
                decide(&ours, false),
                decide(&open, false),
                "{saved:?} {branch}"
            );
        }
    }
}

#[test]
fn what_nobody_wants_leaves_unless_it_is_complete() {
    for (name, saved) in SAVED {
        let there = facts(saved, ("", false, false), BranchState::Present, Base::Same);
        let cancelled = Shown::There {
            status: TicketStatus::Cancelled,
            evidence: Evidence::Valid,
        };
        for (shown, warning) in [
            (Shown::Gone, Warning::Deleted),
            (cancelled, Warning::Cancelled),
        ] {
            let decision = decide(
                &TicketFacts {
                    shown,
                    ..there.clone()
                },
                false,
            );
            let stays = matches!(saved, Saved::Complete { .. } | Saved::Out);
            let expected = if stays { Mend::Keep } else { Mend::Drop };
            assert_eq!(
                (decision.action, decision.mend),
                (Action::Skip, expected),
                "{name}"
            );
            let warned = saved != Saved::Out;
            assert_eq!(decision.warnings.contains(&warning), warned, "{name}");
        }
    }
}

#[test]
fn what_landed_and_is_gone_from_base_needs_a_person() {
    for cell in CELLS {
        for (_, at) in BRANCHES {
            let mut facts = facts(Saved::Complete { landed: true }, cell, at, Base::Same);
            facts.on_base = false;
            let decision = decide(&facts, false);
            assert_eq!(
                (decision.action, decision.mend),
                (Action::Stuck, Mend::GiveUp)
            );
        }
    }
}

#[test]
fn a_directory_that_is_gone_is_made_anew_from_its_branch() {
    let mut lines = Vec::new();
    for (name, saved) in SAVED {
        let mut facts = facts(saved, CELLS[3], BranchState::Present, Base::Same);
        facts.worktree = false;
        let decision = decide(&facts, false);
        let warned = decision.warnings.contains(&Warning::WorktreeGone);
        lines.push(format!("{name:8} | {}, warned: {warned}", said(&decision)));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
complete | RE_VERIFY (recover), warned: false
landed   | RE_VERIFY (post again), warned: false
stuck    | STUCK (keep), warned: false
waiting  | RE_IMPLEMENT (keep), warned: false
begun    | RE_IMPLEMENT (reopen), warned: true
answered | RE_VERIFY (recover), warned: true
proven   | RE_VERIFY (post again), warned: true
out      | SKIP (keep), warned: false
"#);
}

#[test]
fn finished_tickets_and_those_done_elsewhere_cost_no_agent() {
    for (_, saved) in SAVED {
        for (_, at) in BRANCHES {
            for base in BASES {
                for cell in CELLS {
                    let decision = decide(&facts(saved, cell, at, base), false);
                    let quiet = matches!(
                        decision.mend,
                        Mend::Keep
                            | Mend::DoneOutside
                            | Mend::Drop
                            | Mend::CloseAgain
                            | Mend::PostAgain
                    );
                    let free = matches!(decision.action, Action::Skip | Action::RepairStatus);
                    assert!(quiet || !free, "{saved:?} {at:?} {cell:?}: {decision:?}");
                }
            }
        }
    }
}

#[test]
fn people_overrule_where_that_is_possible() {
    let mut lines = Vec::new();
    for (name, saved) in SAVED {
        for choice in [Choice::Skip, Choice::ReVerify, Choice::ReImplement] {
            for (branch, at) in [BRANCHES[0], BRANCHES[1]] {
                let facts = facts(saved, CELLS[3], at, Base::Same);
                let choices = Choices {
                    tickets: [(ticket(), choice)].into(),
                    ..Choices::default()
                };
                let decision = choices.applied(&ticket(), decide(&facts, false), &facts);
                let refused = decision.warnings.iter().filter_map(|warning| {
                    let Warning::NotAsked(why) = warning else {
                        return None;
                    };
                    Some(format!("; {why}"))
                });
                let refused: String = refused.collect();

                lines.push(format!(
                    "{name:8} {choice:?}, {branch}: {}{refused}",
                    said(&decision)
                ));
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
complete Skip, present: SKIP (keep)
complete Skip, gone: SKIP (keep)
complete ReVerify, present: RE_VERIFY (recover)
complete ReVerify, gone: RE_IMPLEMENT (start over); there is no branch with an answer of its worker to verify
complete ReImplement, present: RE_IMPLEMENT (start over, renewed)
complete ReImplement, gone: RE_IMPLEMENT (start over, renewed)
landed   Skip, present: SKIP (keep)
landed   Skip, gone: SKIP (keep)
landed   ReVerify, present: RE_VERIFY (post again); it is on base, where the gate passed on what landed
landed   ReVerify, gone: RE_VERIFY (post again); it is on base, where the gate passed on what landed
landed   ReImplement, present: RE_VERIFY (post again); it is on base; `sprint revert` takes it back first
landed   ReImplement, gone: RE_VERIFY (post again); it is on base; `sprint revert` takes it back first
stuck    Skip, present: SKIP (drop)
stuck    Skip, gone: SKIP (drop)
stuck    ReVerify, present: STUCK (keep); there is no branch with an answer of its worker to verify
stuck    ReVerify, gone: STUCK (keep); there is no branch with an answer of its worker to verify
stuck    ReImplement, present: RE_IMPLEMENT (start over, renewed)
stuck    ReImplement, gone: RE_IMPLEMENT (start over, renewed)
waiting  Skip, present: SKIP (drop)
waiting  Skip, gone: SKIP (drop)
waiting  ReVerify, present: RE_IMPLEMENT (keep); there is no branch with an answer of its worker to verify
waiting  ReVerify, gone: RE_IMPLEMENT (keep); there is no branch with an answer of its worker to verify
waiting  ReImplement, present: RE_IMPLEMENT (start over, renewed)
waiting  ReImplement, gone: RE_IMPLEMENT (start over, renewed)
begun    Skip, present: SKIP (drop)
begun    Skip, gone: SKIP (drop)
begun    ReVerify, present: RE_IMPLEMENT (keep); there is no branch with an answer of its worker to verify
begun    ReVerify, gone: RE_IMPLEMENT (start over); there is no branch with an answer of its worker to verify
begun    ReImplement, present: RE_IMPLEMENT (start over, renewed)
begun    ReImplement, gone: RE_IMPLEMENT (start over, renewed)
answered Skip, present: SKIP (drop)
answered Skip, gone: SKIP (drop)
answered ReVerify, present: RE_VERIFY (recover)
answered ReVerify, gone: RE_IMPLEMENT (start over); there is no branch with an answer of its worker to verify
answered ReImplement, present: RE_IMPLEMENT (start over, renewed)
answered ReImplement, gone: RE_IMPLEMENT (start over, renewed)
proven   Skip, present: SKIP (drop)
proven   Skip, gone: SKIP (drop)
proven   ReVerify, present: RE_VERIFY (recover)
proven   ReVerify, gone: RE_IMPLEMENT (start over); there is no branch with an answer of its worker to verify
proven   ReImplement, present: RE_IMPLEMENT (start over, renewed)
proven   ReImplement, gone: RE_IMPLEMENT (start over, renewed)
out      Skip, present: SKIP (keep)
out      Skip, gone: SKIP (keep)
out      ReVerify, present: SKIP (keep); it is not part of the sprint any more
out      ReVerify, gone: SKIP (keep); it is not part of the sprint any more
out      ReImplement, present: SKIP (keep); it is not part of the sprint any more
out      ReImplement, gone: SKIP (keep); it is not part of the sprint any more
"#);
}

#[test]
fn another_try_for_all_that_is_stuck_touches_nothing_else() {
    let choices = Choices {
        reattempt_stuck: true,
        ..Choices::default()
    };
    for (_, saved) in SAVED {
        for cell in CELLS {
            let facts = facts(saved, cell, BranchState::Present, Base::Same);
            let before = decide(&facts, false);
            let after = choices.applied(&ticket(), before.clone(), &facts);
            if before.action == Action::Stuck {
                assert_eq!(after.mend, Mend::StartOver { renewed: true });
            } else {
                assert_eq!(after, before);
            }
        }
    }
}

#[test]
fn each_kind_of_contradiction_is_named() {
    let of = |saved, cell| decide(&facts(saved, cell, BranchState::Present, Base::Same), false);
    let complete = Saved::Complete { landed: false };
    let answered = Saved::Other(Progress::Answered);
    for (saved, cell, expected) in [
        (complete, CELLS[3], Inconsistency::PhantomComplete),
        (complete, CELLS[2], Inconsistency::MissingStatusChange),
        (complete, CELLS[1], Inconsistency::MissingEvidence),
        (answered, CELLS[0], Inconsistency::StaleInProgress),
        (answered, CELLS[2], Inconsistency::OrphanedEvidence),
    ] {
        assert_eq!(of(saved, cell).inconsistency, Some(expected));
    }
    assert_eq!(of(complete, CELLS[0]).inconsistency, None);
    assert_eq!(of(answered, CELLS[3]).inconsistency, None);
}

#[test]
fn base_that_went_on_by_our_own_landing_is_not_moved_by_others() {
    let base = BaseFacts {
        head: commit('c'),
        holds_seen: true,
        since: vec![BaseCommit {
            commit: commit('c'),
            merged: vec![commit('a')],
        }],
    };
    assert_eq!(
        drift(&commit('0'), &base, &[commit('c')].into()),
        Drift::ByUs { commits: 1 }
    );
    // A person who merges the branch by hand makes another commit than we would.
    assert!(drift(&commit('0'), &base, &[commit('d')].into()).is_foreign());
}
