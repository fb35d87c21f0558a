//! What a sprint may cost, in millionths of a US dollar (spec 12.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::money;
use crate::id::PhaseName;

/// The limit and when to speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRule {
    /// Millionths of a US dollar; 0 allows nothing, `None` anything.
    pub limit_micro_usd: Option<u64>,
    /// The limit of each phase, in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_limit_micro_usd: Option<u64>,
    /// From this part of the limit on, in percent, people are warned.
    pub warn_percent: u8,
    /// From this part of the limit on, in percent, nothing is claimed any more.
    pub stop_percent: u8,
}

impl Default for BudgetRule {
    /// No limit; 80 % and 95 % of one.
    fn default() -> Self {
        Self {
            limit_micro_usd: None,
            phase_limit_micro_usd: None,
            warn_percent: 80,
            stop_percent: 95,
        }
    }
}

/// What the budget says to one more claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// There is enough.
    Continue,
    /// There is little left.
    Warn,
    /// There is nothing left to begin with.
    Stop,
}

/// What was spent, and what is kept for calls that nobody heard the end of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    total: u64,
    by_phase: BTreeMap<PhaseName, u64>,
}

impl Spending {
    pub(super) fn add(&mut self, phase: &PhaseName, micro_usd: u64) {
        self.total = self.total.saturating_add(micro_usd);
        let spent = self.by_phase.entry(phase.clone()).or_default();
        *spent = spent.saturating_add(micro_usd);
    }

    /// Millionths of a US dollar, of all phases.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Millionths of a US dollar, of one phase.
    pub fn of(&self, phase: &PhaseName) -> u64 {
        self.by_phase.get(phase).copied().unwrap_or(0)
    }

    /// What is to be said before a phase is claimed, and about which spending and limit.
    pub fn state(&self, phase: &PhaseName, rule: BudgetRule) -> (BudgetState, u64, u64) {
        let limits = [
            (self.total, rule.limit_micro_usd),
            (self.of(phase), rule.phase_limit_micro_usd),
        ];
        let states = limits.into_iter().filter_map(|(spent, limit)| {
            let limit = limit?;
            Some((one(spent, limit, rule), spent, limit))
        });
        let severity = |state: &(BudgetState, u64, u64)| match state.0 {
            BudgetState::Continue => 0,
            BudgetState::Warn => 1,
            BudgetState::Stop => 2,
        };
        // The first of equals: the limit of the sprint.
        let worst = states.reduce(|a, b| if severity(&b) > severity(&a) { b } else { a });
        worst.unwrap_or((BudgetState::Continue, self.total, u64::MAX))
    }
}

fn one(spent: u64, limit: u64, rule: BudgetRule) -> BudgetState {
    let reached = |percent: u8| u128::from(spent) * 100 >= u128::from(limit) * u128::from(percent);
    if !money::fits(spent, 0, limit) || reached(rule.stop_percent) {
        BudgetState::Stop
    } else if reached(rule.warn_percent) {
        BudgetState::Warn
    } else {
        BudgetState::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_exact_and_a_limit_of_nothing_allows_nothing() {
        use BudgetState::{Continue, Stop, Warn};
        let phase = PhaseName::new("qa").unwrap();
        for (limit, spent, expected) in [
            (None, u64::MAX, Continue),
            (Some(0), 0, Stop),
            (Some(1_000_000), 799_999, Continue),
            (Some(1_000_000), 800_000, Warn),
            (Some(1_000_000), 949_999, Warn),
            (Some(1_000_000), 950_000, Stop),
            (Some(u64::MAX), u64::MAX / 2, Continue),
        ] {
            let mut spending = Spending::default();
            spending.add(&phase, spent);
            let rule = BudgetRule {
                limit_micro_usd: limit,
                ..BudgetRule::default()
            };
            assert_eq!(
                spending.state(&phase, rule).0,
                expected,
                "{limit:?} {spent}"
            );
        }
    }

    #[test]
    fn a_phase_may_have_a_limit_of_its_own() {
        let (qa, review) = (
            PhaseName::new("qa").unwrap(),
            PhaseName::new("review").unwrap(),
        );
        let mut spending = Spending::default();
        spending.add(&qa, 100);
        let rule = BudgetRule {
            limit_micro_usd: Some(1000),
            phase_limit_micro_usd: Some(100),
            ..BudgetRule::default()
        };
        assert_eq!(spending.state(&qa, rule), (BudgetState::Stop, 100, 100));
        let free = spending.state(&review, rule);
        assert_eq!(free, (BudgetState::Continue, 100, 1000));
    }
}
