//! The objects that every cluster has.

use serde_json::json;

use crate::clock::to_seconds_text;
use crate::server::Core;
use crate::store::{Collection, Target};

/// Makes the namespaces of the system.
pub(crate) fn namespaces(core: &Core) {
    let collection = Collection::new("", "namespaces");
    let mut writer = core.store.writer();
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        if core.store.get(&collection, name).is_some() {
            continue;
        }
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "uid": core.random.uuid(),
                "creationTimestamp": to_seconds_text(core.now()),
                "labels": {"kubernetes.io/metadata.name": name},
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        });
        writer.put(Target { collection: &collection, key: name, shape: 0 }, &mut object);
    }
}
