//! For tests: a world in memory with strict fakes over it, a simulator, and the contracts of the
//! ports as checks.
//!
//! The fakes are public so that you can test your own code against an engine that runs to its end
//! in milliseconds. All of it is exempt from semantic versioning.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sprint_core::engine::{Engine, control};
//! use sprint_core::run::admit::Limits;
//! use sprint_core::testing::fake::{FakeStore, Recorder, ports};
//! use sprint_core::testing::world::World;
//!
//! let (world, plan) = World::planned("A, B <- A");
//! let store = FakeStore::default();
//! let engine = Engine::new(
//!     ports(&world, &store),
//!     Limits::new(None, None),
//!     Arc::new(Recorder::default()),
//! );
//! let (_control, mut inbox) = control();
//! let lease = FakeStore::lease(1);
//! world.clock().run(engine.start(plan, &lease, &mut inbox))?;
//! let landed = world.with(|state| state.repo.base_tree().len());
//! assert_eq!(landed, 2);
//! # Ok::<(), sprint_core::ports::Error>(())
//! ```

pub mod fixture;
pub mod sample;
pub mod world;

pub mod conformance;
pub mod fake;

pub mod parsers;
pub mod rng;
pub mod sim;
