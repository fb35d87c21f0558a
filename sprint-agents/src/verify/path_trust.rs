//! Whether the programs of a gate come from outside of the tree that they judge.

use std::path::Path;

use sprint_core::domain::check::CheckPlan;
use sprint_core::domain::verdict::{Finding, FindingKind};

use super::programs::{SearchPath, is_inside, program, words};

/// What is wrong with where the plan's programs are found.
pub(super) fn findings(path: &SearchPath, directory: &Path, plan: &CheckPlan) -> Vec<Finding> {
    let words: Vec<_> = words(plan)
        .into_iter()
        .filter(|word| !word.contains('/'))
        .collect();
    let mut findings = Vec::new();
    for entry in &path.inside {
        let before = findings.len();
        let place = directory.join(entry);
        let shadows = words
            .iter()
            .filter_map(|word| Some((word, program(place.join(word))?.0)));
        findings.extend(shadows.map(|(word, place)| {
            let message = format!(
                "`PATH` would find the program `{word}` of the gate inside the tree that it \
                 judges; the commands ran without that entry of `PATH`"
            );
            Finding::blocking(FindingKind::UntrustedRun, message).at(place.display().to_string())
        }));
        if findings.len() == before {
            let message = format!(
                "the entry `{}` of `PATH` lies inside the checked tree; the commands ran without it",
                entry.display()
            );
            findings.push(Finding::remark(FindingKind::UntrustedRun, message));
        }
    }
    findings.extend(words.iter().filter_map(|word| {
        let (place, _) = path.find(word)?;
        let real = place.canonicalize().ok()?;
        let message =
            || format!("the program `{word}` of the gate is a link into the tree that it judges");
        is_inside(&real, directory).then(|| {
            Finding::blocking(FindingKind::UntrustedRun, message()).at(place.display().to_string())
        })
    }));
    findings
}
