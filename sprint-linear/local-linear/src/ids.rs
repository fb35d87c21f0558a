//! Ids: made by the server from a counter, or checked when a client brings one.

use sha2::{Digest, Sha256};

use crate::errors::Failure;

/// The `n`th id of a server, in the form of a UUID version 4.
pub(crate) fn derived(n: u64) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(n.to_be_bytes())[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

/// Lower-case hexadecimal digits of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|d| char::from_digit(u32::from(d), 16))
        .collect()
}

/// A number that depends on a text and a seed alone.
pub(crate) fn shuffle_key(seed: u64, text: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(text);
    hash.finalize()
        .iter()
        .take(8)
        .fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Whether a text has the form of a UUID of any version.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Refuses an id that is not a UUID of version 4.
///
/// # Errors
/// An input error that names the member.
pub(crate) fn check(id: &str) -> Result<(), Failure> {
    let v4 = is_uuid(id) && id.as_bytes()[14] == b'4' && b"89abAB".contains(&id.as_bytes()[19]);
    if v4 {
        Ok(())
    } else {
        Err(Failure::input("id must be a UUID."))
    }
}
