//! The circuit breaker: what one more failure leads to.

use std::collections::BTreeSet;

use crate::domain::config::SameErrorPolicy;
use crate::domain::verdict::FindingKind;
use crate::run::ticket::{Breaker, Budget, FailureRecord, StuckReason};

/// Where a ticket goes after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Round again, in the same session and workspace.
    Resume,
    /// Round again with a fresh agent in a fresh workspace.
    Fresh,
    /// Nowhere: a person has to look.
    Stuck(StuckReason),
}

/// Takes in one failure of an attempt and says where the ticket goes: the algorithm of spec
/// 10.10, evaluated as soon as the failure is known. Every way back costs one loop, so the cap is
/// never exceeded.
pub fn record(
    breaker: &mut Breaker,
    budget: &mut Budget,
    failure: FailureRecord,
    policy: SameErrorPolicy,
    max_loops: u32,
) -> Route {
    budget.loops += 1;
    // A person asking for changes says nothing about whether the agent repeats itself.
    let streaks = failure.kind != FindingKind::HumanChanges;
    if streaks {
        let repeats = breaker
            .last
            .as_ref()
            .is_some_and(|last| same(last, &failure, policy));
        breaker.streak = if repeats { breaker.streak + 1 } else { 1 };
    }
    let again_after_fresh = streaks
        && breaker
            .before_fresh
            .as_ref()
            .is_some_and(|old| same(old, &failure, policy));
    let tripped = streaks && breaker.streak >= 2;
    let route = if again_after_fresh {
        Route::Stuck(StuckReason::CircuitBreaker)
    } else if budget.loops >= max_loops {
        Route::Stuck(StuckReason::MaxLoops)
    } else if tripped && !budget.fresh_agent {
        budget.fresh_agent = true;
        breaker.streak = 0;
        breaker.trips += 1;
        breaker.before_fresh = Some(failure.clone());
        Route::Fresh
    } else if tripped {
        Route::Stuck(StuckReason::CircuitBreaker)
    } else {
        Route::Resume
    };
    if streaks {
        breaker.last = Some(failure);
    }
    route
}

/// Whether two failures are the same error under a policy.
pub fn same(a: &FailureRecord, b: &FailureRecord, policy: SameErrorPolicy) -> bool {
    let signatures_meet = || {
        a.layer == b.layer
            && (a.signature.iter().eq(b.signature.iter())
                || is_list(a.kind) && !disjoint(&a.signature, &b.signature))
    };
    a.kind == b.kind
        && match policy {
            SameErrorPolicy::Type => true,
            SameErrorPolicy::Signature => signatures_meet(),
            SameErrorPolicy::Hybrid => !is_catch_all(a.kind) || signatures_meet(),
        }
}

fn disjoint(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    a.is_disjoint(b)
}

/// Kinds whose signature is a list of items rather than one line.
const fn is_list(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::CodeReview
            | FindingKind::IncompleteRequirements
            | FindingKind::MissingEdgeCases
            | FindingKind::TestsWeakened
            | FindingKind::GateLoosened
            | FindingKind::HostLayer
    )
}

/// Kinds so wide that two failures of one kind may have nothing in common.
const fn is_catch_all(kind: FindingKind) -> bool {
    is_list(kind)
        || matches!(
            kind,
            FindingKind::Unknown
                | FindingKind::BuildError
                | FindingKind::LintError
                | FindingKind::TestFailure
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verdict::LayerId;

    fn failure(kind: FindingKind, text: &str) -> FailureRecord {
        FailureRecord {
            kind,
            layer: LayerId::Mechanical,
            signature: text.split('|').map(str::to_owned).collect(),
            message: text.to_owned(),
        }
    }

    /// Feeds a history of `kind signature` words; returns the routes in short form.
    fn routes(max: u32, history: &str) -> String {
        let (mut breaker, mut budget) = (Breaker::default(), Budget::default());
        let mut out = Vec::new();
        for word in history.split_whitespace() {
            let kind = match &word[..1] {
                "t" => FindingKind::TypeError,
                "u" => FindingKind::Unknown,
                "r" => FindingKind::CodeReview,
                _ => FindingKind::HumanChanges,
            };
            let policy = SameErrorPolicy::Hybrid;
            let route = record(
                &mut breaker,
                &mut budget,
                failure(kind, &word[1..]),
                policy,
                max,
            );
            assert!(budget.loops <= max, "the cap is never exceeded");
            out.push(match route {
                Route::Resume => "resume",
                Route::Fresh => "fresh",
                Route::Stuck(reason) => reason.name(),
            });
            if matches!(route, Route::Stuck(_)) {
                break;
            }
        }
        out.join(" ")
    }

    #[test]
    fn histories_lead_where_the_table_says() {
        for (max, history, expected) in [
            (1, "ta", "max_loops"),
            (2, "ta ta", "resume max_loops"),
            (3, "ta ta ta", "resume fresh circuit_breaker"),
            (3, "ta ta ub", "resume fresh max_loops"),
            (5, "ta ta ub ub", "resume fresh resume circuit_breaker"),
            (5, "ua ub uc ud ue", "resume resume resume resume max_loops"),
            (5, "ra|b rb|c", "resume fresh"),
            (5, "ta tb", "resume fresh"),
            (5, "ta h ta", "resume resume fresh"),
            (9, "h h h", "resume resume resume"),
            (9, "ta ta ub ta", "resume fresh resume circuit_breaker"),
        ] {
            assert_eq!(routes(max, history), expected, "max {max}: {history}");
        }
    }

    #[test]
    fn policies_differ_only_where_they_should() {
        use SameErrorPolicy::{Hybrid, Signature, Type};
        let (a, b) = (
            failure(FindingKind::Unknown, "a"),
            failure(FindingKind::Unknown, "b"),
        );
        assert_eq!(
            [Type, Signature, Hybrid].map(|p| same(&a, &b, p)),
            [true, false, false]
        );
        let (a, b) = (
            failure(FindingKind::TypeError, "a"),
            failure(FindingKind::TypeError, "b"),
        );
        assert_eq!(
            [Type, Signature, Hybrid].map(|p| same(&a, &b, p)),
            [true, false, true]
        );
        let mut c = failure(FindingKind::Unknown, "a");
        c.layer = LayerId::Completion;
        let a = failure(FindingKind::Unknown, "a");
        assert!(
            !same(&a, &c, Hybrid),
            "which layer failed is part of the signature"
        );
    }
}
