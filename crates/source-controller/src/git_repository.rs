//! GitRepository: from a repository to an archive.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flux_api::{GitRepository, GitRepositorySpec};
use flux_artifact::{Place, Store};
use flux_runtime::{Context, Event, Key, Next, Publisher, Reconcile, Slot};

use crate::github_app::Tokens;
use crate::{CONTROLLER, Overrides, SshAlgorithms};

mod act;
mod decide;
mod observe;
mod outcome;
mod report;
#[cfg(test)]
mod tests;
mod verify;

use decide::{Decision, decide};
use outcome::Outcome;

/// The condition types that this controller sets.
const OWNED: &[&str] = &[
    "StorageOperationFailed",
    "FetchFailed",
    "IncludeUnavailable",
    "ArtifactOutdated",
    "SourceVerified",
    "ArtifactInStorage",
    "Ready",
    "Reconciling",
    "Stalled",
];

/// Reconciles GitRepositories.
pub(crate) struct Reconciler {
    pub(crate) ctx: Context,
    pub(crate) store: Arc<Store>,
    pub(crate) overrides: Overrides,
    pub(crate) scratch: PathBuf,
    pub(crate) ssh: SshAlgorithms,
    pub(crate) tokens: Tokens,
    pub(crate) requeue_dependency: Duration,
    pub(crate) jitter: u8,
}

impl Reconcile for Reconciler {
    async fn reconcile(&self, key: &Key, _slot: &Slot) -> Next {
        let object =
            match self.ctx.cluster.fetch::<GitRepositorySpec>(&key.namespace, &key.name).await {
                Ok(object) => object,
                Err(error) if error.is_not_found() => return Next::Await,
                Err(error) => return Next::Retry(error.to_string()),
            };
        let begun = self.ctx.clock.instant();
        let reference = object.reference();
        let next = self.pass(object).await;
        if matches!(next, Next::Await) && self.is_gone(key).await {
            self.ctx.metrics.forget(&reference);
        } else {
            self.ctx.metrics.observe_reconcile(&reference, begun.elapsed());
        }
        next
    }
}

impl Reconciler {
    /// Brings one repository to where its spec wants it.
    async fn pass(&self, object: GitRepository) -> Next {
        let mut publisher =
            Publisher::new(self.ctx.cluster.clone(), CONTROLLER, OWNED, object.clone());
        let mut object = match self.with_finalizer(object, &mut publisher).await {
            Ok(object) => object,
            Err(next) => return next,
        };
        let seen = self.observe(object.clone()).await;
        let decision = decide(&seen);
        let mut events = Vec::new();
        if !matches!(decision, Decision::Settle(Outcome::Suspended) | Decision::Finalize) {
            events.extend(self.tidy(&seen).await);
        }
        let begun = report::begin(&seen, self.ctx.clock.now());
        if begun.is_worth_telling {
            object.status = begun.status.clone();
            if let Err(error) = publisher.publish(&mut object).await {
                return Next::Retry(error.to_string());
            }
        }
        let outcome = match decision {
            Decision::Settle(outcome) => outcome,
            Decision::Finalize => self.finalize(&seen).await,
            Decision::Fetch(fetch) => self.fetch(&seen, fetch).await,
        };
        let report = report::report(&seen, begun.status, &outcome, self.ctx.clock.now());
        object.status = report.status;
        if matches!(outcome, Outcome::Finalized { .. }) {
            object.metadata.finalizers.retain(|finalizer| finalizer != flux_api::names::FINALIZER);
        }
        events.extend(report.events);
        self.tell(&object, events);
        if let Err(error) = publisher.publish(&mut object).await {
            return Next::Retry(error.to_string());
        }
        self.when(report.next)
    }

    /// Makes sure that the object does not go before its artifacts do.
    async fn with_finalizer(
        &self,
        mut object: GitRepository,
        publisher: &mut Publisher<GitRepositorySpec>,
    ) -> Result<GitRepository, Next> {
        let finalizer = flux_api::names::FINALIZER;
        if object.is_deleting() || object.metadata.finalizers.iter().any(|f| f == finalizer) {
            return Ok(object);
        }
        object.metadata.finalizers.push(finalizer.to_owned());
        match publisher.publish(&mut object).await {
            Ok(()) => Ok(object),
            Err(error) => Err(Next::Retry(error.to_string())),
        }
    }

    async fn is_gone(&self, key: &Key) -> bool {
        let target = flux_cluster::Target::new(GitRepository::gvk(), &key.namespace, &key.name);
        matches!(self.ctx.cluster.find_metadata(&target).await, Ok(None))
    }

    fn tell(&self, object: &GitRepository, events: Vec<Event>) {
        for event in events {
            tracing::info!(reason = event.reason, message = event.message, "event");
            self.ctx.events.publish(object, event);
        }
    }

    /// Turns a plan into a time.
    fn when(&self, next: report::Plan) -> Next {
        match next {
            report::Plan::Await => Next::Await,
            report::Plan::Interval(interval) => {
                Next::After(self.ctx.random.jitter(interval, self.jitter))
            }
            report::Plan::Dependency => Next::After(self.requeue_dependency),
            report::Plan::Retry(why) => Next::Retry(why),
        }
    }
}

/// Returns where the artifacts of a repository go.
fn place(object: &GitRepository) -> Place<'_> {
    Place {
        kind: "GitRepository",
        namespace: &object.metadata.namespace,
        name: &object.metadata.name,
    }
}
