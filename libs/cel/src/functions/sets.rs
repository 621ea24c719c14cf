//! Lists as sets.

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{self, List, Outcome, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "sets.contains",
        &[("list_sets_contains_list", "(list(T), list(T)) -> bool")],
        |args| two_lists(args, contains_all),
    ),
    function(
        "sets.equivalent",
        &[("list_sets_equivalent_list", "(list(T), list(T)) -> bool")],
        |args| {
            two_lists(args, |one, other| Ok(contains_all(one, other)? && contains_all(other, one)?))
        },
    ),
    function(
        "sets.intersects",
        &[("list_sets_intersects_list", "(list(T), list(T)) -> bool")],
        |args| two_lists(args, intersects),
    ),
];

fn two_lists<'v>(
    args: &[Value<'v>],
    test: impl Fn(&List<'v>, &List<'v>) -> Result<bool, EvalError>,
) -> Outcome<'v> {
    match args {
        [Value::List(one), Value::List(other)] => test(one, other).map(Value::Bool),
        _ => no_overload(),
    }
}

fn holds(list: &List<'_>, wanted: &Value<'_>) -> Result<bool, EvalError> {
    for item in list.iter() {
        if value::equal(&item?, wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn contains_all(list: &List<'_>, wanted: &List<'_>) -> Result<bool, EvalError> {
    for item in wanted.iter() {
        if !holds(list, &item?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn intersects(one: &List<'_>, other: &List<'_>) -> Result<bool, EvalError> {
    for item in one.iter() {
        if holds(other, &item?)? {
            return Ok(true);
        }
    }
    Ok(false)
}
