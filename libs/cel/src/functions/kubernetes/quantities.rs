//! Quantities of resources.

use super::super::{Function, function, no_overload};
use super::opaque;
use crate::error::EvalError;
use crate::opaque::Opaque;
use crate::opaque::quantity::Quantity;
use crate::value::{Outcome, Value};

pub(in super::super) const FUNCTIONS: &[Function] = &[
    function("quantity", &[("string_to_quantity", "(string) -> kubernetes.Quantity")], |args| {
        match args {
            [Value::String(text)] => match Quantity::parse(text) {
                Ok(quantity) => Ok(opaque(Opaque::Quantity(quantity))),
                Err(error) => Err(EvalError::new(error.to_string())),
            },
            _ => no_overload(),
        }
    }),
    function("isQuantity", &[("is_quantity_string", "(string) -> bool")], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(Quantity::parse(text).is_ok())),
        _ => no_overload(),
    }),
    function("sign", &[("quantity_sign", "(kubernetes.Quantity) -> int")], |args| {
        Ok(Value::Int(quantity_of(args.first())?.sign()))
    }),
    function(
        "isGreaterThan",
        &[("quantity_is_greater_than", "kubernetes.Quantity.(kubernetes.Quantity) -> bool")],
        |args| compare(args, |order| Value::Bool(order.is_gt())),
    ),
    function(
        "isLessThan",
        &[("quantity_is_less_than", "kubernetes.Quantity.(kubernetes.Quantity) -> bool")],
        |args| compare(args, |order| Value::Bool(order.is_lt())),
    ),
    function(
        "compareTo",
        &[("quantity_compare_to", "kubernetes.Quantity.(kubernetes.Quantity) -> int")],
        |args| compare(args, |order| Value::Int(order as i64)),
    ),
    function(
        "asApproximateFloat",
        &[("quantity_get_float", "kubernetes.Quantity.() -> double")],
        |args| Ok(Value::Double(quantity_of(args.first())?.as_double())),
    ),
    function("asInteger", &[("quantity_get_int", "kubernetes.Quantity.() -> int")], |args| {
        let value = quantity_of(args.first())?.as_int();
        value.map(Value::Int).ok_or_else(|| EvalError::new("cannot convert value to integer"))
    }),
    function("isInteger", &[("quantity_is_integer", "kubernetes.Quantity.() -> bool")], |args| {
        Ok(Value::Bool(quantity_of(args.first())?.as_int().is_some()))
    }),
    function(
        "add",
        &[
            ("quantity_add", "kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity"),
            ("quantity_add_int", "kubernetes.Quantity.(int) -> kubernetes.Quantity"),
        ],
        |args| combine(args, Quantity::plus),
    ),
    function(
        "sub",
        &[
            ("quantity_sub", "kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity"),
            ("quantity_sub_int", "kubernetes.Quantity.(int) -> kubernetes.Quantity"),
        ],
        |args| combine(args, Quantity::minus),
    ),
];

fn quantity_of(value: Option<&Value<'_>>) -> Result<Quantity, EvalError> {
    match value {
        Some(Value::Opaque(value)) => match **value {
            Opaque::Quantity(quantity) => Ok(quantity),
            _ => Err(EvalError::no_such_overload()),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn compare<'v>(
    args: &[Value<'v>],
    result: impl Fn(std::cmp::Ordering) -> Value<'v>,
) -> Outcome<'v> {
    let (one, other) = (quantity_of(args.first())?, quantity_of(args.get(1))?);
    Ok(result(one.compare(other)))
}

fn combine<'v>(args: &[Value<'v>], with: impl Fn(Quantity, Quantity) -> Quantity) -> Outcome<'v> {
    let one = quantity_of(args.first())?;
    let other = match args.get(1) {
        Some(Value::Int(value)) => Quantity::of_int(*value),
        other => quantity_of(other)?,
    };
    Ok(opaque(Opaque::Quantity(with(one, other))))
}
