//! Phases of one sprint that independent agents claim: review, qa and security side by side, then ship.
//!
//! Everything here is a function of values. What is on disk, and who is alive, is told from outside.
//!
//! - What phases there are: [`graph`]; in which batches they can be done: [`schedule`].
//! - What happened: [`event`]; how a sprint stands, as a fold over that: [`board`].
//! - What a command leads to: [`decide`], an event or [`refused`] with a reason and a next step.
//! - Who holds a claim, and whether they are there: [`owner`].
//! - What stops a sprint: [`breaker`], [`budget`], [`loop_guard`].
//! - What people and tools see: [`view`] and [`standing`].
//! - What a phase hands in: [`artifact`]; what contradicts what, and which holds: [`conflict`]; whether
//!   all of it can be shipped: [`ship`].

pub mod artifact;
pub mod board;
pub mod breaker;
pub mod budget;
pub mod conflict;
pub mod decide;
pub mod event;
pub mod graph;
pub mod loop_guard;
pub mod owner;
pub mod reason;
pub mod refused;
pub mod schedule;
pub mod ship;
pub mod standing;
pub mod view;

mod text;
