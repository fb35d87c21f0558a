//! Long lists of findings cut, the worst kept (spec 9.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::phases::artifact::finding::{Finding, Severity};

/// Findings that are only in the full list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// How many of each severity.
    #[serde(default)]
    pub by_severity: BTreeMap<Severity, u64>,
    /// How many of them were repaired.
    #[serde(default)]
    pub fixed: u64,
}

impl Hidden {
    /// Adds others to them.
    pub(super) fn add(&mut self, others: &Self) {
        for (severity, more) in &others.by_severity {
            let n = self.by_severity.entry(*severity).or_default();
            *n = n.saturating_add(*more);
        }
        self.fixed = self.fixed.saturating_add(others.fixed);
    }

    /// How many are hidden of a severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.by_severity.get(&severity).copied().unwrap_or(0)
    }
}

/// Keeps the `most` worst findings, in the order they had, and tells what went.
///
/// Of equally bad ones the open come before the repaired, and the first come first.
pub(super) fn worst(findings: &mut Vec<Finding>, most: usize) -> Option<Hidden> {
    if findings.len() <= most {
        return None;
    }
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|&n| (findings[n].severity.rank(), findings[n].fixed == Some(true)));
    let mut kept: Vec<bool> = vec![false; findings.len()];
    for &n in order.iter().take(most) {
        kept[n] = true;
    }
    let mut hidden = Hidden::default();
    let mut kept = kept.into_iter();
    findings.retain(|finding| {
        let keep = kept.next().unwrap_or(false);
        if !keep {
            *hidden.by_severity.entry(finding.severity).or_default() += 1;
            hidden.fixed += u64::from(finding.fixed == Some(true));
        }
        keep
    });
    Some(hidden)
}
