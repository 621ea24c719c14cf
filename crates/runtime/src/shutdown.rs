//! The end of the process.

use std::future::Future;

use tokio_util::sync::CancellationToken;

/// Tells everybody when to end, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Makes one that has not come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to end.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Tells whether everybody was asked to end.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until everybody was asked to end.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Makes one that comes with this one, or earlier by itself.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { token: self.token.child_token() }
    }

    /// Runs something until it is done or everybody was asked to end.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.token.run_until_cancelled(work).await
    }
}
