//! Whether base moved while nobody looked (spec 15.2, 0F).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::audit::BaseFacts;
use crate::id::CommitId;

/// How base moved since it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "drift", rename_all = "snake_case")]
pub enum Drift {
    /// Not at all.
    Same,
    /// By a landing of this sprint that was cut short after it took hold.
    ByUs {
        /// Commits.
        commits: usize,
    },
    /// By others, perhaps beside a landing of this sprint.
    ByOthers {
        /// Commits of others, counted along first parents and up to a limit.
        commits: usize,
    },
    /// Somebody moved it back: it does not hold what it held.
    Rewritten,
}

impl Drift {
    /// Whether what is on base now is not what the sprint put there or started from.
    pub const fn is_foreign(self) -> bool {
        match self {
            Self::Same | Self::ByUs { .. } => false,
            Self::ByOthers { .. } | Self::Rewritten => true,
        }
    }
}

/// Compares where base is with where it was last `seen`; `ours` are commits that the sprint was
/// about to land.
pub fn drift(seen: &CommitId, base: &BaseFacts, ours: &BTreeSet<CommitId>) -> Drift {
    if base.head == *seen {
        return Drift::Same;
    }
    if !base.holds_seen {
        return Drift::Rewritten;
    }
    let foreign = |commit: &&CommitId| !ours.contains(*commit);
    let commits = base.since.iter().map(|known| &known.commit);
    match commits.filter(foreign).count() {
        0 => Drift::ByUs {
            commits: base.since.len(),
        },
        commits => Drift::ByOthers { commits },
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: &usize| if *n == 1 { "commit" } else { "commits" };
        match self {
            Self::Same => f.write_str("base is where it was"),
            Self::ByUs { commits } => {
                let s = plural(commits);
                write!(f, "base has {commits} more {s}, all landed by this sprint")
            }
            Self::ByOthers { commits } => {
                let s = plural(commits);
                write!(f, "base has {commits} more {s} of others")
            }
            Self::Rewritten => f.write_str("base was moved back: it lacks what it held"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::BaseCommit;

    fn commit(digit: char) -> CommitId {
        CommitId::new(digit.to_string().repeat(40)).unwrap()
    }

    /// `since` is newest first; upper case letters are not on the way from `0`.
    fn check(since: &str, holds_seen: bool, ours: &str, expected: Drift) {
        let commits = since.chars().map(|digit| BaseCommit {
            commit: commit(digit),
            merged: Vec::new(),
        });
        let base = BaseFacts {
            head: since.chars().next().map_or_else(|| commit('0'), commit),
            holds_seen,
            since: if holds_seen {
                commits.collect()
            } else {
                Vec::new()
            },
        };
        let ours = ours.chars().map(commit).collect();
        assert_eq!(drift(&commit('0'), &base, &ours), expected, "{since}");
    }

    #[test]
    fn only_what_was_about_to_land_is_no_drift_by_others() {
        check("", true, "", Drift::Same);
        check("", true, "ab", Drift::Same);
        check("ba", true, "ab", Drift::ByUs { commits: 2 });
        check("cba", true, "ab", Drift::ByOthers { commits: 1 });
        check("bac", true, "", Drift::ByOthers { commits: 3 });
        check("c", false, "c", Drift::Rewritten);
    }
}
