//! Lists whose items have to be unique, as a whole or by keys.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::field::{FieldError, Path};
use crate::number::json_text;
use crate::schema::{ListType, Schema};

/// Finds items that occur twice in lists of type `set` and keys that occur twice in those of type
/// `map`, everywhere in `object`.
pub fn validate_lists(base: &Path<'_>, schema: &Schema, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Value::Object(_) = object {
        visit(base, schema, object, &mut errors);
    }
    errors
}

fn visit(path: &Path<'_>, schema: &Schema, value: &Value, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if let Some(property) = schema.properties.get(key.as_str()) {
                    visit(&path.child(key), property, field, errors);
                }
                if let Some(additional) = schema.additional_schema() {
                    visit(&path.key(key), additional, field, errors);
                }
            }
        }
        Value::Array(items) => {
            match schema.list_type {
                Some(ListType::Set) => {
                    for at in repeated(items) {
                        let item = items.get(at).unwrap_or(&Value::Null);
                        errors.push(FieldError::duplicate(path.index(at), item));
                    }
                }
                Some(ListType::Map) => keyed_list(path, schema, items, errors),
                Some(ListType::Atomic | ListType::Other(_)) | None => {}
            }
            if let Some(item) = schema.item() {
                for (at, value) in items.iter().enumerate() {
                    visit(&path.index(at), item, value, errors);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn keyed_list(path: &Path<'_>, schema: &Schema, items: &[Value], errors: &mut Vec<FieldError>) {
    for (at, item) in items.iter().enumerate() {
        if !item.is_object() && !item.is_null() {
            let detail = "must be an object for an array of list-type map";
            errors.push(FieldError::invalid(path.index(at), item, detail));
            return;
        }
    }
    let keys: Vec<Value> = items.iter().map(|item| keys_of(item, schema)).collect();
    for at in repeated(&keys) {
        let shown = keys.get(at).unwrap_or(&Value::Null);
        errors.push(FieldError::duplicate(path.index(at), shown));
    }
}

fn keys_of(item: &Value, schema: &Schema) -> Value {
    let keys = schema.list_map_keys.iter();
    let entries = keys.filter_map(|key| Some((key.to_string(), item.get(&**key)?.clone())));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// Returns where values occur for the second time; a third time is not reported.
fn repeated(values: &[Value]) -> Vec<usize> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(values.len());
    let mut places = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let times = seen.entry(json_text(value)).or_insert(0);
        *times += 1;
        if *times == 2 {
            places.push(at);
        }
    }
    places
}
