//! Go's rules for comparing values.

use crate::format::printf;
use crate::function::CallError;
use crate::value::Value;

/// The kinds within which values compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
    Str,
    Other,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) | Value::Int64(_) => Kind::Int,
        Value::Uint(_) | Value::Byte(_) => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Complex(..) => Kind::Complex,
        Value::Str(_) | Value::Raw(_) => Kind::Str,
        Value::Nil
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Object(_)
        | Value::Func(_) => Kind::Other,
    }
}

fn incompatible(one: &Value, other: &Value) -> CallError {
    let (one, other) = (one.type_name(), other.type_name());
    CallError::new(format!("incompatible types for comparison: {one} and {other}"))
}

/// Tells whether the first value equals one of the others.
pub(crate) fn equal(arguments: &[Value]) -> Result<bool, CallError> {
    let Some((first, others @ [_, ..])) = arguments.split_first() else {
        return Err("missing argument for comparison".into());
    };
    for other in others {
        if pair_equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn pair_equal(one: &Value, other: &Value) -> Result<bool, CallError> {
    if let (Some(one), Some(other)) = (one.integer(), other.integer()) {
        return Ok(one == other);
    }
    #[expect(clippy::float_cmp, reason = "Go compares exactly")]
    Ok(match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Str(one), Value::Str(other)) => one == other,
        (Value::Raw(one), Value::Raw(other)) => one == other,
        (Value::Str(_), Value::Raw(_)) | (Value::Raw(_), Value::Str(_)) => false,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Nil, Value::Nil) => true,
        (Value::Nil, _) | (_, Value::Nil) => false,
        (Value::Object(one), Value::Object(other)) => std::rc::Rc::ptr_eq(one, other),
        _ if kind(one) != kind(other) => return Err(incompatible(one, other)),
        _ if one.type_name() == other.type_name() => {
            let text = printf("%s", std::slice::from_ref(other));
            let name = other.type_name();
            return Err(CallError::new(format!("non-comparable type {text}: {name}")));
        }
        _ => {
            let shown =
                [one.clone(), one.type_name().into(), other.type_name().into(), other.clone()];
            return Err(CallError::new(printf("non-comparable types %s: %v, %s: %v", &shown)));
        }
    })
}

/// Tells whether the first value is less than the second.
pub(crate) fn less(arguments: &[Value]) -> Result<bool, CallError> {
    let [one, other] = arguments else {
        return Err("missing argument for comparison".into());
    };
    if kind(one) == Kind::Other || kind(other) == Kind::Other {
        return Err("invalid type for comparison".into());
    }
    if let (Some(one), Some(other)) = (one.integer(), other.integer()) {
        return Ok(one < other);
    }
    match (one, other) {
        (Value::Str(one), Value::Str(other)) => Ok(one < other),
        (Value::Float(one), Value::Float(other)) => Ok(one < other),
        _ if kind(one) != kind(other) => Err(incompatible(one, other)),
        _ => Err("invalid type for comparison".into()),
    }
}
