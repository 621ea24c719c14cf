//! JSON patches (RFC 6902) as evanphx/json-patch applies them.
//!
//! # Upstream
//! Indices may be negative; replacing a missing key of a mapping adds it; numbers become
//! floating point on the way.

use serde_json::{Map, Value};

use crate::error::{BuildError, Result, fail};
use crate::gotext;
use crate::kustomization::yaml_to_json;

/// The most values that copies may add.
const MAX_COPIED: usize = 5_000_000;

/// A list of operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JsonPatch {
    operations: Vec<Map<String, Value>>,
}

/// Why a patch's text could not be read.
#[derive(Debug)]
pub(crate) enum TextError {
    /// It is no YAML.
    Yaml(BuildError),
    /// It is no list of operations; the text as JSON comes with it.
    NoPatch(BuildError, String),
}

impl JsonPatch {
    /// Reads a text that is JSON if it begins with a bracket and YAML otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, TextError> {
        let value = if text.starts_with('[') {
            serde_json::from_str(text).map_err(|error| {
                TextError::NoPatch(BuildError::new(error.to_string()), text.to_owned())
            })?
        } else {
            yaml_to_json(text.as_bytes()).map_err(TextError::Yaml)?
        };
        Self::from_value(&value).map_err(|error| TextError::NoPatch(error, gotext::json(&value)))
    }

    fn from_value(value: &Value) -> Result<Self> {
        let go_type = |value: &Value| match value {
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "null",
        };
        let refusal = |value: &Value, name: &str| {
            let found = go_type(value);
            let text =
                format!("json: cannot unmarshal {found} into Go value of type jsonpatch.{name}");
            BuildError::new(text)
        };
        let items = match value {
            Value::Null => return Ok(Self::default()),
            Value::Array(items) => items,
            other => return Err(refusal(other, "Patch")),
        };
        let operations = items.iter().map(|item| match item {
            Value::Object(map) => Ok(map.clone()),
            Value::Null => Ok(Map::new()),
            other => Err(refusal(other, "Operation")),
        });
        Ok(Self { operations: operations.collect::<Result<_>>()? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Applies the operations one after the other.
    pub(crate) fn apply(&self, mut document: Value) -> Result<Value> {
        let mut copied = 0;
        for operation in &self.operations {
            let operation = Operation { fields: operation };
            match operation.text("op") {
                Some("add") => operation.add(&mut document)?,
                Some("remove") => operation.remove(&mut document)?,
                Some("replace") => operation.replace(&mut document)?,
                Some("move") => operation.r#move(&mut document)?,
                Some("test") => operation.test(&mut document)?,
                Some("copy") => {
                    copied += operation.copy(&mut document)?;
                    if copied > MAX_COPIED {
                        return fail!(
                            "Unable to complete the copy, the accumulated size increase of copy is {copied}"
                        );
                    }
                }
                kind => return fail!("Unexpected kind: {}", kind.unwrap_or("unknown")),
            }
        }
        Ok(as_floats(document))
    }
}

/// Passes all numbers through floating point, as Go's JSON does.
pub(crate) fn as_floats(value: Value) -> Value {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, reason = "the value is an integer in range")]
            if float == float.trunc() && float.abs() < 9.2e18 {
                if float.abs() < LARGEST && number.is_i64() {
                    return Value::Number(number);
                }
                return Value::from(float as i64);
            }
            serde_json::Number::from_f64(float).map_or(Value::Null, Value::Number)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(as_floats).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, as_floats(value))).collect())
        }
        other => other,
    }
}

struct Operation<'a> {
    fields: &'a Map<String, Value>,
}

impl Operation<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str()
    }

    fn value(&self) -> Value {
        self.fields.get("value").cloned().unwrap_or_default()
    }

    fn path(&self) -> Result<&str> {
        match self.text("path") {
            Some(path) => Ok(path),
            None => fail!("operation missing path field: missing value"),
        }
    }

    fn from(&self) -> Result<&str> {
        match self.text("from") {
            Some(path) => Ok(path),
            None => fail!("operation, missing from field: missing value"),
        }
    }

    fn add(&self, document: &mut Value) -> Result<()> {
        let Ok(path) = self.path() else {
            return fail!("add operation failed to decode path: missing value");
        };
        let Some(mut place) = Place::find(document, path) else {
            return fail!(
                "add operation does not apply: doc is missing path: \"{path}\": missing value"
            );
        };
        let at = |error: BuildError| error.context(format!("error in add for path: '{path}'"));
        place.add(self.value()).map_err(at)
    }

    fn remove(&self, document: &mut Value) -> Result<()> {
        let Ok(path) = self.path() else {
            return fail!("remove operation failed to decode path: missing value");
        };
        let Some(mut place) = Place::find(document, path) else {
            return fail!(
                "remove operation does not apply: doc is missing path: \"{path}\": missing value"
            );
        };
        let at = |error: BuildError| error.context(format!("error in remove for path: '{path}'"));
        place.remove().map(|_| ()).map_err(at)
    }

    fn replace(&self, document: &mut Value) -> Result<()> {
        let undecoded =
            |error: BuildError| error.context("replace operation failed to decode path");
        let path = self.path().map_err(undecoded)?;
        if path.is_empty() {
            let value = self.value();
            if !value.is_object() && !value.is_array() {
                return fail!("replace operation value must be object or array: %!w(<nil>)");
            }
            *document = value;
            return Ok(());
        }
        let Some(mut place) = Place::find(document, path) else {
            return fail!(
                "replace operation does not apply: doc is missing path: {path}: missing value"
            );
        };
        if place.get().is_err() {
            return fail!(
                "replace operation does not apply: doc is missing key: {path}: missing value"
            );
        }
        place.set(self.value())
    }

    fn r#move(&self, document: &mut Value) -> Result<()> {
        let undecoded = |error: BuildError| error.context("move operation failed to decode from");
        let from = self.from().map_err(undecoded)?;
        let Some(mut place) = Place::find(document, from) else {
            return fail!(
                "move operation does not apply: doc is missing from path: {from}: missing value"
            );
        };
        let at = |error: BuildError, key: &str| {
            error.context(format!("error in move for path: '{key}'"))
        };
        let key = place.key.clone();
        place.get().map_err(|error| at(error, &key))?;
        let value = place.remove().map_err(|error| at(error, &key))?;
        let path =
            self.path().map_err(|error| error.context("move operation failed to decode path"))?;
        let Some(mut place) = Place::find(document, path) else {
            return fail!(
                "move operation does not apply: doc is missing destination path: {path}: missing value"
            );
        };
        place.add(value).map_err(|error| at(error, path))
    }

    fn test(&self, document: &mut Value) -> Result<()> {
        let path =
            self.path().map_err(|error| error.context("test operation failed to decode path"))?;
        let wanted = self.value();
        let is_equal = if path.is_empty() {
            equal(document, &wanted)
        } else {
            let Some(mut place) = Place::find(document, path) else {
                return fail!(
                    "test operation does not apply: is missing path: {path}: missing value"
                );
            };
            let at = |error: BuildError| error.context(format!("error in test for path: '{path}'"));
            equal(&place.get().map_err(at)?, &wanted)
        };
        if is_equal { Ok(()) } else { fail!("testing value {path} failed: test failed") }
    }

    /// Copies a value and returns how large it is.
    fn copy(&self, document: &mut Value) -> Result<usize> {
        let undecoded = |error: BuildError| error.context("copy operation failed to decode from");
        let from = self.from().map_err(undecoded)?;
        let Some(mut place) = Place::find(document, from) else {
            return fail!(
                "copy operation does not apply: doc is missing from path: {from}: missing value"
            );
        };
        let at = |error: BuildError| error.context(format!("error in copy for from: '{from}'"));
        let value = place.get().map_err(at)?;
        let Ok(path) = self.path() else {
            return fail!("copy operation failed to decode path: missing value");
        };
        let Some(mut place) = Place::find(document, path) else {
            return fail!(
                "copy operation does not apply: doc is missing destination path: {path}: missing value"
            );
        };
        let size = size(&value);
        let at = |error: BuildError| error.context("error while adding value during copy");
        place.add(value).map_err(at)?;
        Ok(size)
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

/// Compares values; numbers by the text that they are written as.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => gotext::number(a) == gotext::number(b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| equal(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}

/// A key or index in a collection.
struct Place<'a> {
    container: &'a mut Value,
    key: String,
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

impl<'a> Place<'a> {
    fn find(document: &'a mut Value, path: &str) -> Option<Self> {
        let (_, path) = path.split_once('/')?;
        let mut parts: Vec<&str> = path.split('/').collect();
        let key = unescape(parts.pop()?);
        let mut container = document;
        for part in parts {
            let part = unescape(part);
            container = match container {
                Value::Object(map) => map.get_mut(&part)?,
                Value::Array(items) => {
                    let at = index(&part, items.len()).ok()?;
                    items.get_mut(at)?
                }
                _ => return None,
            };
        }
        (container.is_object() || container.is_array()).then_some(Self { container, key })
    }

    fn get(&mut self) -> Result<Value> {
        match &*self.container {
            Value::Object(map) => Ok(map.get(&self.key).cloned().unwrap_or_default()),
            Value::Array(items) => {
                let at = index(&self.key, items.len())?;
                Ok(items.get(at).cloned().unwrap_or_default())
            }
            _ => fail!("invalid state detected"),
        }
    }

    fn set(&mut self, value: Value) -> Result<()> {
        match self.container {
            Value::Object(map) => {
                map.insert(self.key.clone(), value);
            }
            Value::Array(items) => {
                let at = index(&self.key, items.len())?;
                if let Some(slot) = items.get_mut(at) {
                    *slot = value;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, value: Value) -> Result<()> {
        match self.container {
            Value::Object(map) => {
                map.insert(self.key.clone(), value);
            }
            Value::Array(items) if self.key == "-" => items.push(value),
            Value::Array(items) => {
                let key = &self.key;
                if key.parse::<i64>().is_err() {
                    return fail!(
                        "value was not a proper array index: '{key}': {}",
                        not_a_number(key)
                    );
                }
                let at = index(key, items.len() + 1)?;
                items.insert(at, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn remove(&mut self) -> Result<Value> {
        match self.container {
            Value::Object(map) => match map.remove(&self.key) {
                Some(value) => Ok(value),
                None => fail!("Unable to remove nonexistent key: {}: missing value", self.key),
            },
            Value::Array(items) => {
                let at = index(&self.key, items.len())?;
                Ok(items.remove(at))
            }
            _ => fail!("invalid state detected"),
        }
    }
}

fn not_a_number(text: &str) -> String {
    format!("strconv.Atoi: parsing {}: invalid syntax", gotext::quoted(text))
}

/// Reads an index below `len`, negative ones counting from the end.
fn index(text: &str, len: usize) -> Result<usize> {
    let Ok(number) = text.parse::<i64>() else { return fail!("{}", not_a_number(text)) };
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if number < 0 { number + len } else { number };
    match usize::try_from(at) {
        Ok(index) if at < len => Ok(index),
        _ => fail!("Unable to access invalid index: {number}: invalid index referenced"),
    }
}
