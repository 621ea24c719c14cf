//! The objects that every cluster has.

use serde_json::{Value, json};

use crate::clock::to_seconds_text;
use crate::meta;
use crate::server::Core;
use crate::store::{self, Collection, Target};

/// The first address of the range of Services.
const OWN_ADDRESS: &str = "10.96.0.1";

/// Makes what is missing of the objects that every cluster has.
pub(crate) fn install(core: &Core) {
    namespaces(core);
    priority_classes(core);
    own_service(core);
}

/// Stores an object unless it is there.
fn install_one(core: &Core, (group, plural): (&str, &str), mut object: Value) {
    let collection = Collection::new(group, plural);
    let key = store::key(meta::namespace(&object), meta::name(&object));
    let mut writer = core.store.writer();
    if core.store.get(&collection, &key).is_some() {
        return;
    }
    let metadata = meta::of(&mut object);
    metadata.insert("uid".into(), core.random.uuid().into());
    metadata.insert("creationTimestamp".into(), to_seconds_text(core.now()).into());
    writer.put(Target { collection: &collection, key: &key, shape: 0 }, &mut object);
}

/// Makes the classes that the cluster's own Pods have.
fn priority_classes(core: &Core) {
    let classes = [
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to \
             another node if necessary.",
        ),
    ];
    for (name, value, description) in classes {
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name, "generation": 1},
            "value": value,
            "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        });
        install_one(core, ("scheduling.k8s.io", "priorityclasses"), class);
    }
}

/// Makes the Service by which a cluster reaches its API server.
fn own_service(core: &Core) {
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": OWN_ADDRESS,
            "clusterIPs": [OWN_ADDRESS],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    install_one(core, ("", "services"), service);
}

/// Makes the namespaces of the system.
fn namespaces(core: &Core) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        });
        install_one(core, ("", "namespaces"), namespace);
    }
}
