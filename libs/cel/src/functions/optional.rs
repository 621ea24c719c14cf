//! Values that may be missing.

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{Outcome, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("optional.of", &[("optional_of", "(V) -> optional(V)")], |args| match args {
        [value] => Ok(Value::some(value.clone())),
        _ => no_overload(),
    }),
    function(
        "optional.ofNonZeroValue",
        &[("optional_ofNonZeroValue", "(V) -> optional(V)")],
        |args| match args {
            [value] if value.is_zero() => Ok(Value::NONE),
            [value] => Ok(Value::some(value.clone())),
            _ => no_overload(),
        },
    ),
    function("optional.none", &[("optional_none", "() -> optional(V)")], |_| Ok(Value::NONE)),
    function("value", &[("optional_value", "optional(V).() -> V")], |args| match args {
        [Value::Optional(Some(value))] => Ok((**value).clone()),
        [Value::Optional(None)] => Err(EvalError::new("optional.none() dereference")),
        _ => no_overload(),
    }),
    function("hasValue", &[("optional_hasValue", "optional(V).() -> bool")], |args| match args {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => no_overload(),
    }),
    function("or", &[("optional_or_optional", "optional(V).(optional(V)) -> optional(V)")], |_| {
        no_overload()
    }),
    function("orValue", &[("optional_orValue_value", "optional(V).(V) -> V")], |_| no_overload()),
    function("_?._", &[("select_optional_field", "(dyn, string) -> optional(V)")], |_| {
        no_overload()
    }),
    function(
        "_[?_]",
        &[
            ("list_optindex_optional_int", "(list(V), int) -> optional(V)"),
            ("optional_list_optindex_optional_int", "(optional(list(V)), int) -> optional(V)"),
            ("map_optindex_optional_value", "(map(K, V), K) -> optional(V)"),
            ("optional_map_optindex_optional_value", "(optional(map(K, V)), K) -> optional(V)"),
        ],
        |_| no_overload(),
    ),
    function(
        "_[_]",
        &[
            ("optional_list_index_int", "(optional(list(V)), int) -> optional(V)"),
            ("optional_map_index_value", "(optional(map(K, V)), K) -> optional(V)"),
        ],
        |_| no_overload(),
    ),
    function("first", &[("list_first", "list(V).() -> optional(V)")], |args| {
        end(args, Side::First)
    }),
    function("last", &[("list_last", "list(V).() -> optional(V)")], |args| end(args, Side::Last)),
    function("optional.unwrap", &[("optional_unwrap", "(list(optional(V))) -> list(V)")], unwrap),
    function("unwrapOpt", &[("optional_unwrapOpt", "list(optional(V)).() -> list(V)")], unwrap),
];

#[derive(Clone, Copy)]
enum Side {
    First,
    Last,
}

fn end<'v>(args: &[Value<'v>], side: Side) -> Outcome<'v> {
    let [Value::List(list)] = args else { return no_overload() };
    let index = match side {
        Side::First => Some(0),
        Side::Last => list.len().checked_sub(1),
    };
    match index.and_then(|index| list.get(index)) {
        Some(item) => Ok(Value::some(item?)),
        None => Ok(Value::NONE),
    }
}

fn unwrap<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let [Value::List(list)] = args else { return no_overload() };
    let mut items = Vec::new();
    for item in list.iter() {
        match item? {
            Value::Optional(Some(value)) => items.push((*value).clone()),
            Value::Optional(None) => {}
            _ => return no_overload(),
        }
    }
    Ok(Value::list(items))
}
