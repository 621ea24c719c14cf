//! Labels and annotations that are set on every object or cleaned up.

use std::collections::BTreeMap;

use flux_manifest::Object;
use serde_json::{Map, Value, json};

/// Labels that name who applied an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Prefix of the label keys, such as `kustomize.toolkit.fluxcd.io`.
    pub group: String,
    /// Name of the owner.
    pub name: String,
    /// Namespace of the owner.
    pub namespace: String,
}

impl Owner {
    /// Returns the two labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let Self { group, name, namespace } = self;
        BTreeMap::from([
            (format!("{group}/name"), name.clone()),
            (format!("{group}/namespace"), namespace.clone()),
        ])
    }

    /// Tells whether an object carries both labels.
    pub fn owns(&self, object: &Object) -> bool {
        self.labels().iter().all(|(key, value)| object.label(key) == Some(value))
    }

    /// Sets both labels.
    pub fn mark(&self, object: &mut Object) {
        set_metadata(object, &self.labels(), &BTreeMap::new());
    }
}

/// Sets labels and annotations, over those that are there.
pub fn set_metadata(
    object: &mut Object,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) {
    let sets = [("labels", labels), ("annotations", annotations)];
    if sets.iter().all(|(_, set)| set.is_empty()) {
        return;
    }
    object.edit_metadata(|metadata| {
        for (field, set) in sets.iter().filter(|(_, set)| !set.is_empty()) {
            let slot = metadata.entry(*field).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Some(map) = slot.as_object_mut() {
                map.extend(set.iter().map(|(key, value)| (key.clone(), value.clone().into())));
            }
        }
    });
}

/// Annotations that kubectl and older versions of the controllers have left.
const STALE_ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
];
/// Labels that older versions have left.
const STALE_LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// Returns the JSON patch operations that remove what kubectl and older versions have left.
pub fn cleanup(live: &Object) -> Vec<Value> {
    let annotations = STALE_ANNOTATIONS.iter().filter(|key| live.annotation(key).is_some());
    let labels = STALE_LABELS.iter().filter(|key| live.label(key).is_some());
    let remove = |field: &str, key: &str| json!({"op": "remove", "path": format!("/metadata/{field}/{}", key.replace('/', "~1"))});
    let annotations = annotations.map(|key| remove("annotations", key));
    annotations.chain(labels.map(|key| remove("labels", key))).collect()
}

/// Returns the JSON patch that rewrites managed fields to another API version, if any differs.
pub fn migrate_api_version(live: &Object, api_version: &str) -> Option<Value> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let is_there =
        |entry: &Value| entry.get("apiVersion").and_then(Value::as_str) == Some(api_version);
    if entries.iter().all(is_there) {
        return None;
    }
    let mut entries = entries.clone();
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        entry.insert("apiVersion".to_owned(), api_version.into());
    }
    Some(json!([{"op": "replace", "path": "/metadata/managedFields", "value": entries}]))
}

#[cfg(test)]
mod tests;
