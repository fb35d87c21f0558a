//! What becomes of captured output: redacted, stored, and shortened for people.

use std::io::{self, Read};
use std::sync::Arc;

use sprint_core::failure::ErrorKind;
use sprint_core::id::BlobId;
use sprint_core::ports::{BlobStore, EffectContext, Error, Result};

use crate::redact::{Redactor, Stream};

/// How much of an output is in memory while it is redacted and stored.
const CHUNK: usize = 64 * 1024;

/// Longer lines are handed to readers in part.
const MAX_LINE: usize = 64 * 1024;

/// Redacts `raw` and stores the result; returns both.
///
/// Redaction takes time and stores touch disks, so this runs beside the async executor.
pub(crate) async fn keep(
    raw: Vec<u8>,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<(String, BlobId)> {
    let redactor = redactor.clone();
    aside(cx, move |blobs| {
        let text = redactor.redact(raw);
        let id = blobs.put(text.as_bytes())?;
        Ok((text, id))
    })
    .await
}

/// What was kept of an output that is too large to be in memory.
#[derive(Debug)]
pub(crate) struct Kept<L> {
    /// The whole of it, redacted.
    pub(crate) output: BlobId,
    /// Its end, of at most four times as many bytes as were asked for.
    pub(crate) end: String,
    /// How many secrets were in it.
    pub(crate) redacted: u64,
    /// What has read its lines.
    pub(crate) lines: L,
}

/// Takes the lines of an output, redacted and without terminal control sequences.
pub(crate) trait Lines: Send + 'static {
    fn line(&mut self, line: &str);
}

/// Reads nothing.
#[derive(Debug)]
pub(crate) struct Unread;

impl Lines for Unread {
    fn line(&mut self, _: &str) {}
}

/// Redacts `raw`, stores it and shows its lines to `lines`, all in one pass.
pub(crate) async fn keep_stream<L: Lines>(
    raw: impl Read + Send + 'static,
    lines: L,
    end: usize,
    redactor: &Redactor,
    cx: &EffectContext,
) -> Result<Kept<L>> {
    let mut source = Redacted {
        raw,
        chunk: vec![0; CHUNK],
        stream: Some(redactor.stream()),
        clean: String::new(),
        given: 0,
        redacted: 0,
        end: End::new(4 * end),
        lines: Cutter::new(lines),
    };
    aside(cx, move |blobs| {
        let output = blobs.store(&mut source)?;
        // A store that keeps nothing may have left something unread.
        let rest = io::copy(&mut source, &mut io::sink());
        rest.map_err(|error| Error::new(ErrorKind::Transient, "read", "output").because(error))?;
        Ok(Kept {
            output,
            end: source.end.text,
            redacted: source.redacted,
            lines: source.lines.finish(),
        })
    })
    .await
}

/// Does what blocks beside the async executor.
async fn aside<T: Send + 'static>(
    cx: &EffectContext,
    work: impl FnOnce(&dyn BlobStore) -> Result<T> + Send + 'static,
) -> Result<T> {
    let blobs = Arc::clone(&cx.blobs);
    let done = tokio::task::spawn_blocking(move || work(&*blobs));
    done.await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Transient, "store output of", cx.key.to_string()).because(error))
    })
}

/// An output as it is stored. What goes through is seen by the others on its way.
struct Redacted<R, L> {
    raw: R,
    chunk: Vec<u8>,
    /// Gone when the raw output has ended.
    stream: Option<Stream>,
    /// Redacted, and given out so far.
    clean: String,
    given: usize,
    redacted: u64,
    end: End,
    lines: Cutter<L>,
}

impl<R: Read, L: Lines> Redacted<R, L> {
    /// Gets more that is clean, unless there is no more.
    fn advance(&mut self) -> io::Result<()> {
        self.clean.clear();
        self.given = 0;
        while let Some(stream) = &mut self.stream
            && self.clean.is_empty()
        {
            let count = self.raw.read(&mut self.chunk)?;
            stream.push(&self.chunk[..count], &mut self.clean);
            if count == 0
                && let Some(stream) = self.stream.take()
            {
                self.redacted = stream.finish(&mut self.clean);
            }
        }
        self.end.push(&self.clean);
        self.lines.push(&self.clean);
        Ok(())
    }
}

impl<R: Read, L: Lines> Read for Redacted<R, L> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.clean.len() {
            self.advance()?;
        }
        let count = (&self.clean.as_bytes()[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// The last bytes of a text.
struct End {
    text: String,
    most: usize,
}

impl End {
    const fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
        }
    }

    fn push(&mut self, text: &str) {
        if text.len() >= self.most {
            // What was there would no longer be what stands before it.
            self.text.clear();
        }
        self.text.push_str(last(text, self.most));
        let from = self.text.len() - last(&self.text, self.most).len();
        self.text.drain(..from);
    }
}

/// Cuts a text that comes in pieces into lines.
struct Cutter<L> {
    lines: L,
    line: String,
}

impl<L: Lines> Cutter<L> {
    const fn new(lines: L) -> Self {
        Self {
            lines,
            line: String::new(),
        }
    }

    fn push(&mut self, text: &str) {
        for part in text.split_inclusive('\n') {
            let (content, whole) = match part.strip_suffix('\n') {
                Some(content) => (content, true),
                None => (part, false),
            };
            if whole && self.line.is_empty() {
                self.give(first(content, MAX_LINE));
                continue;
            }
            let room = MAX_LINE - self.line.len();
            self.line.push_str(first(content, room));
            if whole {
                let line = std::mem::take(&mut self.line);
                self.give(&line);
            }
        }
    }

    fn give(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        if line.contains('\u{1b}') {
            self.lines.line(&strip_ansi(line));
        } else {
            self.lines.line(line);
        }
    }

    fn finish(mut self) -> L {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.give(&line);
        }
        self.lines
    }
}

/// The last `most` bytes, or a little fewer.
fn last(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// The first `most` bytes, or a little fewer.
fn first(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The last `lines` lines of redacted output as a terminal would show them, at most `bytes` long.
pub(crate) fn tail(text: &str, lines: usize, bytes: usize) -> String {
    // Four times the wanted size is enough to find it in, whatever the colours.
    let plain = strip_ansi(last(text, bytes * 4));
    let shown: Vec<&str> = plain.trim_end().lines().map(after_return).collect();
    let shown = shown[shown.len().saturating_sub(lines)..].join("\n");
    last(&shown, bytes).to_owned()
}

/// A line of a progress bar is overwritten by what follows a carriage return.
fn after_return(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line)
}

/// The text without terminal control sequences.
pub(crate) fn strip_ansi(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = after_sequence(&rest[at + 1..]);
    }
    plain.push_str(rest);
    plain
}

/// What follows an escape sequence whose escape character is gone.
fn after_sequence(text: &str) -> &str {
    if let Some(parameters) = text.strip_prefix('[') {
        let end = parameters.find(|c: char| !matches!(c, '\u{20}'..='\u{3f}'));
        let rest = &parameters[end.unwrap_or(parameters.len())..];
        rest.strip_prefix(|c: char| matches!(c, '\u{40}'..='\u{7e}'))
            .unwrap_or(rest)
    } else if let Some(title) = text.strip_prefix(']') {
        // Links and titles end at a bell, or at another escape, which the caller then removes.
        match title.find(['\u{7}', '\u{1b}', '\n']) {
            Some(at) => title[at..].trim_start_matches('\u{7}'),
            None => "",
        }
    } else {
        // Some sequences choose a character set: `(B`.
        let text = text.trim_start_matches(|c: char| matches!(c, '\u{20}'..='\u{2f}'));
        text.strip_prefix(|c: char| c.is_ascii_graphic())
            .unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_go_and_text_stays() {
        for (text, expect) in [
            ("\u{1b}[1;31mred\u{1b}[0m é", "red é"),
            ("\u{1b}[2K\u{1b}[1Gx", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}", "link"),
            ("\u{1b}(Bx", "x"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[12", "a"),
        ] {
            assert_eq!(strip_ansi(text), expect, "{text:?}");
        }
    }

    #[test]
    fn a_tail_is_limited_in_lines_and_bytes() {
        assert_eq!(tail("a\nb\nc\n\n", 2, 99), "b\nc");
        assert_eq!(tail("1%\r50%\r100%\r\nok", 9, 99), "100%\nok");
        assert_eq!(tail("éé", 9, 3), "é");
        assert_eq!(tail("", 9, 99), "");
    }

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Lines for Seen {
        fn line(&mut self, line: &str) {
            self.0.push(line.to_owned());
        }
    }

    #[test]
    fn lines_are_whole_plain_and_of_bounded_length() {
        let mut cutter = Cutter::new(Seen::default());
        let long = "é".repeat(MAX_LINE);
        for piece in [
            "a",
            "b\r\n",
            "\n\u{1b}[1m",
            "c\u{1b}[0m\nd\n",
            &long,
            &long,
            "\n",
            "e",
        ] {
            cutter.push(piece);
        }
        let mut seen = cutter.finish().0;
        assert_eq!(seen.remove(4).len(), MAX_LINE);
        assert_eq!(seen, ["ab", "", "c", "d", "e"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_tail(text: String, escapes in "[\u{1b}\\[\\]0-9;mé\n\r]*", lines in 0_usize..5, bytes in 0_usize..50) {
            let tail = tail(&(text + &escapes), lines, bytes);
            proptest::prop_assert!(tail.len() <= bytes);
            proptest::prop_assert!(!tail.contains('\u{1b}'), "{}", tail);
        }

        #[test]
        fn the_end_of_pieces_is_the_end_of_the_text(pieces: Vec<String>, most in 0_usize..30) {
            let mut end = End::new(most);
            pieces.iter().for_each(|piece| end.push(piece));
            let text = pieces.concat();
            proptest::prop_assert!(text.ends_with(&end.text) && end.text.len() <= most);
            proptest::prop_assert!(end.text.len() + 4 > most.min(text.len()));
        }
    }
}
