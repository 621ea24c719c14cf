//! Conversions that many functions share.

use std::borrow::Cow;

use flux_gostd::number::{parse_f64, parse_i64};
use flux_gotemplate::{Value, printf};

/// Tells whether a value is the zero value of its type.
pub fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

/// The text of a value: strings and bytes as they are, others as `%v` prints them.
pub fn plain_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Raw(bytes) | Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
        other => Cow::Owned(printf("%v", std::slice::from_ref(other))),
    }
}

/// The texts of the items of a list, nils left out; of anything else its own text.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    if let Value::Nil = value {
        return Vec::new();
    }
    match value.items() {
        Some(items) => {
            let there = items.iter().filter(|item| !matches!(item, Value::Nil));
            there.map(|item| plain_text(item).into_owned()).collect()
        }
        None => vec![plain_text(value).into_owned()],
    }
}

/// Converts as Go does on most machines: what is out of range is the smallest number.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "range checked")]
pub(crate) fn truncate(number: f64) -> i64 {
    let fits = number > -9.223_372_036_854_778e18 && number < i64::MAX as f64;
    if fits { number as i64 } else { i64::MIN }
}

/// Makes a whole number of anything; what has none is 0.
pub fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint(number) => number.cast_signed(),
        Value::Byte(number) => (*number).into(),
        Value::Float(number) => truncate(*number),
        Value::Bool(value) => (*value).into(),
        Value::Str(text) => parse_i64(without_zero_decimals(text)).unwrap_or_default(),
        _ => 0,
    }
}

/// Cuts a fraction of zeros off.
fn without_zero_decimals(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    match trimmed.strip_suffix('.') {
        Some(whole) if trimmed.len() < text.len() => whole,
        _ => text,
    }
}

/// Makes a float of anything; what has none is 0.
#[expect(clippy::cast_precision_loss, reason = "as in Go")]
pub(crate) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Byte(number) => (*number).into(),
        Value::Float(number) => *number,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Str(text) => parse_f64(text).or_else(|| special(text)).unwrap_or_default(),
        _ => 0.0,
    }
}

fn special(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let (sign, name) = match lower.strip_prefix('-') {
        Some(name) => (-1.0, name),
        None => (1.0, lower.strip_prefix('+').unwrap_or(&lower)),
    };
    match name {
        "inf" | "infinity" => Some(sign * f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// Tells whether two values are equal in depth, their types included.
pub(crate) fn deep_equal(one: &Value, other: &Value) -> bool {
    #[expect(clippy::float_cmp, reason = "Go compares exactly")]
    match (one, other) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one), Value::Int(other)) | (Value::Int64(one), Value::Int64(other)) => {
            one == other
        }
        (Value::Uint(one), Value::Uint(other)) => one == other,
        (Value::Byte(one), Value::Byte(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(one), Value::Str(other)) => one == other,
        (Value::Raw(one), Value::Raw(other)) | (Value::Bytes(one), Value::Bytes(other)) => {
            one == other
        }
        (Value::List(a), Value::List(b)) => {
            a.element == b.element
                && a.items.len() == b.items.len()
                && a.items.iter().zip(b.items.iter()).all(|(a, b)| deep_equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            if std::rc::Rc::ptr_eq(&a.entries, &b.entries) {
                return a.element == b.element;
            }
            let (first, second) = (a.entries.borrow(), b.entries.borrow());
            a.element == b.element
                && first.len() == second.len()
                && first
                    .iter()
                    .zip(second.iter())
                    .all(|((x, a), (y, b))| x == y && deep_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.type_name() == b.type_name() && a.formatted() == b.formatted()
        }
        _ => false,
    }
}
