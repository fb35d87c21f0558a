//! The file with all raw outputs, as a stream: outputs of any size pass through a small buffer.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use sprint_core::domain::command::CheckRun;
use sprint_core::domain::evidence::EvidenceMarker;
use sprint_core::failure::ErrorKind;
use sprint_core::id::BlobId;
use sprint_core::ports::{BlobStore, Error, Result};
use sprint_core::report::plain;

use crate::files::{Content, hex};
use crate::transport::{Body, Lost};

/// How much of an output is in memory.
const PIECE: usize = 64 << 10;
/// Linear counts bytes of a file in 31 bits. What does not fit any more is named by its hash.
const LARGEST: u64 = (1 << 31) - (1 << 20);
/// Characters of a command.
const COMMAND: usize = 1000;

/// A file whose content is known, and not in memory.
#[derive(Clone, Debug)]
pub(crate) struct OutputFile {
    parts: Arc<[Part]>,
    outputs: Arc<dyn BlobStore>,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Output(BlobId),
}

impl OutputFile {
    /// Lays out the file: a head that says what it is about, then for each run a head and the raw
    /// output. Equal runs make equal files. Reads the outputs for their sizes and once more for
    /// the hash of the whole.
    ///
    /// # Errors
    ///
    /// If an output cannot be read.
    pub(crate) fn measure(
        key: &str,
        marker: &EvidenceMarker,
        runs: &[CheckRun],
        outputs: &Arc<dyn BlobStore>,
    ) -> Result<Self> {
        let EvidenceMarker { commit, tree, .. } = marker;
        let mut head = format!("evidence {key}\ncommit {commit}\ntree {tree}\n");
        let mut parts = Vec::new();
        let mut room = LARGEST;
        for run in runs {
            let bytes = io::copy(&mut *outputs.open(&run.output)?, &mut io::sink());
            let bytes = bytes.map_err(|error| unreadable(&run.output, error))?;
            let fits = bytes <= room;
            let left_out = if fits {
                ""
            } else {
                ", too large for this file"
            };
            write!(
                head,
                "\n=== {}: {}, {bytes} bytes, sha256 {}{left_out}\n=== {}\n",
                run.check,
                run.exit,
                run.output,
                plain::line(run.command.as_str(), COMMAND)
            )
            .expect("strings take all text");
            if fits {
                room -= bytes;
                parts.push(Part::Text(std::mem::take(&mut head)));
                parts.push(Part::Output(run.output.clone()));
                head.push('\n');
            }
        }
        parts.push(Part::Text(head));
        let mut file = Self {
            parts: parts.into(),
            outputs: Arc::clone(outputs),
            content: Content {
                bytes: 0,
                sha256: String::new(),
            },
        };
        file.content = file.hashed()?;
        Ok(file)
    }

    fn hashed(&self) -> Result<Content> {
        let mut reader = self.reader();
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; PIECE];
        loop {
            let read = reader.read(&mut buffer);
            match read.map_err(unreadable_file)? {
                0 => break,
                count => {
                    digest.update(&buffer[..count]);
                    bytes += count as u64;
                }
            }
        }
        let sha256 = hex(&digest.finalize());
        Ok(Content { bytes, sha256 })
    }

    fn reader(&self) -> Reader {
        Reader {
            parts: Arc::clone(&self.parts),
            outputs: Arc::clone(&self.outputs),
            next: 0,
            open: None,
        }
    }

    /// The bytes, piece by piece; each piece is read when it is asked for.
    pub(crate) fn body(&self) -> Body {
        let pieces = stream::unfold(Some(self.reader()), |reader| async {
            let mut reader = reader?;
            let mut piece = vec![0; PIECE];
            match reader.read(&mut piece) {
                Ok(0) => None,
                Ok(count) => {
                    piece.truncate(count);
                    Some((Ok(Bytes::from(piece)), Some(reader)))
                }
                Err(error) => Some((Err(Lost::unknown(error.to_string())), None)),
            }
        });
        Body::pieces(Some(self.content.bytes), pieces)
    }
}

fn unreadable(id: &BlobId, error: io::Error) -> Error {
    Error::new(ErrorKind::Invalid, "read output", id.as_str()).because(error)
}

fn unreadable_file(error: io::Error) -> Error {
    Error::new(ErrorKind::Invalid, "read the outputs of", "evidence").because(error)
}

/// Reads one part after the other.
struct Reader {
    parts: Arc<[Part]>,
    outputs: Arc<dyn BlobStore>,
    next: usize,
    open: Option<Box<dyn Read + Send>>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(open) = &mut self.open {
                match open.read(buffer) {
                    Ok(0) => self.open = None,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    done => return done,
                }
                continue;
            }
            let Some(part) = self.parts.get(self.next) else {
                return Ok(0);
            };
            self.next += 1;
            self.open = Some(match part {
                Part::Text(text) => Box::new(io::Cursor::new(text.clone().into_bytes())),
                Part::Output(id) => self.outputs.open(id).map_err(io::Error::other)?,
            });
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
