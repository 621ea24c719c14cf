//! Equality and order of values, across the types of numbers.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::{List, Map, Value};
use crate::schema::{ListKind, Schema};

/// Tells whether two values are equal; values of different kinds are not.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => **left == **right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => lists_equal(left, right),
        (Value::Map(left), Value::Map(right)) => maps_equal(left, right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.instant() == right.instant(),
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left.name() == right.name(),
        (Value::Optional(left), Value::Optional(right)) => match (left, right) {
            (None, None) => true,
            (Some(left), Some(right)) => equal(left, right),
            _ => false,
        },
        (Value::Opaque(left), Value::Opaque(right)) => left == right,
        _ => compare_numbers(left, right) == Some(Ordering::Equal),
    }
}

fn lists_equal(left: &List<'_>, right: &List<'_>) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let kind = |list: &List<'_>| match list {
        List::Json(_, schema) => schema.and_then(Schema::list_kind).unwrap_or(ListKind::Atomic),
        List::Owned(_) => ListKind::Atomic,
    };
    let in_order = |list: &List<'_>| matches!(kind(list), ListKind::Atomic);
    if in_order(left) && in_order(right) {
        return left.iter().zip(right.iter()).all(|pair| match pair {
            (Ok(left), Ok(right)) => equal(&left, &right),
            _ => false,
        });
    }
    left.iter().all(|item| {
        let Ok(item) = item else { return false };
        right.iter().flatten().any(|other| equal(&item, &other))
    })
}

fn maps_equal(left: &Map<'_>, right: &Map<'_>) -> bool {
    if let (Map::Json(left, Some(schema)), Map::Json(right, Some(_))) = (left, right)
        && schema.fields().is_some()
    {
        return objects_equal(left, right, schema);
    }
    left.len() == right.len()
        && left.iter().all(|(key, value)| match (value, right.get(&key)) {
            (Ok(value), Some(Ok(other))) => equal(&value, &other),
            _ => false,
        })
}

/// Compares objects by all their fields, also by those that expressions do not see.
fn objects_equal(
    left: &serde_json::Map<String, Json>,
    right: &serde_json::Map<String, Json>,
    schema: &Schema,
) -> bool {
    left.len() == right.len()
        && left.iter().all(|(name, value)| {
            let Some(other) = right.get(name) else { return false };
            let Some(field) = schema.property(name) else { return value == other };
            match (Value::from_json(value, Some(field)), Value::from_json(other, Some(field))) {
                (Ok(value), Ok(other)) => equal(&value, &other),
                _ => false,
            }
        })
}

/// Orders two values; `None` if they cannot be compared.
pub(crate) fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some((**left).cmp(&**right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            Some(left.instant().cmp(&right.instant()))
        }
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => compare_numbers(left, right),
    }
}

/// Tells whether a value is a number.
pub(crate) fn is_number(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

/// Orders two numbers of any types; `None` if one is none or not comparable.
fn compare_numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    let whole = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Double(left), right) => {
            compare_whole_with_double(whole(right)?, *left).map(Ordering::reverse)
        }
        (left, Value::Double(right)) => compare_whole_with_double(whole(left)?, *right),
        (left, right) => Some(whole(left)?.cmp(&whole(right)?)),
    }
}

fn compare_whole_with_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Both limits are beyond every 64-bit number; between them the conversion is exact.
    if double >= 1.9e19 {
        return Some(Ordering::Less);
    }
    if double <= -1.0e19 {
        return Some(Ordering::Greater);
    }
    let floor = double.floor();
    let order = whole.cmp(&(floor as i128));
    Some(order.then(if double > floor { Ordering::Less } else { Ordering::Equal }))
}
