//! Lines of any length, of which those that are too long are read and forgotten.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// How much of a line that is too long is kept, to tell what it was.
const HEAD: usize = 512;

/// A buffer that has grown beyond this is given back after its line.
const ROOMY: usize = 1 << 20;

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    most: usize,
    line: Vec<u8>,
    /// Bytes of the line that were left out.
    left_out: u64,
    given: bool,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It was too long.
    TooLong {
        /// Its beginning.
        head: &'a [u8],
        /// Its length.
        bytes: u64,
    },
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Reads from `source` lines of up to `most` bytes.
    pub(crate) const fn new(source: R, most: usize) -> Self {
        Self {
            source,
            most,
            line: Vec::new(),
            left_out: 0,
            given: false,
        }
    }

    /// The next line; `None` at the end, where a line that is not finished is dropped: it may be
    /// half of one. Safe to cancel.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.given {
            self.given = false;
            self.left_out = 0;
            self.line.clear();
            if self.line.capacity() > ROOMY {
                self.line = Vec::new();
            }
        }
        loop {
            let chunk = self.source.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if self.left_out == 0 && self.line.len() + part.len() <= self.most {
                self.line.extend_from_slice(part);
            } else {
                let whole = self.line.len() + part.len();
                let room = HEAD.saturating_sub(self.line.len()).min(part.len());
                self.line.extend_from_slice(&part[..room]);
                self.line.truncate(HEAD);
                self.line.shrink_to_fit();
                self.left_out += (whole - self.line.len()) as u64;
            }
            let used = end.map_or(part.len(), |end| end + 1);
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.given = true;
        let line = &self.line[..];
        Ok(Some(match self.left_out {
            0 => Line::Whole(line),
            left_out => Line::TooLong {
                head: line,
                bytes: line.len() as u64 + left_out,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    async fn read(text: &[u8], most: usize, buffer: usize) -> Vec<String> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text), most);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::TooLong { head, bytes } => {
                    format!("{}… {bytes}", String::from_utf8_lossy(head))
                }
            });
        }
        read
    }

    #[tokio::test]
    async fn lines_come_whole_however_they_arrive_and_long_ones_are_named() {
        let long = "x".repeat(2000);
        let text = format!("a\n\n{long}\nbc\n{long}{long}\nlast\nhalf");
        for buffer in [1, 3, 700, 9000] {
            assert_eq!(
                read(text.as_bytes(), 2000, buffer).await,
                [
                    "a",
                    "",
                    &long,
                    "bc",
                    &format!("{}… 4000", "x".repeat(HEAD)),
                    "last"
                ]
            );
        }
    }
}
