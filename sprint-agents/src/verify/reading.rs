//! What is read from an output while it streams by.

use std::collections::BTreeSet;

use sprint_core::domain::command::{CheckKind, Count};

use crate::capture::{Capture, Sink as _};
use crate::output::Lines;
use crate::verify::count;

/// How much of an output is looked at, half from its start and half from its end.
const MOST: usize = 4 << 20;

/// Reads the numbers of tests.
#[derive(Debug)]
pub(super) struct Reader {
    check: CheckKind,
    seen: Capture,
}

impl Reader {
    pub(super) fn new(check: CheckKind) -> Self {
        Self {
            check,
            seen: Capture::new(MOST),
        }
    }

    pub(super) fn finish(self) -> (Count, BTreeSet<String>) {
        let count = match self.check {
            CheckKind::Test => count::read(&String::from_utf8_lossy(&self.seen.finish())),
            CheckKind::Build | CheckKind::Lint | CheckKind::Typecheck => Count::Unknown,
        };
        (count, BTreeSet::new())
    }
}

impl Lines for Reader {
    fn line(&mut self, line: &str) {
        if self.check == CheckKind::Test {
            // Memory takes everything.
            drop(self.seen.push(line.as_bytes()));
            drop(self.seen.push(b"\n"));
        }
    }
}
