//! What is known to end otherwise than it should, and why.

use crate::case::{Case, Expect};

/// Attacks that are known to get through, with the reason.
#[rustfmt::skip]
const KNOWN_TO_PASS: &[(&str, &str)] = &[
    // A test of its own that says little.
    ("compared-with-itself", "two calls are not taken for one value, since code may count its calls"),
    ("asserts-nothing", "a test that only calls may be one that must not throw; it is a remark"),
    ("control-gamed", "the new test does fail without the change, for a reason of its own"),
    ("edge-case-in-a-string", "edge cases are looked for by name, and a message is part of the test"),
    // What the tests were that the change came upon is not run against the new code.
    ("never-true", "assertions are compared as text; whether they are reached is not known"),
    ("never-called", "assertions are compared as text; whether they are reached is not known"),
    ("not-awaited", "assertions are compared as text; whether they are reached is not known"),
    ("assert-replaced", "the assertions are as they were; what `assert` is, is not known"),
    ("stand-in", "the assertions are as they were; what they speak of is not known"),
    ("exits-early", "the tests are as they were; that fewer ran than on base is not asked"),
    ("expectation-bent", "what is expected may change, for that is what tickets are for"),
    ("shell-exit-0", "the tests are as they were; that they succeed by not running is not seen"),
    ("gate-deletes-and-restores", "the tree is looked at after the run, not while it runs"),
    // What is around the files.
    ("moves-base", "base may move by anybody's hand; only a base that holds a ticket's own commits stops the sprint"),
];

/// Honest work that is known to be refused, with the reason.
#[rustfmt::skip]
const KNOWN_TO_BE_REFUSED: &[(&str, &str)] = &[];

/// Why a case is known to end otherwise; `None` if it is not.
pub(crate) fn reason(case: &Case) -> Option<&'static str> {
    let list = match case.expect {
        Expect::Lands => KNOWN_TO_BE_REFUSED,
        Expect::Caught(_) | Expect::Refused | Expect::Harmless(_) | Expect::Judged(..) => {
            KNOWN_TO_PASS
        }
    };
    let known = list.iter().find(|(id, _)| *id == case.id);
    known.map(|(_, reason)| *reason)
}

/// Entries that no case has.
pub(crate) fn strays(cases: &[Case]) -> Vec<&'static str> {
    let entries = KNOWN_TO_PASS.iter().chain(KNOWN_TO_BE_REFUSED);
    let stray = |id: &&str| {
        !cases
            .iter()
            .any(|case| case.id == *id && reason(case).is_some())
    };
    entries.map(|(id, _)| *id).filter(stray).collect()
}
