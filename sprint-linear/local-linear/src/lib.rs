//! A Linear on loopback.
