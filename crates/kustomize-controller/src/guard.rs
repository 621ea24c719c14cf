//! Correction of drift as it happens, for Kustomizations that ask for it.
//!
//! What such a Kustomization has applied is watched (metadata only, one watch a kind). A change that
//! we have not made ourselves queues it; what is wrong is then found and repaired by a usual pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flux_cluster::{Change, Cluster, Contents, Key, List, Subscription, Topic};
use flux_manifest::{GroupVersionKind, Object, ObjectId};
use flux_runtime::Queue;
use futures::future::select_all;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The label that all managed objects carry.
const OWNER: &str = "kustomize.toolkit.fluxcd.io/name";
const OWNER_NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";
/// The pause before a repair; it doubles with each one within [`MEMORY`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const MEMORY: Duration = Duration::from_secs(60);

/// What tells whether an object was changed by more than its status.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trace {
    generation: Option<i64>,
    /// The version, where there is no generation.
    version: String,
    labels: Option<Value>,
    annotations: Option<Value>,
}

impl Trace {
    fn of(object: &Object) -> Self {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        let version = match generation {
            Some(_) => String::new(),
            None => object.resource_version().to_owned(),
        };
        let metadata = |key: &str| object.pointer(&format!("/metadata/{key}")).cloned();
        let mut annotations = metadata("annotations");
        if let Some(Value::Object(map)) = &mut annotations {
            // Not everybody is shown it.
            map.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        Self { generation, version, labels: metadata("labels"), annotations }
    }
}

/// A Kustomization whose objects are watched.
#[derive(Debug, Default)]
struct Guarded {
    /// What the last pass has left.
    objects: BTreeMap<ObjectId, Trace>,
    kinds: BTreeSet<GroupVersionKind>,
    /// Changes that came during a pass, which may be its own.
    unjudged: BTreeMap<ObjectId, Option<Trace>>,
    repairs: Vec<Instant>,
    /// What was built last, as long as nothing has changed since.
    clean: Option<String>,
}

/// All Kustomizations whose objects are watched.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    guarded: Mutex<BTreeMap<Key, Guarded>>,
    changed: Notify,
}

impl Guard {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Guarded>> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops to watch the objects of a Kustomization.
    pub(crate) fn release(&self, key: &Key) {
        if self.lock().remove(key).is_some() {
            self.changed.notify_one();
        }
    }

    /// Says that a pass will write: what is known is true no longer.
    pub(crate) fn begin(&self, key: &Key) {
        if let Some(guarded) = self.lock().get_mut(key) {
            guarded.clean = None;
        }
    }

    /// Takes what a successful pass has left; returns whether somebody changed it meanwhile.
    pub(crate) fn watch(&self, key: &Key, live: &[Object], digest: &str) -> bool {
        let mut all = self.lock();
        let guarded = all.entry(key.clone()).or_default();
        guarded.objects = live.iter().map(|it| (it.id(), Trace::of(it))).collect();
        guarded.kinds = live.iter().map(Object::gvk).collect();
        let unjudged = std::mem::take(&mut guarded.unjudged);
        let is_foreign =
            |(id, trace): (&ObjectId, &Option<Trace>)| match (guarded.objects.get(id), trace) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(known), Some(seen)) => is_newer(seen, known),
            };
        let is_dirty = unjudged.iter().any(is_foreign);
        guarded.clean = (!is_dirty).then(|| digest.to_owned());
        drop(all);
        self.changed.notify_one();
        is_dirty
    }

    /// Returns the digest of the last build, if the watch tells that all of it is as it was left.
    pub(crate) fn clean(&self, key: &Key) -> Option<String> {
        self.lock().get(key)?.clean.clone()
    }

    fn topics(&self) -> BTreeSet<Topic> {
        let all = self.lock();
        let kinds = all.values().flat_map(|it| it.kinds.iter().cloned());
        let topic =
            |kind| Topic { kind, list: List::all().labelled(OWNER), contents: Contents::Metadata };
        kinds.map(topic).collect()
    }

    /// Queues those whose objects somebody else changes; never ends.
    pub(crate) async fn follow(&self, cluster: Cluster, queue: Queue) {
        let mut watches: BTreeMap<Topic, Subscription> = BTreeMap::new();
        loop {
            let topics = self.topics();
            watches.retain(|topic, _| topics.contains(topic));
            for topic in topics {
                watches.entry(topic.clone()).or_insert_with(|| cluster.watch(topic));
            }
            tokio::select! {
                () = self.changed.notified() => {}
                change = next(&mut watches) => self.note(change, &queue),
            }
        }
    }

    fn note(&self, change: Change, queue: &Queue) {
        let (object, trace): (Arc<Object>, Option<Trace>) = match change {
            Change::Applied { new, .. } => (Arc::clone(&new), Some(Trace::of(&new))),
            Change::Deleted(object) => (object, None),
            Change::Synced => return,
            Change::Interrupted(error) => {
                tracing::warn!(%error, "watch of managed objects interrupted");
                // What happens meanwhile is not seen.
                self.lock().values_mut().for_each(|it| it.clean = None);
                return;
            }
        };
        let label = |name| object.label(name).unwrap_or_default();
        let (key, id) = (Key::new(label(OWNER_NAMESPACE), label(OWNER)), object.id());
        let mut all = self.lock();
        let Some(guarded) = all.get_mut(&key) else { return };
        if queue.is_running(&key) {
            guarded.unjudged.insert(id, trace);
            return;
        }
        let Some(known) = guarded.objects.get(&id) else { return };
        if trace.as_ref().is_some_and(|seen| !is_newer(seen, known)) {
            return;
        }
        guarded.clean = None;
        let pause = guarded.pause();
        drop(all);
        tracing::info!(object = id.subject(), kustomization = %key, "drift detected by watch");
        queue.add_after(key, pause);
    }
}

impl Guarded {
    /// Returns how long to wait before the next repair: others may fight for the same field.
    fn pause(&mut self) -> Duration {
        self.repairs.retain(|at| at.elapsed() < MEMORY);
        let count = u32::try_from(self.repairs.len()).unwrap_or(u32::MAX);
        self.repairs.push(Instant::now());
        let factor = 2_u32.checked_pow(count.saturating_sub(2)).unwrap_or(u32::MAX);
        PAUSE.checked_mul(factor).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
    }
}

/// Tells whether an object has changed since it was left.
///
/// Events may be older than what the pass has read: versions are numbers wherever there are any.
fn is_newer(seen: &Trace, known: &Trace) -> bool {
    match (seen.generation, known.generation) {
        (Some(seen), Some(known)) if seen < known => return false,
        _ => {}
    }
    match (seen.version.parse::<u64>(), known.version.parse::<u64>()) {
        (Ok(seen), Ok(known)) => seen > known,
        _ => seen != known,
    }
}

async fn next(watches: &mut BTreeMap<Topic, Subscription>) -> Change {
    if watches.is_empty() {
        return std::future::pending().await;
    }
    let (change, _, _) = select_all(watches.values_mut().map(|it| Box::pin(it.next()))).await;
    change
}
