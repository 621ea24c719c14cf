//! Garbage collection: dependents of what is gone, foreground and orphaning deletions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::meta;
use crate::registry::ResourceInfo;
use crate::server::Core;
use crate::store::{self, Collection, EventKind, Stored};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
/// How many events of a collection are read at once.
const BATCH: usize = 1024;

/// Collects until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut changed = core.store.subscribe_all();
    let mut stopping = core.stopping.subscribe();
    let mut collector = Collector {
        cluster: Cluster::new(core, "kube-controller-manager"),
        seen: HashMap::new(),
        graph: Graph::default(),
    };
    loop {
        changed.mark_unchanged();
        let dirty = collector.read();
        for uid in dirty {
            collector.look_at(&uid).await;
        }
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

struct Collector {
    cluster: Cluster,
    /// Up to where each collection was read.
    seen: HashMap<Collection, u64>,
    graph: Graph,
}

/// Who owns whom, by uid.
#[derive(Default)]
struct Graph {
    nodes: HashMap<String, Node>,
    dependents: HashMap<String, BTreeSet<String>>,
}

/// An object that is there.
struct Node {
    collection: Collection,
    key: Box<str>,
    owners: Vec<String>,
}

impl Graph {
    fn insert(&mut self, uid: &str, node: Node) {
        self.unlink(uid);
        for owner in &node.owners {
            self.dependents.entry(owner.clone()).or_default().insert(uid.to_owned());
        }
        self.nodes.insert(uid.to_owned(), node);
    }

    fn remove(&mut self, uid: &str) {
        self.unlink(uid);
        self.nodes.remove(uid);
    }

    fn unlink(&mut self, uid: &str) {
        let owners = self.nodes.get(uid).map(|node| node.owners.clone()).unwrap_or_default();
        for owner in owners {
            if let Some(set) = self.dependents.get_mut(&owner) {
                set.remove(uid);
                if set.is_empty() {
                    self.dependents.remove(&owner);
                }
            }
        }
    }

    fn dependents_of(&self, uid: &str) -> Vec<String> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }
}

impl Collector {
    /// Reads what happened since the last time and returns the objects to look at.
    fn read(&mut self) -> BTreeSet<String> {
        let mut dirty = BTreeSet::new();
        let store = &self.cluster.core().clone().store;
        for collection in store.collections() {
            let events = match self.seen.get(&collection) {
                Some(revision) => store.events_after(&collection, *revision, BATCH).ok(),
                None => None,
            };
            let Some(mut events) = events else {
                self.read_all(&collection, &mut dirty);
                continue;
            };
            while !events.is_empty() {
                let mut last = 0;
                for event in &events {
                    last = event.object.revision;
                    let gone = event.kind == EventKind::Deleted;
                    self.note(&collection, &event.object, gone, &mut dirty);
                }
                self.seen.insert(collection.clone(), last);
                events = store.events_after(&collection, last, BATCH).unwrap_or_default();
            }
        }
        dirty
    }

    fn read_all(&mut self, collection: &Collection, dirty: &mut BTreeSet<String>) {
        let page = self.cluster.core().store.page(collection, "");
        self.seen.insert(collection.clone(), page.revision);
        for stored in page.items {
            self.note(collection, &stored, false, dirty);
        }
    }

    fn note(
        &mut self,
        collection: &Collection,
        stored: &Arc<Stored>,
        gone: bool,
        dirty: &mut BTreeSet<String>,
    ) {
        let object = stored.to_value();
        let uid = meta::uid(&object).to_owned();
        let owners: Vec<String> =
            owners(&object).map(|owner| meta::text(owner, "/uid").to_owned()).collect();
        // An owner that waits for its dependents wants to know when one goes or changes.
        dirty.extend(owners.iter().cloned());
        if gone {
            self.graph.remove(&uid);
            dirty.extend(self.graph.dependents_of(&uid));
            return;
        }
        if !owners.is_empty() || meta::is_deleting(&object) {
            dirty.insert(uid.clone());
        }
        let node = Node { collection: collection.clone(), key: stored.key.clone(), owners };
        self.graph.insert(&uid, node);
    }

    fn object(&self, uid: &str) -> Option<(Arc<ResourceInfo>, Value)> {
        let node = self.graph.nodes.get(uid)?;
        let core = self.cluster.core();
        let object = core.store.get(&node.collection, &node.key)?.to_value();
        let resources = core.registry.resources();
        let version = meta::text(&object, "/apiVersion");
        let info = resources
            .iter()
            .find(|info| info.storage == node.collection && info.api_version() == version)
            .or_else(|| resources.iter().find(|info| info.storage == node.collection))?;
        (meta::uid(&object) == uid).then(|| (info.clone(), object.clone()))
    }

    async fn look_at(&mut self, uid: &str) {
        let Some((info, object)) = self.object(uid) else { return };
        if meta::is_deleting(&object) {
            let finalizers = meta::finalizers(&object);
            if finalizers.iter().any(|one| one == ORPHAN) {
                self.orphan(&info, &object).await;
            } else if finalizers.iter().any(|one| one == FOREGROUND) {
                self.delete_dependents(&info, &object).await;
            }
            return;
        }
        self.collect(&info, &object).await;
    }

    /// Deletes an object none of whose owners is there.
    async fn collect(&self, info: &Arc<ResourceInfo>, object: &Value) {
        let mut absent = Vec::new();
        let mut waiting = false;
        let mut solid = false;
        for owner in owners(object) {
            match self.owner(object, owner) {
                Owner::Absent => absent.push(meta::text(owner, "/uid").to_owned()),
                Owner::WaitsForDependents => waiting = true,
                Owner::Present => solid = true,
            }
        }
        if absent.is_empty() && !waiting {
            return;
        }
        if solid {
            if !absent.is_empty() {
                let kept: Vec<&Value> = owners(object)
                    .filter(|one| !absent.iter().any(|uid| meta::text(one, "/uid") == uid))
                    .collect();
                let patch =
                    json!({"metadata": {"uid": meta::uid(object), "ownerReferences": kept}});
                // Changed meanwhile: an event follows.
                _ = self.cluster.client().patch(info, object, &patch).await;
            }
            return;
        }
        let policy = if waiting { "Foreground" } else { "Background" };
        let options = json!({
            "propagationPolicy": policy, "preconditions": {"uid": meta::uid(object)},
        });
        _ = self.cluster.client().delete(info, object, &options).await;
    }

    fn owner(&self, object: &Value, owner: &Value) -> Owner {
        let uid = meta::text(owner, "/uid");
        let api_version = meta::text(owner, "/apiVersion");
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let resources = self.cluster.core().registry.resources();
        let Some(info) = resources.by_kind(group, version, meta::text(owner, "/kind")) else {
            // A kind that nobody serves may come back.
            return Owner::Present;
        };
        let namespace = if info.is_namespaced() { meta::namespace(object) } else { "" };
        if info.is_namespaced() && namespace.is_empty() {
            // Something without namespace cannot be owned by something in one.
            return Owner::Present;
        }
        let key = store::key(namespace, meta::text(owner, "/name"));
        let Some(found) = self.cluster.core().store.get(&info.storage, &key) else {
            return Owner::Absent;
        };
        let found = found.to_value();
        if meta::uid(&found) != uid {
            return Owner::Absent;
        }
        let foreground = meta::finalizers(&found).iter().any(|one| one == FOREGROUND);
        match meta::is_deleting(&found) && foreground {
            true => Owner::WaitsForDependents,
            false => Owner::Present,
        }
    }

    /// Takes an object that is going out of the owners of its dependents, then lets it go.
    async fn orphan(&self, info: &Arc<ResourceInfo>, object: &Value) {
        let uid = meta::uid(object);
        for dependent in self.graph.dependents_of(uid) {
            let Some((own_info, dependent)) = self.object(&dependent) else { continue };
            let kept: Vec<&Value> =
                owners(&dependent).filter(|owner| meta::text(owner, "/uid") != uid).collect();
            let kept = if kept.is_empty() { Value::Null } else { json!(kept) };
            let patch =
                json!({"metadata": {"uid": meta::uid(&dependent), "ownerReferences": kept}});
            _ = self.cluster.client().patch(&own_info, &dependent, &patch).await;
        }
        self.remove_finalizer(info, object, ORPHAN).await;
    }

    /// Deletes the dependents of an object that waits for them, and lets it go when those that
    /// block it are gone.
    async fn delete_dependents(&self, info: &Arc<ResourceInfo>, object: &Value) {
        let uid = meta::uid(object);
        let mut blocked = false;
        for dependent in self.graph.dependents_of(uid) {
            let Some((own_info, dependent)) = self.object(&dependent) else { continue };
            let blocks = owners(&dependent).any(|owner| {
                meta::text(owner, "/uid") == uid && owner["blockOwnerDeletion"] == true
            });
            blocked |= blocks;
            if !meta::is_deleting(&dependent) {
                self.collect(&own_info, &dependent).await;
            }
        }
        if !blocked {
            self.remove_finalizer(info, object, FOREGROUND).await;
        }
    }

    async fn remove_finalizer(&self, info: &Arc<ResourceInfo>, object: &Value, finalizer: &str) {
        let mut rest = meta::finalizers(object);
        rest.retain(|one| one != finalizer);
        let patch = json!({"metadata": {
            "resourceVersion": object["metadata"]["resourceVersion"], "finalizers": rest,
        }});
        // Changed meanwhile: an event follows.
        _ = self.cluster.client().patch(info, object, &patch).await;
    }
}

/// What became of an owner.
enum Owner {
    Present,
    Absent,
    WaitsForDependents,
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
}
