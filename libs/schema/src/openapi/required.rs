//! What an object lacks by the definition of its kind.

use serde_json::Value;

use super::{definition, ref_target};
use crate::field::{FieldError, Path};

/// Finds the texts that an object of a built-in kind has to have and does not, outside of `metadata`
/// and `status`.
///
/// Objects are written with all of their required fields, so a text that nobody gave is empty.
pub fn missing_texts(name: &str, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (Some(schema), Value::Object(fields)) = (definition(name), object) {
        let own = |key: &str| !matches!(key, "metadata" | "status" | "apiVersion" | "kind");
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if own(key) {
                let value = fields.get(key).unwrap_or(&Value::Null);
                let is_required = is_required(&schema, key);
                field(&Path::new(key), property, (value, is_required), &mut errors);
            }
        }
    }
    errors
}

fn is_required(schema: &Value, key: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|name| name == key))
}

fn field(
    path: &Path<'_>,
    schema: &Value,
    (value, wanted): (&Value, bool),
    errors: &mut Vec<FieldError>,
) {
    if schema["type"] == "string" && wanted && (value.is_null() || value == "") {
        errors.push(FieldError::required(path, ""));
        return;
    }
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                field(&path.index(at), &schema["items"], (item, false), errors);
            }
        }
        Value::Object(fields) => {
            let target = schema["$ref"].as_str().and_then(ref_target);
            let inner = target.and_then(definition);
            let inner = inner.as_ref().unwrap_or(schema);
            for (key, property) in inner["properties"].as_object().into_iter().flatten() {
                let is_required = is_required(inner, key);
                let value = fields.get(key).unwrap_or(&Value::Null);
                field(&path.child(key), property, (value, is_required), errors);
            }
            let values = &inner["additionalProperties"];
            for (key, value) in fields.iter().filter(|_| values.is_object()) {
                field(&path.key(key), values, (value, false), errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
