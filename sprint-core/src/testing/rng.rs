//! Randomness that is a function of a seed, and names that are a function of their content.

use std::hash::{Hash, Hasher};

/// A small generator (splitmix64): the same seed gives the same numbers on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `n`; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % n).unwrap_or(0)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `digits` hexadecimal digits that name this content. Not cryptographic.
pub(crate) fn name_of(content: &impl Hash, digits: usize) -> String {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    content.hash(&mut hasher);
    let mut text = String::with_capacity(digits + 16);
    let mut word = mix(hasher.0);
    while text.len() < digits {
        for shift in (0..16).rev() {
            let nibble = u32::try_from((word >> (4 * shift)) & 15).unwrap_or(0);
            text.extend(char::from_digit(nibble, 16));
        }
        word = mix(word.wrapping_add(1));
    }
    text.truncate(digits);
    text
}

/// FNV-1a: the hasher of the standard library is not promised to stay the same.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
