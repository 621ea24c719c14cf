//! When passes happen: changes of Kustomizations, of sources, of dependencies, of configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flux_api::names::condition::{READY, RECONCILING};
use flux_api::names::reason::DEPENDENCY_NOT_READY;
use flux_api::{
    Kustomization, KustomizationSpec, Resource, SourceKind, SubstituteReferenceKind, conditions,
};
use flux_cluster::{Change, Cluster, Key, List, Store, Subscription, Topic};
use flux_manifest::{GroupVersionKind, Object};
use flux_plan::{Dependent, Reference, sort};
use flux_runtime::{Priority, Queue};
use futures::future::join_all;

use crate::controller::Reconciler;
use crate::observe::{Stores, artifact, source_gvk, source_key};
use crate::options::{Options, gate};

/// The watches of the controller.
pub(crate) struct Watches {
    kustomizations: Subscription,
    sources: Vec<(SourceKind, Subscription)>,
    configs: Vec<(SubstituteReferenceKind, Subscription)>,
}

impl Watches {
    /// Starts to watch.
    pub(crate) fn start(cluster: &Cluster, options: &Options) -> Self {
        let own = options.shared.watched();
        let kustomizations = cluster.watch(Topic::all(Kustomization::gvk()).only(own.clone()));
        // Sources belong to other shards as often as not.
        let others = List { labels: String::new(), ..own };
        let mut kinds =
            vec![SourceKind::OciRepository, SourceKind::GitRepository, SourceKind::Bucket];
        if options.gates.is_on(gate::EXTERNAL_ARTIFACT) {
            kinds.push(SourceKind::ExternalArtifact);
        }
        let watch = |kind: SourceKind| {
            (kind, cluster.watch(Topic::all(source_gvk(kind)).only(others.clone())))
        };
        let sources = kinds.into_iter().map(watch).collect();
        let labelled = others.clone().labelled(&options.shared.watch_configs_label_selector);
        let watch_config = |kind: SubstituteReferenceKind| {
            let gvk = GroupVersionKind::new("", "v1", kind.as_str());
            (kind, cluster.watch(Topic::all(gvk).only(labelled.clone()).metadata()))
        };
        let configs = match options.gates.is_on(gate::NO_CONFIG_WATCHERS) {
            true => Vec::new(),
            false => [SubstituteReferenceKind::ConfigMap, SubstituteReferenceKind::Secret]
                .into_iter()
                .map(watch_config)
                .collect(),
        };
        Self { kustomizations, sources, configs }
    }

    /// Returns views of what the watches know.
    pub(crate) fn stores(&self) -> Stores {
        let sources = self.sources.iter().map(|(kind, watch)| (*kind, watch.store()));
        Stores { kustomizations: self.kustomizations.store(), sources: sources.collect() }
    }

    /// Queues what changes concern; never ends.
    pub(crate) async fn run(self, queue: Queue, reconciler: Arc<Reconciler>) {
        let Self { kustomizations, sources, configs } = self;
        let store = kustomizations.store();
        let sources = sources
            .into_iter()
            .map(|(kind, watch)| follow_source(kind, watch, store.clone(), queue.clone()));
        let configs = configs
            .into_iter()
            .map(|(kind, watch)| follow_config(kind, watch, store.clone(), queue.clone()));
        let own = follow_kustomizations(kustomizations, queue.clone(), reconciler);
        tokio::join!(own, join_all(sources), join_all(configs));
    }
}

fn typed(object: &Object) -> Option<Kustomization> {
    Resource::<KustomizationSpec>::from_object(object).ok()
}

fn key(it: &Kustomization) -> Key {
    Key::new(&it.metadata.namespace, &it.metadata.name)
}

async fn follow_kustomizations(mut watch: Subscription, queue: Queue, reconciler: Arc<Reconciler>) {
    let store = watch.store();
    let mut priority = Priority::Routine;
    loop {
        match watch.next().await {
            Change::Applied { old, new } => {
                let is_news = old.as_ref().is_none_or(|old| is_asked(old, &new));
                if is_news {
                    queue.add_with(Key::of(&new), priority);
                }
                if priority == Priority::Event {
                    wake_dependents(old.as_deref(), &new, &store, &queue);
                }
            }
            Change::Deleted(object) => {
                let key = Key::of(&object);
                queue.forget(&key);
                reconciler.observer.forget(&key);
                if let Some(it) = typed(&object) {
                    reconciler.context.metrics.forget(&it.reference());
                }
            }
            Change::Synced => priority = Priority::Event,
            Change::Interrupted(error) => tracing::warn!(%error, "watch interrupted"),
        }
    }
}

/// Tells whether a change of an object asks for a pass.
fn is_asked(old: &Object, new: &Object) -> bool {
    let requested = |it: &Object| it.annotation(flux_api::names::REQUESTED_AT).map(str::to_owned);
    old.generation() != new.generation()
        || old.is_deleting() != new.is_deleting()
        || (requested(new).is_some() && requested(old) != requested(new))
}

/// Queues those that wait for a Kustomization which has just become what they wait for.
fn wake_dependents(old: Option<&Object>, new: &Object, store: &Store, queue: &Queue) {
    let Some(new) = typed(new) else { return };
    let old = old.and_then(typed);
    if old.as_ref().is_some_and(|old| old.status == new.status) {
        return;
    }
    let is_ready = |it: &Kustomization| {
        it.metadata.generation == it.status.observed_generation
            && conditions::is_true(&it.status.conditions, READY)
    };
    // A dependency that has only just appeared changes at least what its dependents say.
    let reached = old.as_ref().is_none_or(|old| {
        is_ready(&new)
            && (!is_ready(old)
                || old.status.last_applied_revision != new.status.last_applied_revision)
    });
    let own = key(&new);
    // Most depend on nothing; reading all of them each time would be the most work there is.
    let depends = |object: &&Arc<Object>| {
        let list = object.pointer("/spec/dependsOn").and_then(|it| it.as_array());
        list.is_some_and(|list| !list.is_empty())
    };
    for it in store.list().iter().filter(depends).filter_map(|object| typed(object)) {
        let mut references = it.spec.depends_on.iter().filter(|reference| {
            let own_namespace = &it.metadata.namespace;
            let namespace = reference.namespace.as_ref().filter(|n| !n.is_empty());
            reference.name == own.name && namespace.unwrap_or(own_namespace) == &own.namespace
        });
        let waits = || {
            let ready = conditions::get(&it.status.conditions, READY);
            ready.is_none_or(|c| c.reason == DEPENDENCY_NOT_READY)
        };
        // While it runs its status says nothing about what it has read so far.
        let concerned = |by_expression: bool| {
            (reached || by_expression) && (waits() || queue.is_running(&key(&it)))
        };
        if references.any(|reference| concerned(reference.ready_expr.is_some())) {
            queue.add(key(&it));
        }
    }
}

async fn follow_source(kind: SourceKind, mut watch: Subscription, store: Store, queue: Queue) {
    loop {
        let Change::Applied { old, new } = watch.next().await else { continue };
        let revision = |object: &Object| artifact(kind, object).map(|it| it.revision);
        let Some(now) = revision(&new) else { continue };
        if old.as_deref().and_then(revision).as_ref() == Some(&now) {
            continue;
        }
        store.synced().await;
        let source = Key::of(&new);
        let concerned = |it: &Kustomization| {
            let status = &it.status;
            let settled = conditions::is_true(&status.conditions, READY)
                || conditions::is_true(&status.conditions, RECONCILING);
            let attempted = status.last_attempted_revision.as_ref() == Some(&now);
            it.spec.source_ref.kind == kind && source_key(it) == source && !(settled && attempted)
        };
        let cause = format!("{}/{source}", source_gvk(kind).kind);
        add_sorted(&store, &queue, &cause, concerned);
    }
}

async fn follow_config(
    kind: SubstituteReferenceKind,
    mut watch: Subscription,
    store: Store,
    queue: Queue,
) {
    let mut is_synced = false;
    loop {
        let new = match watch.next().await {
            Change::Applied { new, .. } if is_synced => new,
            Change::Synced => {
                is_synced = true;
                continue;
            }
            _ => continue,
        };
        let cause = format!("{}/{}", kind.as_str(), Key::of(&new));
        add_sorted(&store, &queue, &cause, |it| {
            it.metadata.namespace == new.namespace() && refers(it, kind, new.name())
        });
    }
}

/// Tells whether a Kustomization reads a ConfigMap or Secret.
fn refers(it: &Kustomization, kind: SubstituteReferenceKind, name: &str) -> bool {
    let spec = &it.spec;
    let by_variables = spec.post_build.iter().flat_map(|it| &it.substitute_from);
    let by_variables = by_variables.filter(|it| it.kind == kind).map(|it| it.name.as_str());
    let kube_config = spec.kube_config.as_ref();
    let others = match kind {
        SubstituteReferenceKind::ConfigMap => {
            [kube_config.and_then(|it| it.config_map_ref.as_ref()).map(|it| &it.name), None]
        }
        SubstituteReferenceKind::Secret => [
            kube_config.and_then(|it| it.secret_ref.as_ref()).map(|it| &it.name),
            spec.decryption.as_ref().and_then(|it| it.secret_ref.as_ref()).map(|it| &it.name),
        ],
    };
    by_variables.chain(others.into_iter().flatten().map(String::as_str)).any(|it| it == name)
}

/// Queues some Kustomizations, dependencies before what depends on them.
///
/// # Upstream
/// A cycle among them drops them all.
fn add_sorted(store: &Store, queue: &Queue, cause: &str, wanted: impl Fn(&Kustomization) -> bool) {
    let chosen: Vec<Kustomization> =
        store.list().iter().filter_map(|object| typed(object)).filter(|it| wanted(it)).collect();
    let reference = |namespace: &str, name: &str| Reference {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let dependents: Vec<Dependent> = chosen
        .iter()
        .map(|it| {
            let own = reference(&it.metadata.namespace, &it.metadata.name);
            let depends_on = it.spec.depends_on.iter().map(|dependency| {
                reference(dependency.namespace.as_deref().unwrap_or_default(), &dependency.name)
            });
            Dependent { reference: own, depends_on: depends_on.collect() }
        })
        .collect();
    let keys: BTreeMap<Reference, Key> = chosen
        .iter()
        .map(|it| (reference(&it.metadata.namespace, &it.metadata.name), key(it)))
        .collect();
    match sort(&dependents) {
        Ok(sorted) => {
            let mut seen = BTreeSet::new();
            let members = sorted.iter().filter_map(|it| keys.get(it));
            for key in members.filter(|key| seen.insert((*key).clone())) {
                queue.add_from(key.clone(), cause);
            }
        }
        Err(error) => tracing::error!(%error, "failed to sort dependencies for {cause}"),
    }
}
