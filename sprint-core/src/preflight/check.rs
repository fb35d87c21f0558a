//! What the facts mean, step by step.

use crate::domain::config::CoordinationMode;
use crate::domain::hints::{HintFault, HintFaultKind, Hints};
use crate::domain::path::RepoPath;
use crate::domain::ticket::TicketStatus;
use crate::preflight::facts::{Age, Confirmed, Facts, Reading};
use crate::preflight::step::{Checked, Checklist, Outcome, Step};

/// Less free context than this many percent is told (spec 6.4).
const FREE_CONTEXT: u64 = 60;

/// Problems of one file that are listed before the rest is counted.
const LISTED: usize = 5;

/// Goes through all steps. After the first that fails the others are skipped.
pub fn check(facts: &Facts) -> Checklist {
    let mut failed = None;
    let mut steps = Vec::with_capacity(Step::ALL.len());
    for step in Step::ALL {
        let outcome = match failed {
            None => outcome(step, facts),
            Some(before) => Outcome::Skipped {
                reason: format!("the step {before:?} failed"),
            },
        };
        if matches!(outcome, Outcome::Failed { .. }) {
            failed = Some(step.name());
        }
        steps.push(Checked { step, outcome });
    }
    Checklist {
        steps,
        mode: mode(facts).0,
    }
}

fn outcome(step: Step, facts: &Facts) -> Outcome {
    match step {
        Step::Context => context(facts),
        Step::Problem => problem(facts),
        Step::Branch => branch(facts),
        Step::Tracker => tracker(facts),
        Step::Tree => tree(facts),
        Step::Ignore => ignore(facts),
        Step::FailurePatterns => patterns(facts),
        Step::Statement => statement(facts),
        Step::E2e => e2e(facts),
        Step::Hints => hints(facts),
        Step::Coordination => coordination(facts),
        Step::Permissions => ok(facts.permissions.clone()),
        Step::SafetyTag => skipped("the sprint sets it before it changes anything"),
        Step::Baseline => skipped("the sprint runs it on base before any ticket"),
    }
}

/// Unknown counts as healthy: what cannot be measured is no reason to stop (spec C-27).
fn context(facts: &Facts) -> Outcome {
    let Some(budget) = facts.context else {
        return skipped("not reported, so it counts as healthy");
    };
    let free = budget.free_percent();
    let found = format!("{free} % of {} tokens are free", budget.limit);
    let low = format!(
        "less than {FREE_CONTEXT} % are free: compact the session before a long sprint, or watch it"
    );
    told(found, (free < FREE_CONTEXT).then_some(low))
}

fn problem(facts: &Facts) -> Outcome {
    if let Some(sprint) = &facts.interrupted {
        return failed(
            format!("{}: a sprint is not complete: {sprint}", facts.problem),
            "go on with it, or say that it may be set aside (--discard)",
        );
    }
    let found = format!("{} ({})", facts.problem, facts.found_by);
    told(found, facts.problem_warnings.iter().cloned())
}

fn branch(facts: &Facts) -> Outcome {
    let branch = &facts.branch;
    let by = match branch.confirmed {
        Confirmed::ByPerson => "confirmed",
        Confirmed::ByConfiguration => "as configured",
    };
    let mut found = format!("{} ({by})", branch.base);
    for commit in &branch.recent {
        let (id, subject) = (&commit.id.as_str()[..10], plain(&commit.subject));
        found = format!("{found}\n{id} {subject}");
    }
    let elsewhere = match &branch.current {
        Some(current) if current == branch.base.as_str() => None,
        Some(current) => Some(format!(
            "{} is checked out, not {}",
            plain(current),
            branch.base
        )),
        None => Some("no branch is checked out".to_owned()),
    };
    let behind = branch.upstream.as_ref().filter(|(_, behind)| *behind > 0);
    let behind = behind.map(|(upstream, behind)| {
        let upstream = plain(upstream);
        format!(
            "{upstream} is ahead of {} by {behind}; pull first",
            branch.base
        )
    });
    // What is checked out does not matter to a sprint, which uses no checkout.
    told(found, elsewhere.into_iter().chain(behind))
}

fn tracker(facts: &Facts) -> Outcome {
    let tracker = match &facts.tracker {
        Ok(tracker) => tracker,
        Err(reason) => {
            return failed(
                reason.clone(),
                "check the address, the credentials and the filter, then try again",
            );
        }
    };
    let (tickets, name) = (&tracker.tickets, plain(&tracker.name));
    if !tracker.owned.is_empty() {
        let owned = tracker.owned.iter();
        let owned: Vec<_> = owned
            .map(|(t, problem)| format!("{t} ({problem})"))
            .collect();
        return failed(
            format!(
                "unfinished sprints of other problems have {}",
                listed(&owned)
            ),
            "finish those sprints, or give the tickets of each problem a label of their own",
        );
    }
    let open = tickets.iter().filter(|ticket| match ticket.status {
        TicketStatus::Todo | TicketStatus::InProgress => true,
        TicketStatus::Done | TicketStatus::Cancelled => false,
    });
    let open: Vec<_> = open.collect();
    let Some(first) = open.first() else {
        return failed(
            format!("{name} answers, and no ticket matches the filter that is to be done"),
            "check the filter in the configuration, and the states and labels of the tickets",
        );
    };
    let found = format!(
        "{name}: {} to be done, the first is {} {:?} ({})",
        counted(open.len(), "ticket"),
        first.id,
        first.plain_title(50),
        first.status
    );
    told(found, tracker.malformed.iter().map(|text| plain(text)))
}

/// Not a failure, unlike in the originals: the sprint works beside the checkout, and only the landing
/// at its end needs it out of the way.
fn tree(facts: &Facts) -> Outcome {
    let found = if facts.dirty.is_some() {
        "uncommitted changes are not part of the sprint, and have to be gone before it lands"
    } else {
        "nothing in the way"
    };
    let warnings = facts.dirty.iter().chain(&facts.repository);
    told(found, warnings.map(|text| plain(text)))
}

fn ignore(facts: &Facts) -> Outcome {
    ok(if facts.not_ignored.is_empty() {
        "git ignores what sprints write".to_owned()
    } else {
        let missing = facts.not_ignored.join(", ");
        format!("{missing}: the sprint adds them to .git/info/exclude, and to no tracked file")
    })
}

fn patterns(facts: &Facts) -> Outcome {
    let (patterns, faults) = match &facts.patterns {
        Reading::Absent => return skipped("none are recorded"),
        Reading::Unreadable(reason) => return unusable("failure-patterns.json", reason),
        Reading::Read(read) => read,
    };
    let frequent = patterns
        .iter()
        .filter(|pattern| pattern.is_frequent())
        .count();
    let found = format!("{} known, {frequent} of them frequent", patterns.len());
    told(found, shorten(faults.iter().map(|fault| plain(fault))))
}

fn statement(facts: &Facts) -> Outcome {
    let (statement, warnings, age) = match &facts.statement {
        Reading::Absent => return skipped("there is none"),
        Reading::Unreadable(reason) => return unusable("problem-statement.md", reason),
        Reading::Read(read) => read,
    };
    let found = format!(
        "criteria: {}, steps: {}, implied features: {}",
        statement.criteria.len(),
        statement.journey.len(),
        statement.implied_features.len()
    );
    let other = statement
        .problem_id
        .as_ref()
        .filter(|id| **id != facts.problem);
    let other = other.map(|id| format!("it says that it is about {id}"));
    let warnings = warnings.iter().map(ToString::to_string);
    let age = stale("it was written", *age);
    told(found, shorten(warnings).into_iter().chain(other).chain(age))
}

fn e2e(facts: &Facts) -> Outcome {
    let e2e = facts.e2e;
    match (e2e.enabled, e2e.skip, e2e.tool) {
        (false, _, _) => skipped("switched off by the configuration"),
        (true, true, _) => told(
            "skipped for this sprint",
            Some("you asked to go without browser tests this time (--skip-e2e)".to_owned()),
        ),
        (true, false, Some(tool)) => ok(tool.prefix()),
        (true, false, None) => failed(
            "the configuration has browser tests run, and agent-browser is not there, nor by npx",
            "install it (npm install -g agent-browser), or go without this once (--skip-e2e)",
        ),
    }
}

/// The hints, if a sprint can use them.
fn usable(faults: &[HintFault]) -> bool {
    !faults.iter().any(|fault| fault.field.needed_by_sprint())
}

fn hints(facts: &Facts) -> Outcome {
    let (hints, faults, age) = match &facts.hints {
        Reading::Absent => return skipped("no plan left any"),
        Reading::Unreadable(reason) => return unusable("sprint-hints.json", reason),
        Reading::Read(read) => read,
    };
    let problems = shorten(
        faults
            .iter()
            .filter(|f| speaks(f))
            .map(|f| plain(&f.to_string())),
    );
    if !usable(faults) {
        return Outcome::Warning {
            found: "ignored: a field that a sprint needs is missing or wrong".into(),
            warnings: problems,
        };
    }
    let found = format!(
        "planned: {}, edge cases: {}",
        counted(hints.tickets.len(), "ticket"),
        hints.edge_cases()
    );
    let other = hints.problem_id.as_ref().filter(|id| **id != facts.problem);
    let other = other.map(|id| format!("they say that they are about {id}"));
    let age = stale("they were made", *age);
    let drift = drift(hints, facts);
    told(
        found,
        problems.into_iter().chain(other).chain(age).chain(drift),
    )
}

/// Whether a sprint has anything to say about a fault: what only a dry run asks for is not missed.
fn speaks(fault: &HintFault) -> bool {
    fault.field.needed_by_sprint() || matches!(fault.what, HintFaultKind::Wrong(_))
}

/// Tickets that only one of both has, the planner or the tracker.
fn drift(hints: &Hints, facts: &Facts) -> Option<String> {
    let tracker = facts.tracker.as_ref().ok()?;
    let ids = tracker.ids();
    let planned = hints.tickets.keys().filter(|id| !ids.contains(id));
    let new = ids.iter().filter(|id| !hints.tickets.contains_key(id));
    let planned: Vec<_> = planned.map(|id| format!("-{id}")).collect();
    let new: Vec<_> = new.map(|id| format!("+{id}")).collect();
    let both = [planned, new].concat();
    (!both.is_empty()).then(|| {
        format!(
            "the plan has {} and the tracker {}: {}",
            counted(hints.tickets.len(), "ticket"),
            ids.len(),
            listed(&both)
        )
    })
}

/// The mode and why: what the configuration says, else what planning recommends, else teams; and
/// subagents where the agents cannot work as teams.
fn mode(facts: &Facts) -> (CoordinationMode, &'static str, bool) {
    let recommended = match &facts.hints {
        Reading::Read((hints, faults, _)) if usable(faults) => hints.coordination,
        Reading::Read(_) | Reading::Absent | Reading::Unreadable(_) => None,
    };
    let (wanted, why) = match (facts.mode, recommended) {
        (Some(mode), _) => (mode, "configured"),
        (None, Some(mode)) => (mode, "recommended by planning"),
        (None, None) => (CoordinationMode::AgentTeams, "the default"),
    };
    if wanted == CoordinationMode::AgentTeams && !facts.teams {
        return (CoordinationMode::Subagents, why, true);
    }
    (wanted, why, false)
}

fn coordination(facts: &Facts) -> Outcome {
    let (mode, why, fell_back) = mode(facts);
    let name = match mode {
        CoordinationMode::AgentTeams => "teams: context and worker side by side",
        CoordinationMode::Subagents => "subagents: the context agent first, then the worker",
    };
    if fell_back {
        // Only a wish that somebody had is worth a warning.
        let wished = why != "the default";
        let warning = format!("agent-teams are {why}, and these agents cannot work so");
        return told(name, wished.then_some(warning));
    }
    ok(format!("{name} ({why})"))
}

fn stale(what: &str, age: Age) -> Option<String> {
    match age {
        Age::Ahead(0) => None,
        Age::Ahead(1) => Some(format!("{what} 1 commit before base")),
        Age::Ahead(commits) => Some(format!("{what} {commits} commits before base")),
        Age::Unnamed => Some(format!("on which commit {what} is not said")),
        Age::Unknown => Some(format!("{what} on a commit that is not here")),
        Age::Diverged => Some(format!("{what} on another line of history than base")),
    }
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A few lines, and how many more there are.
fn shorten(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    let more = lines.len().saturating_sub(LISTED);
    if more > 0 {
        lines.truncate(LISTED);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn listed(names: &[String]) -> String {
    shorten(names.iter().cloned()).join(", ")
}

/// Text of others on one line, for a terminal.
fn plain(text: &str) -> String {
    let shown = RepoPath::from(text);
    shown.as_str().chars().take(300).collect()
}

fn ok(found: impl Into<String>) -> Outcome {
    Outcome::Ok {
        found: found.into(),
    }
}

fn skipped(reason: &str) -> Outcome {
    Outcome::Skipped {
        reason: reason.into(),
    }
}

fn failed(reason: impl Into<String>, next: &str) -> Outcome {
    Outcome::Failed {
        reason: reason.into(),
        next: next.into(),
    }
}

/// A file that people wrote and that is of no use does not stop a sprint that can do without it.
fn unusable(file: &str, reason: &str) -> Outcome {
    told("not used", Some(format!("{file}: {}", plain(reason))))
}

fn told(found: impl Into<String>, warnings: impl IntoIterator<Item = String>) -> Outcome {
    let (found, warnings) = (found.into(), Vec::from_iter(warnings));
    if warnings.is_empty() {
        Outcome::Ok { found }
    } else {
        Outcome::Warning { found, warnings }
    }
}
