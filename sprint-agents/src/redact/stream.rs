//! Redaction of a text that comes in pieces, in memory that does not grow with it.

use std::mem;

use super::{MARKER, Redactor, key_blocks};
use crate::output::strip_ansi;

/// A line longer than this is cut.
const MAX_LINE: usize = 64 * 1024;

/// Lines that may belong together are held back up to this size.
const MAX_HELD: usize = 64 * 1024;

/// How far before the end of a piece an over-long line is cut, and how many places are tried.
const MARGIN: usize = 4096;
const TRIES: usize = 8;

/// Removes secrets from a text that comes in pieces.
///
/// The result does not depend on how the text is cut into pieces. A few lines are held back, since
/// keys and other secrets stretch over several; at most some 200 KiB, whatever comes.
///
/// ```
/// use sprint_agents::redact::Redactor;
///
/// let (mut stream, mut clean) = (Redactor::default().stream(), String::new());
/// stream.push(b"password=hun", &mut clean);
/// stream.push(b"ter2\n", &mut clean);
/// assert_eq!(stream.finish(&mut clean), 1);
/// assert_eq!(clean, "password=[redacted]\n");
/// ```
#[derive(Debug)]
pub struct Stream {
    redactor: Redactor,
    /// The line that is not complete.
    line: Vec<u8>,
    /// Complete lines, whose secrets may go on in the next one.
    held: String,
    /// Whether a private key goes on after them.
    open: bool,
    /// Whether the rest of the line is dropped.
    dropping: bool,
    removed: u64,
}

impl Stream {
    pub(super) const fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            line: Vec::new(),
            held: String::new(),
            open: false,
            dropping: false,
            removed: 0,
        }
    }

    /// Takes the next piece, and appends to `clean` what is certain by now.
    pub fn push(&mut self, mut bytes: &[u8], clean: &mut String) {
        while !bytes.is_empty() {
            let room = (MAX_LINE - self.line.len()).min(bytes.len());
            let end = bytes[..room].iter().position(|b| *b == b'\n');
            let (part, rest) = bytes.split_at(end.map_or(room, |at| at + 1));
            bytes = rest;
            if self.dropping {
                self.dropping = end.is_none();
                clean.push_str(if self.dropping { "" } else { "\n" });
                continue;
            }
            self.line.extend_from_slice(part);
            if end.is_some() {
                self.complete(clean);
            } else if self.line.len() == MAX_LINE {
                self.cut(clean);
            }
        }
    }

    /// Appends the rest. Returns how many secrets there were in all.
    pub fn finish(mut self, clean: &mut String) -> u64 {
        self.complete(clean);
        self.release(clean);
        self.removed
    }

    /// Takes the line as complete.
    fn complete(&mut self, clean: &mut String) {
        let line = mem::take(&mut self.line);
        self.hold(&String::from_utf8_lossy(&line), clean);
        // The next line needs the room again.
        self.line = line;
        self.line.clear();
    }

    fn hold(&mut self, line: &str, clean: &mut String) {
        let stripped = line.contains('\u{1b}').then(|| strip_ansi(line));
        let plain = stripped.as_deref().unwrap_or(line);
        if !self.goes_on_in(plain) {
            self.release(clean);
        }
        self.open = key_blocks::open_after(plain, self.open);
        self.held.push_str(line);
    }

    /// Whether something in the lines held back may go on in `next`.
    fn goes_on_in(&self, next: &str) -> bool {
        let known = &self.redactor.known;
        let most = MAX_HELD.max(2 * known.longest());
        self.held.len() + next.len() <= most
            && (self.open || key_blocks::may_belong(next) || known.may_go_on_after(&self.held))
    }

    fn release(&mut self, clean: &mut String) {
        let text = self.redactor.redact_whole(&self.held);
        let markers = |text: &str| text.matches(MARKER).count() as u64;
        if text != self.held {
            self.removed += markers(&text).saturating_sub(markers(&self.held));
        }
        clean.push_str(&text);
        self.held.clear();
        self.open = false;
    }

    /// Takes the beginning of an over-long line.
    fn cut(&mut self, clean: &mut String) {
        let line = mem::take(&mut self.line);
        let margin = MARGIN
            .max(self.redactor.known.longest())
            .min(line.len() / 2);
        let last = line.len() - margin;
        let between_words =
            |at: &usize| line[at - 1].is_ascii() && !super::scan::word(line[at - 1]);
        let places = (1..=last).rev().filter(between_words).take(TRIES);
        let redact = |part: &[u8]| {
            let text = String::from_utf8_lossy(part);
            self.redactor.redact_whole(&text)
        };
        let whole = redact(&line);
        // A cut is safe where both sides alone become what they become together.
        let place = places
            .chain([character_start(&line, last)])
            .find(|at| redact(&line[..*at]) + &redact(&line[*at..]) == whole);
        if let Some(at) = place {
            self.hold(&String::from_utf8_lossy(&line[..at]), clean);
            self.release(clean);
            self.line.extend_from_slice(&line[at..]);
        } else {
            // Something secret stretches over all these places, nobody knows how far.
            self.hold(&String::from_utf8_lossy(&line), clean);
            self.release(clean);
            clean.push_str(MARKER);
            self.removed += 1;
            self.dropping = true;
        }
    }
}

/// The beginning of the character at `at`.
fn character_start(text: &[u8], at: usize) -> usize {
    let goes_on = |at: &usize| text[*at] & 0xc0 == 0x80;
    (1..=at).rev().find(|at| !goes_on(at)).unwrap_or(at)
}

#[cfg(test)]
mod tests;
