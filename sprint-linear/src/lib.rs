//! Tickets on Linear.
