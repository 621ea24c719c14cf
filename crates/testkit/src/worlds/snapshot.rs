//! Everything that a server holds, without what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};

use flux_cluster::{Cluster, List};
use flux_manifest::GroupVersionKind;
use serde_json::Value;

/// Kinds that tell what happened, not what is.
const PASSING: [&str; 2] = ["Event", "Lease"];

/// Fields that depend on the time, or on how often something was tried.
const VOLATILE: [&str; 13] = [
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "time",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "startTime",
    "completionTime",
    "firstReconciled",
    "lastReconciled",
    "lastReconciledDuration",
    "totalReconciliations",
];

/// Returns every object of a server by `Kind.group/namespace/name`.
pub async fn snapshot(cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for resource in cluster.api_resources().await.unwrap() {
        let is_listed = resource.verbs.iter().any(|verb| verb == "list");
        if !is_listed || PASSING.contains(&resource.kind.as_str()) {
            continue;
        }
        let kind = GroupVersionKind::new(&resource.group, &resource.version, &resource.kind);
        for object in cluster.list(&kind, &List::all()).await.unwrap() {
            // Names of what the cluster makes by itself, and its keys, are different each time.
            let is_made = object.pointer("/metadata/ownerReferences").is_some();
            if is_made || object.name() == "kube-root-ca.crt" {
                continue;
            }
            let name = format!(
                "{}.{}/{}/{}",
                resource.kind,
                resource.group,
                object.namespace(),
                object.name()
            );
            all.insert(name, stable(object.as_value()));
        }
    }
    all
}

fn stable(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(stable).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), stable(value))).collect()
        }
        Value::String(text) => without_durations(text).into(),
        other => other.clone(),
    }
}

/// Takes the durations out of messages such as `Health check passed in 12ms`.
fn without_durations(text: &str) -> String {
    let Some((before, after)) = text.split_once("passed in ") else { return text.to_owned() };
    let end = after.find([',', ':', ' ']).unwrap_or(after.len());
    format!("{before}passed in <duration>{}", &after[end..])
}

/// Says in which objects two snapshots differ.
pub fn differences(
    found: &BTreeMap<String, Value>,
    wanted: &BTreeMap<String, Value>,
) -> Vec<String> {
    let names: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        match (found.get(name), wanted.get(name)) {
            (None, _) => differences.push(format!("{name} is missing")),
            (_, None) => differences.push(format!("{name} should not be there")),
            (Some(found), Some(wanted)) if found != wanted => {
                differences.push(format!("{name} differs:\n found {found}\nwanted {wanted}"));
            }
            _ => {}
        }
    }
    differences
}
