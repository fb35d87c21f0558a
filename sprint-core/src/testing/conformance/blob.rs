//! The contract of [`BlobStore`].

use std::io::{self, Read};
use std::sync::Arc;

use crate::failure::ErrorKind;
use crate::id::BlobId;
use crate::ports::BlobStore;
use crate::testing::conformance::Open;

type Blobs = Arc<dyn BlobStore>;

const WORKS: &str = "storing and reading works";

/// Every check, each on fresh storage.
pub fn all(fresh: &dyn Fn() -> Open<Blobs>) {
    bytes_come_back_exactly(&fresh());
    the_same_bytes_have_one_name(&fresh());
    sources_are_read_to_their_end(&fresh());
    a_source_that_fails_is_an_error(&fresh());
    outputs_can_be_read_in_pieces(&fresh());
    unknown_names_are_not_found(&fresh());
}

/// Any bytes come back as they were, also after opening anew.
pub fn bytes_come_back_exactly(open: &Open<Blobs>) {
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    for bytes in [&b""[..], b"text\r\n", &every_byte] {
        let id = open().put(bytes).expect(WORKS);
        assert_eq!(open().get(&id).expect(WORKS), bytes);
    }
}

/// Names follow from content alone.
pub fn the_same_bytes_have_one_name(open: &Open<Blobs>) {
    let first = open().put(b"a").expect(WORKS);
    let other = open().put(b"b").expect(WORKS);
    assert_eq!(open().put(b"a").expect(WORKS), first);
    assert_ne!(first, other);
    assert_eq!(open().get(&first).expect(WORKS), b"a");
}

/// A large source that comes in pieces has the name of its bytes.
pub fn sources_are_read_to_their_end(open: &Open<Blobs>) {
    let bytes: Vec<u8> = (0..=250).cycle().take(5_000_000).collect();
    let mut source = Pieces {
        rest: &bytes,
        reads: 0,
    };
    let id = open().store(&mut source).expect(WORKS);
    assert_eq!(id, BlobId::of(&bytes), "names follow from content");
    assert_eq!(open().put(&bytes).expect(WORKS), id);
    assert_eq!(open().get(&id).expect(WORKS), bytes);
}

/// What was read of a source that then failed is not taken for the whole.
pub fn a_source_that_fails_is_an_error(open: &Open<Blobs>) {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("torn"))
        }
    }
    let error = open().store(&mut b"half".chain(Torn));
    error.expect_err("the source could not be read");
    let half = open().get(&BlobId::of(b"half"));
    let error = half.expect_err("nothing is stored");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// An opened output is read at the reader's pace, also beside another reader of it and while the
/// same bytes are stored again.
pub fn outputs_can_be_read_in_pieces(open: &Open<Blobs>) {
    let bytes: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let id = open().put(&bytes).expect(WORKS);
    let blobs = open();
    let (mut slow, mut other) = (blobs.open(&id).expect(WORKS), blobs.open(&id).expect(WORKS));
    let mut read = vec![0; 1000];
    slow.read_exact(&mut read).expect(WORKS);
    assert_eq!(open().put(&bytes).expect(WORKS), id);
    slow.read_to_end(&mut read).expect(WORKS);
    assert!(read == bytes, "all bytes in order");
    let count = io::copy(&mut other, &mut io::sink()).expect(WORKS);
    assert_eq!(count, bytes.len() as u64);
}

/// Gives little at a time, and interrupts now and then, as pipes do.
struct Pieces<'a> {
    rest: &'a [u8],
    reads: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads.is_multiple_of(10) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(self.reads % 5000 + 1);
        self.rest.read(&mut buffer[..most])
    }
}

/// A name that was never given out is `NotFound`.
pub fn unknown_names_are_not_found(open: &Open<Blobs>) {
    let unknown = BlobId::new("0".repeat(64)).expect("64 hexadecimal digits");
    for _ in 0..2 {
        let error = open().get(&unknown).expect_err("it was never stored");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = open().open(&unknown).err().expect("it was never stored");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        open().put(b"something else").expect(WORKS);
    }
}
