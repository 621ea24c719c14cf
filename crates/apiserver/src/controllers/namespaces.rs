//! Namespaces that were deleted: their contents go first, then they do.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::cluster::{Cluster, Kind};
use super::follow::Follower;
use crate::meta;
use crate::registry::{ResourceInfo, Verb};
use crate::server::Core;
use crate::store;

const NAMESPACES: Kind = Kind::new("", "namespaces");

/// Empties namespaces until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let Some(mut follower) = Follower::new(&core, &NAMESPACES.collection()) else { return };
    let cluster = Cluster::new(core, "kube-controller-manager");
    let busy: Arc<Mutex<HashSet<String>>> = Arc::default();
    while let Some(change) = follower.next().await {
        let namespace = change.value();
        let waits = namespace["spec"]["finalizers"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == "kubernetes"));
        if change.gone || !meta::is_deleting(&namespace) || !waits {
            continue;
        }
        let uid = meta::uid(&namespace).to_owned();
        if !busy.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.clone()) {
            continue;
        }
        let (cluster, busy) = (cluster.clone(), busy.clone());
        tokio::spawn(async move {
            empty(&cluster, &namespace).await;
            busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&uid);
        });
    }
}

/// Deletes everything in a namespace, waits until it is gone, and lets the namespace go.
async fn empty(cluster: &Cluster, namespace: &Value) {
    let name = meta::name(namespace);
    let mut changed = cluster.core().store.subscribe_all();
    let mut stopping = cluster.core().stopping.subscribe();
    loop {
        changed.mark_unchanged();
        let rest = delete_contents(cluster, name).await;
        report(cluster, name, &rest).await;
        if rest.is_empty() {
            break;
        }
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
    finalize(cluster, name).await;
}

/// What is left in a namespace of one resource.
struct Remaining {
    resource: String,
    finalizers: Vec<String>,
    count: usize,
}

async fn delete_contents(cluster: &Cluster, namespace: &str) -> Vec<Remaining> {
    let mut rest = Vec::new();
    for info in contents(cluster) {
        let objects = cluster.core().store.list(&info.storage, &store::prefix(namespace));
        for stored in &objects {
            let object = stored.to_value();
            if !meta::is_deleting(&object) {
                // Whatever goes wrong, the object is still there and is tried again.
                _ = cluster.client().delete(&info, &object, &json!({})).await;
            }
        }
        let left = cluster.core().store.list(&info.storage, &store::prefix(namespace));
        if !left.is_empty() {
            rest.push(Remaining {
                resource: info.group_resource().to_string(),
                finalizers: left.iter().flat_map(|one| meta::finalizers(&one.to_value())).collect(),
                count: left.len(),
            });
        }
    }
    rest
}

/// Returns the resources that live in namespaces, one version of each.
fn contents(cluster: &Cluster) -> Vec<Arc<ResourceInfo>> {
    let mut seen = HashSet::new();
    let resources = cluster.core().registry.resources();
    let wanted = resources.iter().filter(|info| {
        info.is_namespaced()
            && info.verbs.contains(&Verb::Delete)
            && info.verbs.contains(&Verb::List)
    });
    wanted.filter(|info| seen.insert(info.storage.clone())).cloned().collect()
}

/// Writes into the namespace what it waits for.
async fn report(cluster: &Cluster, name: &str, rest: &[Remaining]) {
    let Some(namespace) = cluster.get(NAMESPACES, "", name) else { return };
    let mut resources: Vec<String> = rest
        .iter()
        .map(|one| format!("{}. has {} resource instances", one.resource, one.count))
        .collect();
    resources.sort();
    let mut finalizers: Vec<String> = Vec::new();
    for one in rest {
        for finalizer in &one.finalizers {
            let count = one.finalizers.iter().filter(|other| *other == finalizer).count();
            let text = format!("{finalizer} in {count} resource instances");
            if !finalizers.contains(&text) {
                finalizers.push(text);
            }
        }
    }
    finalizers.sort();
    let remaining = match resources.is_empty() {
        true => ("False", "ContentRemoved", "All content successfully removed".to_owned()),
        false => (
            "True",
            "SomeResourcesRemain",
            format!("Some resources are remaining: {}", resources.join(", ")),
        ),
    };
    let held = match finalizers.is_empty() {
        true => (
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished".to_owned(),
        ),
        false => (
            "True",
            "SomeFinalizersRemain",
            format!(
                "Some content in the namespace has finalizers remaining: {}",
                finalizers.join(", ")
            ),
        ),
    };
    let fixed = |text: &str| text.to_owned();
    let conditions = [
        (
            "NamespaceDeletionDiscoveryFailure",
            ("False", "ResourcesDiscovered", fixed("All resources successfully discovered")),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            ("False", "ParsedGroupVersions", fixed("All legacy kube types successfully parsed")),
        ),
        (
            "NamespaceDeletionContentFailure",
            (
                "False",
                "ContentDeleted",
                fixed("All content successfully deleted, may be waiting on finalization"),
            ),
        ),
        ("NamespaceContentRemaining", remaining),
        ("NamespaceFinalizersRemaining", held),
    ];
    let mut next = namespace.clone();
    for (kind, (status, reason, message)) in conditions {
        let parts = [kind, status, reason, message.as_str()];
        crate::crd::set_condition(&mut next, parts, &cluster.now());
    }
    // The report is for people; the namespace goes without it.
    _ = cluster.write_status(NAMESPACES, &namespace, next["status"].clone()).await;
}

async fn finalize(cluster: &Cluster, name: &str) {
    let Some(info) = cluster.info(NAMESPACES) else { return };
    while let Some(mut namespace) = cluster.get(NAMESPACES, "", name) {
        let finalizers = namespace["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
        let rest: Vec<Value> = finalizers.into_iter().filter(|one| one != "kubernetes").collect();
        namespace["spec"]["finalizers"] = rest.into();
        match cluster.client().update_part(&info, &namespace, "finalize").await {
            Err(failure) if failure.code == 409 => {}
            Err(failure) => {
                tracing::warn!(namespace = name, error = %failure, "namespace is stuck");
                return;
            }
            Ok(_) => return,
        }
    }
}
