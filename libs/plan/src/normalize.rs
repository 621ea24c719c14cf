//! The form in which objects are applied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_manifest::Object;
use serde_json::{Map, Value};

/// Puts an object into the form in which it is applied.
pub fn normalize(object: &mut Object) {
    let gvk = object.gvk();
    if gvk.group == "rbac.authorization.k8s.io"
        && gvk.version == "v1"
        && matches!(gvk.kind.as_str(), "Role" | "ClusterRole")
    {
        return;
    }
    let is_definition =
        gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition";
    object.edit(|map| {
        if gvk.group.is_empty() && gvk.kind == "Secret" {
            fold_string_data(map);
        }
        if !is_definition {
            map.remove("status");
        }
    });
    object.edit_metadata(|metadata| metadata.insert("creationTimestamp".to_owned(), Value::Null));
}

fn fold_string_data(secret: &mut Map<String, Value>) {
    let Some(Value::Object(plain)) = secret.remove("stringData") else { return };
    if plain.is_empty() {
        return;
    }
    let data = secret.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if let Some(data) = data.as_object_mut() {
        for (key, value) in plain {
            data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
}
