//! One Kubernetes object as a JSON value.

use serde_json::{Map, Value};

use crate::{GroupVersionKind, ObjectId};

/// One Kubernetes object.
///
/// Invariant: a JSON map with a non-empty `apiVersion` and `kind`. Everything else is as
/// the user wrote it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Object {
    value: Value,
}

/// Why a value is no Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObject {
    /// The value is a scalar or a list.
    #[error("expected a map, got {found}")]
    NotAMap {
        /// The JSON type that was found.
        found: &'static str,
    },
    /// `apiVersion` or `kind` is missing, empty or no text.
    #[error("Object '{field}' is missing in '{text}'")]
    Missing {
        /// `apiVersion` or `Kind`.
        field: &'static str,
        /// The object as JSON.
        text: String,
    },
}

impl TryFrom<Value> for Object {
    type Error = InvalidObject;

    fn try_from(value: Value) -> Result<Self, InvalidObject> {
        if !value.is_object() {
            return Err(InvalidObject::NotAMap { found: json_type(&value) });
        }
        for (key, field) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
            if value.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(InvalidObject::Missing { field, text: value.to_string() });
            }
        }
        Ok(Self { value })
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

impl Object {
    /// Returns the whole object as JSON.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Gives the JSON back.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Returns the value at a JSON pointer such as `/spec/replicas`.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// Returns `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// Returns `kind`.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// Returns `metadata.name`, empty where there is none.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Returns `metadata.namespace`, empty where there is none.
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// Returns `metadata.uid`, empty where there is none.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Returns `metadata.resourceVersion`, empty where there is none.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// Returns `metadata.generation`, 0 where there is none.
    pub fn generation(&self) -> i64 {
        self.value.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0)
    }

    /// Tells whether deletion of the object has begun.
    pub fn is_deleting(&self) -> bool {
        self.value.pointer("/metadata/deletionTimestamp").is_some_and(|v| !v.is_null())
    }

    /// Returns the value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.value.pointer("/metadata/labels")?.get(key)?.as_str()
    }

    /// Returns the value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.value.pointer("/metadata/annotations")?.get(key)?.as_str()
    }

    /// Returns group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::from_api_version(self.api_version(), self.kind())
    }

    /// Returns what identifies the object in an inventory.
    pub fn id(&self) -> ObjectId {
        let GroupVersionKind { group, version: _, kind } = self.gvk();
        ObjectId {
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
            group,
            kind,
        }
    }

    /// Changes the top-level map; a change that takes `apiVersion` or `kind` away is undone.
    pub fn edit<T>(&mut self, change: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
        let mut map = match std::mem::take(&mut self.value) {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let kept = ["apiVersion", "kind"].map(|key| (key, map.get(key).cloned()));
        let result = change(&mut map);
        for (key, value) in kept {
            let intact = map.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            if let Some(value) = value.filter(|_| !intact) {
                map.insert(key.to_owned(), value);
            }
        }
        self.value = Value::Object(map);
        result
    }

    /// Changes the map at `metadata`, which is made if it is missing or no map.
    pub fn edit_metadata<T>(&mut self, change: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
        self.edit(|map| {
            let mut metadata = match map.remove("metadata") {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            };
            let result = change(&mut metadata);
            map.insert("metadata".to_owned(), Value::Object(metadata));
            result
        })
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}
