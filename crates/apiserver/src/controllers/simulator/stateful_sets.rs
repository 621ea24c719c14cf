//! StatefulSets: Pods in their order, each with its claims.

use serde_json::{Value, json};

use super::{
    CLAIMS, Cluster, Later, NewPod, Outcome, PODS, STATEFUL_SETS, count, is_active, is_ready,
    replicas, set_count, template_hash,
};
use crate::controllers::client::Failure;
use crate::meta;

const REVISION: &str = "controller-revision-hash";

/// Does the next step and counts Pods.
pub(super) async fn roll(cluster: &Cluster, set: &Value) -> Outcome {
    if meta::is_deleting(set) {
        return Ok(Later::Never);
    }
    let name = meta::name(set);
    let update = format!("{name}-{}", template_hash(&set["spec"]["template"]));
    let step = Step { cluster, set, update: &update };
    step.take().await?;
    let pods: Vec<Value> = step.pods();
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let updated = pods.iter().filter(|pod| pod_revision(pod) == update).count();
    let complete = updated == pods.len() && pods.len() == replicas(set) && ready == pods.len();
    let before = meta::text(set, "/status/currentRevision");
    let current = if complete || before.is_empty() { update.as_str() } else { before };
    let at_current = pods.iter().filter(|pod| pod_revision(pod) == current).count();
    let mut status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "replicas": count(pods.len()),
        "availableReplicas": count(ready),
        "collisionCount": 0,
        "currentRevision": current,
        "updateRevision": update,
    });
    set_count(&mut status, "readyReplicas", ready);
    set_count(&mut status, "currentReplicas", at_current);
    set_count(&mut status, "updatedReplicas", updated);
    cluster.write_status(STATEFUL_SETS, set, status).await?;
    Ok(Later::Never)
}

fn pod_revision(pod: &Value) -> &str {
    pod["metadata"]["labels"][REVISION].as_str().unwrap_or_default()
}

struct Step<'a> {
    cluster: &'a Cluster,
    set: &'a Value,
    update: &'a str,
}

impl Step<'_> {
    fn pods(&self) -> Vec<Value> {
        self.cluster.controlled(PODS, self.set).into_iter().filter(is_active).collect()
    }

    fn ordinal(&self, pod: &Value) -> Option<usize> {
        let rest = meta::name(pod).strip_prefix(meta::name(self.set))?.strip_prefix('-')?;
        rest.parse().ok()
    }

    fn start(&self) -> usize {
        let start = self.set["spec"]["ordinals"]["start"].as_u64().unwrap_or(0);
        usize::try_from(start).unwrap_or(0)
    }

    async fn take(&self) -> Result<(), Failure> {
        let spec = &self.set["spec"];
        let ordered = spec["podManagementPolicy"] != "Parallel";
        let (start, wanted) = (self.start(), replicas(self.set));
        let mut pods = self.pods();
        pods.sort_by_key(|pod| self.ordinal(pod));
        for ordinal in start..start.saturating_add(wanted) {
            let found = pods.iter().find(|pod| self.ordinal(pod) == Some(ordinal));
            match found {
                None => {
                    self.make(ordinal).await?;
                    if ordered {
                        return Ok(());
                    }
                }
                // The next one waits until this one is ready.
                Some(pod) if ordered && !is_ready(pod) && pod_revision(pod) == self.update => {
                    return Ok(());
                }
                Some(_) => {}
            }
        }
        let beyond = |pod: &&Value| {
            self.ordinal(pod).is_none_or(|one| one < start || one >= start.saturating_add(wanted))
        };
        for pod in pods.iter().rev().filter(beyond) {
            self.cluster.delete(PODS, pod).await?;
            if ordered {
                return Ok(());
            }
        }
        self.replace(&pods).await
    }

    /// Deletes the last Pod of an older template, once those after it are ready.
    async fn replace(&self, pods: &[Value]) -> Result<(), Failure> {
        let strategy = &self.set["spec"]["updateStrategy"];
        if strategy["type"] == "OnDelete" {
            return Ok(());
        }
        let partition = strategy["rollingUpdate"]["partition"].as_u64().unwrap_or(0);
        let partition = usize::try_from(partition).unwrap_or(usize::MAX);
        for pod in pods.iter().rev() {
            if self.ordinal(pod).is_none_or(|ordinal| ordinal < partition) {
                continue;
            }
            if pod_revision(pod) != self.update {
                return self.cluster.delete(PODS, pod).await;
            }
            if !is_ready(pod) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn make(&self, ordinal: usize) -> Result<(), Failure> {
        let name = format!("{}-{ordinal}", meta::name(self.set));
        let mut template = self.set["spec"]["template"].clone();
        template["spec"]["hostname"] = name.as_str().into();
        let service = meta::text(self.set, "/spec/serviceName");
        if !service.is_empty() {
            template["spec"]["subdomain"] = service.into();
        }
        for claim in self.set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
            self.claim(claim, &name, &mut template).await?;
        }
        let pod = NewPod {
            owner: self.set,
            owner_version: "apps/v1",
            owner_kind: "StatefulSet",
            template: &template,
            name: name.clone(),
            labels: vec![
                (REVISION, self.update.to_owned()),
                ("statefulset.kubernetes.io/pod-name", name),
                ("apps.kubernetes.io/pod-index", ordinal.to_string()),
            ],
        };
        self.cluster.create(PODS, &pod.object()).await
    }

    async fn claim(&self, claim: &Value, pod: &str, template: &mut Value) -> Result<(), Failure> {
        let volume = meta::name(claim);
        let name = format!("{volume}-{pod}");
        let namespace = meta::namespace(self.set);
        if self.cluster.get(CLAIMS, namespace, &name).is_none() {
            let object = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": name, "namespace": namespace,
                    "labels": self.set["spec"]["selector"]["matchLabels"],
                    "annotations": claim["metadata"]["annotations"],
                },
                "spec": claim["spec"],
            });
            self.cluster.create(CLAIMS, &object).await?;
        }
        let volumes = &mut template["spec"]["volumes"];
        if !volumes.is_array() {
            *volumes = json!([]);
        }
        if let Some(list) = volumes.as_array_mut() {
            list.retain(|one| meta::text(one, "/name") != volume);
            list.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": name}}));
        }
        Ok(())
    }
}
