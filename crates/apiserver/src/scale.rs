//! The `scale` subresource: an object seen as a `Scale`, and writes through it.
//!
//! Field managers of an object and of its `Scale` are the same: owning the number of replicas in
//! one is owning it in the other.

use flux_manifest::{GroupVersionKind, LabelSelector};
use flux_ssa::{Entry, ManagedFields, Manager, Operation, Path, Set, Type, Versions};
use serde_json::{Map, Value, json};

use crate::meta;
use crate::registry::{ResourceInfo, ScalePaths, SubresourceBehaviour, built_in_type};
use crate::status::{FieldError, Status};

const API_VERSION: &str = "autoscaling/v1";

/// Returns where `info` keeps what its `Scale` shows, if that is what `subresource` names.
pub(crate) fn paths<'a>(info: &'a ResourceInfo, subresource: &str) -> Option<&'a ScalePaths> {
    match &info.subresource(subresource)?.behaviour {
        SubresourceBehaviour::Scale(paths) => Some(paths),
        _ => None,
    }
}

/// Returns `autoscaling/v1`, `Scale`.
pub(crate) fn kind() -> GroupVersionKind {
    GroupVersionKind::new("autoscaling", "v1", "Scale")
}

/// Shows an object as a `Scale`, without managed fields.
pub(crate) fn of(object: &Value, paths: &ScalePaths) -> Value {
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.get("metadata").and_then(|metadata| metadata.get(field)) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let number = |path: &str| object.pointer(&pointer(path)).and_then(Value::as_i64).unwrap_or(0);
    let mut spec = Map::new();
    let wanted = number(&paths.spec_replicas);
    if wanted != 0 {
        spec.insert("replicas".to_owned(), wanted.into());
    }
    let mut status = Map::new();
    status.insert("replicas".to_owned(), number(&paths.status_replicas).into());
    let selector = paths.selector.as_ref().and_then(|path| object.pointer(&pointer(path)));
    let selector = match selector {
        Some(Value::String(text)) => text.clone(),
        Some(selector) => {
            LabelSelector::from_value(selector).map(|it| it.to_string()).unwrap_or_default()
        }
        None => String::new(),
    };
    if !selector.is_empty() {
        status.insert("selector".to_owned(), selector.into());
    }
    json!({
        "apiVersion": API_VERSION, "kind": "Scale", "metadata": metadata, "spec": spec,
        "status": status,
    })
}

/// Says that an object does not hold the number that its `Scale` shows.
///
/// # Errors
/// 500, as the original answers.
pub(crate) fn check_is_set(object: &Value, paths: &ScalePaths) -> Result<(), Status> {
    if object.pointer(&pointer(&paths.spec_replicas)).is_some_and(|number| !number.is_null()) {
        return Ok(());
    }
    let path = Value::from(paths.spec_replicas.as_str());
    Err(Status::internal(&format!("the spec replicas field {path} does not exist")))
}

/// Checks a `Scale`, which is refused as such, whatever it belongs to.
///
/// # Errors
/// 422 for a negative number.
pub(crate) fn check(scale: &Value) -> Result<(), Status> {
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas >= 0 {
        return Ok(());
    }
    let why = "must be greater than or equal to 0";
    let error = FieldError::invalid("spec.replicas", replicas, why);
    Err(Status::invalid("autoscaling", "Scale", meta::name(scale), &error.into()))
}

/// Sets the number of replicas of an object to that of a `Scale`.
pub(crate) fn set_replicas(object: &mut Value, paths: &ScalePaths, scale: &Value) {
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    let path = pointer(&paths.spec_replicas);
    let mut steps: Vec<&str> = path.split('/').skip(1).collect();
    let Some(last) = steps.pop() else { return };
    let mut at = object;
    for step in steps {
        at = meta::map(at).entry(step).or_insert_with(|| json!({}));
    }
    meta::map(at).insert(last.to_owned(), replicas.into());
}

fn pointer(path: &str) -> String {
    path.replace('.', "/")
}

fn steps(path: &str) -> Path {
    let names: Vec<&str> = path.split('.').filter(|name| !name.is_empty()).collect();
    Path::fields(&names)
}

/// Returns who owns the number of replicas, as managed fields of the `Scale`.
pub(crate) fn managed_of_scale(object: &Value, paths: &ScalePaths) -> ManagedFields {
    let replicas = steps(&paths.spec_replicas);
    let managed = ManagedFields::of(object).unwrap_or_default();
    let owners = managed.entries.into_iter().filter(|entry| entry.fields.contains(&replicas.0));
    let entries = owners.map(|entry| Entry {
        manager: in_version(&entry.manager, API_VERSION),
        api_version: API_VERSION.to_owned(),
        time: entry.time,
        fields: [steps(".spec.replicas")].iter().collect(),
    });
    ManagedFields { entries: entries.collect() }
}

/// Returns the managed fields of `object` after its `Scale` was written.
pub(crate) fn managed_of_parent(
    object: &Value,
    info: &ResourceInfo,
    paths: &ScalePaths,
    scale: &Value,
) -> ManagedFields {
    let replicas: Set = [steps(&paths.spec_replicas)].iter().collect();
    let parent = ManagedFields::of(object).unwrap_or_default();
    let mut scale = ManagedFields::of(scale).unwrap_or_default().entries;
    let time_of = |manager: &Manager| parent.entry(manager).and_then(|entry| entry.time);
    let mut entries = Vec::new();
    for entry in &parent.entries {
        let owns = !entry.fields.intersection(&replicas).is_empty();
        let kept = scale.iter().position(|other| other.manager == entry.manager);
        match kept.filter(|_| owns) {
            Some(at) => {
                scale.swap_remove(at);
                entries.push(entry.clone());
            }
            None => {
                let fields = entry.fields.difference(&replicas);
                if !fields.is_empty() {
                    entries.push(Entry { fields, ..entry.clone() });
                }
            }
        }
    }
    let api_version = info.api_version();
    entries.extend(scale.into_iter().filter(|entry| !entry.fields.is_empty()).map(|entry| Entry {
        time: time_of(&entry.manager),
        manager: in_version(&entry.manager, &api_version),
        api_version: api_version.clone(),
        fields: replicas.clone(),
    }));
    ManagedFields { entries }
}

fn in_version(manager: &Manager, api_version: &str) -> Manager {
    let api_version = match manager.operation {
        Operation::Apply => String::new(),
        Operation::Update => api_version.to_owned(),
    };
    Manager { api_version, ..manager.clone() }
}

/// The one version of `Scale`.
pub(crate) struct ScaleVersions {
    of: Type,
}

impl ScaleVersions {
    pub(crate) fn new() -> Self {
        Self { of: built_in_type("io.k8s.api.autoscaling.v1.Scale") }
    }
}

impl Versions for ScaleVersions {
    fn type_in(&self, api_version: &str) -> Option<&Type> {
        (api_version == API_VERSION).then_some(&self.of)
    }
}
