//! What is planned and what became of it, on record before anything is sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sprint_core::domain::draft::CheckedDraft;
use sprint_core::failure::ErrorKind;
use sprint_core::id::{DraftKey, ProblemId};
use sprint_core::ports;

use crate::create::digest;
use crate::create::journal_store::JournalStore;
use crate::create::place::Place;
use crate::ids::{self, Origin};

/// What the file is, and in which version.
const FORMAT: &str = "sprint-linear-create/1";

/// The record of one plan in one team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    format: String,
    /// The workspace, by id.
    pub(super) organization: String,
    /// The team, by id.
    pub(super) team: String,
    pub(super) problem: ProblemId,
    /// SHA-256 of the plan.
    pub(super) plan: String,
    /// The state that issues are created in, by id.
    pub(super) state: String,
    /// In the order in which they are made.
    pub(super) entries: Vec<Entry>,
}

/// One thing to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) what: What,
    /// Its id at Linear: derived from what it is, or the one that was found.
    pub(super) id: String,
    /// Which of the ids that can be derived that is.
    pub(super) epoch: u32,
    pub(super) state: State,
    /// How people find it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<Shown>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Label {
        name: String,
    },
    Project,
    Ticket {
        key: DraftKey,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<DraftKey>,
    },
    Relation {
        blocker: DraftKey,
        blocked: DraftKey,
    },
}

/// How far an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Nothing was sent under its id.
    Planned,
    /// It may be there.
    Sent,
    /// It is there, and we made it.
    Confirmed,
    /// It was there before, and is not ours to take back.
    Found,
    /// Linear refused it for good, as far as we know.
    Failed { why: String },
    /// It is being taken back, and may be there.
    Leaving,
    /// It is gone, and its id with it.
    TakenBack,
}

/// How people find something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown {
    /// `ENG-12` for an issue, the name for a project.
    pub(super) name: String,
    pub(super) url: String,
}

impl Entry {
    /// Whether something of ours may be at Linear under its id.
    pub(super) const fn may_be_there(&self) -> bool {
        match self.state {
            State::Sent | State::Confirmed | State::Failed { .. } | State::Leaving => true,
            State::Planned | State::Found | State::TakenBack => false,
        }
    }

    /// Whether it is there, whoever made it.
    pub(super) const fn is_there(&self) -> bool {
        matches!(self.state, State::Confirmed | State::Found)
    }

    /// Whether a request under its id may have been carried out before, so that reading comes
    /// before sending.
    pub(super) const fn is_doubtful(&self) -> bool {
        match self.state {
            State::Sent | State::Failed { .. } | State::Leaving => true,
            State::Planned | State::Confirmed | State::Found | State::TakenBack => false,
        }
    }
}

impl Journal {
    /// A journal in which everything is planned.
    fn begin(place: &Place, draft: &CheckedDraft) -> Self {
        let plan = draft.plan();
        let mut labels = BTreeMap::new();
        for ticket in &plan.tickets {
            for label in draft.labels(ticket) {
                labels.entry(label.to_lowercase()).or_insert(label);
            }
        }
        let mut what: Vec<_> = labels.into_values().map(What::label).collect();
        what.extend(plan.project.as_ref().map(|_| What::Project));
        what.extend(draft.levels().flatten().map(|ticket| What::Ticket {
            key: ticket.key.clone(),
            parent: ticket.parent.clone(),
        }));
        let relations = draft.relations().into_iter();
        what.extend(relations.map(|(blocked, blocker)| What::Relation {
            blocker: blocker.clone(),
            blocked: blocked.clone(),
        }));
        let mut journal = Self {
            format: FORMAT.into(),
            organization: place.organization.clone(),
            team: place.team.clone(),
            problem: plan.problem.clone(),
            plan: digest(plan),
            state: place.state.clone(),
            entries: Vec::with_capacity(what.len()),
        };
        for what in what {
            let id = journal.derived(&what, 0);
            journal.entries.push(Entry {
                what,
                id,
                epoch: 0,
                state: State::Planned,
                shown: None,
            });
        }
        journal
    }

    /// The id of something in an epoch.
    pub(super) fn derived(&self, what: &What, epoch: u32) -> String {
        let ticket = |key: &DraftKey| self.ticket(key).map_or("", |at| &*self.entries[at].id);
        let (kind, key) = match what {
            What::Label { name } => (ids::Kind::Label, name.to_lowercase()),
            What::Project => (ids::Kind::Project, String::new()),
            What::Ticket { key, .. } => (ids::Kind::Issue, key.to_string()),
            // A relation is between two issues, not two keys: where an issue had to be made anew,
            // so has the relation.
            What::Relation { blocker, blocked } => (
                ids::Kind::Relation,
                format!("{} {}", ticket(blocker), ticket(blocked)),
            ),
        };
        let scope = format!("{}/{}", self.problem, self.plan);
        let origin = Origin {
            organization: &self.organization,
            scope: &scope,
            kind,
            key: &key,
        };
        origin.id(epoch)
    }

    /// Where the entry of a ticket is.
    pub(super) fn ticket(&self, wanted: &DraftKey) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| matches!(&entry.what, What::Ticket { key, .. } if key == wanted))
    }

    /// Where the entries are that `test` picks.
    pub(super) fn find(&self, test: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let all = self.entries.iter().enumerate();
        all.filter(|(_, entry)| test(entry))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether nothing that this journal made is left.
    pub(super) fn is_closed(&self) -> bool {
        let label = |entry: &Entry| matches!(entry.what, What::Label { .. });
        !self
            .entries
            .iter()
            .any(|entry| entry.may_be_there() && !label(entry))
    }
}

impl What {
    fn label(name: &str) -> Self {
        Self::Label { name: name.into() }
    }
}

/// A journal and where it is kept.
#[derive(Debug)]
pub(super) struct Book<'a> {
    store: &'a mut dyn JournalStore,
    pub(super) journal: Journal,
    /// Why it could not be saved, where the error had to go another way.
    unsaved: Option<ports::Error>,
}

impl<'a> Book<'a> {
    /// The journal of this plan: the one that is kept, or a new one.
    pub(super) fn open(
        store: &'a mut dyn JournalStore,
        place: &Place,
        draft: &CheckedDraft,
    ) -> ports::Result<Self> {
        let begin = || Journal::begin(place, draft);
        let journal = match load(store)? {
            None => begin(),
            Some(kept) => {
                belongs(&kept, place, Some(&draft.plan().problem))?;
                match (kept.plan == digest(draft.plan()), kept.is_closed()) {
                    (true, _) => kept,
                    // Everything of the earlier plan was taken back.
                    (false, true) => begin(),
                    (false, false) => {
                        return Err(refused(
                            "it is of another version of the plan, some of which is on Linear; \
                         take that back first, or keep this journal somewhere else",
                        ));
                    }
                }
            }
        };
        Ok(Self {
            store,
            journal,
            unsaved: None,
        })
    }

    /// The journal that is kept; an error if there is none.
    pub(super) fn reopen(store: &'a mut dyn JournalStore, place: &Place) -> ports::Result<Self> {
        let Some(journal) = load(store)? else {
            let error = ports::Error::new(ErrorKind::NotFound, "read", "the creation journal");
            return Err(error.because("there is none, so nothing is known to be ours"));
        };
        belongs(&journal, place, None)?;
        Ok(Self {
            store,
            journal,
            unsaved: None,
        })
    }

    /// Keeps the journal as it is now. Nothing may be sent after an error.
    pub(super) fn save(&mut self) -> ports::Result<()> {
        let bytes = serde_json::to_vec_pretty(&self.journal).expect("journals are plain data");
        self.store.save(&bytes).map_err(|error| {
            ports::Error::new(ErrorKind::Fatal, "save", "the creation journal").because(error)
        })
    }

    /// The same where only a [`CallError`](crate::call_error::CallError) can be returned; the
    /// error is kept for [`unsaved`](Self::unsaved).
    pub(super) fn try_save(&mut self) -> Result<(), ()> {
        self.save().map_err(|error| self.unsaved = Some(error))
    }

    /// The error of the last [`try_save`](Self::try_save).
    pub(super) const fn unsaved(&mut self) -> Option<ports::Error> {
        self.unsaved.take()
    }

    /// Goes on to the next id of an entry: the present one cannot be used.
    pub(super) fn renew(&mut self, at: usize) {
        let epoch = self.journal.entries[at].epoch + 1;
        self.at_epoch(at, epoch);
        self.journal.entries[at].state = State::Planned;
    }

    /// Gives an entry its id of an epoch.
    pub(super) fn at_epoch(&mut self, at: usize, epoch: u32) {
        let id = self.journal.derived(&self.journal.entries[at].what, epoch);
        let entry = &mut self.journal.entries[at];
        entry.id = id;
        entry.epoch = epoch;
        entry.shown = None;
    }
}

fn load(store: &dyn JournalStore) -> ports::Result<Option<Journal>> {
    let kept = store.load().map_err(|error| {
        ports::Error::new(ErrorKind::Fatal, "read", "the creation journal").because(error)
    })?;
    let Some(kept) = kept else { return Ok(None) };
    let journal: Journal = serde_json::from_slice(&kept)
        .map_err(|error| refused(&format!("it is not a whole creation journal: {error}")))?;
    if journal.format != FORMAT {
        return Err(refused("it is of another version of this program"));
    }
    Ok(Some(journal))
}

/// Whether a journal is of this place and problem.
fn belongs(kept: &Journal, place: &Place, problem: Option<&ProblemId>) -> ports::Result<()> {
    if kept.organization != place.organization {
        return Err(refused("it is of another workspace"));
    }
    if kept.team != place.team {
        return Err(refused("it is of another team"));
    }
    if let Some(problem) = problem.filter(|problem| **problem != kept.problem) {
        return Err(refused(&format!(
            "it is of problem {}, and the plan is of {problem}",
            kept.problem
        )));
    }
    Ok(())
}

fn refused(why: &str) -> ports::Error {
    ports::Error::new(ErrorKind::Invalid, "use", "the creation journal").because(why)
}
