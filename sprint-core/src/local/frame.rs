//! Lines that tell whether they are whole: what a journal of any kind consists of.

use serde::{Deserialize, Serialize};

/// Eight digits of checksum and a space.
const PREFIX: usize = 9;

/// How the JSON of every record begins, so `seq` is its first field; text inside a record cannot, its quotes are escaped.
const OPENING: &[u8] = b"{\"seq\":";

/// The line of a record: CRC-32 in hexadecimal, a space, JSON, a newline. The first field of the
/// record has to be `seq`, its number.
pub(crate) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = b"00000000 ".to_vec();
    serde_json::to_writer(&mut line, record)?;
    let crc = crc32fast::hash(&line[PREFIX..]);
    line[..PREFIX].copy_from_slice(format!("{crc:08x} ").as_bytes());
    line.push(b'\n');
    Ok(line)
}

/// The first line of `bytes` and what follows it; `None` where no newline ends it.
pub(crate) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// The JSON of a line (without its newline) whose checksum is right.
pub(crate) fn verify(line: &[u8]) -> Option<&[u8]> {
    let (prefix, json) = line.split_at_checked(PREFIX)?;
    let expected = format!("{:08x} ", crc32fast::hash(json));
    (prefix == expected.as_bytes()).then_some(json)
}

/// Whether a record with a greater number than `seq` is in these bytes, which do not start with
/// a good one. A power cut cannot do that: it loses the last record only.
pub(crate) fn holds_later_record(bytes: &[u8], seq: u64) -> bool {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    bytes
        .windows(OPENING.len())
        .enumerate()
        .filter(|(at, window)| *at >= PREFIX && *window == OPENING)
        .filter_map(|(at, _)| split_line(&bytes[at - PREFIX..]))
        .filter_map(|(line, _)| verify(line))
        .filter_map(|json| serde_json::from_slice::<Numbered>(json).ok())
        .any(|found| found.seq > seq)
}
