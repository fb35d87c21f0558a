//! Bisection over positions, no repository needed.

use serde::{Deserialize, Serialize};

/// The search for the first bad position between a good and a bad one.
///
/// Position 0 is before the first merge, `n` after the last. Each answer halves what is left, so
/// the culprit is found in at most ⌈log₂ n⌉ answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bisection {
    good: usize,
    bad: usize,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Test this position.
    Test(usize),
    /// This position is bad and the one before it is good.
    Culprit(usize),
}

impl Bisection {
    /// A search in which `good` is known to be good and `bad` to be bad; `good < bad`.
    pub fn new(good: usize, bad: usize) -> Self {
        Self {
            good,
            bad: bad.max(good + 1),
        }
    }

    /// What to do next.
    pub const fn next(&self) -> Next {
        if self.bad - self.good == 1 {
            Next::Culprit(self.bad)
        } else {
            Next::Test(self.good + (self.bad - self.good) / 2)
        }
    }

    /// Takes in whether a position is good. Answers about positions outside the open range
    /// change nothing.
    pub const fn mark(&mut self, at: usize, passed: bool) {
        if at <= self.good || at >= self.bad {
            return;
        }
        if passed {
            self.good = at;
        } else {
            self.bad = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_position_is_found_in_logarithmic_time() {
        for n in 1usize..200 {
            for culprit in 1..=n {
                let mut search = Bisection::new(0, n);
                let mut tests = 0u32;
                let found = loop {
                    match search.next() {
                        Next::Culprit(at) => break at,
                        Next::Test(at) => {
                            assert!(at > 0 && at < n);
                            tests += 1;
                            search.mark(at, at < culprit);
                        }
                    }
                };
                assert_eq!(found, culprit);
                assert!(
                    tests <= n.next_power_of_two().trailing_zeros(),
                    "{n} {culprit} {tests}"
                );
            }
        }
    }
}
