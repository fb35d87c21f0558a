//! Verdict reuse: a gate run speaks of a tree, a command and an environment, so where all three are
//! the same it need not be made again (decision B5).

use crate::domain::check::CheckReport;
use crate::domain::verdict::LayerId;
use crate::id::{TicketId, TreeId};
use crate::run::SprintRun;
use crate::run::effect::{Earlier, EffectId, Step};
use crate::run::ticket::Checked;

impl SprintRun {
    /// Runs that were made on a tree and may hold for a combination: those of the tickets in it,
    /// and the one on base.
    pub(super) fn earlier_runs(&self, tree: &TreeId, tickets: &[TicketId]) -> Vec<Earlier> {
        let of_ticket = |id: &TicketId| {
            let ticket = self.tickets.get(id)?;
            let checked = ticket.stage.checked().filter(|c| c.tree == *tree)?;
            let by = EffectId::ticket(id.clone(), ticket.attempt, Step::Check);
            green(checked).map(|report| self.earlier(&by, report))
        };
        let mut earlier: Vec<_> = tickets.iter().filter_map(of_ticket).collect();
        let baseline = self.sprint.baseline.as_deref();
        if let Some(base) = baseline.filter(|base| base.tree == *tree && base.verdict.accepts()) {
            let report =
                CheckReport::new(base.verdict.runs.clone(), base.verdict.environment.clone());
            earlier.push(self.earlier(&EffectId::sprint(1, Step::Baseline), report));
        }
        earlier
    }

    fn earlier(&self, by: &EffectId, report: CheckReport) -> Earlier {
        let by = format!("{}/{by}", self.plan.sprint);
        Earlier { by, report }
    }
}

/// The gate run that layer 2 rests on, if it accepted.
fn green(checked: &Checked) -> Option<CheckReport> {
    let verdict = checked.verdicts.get(&LayerId::Mechanical)?;
    let report = CheckReport::new(verdict.runs.clone(), verdict.environment.clone());
    verdict.accepts().then_some(report)
}
