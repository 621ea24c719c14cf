//! Random numbers for jitter and names; nothing secret is made from them.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A source of random numbers that a seed decides.
#[derive(Clone, Debug)]
pub struct Random {
    state: Arc<AtomicU64>,
}

impl Random {
    /// Begins with a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { state: Arc::new(AtomicU64::new(seed)) }
    }

    /// Begins with a seed that the system gives.
    pub fn system() -> Self {
        let hasher = std::collections::hash_map::RandomState::new().build_hasher();
        Self::seeded(hasher.finish())
    }

    /// Returns the next number.
    pub fn next(&self) -> u64 {
        // SplitMix64: one addition is the whole state, so clones can share it without a lock.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns `span` made longer or shorter by up to `percent` of itself.
    ///
    /// 0 and everything from 100 on leaves it as it is.
    pub fn jitter(&self, span: Duration, percent: u8) -> Duration {
        if percent == 0 || percent >= 100 {
            return span;
        }
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let most = nanos / 100 * u64::from(percent);
        let shift = self.next() % (most.saturating_mul(2).saturating_add(1));
        Duration::from_nanos((nanos - most).saturating_add(shift))
    }
}
