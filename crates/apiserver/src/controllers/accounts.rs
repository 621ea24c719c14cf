//! What every namespace has: the service account `default` and the certificate of the authority.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{Cluster, Kind};
use super::follow::Follower;
use crate::meta;
use crate::server::Core;

const NAMESPACES: Kind = Kind::new("", "namespaces");
const ACCOUNTS: Kind = Kind::new("", "serviceaccounts");
const CONFIG_MAPS: Kind = Kind::new("", "configmaps");
const ROOT_CA: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when \
    using internal endpoints such as the internal service IP or kubernetes.default.svc. No other \
    usage is guaranteed across distributions of Kubernetes clusters.";

/// Fills namespaces until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let followers =
        [NAMESPACES, ACCOUNTS, CONFIG_MAPS].map(|kind| Follower::new(&core, &kind.collection()));
    let [Some(mut namespaces), Some(mut accounts), Some(mut maps)] = followers else { return };
    let cluster = Cluster::new(core, "kube-controller-manager");
    loop {
        let name = tokio::select! {
            change = namespaces.next() => match change {
                Some(change) if change.gone => continue,
                Some(change) => meta::name(&change.value()).to_owned(),
                None => return,
            },
            change = accounts.next() => match change {
                Some(change) if change.gone => change.object.namespace_and_name().0.to_owned(),
                Some(_) => continue,
                None => return,
            },
            change = maps.next() => match change {
                // A map that is not ours is no reason to look.
                Some(change) if change.object.namespace_and_name().1 == ROOT_CA => {
                    change.object.namespace_and_name().0.to_owned()
                }
                Some(_) => continue,
                None => return,
            },
        };
        fill(&cluster, &name).await;
    }
}

async fn fill(cluster: &Cluster, name: &str) {
    let Some(namespace) = cluster.get(NAMESPACES, "", name) else { return };
    if meta::is_deleting(&namespace) {
        return;
    }
    if cluster.get(ACCOUNTS, name, "default").is_none() {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": name}});
        // Refused only while the namespace goes.
        _ = cluster.create(ACCOUNTS, &account).await;
    }
    let data = json!({"ca.crt": cluster.core().pki.ca_pem()});
    match cluster.get(CONFIG_MAPS, name, ROOT_CA) {
        None => {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {
                "name": ROOT_CA, "namespace": name,
                "annotations": {"kubernetes.io/description": DESCRIPTION}}});
            _ = cluster.create(CONFIG_MAPS, &map).await;
        }
        Some(map) if map["data"] != data => {
            let reset: Value = json!({"data": data});
            _ = cluster.patch(CONFIG_MAPS, &map, &reset).await;
        }
        Some(_) => {}
    }
}
