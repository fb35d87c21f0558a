//! How a session is ended: step by step, each harder than the one before.

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rung {
    /// The turn is interrupted. That ends the tool that runs, too, and nothing else does as surely.
    Interrupt,
    /// The input ends. A session that has nothing to do ends with it.
    CloseInput,
    /// The process group is interrupted, as from a keyboard. To ask it to terminate would leave
    /// the tool that runs behind.
    Signal,
    /// Everything that bears the mark of the session is killed.
    Kill,
}

impl Rung {
    /// The first step for a session that has, or has not, a turn running.
    pub(crate) const fn first(busy: bool) -> Self {
        if busy {
            Self::Interrupt
        } else {
            Self::CloseInput
        }
    }

    /// What to do when a step did not help in its time.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Interrupt => Self::CloseInput,
            Self::CloseInput => Self::Signal,
            Self::Signal | Self::Kill => Self::Kill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_harder_and_the_last_is_force() {
        for busy in [false, true] {
            let mut rung = Rung::first(busy);
            while rung != Rung::Kill {
                assert!(rung.next() > rung);
                rung = rung.next();
            }
            assert_eq!(rung.next(), Rung::Kill);
        }
    }
}
