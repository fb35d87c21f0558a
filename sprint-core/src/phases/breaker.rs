//! When a phase has failed too often to be tried again without a pause or a thought (spec 12.3).
//!
//! This is not the breaker of tickets (`run/breaker.rs`): that one counts one streak of the last
//! failure, knows no time, and sends a ticket to a fresh agent. Here each tag has a streak of its
//! own, which no other tag resets, and an open circuit closes by time or by a person.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::FailureTag;
use crate::phases::reason::Reason;
use crate::time::Timestamp;

/// When the circuit of a phase opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerRule {
    /// Failures with one tag in a row, those with other tags not counted.
    pub same_tag: u32,
    /// Failures of the phase since it was last complete, whatever their tags.
    pub total: u32,
    /// Seconds until one more attempt is allowed; never after `total` failures.
    pub cool_down_s: u64,
}

impl Default for BreakerRule {
    /// 3 with one tag, 10 in all, a quarter of an hour.
    fn default() -> Self {
        Self {
            same_tag: 3,
            total: 10,
            cool_down_s: 900,
        }
    }
}

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastFailure {
    /// When.
    pub at: Timestamp,
    /// In which way.
    pub tag: FailureTag,
    /// Why.
    pub reason: Reason,
}

/// What a circuit lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// Everything.
    Closed,
    /// One attempt, which opens it again if it fails.
    HalfOpen,
    /// Nothing.
    Open {
        /// When it lets one attempt through by itself; `None` if a person has to.
        until: Option<Timestamp>,
    },
}

/// What is remembered of the failures of one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    streaks: BTreeMap<FailureTag, u32>,
    total: u32,
    opened: Option<Timestamp>,
    let_through: bool,
    history: Vec<PastFailure>,
}

/// Failures that are remembered in full.
const HISTORY: usize = 20;

impl Breaker {
    /// Counts a failure.
    pub(super) fn fail(&mut self, failure: PastFailure, rule: BreakerRule) {
        let streak = self.streaks.entry(failure.tag.clone()).or_default();
        *streak += 1;
        self.total += 1;
        if self.opened.is_some() || *streak >= rule.same_tag || self.total >= rule.total {
            self.opened = Some(failure.at);
        }
        self.let_through = false;
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(failure);
    }

    /// A person wants one more attempt, whatever was counted.
    pub(super) const fn let_through(&mut self) {
        self.let_through = true;
    }

    /// The last failures, the oldest first; at most 20.
    pub fn history(&self) -> &[PastFailure] {
        &self.history
    }

    /// Failures since the phase was last complete.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// How the circuit is at a time. A clock that went backwards keeps it open for longer.
    pub fn circuit(&self, now: Timestamp, rule: BreakerRule) -> Circuit {
        let Some(opened) = self.opened else {
            return Circuit::Closed;
        };
        if self.let_through {
            return Circuit::HalfOpen;
        }
        if self.total >= rule.total {
            return Circuit::Open { until: None };
        }
        let until = opened.after(Duration::from_secs(rule.cool_down_s));
        match now >= until {
            true => Circuit::HalfOpen,
            false => Circuit::Open { until: Some(until) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    /// Feeds `minute:tag` words, `!` for a person's wish, and shows the circuit after each.
    fn states(rule: BreakerRule, history: &str) -> String {
        let mut breaker = Breaker::default();
        let mut out = Vec::new();
        for word in history.split_whitespace() {
            let (minute, what) = word.split_once(':').unwrap();
            let at = Timestamp::from_millis(minute.parse::<u64>().unwrap() * MINUTE);
            match what {
                "!" => breaker.let_through(),
                "?" => {}
                "ok" => breaker = Breaker::default(),
                tag => breaker.fail(
                    PastFailure {
                        at,
                        tag: FailureTag::new(tag).unwrap(),
                        reason: Reason::new("it failed").unwrap(),
                    },
                    rule,
                ),
            }
            out.push(match breaker.circuit(at, rule) {
                Circuit::Closed => "closed".to_owned(),
                Circuit::HalfOpen => "half".to_owned(),
                Circuit::Open { until: None } => "open".to_owned(),
                Circuit::Open { until: Some(until) } => {
                    format!("until{}", until.as_millis() / MINUTE)
                }
            });
        }
        out.join(" ")
    }

    #[test]
    fn histories_lead_to_the_circuits_of_the_table() {
        let rule = BreakerRule::default();
        let (one, few) = (
            BreakerRule {
                same_tag: 1,
                ..rule
            },
            BreakerRule { total: 4, ..rule },
        );
        for (rule, history, expected) in [
            (
                rule,
                "1:a 2:a 3:a 4:? 18:?",
                "closed closed until18 until18 half",
            ),
            // Another tag does not reset the first.
            (
                rule,
                "1:a 2:b 3:a 4:b 5:a",
                "closed closed closed closed until20",
            ),
            (rule, "1:a 2:b 3:c 4:d", "closed closed closed closed"),
            // Half open: any failure opens it again, success closes it.
            (rule, "1:a 2:a 3:a 20:b", "closed closed until18 until35"),
            (
                rule,
                "1:a 2:a 3:a 4:! 5:a",
                "closed closed until18 half until20",
            ),
            (
                rule,
                "1:a 2:a 3:a 4:! 5:ok 6:a",
                "closed closed until18 half closed closed",
            ),
            (one, "1:a", "until16"),
            // The cap is not passed by waiting.
            (
                few,
                "1:a 2:b 3:c 4:d 99:? 100:!",
                "closed closed closed open open half",
            ),
            // The clock went backwards.
            (rule, "9:a 9:a 9:a 1:?", "closed closed until24 until24"),
        ] {
            assert_eq!(states(rule, history), expected, "{history}");
        }
    }
}
