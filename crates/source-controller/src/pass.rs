//! What a pass over any source but a Git repository goes through.
//!
//! A kind implements [`Source`]: how its content is had, and what its conditions and events say.
//! Everything else is the same for all of them: finalizers, the state of the store, garbage,
//! conditions, events and the next run.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flux_api::{Definition, Resource};
use flux_artifact::{Place, Store};
use flux_runtime::{Context, Event, Key, Next, Publisher, Reconcile, Slot};

use crate::CONTROLLER;

mod outcome;
mod report;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use outcome::{
    Drift, Failed, Failure, Outcome, Progress, Published, UpToDate, Verified,
};
use report::{Plan, begin, report};
pub(crate) use stored::{Presence, SourceStatus, explain};

/// A kind of source.
pub(crate) trait Source: Send + Sync + 'static {
    /// The kind's spec.
    type Spec: Definition<Status: SourceStatus>;
    /// What a pass found that belongs into an event.
    type Note: Clone + std::fmt::Debug + Default + Send + Sync;

    /// The kind's rules.
    const RULES: Rules;

    /// Tells what every pass depends on.
    fn settings(spec: &Self::Spec) -> Settings;

    /// Tells whether there is nothing to be done for an object, whatever it says.
    fn is_static(_spec: &Self::Spec) -> bool {
        false
    }

    /// Looks at the source, and stores what is new.
    fn fetch(&self, seen: &Seen<Self::Spec>) -> impl Future<Output = Outcome<Self::Note>> + Send;

    /// Writes what shaped a new artifact into the status.
    fn record(
        object: &Resource<Self::Spec>,
        status: &mut <Self::Spec as Definition>::Status,
        note: &Self::Note,
    );

    /// Says what is new, for people.
    fn news(
        object: &Resource<Self::Spec>,
        status: &<Self::Spec as Definition>::Status,
        note: &Self::Note,
    ) -> News;
}

/// What an event tells of a new artifact, and of one that is well again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) message: String,
    /// The reason if the artifact is new.
    pub(crate) reason: String,
    /// The reason if only a failure went away.
    pub(crate) recovery: String,
}

/// What is the same for all objects of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The condition types that the controller sets, the most telling first.
    pub(crate) types: &'static [&'static str],
    /// Those of them that are bad news, and whose going away is good news.
    pub(crate) failures: &'static [&'static str],
    /// Whether each pass begins with a clean record of the store's failures.
    pub(crate) forgets_storage_failures: bool,
    /// The name of the link to the latest artifact.
    pub(crate) latest: &'static str,
}

/// What all specs say in their own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) interval: Duration,
    pub(crate) is_suspended: bool,
}

/// What a pass depends on.
pub(crate) struct Seen<S: Definition> {
    /// The object as it was read.
    pub(crate) object: Resource<S>,
    /// Whether the artifact in its status is there.
    pub(crate) artifact: Presence,
}

impl<S: Definition<Status: SourceStatus>> Seen<S> {
    /// Returns the artifact that is stored.
    pub(crate) fn stored(&self) -> Option<&flux_api::Artifact> {
        self.object.status.artifact().filter(|_| matches!(self.artifact, Presence::Stored))
    }

    /// Reports whether there is an artifact of this revision.
    pub(crate) fn has_revision(&self, revision: &str) -> bool {
        self.stored().is_some_and(|artifact| artifact.revision == revision)
    }
}

fn place<S: Definition>(object: &Resource<S>) -> Place<'_> {
    Place { kind: S::KIND, namespace: &object.metadata.namespace, name: &object.metadata.name }
}

/// What all kinds need.
pub(crate) struct Means {
    pub(crate) ctx: Context,
    pub(crate) store: Arc<Store>,
    /// Where temporary files go.
    pub(crate) scratch: PathBuf,
    pub(crate) jitter: u8,
}

/// Reconciles the objects of one kind.
pub(crate) struct Reconciler<S> {
    pub(crate) means: Arc<Means>,
    pub(crate) source: S,
}

/// What is never shown by these controllers, but may be left from others.
const ALWAYS_OWNED: &[&str] = &["Ready"];

impl<S: Source> Reconcile for Reconciler<S> {
    async fn reconcile(&self, key: &Key, _slot: &Slot) -> Next {
        let ctx = &self.means.ctx;
        let object = match ctx.cluster.fetch::<S::Spec>(&key.namespace, &key.name).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Next::Await,
            Err(error) => return Next::Retry(error.to_string()),
        };
        let begun = ctx.clock.instant();
        let reference = object.reference();
        let next = self.pass(object).await;
        if matches!(next, Next::Await) && self.is_gone(key).await {
            ctx.metrics.forget(&reference);
        } else {
            ctx.metrics.observe_reconcile(&reference, begun.elapsed());
        }
        next
    }
}

impl<S: Source> Reconciler<S> {
    /// Brings one object to where its spec wants it.
    async fn pass(&self, object: Resource<S::Spec>) -> Next {
        let ctx = &self.means.ctx;
        if S::is_static(&object.spec) {
            return self.clear(object).await;
        }
        let owned = owned::<S>();
        let mut publisher = Publisher::new(ctx.cluster.clone(), CONTROLLER, owned, object.clone());
        let mut object = match self.with_finalizer(object, &mut publisher).await {
            Ok(object) => object,
            Err(next) => return next,
        };
        let is_idle = object.is_deleting() || S::settings(&object.spec).is_suspended;
        let presence = match is_idle {
            true => Presence::None,
            false => self.means.presence(object.status.artifact().cloned()).await,
        };
        let seen = Seen { object: object.clone(), artifact: presence };
        let mut events = Vec::new();
        if !is_idle {
            events.extend(self.means.tidy(seen.object.status.artifact(), &seen.artifact).await);
        }
        let begun = begin::<S>(&seen, &self.means.store, ctx.clock.now());
        if begun.is_worth_telling {
            object.status = begun.status.clone();
            if let Err(error) = publisher.publish(&mut object).await {
                return Next::Retry(error.to_string());
            }
        }
        let outcome = self.outcome(&seen).await;
        let report = report::<S>(&seen, begun.status, &outcome, ctx.clock.now());
        object.status = report.status;
        events.extend(self.link(&mut object, &outcome));
        if matches!(outcome, Outcome::Finalized { .. }) {
            object.metadata.finalizers.retain(|finalizer| finalizer != flux_api::names::FINALIZER);
        }
        events.extend(report.events);
        for event in events {
            tracing::info!(reason = event.reason, message = event.message, "event");
            ctx.events.publish(&object, event);
        }
        if let Err(error) = publisher.publish(&mut object).await {
            return Next::Retry(error.to_string());
        }
        self.when(report.next)
    }

    /// Removes what an object still has from a time when something was to be done.
    async fn clear(&self, object: Resource<S::Spec>) -> Next {
        let finalizer = flux_api::names::FINALIZER;
        let has_finalizer = object.metadata.finalizers.iter().any(|f| f == finalizer);
        let is_clear = !has_finalizer && object.status == Default::default();
        if is_clear || S::settings(&object.spec).is_suspended {
            return Next::Await;
        }
        let seen = Seen { object: object.clone(), artifact: Presence::None };
        if let Outcome::NotFinalized(why) = self.means.finalize::<_, S::Note>(&seen).await {
            return Next::Retry(why);
        }
        match self.clear_object(object).await {
            Ok(()) => Next::Await,
            Err(error) => Next::Retry(error.to_string()),
        }
    }

    /// Empties the status, whose default says that nothing was observed, and drops the finalizer.
    async fn clear_object(&self, object: Resource<S::Spec>) -> Result<(), flux_cluster::Error> {
        let cluster = &self.means.ctx.cluster;
        let (namespace, name) = (&object.metadata.namespace, &object.metadata.name);
        let target = flux_cluster::Target::new(Resource::<S::Spec>::gvk(), namespace, name);
        let fields =
            ["observedGeneration", "conditions", "artifact", "url", "lastHandledReconcileAt"];
        let nothing: serde_json::Map<_, _> =
            fields.iter().map(|field| ((*field).to_owned(), serde_json::Value::Null)).collect();
        let patch = flux_cluster::Patch::Merge(serde_json::json!({ "status": nothing }));
        let write = flux_cluster::Write::by(CONTROLLER).to("status");
        let answer = match cluster.patch(&target, &patch, &write).await {
            Err(error) if error.is_not_found() => return Ok(()),
            answer => answer?,
        };
        let finalizer = flux_api::names::FINALIZER;
        let mut finalizers = object.metadata.finalizers;
        if !finalizers.iter().any(|it| it == finalizer) {
            return Ok(());
        }
        finalizers.retain(|it| it != finalizer);
        let patch = serde_json::json!({
            "metadata": { "finalizers": finalizers, "resourceVersion": answer.resource_version() },
        });
        let write = flux_cluster::Write::by(CONTROLLER);
        match cluster.patch(&target, &flux_cluster::Patch::Merge(patch), &write).await {
            Err(error) if error.is_not_found() => Ok(()),
            patched => patched.map(|_| ()),
        }
    }

    async fn outcome(&self, seen: &Seen<S::Spec>) -> Outcome<S::Note> {
        if seen.object.is_deleting() {
            return self.means.finalize(seen).await;
        }
        if S::settings(&seen.object.spec).is_suspended {
            return Outcome::Suspended;
        }
        let fetched = self.means.ctx.shutdown.or(self.source.fetch(seen)).await;
        fetched.unwrap_or(Outcome::Interrupted)
    }

    /// Points the link to the latest artifact to a new one, and says where it is.
    fn link(&self, object: &mut Resource<S::Spec>, outcome: &Outcome<S::Note>) -> Option<Event> {
        let Outcome::Published(published) = outcome else { return None };
        match self.means.store.link(&published.artifact, S::RULES.latest) {
            Ok(url) => {
                *object.status.url_mut() = Some(url);
                None
            }
            Err(error) => Some(outcome::trace(
                flux_api::names::reason::SYMLINK_UPDATE_FAILED,
                format!("failed to update status URL symlink: {error}"),
            )),
        }
    }

    /// Makes sure that the object does not go before its artifacts do.
    async fn with_finalizer(
        &self,
        mut object: Resource<S::Spec>,
        publisher: &mut Publisher<S::Spec>,
    ) -> Result<Resource<S::Spec>, Next> {
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
        let gvk = Resource::<S::Spec>::gvk();
        let target = flux_cluster::Target::new(gvk, &key.namespace, &key.name);
        matches!(self.means.ctx.cluster.find_metadata(&target).await, Ok(None))
    }

    /// Turns a plan into a time.
    fn when(&self, next: Plan) -> Next {
        match next {
            Plan::Await => Next::Await,
            Plan::Interval(interval) => {
                Next::After(self.means.ctx.random.jitter(interval, self.means.jitter))
            }
            Plan::Retry(why) => Next::Retry(why),
        }
    }
}

/// Returns all condition types of a kind.
fn owned<S: Source>() -> &'static [&'static str] {
    // Ready stands at the end of every kind's list.
    debug_assert!(S::RULES.types.ends_with(ALWAYS_OWNED));
    S::RULES.types
}
