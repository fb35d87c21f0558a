//! Live progress: a line per ticket on a terminal, a line per event elsewhere, JSON on request.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sprint_core::id::TicketId;
use sprint_core::plan::sprint_plan::SprintPlan;
use sprint_core::ports::Observer;
use sprint_core::report::progress;
use sprint_core::run::event::Event;
use sprint_core::run::snapshot::Snapshot;
use sprint_core::time::Timestamp;

use crate::say;

/// Shows what happens while it happens.
pub(crate) struct Live {
    form: Form,
    bars: MultiProgress,
    rows: Mutex<BTreeMap<TicketId, ProgressBar>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Rows,
    Lines,
    Json,
}

impl Live {
    pub(crate) fn new(json: bool) -> Self {
        let form = match (json, std::io::stderr().is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Rows,
            (false, false) => Form::Lines,
        };
        Self {
            form,
            bars: MultiProgress::new(),
            rows: Mutex::default(),
        }
    }

    /// Shows the tickets of a new sprint.
    pub(crate) fn start(&self, plan: &SprintPlan) {
        for warning in &plan.warnings {
            self.note(&format!("warning: {warning}"));
        }
        self.rows(plan, |_| ("queued", 1));
    }

    /// Shows the tickets of a sprint that goes on.
    pub(crate) fn resume(&self, saved: &Snapshot) {
        self.note("going on with an interrupted sprint");
        self.rows(&saved.plan, |id| {
            saved
                .tickets
                .get(id)
                .map_or(("queued", 1), |run| (run.stage.name(), run.attempt))
        });
    }

    fn rows<'a>(&self, plan: &SprintPlan, stage: impl Fn(&TicketId) -> (&'a str, u32)) {
        if self.form != Form::Rows {
            return;
        }
        let style = "{prefix:<30.cyan} {msg:<34} {elapsed:>4}";
        let style =
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let mut rows = self.lock();
        for (id, ticket) in &plan.tickets {
            let bar = self
                .bars
                .add(ProgressBar::no_length().with_style(style.clone()));
            bar.set_prefix(format!("{id} {}", ticket.ticket.plain_title(20)));
            let (name, attempt) = stage(id);
            bar.set_message(row(name, attempt));
            bar.enable_steady_tick(Duration::from_secs(1));
            rows.insert(id.clone(), bar);
        }
    }

    /// Says something to the person in front of the terminal.
    pub(crate) fn note(&self, text: &str) {
        match self.form {
            // A terminal that has gone away is nobody's loss.
            Form::Rows => self.bars.println(text).unwrap_or_default(),
            Form::Lines | Form::Json => eprintln!("{text}"),
        }
    }

    /// Leaves the rows as they are.
    pub(crate) fn finish(&self) {
        for bar in self.lock().values() {
            bar.abandon();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TicketId, ProgressBar>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, event: &Event) {
        if let Event::StageChanged {
            ticket,
            stage,
            attempt,
        } = event
            && let Some(bar) = self.lock().get(ticket)
        {
            bar.set_message(row(stage, *attempt));
            if matches!(stage.as_str(), "merged" | "stuck" | "blocked" | "dropped") {
                bar.abandon();
            }
        } else if let Event::Blocked { ticket, by } = event
            && let Some(bar) = self.lock().get(ticket)
        {
            bar.set_message(format!("blocked by {by}"));
            bar.abandon();
        } else if let Some(line) = progress::line(event) {
            self.bars.println(line).unwrap_or_default();
        }
    }
}

fn row(stage: &str, attempt: u32) -> String {
    if attempt > 1 {
        format!("{stage}, attempt {attempt}")
    } else {
        stage.to_owned()
    }
}

impl Observer for Live {
    fn on_event(&self, at: Timestamp, event: &Event) {
        match self.form {
            Form::Rows => self.update(event),
            Form::Lines => {
                if let Some(line) = progress::line(event) {
                    eprintln!("{at} {line}");
                }
            }
            Form::Json => say(&serde_json::json!({ "at": at, "event": event }).to_string()),
        }
    }
}
