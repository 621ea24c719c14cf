//! Objects as the original's types write them: durations in Go's form, without what is empty and
//! not required.

use flux_gostd::duration::Duration;
use serde_json::Value;

use crate::kind::Kind;

/// Fields that are written even if they are false, because they can also be absent.
const TRISTATE: [&str; 4] =
    ["persistentClient", "remediateLastFailure", "ignoreTestFailures", "disableTakeOwnership"];

/// Brings the spec of an object into the form in which its type writes it.
pub(super) fn normalize(kind: &Kind, spec: &mut Value) {
    let definition = flux_api::crds().iter().find(|definition| {
        definition.pointer("/spec/group").and_then(Value::as_str) == Some(kind.group)
            && definition.pointer("/spec/names/kind").and_then(Value::as_str) == Some(kind.kind)
    });
    let versions = definition.and_then(|it| it.pointer("/spec/versions")?.as_array());
    let version = versions.into_iter().flatten().find(|it| it["name"] == kind.version);
    if let Some(schema) =
        version.and_then(|it| it.pointer("/schema/openAPIV3Schema/properties/spec"))
    {
        walk(schema, spec);
    }
}

fn walk(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = |key: &str| required.is_some_and(|it| it.iter().any(|it| it == key));
            let properties = schema.get("properties");
            for (key, field) in fields.iter_mut() {
                if let Some(schema) = properties.and_then(|it| it.get(key)) {
                    walk(schema, field);
                }
            }
            fields.retain(|key, field| {
                let known = properties.is_some_and(|it| it.get(key).is_some());
                !known || is_required(key) || TRISTATE.contains(&key.as_str()) || !is_empty(field)
            });
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| walk(schema, item));
            }
        }
        Value::String(text) if is_duration(schema) => {
            if let Ok(duration) = text.parse::<Duration>() {
                *text = duration.to_string();
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Tells whether a schema is that of a duration, which its pattern gives away.
fn is_duration(schema: &Value) -> bool {
    schema
        .get("pattern")
        .and_then(Value::as_str)
        .is_some_and(|pattern| pattern.contains("(ms|s|m|h)") || pattern.contains("(ms|s|m)"))
}
