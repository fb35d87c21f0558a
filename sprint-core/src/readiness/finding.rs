//! What can be wrong, as one table (spec 18.7), and what was found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::domain::path::RepoPath;
use crate::id::TicketId;

/// How much a finding weighs, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// There is nothing to report on.
    Fatal,
    /// The sprint would fail or do harm.
    Critical,
    /// The sprint would probably suffer.
    High,
    /// Worth a look; decides nothing.
    Warning,
    /// Worth knowing; decides nothing.
    Info,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Fatal,
        Self::Critical,
        Self::High,
        Self::Warning,
        Self::Info,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! catalogue {
    ($($code:ident $name:literal $severity:ident $condition:literal => $action:literal;)*) => {
        /// A kind of finding. Ordered by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $condition, ".")] $code,)*
        }

        impl Code {
            /// Every kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How much it weighs where nothing else is said.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }

            /// When it is found.
            pub const fn condition(self) -> &'static str {
                match self { $(Self::$code => $condition,)* }
            }

            /// What to do about it.
            pub const fn action(self) -> &'static str {
                match self { $(Self::$code => $action,)* }
            }
        }
    };
}

// Where the engine does by itself what the originals demand of people, the weight is less and the
// action says so: entries to be ignored.
catalogue! {
    HintsMissing "DR-HINTS-MISSING" Fatal "there is neither a hints file nor a ticket to plan from" => "run planning, or write tickets that the filter picks";
    HintsParse "DR-HINTS-PARSE" Fatal "the hints file cannot be read" => "regenerate the hints";
    HintsField "DR-HINTS-FIELD" Critical "a field of the hints is missing or wrong; one that can be derived weighs less" => "regenerate the hints";
    TicketField "DR-TICKET-FIELD" Critical "a field of a ticket in the hints is missing or wrong; one that can be derived weighs less" => "regenerate the hints";
    Count "DR-COUNT" Warning "a total in the hints is not what they hold" => "regenerate the hints";
    StaleSlight "DR-STALE-SLIGHT" Warning "up to 5 commits since the plan" => "review what changed";
    Stale "DR-STALE" High "more than 5 commits since the plan" => "plan again";
    PlanUnknown "DR-PLAN-UNKNOWN" Critical "the commit of the plan is not in the repository" => "plan again";
    PlanDiverged "DR-PLAN-DIVERGED" Warning "the commit of the plan is not part of base" => "check that base is the branch that was planned on";
    FileChanged "DR-FILE-CHANGED" Critical "a planned file changed since the plan" => "plan this ticket again";
    TrackerDown "DR-LINEAR-DOWN" Critical "the tracker does not answer" => "authenticate, or check the connection";
    TicketMissing "DR-TICKET-MISSING" Critical "the tracker has no such ticket" => "make the ticket again, or take it out of the plan";
    TitleDrift "DR-TITLE-DRIFT" Warning "the title differs from the planned one by more than 30 %" => "confirm that the scope is the same";
    TicketDone "DR-TICKET-DONE" High "the ticket is Done already" => "leave it out, or reopen it";
    TicketCancelled "DR-TICKET-CANCELLED" Critical "the ticket was cancelled" => "take it out of the plan, or restore it";
    TicketOwned "DR-TICKET-OWNED" Critical "the ticket is part of another unfinished sprint" => "give the sprints different labels, or finish the other one";
    Orphan "DR-ORPHAN" Info "the tracker has a ticket that is not in the plan" => "include it in the plan, or exclude it by label or state";
    DepMismatch "DR-DEP-MISMATCH" High "a planned dependency is no relation on the tracker" => "set the relation on the tracker";
    DepExtra "DR-DEP-EXTRA" Warning "a relation on the tracker is not in the plan" => "plan again, or remove the relation";
    DepNotInHints "DR-DEP-NOT-IN-HINTS" High "a ticket waits for one that is not planned" => "fix the plan, or finish that ticket first";
    DepNotOnTracker "DR-DEP-NOT-ON-LINEAR" Critical "a ticket waits for one that the tracker does not have" => "fix the plan";
    DepWave "DR-DEP-WAVE" High "a dependency is not planned in an earlier wave" => "fix the waves of the plan";
    Cycle "DR-CYCLE" Critical "tickets wait for each other" => "break the cycle";
    WaveMismatch "DR-WAVE-MISMATCH" Warning "the planned wave is not the one that follows from the dependencies" => "nothing: the wave that follows counts";
    ConflictCreate "DR-CONFLICT-CREATE" Critical "two tickets create the same file" => "merge the tickets, or split what they create";
    ConflictSameWave "DR-CONFLICT-SAME-WAVE" High "tickets change the same file side by side, or before it is created" => "add a dependency between the tickets";
    ConflictCrossWave "DR-CONFLICT-CROSS-WAVE" Warning "tickets change the same file in different waves" => "nothing: the later one starts from the earlier one's work";
    ConflictCreateModify "DR-CONFLICT-CREATE-MODIFY" Info "a file is created in one wave and changed in a later one" => "nothing";
    ModifyMissing "DR-MODIFY-MISSING" Warning "a file to be changed is not there" => "check whether it was renamed";
    CreateExists "DR-CREATE-EXISTS" Warning "a file to be created is there already" => "change it to a file to modify";
    GhostDep "DR-GHOST-DEP" Warning "a file that changes is imported by files outside of every ticket; tests weigh less" => "add the importers to the scope, or keep what they use";
    Dirty "DR-DIRTY" Warning "the checkout has uncommitted changes" => "commit or stash them: tickets start from base without them, and landing refuses to overwrite them";
    WorktreeNotIgnored "DR-WORKTREE-NOT-IGNORED" Info "git does not ignore the worktrees yet" => "nothing: a sprint adds the entries to .git/info/exclude before it makes a worktree";
    CmdMissing "DR-CMD-MISSING" High "a command of the gate, or its script, is not there; of the build it weighs more" => "fix the configuration, or install the program";
    ConfigMissing "DR-CONFIG-MISSING" Warning "there is no configuration" => "write .claude/sprint-config.yml, or name one with --config";
    ConfigInvalid "DR-CONFIG-INVALID" Critical "the configuration cannot be used" => "fix the configuration";
    E2eMissing "DR-E2E-MISSING" Critical "browser tests are on and their tool is not there" => "install agent-browser, or set e2e_cmd to none";
    E2eMissingDisabled "DR-E2E-MISSING-DISABLED" Info "browser tests are off and their tool is not there" => "nothing";
    StaleWorktrees "DR-STALE-WORKTREES" Warning "worktrees of earlier sprints are left" => "look at them, and remove those nobody needs with git worktree remove";
    StateInterrupted "DR-STATE-INTERRUPTED" High "an unfinished sprint of this problem is there" => "go on with it, or abandon it";
    StateComplete "DR-STATE-COMPLETE" Info "a finished sprint of this problem is there" => "start the next one with sprint run --new";
    FailurePattern "DR-FAILURE-PATTERN" Warning "a ticket touches files in which failures came back" => "keep the known resolution at hand";
    Uncovered "DR-UNCOVERED" Warning "no ticket speaks of a success criterion" => "add a ticket";
    StatementStale "DR-STATEMENT-STALE" Info "the problem statement is of an old format, or was written at another commit" => "define the problem again";
    LegacyLayout "DR-LEGACY-LAYOUT" Info "files of the old layout are there, and were read where they are" => "nothing: sprint run moves them";
    ZeroTickets "DR-ZERO-TICKETS" Critical "the plan has no tickets" => "plan again";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What kind it is of.
    pub code: Code,
    /// The tickets it is about.
    pub tickets: Vec<TicketId>,
    /// The files it is about.
    pub files: Vec<RepoPath>,
    /// What was seen, on one line without control characters.
    pub what: String,
    /// The values that were measured, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<&'static str, String>,
    /// What to do about it.
    pub action: String,
}

impl Finding {
    /// A finding with the weight and action of its kind.
    pub fn new(code: Code, what: impl AsRef<str>) -> Self {
        Self {
            severity: code.severity(),
            code,
            tickets: Vec::new(),
            files: Vec::new(),
            what: one_line(what.as_ref()),
            measured: BTreeMap::new(),
            action: code.action().to_owned(),
        }
    }

    /// The same with another weight.
    #[must_use]
    pub const fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same about these tickets too.
    #[must_use]
    pub fn tickets<'a>(mut self, tickets: impl IntoIterator<Item = &'a TicketId>) -> Self {
        self.tickets.extend(tickets.into_iter().cloned());
        self
    }

    /// The same about these files too.
    #[must_use]
    pub fn files<'a>(mut self, files: impl IntoIterator<Item = &'a RepoPath>) -> Self {
        self.files.extend(files.into_iter().cloned());
        self
    }

    /// The same with a measured value.
    #[must_use]
    pub fn measuring(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.measured.insert(name, one_line(&value.to_string()));
        self
    }

    /// The same with another action.
    #[must_use]
    pub fn advising(mut self, action: impl Into<String>) -> Self {
        self.action = action.into();
        self
    }
}

/// Text of others on one line, without what a terminal would act on, cut where it gets long.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let words: String = text.chars().map(clean).collect();
    let mut line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(at);
        line.push('…');
    }
    line
}
