//! The contract of [`BlobStore`].

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

/// A name that was never given out is `NotFound`.
pub fn unknown_names_are_not_found(open: &Open<Blobs>) {
    let unknown = BlobId::new("0".repeat(64)).expect("64 hexadecimal digits");
    for _ in 0..2 {
        let error = open().get(&unknown).expect_err("it was never stored");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        open().put(b"something else").expect(WORKS);
    }
}
