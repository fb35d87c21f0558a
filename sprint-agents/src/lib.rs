//! Agents and verifiers.
