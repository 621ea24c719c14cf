//! The form in which objects are applied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_manifest::{GroupVersionKind, Object};
use flux_schema::{go, openapi};
use serde_json::{Map, Value};

/// Groups that are built into servers but not into Flux's client.
const UNKNOWN_GROUPS: [&str; 2] = ["apiextensions.k8s.io", "apiregistration.k8s.io"];

/// Puts objects into the form in which they are applied.
///
/// # Upstream
/// Roles and cluster roles are left alone: their rules would suffer.
pub fn normalize_all(objects: &mut [Object]) {
    let is_role = |object: &Object| {
        matches!(object.kind(), "Role" | "ClusterRole")
            && object.api_version() == "rbac.authorization.k8s.io/v1"
    };
    objects.iter_mut().filter(|object| !is_role(object)).for_each(normalize);
}

/// Puts one object into the form in which it is applied.
///
/// # Upstream
/// Built-in kinds go through their Go types: unknown fields vanish, empty structs appear, ports
/// get a protocol, plain Secret values are encoded. What does not fit its type stays as it is.
pub fn normalize(object: &mut Object) {
    let gvk = object.gvk();
    if let Some(typed) = typed(&gvk, object.as_value())
        && let Ok(typed) = Object::try_from(typed)
    {
        *object = typed;
    }
    object.edit_metadata(|metadata| metadata.insert("creationTimestamp".to_owned(), Value::Null));
    let is_definition =
        gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition";
    if !is_definition {
        object.edit(|map| map.remove("status"));
    }
}

/// Sends an object of a built-in kind through its Go type; `None` if it is no such kind, or
/// something in it does not fit.
fn typed(gvk: &GroupVersionKind, value: &Value) -> Option<Value> {
    if UNKNOWN_GROUPS.contains(&gvk.group.as_str()) {
        return None;
    }
    let mut value = go::round_trip(openapi::name_of(gvk)?, value).ok()?;
    match (gvk.group.as_str(), gvk.version.as_str(), gvk.kind.as_str()) {
        ("", "v1", "Pod") => pod(value.get_mut("spec")),
        ("apps", "v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "v1", "Job") => pod(value.pointer_mut("/spec/template/spec")),
        ("batch", "v1", "CronJob") => {
            pod(value.pointer_mut("/spec/jobTemplate/spec/template/spec"));
        }
        ("", "v1", "Service") => ports(value.get_mut("spec")),
        ("", "v1", "Secret") => {
            if let Value::Object(secret) = &mut value {
                encode_plain(secret);
            }
        }
        _ => {}
    }
    Some(value)
}

fn pod(spec: Option<&mut Value>) {
    let containers = spec.and_then(|spec| spec.get_mut("containers"));
    for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
        ports(Some(container));
    }
}

/// Gives ports the protocol that the server would.
fn ports(holder: Option<&mut Value>) {
    let ports = holder.and_then(|holder| holder.get_mut("ports")).and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        port.entry("protocol").or_insert_with(|| "TCP".into());
    }
}

/// Moves plain values of a Secret over the encoded ones.
fn encode_plain(secret: &mut Map<String, Value>) {
    let Some(Value::Object(plain)) = secret.remove("stringData") else { return };
    let data = secret.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if let Some(data) = data.as_object_mut() {
        let encoded = |(key, value): (String, Value)| {
            (key, STANDARD.encode(value.as_str().unwrap_or_default()).into())
        };
        data.extend(plain.into_iter().map(encoded));
    }
}
