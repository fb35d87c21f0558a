//! Verdict reuse: a gate run speaks of a tree, a command and an environment, so where all three are
//! the same it need not be made again (decision B5).

use crate::domain::check::CheckReport;
use crate::domain::verdict::{LayerId, Verdict};
use crate::id::{TicketId, TreeId};
use crate::run::SprintRun;
use crate::run::effect::{Earlier, EffectId, Step};

impl SprintRun {
    /// Runs that were made on a tree and may hold for a combination: those of the tickets in it,
    /// and the one on base.
    pub(super) fn earlier_runs(&self, tree: &TreeId, tickets: &[TicketId]) -> Vec<Earlier> {
        let of_ticket = |id: &TicketId| {
            let ticket = self.tickets.get(id)?;
            let checked = ticket.stage.checked().filter(|c| c.tree == *tree)?;
            let by = EffectId::ticket(id.clone(), ticket.attempt, Step::Check);
            let verdict = checked.verdicts.get(&LayerId::Mechanical)?;
            seen(verdict).map(|report| self.earlier(&by, report))
        };
        let mut earlier: Vec<_> = tickets.iter().filter_map(of_ticket).collect();
        let baseline = self.sprint.baseline.as_deref();
        if let Some(base) = baseline.filter(|base| base.tree == *tree) {
            let by = EffectId::sprint(1, Step::Baseline);
            earlier.extend(seen(&base.verdict).map(|report| self.earlier(&by, report)));
        }
        earlier
    }

    fn earlier(&self, by: &EffectId, report: CheckReport) -> Earlier {
        let by = format!("{}/{by}", self.plan.sprint);
        Earlier { by, report }
    }
}

/// What was seen when a verdict was reached, if it may stand for another run: it was green, and
/// nothing lay beside the files of the commit that another checkout would not have.
fn seen(verdict: &Verdict) -> Option<CheckReport> {
    let report = CheckReport {
        pristine: verdict.pristine,
        ..CheckReport::new(verdict.runs.clone(), verdict.environment.clone())
    };
    (verdict.accepts() && verdict.pristine).then_some(report)
}
