//! ReplicaSets: as many Pods as wanted.

use serde_json::{Value, json};

use super::{
    Cluster, Later, NewPod, Outcome, PODS, REPLICA_SETS, count, is_active, is_ready, replicas,
    set_condition, set_count,
};
use crate::meta;

/// Makes or deletes Pods, and counts them.
pub(super) async fn scale(cluster: &Cluster, set: &Value) -> Outcome {
    if meta::is_deleting(set) {
        return Ok(Later::Never);
    }
    let mut pods: Vec<Value> =
        cluster.controlled(PODS, set).into_iter().filter(is_active).collect();
    let wanted = replicas(set);
    let mut refused = None;
    for _ in pods.len()..wanted {
        let pod = NewPod {
            owner: set,
            owner_version: "apps/v1",
            owner_kind: "ReplicaSet",
            template: &set["spec"]["template"],
            name: String::new(),
            labels: Vec::new(),
        };
        if let Err(failure) = cluster.create(PODS, &pod.object()).await {
            refused = Some(failure.message);
            break;
        }
    }
    // Those that are not ready go first, then the youngest.
    pods.sort_by_key(|pod| {
        (
            is_ready(pod),
            std::cmp::Reverse(meta::text(pod, "/metadata/creationTimestamp").to_owned()),
        )
    });
    let surplus = pods.len().saturating_sub(wanted);
    for pod in pods.iter().take(surplus) {
        cluster.delete(PODS, pod).await?;
    }
    let pods: Vec<Value> = cluster.controlled(PODS, set).into_iter().filter(is_active).collect();
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let mut status = json!({
        "replicas": count(pods.len()), "observedGeneration": set["metadata"]["generation"],
    });
    set_count(&mut status, "fullyLabeledReplicas", pods.len());
    set_count(&mut status, "readyReplicas", ready);
    set_count(&mut status, "availableReplicas", ready);
    if let Some(message) = refused {
        status["conditions"] = set["status"]["conditions"].clone();
        set_condition(cluster, &mut status, ["ReplicaFailure", "True", "FailedCreate", &message]);
    }
    cluster.write_status(REPLICA_SETS, set, status).await?;
    Ok(Later::Never)
}
