//! Comparison of JSON values as structured merge sees them, and their Go spellings in messages.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use flux_gostd::number::{Layout, format_f64};
use flux_gostd::quote::quote;
use serde_json::{Number, Value};

/// Returns whether `left` and `right` are the same; `1` and `1.0` are.
pub fn equals(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) => compare_numbers(l, r) == Ordering::Equal,
        (Value::Array(l), Value::Array(r)) => {
            l.len() == r.len() && l.iter().zip(r).all(|(l, r)| equals(l, r))
        }
        (Value::Object(l), Value::Object(r)) => {
            l.len() == r.len()
                && l.iter().zip(r).all(|((lk, lv), (rk, rv))| lk == rk && equals(lv, rv))
        }
        _ => left == right,
    }
}

/// Orders values: numbers, strings, booleans, lists, maps, null; each kind by content.
pub(crate) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) => compare_numbers(l, r),
        (Value::String(l), Value::String(r)) => l.cmp(r),
        (Value::Bool(l), Value::Bool(r)) => l.cmp(r),
        (Value::Array(l), Value::Array(r)) => {
            for (l, r) in l.iter().zip(r) {
                match compare(l, r) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                }
            }
            l.len().cmp(&r.len())
        }
        (Value::Object(l), Value::Object(r)) => {
            for ((lk, lv), (rk, rv)) in l.iter().zip(r) {
                match lk.cmp(rk).then_with(|| compare(lv, rv)) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                }
            }
            l.len().cmp(&r.len())
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (left.as_i64(), right.as_i64()) {
        (Some(l), Some(r)) => l.cmp(&r),
        _ => {
            let l = left.as_f64().unwrap_or(f64::NAN);
            let r = right.as_f64().unwrap_or(f64::NAN);
            l.partial_cmp(&r).unwrap_or(Ordering::Equal)
        }
    }
}

/// Prints a value as it stands in a printed path: strings quoted, the rest plain.
pub(crate) struct InPath<'a>(pub(crate) &'a Value);

impl fmt::Display for InPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Number(number) => f.write_str(&number_text(number)),
            Value::String(text) => f.write_str(&quote(text)),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Array(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_char(',')?;
                    }
                    InPath(item).fmt(f)?;
                }
                f.write_char(']')
            }
            Value::Object(map) => {
                map.iter().try_for_each(|(key, value)| write!(f, "{key}={}", InPath(value)))
            }
        }
    }
}

/// Prints a value as Go's `%v` does for decoded JSON.
pub struct Plain<'a>(pub &'a Value);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("<nil>"),
            Value::Number(number) => f.write_str(&number_text(number)),
            Value::String(text) => f.write_str(text),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Array(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_char(' ')?;
                    }
                    Plain(item).fmt(f)?;
                }
                f.write_char(']')
            }
            Value::Object(map) => {
                f.write_str("map[")?;
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        f.write_char(' ')?;
                    }
                    write!(f, "{key}:{}", Plain(value))?;
                }
                f.write_char(']')
            }
        }
    }
}

/// Prints a value as Go's `%#v` does for decoded JSON.
pub(crate) struct GoSyntax<'a>(pub(crate) &'a Value);

impl fmt::Display for GoSyntax<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("interface {}(nil)"),
            Value::Number(number) => f.write_str(&number_text(number)),
            Value::String(text) => f.write_str(&quote(text)),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Array(items) => {
                f.write_str("[]interface {}{")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    GoSyntax(item).fmt(f)?;
                }
                f.write_char('}')
            }
            Value::Object(map) => {
                f.write_str("map[string]interface {}{")?;
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{}:{}", quote(key), GoSyntax(value))?;
                }
                f.write_char('}')
            }
        }
    }
}

/// Names the Go type that a decoded JSON value has.
pub(crate) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Prints a number as `%v`: integers plain, floats with an exponent from 1e+06 on.
pub(crate) fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format_f64(float, Layout::General),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests;
