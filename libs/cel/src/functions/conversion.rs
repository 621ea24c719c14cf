//! Conversions between types.

use std::sync::Arc;

use flux_gostd::time::RFC3339_NANO;
use flux_gostd::{Duration, Time};

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::types::Type;
use crate::value::{Outcome, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "bool",
        &[("bool_to_bool", "(bool) -> bool"), ("string_to_bool", "(string) -> bool")],
        to_bool,
    ),
    function(
        "bytes",
        &[("bytes_to_bytes", "(bytes) -> bytes"), ("string_to_bytes", "(string) -> bytes")],
        to_bytes,
    ),
    function(
        "double",
        &[
            ("double_to_double", "(double) -> double"),
            ("int64_to_double", "(int) -> double"),
            ("string_to_double", "(string) -> double"),
            ("uint64_to_double", "(uint) -> double"),
        ],
        to_double,
    ),
    function(
        "duration",
        &[
            ("duration_to_duration", "(duration) -> duration"),
            ("int64_to_duration", "(int) -> duration"),
            ("string_to_duration", "(string) -> duration"),
        ],
        to_duration,
    ),
    function("dyn", &[("to_dyn", "(A) -> dyn")], |args| match args {
        [value] => Ok(value.clone()),
        _ => no_overload(),
    }),
    function(
        "int",
        &[
            ("int64_to_int64", "(int) -> int"),
            ("double_to_int64", "(double) -> int"),
            ("duration_to_int64", "(duration) -> int"),
            ("string_to_int64", "(string) -> int"),
            ("timestamp_to_int64", "(timestamp) -> int"),
            ("uint64_to_int64", "(uint) -> int"),
        ],
        to_int,
    ),
    function(
        "string",
        &[
            ("string_to_string", "(string) -> string"),
            ("bool_to_string", "(bool) -> string"),
            ("bytes_to_string", "(bytes) -> string"),
            ("double_to_string", "(double) -> string"),
            ("duration_to_string", "(duration) -> string"),
            ("int64_to_string", "(int) -> string"),
            ("timestamp_to_string", "(timestamp) -> string"),
            ("uint64_to_string", "(uint) -> string"),
        ],
        to_string,
    ),
    function(
        "timestamp",
        &[
            ("timestamp_to_timestamp", "(timestamp) -> timestamp"),
            ("int64_to_timestamp", "(int) -> timestamp"),
            ("string_to_timestamp", "(string) -> timestamp"),
        ],
        to_timestamp,
    ),
    function("type", &[("type", "(A) -> type(A)")], |args| match args {
        [value] => Ok(Value::Type(value.type_of())),
        _ => no_overload(),
    }),
    function(
        "uint",
        &[
            ("uint64_to_uint64", "(uint) -> uint"),
            ("double_to_uint64", "(double) -> uint"),
            ("int64_to_uint64", "(int) -> uint"),
            ("string_to_uint64", "(string) -> uint"),
        ],
        to_uint,
    ),
];

fn no_conversion(from: &Value<'_>, to: &Type) -> EvalError {
    let (from, to) = (from.type_of(), to.name());
    EvalError::new(format!("type conversion error from '{}' to '{to}'", from.name()))
}

fn overflow() -> EvalError {
    EvalError::new("integer overflow")
}

fn unsigned_overflow() -> EvalError {
    EvalError::new("unsigned integer overflow")
}

fn single<'a, 'v>(args: &'a [Value<'v>]) -> Result<&'a Value<'v>, EvalError> {
    match args {
        [value] => Ok(value),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn to_bool<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    Ok(Value::Bool(match value {
        Value::Bool(value) => *value,
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => return Err(no_conversion(value, &Type::Bool)),
        },
        _ => return no_overload(),
    }))
}

fn to_bytes<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match single(args)? {
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
        Value::String(text) => Ok(Value::Bytes(Arc::from(text.as_bytes()))),
        _ => no_overload(),
    }
}

fn to_double<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    Ok(Value::Double(match value {
        Value::Double(value) => *value,
        Value::Int(value) => *value as f64,
        Value::Uint(value) => *value as f64,
        Value::String(text) => {
            parse_double(text).ok_or_else(|| no_conversion(value, &Type::Double))?
        }
        _ => return no_overload(),
    }))
}

/// Reads a floating point number as Go's `strconv.ParseFloat` does, hexadecimal ones apart.
fn parse_double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let special = ["inf", "infinity", "nan"].iter().any(|s| unsigned.eq_ignore_ascii_case(s));
    let signed_nan = unsigned.len() != text.len() && unsigned.eq_ignore_ascii_case("nan");
    if !special && !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') || signed_nan {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    (special || value.is_finite()).then_some(value)
}

fn to_int<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    Ok(Value::Int(match value {
        Value::Int(value) => *value,
        Value::Uint(value) => i64::try_from(*value).map_err(|_| overflow())?,
        Value::Double(value) => double_to_int(*value).ok_or_else(overflow)?,
        Value::Duration(span) => span.nanos(),
        Value::Timestamp(time) => time.unix(),
        Value::String(text) => parse_whole(text).ok_or_else(|| no_conversion(value, &Type::Int))?,
        _ => return no_overload(),
    }))
}

fn parse_whole(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn double_to_int(value: f64) -> Option<i64> {
    // Exclusive bounds, as the nearest doubles are out of range.
    (value > -9.223_372_036_854_776e18 && value < 9.223_372_036_854_776e18).then_some(value as i64)
}

fn to_uint<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    Ok(Value::Uint(match value {
        Value::Uint(value) => *value,
        Value::Int(value) => u64::try_from(*value).map_err(|_| unsigned_overflow())?,
        Value::Double(value) if *value >= 0.0 && *value < 1.844_674_407_370_955_2e19 => {
            *value as u64
        }
        Value::Double(_) => return Err(unsigned_overflow()),
        Value::String(text) => {
            let digits = !text.starts_with('+');
            let parsed = text.parse().ok().filter(|_| digits);
            parsed.ok_or_else(|| no_conversion(value, &Type::Uint))?
        }
        _ => return no_overload(),
    }))
}

fn to_string<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    if let Value::Bytes(bytes) = value {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| EvalError::new("invalid UTF-8 in bytes, cannot convert to string"))?;
        return Ok(Value::string(text));
    }
    if let Value::String(text) = value {
        return Ok(Value::String(text.clone()));
    }
    if matches!(value, Value::Type(_)) {
        return no_overload();
    }
    text_of(value).map(Value::string).ok_or_else(EvalError::no_such_overload)
}

/// Returns a scalar as text; `None` for what has no text.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) => double_text_short(*value),
        Value::String(text) => (**text).to_owned(),
        Value::Duration(span) => duration_text(*span),
        Value::Timestamp(time) => time.format(RFC3339_NANO),
        Value::Type(one) => one.name().to_owned(),
        Value::Opaque(opaque) => return opaque.text(),
        _ => return None,
    })
}

/// Prints a duration in seconds: `5400s`, `1.5s`.
pub(super) fn duration_text(span: Duration) -> String {
    format!("{}s", double_text_plain(span.seconds()))
}

/// Prints as Go's `strconv.FormatFloat(…, 'f', -1)`.
pub(super) fn double_text_plain(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{value}")
}

/// Prints as Go's `strconv.FormatFloat(…, 'g', -1)`, which `string(…)` does.
fn double_text_short(value: f64) -> String {
    general(value, 6)
}

/// Prints as Go's `%v`, which messages do.
pub(crate) fn double_text(value: f64) -> String {
    general(value, 21)
}

/// Prints with an exponent if it is below -4 or not below `limit`.
fn general(value: f64, limit: i32) -> String {
    if !value.is_finite() {
        return double_text_plain(value);
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..limit).contains(&exponent) {
        return double_text_plain(value);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

fn to_timestamp<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    let time = match value {
        Value::Timestamp(time) => return Ok(Value::Timestamp(time.clone())),
        Value::Int(seconds) => Time::from_unix(*seconds, 0),
        Value::String(text) => {
            Time::parse_rfc3339(text).map_err(|_| no_conversion(value, &Type::Timestamp))?
        }
        _ => return no_overload(),
    };
    if !super::time::in_range(&time) {
        return Err(EvalError::new("timestamp overflow"));
    }
    Ok(Value::Timestamp(Arc::new(time)))
}

fn to_duration<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let value = single(args)?;
    Ok(Value::Duration(match value {
        Value::Duration(span) => *span,
        Value::Int(_) => return Err(no_conversion(value, &Type::Duration)),
        Value::String(text) => text.parse().map_err(|_| no_conversion(value, &Type::Duration))?,
        _ => return no_overload(),
    }))
}

/// Tells whether `duration(text)` has a value.
pub(crate) fn is_duration(text: &str) -> bool {
    to_duration(&[Value::string(text)]).is_ok()
}

/// Tells whether `timestamp(text)` has a value.
pub(crate) fn is_timestamp(text: &str) -> bool {
    to_timestamp(&[Value::string(text)]).is_ok()
}
