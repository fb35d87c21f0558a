//! Section 4: whether the surroundings are fit for a sprint (spec 18.6). Nothing was run to know.

use serde::Serialize;

use crate::domain::command::CheckKind;
use crate::domain::path::listed;
use crate::id::TicketId;
use crate::readiness::facts::{ConfigFacts, Facts, SprintFacts};
use crate::readiness::finding::{Code, Finding, Severity, one_line};

/// How many changed files are named.
const NAMED: usize = 10;

/// What surrounds the sprint, one line each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Infrastructure {
    /// A name and what was seen.
    pub rows: Vec<(&'static str, String)>,
}

pub(super) fn infrastructure(facts: &Facts, found: &mut Vec<Finding>) -> Infrastructure {
    let rows = vec![
        ("git", git(facts, found)),
        ("branch", branch(facts)),
        ("worktrees ignored", ignored(facts, found)),
        ("configuration", configuration(facts, found)),
        ("commands", commands(facts, found)),
        ("browser tests", browser(facts, found)),
        ("old worktrees", worktrees(facts, found)),
        ("earlier sprint", earlier(facts, found)),
        ("other sprints", others(facts, found)),
        ("failure patterns", patterns(facts, found)),
        ("layout", layout(facts, found)),
    ];
    Infrastructure { rows }
}

fn git(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let dirty = &facts.repository.dirty;
    if dirty.is_empty() {
        return "clean".into();
    }
    let named = listed(&dirty[..dirty.len().min(NAMED)]);
    let more = match dirty.len() {
        n if n > NAMED => format!(" and {} more", n - NAMED),
        _ => String::new(),
    };
    let what = format!("uncommitted changes: {named}{more}");
    let finding = Finding::new(Code::Dirty, what).measuring("changes", dirty.len());
    found.push(finding.files(dirty.iter().take(NAMED)));
    format!("uncommitted changes: {}", dirty.len())
}

fn branch(facts: &Facts) -> String {
    let repository = &facts.repository;
    let out = repository.branch.as_deref().unwrap_or("no branch");
    let (base, head) = (&repository.base, short(repository.head.as_str()));
    let base_head = short(repository.base_head.as_str());
    if out == base.as_str() {
        format!("{out} at {head}; tickets start from it")
    } else {
        format!("{out} at {head}; tickets start from {base} at {base_head}")
    }
}

fn ignored(facts: &Facts, found: &mut Vec<Finding>) -> String {
    if facts.repository.worktrees_ignored {
        return "yes".into();
    }
    let what = ".claude/worktrees/ is not ignored";
    found.push(Finding::new(Code::WorktreeNotIgnored, what));
    "not yet".into()
}

fn configuration(facts: &Facts, found: &mut Vec<Finding>) -> String {
    match &facts.config {
        ConfigFacts::Read(_) => "read".into(),
        ConfigFacts::Missing => {
            let what = "there is no configuration, so base, tickets and commands are guesses";
            found.push(Finding::new(Code::ConfigMissing, what));
            "none".into()
        }
        ConfigFacts::Invalid(why) => {
            found.push(Finding::new(Code::ConfigInvalid, why));
            "cannot be used".into()
        }
    }
}

fn commands(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let missing = facts.commands.iter().filter_map(|command| {
        let missing = command.missing.as_ref()?;
        let what = format!("{}: {missing}, for {:?}", command.check, command.line);
        let finding = Finding::new(Code::CmdMissing, what).measuring("command", &command.line);
        found.push(match command.check {
            CheckKind::Build => finding.weighing(Severity::Critical),
            CheckKind::Lint | CheckKind::Typecheck | CheckKind::Test => finding,
        });
        Some(command.check.name())
    });
    let missing: Vec<_> = missing.collect();
    match (facts.commands.len(), missing.as_slice()) {
        (0, _) => "none configured".into(),
        (all, []) => format!("all {all} of the gate are there"),
        (_, missing) => format!("not there: {}", missing.join(", ")),
    }
}

fn browser(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let on = facts.config.read().is_some_and(|config| {
        let command = config.other.e2e_cmd.as_deref().unwrap_or_default().trim();
        config.phases.e2e && !command.is_empty() && !command.eq_ignore_ascii_case("none")
    });
    match (on, &facts.browser_tool) {
        (true, Some(tool)) => format!("on, with {tool}"),
        (false, Some(tool)) => format!("off; {tool} is there"),
        (true, None) => {
            let what = "agent-browser is neither a program nor a package of the project";
            found.push(Finding::new(Code::E2eMissing, what));
            "on, and their tool is missing".into()
        }
        (false, None) => {
            let what = "browser tests are off, and agent-browser is not there";
            found.push(Finding::new(Code::E2eMissingDisabled, what));
            "off".into()
        }
    }
}

fn worktrees(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let worktrees = &facts.repository.worktrees;
    // Those of a sprint that goes on are no leftovers.
    let goes_on = facts.sprints.iter().any(|sprint| !sprint.complete);
    if !worktrees.is_empty() && !goes_on {
        let what = format!("left in .claude/worktrees: {}", worktrees.join(", "));
        let finding = Finding::new(Code::StaleWorktrees, what);
        found.push(finding.measuring("worktrees", worktrees.len()));
    }
    worktrees.len().to_string()
}

fn earlier(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let own = |sprint: &&SprintFacts| sprint.problem == facts.problem;
    let Some(sprint) = facts.sprints.iter().find(own) else {
        return "none".into();
    };
    let (finished, all) = (sprint.finished, sprint.total);
    if sprint.complete {
        let what = format!("the last sprint is complete, {finished} of {all} tickets finished");
        found.push(Finding::new(Code::StateComplete, what));
        return format!("complete, {finished}/{all}");
    }
    let phase = one_line(&sprint.phase);
    let what = format!("a sprint stands in phase {phase}, {finished} of {all} tickets finished");
    let finding = Finding::new(Code::StateInterrupted, what).measuring("phase", &phase);
    let finding = finding
        .measuring("finished", finished)
        .measuring("tickets", all);
    found.push(finding.advising(format!(
        "go on with it: sprint resume --problem-id {}",
        facts.problem
    )));
    format!("interrupted in phase {phase}, {finished}/{all}")
}

/// Tickets of this plan that another unfinished sprint works on (spec C-37).
fn others(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let others = facts.sprints.iter();
    let others = others.filter(|sprint| sprint.problem != facts.problem && !sprint.complete);
    let mut count = 0_usize;
    for sprint in others {
        count += 1;
        let planned = facts.planned.tickets.keys();
        for id in planned.filter(|id| sprint.tickets.contains(*id)) {
            let what = format!(
                "{id} is part of the unfinished sprint of {}",
                sprint.problem
            );
            let finding = Finding::new(Code::TicketOwned, what).tickets([id]);
            found.push(finding.measuring("problem", &sprint.problem));
        }
    }
    match count {
        0 => "none unfinished".into(),
        count => format!("{count} unfinished"),
    }
}

fn patterns(facts: &Facts, found: &mut Vec<Finding>) -> String {
    let mut matching = 0;
    for pattern in &facts.patterns {
        let planned = facts.planned.tickets.iter();
        let touches = planned.filter_map(|(id, ticket)| {
            let files: Vec<_> = ticket.files().filter(|file| pattern.is_in(file)).collect();
            (!files.is_empty()).then_some((id, files))
        });
        let touches: Vec<(&TicketId, Vec<_>)> = touches.collect();
        if touches.is_empty() {
            continue;
        }
        matching += 1;
        let (module, kind) = (pattern.module.trim(), pattern.error_type.trim());
        let what = format!(
            "{module}: {kind} {:?}, {} times",
            pattern.pattern, pattern.frequency
        );
        let finding = Finding::new(Code::FailurePattern, what)
            .tickets(touches.iter().map(|(id, _)| *id))
            .files(touches.iter().flat_map(|(_, files)| files.iter().copied()))
            .measuring("frequency", pattern.frequency);
        let resolution = one_line(&pattern.resolution);
        found.push(match resolution.as_str() {
            "" => finding,
            known => finding.advising(known),
        });
    }
    format!(
        "{} known, {matching} in planned files",
        facts.patterns.len()
    )
}

fn layout(facts: &Facts, found: &mut Vec<Finding>) -> String {
    if facts.legacy.is_empty() {
        return "current".into();
    }
    let what = format!("read in place: {}", facts.legacy.join(", "));
    found.push(Finding::new(Code::LegacyLayout, what));
    format!("{} files of the old one", facts.legacy.len())
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
