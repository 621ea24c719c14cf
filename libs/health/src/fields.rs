//! Reading fields of an object as the Go libraries do, wrong types included.

use serde_json::Value;

/// Why a field cannot be read, in the words of apimachinery.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ReadError(pub(crate) String);

/// One condition of an object's status.
#[derive(Debug, Default)]
pub(crate) struct ObjectCondition<'o> {
    pub(crate) kind: &'o str,
    pub(crate) status: &'o str,
    pub(crate) reason: &'o str,
    pub(crate) message: &'o str,
}

impl ObjectCondition<'_> {
    /// Tells whether it is of this type and status.
    pub(crate) fn is(&self, kind: &str, status: &str) -> bool {
        self.kind == kind && self.status == status
    }
}

/// The fields of one object.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'o> {
    object: &'o Value,
}

impl<'o> Fields<'o> {
    pub(crate) fn new(object: &'o Value) -> Self {
        Self { object }
    }

    /// Returns the group part of `apiVersion`.
    pub(crate) fn group(self) -> &'o str {
        let version = self.text(&["apiVersion"]).unwrap_or_default();
        version.split_once('/').map_or("", |(group, _)| group)
    }

    pub(crate) fn kind(self) -> &'o str {
        self.text(&["kind"]).unwrap_or_default()
    }

    /// Returns a text; `None` if it is missing or no text.
    pub(crate) fn text(self, path: &[&str]) -> Option<&'o str> {
        self.get(path).ok().flatten().and_then(Value::as_str)
    }

    /// Returns a whole number; the default if it is missing or no whole number.
    pub(crate) fn number(self, path: &[&str], default: i64) -> i64 {
        self.get(path).ok().flatten().and_then(Value::as_i64).unwrap_or(default)
    }

    /// Returns a flag; `false` if it is missing or no flag.
    pub(crate) fn flag(self, path: &[&str]) -> bool {
        self.get(path).ok().flatten().and_then(Value::as_bool).unwrap_or(false)
    }

    /// Returns a text that must be one if it is there.
    pub(crate) fn strict_text(self, path: &[&str]) -> Result<Option<&'o str>, ReadError> {
        self.get(path)?
            .map(|value| value.as_str().ok_or_else(|| wrong_type(path, value, "string")))
            .transpose()
    }

    /// Returns a whole number that must be one if it is there.
    pub(crate) fn strict_number(self, path: &[&str]) -> Result<Option<i64>, ReadError> {
        self.get(path)?
            .map(|value| value.as_i64().ok_or_else(|| wrong_type(path, value, "int64")))
            .transpose()
    }

    /// Returns a list that must be one if it is there.
    pub(crate) fn strict_list(self, path: &[&str]) -> Result<Option<&'o [Value]>, ReadError> {
        self.get(path)?
            .map(|value| {
                let list = value.as_array().map(Vec::as_slice);
                list.ok_or_else(|| wrong_type(path, value, "[]interface{}"))
            })
            .transpose()
    }

    /// Follows a path of keys; a missing key or a null on the way is no error.
    fn get(self, path: &[&str]) -> Result<Option<&'o Value>, ReadError> {
        let mut value = self.object;
        for (index, key) in path.iter().enumerate() {
            match value {
                Value::Null => return Ok(None),
                Value::Object(map) => match map.get(*key) {
                    Some(inner) => value = inner,
                    None => return Ok(None),
                },
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    let upto = path.get(..=index).unwrap_or(path);
                    return Err(wrong_type(upto, value, "map[string]interface{}"));
                }
            }
        }
        Ok(Some(value))
    }

    /// Returns the conditions of the status.
    pub(crate) fn conditions(self) -> Result<Vec<ObjectCondition<'o>>, ReadError> {
        let status = match self.object.get("status") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(status)) => status,
            Some(other) => return Err(no_struct(other)),
        };
        match status.get("conditions") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(condition).collect(),
            Some(other) => Err(ReadError(format!("cannot restore slice from {}", go_kind(other)))),
        }
    }
}

fn condition(item: &Value) -> Result<ObjectCondition<'_>, ReadError> {
    let map = match item {
        Value::Null => return Ok(ObjectCondition::default()),
        Value::Object(map) => map,
        other => return Err(no_struct(other)),
    };
    let text = |key: &str, target: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        // To Go a whole number is convertible to text, though it refuses to.
        Some(Value::Number(number)) if !number.is_f64() => {
            Err(ReadError(format!("cannot convert int64 to {target}")))
        }
        Some(_) => Err(ReadError("unrecognized type: string".to_owned())),
    };
    Ok(ObjectCondition {
        kind: text("type", "string")?,
        status: text("status", "v1.ConditionStatus")?,
        reason: text("reason", "string")?,
        message: text("message", "string")?,
    })
}

fn no_struct(value: &Value) -> ReadError {
    ReadError(format!("cannot restore struct from: {}", go_kind(value)))
}

fn wrong_type(path: &[&str], value: &Value, expected: &str) -> ReadError {
    let path: String = path.iter().map(|key| format!(".{key}")).collect();
    let (shown, found) = (go_text(value), go_type(value));
    ReadError(format!("{path} accessor error: {shown} is of the type {found}, expected {expected}"))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        scalar => go_kind(scalar),
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// Prints a value as Go's `%v` does.
fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let pairs: Vec<_> =
                map.iter().map(|(key, value)| format!("{key}:{}", go_text(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}
