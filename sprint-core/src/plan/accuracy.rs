//! How well conflicts were predicted.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::id::TicketId;
use crate::plan::conflict::Risk;

/// Pairs of tickets, counted. Counts of several sprints add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Pairs that were predicted to conflict.
    pub predicted: u32,
    /// Pairs that did.
    pub happened: u32,
    /// Pairs that were predicted to and did.
    pub both: u32,
}

impl Accuracy {
    /// Compares predictions with what happened. Pairs may be given in either order and more than
    /// once; a risk of at least `threshold` predicts a conflict.
    pub fn of<'a>(
        predicted: impl IntoIterator<Item = (&'a TicketId, &'a TicketId, Risk)>,
        happened: impl IntoIterator<Item = (&'a TicketId, &'a TicketId)>,
        threshold: Risk,
    ) -> Self {
        let predicted = predicted
            .into_iter()
            .filter(|(_, _, risk)| *risk >= threshold)
            .map(|(a, b, _)| (a, b));
        let (predicted, happened) = (pairs(predicted), pairs(happened));
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            predicted: count(predicted.len()),
            happened: count(happened.len()),
            both: count(predicted.intersection(&happened).count()),
        }
    }

    /// How many of the predicted conflicts happened; `None` if none was predicted.
    pub fn precision(&self) -> Option<f64> {
        share(self.both, self.predicted)
    }

    /// How many of the conflicts that happened were predicted; `None` if none happened.
    pub fn recall(&self) -> Option<f64> {
        share(self.both, self.happened)
    }
}

impl AddAssign for Accuracy {
    fn add_assign(&mut self, other: Self) {
        self.predicted = self.predicted.saturating_add(other.predicted);
        self.happened = self.happened.saturating_add(other.happened);
        self.both = self.both.saturating_add(other.both);
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            predicted,
            happened,
            both,
        } = self;
        write!(
            f,
            "conflict prediction: {predicted} predicted, {happened} happened, {both} of them predicted"
        )?;
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let parts = [("precision", self.precision()), ("recall", self.recall())];
        let parts = parts.map(|(name, share)| Some(format!("{name} {}", percent(share?))));
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", parts.join(", ")),
        }
    }
}

fn pairs<'a>(
    pairs: impl IntoIterator<Item = (&'a TicketId, &'a TicketId)>,
) -> BTreeSet<(&'a TicketId, &'a TicketId)> {
    let sorted = pairs.into_iter().map(|(a, b)| (a.min(b), a.max(b)));
    sorted.filter(|(a, b)| a != b).collect()
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(predicted: &[(&str, &str, Risk)], happened: &[(&str, &str)]) -> Accuracy {
        let id = |id: &str| TicketId::new(id).unwrap();
        let predicted: Vec<_> = predicted
            .iter()
            .map(|(a, b, r)| (id(a), id(b), *r))
            .collect();
        let happened: Vec<_> = happened.iter().map(|(a, b)| (id(a), id(b))).collect();
        Accuracy::of(
            predicted.iter().map(|(a, b, risk)| (a, b, *risk)),
            happened.iter().map(|(a, b)| (a, b)),
            Risk::Medium,
        )
    }

    #[test]
    fn pairs_count_once_and_from_the_threshold_on() {
        let mut accuracy = count(
            &[
                ("A-1", "A-2", Risk::High),
                ("A-2", "A-1", Risk::High),
                ("A-2", "A-3", Risk::Medium),
                ("A-1", "A-3", Risk::High),
                ("A-3", "A-4", Risk::Low),
                ("A-1", "A-4", Risk::None),
                ("A-4", "A-4", Risk::High),
            ],
            &[("A-2", "A-1"), ("A-1", "A-2"), ("A-2", "A-3")],
        );
        insta::assert_snapshot!(accuracy, @"conflict prediction: 3 predicted, 2 happened, 2 of them predicted (precision 67 %, recall 100 %)");
        accuracy += count(&[], &[("A-3", "A-4"), ("A-1", "A-4")]);
        assert_eq!(
            (accuracy.precision(), accuracy.recall()),
            (Some(2.0 / 3.0), Some(0.5))
        );
        assert_eq!(
            (accuracy.predicted, accuracy.happened, accuracy.both),
            (3, 4, 2)
        );
        let json = serde_json::to_string(&accuracy).unwrap();
        assert_eq!(json, r#"{"predicted":3,"happened":4,"both":2}"#);
    }

    #[test]
    fn nothing_to_compare_is_no_share() {
        let none = Accuracy::default();
        assert_eq!((none.precision(), none.recall()), (None, None));
        insta::assert_snapshot!(none, @"conflict prediction: 0 predicted, 0 happened, 0 of them predicted");
        let missed = count(&[], &[("A-1", "A-2")]);
        insta::assert_snapshot!(missed, @"conflict prediction: 0 predicted, 1 happened, 0 of them predicted (recall 0 %)");
    }
}
