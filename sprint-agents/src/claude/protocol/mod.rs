//! What is said between us and the program: one JSON object per line.
//!
//! New kinds of messages appear with every version of the program, so nothing that it prints is an
//! error here: what is not known is [`Message::Other`].

mod incoming;
mod lines;
mod outgoing;
mod result;

pub(crate) use incoming::{Ask, Block, Init, Message, Server, classify, parse, servers};
pub(crate) use lines::{Line, Lines};
pub(crate) use outgoing::{Control, Reply, prompt};
pub(crate) use result::ResultMessage;
