//! The `Vcs` port of `sprint-core` on git repositories.
//!
//! Merges are made in memory with gix. Whatever touches a working tree goes through the `git`
//! program, started in one place, without a shell, hooks or prompts. The user's checkout, index,
//! stash and branches stay as they are; only landing advances base.
//!
//! ```no_run
//! use sprint_core::id::BranchName;
//! use sprint_core::ports::Vcs;
//! use sprint_git::{GitConfig, GitVcs};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let vcs = GitVcs::open(GitConfig::new("/home/me/project", BranchName::new("main")?)).await?;
//! let status = vcs.status().await?;
//! println!("tickets start from {}", status.base_head);
//! # Ok(())
//! # }
//! ```

mod config;
mod vcs;

mod close;
mod collect;
mod integration;
mod land;
mod landings;
mod open;
mod refresh;
mod revert;

mod audit;
mod combine;
mod graft;
mod importers;
mod memory;
mod overview;
mod predict;
mod reader;
mod surroundings;
mod survey;
mod trace;
mod tree_now;

mod diff;
mod hazard;
mod merge;
mod merger;
mod opinion;
mod record;
mod resolve;
mod touched;

mod ignore;
mod index;
mod lookup;
mod made;
mod pool;
mod refs;
mod repo;
mod seed;
mod watch;
mod worktree;

mod error;
mod files;
mod git_cli;
mod lock;

pub use config::GitConfig;
pub use overview::Overview;
pub use reader::{GitReader, Since, Standing};
pub use seed::{Seed, SeedMode};
pub use survey::LocalBranch;
pub use vcs::GitVcs;
