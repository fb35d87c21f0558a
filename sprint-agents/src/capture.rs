//! Bounded capture of a stream: its head and its tail.

use std::collections::VecDeque;
use std::io;

/// How far to look for a line end on each side of the cut.
pub(crate) const LINE_SEARCH: usize = 4096;

/// Takes the output of a process as it comes.
pub(crate) trait Sink {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Keeps the first and the last half of `cap` bytes of what is pushed.
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    left_out: u64,
}

impl Capture {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            half: cap / 2,
            left_out: 0,
        }
    }

    /// What was kept, with a line that says how much was left out.
    ///
    /// The lines on both sides of a cut go too: half a secret would not be recognised as one.
    pub(crate) fn finish(self) -> Vec<u8> {
        let Self {
            mut head,
            tail,
            left_out,
            ..
        } = self;
        let mut tail = Vec::from(tail);
        if left_out == 0 {
            head.append(&mut tail);
            return head;
        }
        let (end, start) = (torn_end(&head), torn_start(&tail));
        head.truncate(head.len() - end);
        head.extend(notice(&head, left_out + (end + start) as u64));
        head.extend_from_slice(&tail[start..]);
        head
    }
}

impl Sink for Capture {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.half - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..over);
        self.left_out += over as u64;
        Ok(())
    }
}

/// The length of the line that a cut after `head` tears.
pub(crate) fn torn_end(head: &[u8]) -> usize {
    let search = &head[head.len().saturating_sub(LINE_SEARCH)..];
    let end = search.iter().rev().position(|b| *b == b'\n');
    end.unwrap_or(search.len())
}

/// The length of the line that a cut before `tail` tears.
pub(crate) fn torn_start(tail: &[u8]) -> usize {
    let search = &tail[..tail.len().min(LINE_SEARCH)];
    let end = search.iter().position(|b| *b == b'\n');
    end.map_or(search.len(), |at| at + 1)
}

/// What stands after `head` in the place of so many bytes: a line of its own.
pub(crate) fn notice(head: &[u8], left_out: u64) -> Vec<u8> {
    let line_end = if head.is_empty() || head.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    format!("{line_end}[{left_out} bytes of output left out]\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(cap: usize, chunks: &[&[u8]]) -> String {
        let mut capture = Capture::new(cap);
        for chunk in chunks {
            capture.push(chunk).unwrap();
        }
        String::from_utf8(capture.finish()).unwrap()
    }

    #[test]
    fn output_within_the_cap_is_kept_whole() {
        assert_eq!(
            capture(16, &[b"12345678", b"9abc\ndef"]),
            "123456789abc\ndef"
        );
    }

    #[test]
    fn a_cut_keeps_whole_lines_of_head_and_tail_and_says_what_is_missing() {
        let lines: String = (0..20).map(|n| format!("line {n:02}\n")).collect();
        insta::assert_snapshot!(capture(40, &[lines.as_bytes()]), @r"
        line 00
        line 01
        [128 bytes of output left out]
        line 18
        line 19
        ");
    }

    #[test]
    fn nothing_of_a_line_across_the_cut_survives() {
        let text = capture(
            40,
            &[b"start\nsecret-", &[b'x'; 500], b"-secret\nthe end\n"],
        );
        assert!(
            text.starts_with("start\n[") && text.ends_with("]\nthe end\n"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn memory_and_output_stay_bounded(chunks: Vec<Vec<u8>>, cap in 0_usize..64) {
            let total: usize = chunks.iter().map(Vec::len).sum();
            let mut capture = Capture::new(cap);
            for chunk in &chunks {
                capture.push(chunk).unwrap();
            }
            let kept = capture.finish();
            if total <= cap / 2 * 2 {
                proptest::prop_assert_eq!(kept, chunks.concat());
            } else {
                proptest::prop_assert!(kept.len() <= cap + 60);
            }
        }
    }
}
