//! Doing what a recording did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flux_api::{ConditionStatus, Kustomization, KustomizationSpec, Resource, conditions};
use flux_cluster::{Change, Deletion, List, Patch, Subscription, Target, Topic, Write};
use flux_kustomize_controller::Options;
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use super::super::{array, text};
use super::compare;
use crate::faults::{Fate, Faults};
use crate::worlds::apply::World;

pub(super) struct Replay<'a> {
    pub(super) world: World,
    pub(super) namespace: String,
    scenario: &'a Value,
    /// The latest revision of each repository, with metadata of its artifact.
    revisions: BTreeMap<String, (String, Value)>,
    watch: Subscription,
}

/// Replays a scenario and returns what differed.
pub(super) async fn replay(scenario: &Value) -> Vec<String> {
    let namespace = text(scenario, "namespace");
    let world = World::idle(&namespace, options(scenario)).await;
    world.start_controller_behind(&Faults::planned(|call| match call.is_watch() {
        true => Fate::Pass,
        // As on a network: what the recorder does at once, the controller finds done.
        false => Fate::Delay(Duration::from_millis(2)),
    }));
    let watch = world.cluster.watch(Topic::all(Kustomization::gvk()));
    let mut replay = Replay { world, namespace, scenario, revisions: BTreeMap::new(), watch };
    let mut state = compare::State::default();
    let mut differences = Vec::new();
    for (n, step) in array(&scenario["steps"]).enumerate() {
        for action in array(&step["do"]) {
            if let Err(error) = replay.insist(action).await {
                differences.push(format!("step {n}: {} failed: {error}", text(action, "op")));
            }
        }
        for condition in array(&step["wait"]) {
            if !replay.wait(condition).await {
                differences.push(format!("step {n}: never came: {condition}"));
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let found = compare::step(&mut replay, &mut state, step).await;
        differences.extend(found.into_iter().map(|it| format!("step {n}: {it}")));
    }
    differences.extend(compare::objects(&replay, &scenario["objects"]).await);
    differences
}

fn options(scenario: &Value) -> Options {
    let flags = array(&scenario["flags"]["kustomize-controller"]).filter_map(Value::as_str);
    let command = Options::command().no_binary_name(true);
    let matches = command.try_get_matches_from(flags).unwrap();
    let mut options = Options::from_matches(&matches, "/t").unwrap();
    options.shared.interval_jitter_percentage = 0;
    options
}

impl Replay<'_> {
    /// Returns every state of a Kustomization that the watch has brought since the last call.
    pub(super) fn seen(&mut self) -> Vec<Arc<Object>> {
        let changes = std::iter::from_fn(|| self.watch.now());
        let states = changes.filter_map(|change| match change {
            Change::Applied { new, .. } => Some(new),
            _ => None,
        });
        states.collect()
    }

    /// Does something as soon as it can be done: what it is done to may come a moment later.
    async fn insist(&mut self, action: &Value) -> Result<(), String> {
        let mut result = self.act(action).await;
        for _ in 0..100 {
            if result.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            result = self.act(action).await;
        }
        result
    }

    async fn act(&mut self, action: &Value) -> Result<(), String> {
        match text(action, "op").as_str() {
            "git" => self.git(action),
            "oci" => self.oci(action),
            "apply" => self.apply(action).await?,
            "kubectl-apply" => self.kubectl_apply(action).await?,
            "request" => {
                let patch = json!({"metadata": {"annotations": action["annotations"]}});
                self.patch(action, patch, "flux").await?;
            }
            "patch" => {
                let manager = action["manager"].as_str().unwrap_or("trace-recorder").to_owned();
                self.patch(action, action["patch"].clone(), &manager).await?;
            }
            "delete" => {
                let target = self.target(&text(action, "object")).await?;
                let deletion = Deletion::default();
                self.world.cluster.delete(&target, &deletion).await.map_err(|e| e.to_string())?;
            }
            "wait" => {
                if !self.wait(&action["for"]).await {
                    return Err(format!("never came: {}", action["for"]));
                }
            }
            "sleep" => {
                let seconds = action["seconds"].as_f64().unwrap_or(1.0);
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
            "pods" => self.pods().await?,
            "job" => self.job(action).await?,
            other => return Err(format!("unknown action {other}")),
        }
        self.refresh_sources().await
    }

    /// Keeps the files of a new revision.
    fn keep(&mut self, action: &Value, revision: String, metadata: Value) {
        let files = &self.scenario["files"][text(action, "files")];
        let content = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => text(other, "text"),
        };
        let files: Vec<(String, String)> = files
            .as_object()
            .into_iter()
            .flatten()
            .map(|(path, value)| (path.clone(), content(value)))
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        self.world.store(&revision, &files);
        let branch = revision.split('@').next().unwrap_or_default();
        let place = format!("{}@{branch}", text(action, "repo"));
        self.revisions.insert(place, (revision, metadata));
    }

    fn git(&mut self, action: &Value) {
        self.keep(action, text(action, "revision"), json!({}));
    }

    fn oci(&mut self, action: &Value) {
        let tag = action["tags"][0].as_str().unwrap_or("latest");
        let revision = format!("{tag}@{}", text(action, "digest"));
        self.keep(action, revision, action["annotations"].clone());
    }

    async fn apply(&self, action: &Value) -> Result<(), String> {
        let manager = action["manager"].as_str().unwrap_or("trace-recorder");
        for value in array(&action["objects"]) {
            let object = Object::try_from(value.clone()).map_err(|e| e.to_string())?;
            let write = Write::by(manager).forced();
            self.world.cluster.apply(&object, &write).await.map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    async fn kubectl_apply(&self, action: &Value) -> Result<(), String> {
        for value in array(&action["objects"]) {
            let mut value = value.clone();
            let last = format!("{value}\n");
            value["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
                last.into();
            let object = Object::try_from(value).map_err(|e| e.to_string())?;
            let write = Write::by("kubectl-client-side-apply");
            self.world.cluster.create(&object, &write).await.map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    async fn patch(&self, action: &Value, patch: Value, manager: &str) -> Result<(), String> {
        let target = self.target(&text(action, "object")).await?;
        let part = text(action, "subresource");
        let write = Write::by(manager).to(&part);
        let patch = Patch::Merge(patch);
        self.world.cluster.patch(&target, &patch, &write).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Makes every Deployment ready, as its Pods would.
    async fn pods(&self) -> Result<(), String> {
        let kind = GroupVersionKind::new("apps", "v1", "Deployment");
        let list = List::namespace(&self.namespace);
        let all = self.world.cluster.list(&kind, &list).await.map_err(|e| e.to_string())?;
        if all.is_empty() {
            return Err("no Deployment".to_owned());
        }
        for deployment in all {
            let replicas = deployment.pointer("/spec/replicas").cloned().unwrap_or(json!(1));
            let status = json!({"status": {
            "observedGeneration": deployment.generation(), "replicas": replicas,
            "updatedReplicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas, "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ]}});
            let target = Target::of(&deployment);
            let write = Write::by("test").to("status");
            let patch = Patch::Merge(status);
            self.world.cluster.patch(&target, &patch, &write).await.map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    async fn job(&self, action: &Value) -> Result<(), String> {
        let kind = GroupVersionKind::new("batch", "v1", "Job");
        let target = Target::new(kind, &self.namespace, &text(action, "name"));
        for _ in 0..100 {
            if self.world.cluster.find(&target).await.map_err(|e| e.to_string())?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let outcome = if action["result"] == "failed" { "Failed" } else { "Complete" };
        let target_condition =
            if outcome == "Failed" { "FailureTarget" } else { "SuccessCriteriaMet" };
        let condition = |kind: &str| {
            json!({"type": kind, "status": "True",
            "reason": action["reason"], "message": action["message"]})
        };
        let status = json!({"status": {
            "startTime": "2026-01-01T00:00:00Z",
            "conditions": [condition(target_condition), condition(outcome)]}});
        let write = Write::by("test").to("status");
        let patch = Patch::Merge(status);
        self.world.cluster.patch(&target, &patch, &write).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    async fn target(&self, object: &str) -> Result<Target, String> {
        if let [group, version, kind, name] = object.split('/').collect::<Vec<_>>()[..] {
            let gvk = GroupVersionKind::new(group, version, kind);
            return Ok(Target::new(gvk, &self.namespace, name));
        }
        let (kind, name) = object.split_once('/').ok_or("no kind")?;
        let (name, namespace) = name.split_once('@').unwrap_or((name, &self.namespace));
        let api_version = match kind {
            "Kustomization" => "kustomize.toolkit.fluxcd.io/v1",
            "GitRepository" | "OCIRepository" => "source.toolkit.fluxcd.io/v1",
            "Deployment" => "apps/v1",
            "Job" => "batch/v1",
            "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
            _ => "v1",
        };
        let gvk = GroupVersionKind::from_api_version(api_version, kind);
        if let Ok(found) = self.world.cluster.resolve(&gvk).await {
            let namespace = if found.namespaced { namespace } else { "" };
            return Ok(Target::new(gvk, namespace, name));
        }
        let all = self.world.cluster.api_resources().await.map_err(|e| e.to_string())?;
        let found = all.iter().find(|it| it.kind == kind).ok_or("unknown kind")?;
        let gvk = GroupVersionKind::new(&found.group, &found.version, kind);
        Ok(Target::new(gvk, if found.namespaced { namespace } else { "" }, name))
    }

    /// Plays source-controller: whatever is new and asked for becomes the artifact.
    async fn refresh_sources(&self) -> Result<(), String> {
        for kind in ["GitRepository", "OCIRepository"] {
            let gvk = GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", kind);
            let all = self.world.cluster.list(&gvk, &List::all()).await;
            for source in all.map_err(|e| e.to_string())? {
                self.refresh(&source).await?;
            }
        }
        Ok(())
    }

    async fn refresh(&self, source: &Object) -> Result<(), String> {
        let asked = source.annotation("reconcile.fluxcd.io/requestedAt").unwrap_or_default();
        let handled = source.pointer("/status/lastHandledReconcileAt").and_then(Value::as_str);
        let observed = source.pointer("/status/observedGeneration").and_then(Value::as_i64);
        let is_new = observed != Some(source.generation()) || handled.unwrap_or_default() != asked;
        let url = source.pointer("/spec/url").and_then(Value::as_str).unwrap_or_default();
        let repo = url.rsplit('/').next().unwrap_or_default().trim_end_matches(".git");
        let wanted = ["/spec/ref/branch", "/spec/ref/tag"].iter().find_map(|it| source.pointer(it));
        let branch = wanted.and_then(Value::as_str).unwrap_or("main");
        let found = self.revisions.get(&format!("{repo}@{branch}"));
        let Some((revision, metadata)) = found.filter(|_| is_new) else {
            return Ok(());
        };
        let status = json!({"status": {
        "observedGeneration": source.generation(),
        "lastHandledReconcileAt": asked,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded",
            "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": source.generation()}],
        "artifact": {
            "digest": "sha256:00", "lastUpdateTime": "2026-01-01T00:00:00Z", "path": "x",
            "revision": revision, "url": "http://artifacts/x", "metadata": metadata,
        }}});
        let write = Write::by("test").to("status");
        let patch = Patch::Merge(status);
        let target = Target::of(source);
        self.world.cluster.patch(&target, &patch, &write).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Waits for a condition for up to two minutes of the world's time.
    async fn wait(&self, condition: &Value) -> bool {
        for _ in 0..1200 {
            if self.holds(condition).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    async fn holds(&self, condition: &Value) -> bool {
        let Ok(target) = self.target(&text(condition, "object")).await else { return false };
        let found = self.world.cluster.find(&target).await.ok().flatten();
        if condition["gone"] == true {
            return found.is_none();
        }
        let Some(found) = found else { return false };
        if let Some(fields) = condition["fields"].as_object() {
            let equal = |(path, want): (&String, &Value)| {
                let pointer = format!("/{}", path.replace('.', "/"));
                found.pointer(&pointer) == Some(want)
            };
            if !fields.iter().all(equal) {
                return false;
            }
        }
        if target.kind.kind != "Kustomization" {
            return true;
        }
        Resource::<KustomizationSpec>::from_object(&found).is_ok_and(|it| is_so(&it, condition))
    }
}

fn is_so(it: &Kustomization, condition: &Value) -> bool {
    let status = &it.status;
    let ready = conditions::get(&status.conditions, "Ready");
    let is = |key: &str, found: Option<&str>| {
        condition[key].as_str().is_none_or(|want| found == Some(want))
    };
    let reconciling = conditions::get(&status.conditions, "Reconciling");
    let settled = match condition["ready"].as_str() {
        Some("True") => {
            reconciling.is_none() && status.observed_generation == it.metadata.generation
        }
        Some("False") => reconciling.is_none_or(|it| it.reason != "Progressing"),
        _ => true,
    };
    let observed =
        ready.is_none_or(|it_ready| it_ready.observed_generation == it.metadata.generation);
    let contains = |want: &str| ready.is_some_and(|it| it.message.contains(want));
    let mut conditions = condition["conditions"].as_object().into_iter().flatten();
    let says = |(kind, want): (&String, &Value)| {
        conditions::get(&status.conditions, kind).is_some_and(|it| {
            let shown = format!("{} {} {}", it.status.as_str(), it.reason, it.message);
            shown.contains(want.as_str().unwrap_or_default())
        })
    };
    settled
        && conditions.all(says)
        && (condition["ready"].is_null() || observed)
        && is("ready", ready.map(|it| ConditionStatus::as_str(it.status)))
        && is("reason", ready.map(|it| it.reason.as_str()))
        && condition["message"].as_str().is_none_or(contains)
        && is("handled", status.last_handled_reconcile_at.as_deref())
        && (is("revision", status.last_applied_revision.as_deref())
            || is("revision", status.last_attempted_revision.as_deref()))
}
