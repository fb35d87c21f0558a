//! Section 3: files that several tickets touch, files that are not as planned, and files that know a
//! planned one (spec 18.5).
//!
//! Pessimistic: two functions of one file are one file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::path::{RepoPath, listed};
use crate::id::TicketId;
use crate::plan::edge_cases::is_test_file;
use crate::readiness::facts::Facts;
use crate::readiness::finding::{Code, Finding, Severity};
use crate::readiness::schedule::Schedule;

/// How many importers are named.
const NAMED: usize = 10;

/// How likely tickets get in each other's way in a file, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// One creates it, and others change it later.
    Low,
    /// Several change it, one after the other.
    Medium,
    /// Several change it side by side, or before it is there.
    High,
    /// Several create it.
    Critical,
}

impl Level {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// What two tickets that touch the same file are to each other, each by what it does there and
    /// in which wave. A dependency between them puts them in different waves.
    pub fn of(a: (Role, u32), b: (Role, u32)) -> Self {
        match (a, b) {
            ((Role::Creates, _), (Role::Creates, _)) => Self::Critical,
            ((Role::Modifies, a), (Role::Modifies, b)) if a == b => Self::High,
            ((Role::Modifies, _), (Role::Modifies, _)) => Self::Medium,
            ((Role::Creates, made), (Role::Modifies, changed))
            | ((Role::Modifies, changed), (Role::Creates, made)) => {
                if made < changed {
                    Self::Low
                } else {
                    Self::High
                }
            }
        }
    }

    const fn code(self) -> Code {
        match self {
            Self::Low => Code::ConflictCreateModify,
            Self::Medium => Code::ConflictCrossWave,
            Self::High => Code::ConflictSameWave,
            Self::Critical => Code::ConflictCreate,
        }
    }
}

/// What a ticket does to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It makes it.
    Creates,
    /// It changes it.
    Modifies,
}

impl Role {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creates => "creates",
            Self::Modifies => "modifies",
        }
    }
}

/// The files that several tickets touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflicts {
    /// One row for each, the worst first.
    pub rows: Vec<ConflictRow>,
    /// Planned files with importers outside of every ticket, tests not counted.
    pub ghosts: usize,
}

impl Conflicts {
    /// How many files have this level.
    pub fn count(&self, level: Level) -> usize {
        self.rows.iter().filter(|row| row.level == level).count()
    }
}

/// A file that several tickets touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConflictRow {
    /// The worst of all pairs.
    pub level: Level,
    /// The file.
    pub file: RepoPath,
    /// Who does what to it, and in which wave.
    pub tickets: Vec<Part>,
}

/// One ticket's part in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The ticket.
    pub ticket: TicketId,
    /// What it does.
    pub role: Role,
    /// When, from 1.
    pub wave: u32,
}

pub(super) fn conflicts(facts: &Facts, schedule: &Schedule, found: &mut Vec<Finding>) -> Conflicts {
    let owners = owners(facts, schedule);
    let mut rows = Vec::new();
    for (file, parts) in &owners {
        let pairs = (1..parts.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let at = |part: &Part| (part.role, part.wave);
        let level = pairs.map(|(a, b)| Level::of(at(&parts[a]), at(&parts[b])));
        let Some(level) = level.max() else { continue };
        let said = parts.iter().map(|part| {
            format!(
                "{} {} it in wave {}",
                part.ticket,
                part.role.name(),
                part.wave
            )
        });
        let what = format!("{file}: {}", said.collect::<Vec<_>>().join(", "));
        let finding = Finding::new(level.code(), what)
            .tickets(parts.iter().map(|part| &part.ticket))
            .files([*file]);
        found.push(finding.measuring("level", level.name()));
        rows.push(ConflictRow {
            level,
            file: (*file).clone(),
            tickets: parts.clone(),
        });
    }
    rows.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.file.cmp(&b.file)));
    on_disk(facts, &owners, found);
    Conflicts {
        rows,
        ghosts: ghosts(facts, &owners, found),
    }
}

type Owners<'a> = BTreeMap<&'a RepoPath, Vec<Part>>;

/// Who touches each planned file. A ticket that makes a file also changes it.
fn owners<'a>(facts: &'a Facts, schedule: &Schedule) -> Owners<'a> {
    let mut owners = Owners::new();
    for (id, ticket) in &facts.planned.tickets {
        for file in ticket.files() {
            let role = match ticket.creates.contains(file) {
                true => Role::Creates,
                false => Role::Modifies,
            };
            owners.entry(file).or_default().push(Part {
                ticket: id.clone(),
                role,
                wave: schedule.wave(id),
            });
        }
    }
    owners
}

/// Files that are there and should not be, and the other way round.
fn on_disk(facts: &Facts, owners: &Owners<'_>, found: &mut Vec<Finding>) {
    let base = &facts.repository.base;
    for (file, parts) in owners {
        let there = facts.repository.present.contains(*file);
        let creates = |part: &&Part| part.role == Role::Creates;
        let who = |role| {
            let parts = parts.iter().filter(move |part: &&Part| part.role == role);
            parts.map(|part| &part.ticket)
        };
        if there && parts.iter().any(|part| creates(&part)) {
            let what = format!("{file} is to be created, and is on {base} already");
            let finding = Finding::new(Code::CreateExists, what).files([*file]);
            found.push(finding.tickets(who(Role::Creates)));
        }
        let made = parts.iter().filter(creates).map(|part| part.wave).min();
        let too_early =
            |part: &&Part| part.role == Role::Modifies && made.is_none_or(|made| made >= part.wave);
        let early: Vec<_> = parts.iter().filter(too_early).map(|p| &p.ticket).collect();
        if !there && !early.is_empty() {
            let what = format!("{file} is to be changed, and is not on {base}");
            let finding = Finding::new(Code::ModifyMissing, what).files([*file]);
            found.push(finding.tickets(early));
        }
    }
}

/// Files outside of every ticket that import one that changes. Returns for how many files there are
/// some.
fn ghosts(facts: &Facts, owners: &Owners<'_>, found: &mut Vec<Finding>) -> usize {
    let globs = facts
        .config
        .read()
        .map(|config| config.test_file_globs.as_slice());
    let globs = globs.unwrap_or_default();
    let mut count = 0;
    for (file, importers) in &facts.importers {
        let Some(parts) = owners.get(file) else {
            continue;
        };
        let outside = importers.iter().filter(|file| !owners.contains_key(*file));
        let (tests, code): (BTreeSet<_>, BTreeSet<_>) =
            outside.cloned().partition(|file| is_test_file(file, globs));
        count += usize::from(!code.is_empty());
        let kinds = [
            (code, "files", Severity::Warning),
            (tests, "tests", Severity::Info),
        ];
        for (importers, kind, severity) in kinds {
            if importers.is_empty() {
                continue;
            }
            let importers: Vec<_> = importers.into_iter().collect();
            let named = listed(&importers[..importers.len().min(NAMED)]);
            let more = match importers.len() {
                n if n > NAMED => format!(" and {} more", n - NAMED),
                _ => String::new(),
            };
            let what = format!("{file} is imported by {kind} in no ticket: {named}{more}");
            let finding = Finding::new(Code::GhostDep, what)
                .weighing(severity)
                .tickets(parts.iter().map(|part| &part.ticket))
                .files([file])
                .measuring("importers", importers.len());
            found.push(if kind == "tests" {
                finding.advising("nothing: the gate runs them")
            } else {
                finding
            });
        }
    }
    count
}
