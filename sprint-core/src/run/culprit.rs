//! Who is to blame for a red combination: which gate run to make next, as a function of the runs
//! made so far.
//!
//! Tickets stand in merge order, each after what it depends on. The first one with which the gate
//! turns red is found by bisection over prefixes of that order; being red without the others makes
//! it a culprit by itself, and otherwise a second bisection finds the ticket that it does not go
//! with. A prefix search is right for single culprits and for pairs alike, which testing halves
//! apart from each other is not.
//!
//! Gates are flaky, so nobody is blamed on one run: what a verdict on a ticket rests on is run until
//! two runs agree. One wrong result, in whichever direction and at whatever moment, never puts the
//! blame on an innocent ticket; the tests try every one.
//!
//! **Runs.** Let *n* be the number of tickets and *l* = ⌈log₂ *n*⌉. To land green tickets takes one
//! run. To find a culprit takes at most *l* + 6 (two on everything, *l* on prefixes, two on the
//! culprit alone, two on what it builds on), and one who breaks another ticket at most 2*l* + 7 (two
//! on everything, *l* + *l* on prefixes, two on the later one alone, one on the earlier one, two on
//! the pair). What is left after that starts over; what is known by then is not run again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::verdict::Verdict;

/// Tickets by their position in merge order, from 0.
pub type Positions = BTreeSet<usize>;

/// How the gate ran on one tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// Times it was green.
    pub green: u32,
    /// Times it was red.
    pub red: u32,
    /// Tests that failed the last time it was green, as they do on base.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<String>,
    /// What it said the last time it was red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Verdict>,
}

impl Runs {
    /// Counts one more run.
    pub fn add(&mut self, verdict: Verdict) {
        if verdict.accepts() {
            self.green += 1;
            let failing = verdict.runs.into_iter().flat_map(|run| run.failing);
            self.known = failing.collect();
        } else {
            self.red += 1;
            self.failure = Some(verdict);
        }
    }

    /// Whether the gate is green, once that counts: a single red run does not.
    pub const fn verdict(&self) -> Option<bool> {
        if self.green > self.red {
            Some(true)
        } else if self.red > self.green && self.red > 1 {
            Some(false)
        } else {
            None
        }
    }

    /// The first thing it found the last time it was red.
    pub fn complaint(&self) -> Option<&str> {
        let finding = self.failure.as_ref()?.findings.first()?;
        Some(&finding.message)
    }

    fn colour(&self) -> Colour {
        match self.green.cmp(&self.red) {
            std::cmp::Ordering::Less => Colour::Red,
            std::cmp::Ordering::Equal => Colour::Unknown,
            std::cmp::Ordering::Greater => Colour::Green,
        }
    }
}

/// What is known of one set of tickets on base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Nothing yet.
    Nothing,
    /// They do not merge with each other without some ticket that is not among them.
    Impossible,
    /// They were merged, and the gate ran on the result, perhaps.
    Ran(&'a Runs),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Merge these onto base, and run the gate on the result.
    Run(Positions),
    /// Everything is green.
    Land,
    /// Base is red without any ticket.
    RedBase,
    /// This is who it was.
    Blame(Blame),
}

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A ticket that is red with nothing but what it depends on.
    Alone(usize),
    /// Two tickets that are green without each other and red together.
    Pair {
        /// The one that comes first.
        earlier: usize,
        /// The one that comes last, and goes.
        later: usize,
    },
    /// Green alone, red in its place, and not because of any single other ticket.
    InCompany {
        /// The one that goes.
        last: usize,
        /// A ticket without which the ones before it are green with it, if one was found.
        with: Option<usize>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Unknown,
    Green,
    Red,
    Impossible,
}

/// The next step for `count` tickets. `closure` gives a ticket with everything it depends on, and
/// `known` what is known of a set.
pub fn next<'a>(
    count: usize,
    closure: &dyn Fn(usize) -> Positions,
    known: &dyn Fn(&Positions) -> Known<'a>,
) -> Next {
    let search = Search { closure, known };
    let found = search.whole(count);
    found.unwrap_or_else(Next::Run)
}

/// One look at what is known. Methods return `Err` with the set that has to run first.
struct Search<'s, 'a> {
    closure: &'s dyn Fn(usize) -> Positions,
    known: &'s dyn Fn(&Positions) -> Known<'a>,
}

type Step<T> = Result<T, Positions>;

impl Search<'_, '_> {
    fn whole(&self, count: usize) -> Step<Next> {
        let whole = prefix(count);
        if self.sure(&whole, Colour::Red)? != Colour::Red {
            return Ok(Next::Land);
        }
        let (good, bad) = self.bisect(0, count, &prefix)?;
        self.culprit(good, bad - 1)
    }

    /// The turning point from green to red between `good`, which counts as green unless known
    /// otherwise, and `bad`, which is red.
    fn bisect(
        &self,
        good: usize,
        bad: usize,
        set: &dyn Fn(usize) -> Positions,
    ) -> Step<(usize, usize)> {
        let is = |at: &usize, colour| self.colour(&set(*at)) == colour;
        let good = (good..bad)
            .rev()
            .find(|at| is(at, Colour::Green))
            .unwrap_or(good);
        let bad = (good + 1..bad)
            .find(|at| is(at, Colour::Red))
            .unwrap_or(bad);
        if bad - good == 1 {
            return Ok((good, bad));
        }
        let middle = good + (bad - good) / 2;
        // Where nothing can be tested, its neighbours may tell.
        let testable = |at: &usize| !is(at, Colour::Impossible);
        match (middle..bad).chain(good + 1..middle).find(testable) {
            Some(at) => Err(set(at)),
            None => Ok((good, bad)),
        }
    }

    /// The gate turned red with `last`, after `good` tickets with which it was green.
    fn culprit(&self, good: usize, last: usize) -> Step<Next> {
        let alone = (self.closure)(last);
        match self.ran(&alone)? {
            Colour::Red => self.alone(good, last, &alone),
            Colour::Green => self.company(good, last, &alone),
            Colour::Unknown | Colour::Impossible => Ok(in_company(last, None)),
        }
    }

    /// The gate is red with `last` and what it depends on; so the latter must be green.
    fn alone(&self, good: usize, last: usize, alone: &Positions) -> Step<Next> {
        if self.sure(alone, Colour::Red)? != Colour::Red {
            return Err(alone.clone());
        }
        let mut before = alone.clone();
        before.remove(&last);
        match self.apart_from(good, &before)? {
            Colour::Green => Ok(Next::Blame(Blame::Alone(last))),
            Colour::Red if before.is_empty() => {
                self.sure(&before, Colour::Red)?;
                self.doubt(&prefix(good))?;
                Ok(Next::RedBase)
            }
            Colour::Red => {
                self.sure(&before, Colour::Red)?;
                self.doubt(&prefix(good))?;
                Ok(in_company(last, before.last().copied()))
            }
            Colour::Unknown | Colour::Impossible => Ok(in_company(last, None)),
        }
    }

    /// The gate is green with `last` and what it depends on; so another ticket is in it too.
    fn company(&self, good: usize, last: usize, alone: &Positions) -> Step<Next> {
        let after = |count: usize| &prefix(count) | alone;
        let (before, turn) = self.bisect(0, good, &after)?;
        let other = turn - 1;
        let pair = &(self.closure)(other) | alone;
        match self.ran(&pair)? {
            Colour::Red => {}
            Colour::Green => {
                // Something is flaky, or it takes more than two.
                self.sure(&after(turn), Colour::Red)?;
                self.sure(&after(before), Colour::Green)?;
                self.sure(&pair, Colour::Green)?;
                self.sure(&prefix(good), Colour::Green)?;
                return Ok(in_company(last, Some(other)));
            }
            Colour::Unknown | Colour::Impossible => return Ok(in_company(last, None)),
        }
        self.sure(&pair, Colour::Red)?;
        // Without either of them it must be green, whatever else they build on.
        let mut without_last = pair.clone();
        without_last.remove(&last);
        let mut without_other = pair;
        without_other.remove(&other);
        if self.apart_from(good, &without_last)? == Colour::Red {
            // It was green by mistake among the ones before, or they mend it.
            self.sure(&without_last, Colour::Red)?;
            self.doubt(&prefix(good))?;
            return Ok(in_company(last, Some(other)));
        }
        let colour = if without_other == *alone || without_other == after(before) {
            self.sure(&without_other, Colour::Green)?
        } else {
            self.ran(&without_other)?
        };
        if colour == Colour::Green {
            return Ok(Next::Blame(Blame::Pair {
                earlier: other,
                later: last,
            }));
        }
        self.sure(&without_other, Colour::Red)?;
        self.doubt(&after(before))?;
        Ok(in_company(last, Some(other)))
    }

    /// The colour of a part of the green prefix: being green takes two runs, on the prefix and on
    /// the part.
    fn apart_from(&self, good: usize, part: &Positions) -> Step<Colour> {
        if *part == prefix(good) {
            self.sure(part, Colour::Green)
        } else {
            self.ran(part)
        }
    }

    fn colour(&self, set: &Positions) -> Colour {
        match (self.known)(set) {
            Known::Nothing => Colour::Unknown,
            Known::Impossible => Colour::Impossible,
            Known::Ran(runs) => runs.colour(),
        }
    }

    /// The colour of a set that must have one.
    fn ran(&self, set: &Positions) -> Step<Colour> {
        match self.colour(set) {
            Colour::Unknown => Err(set.clone()),
            colour @ (Colour::Green | Colour::Red | Colour::Impossible) => Ok(colour),
        }
    }

    /// The same, and if it is `colour`, two runs have to agree on that.
    fn sure(&self, set: &Positions, colour: Colour) -> Step<Colour> {
        let found = self.ran(set)?;
        let Known::Ran(runs) = (self.known)(set) else {
            return Ok(found);
        };
        let agreeing = if colour == Colour::Red {
            runs.red
        } else {
            runs.green
        };
        if found == colour && agreeing < 2 {
            return Err(set.clone());
        }
        Ok(found)
    }

    /// Asks for more runs of a set that contradicts others, up to three in all.
    fn doubt(&self, set: &Positions) -> Step<()> {
        match (self.known)(set) {
            Known::Ran(runs) if runs.green + runs.red < 3 => Err(set.clone()),
            Known::Nothing => Err(set.clone()),
            Known::Ran(_) | Known::Impossible => Ok(()),
        }
    }
}

/// The first tickets of the merge order.
pub fn prefix(count: usize) -> Positions {
    (0..count).collect()
}

const fn in_company(last: usize, with: Option<usize>) -> Next {
    Next::Blame(Blame::InCompany { last, with })
}

#[cfg(test)]
#[path = "culprit_tests.rs"]
mod tests;
