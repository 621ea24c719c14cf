//! From JSON to values and back.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::{Duration, Time};
use serde_json::Value as Json;

use super::{Key, List, Map, Outcome, Text, Value};
use crate::error::EvalError;
use crate::schema::{Format, Schema, SchemaKind};

impl<'v> Value<'v> {
    /// Looks at a part of a document as a value, as its schema says if there is one.
    ///
    /// Whole numbers are signed; lists and maps refer to the document.
    ///
    /// # Errors
    /// The document does not fit the schema.
    pub fn from_json(json: &'v Json, schema: Option<&'v Schema>) -> Result<Self, EvalError> {
        match schema {
            None => Ok(plain(json)),
            Some(schema) => typed(json, schema),
        }
    }

    /// Returns the value as JSON; `None` for what JSON has no form of.
    pub fn to_json(&self) -> Option<Json> {
        Some(match self {
            Self::Null | Self::Optional(None) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Uint(value) => Json::from(*value),
            Self::Double(value) => serde_json::Number::from_f64(*value).map(Json::Number)?,
            Self::String(text) => Json::String((**text).to_owned()),
            Self::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
            Self::List(list) => {
                let items = list.iter().map(|item| item.ok()?.to_json());
                Json::Array(items.collect::<Option<_>>()?)
            }
            Self::Map(map) => {
                let entries = map.iter().map(|(key, value)| {
                    let key = match Key::of(&key)? {
                        Key::String(text) => text.to_string(),
                        other => crate::functions::text_of(&other.to_value())?,
                    };
                    Some((key, value.ok()?.to_json()?))
                });
                Json::Object(entries.collect::<Option<_>>()?)
            }
            Self::Timestamp(time) => Json::String(time.format(flux_gostd::time::RFC3339_NANO)),
            Self::Duration(span) => Json::String(span.to_string()),
            Self::Optional(Some(inner)) => inner.to_json()?,
            Self::Type(_) | Self::Opaque(_) => return None,
        })
    }
}

fn plain(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::Uint(value),
            (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Text::Borrowed(text)),
        Json::Array(items) => Value::List(List::Json(items, None)),
        Json::Object(map) => Value::Map(Map::Json(map, None)),
    }
}

fn typed<'v>(json: &'v Json, schema: &'v Schema) -> Outcome<'v> {
    if json.is_null() {
        if schema.nullable {
            return Ok(Value::Null);
        }
        return Err(EvalError::new("invalid data, got null for schema with nullable=false"));
    }
    let number = json.as_number();
    match (&schema.kind, json) {
        (SchemaKind::IntOrString, Json::String(text)) => Ok(Value::String(Text::Borrowed(text))),
        (SchemaKind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (SchemaKind::String(format), Json::String(text)) => formatted(text, *format),
        (SchemaKind::List(..), Json::Array(items)) => {
            Ok(Value::List(List::Json(items, Some(schema))))
        }
        (SchemaKind::Map(_) | SchemaKind::Object(_), Json::Object(map)) => {
            Ok(Value::Map(Map::Json(map, Some(schema))))
        }
        (SchemaKind::Double, _) if number.is_some() => {
            Ok(Value::Double(number.and_then(serde_json::Number::as_f64).unwrap_or(f64::NAN)))
        }
        (kind, json) => match (kind, number.and_then(serde_json::Number::as_i64)) {
            (SchemaKind::Int | SchemaKind::IntOrString, Some(value)) => Ok(Value::Int(value)),
            _ => Err(unfit(kind, json)),
        },
    }
}

fn unfit(kind: &SchemaKind, json: &Json) -> EvalError {
    let found = match json {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    };
    EvalError::new(match kind {
        SchemaKind::IntOrString => {
            "invalid data, expected XIntOrString value to be either a string or integer".to_owned()
        }
        SchemaKind::Bool => format!("invalid data, expected bool, got {found}"),
        SchemaKind::Int => format!("invalid data, expected int, got {found}"),
        SchemaKind::Double => format!("invalid data, expected float, got {found}"),
        SchemaKind::String(_) => format!("invalid data, expected string, got {found}"),
        SchemaKind::List(..) => {
            "invalid data, expected an array for the provided schema with type=array".to_owned()
        }
        SchemaKind::Map(_) | SchemaKind::Object(_) => {
            "invalid data, expected a map for the provided schema with type=object".to_owned()
        }
    })
}

fn formatted(text: &str, format: Format) -> Outcome<'_> {
    let time = |time: Time| Value::Timestamp(Arc::new(time));
    match format {
        Format::Plain => Ok(Value::String(Text::Borrowed(text))),
        Format::Byte => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Value::Bytes(Arc::from(bytes))),
            Err(error) => {
                Err(EvalError::new(format!("Invalid byte formatted string {text}: {error}")))
            }
        },
        Format::Date => Time::parse("2006-01-02", text).map(time).map_err(|error| {
            EvalError::new(format!("Invalid date formatted string {text}: {error}"))
        }),
        Format::DateTime => Time::parse_rfc3339(text).map(time).map_err(|error| {
            EvalError::new(format!("Invalid date-time formatted string {text}: {error}"))
        }),
        Format::Duration => text
            .parse::<Duration>()
            .map(Value::Duration)
            .map_err(|error| EvalError::new(format!("Invalid duration {text}: {error}"))),
    }
}
