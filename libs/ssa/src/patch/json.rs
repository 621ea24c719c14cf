//! JSON patches (RFC 6902) as the API server applies them.

use serde_json::{Map, Value};

/// The most operations that the API server accepts in one patch.
pub const MAX_OPERATIONS: usize = 10_000;
/// By how much copies may make the document larger.
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// A list of operations that apply all or not at all.
///
/// # Upstream
/// More is allowed than the RFC allows: `replace` of a missing field adds it, indices may be
/// negative, text before the first slash of a path is ignored, and a missing field is null.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPatch {
    operations: Vec<Operation>,
}

/// Why a JSON patch cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// It is no list of operations: 400 with this text of Go's decoder.
    #[error("{0}")]
    Malformed(String),
    /// It has more operations than [`MAX_OPERATIONS`]: 413.
    #[error("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {0}")]
    TooManyOperations(usize),
    /// An operation does not apply: 422.
    #[error("{0}")]
    DoesNotApply(String),
}

impl JsonPatch {
    /// Reads a patch.
    pub fn from_value(patch: Value) -> Result<Self, JsonPatchError> {
        let operations = match patch {
            Value::Array(operations) => operations,
            Value::Null => Vec::new(),
            other => return Err(mismatch(&other, "value", "[]handlers.jsonPatchOp")),
        };
        if let Some(error) = operations.iter().find_map(operation_error) {
            return Err(error);
        }
        if operations.len() > MAX_OPERATIONS {
            return Err(JsonPatchError::TooManyOperations(operations.len()));
        }
        let operations = operations.into_iter().map(|operation| match operation {
            Value::Object(operation) => operation,
            _ => Map::new(),
        });
        Ok(Self { operations: operations.collect() })
    }

    /// Applies the patch. After an error `document` is in an undefined state.
    pub fn apply(&self, document: &mut Value) -> Result<(), JsonPatchError> {
        let mut copied = 0;
        self.operations
            .iter()
            .try_for_each(|operation| apply_one(operation, document, &mut copied))
            .map_err(JsonPatchError::DoesNotApply)
    }
}

fn mismatch(value: &Value, place: &str, wanted: &str) -> JsonPatchError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    JsonPatchError::Malformed(format!(
        "json: cannot unmarshal {found} into Go {place} of type {wanted}"
    ))
}

fn operation_error(operation: &Value) -> Option<JsonPatchError> {
    let fields = match operation {
        Value::Object(fields) => fields,
        Value::Null => return None,
        other => return Some(mismatch(other, "value", "handlers.jsonPatchOp")),
    };
    ["from", "op", "path"].iter().find_map(|name| match fields.get(*name) {
        None | Some(Value::Null | Value::String(_)) => None,
        Some(other) => Some(mismatch(other, &format!("struct field jsonPatchOp.{name}"), "string")),
    })
}

type Operation = Map<String, Value>;

fn apply_one(
    operation: &Operation,
    document: &mut Value,
    copied: &mut usize,
) -> Result<(), String> {
    match operation.get("op").and_then(Value::as_str).unwrap_or("unknown") {
        "add" => parent(document, text(operation, "path")?)?.add(value(operation)),
        "remove" => parent(document, text(operation, "path")?)?.remove().map(drop),
        "replace" => replace(operation, document),
        "move" => {
            let moved = parent(document, text(operation, "from")?)?.remove()?;
            parent(document, text(operation, "path")?)?.add(moved)
        }
        "copy" => copy(operation, document, copied),
        "test" => test(operation, document),
        other => Err(format!("Unexpected kind: {other}")),
    }
}

fn text<'a>(operation: &'a Operation, field: &str) -> Result<&'a str, String> {
    let text = operation.get(field).and_then(Value::as_str);
    text.ok_or_else(|| format!("operation missing {field} field: missing value"))
}

/// Returns the value of an operation; a missing one is null.
fn value(operation: &Operation) -> Value {
    operation.get("value").cloned().unwrap_or_default()
}

fn replace(operation: &Operation, document: &mut Value) -> Result<(), String> {
    let path = text(operation, "path")?;
    let value = value(operation);
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err("replace operation value must be object or array".to_owned());
        }
        *document = value;
        return Ok(());
    }
    parent(document, path)?.set(value)
}

fn copy(operation: &Operation, document: &mut Value, copied: &mut usize) -> Result<(), String> {
    let value = parent(document, text(operation, "from")?)?.get()?.clone();
    *copied += value.to_string().len();
    if *copied > MAX_COPIED_BYTES {
        return Err(format!(
            "Unable to complete the copy, the accumulated size increase of copy is {copied}, \
             exceeding the limit {MAX_COPIED_BYTES}"
        ));
    }
    parent(document, text(operation, "path")?)?.add(value)
}

fn test(operation: &Operation, document: &mut Value) -> Result<(), String> {
    let path = text(operation, "path")?;
    let wanted = value(operation);
    let is_same = match path {
        "" => *document == wanted,
        path => *parent(document, path)?.get()? == wanted,
    };
    if is_same { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
}

/// A field or an item, which may be missing, in the map or list around it.
struct Place<'a> {
    container: Container<'a>,
    key: String,
}

enum Container<'a> {
    Map(&'a mut Map<String, Value>),
    List(&'a mut Vec<Value>),
}

/// Walks to the last step of `path`.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<Place<'a>, String> {
    let missing = || format!("doc is missing path: \"{path}\": missing value");
    let mut steps: Vec<&str> = path.split('/').skip(1).collect();
    let key = steps.pop().ok_or_else(missing)?;
    let mut at = document;
    for step in steps {
        let step = unescape(step);
        at = match at {
            Value::Object(fields) => fields.get_mut(&step).ok_or_else(missing)?,
            Value::Array(items) => {
                let index = index(&step, items.len())?;
                items.get_mut(index).ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
    }
    let container = match at {
        Value::Object(fields) => Container::Map(fields),
        Value::Array(items) => Container::List(items),
        _ => return Err(missing()),
    };
    Ok(Place { container, key: unescape(key) })
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// Returns the position that `key` means among `len` positions; negative keys count from the end.
fn index(key: &str, len: usize) -> Result<usize, String> {
    let number: i64 =
        key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
    let index = match usize::try_from(number) {
        Ok(index) => Some(index),
        Err(_) => {
            usize::try_from(number.unsigned_abs()).ok().and_then(|back| len.checked_sub(back))
        }
    };
    index
        .filter(|index| *index < len)
        .ok_or_else(|| format!("Unable to access invalid index: {key}: invalid index referenced"))
}

impl Place<'_> {
    /// Returns what is there; a missing field is null.
    fn get(&self) -> Result<&Value, String> {
        match &self.container {
            Container::Map(fields) => Ok(fields.get(&self.key).unwrap_or(&Value::Null)),
            Container::List(items) => {
                let index = index(&self.key, items.len())?;
                Ok(items.get(index).unwrap_or(&Value::Null))
            }
        }
    }

    fn set(self, value: Value) -> Result<(), String> {
        match self.container {
            Container::Map(fields) => drop(fields.insert(self.key, value)),
            Container::List(items) => {
                let index = index(&self.key, items.len())?;
                items.get_mut(index).into_iter().for_each(|item| *item = value.clone());
            }
        }
        Ok(())
    }

    fn add(self, value: Value) -> Result<(), String> {
        match self.container {
            Container::Map(fields) => drop(fields.insert(self.key, value)),
            Container::List(items) if self.key == "-" => items.push(value),
            Container::List(items) => {
                let index = index(&self.key, items.len() + 1)?;
                items.insert(index, value);
            }
        }
        Ok(())
    }

    fn remove(self) -> Result<Value, String> {
        match self.container {
            Container::Map(fields) => fields.remove(&self.key).ok_or_else(|| {
                format!("Unable to remove nonexistent key: {}: missing value", self.key)
            }),
            Container::List(items) => {
                let index = index(&self.key, items.len())?;
                Ok(items.remove(index))
            }
        }
    }
}

#[cfg(test)]
mod tests;
