//! `metadata` of any object: reads, writes, and the checks that all kinds share.

#[cfg(test)]
mod tests;
mod validate;

use serde_json::{Map, Value};

pub(crate) use validate::{check_create, check_embedded, check_update};

/// Returns the text at a JSON pointer, empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns `metadata.name`.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Returns `metadata.namespace`.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// Returns `metadata.uid`.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Returns `metadata.finalizers`.
pub(crate) fn finalizers(object: &Value) -> Vec<String> {
    let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Tells whether deletion has begun.
pub(crate) fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// Returns `metadata.generation`.
pub(crate) fn generation(object: &Value) -> Option<i64> {
    object.pointer("/metadata/generation").and_then(Value::as_i64)
}

/// Returns the map at `metadata`, made if it is missing or no map; an object that is no map
/// becomes one.
pub(crate) fn of(object: &mut Value) -> &mut Map<String, Value> {
    map(map_entry(object, "metadata"))
}

fn map_entry<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    map(object).entry(key).or_insert_with(|| Value::Object(Map::new()))
}

/// Returns the map of a value, which becomes an empty one if it is something else.
pub(crate) fn map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("made a map above")
}

/// Sets a key, or removes it if there is no value.
pub(crate) fn set(metadata: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) if !value.is_null() => metadata.insert(key.to_owned(), value),
        _ => metadata.remove(key),
    };
}

/// Sets the finalizers; an empty list removes the field.
pub(crate) fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    let list = (!finalizers.is_empty()).then(|| Value::from(finalizers));
    set(of(object), "finalizers", list);
}

/// Removes nulls and empty values of `metadata`, as a decoder of typed objects does.
pub(crate) fn normalize(object: &mut Value) {
    // An empty list of managed fields has a meaning of its own.
    const EMPTY_GOES: [&str; 7] = [
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
        "namespace",
        "name",
        "generateName",
    ];
    let metadata = of(object);
    metadata.retain(|key, value| {
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        !(value.is_null() || empty && EMPTY_GOES.contains(&key.as_str()))
    });
    for key in ["labels", "annotations"] {
        let values = metadata.get_mut(key).and_then(Value::as_object_mut);
        let nulls = values.into_iter().flat_map(Map::values_mut).filter(|value| value.is_null());
        nulls.for_each(|value| *value = "".into());
    }
    if metadata.get("generation").and_then(Value::as_i64) == Some(0) {
        metadata.remove("generation");
    }
    for key in ["selfLink", "uid", "resourceVersion"] {
        if metadata.get(key).and_then(Value::as_str) == Some("") || key == "selfLink" {
            metadata.remove(key);
        }
    }
}

/// Drops owner references that occur twice and returns the uids of those.
pub(crate) fn dedup_owner_references(object: &mut Value) -> Vec<String> {
    let Some(Value::Array(references)) = of(object).get_mut("ownerReferences") else {
        return Vec::new();
    };
    let mut seen: Vec<Value> = Vec::with_capacity(references.len());
    let mut doubled = Vec::new();
    for reference in std::mem::take(references) {
        if seen.contains(&reference) {
            doubled.push(text(&reference, "/uid").to_owned());
        } else {
            seen.push(reference);
        }
    }
    *references = seen;
    doubled.dedup();
    doubled
}
