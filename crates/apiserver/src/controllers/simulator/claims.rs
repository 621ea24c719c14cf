//! Claims are bound at once, to volumes that nobody made.

use serde_json::{Value, json};

use super::{CLAIMS, Cluster, Later, Outcome, PODS, VOLUMES, is_active};
use crate::meta;

const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// Binds a claim, or lets one go that no Pod uses.
pub(super) async fn bind(cluster: &Cluster, claim: &Value) -> Outcome {
    if meta::is_deleting(claim) {
        if !is_used(cluster, claim) {
            release(cluster, claim, CLAIM_PROTECTION).await?;
        }
        return Ok(Later::Never);
    }
    let mut bound = claim.clone();
    if meta::text(claim, "/spec/volumeName").is_empty() {
        bound["spec"]["volumeName"] = format!("pvc-{}", meta::uid(claim)).into();
        let patch = json!({"spec": {"volumeName": bound["spec"]["volumeName"]}});
        cluster.patch(CLAIMS, claim, &patch).await?;
    }
    let status = json!({
        "phase": "Bound",
        "accessModes": claim["spec"]["accessModes"],
        "capacity": claim["spec"]["resources"]["requests"],
    });
    let Some(current) = cluster.get(CLAIMS, meta::namespace(claim), meta::name(claim)) else {
        return Ok(Later::Never);
    };
    cluster.write_status(CLAIMS, &current, status).await?;
    Ok(Later::Never)
}

fn is_used(cluster: &Cluster, claim: &Value) -> bool {
    let name = meta::name(claim);
    cluster.list(PODS, meta::namespace(claim)).iter().filter(|pod| is_active(pod)).any(|pod| {
        pod["spec"]["volumes"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|volume| meta::text(volume, "/persistentVolumeClaim/claimName") == name)
    })
}

/// Offers a volume, or lets one go.
pub(super) async fn offer(cluster: &Cluster, volume: &Value) -> Outcome {
    if meta::is_deleting(volume) {
        release(cluster, volume, VOLUME_PROTECTION).await?;
        return Ok(Later::Never);
    }
    if meta::text(volume, "/status/phase") == "Pending" {
        cluster.write_status(VOLUMES, volume, json!({"phase": "Available"})).await?;
    }
    Ok(Later::Never)
}

async fn release(
    cluster: &Cluster,
    object: &Value,
    protection: &str,
) -> Result<(), crate::controllers::client::Failure> {
    let mut rest = meta::finalizers(object);
    let before = rest.len();
    rest.retain(|one| one != protection);
    if rest.len() == before {
        return Ok(());
    }
    let kind = if protection == CLAIM_PROTECTION { CLAIMS } else { VOLUMES };
    cluster.patch(kind, object, &json!({"metadata": {"finalizers": rest}})).await
}
