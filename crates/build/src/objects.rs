//! The result of a build, as text and as objects.

use std::collections::BTreeMap;

use flux_manifest::Object;
use flux_plan::Owner;
use serde_json::Value;

use crate::{BuildError, Stage, spec};

/// The group whose labels say who applied an object.
const OWNER_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// Prints objects one after the other and reads them as the original does: lists are taken
/// apart, and what has no name or is no object for a cluster is dropped.
pub(crate) fn print(values: Vec<Value>) -> Result<(String, Vec<Object>), BuildError> {
    let mut text = String::new();
    let mut objects = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&flux_yaml::to_string(&value));
        read(value, &mut objects)?;
    }
    Ok((text, objects))
}

fn read(mut value: Value, objects: &mut Vec<Object>) -> Result<(), BuildError> {
    let failure = |text: String| BuildError::new(Stage::Objects, text);
    if text(&value, "/kind").is_empty() {
        let text = json_text(&value);
        return Err(failure(format!("Object 'Kind' is missing in '{text}'")));
    }
    if let Some(Value::Array(items)) = value.get_mut("items") {
        for item in std::mem::take(items) {
            if !item.is_object() {
                let text = json_text(&item);
                return Err(failure(format!("items member should be an object, got {text}")));
            }
            if let Ok(object) = Object::try_from(item) {
                objects.push(object);
            }
        }
        return Ok(());
    }
    let is_named = !text(&value, "/metadata/name").is_empty();
    let api_version = text(&value, "/apiVersion");
    let is_file = text(&value, "/kind").eq_ignore_ascii_case("kustomization")
        && api_version.starts_with("kustomize.config.k8s.io/");
    if !is_named || api_version.is_empty() || is_file {
        return Ok(());
    }
    let object = Object::try_from(value).map_err(|error| failure(error.to_string()))?;
    objects.push(object);
    Ok(())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Prints a value as Go's `json.Marshal` does.
pub(crate) fn json_text(value: &Value) -> String {
    flux_kustomize::json_text(value)
}

/// Gives objects the form in which a Kustomization applies them: its labels, the normal form of
/// their kinds, its common metadata, in that order.
pub fn prepare(objects: &mut [Object], kustomization: &Value) {
    let owner = Owner {
        group: OWNER_GROUP.to_owned(),
        name: text(kustomization, "/metadata/name").to_owned(),
        namespace: text(kustomization, "/metadata/namespace").to_owned(),
    };
    let (labels, annotations) = common_metadata(kustomization);
    objects.iter_mut().for_each(|object| owner.mark(object));
    flux_plan::normalize_all(objects);
    for object in objects {
        flux_plan::set_metadata(object, &labels, &annotations);
    }
}

/// Returns the labels and annotations of `spec.commonMetadata`.
pub fn common_metadata(
    kustomization: &Value,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let metadata = spec::field(kustomization, "commonMetadata");
    let map = |key: &str| {
        let map = metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_object);
        let entries = map.into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entries.map(|(key, value)| (key.clone(), text(value))).collect()
    };
    (map("labels"), map("annotations"))
}
