//! What must be as it was recorded.

use std::collections::{BTreeMap, BTreeSet};

use flux_cluster::{List, Target};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Map, Value, json};

use super::super::{array, text};
use super::replay::Replay;

/// The recorded state of each Kustomization, brought forward from step to step.
#[derive(Default)]
pub(super) struct State {
    objects: BTreeMap<String, Recorded>,
    /// What the original had told in the cluster so far.
    events: BTreeSet<String>,
}

#[derive(Default)]
struct Recorded {
    status: Map<String, Value>,
    conditions: Vec<Value>,
    is_gone: bool,
}

/// Compares the states, the notifications and the events of a step.
pub(super) async fn step(replay: &mut Replay<'_>, state: &mut State, step: &Value) -> Vec<String> {
    let mut differences = compare_states(replay, state, step);
    for (object, rows) in step["status"].as_object().into_iter().flatten() {
        let Some(name) = object.strip_prefix("Kustomization/") else { continue };
        let recorded = state.objects.entry(name.to_owned()).or_default();
        let rows = if rows.is_array() { rows } else { &rows["<unstable>"] };
        array(rows).for_each(|row| advance(recorded, row));
        differences.extend(compare_status(replay, name, recorded).await);
    }
    differences.extend(compare_notifications(replay, step));
    differences.extend(compare_events(replay, state, step).await);
    differences
}

/// Compares what a watch saw: states may be skipped, but there are no others.
fn compare_states(replay: &mut Replay<'_>, state: &State, step: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let mut allowed: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, recorded) in &state.objects {
        allowed.entry(name.clone()).or_default().push(plain_conditions(&recorded.conditions));
    }
    for (object, rows) in step["status"].as_object().into_iter().flatten() {
        let Some(name) = object.strip_prefix("Kustomization/") else { continue };
        let rows = match rows {
            Value::Object(unstable) => unstable.values().flat_map(array).collect(),
            rows => array(rows).collect::<Vec<_>>(),
        };
        let known = allowed.entry(name.to_owned()).or_default();
        let nested = rows.iter().flat_map(|row| [*row].into_iter().chain(array(row)));
        known.extend(
            nested.filter_map(|it| it["conditions"].as_array()).map(|it| plain_conditions(it)),
        );
    }
    for object in replay.seen() {
        let found = object.pointer("/status/conditions").cloned().unwrap_or(json!([]));
        let found = plain_conditions(found.as_array().map(Vec::as_slice).unwrap_or_default());
        let known = allowed.get(object.name()).map(Vec::as_slice).unwrap_or_default();
        if found != json!([]) && !known.contains(&found) {
            differences.push(format!("{} was seen with {found}", object.name()));
        }
    }
    differences
}

fn plain_conditions(conditions: &[Value]) -> Value {
    conditions.iter().map(plain_condition).collect()
}

/// Compares what was told in the cluster so far, however often.
async fn compare_events(replay: &Replay<'_>, state: &mut State, step: &Value) -> Vec<String> {
    let line = |object: &str, kind: &str, reason: &str, message: &str| {
        format!("{object} {kind} {reason} {:?}", plain_text(message))
    };
    for (object, list) in step["events"].as_object().into_iter().flatten() {
        if !object.starts_with("Kustomization/") {
            continue;
        }
        let list = if list.is_array() { list } else { &list["<unstable>"] };
        state.events.extend(
            array(list).map(|it| {
                line(object, &text(it, "type"), &text(it, "reason"), &text(it, "message"))
            }),
        );
    }
    let kind = GroupVersionKind::new("", "v1", "Event");
    let list = List::namespace(&replay.namespace);
    let mut found = BTreeSet::new();
    for event in replay.world.cluster.list(&kind, &list).await.unwrap() {
        let about = &event.as_value()["involvedObject"];
        if about["kind"] == "Kustomization" {
            let value = event.as_value();
            let object = format!("Kustomization/{}", text(about, "name"));
            let (kind, reason) = (text(value, "type"), text(value, "reason"));
            found.insert(line(&object, &kind, &reason, &text(value, "message")));
        }
    }
    let missing = state.events.difference(&found).map(|it| format!("no event: {it}"));
    let extra = found.difference(&state.events).map(|it| format!("event without need: {it}"));
    missing.chain(extra).collect()
}

fn advance(recorded: &mut Recorded, row: &Value) {
    if row["deleted"] == true {
        recorded.is_gone = true;
        return;
    }
    recorded.is_gone = false;
    if let Some(conditions) = row["conditions"].as_array() {
        recorded.conditions.clone_from(conditions);
    }
    for (key, value) in row["status"].as_object().into_iter().flatten() {
        if value.is_null() {
            recorded.status.remove(key);
        } else {
            recorded.status.insert(key.clone(), value.clone());
        }
    }
}

async fn compare_status(replay: &Replay<'_>, name: &str, recorded: &Recorded) -> Vec<String> {
    let kind = GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    let target = Target::new(kind, &replay.namespace, name);
    let found = replay.world.cluster.find(&target).await.unwrap();
    let Some(found) = found else {
        return if recorded.is_gone { Vec::new() } else { vec![format!("{name} is gone")] };
    };
    if recorded.is_gone {
        return vec![format!("{name} is still there")];
    }
    let mut status = found.pointer("/status").cloned().unwrap_or_default();
    let conditions = status.as_object_mut().and_then(|it| it.remove("conditions"));
    let conditions = conditions.unwrap_or(json!([]));
    let mut differences = Vec::new();
    let found: Vec<Value> = array(&conditions).map(plain_condition).collect();
    let wanted: Vec<Value> = recorded.conditions.iter().map(plain_condition).collect();
    differ(&format!("{name} conditions"), &json!(found), &json!(wanted), &mut differences);
    let wanted = Value::Object(recorded.status.clone());
    for key in status
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .chain(recorded.status.keys())
        .collect::<BTreeSet<_>>()
    {
        let (found, wanted) = (plain(&status[key.as_str()]), plain(&wanted[key.as_str()]));
        differ(&format!("{name} status.{key}"), &found, &wanted, &mut differences);
    }
    differences
}

fn plain_condition(condition: &Value) -> Value {
    json!({
        "type": condition["type"], "status": condition["status"], "reason": condition["reason"],
        "message": plain_text(&text(condition, "message")),
        "observedGeneration": condition["observedGeneration"],
    })
}

/// Takes out of a value what differs from run to run.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "firstReconciled" | "lastReconciled" => json!("<time>"),
                    "lastReconciledDuration" => json!("<duration>"),
                    _ => plain(value),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::String(text) if is_uid(text) => "<uid>".into(),
        Value::String(text) => plain_text(text).into(),
        other => other.clone(),
    }
}

fn is_uid(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn plain_text(text: &str) -> String {
    let mut text = text.to_owned();
    for lead in ["passed in ", "finished in ", "failed after "] {
        if let Some((before, after)) = text.split_once(lead) {
            let end = after.find([',', ':']).unwrap_or(after.len());
            text = format!("{before}{lead}<duration>{}", &after[end..]);
        }
    }
    while let Some(at) = text.find("/t/kustomization-") {
        let after = &text[at + "/t/kustomization-".len()..];
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        text = format!("{}<tmp>/kustomization-<random>{}", &text[..at], &after[end..]);
    }
    text
}

/// Notes where two values differ; parts that were unstable in the recording are not compared.
fn differ(what: &str, found: &Value, wanted: &Value, differences: &mut Vec<String>) {
    let unstable = |value: &Value| value == "<unstable>" || value.get("<unstable>").is_some();
    if found == wanted || unstable(wanted) {
        return;
    }
    match (found, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let (found, wanted) = (a.get(key), b.get(key));
                let none = Value::Null;
                let (found, wanted) = (found.unwrap_or(&none), wanted.unwrap_or(&none));
                differ(&format!("{what}.{key}"), found, wanted, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (found, wanted)) in a.iter().zip(b).enumerate() {
                differ(&format!("{what}[{n}]"), found, wanted, differences);
            }
        }
        _ => differences.push(format!("{what}\n        found  {found}\n        wanted {wanted}")),
    }
}

/// Compares the set of notifications: how often something is told depends on time.
fn compare_notifications(replay: &Replay<'_>, step: &Value) -> Vec<String> {
    let line = |severity: &str, reason: &str, message: &str, metadata: &Value| {
        format!("{severity} {reason} {:?} {metadata}", plain_text(message))
    };
    let mut wanted = BTreeSet::new();
    for (object, list) in step["notifications"].as_object().into_iter().flatten() {
        if object.starts_with("Kustomization/") {
            let list = if list.is_array() { list } else { &list["<unstable>"] };
            wanted.extend(array(list).map(|it| {
                let metadata = if it["metadata"].is_null() { &json!({}) } else { &it["metadata"] };
                let (severity, reason) = (text(it, "severity"), text(it, "reason"));
                line(&severity, &reason, &text(it, "message"), metadata)
            }));
        }
    }
    let found: BTreeSet<String> = replay
        .world
        .take_notifications()
        .iter()
        .map(|it| {
            let severity = serde_json::to_value(it.severity).unwrap();
            let severity = severity.as_str().unwrap();
            line(severity, &it.reason, &it.message, &json!(it.metadata))
        })
        .collect();
    let missing = wanted.difference(&found).map(|it| format!("not told: {it}"));
    let extra = found.difference(&wanted).map(|it| format!("told without need: {it}"));
    missing.chain(extra).collect()
}

/// Compares the objects that are there at the end.
pub(super) async fn objects(replay: &Replay<'_>, wanted: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, object) in wanted.as_object().into_iter().flatten() {
        let Ok(object) = Object::try_from(object.clone()) else { continue };
        if object.gvk().group.ends_with("fluxcd.io") {
            continue;
        }
        match replay.world.cluster.find(&Target::of(&object)).await {
            Ok(Some(found)) => {
                let (found, wanted) = (plain(&essence(&found)), plain(&essence(&object)));
                differ(name, &found, &wanted, &mut differences);
            }
            Ok(None) => differences.push(format!("{name} is missing")),
            Err(error) => differences.push(format!("{name}: {error}")),
        }
    }
    differences
}

/// Returns what the controller answers for: everything but the status and the server's bookkeeping.
fn essence(object: &Object) -> Value {
    let mut value = object.as_value().clone();
    if let Some(map) = value.as_object_mut() {
        map.remove("status");
    }
    let metadata = &object.as_value()["metadata"];
    let is_ours = |it: &&Value| text(it, "manager").starts_with("kustomize-controller");
    let managed = array(&metadata["managedFields"]).filter(is_ours).map(|it| {
        json!({"manager": it["manager"], "operation": it["operation"], "fields": it["fieldsV1"]})
    });
    let mut annotations = metadata["annotations"].clone();
    if let Some(map) = annotations.as_object_mut() {
        map.remove("deployment.kubernetes.io/revision");
        if map.is_empty() {
            annotations = Value::Null;
        }
    }
    value["metadata"] = json!({
        "labels": metadata["labels"], "annotations": annotations,
        "finalizers": metadata["finalizers"], "managed": managed.collect::<Vec<_>>(),
    });
    value
}
