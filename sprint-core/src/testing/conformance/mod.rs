//! The contracts of the ports as checks that any adapter can run.
//!
//! A check takes the adapter in a harness and panics where the contract is broken.

pub mod vcs;
