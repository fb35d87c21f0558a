//! The line into a running sprint.

use futures_channel::mpsc;
use futures_util::{FutureExt as _, StreamExt as _};

use crate::run::input::Command;

/// Sends decisions into a running sprint. Can be cloned; never blocks.
#[derive(Clone, Debug)]
pub struct Control(mpsc::UnboundedSender<Message>);

/// The engine's end of a [`Control`].
#[derive(Debug)]
pub struct Inbox {
    messages: mpsc::UnboundedReceiver<Message>,
    draining: bool,
}

#[derive(Debug)]
enum Message {
    Command(Command),
    Drain,
}

/// A line into a sprint: one end to keep, one for the engine.
pub fn control() -> (Control, Inbox) {
    let (sender, messages) = mpsc::unbounded();
    (
        Control(sender),
        Inbox {
            messages,
            draining: false,
        },
    )
}

impl Control {
    /// Hands a decision in. Returns whether an engine is there to hear it.
    pub fn send(&self, command: Command) -> bool {
        self.0.unbounded_send(Message::Command(command)).is_ok()
    }

    /// Asks the engine to start nothing new, and to return when what runs has finished.
    pub fn drain(&self) -> bool {
        self.0.unbounded_send(Message::Drain).is_ok()
    }
}

impl Inbox {
    /// Whether the engine was asked to start nothing new.
    pub(super) const fn is_draining(&self) -> bool {
        self.draining
    }

    /// The decisions that are there already.
    pub(super) fn waiting(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        while let Some(command) = self.next().now_or_never() {
            commands.extend(command);
        }
        commands
    }

    /// The next decision. A request to drain is noted and answered with `None`; without anybody
    /// at the other end it waits for ever.
    pub(super) async fn next(&mut self) -> Option<Command> {
        match self.messages.next().await {
            Some(Message::Command(command)) => Some(command),
            Some(Message::Drain) => {
                self.draining = true;
                None
            }
            None => std::future::pending().await,
        }
    }
}
