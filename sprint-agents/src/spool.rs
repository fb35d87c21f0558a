//! Output that waits on disk until its command has ended.

use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use crate::capture::{LINE_SEARCH, Sink, notice, torn_end, torn_start};

/// Keeps the first and the last half of `cap` bytes of what is pushed, in a file that has no name
/// and is gone with this value.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    half: u64,
    /// How much came. The first half of the file is the beginning of it, the second half a ring
    /// with the end.
    length: u64,
}

impl Spool {
    pub(crate) fn new(cap: u64) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        // It has no name, but /proc shows it to whoever may read it.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(Self {
            file,
            half: cap / 2,
            length: 0,
        })
    }

    /// What was kept, with a line that says how much was left out.
    pub(crate) fn finish(self) -> io::Result<Spooled> {
        if self.length <= 2 * self.half {
            return Ok(Spooled {
                head: 0..self.length,
                notice: io::Cursor::default(),
                tail: 0..0,
                left_out: 0,
                spool: self,
            });
        }
        // The lines on both sides of the cut go too, as they do in memory.
        let search = LINE_SEARCH as u64;
        let (head, tail) = (self.half, self.length - self.half);
        let before = self.bytes(head.saturating_sub(search)..head)?;
        let after = self.bytes(tail..self.length.min(tail + search))?;
        let before = &before[..before.len() - torn_end(&before)];
        let head = 0..head.saturating_sub(search) + before.len() as u64;
        let tail = tail + torn_start(&after) as u64..self.length;
        let left_out = tail.start - head.end;
        Ok(Spooled {
            head,
            notice: io::Cursor::new(notice(before, left_out)),
            tail,
            left_out,
            spool: self,
        })
    }

    /// Where the byte that came at `at` is in the file, and how many after it are beside it.
    fn place(&self, at: u64) -> (u64, u64) {
        if at < self.half {
            return (at, self.half - at);
        }
        let in_ring = (at - self.half) % self.half;
        (self.half + in_ring, self.half - in_ring)
    }

    fn bytes(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Kept { spool: self, range }.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Sink for Spool {
    /// Writing to the file is a copy into the system's cache, shorter than the way to another
    /// thread and back.
    fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.half == 0 {
            self.length += bytes.len() as u64;
            return Ok(());
        }
        while !bytes.is_empty() {
            let (place, room) = self.place(self.length);
            let (now, rest) = bytes.split_at(at_most(bytes.len(), room));
            self.file.write_all_at(now, place)?;
            self.length += now.len() as u64;
            bytes = rest;
        }
        Ok(())
    }
}

/// What a spool has kept, to be read once.
#[derive(Debug)]
pub(crate) struct Spooled {
    spool: Spool,
    head: Range<u64>,
    notice: io::Cursor<Vec<u8>>,
    tail: Range<u64>,
    left_out: u64,
}

impl Spooled {
    /// How many bytes are missing in the middle.
    pub(crate) const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Read for Spooled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let spool = &self.spool;
        match read_range(spool, &mut self.head, buffer)? {
            0 => {}
            count => return Ok(count),
        }
        match self.notice.read(buffer)? {
            0 => read_range(spool, &mut self.tail, buffer),
            count => Ok(count),
        }
    }
}

/// Bytes of a spool by when they came.
struct Kept<'a> {
    spool: &'a Spool,
    range: Range<u64>,
}

impl Read for Kept<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_range(self.spool, &mut self.range, buffer)
    }
}

fn read_range(spool: &Spool, range: &mut Range<u64>, buffer: &mut [u8]) -> io::Result<usize> {
    if range.is_empty() {
        return Ok(0);
    }
    let (place, beside) = spool.place(range.start);
    let most = at_most(buffer.len(), beside.min(range.end - range.start));
    let count = spool.file.read_at(&mut buffer[..most], place)?;
    if count == 0 && most > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    range.start += count as u64;
    Ok(count)
}

/// `count`, or `limit` if that is less.
fn at_most(count: usize, limit: u64) -> usize {
    usize::try_from(limit).map_or(count, |limit| limit.min(count))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::capture::Capture;

    #[test]
    fn the_file_is_private_and_has_no_name() {
        let found = Spool::new(8).unwrap().file.metadata().unwrap();
        assert_eq!((found.mode() & 0o777, found.nlink()), (0o600, 0));
    }

    #[test]
    fn the_file_does_not_grow_beyond_the_cap() {
        let mut spool = Spool::new(1000).unwrap();
        for _ in 0..100 {
            spool.push(&[b'x'; 99]).unwrap();
        }
        assert_eq!(spool.file.metadata().unwrap().len(), 1000);
        let mut spooled = spool.finish().unwrap();
        let mut text = String::new();
        spooled.read_to_string(&mut text).unwrap();
        assert_eq!(text, "[9900 bytes of output left out]\n");
        assert_eq!(spooled.left_out(), 9900);
    }

    proptest::proptest! {
        #[test]
        fn it_keeps_what_a_capture_in_memory_keeps(
            chunks in proptest::collection::vec("[a-z\n]{0,900}", 0..10),
            cap in 0_u16..9000,
        ) {
            let mut spool = Spool::new(cap.into()).unwrap();
            let mut capture = Capture::new(cap.into());
            for chunk in &chunks {
                spool.push(chunk.as_bytes()).unwrap();
                capture.push(chunk.as_bytes()).unwrap();
            }
            let mut kept = Vec::new();
            spool.finish().unwrap().read_to_end(&mut kept).unwrap();
            proptest::prop_assert_eq!(
                String::from_utf8(kept).unwrap(),
                String::from_utf8(capture.finish()).unwrap()
            );
        }
    }
}
