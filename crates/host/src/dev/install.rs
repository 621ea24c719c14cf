//! What a bootstrap puts into a cluster: definitions, a namespace, accounts, a source, a
//! Kustomization.

use std::collections::BTreeSet;
use std::time::Duration;

use flux_api::crds;
use flux_cluster::{Change, Cluster, Topic, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use super::FLUX_SYSTEM;
use super::accounts::accounts;
use crate::HostError;
use crate::local::Local;

/// The field manager of what is installed, as upstream's command uses it.
const MANAGER: &str = "flux";

/// Applies the definitions of Flux and waits until the server serves them.
///
/// # Errors
/// The server refuses one, or does not serve all of them in time.
pub async fn definitions(cluster: &Cluster) -> Result<(), HostError> {
    let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let mut changes = cluster.watch(Topic::all(kind));
    let mut missing = BTreeSet::new();
    for definition in crds() {
        missing.insert(definition.name().to_owned());
        apply(cluster, definition).await?;
    }
    let established = async {
        while !missing.is_empty() {
            if let Change::Applied { new, .. } = changes.next().await
                && is_established(&new)
            {
                missing.remove(new.name());
            }
        }
    };
    let in_time = tokio::time::timeout(ESTABLISHED_WITHIN, established).await;
    in_time.map_err(|_| HostError::NotEstablished { names: missing.into_iter().collect() })
}

/// How long the server may take to serve a definition.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

fn is_established(definition: &Object) -> bool {
    let conditions = definition.pointer("/status/conditions").and_then(Value::as_array);
    let established = |it: &Value| it["type"] == "Established" && it["status"] == "True";
    conditions.into_iter().flatten().any(established)
}

/// Applies namespace, accounts, source and Kustomization of a directory.
pub(super) async fn sync(cluster: &Cluster, local: &Local) -> Result<(), HostError> {
    let metadata = json!({"name": FLUX_SYSTEM, "namespace": FLUX_SYSTEM});
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FLUX_SYSTEM}});
    let synced = [
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": metadata,
            "spec": {"interval": "1m0s", "url": local.url(), "ref": {"branch": local.branch()}},
        }),
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": metadata,
            "spec": {
                "interval": "10m0s",
                "path": local.path(),
                "prune": true,
                "sourceRef": {"kind": "GitRepository", "name": FLUX_SYSTEM},
            },
        }),
    ];
    for object in [namespace].into_iter().chain(accounts()).chain(synced) {
        let object = Object::try_from(object).map_err(|error| HostError::Source {
            path: local.directory().to_owned(),
            message: error.to_string(),
        })?;
        apply(cluster, &object).await?;
    }
    Ok(())
}

async fn apply(cluster: &Cluster, object: &Object) -> Result<(), HostError> {
    let applied = cluster.apply(object, &Write::by(MANAGER).forced()).await;
    let fail = |source| HostError::Install { what: object.id().subject(), source };
    applied.map(drop).map_err(fail)
}
