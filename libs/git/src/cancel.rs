//! When to give up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::TransportError;

/// Ends an operation at a deadline, or when another thread says so.
#[derive(Clone, Debug)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Instant,
}

impl Cancel {
    /// Returns one that gives up `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(24 * 60 * 60));
        Self { flag: Arc::default(), deadline }
    }

    /// Ends whatever watches this, as soon as it looks.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Returns the time that is left.
    ///
    /// # Errors
    /// There is none: the deadline has passed, or somebody ended the operation.
    pub fn remaining(&self) -> Result<Duration, TransportError> {
        if self.flag.load(Ordering::Relaxed) {
            return Err(TransportError::Cancelled);
        }
        match self.deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(TransportError::Timeout),
        }
    }
}
