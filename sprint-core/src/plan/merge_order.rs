//! In which order verified tickets are merged.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;

use crate::domain::ticket::{Priority, Ticket};
use crate::domain::workspace::ChangedPath;
use crate::id::{TicketId, natural_key};
use crate::plan::conflict::{Branch, Conflicts, only_creates};
use crate::plan::words::words;

/// A verified ticket that could be merged.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// What it changed itself, without what its dependencies changed.
    pub changed: &'a [ChangedPath],
    /// The tickets of the sprint that it depends on.
    pub dependencies: &'a [TicketId],
}

/// The order, and what has no place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeOrder {
    /// What is merged, first to last.
    pub entries: Vec<MergeEntry>,
    /// Tickets that cannot be merged, and the dependency that is missing on base.
    pub skipped: Vec<(TicketId, TicketId)>,
}

/// One place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeEntry {
    /// The ticket.
    pub ticket: TicketId,
    /// Why it comes where it does.
    pub reason: MergeReason,
}

/// What decides between tickets whose dependencies are merged. Earlier fields weigh more, and
/// smaller values come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MergeReason {
    /// Likely conflicts come first, while least is there to conflict with.
    pub conflict: Conflict,
    /// Then tickets that only create files: they disturb nobody.
    pub change: Change,
    /// Then the more urgent.
    pub priority: Priority,
    /// Then what others build on.
    pub area: Area,
}

/// Whether a conflict with another candidate is likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// It shares a file with one.
    Likely,
    /// It shares none.
    Unlikely,
}

/// What a ticket does to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only creates new ones.
    OnlyNewFiles,
    /// Changes existing ones too.
    ExistingFiles,
}

/// Which part of a program a ticket is about, in the order in which parts build on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Migrations and schemas.
    Data,
    /// Services, interfaces between programs, libraries, and whatever is nothing else.
    Service,
    /// What people see.
    Interface,
    /// Refactoring and polish.
    Polish,
}

impl fmt::Display for MergeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conflict = match self.conflict {
            Conflict::Likely => "conflicts likely",
            Conflict::Unlikely => "no conflicts likely",
        };
        let change = match self.change {
            Change::OnlyNewFiles => "only new files",
            Change::ExistingFiles => "changes existing files",
        };
        let priority = match self.priority {
            Priority::Urgent => "urgent",
            Priority::High => "high priority",
            Priority::Medium => "medium priority",
            Priority::Low => "low priority",
            Priority::None => "no priority",
        };
        let area = match self.area {
            Area::Data => "data",
            Area::Service => "service",
            Area::Interface => "interface",
            Area::Polish => "polish",
        };
        write!(f, "{conflict}, {change}, {priority}, {area}")
    }
}

impl MergeOrder {
    /// Orders the candidates. Dependencies come first, whatever else speaks for a ticket.
    ///
    /// A ticket with a dependency that is neither `merged` nor merged here is skipped, and so is
    /// everything that depends on it.
    pub fn new(candidates: &[Candidate<'_>], merged: &BTreeSet<TicketId>) -> Self {
        let natural = |c: &Candidate<'_>| {
            let id = c.ticket.id.as_str().to_owned();
            let (head, number) = natural_key(&id);
            (head.to_owned(), number, id)
        };
        let mut sorted: Vec<Candidate<'_>> = candidates.to_vec();
        sorted.sort_by_cached_key(natural);
        // The order asks for shared files only.
        let imports = BTreeSet::new();
        let conflicts = Conflicts::predict(sorted.iter().map(|c| Branch {
            ticket: &c.ticket.id,
            changed: c.changed,
            imports: &imports,
        }));
        let high_risk = conflicts.high_risk();
        let places: BTreeMap<&TicketId, usize> =
            sorted.iter().map(|c| &c.ticket.id).zip(0..).collect();

        let mut waiting: Vec<usize> = vec![0; sorted.len()];
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); sorted.len()];
        let mut missing: Vec<Option<&TicketId>> = vec![None; sorted.len()];
        for (at, candidate) in sorted.iter().enumerate() {
            for dependency in candidate.dependencies.iter().collect::<BTreeSet<_>>() {
                if merged.contains(dependency) {
                    continue;
                }
                // Never counted down where the dependency is not a candidate.
                waiting[at] += 1;
                match places.get(dependency) {
                    Some(on) => dependents[*on].push(at),
                    None => missing[at] = missing[at].or(Some(dependency)),
                }
            }
        }
        let reason = |at: usize| reason(&sorted[at], high_risk.contains(&sorted[at].ticket.id));
        let mut ready: BinaryHeap<_> = (0..sorted.len())
            .filter(|at| waiting[*at] == 0)
            .map(|at| Reverse((reason(at), at)))
            .collect();
        let mut order = Self::default();
        let mut placed = BTreeSet::new();
        while let Some(Reverse((why, at))) = ready.pop() {
            placed.insert(&sorted[at].ticket.id);
            order.entries.push(MergeEntry {
                ticket: sorted[at].ticket.id.clone(),
                reason: why,
            });
            for &next in &dependents[at] {
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.push(Reverse((reason(next), next)));
                }
            }
        }
        for (candidate, missing) in sorted.iter().zip(missing) {
            let absent = |id: &&TicketId| !placed.contains(id) && !merged.contains(*id);
            let missing = missing.or_else(|| candidate.dependencies.iter().find(absent));
            if let Some(missing) = missing {
                let id = candidate.ticket.id.clone();
                order.skipped.push((id, missing.clone()));
            }
        }
        order
    }
}

fn reason(candidate: &Candidate<'_>, high_risk: bool) -> MergeReason {
    MergeReason {
        conflict: if high_risk {
            Conflict::Likely
        } else {
            Conflict::Unlikely
        },
        change: if only_creates(candidate.changed) {
            Change::OnlyNewFiles
        } else {
            Change::ExistingFiles
        },
        priority: candidate.ticket.priority,
        area: area(candidate),
    }
}

/// Title and labels say what a ticket is about; paths are asked only where those say nothing.
fn area(candidate: &Candidate<'_>) -> Area {
    let labels = candidate.ticket.labels.iter();
    let about: Vec<String> = labels
        .chain([&candidate.ticket.title])
        .flat_map(|text| words(text))
        .collect();
    const BY_NAME: [Area; 4] = [Area::Data, Area::Polish, Area::Interface, Area::Service];
    let named = BY_NAME.into_iter().find(|area| has_sign(&about, *area));
    named.unwrap_or_else(|| {
        let paths = candidate.changed.iter();
        let parts: Vec<String> = paths.flat_map(|c| words(c.path.as_str())).collect();
        let lowest = [Area::Data, Area::Service, Area::Interface, Area::Polish];
        let found = lowest.into_iter().find(|area| has_sign(&parts, *area));
        found.unwrap_or(Area::Service)
    })
}

fn has_sign(words: &[String], area: Area) -> bool {
    let signs: &[&str] = match area {
        Area::Data => &["migration", "migrations", "schema", "schemas"],
        Area::Service => &["service", "services", "api", "apis", "lib", "library"],
        Area::Interface => &["component", "components", "ui", "hook", "hooks"],
        Area::Polish => &["refactor", "refactoring", "polish", "cleanup"],
    };
    words.iter().any(|word| signs.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::path::RepoPath;
    use crate::domain::ticket::{Size, TicketStatus};
    use crate::domain::workspace::ChangeKind;

    fn id(text: &str) -> TicketId {
        TicketId::new(text).unwrap()
    }

    struct Row(Ticket, Vec<ChangedPath>, Vec<TicketId>);

    fn row(name: &str, title: &str, priority: Priority, files: &[&str], after: &[&str]) -> Row {
        let ticket = Ticket {
            id: id(name),
            title: title.into(),
            status: TicketStatus::Todo,
            priority,
            labels: vec![],
            blocked_by: vec![],
            size: Size::M,
            body: String::new(),
            updated_at: None,
            parent: None,
        };
        let change = |file: &&str| match file.strip_prefix('+') {
            Some(file) => (file.to_owned(), ChangeKind::Added),
            None => ((*file).to_owned(), ChangeKind::Modified),
        };
        let changed = files.iter().map(change).map(|(path, kind)| ChangedPath {
            path: RepoPath::from(path.as_str()),
            kind,
        });
        Row(
            ticket,
            changed.collect(),
            after.iter().map(|a| id(a)).collect(),
        )
    }

    fn order(rows: &[Row], merged: &[&str]) -> MergeOrder {
        let candidates: Vec<_> = rows
            .iter()
            .map(|Row(ticket, changed, dependencies)| Candidate {
                ticket,
                changed,
                dependencies,
            })
            .collect();
        MergeOrder::new(&candidates, &merged.iter().map(|m| id(m)).collect())
    }

    fn show(order: &MergeOrder) -> String {
        let entries = order.entries.iter();
        let lines: Vec<String> = entries
            .map(|e| format!("{}: {}", e.ticket, e.reason))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn criteria_decide_in_their_order() {
        use Priority::{High, None, Urgent};
        let rows = [
            row("A-1", "refactor it", Urgent, &["z"], &[]),
            row("A-2", "x", None, &["shared"], &[]),
            row("A-3", "x", Urgent, &["shared", "y"], &["A-10"]),
            row("A-4", "x", None, &["+new"], &[]),
            row("A-10", "x", None, &["src/components/a"], &[]),
            row("A-11", "x", None, &["db/migrations/1"], &[]),
            row("A-12", "x", High, &["b"], &[]),
            row("A-9", "x", None, &["src/ui/b"], &[]),
        ];
        insta::assert_snapshot!(show(&order(&rows, &[])), @r"
        A-2: conflicts likely, changes existing files, no priority, service
        A-4: no conflicts likely, only new files, no priority, service
        A-1: no conflicts likely, changes existing files, urgent, polish
        A-12: no conflicts likely, changes existing files, high priority, service
        A-11: no conflicts likely, changes existing files, no priority, data
        A-9: no conflicts likely, changes existing files, no priority, interface
        A-10: no conflicts likely, changes existing files, no priority, interface
        A-3: conflicts likely, changes existing files, urgent, service
        ");
    }

    #[test]
    fn what_waits_for_something_that_is_not_merged_is_skipped() {
        let rows = [
            row("A-1", "x", Priority::None, &["a"], &["A-7"]),
            row("A-2", "x", Priority::None, &["b"], &["A-1"]),
            row("A-3", "x", Priority::None, &["c"], &["A-8"]),
        ];
        let order = order(&rows, &["A-8"]);
        assert_eq!(order.entries.len(), 1);
        assert_eq!(
            order.skipped,
            [(id("A-1"), id("A-7")), (id("A-2"), id("A-1"))]
        );
    }

    proptest! {
        #[test]
        fn every_ticket_is_ordered_after_its_dependencies_or_skipped(
            edges in prop::collection::vec(prop::collection::vec(0usize..9, 0..3), 8)
        ) {
            let rows: Vec<Row> = edges
                .iter()
                .enumerate()
                .map(|(n, after)| {
                    let after: Vec<String> = after.iter().map(|a| format!("A-{a}")).collect();
                    let after: Vec<&str> = after.iter().map(String::as_str).collect();
                    row(&format!("A-{n}"), "x", Priority::None, &["f"], &after)
                })
                .collect();
            let order = order(&rows, &[]);
            prop_assert_eq!(order.entries.len() + order.skipped.len(), rows.len());
            let place = |id: &TicketId| order.entries.iter().position(|e| e.ticket == *id);
            for Row(ticket, _, after) in &rows {
                if let Some(mine) = place(&ticket.id) {
                    prop_assert!(after.iter().all(|a| place(a).is_some_and(|p| p < mine)));
                }
            }
        }
    }
}
