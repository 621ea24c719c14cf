//! The time, injected: the system's, or one that follows tokio's clock and can be paused.

pub use jiff::Timestamp;

/// Tells the time of the server.
pub trait Clock: Send + Sync {
    /// Returns the time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that begins at a given time and goes on with tokio's clock, paused ones included.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Timestamp,
    origin: tokio::time::Instant,
}

impl TokioClock {
    /// Starts a clock that shows `start` now. Needs to be called inside a runtime if that
    /// runtime's time is paused.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: tokio::time::Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.origin.elapsed();
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }
}

/// Returns the time as `metav1.Time` is written: whole seconds, UTC.
pub fn to_seconds_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns the time as `metav1.MicroTime` is written.
pub fn to_micro_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
