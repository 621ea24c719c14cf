//! Values of built-in kinds as a round through their Go types leaves them.
//!
//! Unknown fields go, empty ones go or become zero values as the type's tags say, quantities,
//! times and bytes take their canonical form.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::Time;
use serde_json::{Map, Value};

use crate::Quantity;
use crate::openapi::{self, Presence};

/// Why a value has no place in a Go type: something in it has another type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` does not fit the type of its field")]
pub struct WrongType {
    value: String,
}

/// Sends a value through the Go type behind an OpenAPI definition.
///
/// # Errors
/// A value of another type than its field's.
///
/// # Upstream
/// What `runtime.DefaultUnstructuredConverter` does there and back.
pub fn round_trip(definition: &'static str, value: &Value) -> Result<Value, WrongType> {
    structure(&model(definition), value)
}

struct Field {
    name: &'static str,
    presence: Presence,
    shape: Shape,
}

type Model = Vec<Field>;

enum Shape {
    Bool,
    Int32,
    Int64,
    Float,
    Text,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    Any,
    Struct(&'static str),
    List(Box<Shape>),
    Map(Box<Shape>),
}

fn model(definition: &'static str) -> Arc<Model> {
    static KNOWN: OnceLock<RwLock<HashMap<&'static str, Arc<Model>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    let found = known.read().unwrap_or_else(PoisonError::into_inner).get(definition).cloned();
    found.unwrap_or_else(|| {
        let schema = openapi::definition(definition).unwrap_or_default();
        let field = |field: openapi::GoField| Field {
            name: field.name,
            presence: field.presence,
            shape: shape(&schema["properties"][field.name]),
        };
        let built = Arc::new(openapi::go_fields(definition).map(field).collect());
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(definition).or_insert(built).clone()
    })
}

fn shape(schema: &Value) -> Shape {
    if let Some(target) = schema["$ref"].as_str().and_then(openapi::ref_target) {
        return named(target);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("boolean"), _) => Shape::Bool,
        (Some("integer"), Some("int32")) => Shape::Int32,
        (Some("integer"), _) => Shape::Int64,
        (Some("number"), _) => Shape::Float,
        (Some("string"), Some("byte")) => Shape::Bytes,
        (Some("string"), Some("date-time")) => Shape::Time,
        (Some("string"), Some("int-or-string")) => Shape::IntOrString,
        (Some("string"), _) => Shape::Text,
        (Some("array"), _) => Shape::List(Box::new(shape(&schema["items"]))),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            Shape::Map(Box::new(shape(&schema["additionalProperties"])))
        }
        _ => Shape::Any,
    }
}

fn named(target: &str) -> Shape {
    match target.rsplit('.').next().unwrap_or(target) {
        "Time" => Shape::Time,
        "MicroTime" => Shape::MicroTime,
        "Quantity" => Shape::Quantity,
        "IntOrString" => Shape::IntOrString,
        "RawExtension"
        | "FieldsV1"
        | "JSON"
        | "JSONSchemaPropsOrStringArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrArray" => Shape::Any,
        _ => match openapi::full_name(target) {
            Some((name, text)) if text.contains("\"type\":\"object\"") => Shape::Struct(name),
            Some((_, text)) => shape(&serde_json::from_str(text).unwrap_or_default()),
            None => Shape::Any,
        },
    }
}

fn wrong<T>(value: &Value) -> Result<T, WrongType> {
    Err(WrongType { value: value.to_string() })
}

fn structure(model: &Model, value: &Value) -> Result<Value, WrongType> {
    let Value::Object(given) = value else { return wrong(value) };
    let mut map = Map::new();
    for Field { name, presence, shape } in model {
        let value = match given.get(*name) {
            Some(Value::Null) | None => None,
            Some(value) => Some(convert(shape, value)?),
        };
        let written = match (presence, value) {
            (Presence::OmitEmpty, value) => value.filter(|value| !is_empty(value)),
            (Presence::OmitNil, value) => value,
            (Presence::OmitZeroStruct, value) => value.filter(|value| !value.is_null()),
            (_, Some(value)) => Some(value),
            (Presence::WriteNull, None) => Some(Value::Null),
            (Presence::WriteZero | Presence::Struct, None) => Some(zero(shape)),
        };
        if let Some(value) = written {
            map.insert((*name).to_owned(), value);
        }
    }
    Ok(Value::Object(map))
}

/// Returns what the encoder writes for a value that nobody set.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => Value::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => Value::from(0),
        Shape::Text => Value::from(""),
        Shape::Quantity => Value::from("0"),
        // An empty map fits every struct.
        Shape::Struct(name) => {
            structure(&model(name), &Value::Object(Map::new())).unwrap_or(Value::Null)
        }
        Shape::Bytes
        | Shape::Time
        | Shape::MicroTime
        | Shape::Any
        | Shape::List(_)
        | Shape::Map(_) => Value::Null,
    }
}

fn convert(shape: &Shape, value: &Value) -> Result<Value, WrongType> {
    if value.is_null() {
        return Ok(zero(shape));
    }
    match (shape, value) {
        (Shape::Any, value) => Ok(value.clone()),
        (Shape::Bool, Value::Bool(_)) | (Shape::Text, Value::String(_)) => Ok(value.clone()),
        (Shape::IntOrString, Value::String(_)) => Ok(value.clone()),
        (Shape::Int32 | Shape::IntOrString, Value::Number(_)) => {
            whole(value, |int| i32::try_from(int).is_ok())
        }
        (Shape::Int64, Value::Number(_)) => whole(value, |_| true),
        (Shape::Float, Value::Number(_)) => Ok(value.clone()),
        (Shape::Bytes, Value::String(text)) => {
            let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            STANDARD.decode(text).map(|b| STANDARD.encode(b).into()).or_else(|_| wrong(value))
        }
        (Shape::Time, Value::String(text)) => time(text, "2006-01-02T15:04:05Z07:00"),
        (Shape::MicroTime, Value::String(text)) => time(text, "2006-01-02T15:04:05.000000Z07:00"),
        (Shape::Quantity, Value::String(text)) => quantity(text.trim()),
        (Shape::Quantity, Value::Number(number)) => quantity(&number.to_string()),
        (Shape::Struct(name), Value::Object(_)) => structure(&model(name), value),
        (Shape::List(shape), Value::Array(items)) => {
            let items: Result<Vec<Value>, WrongType> =
                items.iter().map(|item| convert(shape, item)).collect();
            Ok(Value::Array(items?))
        }
        (Shape::Map(shape), Value::Object(entries)) => {
            let entries: Result<Map<String, Value>, WrongType> = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), convert(shape, value)?)))
                .collect();
            Ok(Value::Object(entries?))
        }
        _ => wrong(value),
    }
}

/// Reads an integer; `1.0` is one, `1.5` is not.
fn whole(value: &Value, fits: impl Fn(i64) -> bool) -> Result<Value, WrongType> {
    #[allow(clippy::cast_possible_truncation, reason = "checked against the value just read")]
    let int = value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        let int = float as i64;
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(int)
    });
    match int.filter(|int| fits(*int)) {
        Some(int) => Ok(int.into()),
        None => wrong(value),
    }
}

fn time(text: &str, layout: &str) -> Result<Value, WrongType> {
    let refused = || WrongType { value: text.to_owned() };
    let time = Time::parse_rfc3339(text).map_err(|_| refused())?;
    let utc = time.in_zone(flux_gostd::time::Zone::utc());
    let printed = utc.format(layout);
    Ok(if printed.starts_with("0001-01-01T00:00:00") { Value::Null } else { printed.into() })
}

fn quantity(text: &str) -> Result<Value, WrongType> {
    let refused = |_| WrongType { value: text.to_owned() };
    Ok(text.parse::<Quantity>().map_err(refused)?.to_string().into())
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

#[cfg(test)]
mod tests;
