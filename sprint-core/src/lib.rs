//! Runs sprints of coding agents: tickets become verified, merged code, with evidence.
//!
//! This crate is the engine. It decides what ought to happen, drives it through [`ports`], and
//! saves every step before the next begins; a sprint that was killed anywhere goes on from there.
//! It needs no async runtime and no account: state, tickets and locks can live in [files](local),
//! and any program can be an agent (`sprint-agents`) on any git repository (`sprint-git`).
//!
//! # Linking the engine into your program
//!
//! Give an [`Engine`](engine::Engine) its ports, let it plan, and run it. Here the ports are the
//! [fakes](testing) (feature `test-util`): a world in memory with two tickets, one of which waits
//! for the other. `examples/embed.rs` does the same with real adapters.
//!
#![cfg_attr(feature = "test-util", doc = "```")]
#![cfg_attr(not(feature = "test-util"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use sprint_core::engine::{Engine, Why, control};
//! use sprint_core::id::ProblemId;
//! use sprint_core::report::summary::Summary;
//! use sprint_core::run::Outcome;
//! use sprint_core::run::admit::Limits;
//! use sprint_core::run::event::Event;
//! use sprint_core::run::state::Ending;
//! use sprint_core::testing::fake::{FakeStore, ports};
//! use sprint_core::testing::fixture;
//! use sprint_core::testing::world::World;
//! use sprint_core::time::Timestamp;
//!
//! let (world, _) = World::planned("ENG-1, ENG-2 <- ENG-1");
//! let store = FakeStore::default();
//!
//! // Your display: called after each change was saved.
//! let show = |at: Timestamp, event: &Event| {
//!     if let Event::Landed { tickets, .. } = event {
//!         println!("{at}: {tickets:?} are on base");
//!     }
//! };
//! // At most eight agents and two gates at a time.
//! let limits = Limits::new(Some(8), Some(2));
//! let engine = Engine::new(ports(&world, &store), limits, Arc::new(show));
//!
//! // `control` could cancel the sprint, or answer a review, while it runs.
//! let (_control, mut inbox) = control();
//! let lease = FakeStore::lease(1);
//! let finished = world.clock().run(async {
//!     let plan = engine.plan(ProblemId::new("greeting")?, fixture::config()).await?;
//!     let finished = engine.start(plan, &lease, &mut inbox).await?;
//!     Ok::<_, Box<dyn std::error::Error>>(finished)
//! })?;
//!
//! assert_eq!(finished.why, Why::Outcome(Outcome::Complete(Ending::Finished)));
//! let summary = Summary::new(&finished.run.snapshot(), None);
//! assert_eq!(summary.exit_code, 0, "both tickets are merged");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Finding your way
//!
//! - What a sprint is made of: [`domain`], made from text by [`config`] and ordered by [`plan`].
//! - What has to be true before a sprint starts: [`preflight`].
//! - What happens next, as a value: [`run`]. Nothing in there waits, reads a clock or does IO.
//! - What people and tools read: [`report`]; whether evidence still holds: [`evidence`]; whether a
//!   sprint would get off the ground: [`readiness`].
//! - Phases that independent agents claim, side by side, and what comes of them: [`phases`].
//! - What becomes of each ticket when a saved sprint goes on: [`resume`].
//! - How the world is reached: [`ports`], and [`engine`], the loop over them.
//! - What is there to use at once: [`local`] and [`memory`].

pub mod failure;
pub mod id;
pub mod time;

pub mod domain;

pub mod config;
pub mod plan;

pub mod evidence;
pub mod inspect;
pub mod phases;
pub mod preflight;
pub mod readiness;
pub mod resume;

pub mod run;

pub mod report;

pub mod ports;

pub mod local;
pub mod memory;

pub mod engine;

#[cfg(any(test, feature = "test-util"))]
pub mod testing;
