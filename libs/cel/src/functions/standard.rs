//! Operators, sizes, membership and the functions over texts that every environment has.

use std::cmp::Ordering;

use flux_gostd::{Duration, Regexp};

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{self, List, Outcome, Text, Value};

/// Declares the overloads of a comparison.
macro_rules! comparison {
    ($name:literal, $id:literal, $run:expr) => {
        function(
            $name,
            &[
                (concat!($id, "_bool"), "(bool, bool) -> bool"),
                (concat!($id, "_int64"), "(int, int) -> bool"),
                (concat!($id, "_int64_double"), "(int, double) -> bool"),
                (concat!($id, "_int64_uint64"), "(int, uint) -> bool"),
                (concat!($id, "_uint64"), "(uint, uint) -> bool"),
                (concat!($id, "_uint64_double"), "(uint, double) -> bool"),
                (concat!($id, "_uint64_int64"), "(uint, int) -> bool"),
                (concat!($id, "_double"), "(double, double) -> bool"),
                (concat!($id, "_double_int64"), "(double, int) -> bool"),
                (concat!($id, "_double_uint64"), "(double, uint) -> bool"),
                (concat!($id, "_string"), "(string, string) -> bool"),
                (concat!($id, "_bytes"), "(bytes, bytes) -> bool"),
                (concat!($id, "_timestamp"), "(timestamp, timestamp) -> bool"),
                (concat!($id, "_duration"), "(duration, duration) -> bool"),
            ],
            $run,
        )
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    function("_?_:_", &[("conditional", "(bool, A, A) -> A")], |_| no_overload()),
    function("_&&_", &[("logical_and", "(bool, bool) -> bool")], |_| no_overload()),
    function("_||_", &[("logical_or", "(bool, bool) -> bool")], |_| no_overload()),
    function("!_", &[("logical_not", "(bool) -> bool")], not),
    function("@not_strictly_false", &[("not_strictly_false", "(bool) -> bool")], |args| {
        Ok(Value::Bool(!matches!(args, [Value::Bool(false)])))
    }),
    function("_==_", &[("equals", "(A, A) -> bool")], |args| match args {
        [left, right] => Ok(Value::Bool(value::equal(left, right))),
        _ => no_overload(),
    }),
    function("_!=_", &[("not_equals", "(A, A) -> bool")], |args| match args {
        [left, right] => Ok(Value::Bool(!value::equal(left, right))),
        _ => no_overload(),
    }),
    function(
        "_+_",
        &[
            ("add_bytes", "(bytes, bytes) -> bytes"),
            ("add_double", "(double, double) -> double"),
            ("add_duration_duration", "(duration, duration) -> duration"),
            ("add_duration_timestamp", "(duration, timestamp) -> timestamp"),
            ("add_timestamp_duration", "(timestamp, duration) -> timestamp"),
            ("add_int64", "(int, int) -> int"),
            ("add_list", "(list(A), list(A)) -> list(A)"),
            ("add_string", "(string, string) -> string"),
            ("add_uint64", "(uint, uint) -> uint"),
        ],
        add,
    ),
    function(
        "_-_",
        &[
            ("subtract_double", "(double, double) -> double"),
            ("subtract_duration_duration", "(duration, duration) -> duration"),
            ("subtract_int64", "(int, int) -> int"),
            ("subtract_timestamp_duration", "(timestamp, duration) -> timestamp"),
            ("subtract_timestamp_timestamp", "(timestamp, timestamp) -> duration"),
            ("subtract_uint64", "(uint, uint) -> uint"),
        ],
        subtract,
    ),
    function(
        "_*_",
        &[
            ("multiply_double", "(double, double) -> double"),
            ("multiply_int64", "(int, int) -> int"),
            ("multiply_uint64", "(uint, uint) -> uint"),
        ],
        multiply,
    ),
    function(
        "_/_",
        &[
            ("divide_double", "(double, double) -> double"),
            ("divide_int64", "(int, int) -> int"),
            ("divide_uint64", "(uint, uint) -> uint"),
        ],
        divide,
    ),
    function(
        "_%_",
        &[("modulo_int64", "(int, int) -> int"), ("modulo_uint64", "(uint, uint) -> uint")],
        modulo,
    ),
    function(
        "-_",
        &[("negate_double", "(double) -> double"), ("negate_int64", "(int) -> int")],
        negate,
    ),
    comparison!("_<_", "less", |args| compare(args, "_<_", Ordering::is_lt)),
    comparison!("_<=_", "less_equals", |args| compare(args, "_<=_", Ordering::is_le)),
    comparison!("_>_", "greater", |args| compare(args, "_>_", Ordering::is_gt)),
    comparison!("_>=_", "greater_equals", |args| compare(args, "_>=_", Ordering::is_ge)),
    function(
        "_[_]",
        &[("index_list", "(list(A), int) -> A"), ("index_map", "(map(A, B), A) -> B")],
        |_| no_overload(),
    ),
    function(
        "@in",
        &[("in_list", "(A, list(A)) -> bool"), ("in_map", "(A, map(A, B)) -> bool")],
        contains_element,
    ),
    function(
        "size",
        &[
            ("size_bytes", "(bytes) -> int"),
            ("bytes_size", "bytes.() -> int"),
            ("size_list", "(list(A)) -> int"),
            ("list_size", "list(A).() -> int"),
            ("size_map", "(map(A, B)) -> int"),
            ("map_size", "map(A, B).() -> int"),
            ("size_string", "(string) -> int"),
            ("string_size", "string.() -> int"),
        ],
        size,
    ),
    function("contains", &[("contains_string", "string.(string) -> bool")], |args| {
        two_texts(args, |text, part| Ok(text.contains(part)))
    }),
    function("endsWith", &[("ends_with_string", "string.(string) -> bool")], |args| {
        two_texts(args, |text, part| Ok(text.ends_with(part)))
    }),
    function("startsWith", &[("starts_with_string", "string.(string) -> bool")], |args| {
        two_texts(args, |text, part| Ok(text.starts_with(part)))
    }),
    function(
        "matches",
        &[("matches", "(string, string) -> bool"), ("matches_string", "string.(string) -> bool")],
        |args| two_texts(args, |text, pattern| Ok(compile(pattern)?.is_match(text))),
    ),
];

/// Compiles a regular expression.
pub(crate) fn compile(pattern: &str) -> Result<Regexp, EvalError> {
    Regexp::new(pattern).map_err(|error| EvalError::new(error.to_string()))
}

fn two_texts<'v>(
    args: &[Value<'v>],
    test: impl Fn(&str, &str) -> Result<bool, EvalError>,
) -> Outcome<'v> {
    match args {
        [Value::String(text), Value::String(other)] => test(text, other).map(Value::Bool),
        _ => no_overload(),
    }
}

fn not<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Bool(value)] => Ok(Value::Bool(!value)),
        _ => no_overload(),
    }
}

fn int<'v>(value: Option<i64>) -> Outcome<'v> {
    value.map(Value::Int).ok_or_else(|| EvalError::new("integer overflow"))
}

fn uint<'v>(value: Option<u64>) -> Outcome<'v> {
    value.map(Value::Uint).ok_or_else(|| EvalError::new("unsigned integer overflow"))
}

fn duration<'v>(nanos: Option<i64>) -> Outcome<'v> {
    let span = nanos.map(|nanos| Value::Duration(Duration::from_nanos(nanos)));
    span.ok_or_else(|| EvalError::new("integer overflow"))
}

/// Refuses what an operator does not take: by name if it takes nothing like the left value.
fn refuse<'v>(name: &str, left: &Value<'v>, taken: &[&str]) -> Outcome<'v> {
    // Values that can be the target of calls are asked themselves, whatever the operator.
    let asked = matches!(left, Value::String(_) | Value::Timestamp(_) | Value::Duration(_));
    if asked || taken.contains(&left.type_of().name()) {
        return no_overload();
    }
    Err(EvalError::no_such_function(name))
}

pub(super) fn add<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(left), Value::Int(right)] => int(left.checked_add(*right)),
        [Value::Uint(left), Value::Uint(right)] => uint(left.checked_add(*right)),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left + right)),
        [Value::String(left), Value::String(right)] => {
            Ok(Value::String(Text::from(format!("{}{}", &**left, &**right))))
        }
        [Value::Bytes(left), Value::Bytes(right)] => {
            Ok(Value::Bytes([&**left, &**right].concat().into()))
        }
        [Value::List(left), Value::List(right)] => concat(left.clone(), right),
        [Value::Duration(left), Value::Duration(right)] => {
            duration(left.nanos().checked_add(right.nanos()))
        }
        [Value::Timestamp(time), Value::Duration(span)]
        | [Value::Duration(span), Value::Timestamp(time)] => super::time::shifted(time, *span),
        [left, _] => refuse(
            "_+_",
            left,
            &[
                "int",
                "uint",
                "double",
                "string",
                "bytes",
                "list",
                "google.protobuf.Duration",
                "google.protobuf.Timestamp",
            ],
        ),
        _ => no_overload(),
    }
}

/// Appends to a list; one that nobody else sees is not copied.
pub(crate) fn concat<'v>(left: List<'v>, right: &List<'v>) -> Outcome<'v> {
    if right.is_empty() {
        return Ok(Value::List(left));
    }
    let mut items = match left {
        List::Owned(items) => items,
        json => json.to_vec()?.into(),
    };
    let owned = std::sync::Arc::make_mut(&mut items);
    for item in right.iter() {
        owned.push(item?);
    }
    Ok(Value::List(List::Owned(items)))
}

fn subtract<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(left), Value::Int(right)] => int(left.checked_sub(*right)),
        [Value::Uint(left), Value::Uint(right)] => uint(left.checked_sub(*right)),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left - right)),
        [Value::Duration(left), Value::Duration(right)] => {
            duration(left.nanos().checked_sub(right.nanos()))
        }
        [Value::Timestamp(time), Value::Duration(span)] => {
            let back = span.nanos().checked_neg().map(Duration::from_nanos);
            let back = back.ok_or_else(|| EvalError::new("timestamp overflow"))?;
            super::time::shifted(time, back)
        }
        [Value::Timestamp(left), Value::Timestamp(right)] => super::time::between(left, right),
        [left, _] => refuse(
            "_-_",
            left,
            &["int", "uint", "double", "google.protobuf.Duration", "google.protobuf.Timestamp"],
        ),
        _ => no_overload(),
    }
}

fn multiply<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(left), Value::Int(right)] => int(left.checked_mul(*right)),
        [Value::Uint(left), Value::Uint(right)] => uint(left.checked_mul(*right)),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left * right)),
        [left, _] => refuse("_*_", left, &["int", "uint", "double"]),
        _ => no_overload(),
    }
}

fn divide<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => {
            Err(EvalError::new("division by zero"))
        }
        [Value::Int(left), Value::Int(right)] => int(left.checked_div(*right)),
        [Value::Uint(left), Value::Uint(right)] => uint(left.checked_div(*right)),
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left / right)),
        [left, _] => refuse("_/_", left, &["int", "uint", "double"]),
        _ => no_overload(),
    }
}

fn modulo<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => {
            Err(EvalError::new("modulus by zero"))
        }
        [Value::Int(left), Value::Int(right)] => int(left.checked_rem(*right)),
        [Value::Uint(left), Value::Uint(right)] => uint(left.checked_rem(*right)),
        [left, _] => refuse("_%_", left, &["int", "uint"]),
        _ => no_overload(),
    }
}

fn negate<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(value)] => int(value.checked_neg()),
        [Value::Double(value)] => Ok(Value::Double(-value)),
        [Value::Duration(span)] => duration(span.nanos().checked_neg()),
        [value] => refuse("-_", value, &["bool"]),
        _ => no_overload(),
    }
}

fn compare<'v>(args: &[Value<'v>], name: &str, test: fn(Ordering) -> bool) -> Outcome<'v> {
    let [left, right] = args else { return no_overload() };
    if let Some(order) = value::compare(left, right) {
        return Ok(Value::Bool(test(order)));
    }
    if value::is_number(left) && value::is_number(right) {
        return Err(EvalError::new("NaN values cannot be ordered"));
    }
    if matches!(left, Value::Double(number) if number.is_nan()) {
        return Err(EvalError::new("NaN values cannot be ordered"));
    }
    let taken = [
        "bool",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "google.protobuf.Duration",
        "google.protobuf.Timestamp",
    ];
    refuse(name, left, &taken)
}

fn contains_element<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [wanted, Value::List(list)] => {
            for item in list.iter() {
                if value::equal(&item?, wanted) {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        [wanted, Value::Map(map)] => Ok(Value::Bool(map.get(wanted).is_some())),
        _ => no_overload(),
    }
}

fn size<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [value @ (Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_))] => {
            Ok(Value::Int(i64::try_from(value.size()).unwrap_or(i64::MAX)))
        }
        [value] => refuse("size", value, &[]),
        _ => no_overload(),
    }
}
