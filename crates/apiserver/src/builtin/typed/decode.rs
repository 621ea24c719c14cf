//! One pass over a body: types checked, unknown fields dropped, presence of fields as Go has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::Time;
use flux_schema::Quantity;
use flux_schema::openapi::Presence;
use serde_json::{Map, Number, Value};

use super::model::{Field, Model, Shape};
use crate::document::Node;
use crate::registry::Decoded;

/// Go's layout of a MicroTime.
const MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";
/// What Go counts as no time at all.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// Whose words a decoder uses.
#[derive(Clone, Copy, Default, PartialEq)]
enum Words {
    /// Go's decoder of JSON.
    #[default]
    Json,
    /// The converter of maps into structs.
    Maps,
}

/// Where the decoder is and what it found.
#[derive(Default)]
pub(super) struct Decoder {
    words: Words,
    strict: Vec<String>,
    error: Option<String>,
    /// The path with indexes, for strict errors.
    path: String,
    /// The innermost struct, and the names of fields from the root, for type errors.
    structs: Vec<&'static str>,
    fields: Vec<&'static str>,
}

impl Decoder {
    /// Starts below a path.
    pub(super) fn at(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Starts at the root of an object that is a map already.
    pub(super) fn of_maps() -> Self {
        Self { words: Words::Maps, ..Self::default() }
    }

    pub(super) fn finish(self, object: Value) -> Result<Decoded, String> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Decoded { object, strict_errors: self.strict }),
        }
    }

    /// Reads a struct; without a node all of its fields are absent.
    pub(super) fn structure(&mut self, model: &Model, node: Option<&Node>) -> Value {
        let mut given: Vec<Option<Value>> = vec![None; model.fields().len()];
        self.structs.push(model.name);
        if let Some(Node::Object(entries)) = node {
            let mut seen: Vec<&str> = Vec::with_capacity(entries.len());
            for (key, node) in entries {
                let length = self.enter(key);
                if seen.contains(&key.as_str()) {
                    self.strict.push(format!("duplicate field \"{}\"", self.path));
                }
                match model.position(key).zip(model.field(key)) {
                    Some((at, field)) => {
                        self.fields.push(field.name);
                        let value = self.value(&field.shape, field.go_type, node);
                        self.fields.pop();
                        if let Some(slot) = given.get_mut(at) {
                            *slot = value;
                        }
                    }
                    None if !seen.contains(&key.as_str()) => {
                        self.strict.push(format!("unknown field \"{}\"", self.path));
                    }
                    None => {}
                }
                seen.push(key);
                self.path.truncate(length);
            }
        }
        let mut map = Map::new();
        for (field, value) in model.fields().iter().zip(given) {
            if let Some(value) = self.present(field, value) {
                map.insert(field.name.to_owned(), value);
            }
        }
        self.structs.pop();
        Value::Object(map)
    }

    fn enter(&mut self, key: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        length
    }

    /// Returns what the encoder writes for a field.
    fn present(&mut self, field: &Field, value: Option<Value>) -> Option<Value> {
        match (field.presence, value) {
            (Presence::OmitEmpty, value) => value.filter(|value| !is_empty(value)),
            (Presence::OmitNil | Presence::OmitZeroStruct, value) => value,
            (_, Some(value)) => Some(value),
            (_, None) => self.absent(field),
        }
    }

    /// Returns what the encoder writes for a field that nobody set.
    pub(super) fn absent(&mut self, field: &Field) -> Option<Value> {
        match field.presence {
            Presence::OmitEmpty | Presence::OmitNil | Presence::OmitZeroStruct => None,
            Presence::WriteNull => Some(Value::Null),
            Presence::WriteZero | Presence::Struct => Some(self.zero(&field.shape)),
        }
    }

    fn zero(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Bool => Value::Bool(false),
            Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => Value::from(0),
            Shape::Text => Value::from(""),
            Shape::Quantity => Value::from("0"),
            Shape::Struct(target) => self.structure(&target.get().clone(), None),
            Shape::Bytes
            | Shape::Time
            | Shape::MicroTime
            | Shape::Any
            | Shape::SchemaOrOther(_)
            | Shape::List(_)
            | Shape::Map(_) => Value::Null,
        }
    }

    /// Reads a value; `None` if it is null, which leaves Go's value as it is.
    fn value(&mut self, shape: &Shape, go_type: &str, node: &Node) -> Option<Value> {
        if matches!(node, Node::Null) {
            return None;
        }
        match (shape, node) {
            (Shape::Any, node) => Some(node.clone().into_value()),
            (Shape::Bool, Node::Bool(flag)) => Some(Value::Bool(*flag)),
            (Shape::Text, Node::String(text)) => Some(Value::from(text.as_str())),
            (Shape::Int32 | Shape::Int64 | Shape::Float, Node::Number(number)) => {
                self.number(shape, go_type, number)
            }
            (Shape::Bytes, Node::String(text)) => self.bytes(text),
            (Shape::Time, node) => self.time(node, "2006-01-02T15:04:05Z07:00", |time| {
                time.format("2006-01-02T15:04:05Z07:00")
            }),
            (Shape::MicroTime, node) => self.time(node, MICRO, |time| time.format(MICRO)),
            (Shape::Quantity, node) => self.quantity(node),
            (Shape::IntOrString, Node::String(text)) => Some(Value::from(text.as_str())),
            (Shape::IntOrString, Node::Number(number)) => {
                self.number(&Shape::Int32, "int32", number)
            }
            (Shape::SchemaOrOther(target), node) => {
                Some(unchecked_schema(&target.get().clone(), node))
            }
            (Shape::Struct(target), node @ Node::Object(_)) => {
                Some(self.structure(&target.get().clone(), Some(node)))
            }
            (Shape::List(shape), Node::Array(items)) => {
                let go_type = go_type.strip_prefix("[]").unwrap_or_default();
                Some(self.list(shape, go_type.trim_start_matches('*'), items))
            }
            (Shape::Map(shape), Node::Object(entries)) => {
                let go_type = go_type.split_once(']').map_or("", |(_, value)| value);
                Some(self.map(shape, go_type, entries))
            }
            (shape, node) => {
                match self.words {
                    Words::Json => self.wrong_type(node.type_name(), go_type),
                    Words::Maps => self.fail(not_convertible(shape, go_type, node)),
                }
                None
            }
        }
    }

    fn list(&mut self, shape: &Shape, go_type: &str, items: &[Node]) -> Value {
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let length = self.path.len();
            self.path.push_str(&format!("[{at}]"));
            let value = self.value(shape, go_type, item);
            values.push(value.unwrap_or_else(|| self.zero(shape)));
            self.path.truncate(length);
        }
        Value::Array(values)
    }

    fn map(&mut self, shape: &Shape, go_type: &str, entries: &[(String, Node)]) -> Value {
        let mut map = Map::new();
        for (key, node) in entries {
            let length = self.enter(key);
            if map.contains_key(key) {
                self.strict.push(format!("duplicate field \"{}\"", self.path));
            }
            let value = self.value(shape, go_type, node);
            let value = value.unwrap_or_else(|| self.zero(shape));
            map.insert(key.clone(), value);
            self.path.truncate(length);
        }
        Value::Object(map)
    }

    fn number(&mut self, shape: &Shape, go_type: &str, number: &Number) -> Option<Value> {
        let fits = match shape {
            Shape::Int32 => number.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
            Shape::Int64 => number.as_i64().is_some(),
            _ => true,
        };
        if !fits && self.words == Words::Maps {
            return match number.as_i64() {
                // The converter does not look at the size.
                Some(int) => Some(Value::from(int as i32)),
                None if number.as_f64().is_some_and(|float| float.fract() == 0.0) => {
                    number.as_f64().map(|float| Value::from(float as i64))
                }
                None => {
                    self.fail(format!("cannot convert float64 to {}", kind_of(shape, go_type)));
                    None
                }
            };
        }
        if !fits {
            self.wrong_type(&format!("number {number}"), go_type);
            return None;
        }
        Some(Value::Number(number.clone()))
    }

    fn bytes(&mut self, text: &str) -> Option<Value> {
        let cleaned: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        match STANDARD.decode(&cleaned) {
            Ok(bytes) => Some(Value::from(STANDARD.encode(bytes))),
            Err(error) => {
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _) => at,
                    base64::DecodeError::InvalidLastSymbol(at, _) => at,
                    base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                        cleaned.trim_end_matches('=').len() / 4 * 4
                    }
                };
                self.fail(format!("illegal base64 data at input byte {at}"));
                None
            }
        }
    }

    fn time(
        &mut self,
        node: &Node,
        layout: &str,
        print: impl Fn(&Time) -> String,
    ) -> Option<Value> {
        let Node::String(text) = node else {
            let what = node.type_name();
            self.fail(format!("json: cannot unmarshal {what} into Go value of type string"));
            return None;
        };
        match Time::parse(layout, text) {
            Ok(time) => {
                let printed = print(&time.in_zone(flux_gostd::time::Zone::utc()));
                (text != ZERO_TIME).then(|| Value::from(printed))
            }
            Err(error) => {
                self.fail(error.to_string());
                None
            }
        }
    }

    fn quantity(&mut self, node: &Node) -> Option<Value> {
        let text = match node {
            Node::String(text) => text.trim().to_owned(),
            Node::Number(number) => number.to_string(),
            other => other.type_name().to_owned(),
        };
        match text.parse::<Quantity>() {
            Ok(quantity) => Some(Value::from(quantity.to_string())),
            Err(error) => {
                self.fail(error.to_string());
                None
            }
        }
    }

    pub(super) fn wrong_type(&mut self, what: &str, go_type: &str) {
        let place = match (self.structs.last(), self.fields.is_empty()) {
            (Some(name), false) => {
                format!("Go struct field {name}.{} of type {go_type}", self.fields.join("."))
            }
            _ => format!("Go value of type {go_type}"),
        };
        self.fail(format!("json: cannot unmarshal {what} into {place}"));
    }

    fn fail(&mut self, text: String) {
        self.error.get_or_insert(text);
    }
}

/// Says why the converter of maps cannot make a value of a type.
fn not_convertible(shape: &Shape, go_type: &str, node: &Node) -> String {
    let found = match node {
        Node::Null => "nil",
        Node::Bool(_) => "bool",
        Node::Number(number) if number.is_f64() => "float64",
        Node::Number(_) => "int64",
        Node::String(_) => "string",
        Node::Array(_) => "slice",
        Node::Object(_) => "map",
    };
    match shape {
        Shape::List(_) | Shape::Bytes => format!("cannot restore slice from {found}"),
        Shape::Map(_) => format!("cannot restore map from {found}"),
        Shape::Struct(_) => format!("cannot restore struct from: {found}"),
        Shape::Text if found == "int64" => {
            format!("cannot convert int64 to {}", go_type.trim_start_matches('*'))
        }
        _ => format!("unrecognized type: {}", kind_of(shape, go_type)),
    }
}

/// Returns Go's name of the kind of a plain type.
fn kind_of<'a>(shape: &Shape, go_type: &'a str) -> &'a str {
    match shape {
        Shape::Bool => "bool",
        Shape::Int32 => "int32",
        Shape::Int64 => "int64",
        Shape::Float => "float64",
        Shape::Text => "string",
        _ => go_type,
    }
}

/// Reads a schema that hides behind a type with its own decoder, which is never strict.
fn unchecked_schema(model: &Model, node: &Node) -> Value {
    match node {
        Node::Object(_) => Decoder::default().structure(model, Some(node)),
        Node::Array(items) => {
            Value::Array(items.iter().map(|item| unchecked_schema(model, item)).collect())
        }
        other => other.clone().into_value(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}
