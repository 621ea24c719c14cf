//! DaemonSets: one Pod, since there is one pretended node.

use serde_json::{Value, json};

use super::{
    Cluster, DAEMON_SETS, Later, NewPod, Outcome, PODS, count, is_active, is_ready, set_count,
    template_hash,
};
use crate::meta;

const REVISION: &str = "controller-revision-hash";

/// Makes the Pod or replaces one of an older template, and counts.
pub(super) async fn place(cluster: &Cluster, set: &Value) -> Outcome {
    if meta::is_deleting(set) {
        return Ok(Later::Never);
    }
    let hash = template_hash(&set["spec"]["template"]);
    let is_current = |pod: &Value| pod["metadata"]["labels"][REVISION] == hash.as_str();
    let pods: Vec<Value> = cluster.controlled(PODS, set).into_iter().filter(is_active).collect();
    let on_delete = set["spec"]["updateStrategy"]["type"] == "OnDelete";
    if pods.is_empty() {
        let pod = NewPod {
            owner: set,
            owner_version: "apps/v1",
            owner_kind: "DaemonSet",
            template: &set["spec"]["template"],
            name: String::new(),
            labels: vec![(REVISION, hash.clone())],
        };
        cluster.create(PODS, &pod.object()).await?;
    }
    let stale = pods.iter().filter(|pod| !is_current(pod) && !on_delete);
    for pod in stale.chain(pods.iter().skip(1).filter(|pod| is_current(pod))) {
        cluster.delete(PODS, pod).await?;
    }
    let pods: Vec<Value> = cluster.controlled(PODS, set).into_iter().filter(is_active).collect();
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let mut status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "currentNumberScheduled": count(pods.len().min(1)),
        "desiredNumberScheduled": 1,
        "numberMisscheduled": 0,
        "numberReady": count(ready.min(1)),
    });
    set_count(
        &mut status,
        "updatedNumberScheduled",
        pods.iter().filter(|pod| is_current(pod)).count(),
    );
    set_count(&mut status, "numberAvailable", ready.min(1));
    set_count(&mut status, "numberUnavailable", 1_usize.saturating_sub(ready));
    cluster.write_status(DAEMON_SETS, set, status).await?;
    Ok(Later::Never)
}
