//! Comments on tickets the engine gave up on.

use crate::report::{markdown, standing};
use crate::run::effect::StuckNote;
use crate::run::ticket::StuckReason;

/// Characters of an error shown; its end says most.
const ERROR: usize = 2000;

/// Why a ticket is stuck.
pub fn stuck(facts: &StuckNote) -> String {
    let heading = if facts.reason == StuckReason::MaxLoops {
        "## Max Verification Loops Reached"
    } else {
        "## Stuck — Needs Manual Intervention"
    };
    let mut parts = vec![
        heading.to_owned(),
        format!(
            "**Reason:** {} (`{}`)\n**Attempts:** {}/{}",
            standing::meaning(facts.reason),
            facts.reason.name(),
            facts.loops,
            facts.max_loops
        ),
    ];
    if let Some(last) = &facts.last {
        let error = markdown::fence(&last.message, ERROR);
        let title = format!("### Last Error\n\n`{}` in {}", last.kind, last.layer);
        parts.push(format!("{title}\n\n{error}"));
    }
    // The breaker and the cap give up with the last error as their message.
    let said = facts
        .last
        .as_ref()
        .is_some_and(|last| last.message == facts.message);
    if !said {
        let message = markdown::fence(&facts.message, ERROR);
        parts.push(format!("### What Happened\n\n{message}"));
    }
    parts.push(format!("### What To Do Next\n\n{}", advice(facts.reason)));
    parts.join("\n\n") + "\n"
}

/// Why a Done ticket is open again.
pub fn reopened(facts: &StuckNote) -> String {
    let (heading, history) = if facts.reason == StuckReason::TakenBack {
        (
            "Taken Back",
            "Every layer accepted this ticket, and it was done. Its commits stay in the history \
             of base or on its branch; what they changed is not on base.",
        )
    } else if facts.reason == StuckReason::ProofLost {
        (
            "Not Proven Any More",
            "Every layer accepted this ticket once, and it was done. When the sprint went on, what \
             proved that was not there, so it is verified, or done, again.",
        )
    } else {
        (
            "Verified but Not Merged",
            "Every layer accepted this ticket on its own. It was taken out before base moved, so \
             base never held it.",
        )
    };
    format!(
        "## Reopened — {heading}\n\n**Reason:** {} (`{}`)\n\n{history}\n\n{}\n\n\
         ### What To Do Next\n\n{}\n",
        standing::meaning(facts.reason),
        facts.reason.name(),
        markdown::fence(&facts.message, ERROR),
        advice(facts.reason)
    )
}

const fn advice(reason: StuckReason) -> &'static str {
    match reason {
        StuckReason::CircuitBreaker | StuckReason::MaxLoops => {
            "Read the last error and the branch; both are kept. Correct the ticket or the code, \
             then have the ticket re-attempted, or finish it by hand."
        }
        StuckReason::ContextExhausted => {
            "The ticket is likely too large for one agent. Split it, or have it re-attempted; its \
             branch is kept."
        }
        StuckReason::RateLimited => {
            "Wait until the provider accepts requests again, then have the ticket re-attempted."
        }
        StuckReason::OverBudget => {
            "Raise what its agents may cost, or split it; then have the ticket re-attempted, which \
             gives it as much again. The work done so far is kept on its branch."
        }
        StuckReason::TooManyQuestions => {
            "Allow what its agents need beforehand, then have the ticket re-attempted."
        }
        StuckReason::Infrastructure => {
            "Repair what the message names, then have the ticket re-attempted. The work done so \
             far is kept on its branch."
        }
        StuckReason::DependencyMergeConflict => {
            "Resolve the conflict between the tickets it depends on, or merge them first, then \
             have the ticket re-attempted."
        }
        StuckReason::TrackerFailure
        | StuckReason::EvidenceNotVerified
        | StuckReason::TicketNotDone => {
            "The work passed verification and is kept on its branch. Check what the tracker \
             allows, then have the ticket re-attempted."
        }
        StuckReason::MergeConflict => {
            "The branch and its commits are kept. Bring it up to date with base and resolve the \
             conflict, or have the ticket re-attempted from the new base."
        }
        StuckReason::IntegrationFailed => {
            "The branch and its commits are kept. Make it agree with what is merged now, or have \
             the ticket re-attempted from the new base."
        }
        StuckReason::Breach => {
            "Look at what it did and at the agent's set-up (`sprint agents check`), then have the \
             ticket re-attempted."
        }
        StuckReason::ProofLost => {
            "Nothing, unless it ends up stuck. Where base was moved back on purpose, take the ticket out \
             of the sprint; else have it re-attempted."
        }
        StuckReason::TakenBack => {
            "Say in the ticket what is wrong and have it re-attempted from the new base, or, if it \
             was right after all, have it landed again."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::run::ticket::FailureRecord;

    fn note(reason: StuckReason, message: &str, last: Option<FailureRecord>) -> StuckNote {
        StuckNote {
            ticket: fixture::id(2),
            reason,
            message: message.into(),
            loops: 3,
            max_loops: 3,
            last,
        }
    }

    fn last() -> Option<FailureRecord> {
        fixture::running().tickets[&fixture::id(2)]
            .breaker
            .last
            .clone()
    }

    #[test]
    fn a_tripped_breaker_shows_the_last_error_once() {
        let message = last().unwrap().message;
        let text = stuck(&note(StuckReason::CircuitBreaker, &message, last()));
        insta::assert_snapshot!(text, @r#"
        ## Stuck — Needs Manual Intervention

        **Reason:** the same error came again, also with a fresh agent (`circuit_breaker`)
        **Attempts:** 3/3

        ### Last Error

        `test_failure` in L2 mechanical

        ````text
        test failed (exit 101): assertion | `left == right`
        ```
        @alice
        ````

        ### What To Do Next

        Read the last error and the branch; both are kept. Correct the ticket or the code, then have the ticket re-attempted, or finish it by hand.
        "#);
    }

    #[test]
    fn the_cap_has_a_heading_of_its_own() {
        let message = last().unwrap().message;
        let text = stuck(&note(StuckReason::MaxLoops, &message, last()));
        assert!(text.starts_with("## Max Verification Loops Reached\n"));
        assert!(text.contains("**Attempts:** 3/3"));
    }

    #[test]
    fn other_reasons_show_what_happened() {
        let text = stuck(&note(
            StuckReason::Infrastructure,
            "could not open: disk full",
            None,
        ));
        insta::assert_snapshot!(text, @r#"
        ## Stuck — Needs Manual Intervention

        **Reason:** something around the ticket kept failing (`infrastructure`)
        **Attempts:** 3/3

        ### What Happened

        ```text
        could not open: disk full
        ```

        ### What To Do Next

        Repair what the message names, then have the ticket re-attempted. The work done so far is kept on its branch.
        "#);
    }

    #[test]
    fn a_reopened_ticket_names_its_partner() {
        let message = "passes alone, fails together with ENG-1: test failed";
        let text = reopened(&note(StuckReason::IntegrationFailed, message, None));
        insta::assert_snapshot!(text, @r#"
        ## Reopened — Verified but Not Merged

        **Reason:** it does not pass the gate together with the others (`integration_failed`)

        Every layer accepted this ticket on its own. It was taken out before base moved, so base never held it.

        ```text
        passes alone, fails together with ENG-1: test failed
        ```

        ### What To Do Next

        The branch and its commits are kept. Make it agree with what is merged now, or have the ticket re-attempted from the new base.
        "#);
    }
}
