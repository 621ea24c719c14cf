//! Where a custom resource keeps what its `Scale` shows: numbers and a selector.

use flux_schema::FieldError as SchemaError;
use serde_json::Value;

use crate::registry::ScalePaths;

/// Which numbers of a scale are checked.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Whole,
    Status,
}

/// Checks the numbers and the selector of a scale where an object keeps them.
pub(super) fn checked_scale(
    scale: Option<&ScalePaths>,
    object: &Value,
    part: Part,
) -> Vec<SchemaError> {
    let mut errors = Vec::new();
    let Some(scale) = scale else { return errors };
    let mut paths = vec![&scale.status_replicas];
    if part == Part::Whole {
        paths.insert(0, &scale.spec_replicas);
    }
    for path in paths {
        let number = nested(object, path).and_then(|found| match found {
            None => Ok(0),
            Some(value) => value.as_i64().ok_or_else(|| accessor_error(path, value, "int64")),
        });
        let (shown, detail) = match number {
            Err(error) => (0, error),
            Ok(int) if int < 0 => (int, "should be a non-negative integer".to_owned()),
            Ok(int) if i32::try_from(int).is_err() => {
                (int, format!("should be less than or equal to {}", i32::MAX))
            }
            Ok(_) => continue,
        };
        errors.push(SchemaError::invalid(path, &shown.into(), detail));
    }
    if let Some(path) = &scale.selector {
        let text = nested(object, path).and_then(|found| match found {
            Some(value) if !value.is_string() => Err(accessor_error(path, value, "string")),
            _ => Ok(()),
        });
        errors.extend(text.err().map(|error| SchemaError::invalid(path, &"".into(), error)));
    }
    errors
}

/// Returns the value at a path such as `.spec.replicas`.
///
/// # Errors
/// Something on the way is no map.
fn nested<'a>(object: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let mut at = object;
    let mut walked = String::new();
    for step in path.trim_start_matches('.').split('.') {
        walked.push('.');
        walked.push_str(step);
        match at {
            Value::Null => return Ok(None),
            Value::Object(fields) => match fields.get(step) {
                Some(field) => at = field,
                None => return Ok(None),
            },
            other => return Err(accessor_error(&walked, other, "map[string]interface{}")),
        }
    }
    Ok(Some(at))
}

fn accessor_error(path: &str, value: &Value, expected: &str) -> String {
    let kind = match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    format!("{path} accessor error: {} is of the type {kind}, expected {expected}", go_text(value))
}

/// Prints a value as Go's `%v` does.
fn go_text(value: &Value) -> String {
    let words = |words: Vec<String>| words.join(" ");
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => flux_schema::value_text(value),
        Value::Array(items) => format!("[{}]", words(items.iter().map(go_text).collect())),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}:{}", go_text(value)));
            format!("map[{}]", words(entries.collect()))
        }
    }
}
