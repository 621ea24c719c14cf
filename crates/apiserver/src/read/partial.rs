//! `PartialObjectMetadata`: objects without anything but their metadata.

use serde_json::{Value, json};

/// Returns the metadata of an object as an object of its own.
pub(super) fn object(object: &Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}
