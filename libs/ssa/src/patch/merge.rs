//! JSON merge patches (RFC 7386).

use serde_json::Value;

/// Merges `patch` into `target`: null removes a field, maps merge, the rest replaces.
///
/// # Upstream
/// Nulls inside of maps in lists are dropped, unless the list replaces a map.
pub fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, mut value) in patch {
                if value.is_null() {
                    fields.remove(&name);
                    continue;
                }
                match fields.get_mut(&name) {
                    Some(target) if !target.is_null() => merge(target, value),
                    _ => {
                        drop_nulls(&mut value);
                        fields.insert(name, value);
                    }
                }
            }
        }
        (target, mut patch) => {
            if !target.is_object() {
                drop_nulls(&mut patch);
            }
            *target = patch;
        }
    }
}

/// Removes all fields that are null, at any depth.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
