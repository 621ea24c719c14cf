//! Fields of a Kustomization, as they stand in the object.

use serde_json::Value;

/// Returns a field of the spec that is set.
pub(crate) fn field<'a>(kustomization: &'a Value, name: &str) -> Option<&'a Value> {
    kustomization.get("spec")?.get(name).filter(|value| !value.is_null())
}

/// Returns a text of the spec.
pub(crate) fn text<'a>(kustomization: &'a Value, name: &str) -> Option<&'a str> {
    field(kustomization, name)?.as_str()
}

/// Returns the items of a list of the spec.
pub(crate) fn list<'a>(kustomization: &'a Value, name: &str) -> &'a [Value] {
    field(kustomization, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the texts of a list of the spec.
pub(crate) fn texts(kustomization: &Value, name: &str) -> Vec<String> {
    let items = list(kustomization, name).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
