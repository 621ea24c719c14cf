//! Reads JSON values into structures the way Go's `encoding/json` does.
//!
//! Keys are matched whatever their case; unknown ones are an error or ignored; a value of
//! another type is an error in Go's words. Where sigs.k8s.io/yaml reads into a structure, numbers
//! and booleans become texts where a text is wanted, though not in embedded structures. The result is the same value with the keys spelled as
//! the structure spells them and without nulls.

use serde_json::{Map, Value};

use crate::gotext;

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// `string`, or another type of that kind under its Go name.
    Text(&'static str),
    Flag,
    /// An integer under its Go name.
    Integer(&'static str),
    List(&'static Shape),
    /// `map[string]string`
    TextMap,
    /// `map[string]interface{}`
    AnyMap,
    Record(&'static Record),
    /// A field that an embedded structure brings along.
    Embedded(&'static Shape),
}

/// A structure.
#[derive(Debug)]
pub(crate) struct Record {
    /// The Go package.
    pub(crate) package: &'static str,
    /// The Go name.
    pub(crate) name: &'static str,
    /// Names and types of the fields, those of embedded structures included.
    pub(crate) fields: &'static [(&'static str, Shape)],
}

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What becomes of unknown fields.
    pub(crate) unknown: Unknown,
    /// What becomes of numbers where a text is wanted.
    pub(crate) scalars: Scalars,
}

/// Whether numbers and booleans are taken for texts where a text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalars {
    Typed,
    AsText,
}

/// Whether unknown fields are an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    Refuse,
    Ignore,
}

/// Reads a value into a structure.
///
/// # Errors
/// The first thing that Go would complain about, in its words.
pub(crate) fn read(
    value: &Value,
    record: &'static Record,
    reading: Reading,
) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Object(Map::new()));
    }
    let Reading { unknown, scalars } = reading;
    let mut reader = Reader { unknown, scalars, error: None, path: Vec::new(), record };
    let result = reader.record(value, record);
    match reader.error {
        Some(error) => Err(error),
        None => Ok(result.unwrap_or_default()),
    }
}

struct Reader {
    unknown: Unknown,
    scalars: Scalars,
    error: Option<String>,
    path: Vec<&'static str>,
    record: &'static Record,
}

impl Reader {
    fn complain(&mut self, error: String) {
        self.error.get_or_insert(error);
    }

    fn mismatch(&mut self, value: &Value, wanted: &str) {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if wanted.starts_with("int") => {
                format!("number {}", gotext::number(number))
            }
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let place = if self.path.is_empty() {
            "Go value".to_owned()
        } else {
            format!("Go struct field {}.{}", self.record.name, self.path.join("."))
        };
        self.complain(format!("json: cannot unmarshal {found} into {place} of type {wanted}"));
    }

    fn value(&mut self, value: &Value, shape: &Shape) -> Option<Value> {
        match (shape, value) {
            (_, Value::Null) => None,
            (Shape::Text(_), Value::String(_))
            | (Shape::Flag, Value::Bool(_))
            | (Shape::AnyMap, Value::Object(_)) => Some(value.clone()),
            (Shape::Integer(_), Value::Number(number)) if number.is_i64() => Some(value.clone()),
            (Shape::List(item), Value::Array(items)) => {
                let items =
                    items.iter().map(|value| self.value(value, item).unwrap_or_else(|| zero(item)));
                Some(Value::Array(items.collect()))
            }
            (Shape::TextMap, Value::Object(map)) => {
                let entries = map.iter().map(|(key, value)| {
                    let text = self.value(value, &Shape::Text("string"));
                    (key.clone(), text.unwrap_or_else(|| Value::String(String::new())))
                });
                Some(Value::Object(entries.collect()))
            }
            (Shape::Record(record), _) => self.record(value, record),
            (Shape::Embedded(shape), _) => {
                let outer = std::mem::replace(&mut self.scalars, Scalars::Typed);
                let value = self.value(value, shape);
                self.scalars = outer;
                value
            }
            (Shape::Text(_), Value::Bool(flag)) if self.scalars == Scalars::AsText => {
                Some(Value::String(flag.to_string()))
            }
            (Shape::Text(_), Value::Number(number)) if self.scalars == Scalars::AsText => {
                Some(Value::String(gotext::number(number)))
            }
            _ => {
                self.mismatch(value, &go_name(shape));
                None
            }
        }
    }

    fn record(&mut self, value: &Value, record: &'static Record) -> Option<Value> {
        let Value::Object(map) = value else {
            self.mismatch(value, &format!("{}.{}", record.package, record.name));
            return None;
        };
        let outer = std::mem::replace(&mut self.record, record);
        let mut result = Map::new();
        for (key, value) in map {
            let exact = record.fields.iter().find(|(name, _)| name == key);
            let folded = || record.fields.iter().find(|(name, _)| folds_to(key, name));
            match exact.or_else(folded) {
                Some((name, shape)) => {
                    self.path.push(name);
                    if let Some(value) = self.value(value, shape) {
                        put(&mut result, name, value);
                    }
                    self.path.pop();
                    self.record = record;
                }
                None if self.unknown == Unknown::Refuse => {
                    self.complain(format!("json: unknown field {}", gotext::quoted(key)));
                }
                None => {}
            }
        }
        self.record = outer;
        Some(Value::Object(result))
    }
}

/// Sets a field; where it was set under another spelling, mappings are united.
fn put(result: &mut Map<String, Value>, name: &str, value: Value) {
    match (result.get_mut(name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
        (_, value) => {
            result.insert(name.to_owned(), value);
        }
    }
}

fn folds_to(key: &str, name: &str) -> bool {
    key.eq_ignore_ascii_case(name)
        || (!key.is_ascii()
            && key.to_lowercase().replace('ſ', "s").replace('\u{212a}', "k") == name.to_lowercase())
}

/// What a null in a list becomes.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Text(_) => Value::String(String::new()),
        Shape::Flag => Value::Bool(false),
        Shape::Integer(_) => Value::from(0),
        Shape::List(_) => Value::Array(Vec::new()),
        Shape::TextMap | Shape::AnyMap | Shape::Record(_) => Value::Object(Map::new()),
        Shape::Embedded(shape) => zero(shape),
    }
}

fn go_name(shape: &Shape) -> String {
    match shape {
        Shape::Text(name) | Shape::Integer(name) => (*name).to_owned(),
        Shape::Flag => "bool".to_owned(),
        Shape::List(item) => format!("[]{}", go_name(item)),
        Shape::TextMap => "map[string]string".to_owned(),
        Shape::AnyMap => "map[string]interface {}".to_owned(),
        Shape::Record(record) => format!("{}.{}", record.package, record.name),
        Shape::Embedded(shape) => go_name(shape),
    }
}
