//! Deployments: from one ReplicaSet to the next.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Cluster, DEPLOYMENTS, Later, Outcome, REPLICA_SETS, count, owned_by, replicas, set_condition,
    set_count, template_hash,
};
use crate::controllers::client::Failure;
use crate::meta;

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Does the next step of a rollout and writes how far it is.
pub(super) async fn roll(cluster: &Cluster, deployment: &Value) -> Outcome {
    if meta::is_deleting(deployment) {
        return Ok(Later::Never);
    }
    let hash = template_hash(&deployment["spec"]["template"]);
    let mut rollout = Rollout::read(cluster, deployment, &hash);
    if rollout.new.is_none() && deployment["spec"]["paused"] != true {
        rollout.make_new(&hash).await?;
        rollout = Rollout::read(cluster, deployment, &hash);
    }
    rollout.scale().await?;
    rollout.clean_up().await?;
    let rollout = Rollout::read(cluster, deployment, &hash);
    rollout.report().await
}

struct Rollout<'a> {
    cluster: &'a Cluster,
    deployment: &'a Value,
    wanted: usize,
    new: Option<Value>,
    /// The other ReplicaSets, oldest first.
    old: Vec<Value>,
}

impl<'a> Rollout<'a> {
    fn read(cluster: &'a Cluster, deployment: &'a Value, hash: &str) -> Self {
        let sets = cluster.controlled(REPLICA_SETS, deployment);
        let is_new = |set: &Value| set["metadata"]["labels"][HASH] == hash;
        let (mut new, mut old): (Vec<Value>, Vec<Value>) = sets.into_iter().partition(is_new);
        old.sort_by_key(revision);
        Self { cluster, deployment, wanted: replicas(deployment), new: new.pop(), old }
    }

    async fn make_new(&self, hash: &str) -> Result<(), Failure> {
        let next = self.old.iter().map(revision).max().unwrap_or(0) + 1;
        let mut template = self.deployment["spec"]["template"].clone();
        meta::map(&mut template["metadata"]["labels"]).insert(HASH.into(), hash.into());
        if let Some(behaviour) = super::behaviour::text(&self.deployment["metadata"]) {
            let annotations = meta::map(&mut template["metadata"]["annotations"]);
            annotations.entry(super::BEHAVIOUR).or_insert_with(|| behaviour.into());
        }
        let mut selector = self.deployment["spec"]["selector"].clone();
        meta::map(&mut selector["matchLabels"]).insert(HASH.into(), hash.into());
        let name = format!("{}-{hash}", meta::name(self.deployment));
        let labels = template["metadata"]["labels"].clone();
        let replicas = if self.old.is_empty() { self.wanted } else { 0 };
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": name, "namespace": meta::namespace(self.deployment), "labels": labels,
                "annotations": {
                    REVISION: next.to_string(),
                    "deployment.kubernetes.io/desired-replicas": self.wanted.to_string(),
                    "deployment.kubernetes.io/max-replicas": (self.wanted + self.surge()).to_string(),
                },
                "ownerReferences": owned_by(self.deployment, "apps/v1", "Deployment"),
            },
            "spec": {
                "replicas": replicas, "selector": selector, "template": template,
                "minReadySeconds": self.deployment["spec"]["minReadySeconds"],
            },
        });
        self.cluster.create(REPLICA_SETS, &set).await?;
        self.mark_revision(next).await
    }

    async fn mark_revision(&self, revision: i64) -> Result<(), Failure> {
        let text = revision.to_string();
        if meta::text(self.deployment, "/metadata/annotations/deployment.kubernetes.io~1revision")
            == text
        {
            return Ok(());
        }
        let patch = json!({"metadata": {"annotations": {REVISION: text}}});
        self.cluster.patch(DEPLOYMENTS, self.deployment, &patch).await
    }

    fn is_recreate(&self) -> bool {
        self.deployment["spec"]["strategy"]["type"] == "Recreate"
    }

    fn surge(&self) -> usize {
        let update = &self.deployment["spec"]["strategy"]["rollingUpdate"];
        amount(&update["maxSurge"], self.wanted, Rounding::Up)
    }

    fn unavailable(&self) -> usize {
        let update = &self.deployment["spec"]["strategy"]["rollingUpdate"];
        let least = amount(&update["maxUnavailable"], self.wanted, Rounding::Down);
        // Both rounded to nothing would never get anywhere.
        if least == 0 && self.surge() == 0 { 1 } else { least.min(self.wanted) }
    }

    async fn scale(&self) -> Result<(), Failure> {
        let Some(new) = &self.new else { return self.scale_paused().await };
        let old_total: usize = self.old.iter().map(replicas).sum();
        let now = replicas(new);
        if self.is_recreate() {
            for set in &self.old {
                self.resize(set, 0).await?;
            }
            let old_pods: usize = self.old.iter().map(|set| number(set, "replicas")).sum();
            return if old_pods == 0 { self.resize(new, self.wanted).await } else { Ok(()) };
        }
        if old_total == 0 || now > self.wanted {
            self.resize(new, self.wanted).await?;
        } else {
            let room = (self.wanted + self.surge()).saturating_sub(old_total + now);
            self.resize(new, (now + room).min(self.wanted)).await?;
        }
        let available: usize =
            self.old.iter().chain([new]).map(|set| number(set, "availableReplicas")).sum();
        let needed = self.wanted.saturating_sub(self.unavailable());
        // Pods that are not available can go at once, others as far as enough are left.
        let mut spare = available.saturating_sub(needed);
        for set in &self.old {
            let has = replicas(set);
            let broken = has.saturating_sub(number(set, "availableReplicas"));
            let take = has.min(broken + spare);
            spare -= take.saturating_sub(broken).min(spare);
            self.resize(set, has - take).await?;
        }
        Ok(())
    }

    /// A paused Deployment follows its number of replicas and nothing else.
    async fn scale_paused(&self) -> Result<(), Failure> {
        match self.old.last() {
            Some(last) => self.resize(last, self.wanted).await,
            None => Ok(()),
        }
    }

    async fn resize(&self, set: &Value, wanted: usize) -> Result<(), Failure> {
        if replicas(set) == wanted {
            return Ok(());
        }
        let patch = json!({"spec": {"replicas": count(wanted)}});
        self.cluster.patch(REPLICA_SETS, set, &patch).await
    }

    /// Brings the revision of a ReplicaSet that is used again up to date, and forgets old ones.
    async fn clean_up(&self) -> Result<(), Failure> {
        if let Some(new) = &self.new {
            let newest = self.old.iter().map(revision).max().unwrap_or(0);
            let own = revision(new);
            if own <= newest {
                let text = (newest + 1).to_string();
                let patch = json!({"metadata": {"annotations": {REVISION: text}}});
                self.cluster.patch(REPLICA_SETS, new, &patch).await?;
            }
            self.mark_revision(own.max(newest + i64::from(own <= newest))).await?;
        }
        let limit = self.deployment["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(10);
        let idle: Vec<&Value> = self
            .old
            .iter()
            .filter(|set| replicas(set) == 0 && number(set, "replicas") == 0)
            .collect();
        let surplus = idle.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        for set in idle.into_iter().take(surplus) {
            self.cluster.delete(REPLICA_SETS, set).await?;
        }
        Ok(())
    }

    async fn report(&self) -> Outcome {
        let sum = |key: &str| -> usize {
            self.old.iter().chain(&self.new).map(|set| number(set, key)).sum()
        };
        let updated = self.new.as_ref().map_or(0, |set| number(set, "replicas"));
        let (total, ready, available) =
            (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
        let mut status = json!({
            "observedGeneration": self.deployment["metadata"]["generation"],
            "conditions": self.deployment["status"]["conditions"],
        });
        for (key, value) in [
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("unavailableReplicas", self.wanted.saturating_sub(available)),
        ] {
            set_count(&mut status, key, value);
        }
        let parts = if available >= self.wanted.saturating_sub(self.unavailable()) {
            [
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            ]
        } else {
            [
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            ]
        };
        set_condition(self.cluster, &mut status, parts);
        let complete = updated == self.wanted && total == self.wanted && available == self.wanted;
        let later = self.report_progress(&mut status, complete);
        for condition in status["conditions"].as_array_mut().into_iter().flatten() {
            let since = condition["lastTransitionTime"].clone();
            meta::map(condition).entry("lastUpdateTime").or_insert(since);
        }
        self.cluster.write_status(DEPLOYMENTS, self.deployment, status).await?;
        Ok(later)
    }

    fn report_progress(&self, status: &mut Value, complete: bool) -> Later {
        let Some(new) = &self.new else { return Later::Never };
        let name = meta::name(new);
        if complete {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            let parts = ["Progressing", "True", "NewReplicaSetAvailable", &message];
            set_progress(self.cluster, status, parts);
            return Later::Never;
        }
        let deadline = self.deployment["spec"]["progressDeadlineSeconds"].as_u64().unwrap_or(600);
        let progress = ["updatedReplicas", "readyReplicas", "availableReplicas", "replicas"]
            .iter()
            .any(|key| status[*key] != self.deployment["status"][*key]);
        let before = crate::crd::condition(self.deployment, "Progressing");
        let same_set = before.is_some_and(|one| meta::text(one, "/message").contains(name));
        let since = before
            .filter(|_| same_set && !progress)
            .and_then(|one| meta::text(one, "/lastUpdateTime").parse::<jiff::Timestamp>().ok());
        let Some(since) = since else {
            let (reason, message) = match same_set {
                true => ("ReplicaSetUpdated", format!("ReplicaSet \"{name}\" is progressing.")),
                false => ("NewReplicaSetCreated", format!("Created new replica set \"{name}\"")),
            };
            set_progress(self.cluster, status, ["Progressing", "True", reason, &message]);
            return Later::In(Duration::from_secs(deadline));
        };
        let passed = self.cluster.core().now().duration_since(since);
        let left = i64::try_from(deadline).unwrap_or(i64::MAX) - passed.as_secs();
        if left > 0 {
            return Later::In(Duration::from_secs(left.unsigned_abs()));
        }
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        let parts = ["Progressing", "False", "ProgressDeadlineExceeded", &message];
        set_condition(self.cluster, status, parts);
        Later::Never
    }
}

/// Sets the condition about progress, with the time of the progress.
fn set_progress(cluster: &Cluster, status: &mut Value, parts: [&str; 4]) {
    let before = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["type"] == "Progressing")
        .cloned();
    set_condition(cluster, status, parts);
    let conditions = status["conditions"].as_array_mut().into_iter().flatten();
    for condition in conditions.filter(|one| one["type"] == "Progressing") {
        let same = before.as_ref().is_some_and(|old| {
            old["reason"] == parts[2]
                && old["message"] == parts[3]
                && parts[2] == "NewReplicaSetAvailable"
        });
        let time = match (&before, same) {
            (Some(old), true) => old["lastUpdateTime"].clone(),
            _ => cluster.now().into(),
        };
        meta::map(condition).insert("lastUpdateTime".into(), time);
    }
}

fn revision(set: &Value) -> i64 {
    let text = meta::text(set, "/metadata/annotations/deployment.kubernetes.io~1revision");
    text.parse().unwrap_or(0)
}

fn number(set: &Value, key: &str) -> usize {
    let number = set["status"][key].as_u64().unwrap_or(0);
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[derive(Clone, Copy)]
enum Rounding {
    Up,
    Down,
}

/// Resolves a number or a share of the replicas.
fn amount(value: &Value, of: usize, rounding: Rounding) -> usize {
    match value {
        Value::String(text) => {
            let percent: usize = text.trim_end_matches('%').parse().unwrap_or(25);
            let hundredths = of.saturating_mul(percent);
            match rounding {
                Rounding::Up => hundredths.div_ceil(100),
                Rounding::Down => hundredths / 100,
            }
        }
        other => other.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0),
    }
}
