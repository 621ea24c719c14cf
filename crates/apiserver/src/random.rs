//! Names, uids and numbers by chance: seeded, so that a simulated world can be repeated.

use std::sync::{Mutex, PoisonError};

/// The letters of generated names: no vowels, nothing that looks like something else.
const NAME_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A source of randomness that is good enough for names, never for keys.
#[derive(Debug)]
pub struct Random {
    state: Mutex<u64>,
}

impl Random {
    /// Starts from a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }

    /// Starts anew from a seed.
    pub fn rewind(&self, seed: u64) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = seed;
    }

    /// Returns the next number (splitmix64).
    pub fn next_u64(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `limit`, 0 if `limit` is 0.
    pub fn below(&self, limit: u64) -> u64 {
        self.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// Returns `count` characters for the end of a generated name.
    pub fn suffix(&self, count: usize) -> String {
        let letter = |_| {
            let at = usize::try_from(self.below(NAME_LETTERS.len() as u64)).unwrap_or(0);
            char::from(NAME_LETTERS.get(at).copied().unwrap_or(b'x'))
        };
        (0..count).map(letter).collect()
    }

    /// Returns a version 4 UUID.
    pub fn uuid(&self) -> String {
        let (high, low) = (self.next_u64(), self.next_u64());
        let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}
