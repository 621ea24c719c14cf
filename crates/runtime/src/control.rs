//! Workers that take objects from a queue.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flux_cluster::Key;
use futures::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::queue::Taken;
use crate::{Metrics, Queue, Shutdown};

/// When an object is reconciled again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something changes.
    Await,
    /// At once.
    Now,
    /// After a pause; earlier failures are forgotten.
    After(Duration),
    /// After a pause that grows with each failure in a row. The text says what failed.
    Retry(String),
    /// When something changes: trying again as it is cannot help. The text says what failed.
    GiveUp(String),
}

/// One pass over one object.
pub trait Reconcile: Send + Sync + 'static {
    /// Brings the object closer to what it asks for.
    fn reconcile(&self, key: &Key, slot: &Slot) -> impl Future<Output = Next> + Send;
}

/// How a controller's workers are set up.
#[derive(Clone, Debug)]
pub struct Workers {
    /// Name of the controller in metrics and logs: its kind in lower case.
    pub controller: &'static str,
    /// API group of the kind.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// How many passes run at once.
    pub concurrency: usize,
}

/// A pass's place among those that run at once.
#[derive(Debug)]
pub struct Slot {
    workers: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    superseded: watch::Receiver<Option<String>>,
    again: std::sync::atomic::AtomicBool,
}

impl Slot {
    /// Waits for something without keeping others from working.
    ///
    /// The place is given up for as long as the wait lasts, and taken again before this returns.
    pub async fn wait<T>(&self, event: impl Future<Output = T>) -> T {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let result = event.await;
        // Nobody closes the semaphore; without a place the pass would only run beside others.
        let permit = Arc::clone(&self.workers).acquire_owned().await.ok();
        *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = permit;
        result
    }

    /// Waits until the object is queued again, which means that this pass is out of date.
    ///
    /// Returns the object that caused it, `Kind/namespace/name`; empty if it was itself.
    pub async fn superseded(&self) -> String {
        let mut superseded = self.superseded.clone();
        let cause = superseded.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        match cause {
            Some(cause) => cause,
            None => std::future::pending().await,
        }
    }

    /// Tells whether the object was queued again.
    pub fn is_superseded(&self) -> bool {
        self.superseded.borrow().is_some()
    }

    /// Asks for another pass over the same object, soon after this one.
    pub fn repeat(&self) {
        self.again.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Makes a place of its own for a pass that no queue started.
    pub fn free() -> Self {
        let (_, superseded) = watch::channel(None);
        let (workers, again) = (Arc::new(Semaphore::new(1)), Default::default());
        Self { workers, permit: Mutex::default(), superseded, again }
    }
}

/// Reconciles what the queue holds until the shutdown, then waits for the passes under way.
pub async fn run<R: Reconcile>(
    workers: Workers,
    queue: Queue,
    reconciler: Arc<R>,
    (metrics, shutdown): (Metrics, Shutdown),
) {
    let places = Arc::new(Semaphore::new(workers.concurrency.max(1)));
    let workers = Arc::new(workers);
    metrics.set_max_concurrent(&workers);
    metrics.watch_queue(&workers, &queue);
    let mut passes = JoinSet::new();
    loop {
        while passes.try_join_next().is_some() {}
        if shutdown.or(queue.filled()).await.is_none() {
            break;
        }
        let place = shutdown.or(Arc::clone(&places).acquire_owned()).await;
        let Some(Ok(permit)) = place else { break };
        let Some(Taken { key, superseded, waited }) = queue.take() else { continue };
        metrics.observe_wait(&workers, waited);
        let slot = Slot {
            workers: Arc::clone(&places),
            permit: Mutex::new(Some(permit)),
            superseded,
            again: Default::default(),
        };
        let pass = Pass {
            workers: Arc::clone(&workers),
            queue: queue.clone(),
            metrics: metrics.clone(),
            reconciler: Arc::clone(&reconciler),
        };
        passes.spawn(pass.run(key, slot));
    }
    // A pass that waits for something far away must not hold up the end of the process.
    let _ = tokio::time::timeout(Duration::from_secs(5), async {
        while passes.join_next().await.is_some() {}
    })
    .await;
}

/// The pause before a pass that another one asked for.
const SOON: Duration = Duration::from_millis(100);

struct Pass<R> {
    workers: Arc<Workers>,
    queue: Queue,
    metrics: Metrics,
    reconciler: Arc<R>,
}

impl<R: Reconcile> Pass<R> {
    async fn run(self, key: Key, slot: Slot) {
        let span = tracing::info_span!(
            "reconcile",
            controller = self.workers.controller,
            controllerGroup = self.workers.group,
            controllerKind = self.workers.kind,
            namespace = key.namespace,
            name = key.name,
        );
        self.settle(key, slot).instrument(span).await;
    }

    async fn settle(self, key: Key, slot: Slot) {
        let begun = tokio::time::Instant::now();
        self.metrics.begin_pass(&self.workers);
        let pass = AssertUnwindSafe(self.reconciler.reconcile(&key, &slot)).catch_unwind();
        let next = pass.await.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Next::Retry(format!("panic: {} [recovered]", text.unwrap_or("unknown")))
        });
        self.metrics.end_pass(&self.workers, &next, begun.elapsed());
        match next {
            Next::Await => self.queue.forget(&key),
            Next::Now => self.queue.add(key.clone()),
            Next::After(pause) => {
                self.queue.forget(&key);
                self.queue.add_after(key.clone(), pause);
            }
            Next::Retry(error) => {
                tracing::error!(error, "Reconciler error");
                self.queue.add_rate_limited(key.clone());
            }
            Next::GiveUp(error) => {
                tracing::error!(error, "Reconciler error");
                self.queue.forget(&key);
            }
        }
        if slot.again.load(std::sync::atomic::Ordering::Relaxed) {
            self.queue.add_after(key.clone(), SOON);
        }
        self.queue.done(&key);
    }
}

#[cfg(test)]
mod tests;
