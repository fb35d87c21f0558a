//! Auditors that lie: where a completion agent says a requirement is met.

use sprint_core::domain::agent::{CompletionResult, RequirementRow, RoleResult};
use sprint_core::domain::verdict::FindingKind::IncompleteRequirements;

use crate::case::{Case, attack};
use crate::projects::Project::Shell;

/// A completion verdict that cites this place for everything.
fn cites(result: &mut RoleResult, place: Option<&str>) {
    if let RoleResult::Completion(CompletionResult { requirements }) = result {
        for row in requirements {
            row.place = place.map(str::to_owned);
        }
    }
}

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    attack("beyond-the-end", "cites line 9999 of a short file", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| cites(result, Some("lib/total.sh:9999"))),
    attack("no-such-file", "cites a file that is not there", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| cites(result, Some("lib/mean.sh:3"))),
    attack("outside-the-repository", "cites a file of the machine", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| cites(result, Some("../../../../etc/passwd:1"))),
    attack("cites-nothing", "says it is met, and not where", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| cites(result, None)),
    attack("criterion-left-out", "judges requirements of its own instead", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| {
            if let RoleResult::Completion(CompletionResult { requirements }) = result {
                *requirements = vec![RequirementRow {
                    requirement: "the code is there".into(),
                    met: true,
                    place: Some("lib/total.sh:1".into()),
                }];
            }
        }),
    attack("judges-nothing", "gives no requirement at all", Shell, &[IncompleteRequirements], |hand, _| Shell.finish(hand))
        .audited(|_, result| {
            if let RoleResult::Completion(CompletionResult { requirements }) = result {
                requirements.clear();
            }
        }),
];
