//! The controller: watches, queue, workers.

use std::sync::{Arc, Mutex};

use flux_api::{Kustomization, KustomizationSpec};
use flux_cluster::Key;
use flux_runtime::{Context, Next, Publisher, Queue, Reconcile, Slot, Workers, run as run_workers};
use tokio::time::Instant;

use crate::act::Pass;
use crate::artifacts::Artifacts;
use crate::decide::{Decision, decide, needs_source};
use crate::guard::Guard;
use crate::missing::Missing;
use crate::observe::{Observed, Observer, Source};
use crate::options::{Options, gate};
use crate::remote::Tokens;
use crate::report::{Moment, OWNED, report};
use crate::{STATUS_MANAGER, trigger};

/// Applies Kustomizations until the shutdown.
///
/// Whether this process leads, and where metrics and probes are served, is the caller's concern.
pub async fn run(context: Context, options: Options, artifacts: Arc<dyn Artifacts>) {
    let queue = Queue::new(options.shared.backoff);
    let watches = trigger::Watches::start(&context.cluster, &options);
    let stores = watches.stores();
    let workers = Workers {
        controller: "kustomization",
        group: flux_api::names::group::KUSTOMIZE,
        kind: "Kustomization",
        concurrency: options.shared.concurrent,
    };
    let observer = Observer {
        cluster: context.cluster.clone(),
        stores,
        direct_sources: options.gates.is_on(gate::DIRECT_SOURCE_FETCH),
        written: Mutex::default(),
    };
    let (metrics, shutdown) = (context.metrics.clone(), context.shutdown.clone());
    let (guard, missing, tokens) = Default::default();
    let reconciler =
        Arc::new(Reconciler { context, options, artifacts, observer, guard, missing, tokens });
    let cluster = &reconciler.context.cluster;
    let definitions = reconciler.missing.follow(cluster.clone(), queue.clone());
    let drift = reconciler.guard.follow(cluster.clone(), queue.clone());
    let triggers = watches.run(queue.clone(), Arc::clone(&reconciler));
    let triggers = futures::future::join3(triggers, definitions, drift);
    let work = run_workers(workers, queue, Arc::clone(&reconciler), (metrics, shutdown.clone()));
    tokio::join!(shutdown.or(triggers), work);
}

pub(crate) struct Reconciler {
    pub(crate) context: Context,
    pub(crate) options: Options,
    artifacts: Arc<dyn Artifacts>,
    pub(crate) observer: Observer,
    /// Whose objects are watched.
    pub(crate) guard: Guard,
    /// Who waits for a definition.
    pub(crate) missing: Missing,
    /// Tokens for other clusters.
    tokens: Tokens,
}

impl Reconcile for Reconciler {
    async fn reconcile(&self, key: &Key, slot: &Slot) -> Next {
        let object = match self.observer.kustomization(key).await {
            Ok(Some(object)) => object,
            Ok(None) => return Next::Await, // Deleted before we looked.
            Err(error) => return Next::Retry(error.to_string()),
        };
        let publisher = Publisher::<KustomizationSpec>::new(
            self.context.cluster.clone(),
            STATUS_MANAGER,
            OWNED,
            object.clone(),
        );
        let mut pass = Pass {
            context: &self.context,
            options: &self.options,
            artifacts: &*self.artifacts,
            observer: &self.observer,
            guard: &self.guard,
            missing: &self.missing,
            tokens: &self.tokens,
            slot,
            object,
            publisher,
            begun: Instant::now(),
            is_telling: false,
        };
        self.missing.forget(key);
        if !pass.is_guarded() {
            self.guard.release(key);
        }
        loop {
            let seen = self.observe(&pass.object).await;
            let outcome = match decide(&seen, &self.options) {
                Decision::Settle(outcome) => outcome,
                Decision::AddFinalizer => {
                    let finalizer = flux_api::names::FINALIZER.to_owned();
                    pass.object.metadata.finalizers.push(finalizer);
                    match pass.publish().await {
                        Ok(()) => continue,
                        Err(error) => return Next::Retry(error),
                    }
                }
                Decision::Finalize(entries) => pass.finalize(&entries).await,
                Decision::Apply(artifact) => pass.apply(&artifact).await,
            };
            let moment = self.moment(&pass);
            let report = report(&mut pass.object, &outcome, moment);
            return self.publish(pass, report).await;
        }
    }
}

impl Reconciler {
    async fn observe(&self, object: &Kustomization) -> Observed {
        let kustomization = object.clone();
        let source = match needs_source(object, &self.options) {
            true => self.observer.source(object).await,
            false => Source::NotRead,
        };
        let dependencies = match &source {
            Source::Found(Some(_)) => self.observer.dependencies(object).await,
            _ => Vec::new(),
        };
        Observed { kustomization, source, dependencies }
    }

    fn moment(&self, pass: &Pass<'_>) -> Moment {
        let interval = pass.object.spec.interval.get();
        let percent = self.options.shared.interval_jitter_percentage;
        Moment {
            now: self.context.clock.now(),
            took: pass.begun.elapsed(),
            requeue: self.options.requeue_dependency(),
            interval: self.context.random.jitter(interval, percent),
        }
    }

    async fn publish(&self, mut pass: Pass<'_>, report: crate::report::Report) -> Next {
        let reference = pass.object.reference();
        if pass.is_routine_end() {
            // Nobody in the cluster learns anything new.
            for event in report.events {
                self.context.events.notify(&pass.object, event);
            }
            self.context.metrics.observe_reconcile(&reference, pass.begun.elapsed());
            return report.next;
        }
        let published = pass.publish().await;
        for event in report.events {
            pass.tell(event);
        }
        if pass.object.is_deleting() && pass.object.metadata.finalizers.is_empty() {
            // It is gone: a series of its own would stay for ever.
            self.context.metrics.forget(&reference);
        } else {
            self.context.metrics.observe_reconcile(&reference, pass.begun.elapsed());
        }
        match published {
            Ok(()) => report.next,
            Err(error) => Next::Retry(error),
        }
    }
}
