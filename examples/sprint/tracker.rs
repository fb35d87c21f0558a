//! Where the tickets are.

pub(crate) mod check;
mod key;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use sprint_core::domain::config::SprintConfig;
use sprint_core::local::tracker::FileTracker;
use sprint_core::ports::{BlobStore, SystemClock, Tracker};
use sprint_core::run::snapshot::Snapshot;
use sprint_linear::transport::Https;
use sprint_linear::{Budget, LinearConfig, LinearTracker};

use crate::cli::Usage;

/// Options about the tracker.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrackerArgs {
    /// Where the tickets are: `files`, a folder with one Markdown file per ticket; or `linear`.
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    pub(crate) tracker: Kind,
    /// The folder with one Markdown file per ticket.
    #[arg(long, value_name = "DIR", default_value = ".claude/tickets")]
    pub(crate) tickets: PathBuf,
    /// The program that prints the key to Linear, with its arguments; not given to a shell.
    /// Default: the key is in the environment variable `LINEAR_API_KEY`.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) linear_key_command: Option<String>,
    /// Another address than Linear's: a recording proxy, or a server for tests. The key is sent
    /// there.
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) linear_url: Option<String>,
    /// A key that is known already, with the demo's server.
    #[arg(skip)]
    pub(crate) demo_key: Option<String>,
}

/// Which tracker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Files.
    #[default]
    Files,
    /// Linear.
    Linear,
}

impl TrackerArgs {
    /// Tickets in the files of a folder.
    pub(crate) fn folder(tickets: &Path) -> Self {
        Self {
            tracker: Kind::Files,
            tickets: tickets.to_path_buf(),
            linear_key_command: None,
            linear_url: None,
            demo_key: None,
        }
    }

    /// The tracker. `saved` is the sprint that is gone on with, whose tickets it may know by
    /// another name than people do; `outputs` go into evidence where the tracker takes files, and are
    /// not needed to look.
    pub(crate) async fn open(
        &self,
        root: &Path,
        config: &SprintConfig,
        saved: Option<&Snapshot>,
        outputs: Option<Arc<dyn BlobStore>>,
    ) -> Result<Arc<dyn Tracker>> {
        match self.tracker {
            Kind::Files => Ok(Arc::new(self.files(root)?)),
            Kind::Linear => {
                let (mut tracker, _) = self.linear(config).await?;
                if let Some(outputs) = outputs {
                    tracker = tracker.with_outputs(outputs);
                }
                for planned in saved
                    .into_iter()
                    .flat_map(|saved| saved.plan.tickets.values())
                {
                    let ticket = &planned.ticket;
                    if let Some(uuid) = &ticket.tracker_id {
                        tracker.know(&ticket.id, uuid);
                    }
                }
                Ok(Arc::new(tracker))
            }
        }
    }

    fn files(&self, root: &Path) -> Result<FileTracker> {
        let tickets = root.join(&self.tickets);
        if !tickets.is_dir() {
            let text = format!(
                "there is no ticket folder {}; name one with --tickets, or use --tracker linear",
                tickets.display()
            );
            return Err(Usage(text).into());
        }
        Ok(FileTracker::new(tickets))
    }

    /// The team of the configuration on Linear, and the allowance that it uses.
    async fn linear(&self, config: &SprintConfig) -> Result<(LinearTracker, Budget)> {
        let token = key::token(self).await?;
        let mut linear = LinearConfig::new(token);
        linear.team = config.filter.team.clone();
        linear.started_state = config.other.linear_in_progress_state.clone();
        linear.done_state = config.other.linear_done_state.clone();
        if let Some(url) = &self.linear_url {
            linear = linear.with_endpoint(format!("{url}/graphql"), url);
        }
        let transport = Arc::new(Https::new()?);
        let (clock, budget) = (Arc::new(SystemClock), Budget::new());
        let tracker = LinearTracker::new(linear, transport, clock, budget.clone());
        Ok((tracker, budget))
    }
}
