//! Starts the controllers and feeds their queues.

use std::sync::Arc;

use flux_api::{
    Definition, GitRepository, GitRepositorySpec, HelmChartSpec, HelmRepository, Resource, names,
};
use flux_cluster::{Change, Key, List, Store as Watched, Subscription, Topic};
use flux_manifest::Object;
use flux_runtime::flags::Shared;
use flux_runtime::{Context, Priority, Queue, Workers};

use crate::bucket::BucketSource;
use crate::git_repository::Reconciler;
use crate::helm_chart::HelmChartSource;
use crate::helm_repository::HelmRepositorySource;
use crate::oci_repository::OciSource;
use crate::options::OBJECT_LEVEL_WORKLOAD_IDENTITY;
use crate::pass::{self, Means, Source};
use crate::{Options, Overrides};

/// Runs the controllers until the shutdown of `ctx`.
///
/// Whoever calls this holds the lease, if there is one.
pub async fn run(ctx: Context, options: Options) {
    let Options { shared, store, listener, overrides, scratch, ssh, gates, helm } = options;
    let means = Arc::new(Means {
        ctx: ctx.clone(),
        store: Arc::clone(&store),
        scratch: scratch.clone(),
        jitter: shared.interval_jitter_percentage,
    });
    let reconciler = Reconciler {
        ctx: ctx.clone(),
        store: Arc::clone(&store),
        overrides: overrides.clone(),
        scratch,
        ssh,
        tokens: Default::default(),
        requeue_dependency: shared.requeue_dependency,
        jitter: shared.interval_jitter_percentage,
    };
    let ended = ctx.shutdown.clone();
    let served = async {
        if let Some(listener) = listener {
            flux_artifact::serve(listener, store, async { ended.begun().await }).await;
        }
    };
    let oci = OciSource {
        means: Arc::clone(&means),
        object_level_identity: gates.is_on(OBJECT_LEVEL_WORKLOAD_IDENTITY),
    };
    let bucket = BucketSource {
        means: Arc::clone(&means),
        object_level_identity: oci.object_level_identity,
    };
    let helm_repository = HelmRepositorySource { means: Arc::clone(&means), max_index: helm.index };
    let ctx_of_charts = ctx.clone();
    let helm_chart = HelmChartSource { means: Arc::clone(&means), limits: helm };
    let charts = Queue::new(shared.backoff);
    tokio::join!(
        served,
        repositories(ctx, &shared, (reconciler, overrides)),
        sources("ocirepository", (&means, &shared), (oci, Queue::new(shared.backoff))),
        sources("helmrepository", (&means, &shared), (helm_repository, Queue::new(shared.backoff))),
        sources("bucket", (&means, &shared), (bucket, Queue::new(shared.backoff))),
        sources("helmchart", (&means, &shared), (helm_chart, charts.clone())),
        ctx_of_charts.shutdown.or(wake_charts(&ctx_of_charts, &shared, charts)),
    );
}

/// Works on GitRepositories.
async fn repositories(
    ctx: Context,
    shared: &Shared,
    (reconciler, overrides): (Reconciler, Overrides),
) {
    let queue = Queue::new(shared.backoff);
    let topic = Topic::all(GitRepository::gvk()).only(shared.watched());
    let subscription = ctx.cluster.watch(topic);
    let watched = subscription.store();
    let workers = Workers {
        controller: "gitrepository",
        group: names::group::SOURCE,
        kind: "GitRepository",
        concurrency: shared.concurrent,
    };
    let fed = ctx.shutdown.or(feed(subscription, queue.clone()));
    let edited = ctx.shutdown.or(follow_edits(overrides, watched, queue.clone()));
    let ends = (ctx.metrics.clone(), ctx.shutdown.clone());
    let work = flux_runtime::run(workers, queue, Arc::new(reconciler), ends);
    tokio::join!(fed, edited, work);
}

/// Works on the objects of another kind.
async fn sources<S: Source>(
    controller: &'static str,
    (means, shared): (&Arc<Means>, &Shared),
    (source, queue): (S, Queue),
) {
    let ctx = &means.ctx;
    let topic = Topic::all(Resource::<S::Spec>::gvk()).only(shared.watched());
    let subscription = ctx.cluster.watch(topic);
    let workers = Workers {
        controller,
        group: names::group::SOURCE,
        kind: S::Spec::KIND,
        concurrency: shared.concurrent,
    };
    let reconciler = Arc::new(pass::Reconciler { means: Arc::clone(means), source });
    let fed = ctx.shutdown.or(feed_plain(subscription, queue.clone()));
    let ends = (ctx.metrics.clone(), ctx.shutdown.clone());
    tokio::join!(fed, flux_runtime::run(workers, queue, reconciler, ends));
}

/// Queues charts whose repository has another artifact than they were made from.
async fn wake_charts(ctx: &Context, shared: &Shared, queue: Queue) {
    let topic = Topic::all(HelmRepository::gvk()).only(shared.watched());
    let mut repositories = ctx.cluster.watch(topic);
    loop {
        let Change::Applied { old, new } = repositories.next().await else { continue };
        let revision = |object: &Object| {
            object
                .pointer("/status/artifact/revision")
                .and_then(|it| it.as_str())
                .map(str::to_owned)
        };
        let Some(now) = revision(&new) else { continue };
        if old.as_deref().and_then(revision).as_ref() == Some(&now) {
            continue;
        }
        let repository = Key::of(&new);
        let list = List {
            labels: shared.watch_label_selector.clone(),
            ..List::namespace(&repository.namespace)
        };
        // Charts that are not seen now are looked at again after their interval.
        let Ok(charts) = ctx.cluster.fetch_all::<HelmChartSpec>(&list).await else { continue };
        for chart in charts {
            let source = &chart.spec.source_ref;
            let observed = chart.status.observed_source_artifact_revision.as_ref();
            let is_made_from = source.kind == "HelmRepository" && source.name == repository.name;
            if is_made_from && observed != Some(&now) {
                queue.add(Key::new(&chart.metadata.namespace, &chart.metadata.name));
            }
        }
    }
}

/// Queues what a watch tells, as far as it asks for work.
async fn feed_plain(mut subscription: Subscription, queue: Queue) {
    loop {
        match subscription.next().await {
            Change::Applied { old, new } => {
                let is_new = old.is_none();
                if asks_for_work(old.as_deref(), &new) {
                    let priority = if is_new { Priority::Routine } else { Priority::Event };
                    queue.add_with(Key::of(&new), priority);
                }
            }
            Change::Deleted(object) => queue.add(Key::of(&object)),
            Change::Synced | Change::Interrupted(_) => {}
        }
    }
}

/// Queues what a watch tells, as far as it asks for work.
async fn feed(mut subscription: Subscription, queue: Queue) {
    let store = subscription.store();
    loop {
        match subscription.next().await {
            Change::Applied { old, new } => {
                let is_new = old.is_none();
                if asks_for_work(old.as_deref(), &new) {
                    let priority = if is_new { Priority::Routine } else { Priority::Event };
                    queue.add_with(Key::of(&new), priority);
                }
                if has_other_artifact(old.as_deref(), &new) {
                    wake_includers(&store, &new, &queue);
                }
            }
            Change::Deleted(object) => queue.add(Key::of(&object)),
            Change::Synced | Change::Interrupted(_) => {}
        }
    }
}

/// Reports whether an object is new, wants something else, or a person asked for a pass.
fn asks_for_work(old: Option<&Object>, new: &Object) -> bool {
    let Some(old) = old else { return true };
    let generation = |object: &Object| object.pointer("/metadata/generation").cloned();
    let requested = |object: &Object| {
        let annotations = object.pointer("/metadata/annotations")?.as_object()?;
        annotations.get(names::REQUESTED_AT).cloned()
    };
    let deleting = |object: &Object| object.pointer("/metadata/deletionTimestamp").is_some();
    let asked = requested(new);
    generation(old) != generation(new)
        || (asked.is_some() && asked != requested(old))
        || deleting(old) != deleting(new)
}

fn has_other_artifact(old: Option<&Object>, new: &Object) -> bool {
    let digest = |object: &Object| object.pointer("/status/artifact/digest").cloned();
    old.and_then(digest) != digest(new)
}

/// Queues the repositories that wait for this one to have an artifact.
fn wake_includers(store: &Watched, included: &Object, queue: &Queue) {
    let included = Key::of(included);
    for object in store.list() {
        let key = Key::of(&object);
        let Ok(repository) = GitRepository::from_object(&object) else { continue };
        let waits = flux_api::conditions::is_true(
            &repository.status.conditions,
            names::condition::INCLUDE_UNAVAILABLE,
        );
        if waits && key.namespace == included.namespace && includes(&repository.spec, &included) {
            queue.add(key);
        }
    }
}

fn includes(spec: &GitRepositorySpec, included: &Key) -> bool {
    spec.include.iter().any(|include| include.repository.name == included.name)
}

/// Queues what is served from this machine whenever a directory changed.
async fn follow_edits(overrides: Overrides, watched: Watched, queue: Queue) {
    let mut changes = overrides.changes();
    while changes.changed().await.is_ok() {
        for object in watched.list() {
            let url = object.pointer("/spec/url").and_then(|url| url.as_str());
            if url.is_some_and(|url| overrides.get(url).is_some()) {
                queue.add(Key::of(&object));
            }
        }
    }
    // The other end lives as long as this function's own copy.
    std::future::pending::<()>().await;
}
