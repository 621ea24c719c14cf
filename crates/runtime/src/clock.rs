//! The time of day.

use std::time::SystemTime;

use flux_api::Time;
use tokio::time::Instant;

/// Tells the time: a moment on the calendar that moves on with tokio's clock.
///
/// In a world whose tokio clock is paused, calendar time jumps with it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    base: jiff::Timestamp,
}

impl Clock {
    /// Starts at the system's time of day.
    pub fn system() -> Self {
        let base = jiff::Timestamp::try_from(SystemTime::now());
        Self::starting_at(base.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Starts at a given moment.
    pub fn starting_at(base: jiff::Timestamp) -> Self {
        Self { start: Instant::now(), base }
    }

    /// Returns the moment in whole seconds, as the API writes it.
    pub fn now(&self) -> Time {
        Time::new(self.precise())
    }

    /// Returns the moment.
    pub fn precise(&self) -> jiff::Timestamp {
        let passed = jiff::SignedDuration::try_from(self.start.elapsed());
        passed.ok().and_then(|p| self.base.checked_add(p).ok()).unwrap_or(self.base)
    }

    /// Returns a point from which time spans are measured.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}
