//! Sums, extremes, order and search in lists; slices, sorting and ranges.

use std::cmp::Ordering;

use flux_gostd::Duration;

use super::super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::functions::standard;
use crate::value::{self, List, Outcome, Value};

/// Declares one overload for each type whose values have an order.
macro_rules! over_comparable {
    ($name:literal, $suffix:expr, $result:literal) => {
        &[
            (concat!("list_int_", $suffix), concat!("list(int).() -> ", $result)),
            (concat!("list_uint_", $suffix), concat!("list(uint).() -> ", $result)),
            (concat!("list_double_", $suffix), concat!("list(double).() -> ", $result)),
            (concat!("list_bool_", $suffix), concat!("list(bool).() -> ", $result)),
            (concat!("list_duration_", $suffix), concat!("list(duration).() -> ", $result)),
            (concat!("list_timestamp_", $suffix), concat!("list(timestamp).() -> ", $result)),
            (concat!("list_string_", $suffix), concat!("list(string).() -> ", $result)),
            (concat!("list_bytes_", $suffix), concat!("list(bytes).() -> ", $result)),
        ]
    };
}

/// Declares one overload for each type whose values have an order, returning one of them.
macro_rules! picks_comparable {
    ($name:literal) => {
        &[
            (concat!("list_int_", $name, "_int"), "list(int).() -> int"),
            (concat!("list_uint_", $name, "_uint"), "list(uint).() -> uint"),
            (concat!("list_double_", $name, "_double"), "list(double).() -> double"),
            (concat!("list_bool_", $name, "_bool"), "list(bool).() -> bool"),
            (concat!("list_duration_", $name, "_duration"), "list(duration).() -> duration"),
            (concat!("list_timestamp_", $name, "_timestamp"), "list(timestamp).() -> timestamp"),
            (concat!("list_string_", $name, "_string"), "list(string).() -> string"),
            (concat!("list_bytes_", $name, "_bytes"), "list(bytes).() -> bytes"),
        ]
    };
}

/// Kubernetes' own functions.
pub(in super::super) const KUBERNETES: &[Function] = &[
    function("isSorted", over_comparable!("isSorted", "is_sorted_bool", "bool"), is_sorted),
    function(
        "sum",
        &[
            ("list_int_sum_int", "list(int).() -> int"),
            ("list_uint_sum_uint", "list(uint).() -> uint"),
            ("list_double_sum_double", "list(double).() -> double"),
            ("list_duration_sum_duration", "list(duration).() -> duration"),
        ],
        sum,
    ),
    function("max", picks_comparable!("max"), |args| extreme(args, "max", Ordering::Less)),
    function("min", picks_comparable!("min"), |args| extreme(args, "min", Ordering::Greater)),
    function("indexOf", &[("list_a_index_of_int", "list(A).(A) -> int")], |args| {
        position(args, Direction::Forwards)
    }),
    function("lastIndexOf", &[("list_a_last_index_of_int", "list(A).(A) -> int")], |args| {
        position(args, Direction::Backwards)
    }),
];

/// The extended functions of the language.
pub(in super::super) const EXTENDED: &[Function] = &[
    function("slice", &[("list_slice", "list(T).(int, int) -> list(T)")], slice),
    function(
        "flatten",
        &[
            ("list_flatten", "list(list(T)).() -> list(T)"),
            ("list_flatten_int", "list(dyn).(int) -> list(dyn)"),
        ],
        |args| match args {
            [Value::List(list)] => flatten(list, 1).map(Value::list),
            [Value::List(_), Value::Int(depth)] if *depth < 0 => {
                Err(EvalError::new("level must be non-negative"))
            }
            [Value::List(list), Value::Int(depth)] => flatten(list, *depth).map(Value::list),
            _ => no_overload(),
        },
    ),
    function("distinct", &[("list_distinct", "list(T).() -> list(T)")], distinct),
    function("lists.range", &[("lists_range", "(int) -> list(int)")], range),
    function("reverse", &[("list_reverse", "list(T).() -> list(T)")], |args| match args {
        [Value::List(list)] => {
            let mut items = list.to_vec()?;
            items.reverse();
            Ok(Value::list(items))
        }
        _ => no_overload(),
    }),
    function(
        "sort",
        &[
            ("list_int_sort", "list(int).() -> list(int)"),
            ("list_uint_sort", "list(uint).() -> list(uint)"),
            ("list_double_sort", "list(double).() -> list(double)"),
            ("list_bool_sort", "list(bool).() -> list(bool)"),
            ("list_duration_sort", "list(duration).() -> list(duration)"),
            ("list_timestamp_sort", "list(timestamp).() -> list(timestamp)"),
            ("list_string_sort", "list(string).() -> list(string)"),
            ("list_bytes_sort", "list(bytes).() -> list(bytes)"),
        ],
        |args| match args {
            [Value::List(list)] => sort(list, list),
            _ => no_overload(),
        },
    ),
    function(
        "@sortByAssociatedKeys",
        &[
            ("list_int_sortByAssociatedKeys", "list(T).(list(int)) -> list(T)"),
            ("list_uint_sortByAssociatedKeys", "list(T).(list(uint)) -> list(T)"),
            ("list_double_sortByAssociatedKeys", "list(T).(list(double)) -> list(T)"),
            ("list_bool_sortByAssociatedKeys", "list(T).(list(bool)) -> list(T)"),
            ("list_duration_sortByAssociatedKeys", "list(T).(list(duration)) -> list(T)"),
            ("list_timestamp_sortByAssociatedKeys", "list(T).(list(timestamp)) -> list(T)"),
            ("list_string_sortByAssociatedKeys", "list(T).(list(string)) -> list(T)"),
            ("list_bytes_sortByAssociatedKeys", "list(T).(list(bytes)) -> list(T)"),
        ],
        |args| match args {
            [Value::List(list), Value::List(keys)] => sort(list, keys),
            _ => no_overload(),
        },
    ),
];

/// How many numbers a range may have.
const RANGE_LIMIT: i64 = 1_000_000;

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forwards,
    Backwards,
}

fn list_of<'a, 'v>(args: &'a [Value<'v>]) -> Result<&'a List<'v>, EvalError> {
    match args {
        [Value::List(list)] => Ok(list),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn is_sorted<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let mut previous: Option<Value<'v>> = None;
    for item in list_of(args)?.iter() {
        let item = item?;
        if let Some(previous) = &previous {
            let order = value::compare(previous, &item).ok_or_else(EvalError::no_such_overload)?;
            if order.is_gt() {
                return Ok(Value::Bool(false));
            }
        }
        previous = Some(item);
    }
    Ok(Value::Bool(true))
}

fn sum<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let list = list_of(args)?;
    let mut total = match list.get(0).transpose()? {
        Some(Value::Uint(_)) => Value::Uint(0),
        Some(Value::Double(_)) => Value::Double(0.0),
        Some(Value::Duration(_)) => Value::Duration(Duration::ZERO),
        None | Some(Value::Int(_)) => Value::Int(0),
        Some(_) => return no_overload(),
    };
    for item in list.iter() {
        total = standard::add(&[total, item?])?;
    }
    Ok(total)
}

fn extreme<'v>(args: &[Value<'v>], name: &str, replaced_if: Ordering) -> Outcome<'v> {
    let mut best: Option<Value<'v>> = None;
    for item in list_of(args)?.iter() {
        let item = item?;
        let better = match &best {
            None => true,
            Some(best) => {
                value::compare(best, &item).ok_or_else(EvalError::no_such_overload)? == replaced_if
            }
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| EvalError::new(format!("{name} called on empty list")))
}

fn position<'v>(args: &[Value<'v>], direction: Direction) -> Outcome<'v> {
    let [Value::List(list), wanted] = args else { return no_overload() };
    let mut found = -1;
    for (index, item) in (0..).zip(list.iter()) {
        if value::equal(&item?, wanted) {
            found = index;
            if direction == Direction::Forwards {
                break;
            }
        }
    }
    Ok(Value::Int(found))
}

fn slice<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let [Value::List(list), Value::Int(start), Value::Int(end)] = args else {
        return no_overload();
    };
    let fail = |problem: String| EvalError::new(format!("cannot slice({start}, {end}), {problem}"));
    if *start < 0 || *end < 0 {
        return Err(fail("negative indexes not supported".to_owned()));
    }
    if start > end {
        return Err(fail("start index must be less than or equal to end index".to_owned()));
    }
    let length = list.len();
    let (from, to) = (usize::try_from(*start), usize::try_from(*end));
    match (from, to) {
        (Ok(from), Ok(to)) if to <= length => {
            let items = (from..to).filter_map(|index| list.get(index));
            Ok(Value::list(items.collect::<Result<_, _>>()?))
        }
        _ => Err(fail(format!("list is length {length}"))),
    }
}

fn flatten<'v>(list: &List<'v>, depth: i64) -> Result<Vec<Value<'v>>, EvalError> {
    let mut items = Vec::new();
    for item in list.iter() {
        match item? {
            Value::List(inner) if depth > 0 => items.extend(flatten(&inner, depth - 1)?),
            other => items.push(other),
        }
    }
    Ok(items)
}

fn distinct<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let mut kept: Vec<Value<'v>> = Vec::new();
    for item in list_of(args)?.iter() {
        let item = item?;
        if !kept.iter().any(|own| value::equal(own, &item)) {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn range<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Int(count)] if *count > RANGE_LIMIT => {
            Err(EvalError::new(format!("range of {count} is too long")))
        }
        [Value::Int(count)] => Ok(Value::list((0..*count).map(Value::Int).collect())),
        _ => no_overload(),
    }
}

/// Orders a list as its keys are ordered.
fn sort<'v>(list: &List<'v>, keys: &List<'v>) -> Outcome<'v> {
    if list.len() != keys.len() {
        return Err(EvalError::new(format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, \
             but got {} and {} elements respectively",
            list.len(),
            keys.len()
        )));
    }
    let mut pairs: Vec<_> = keys.to_vec()?.into_iter().zip(list.to_vec()?).collect();
    let Some((first, _)) = pairs.first() else { return Ok(Value::List(list.clone())) };
    let first = first.type_of();
    if pairs.iter().any(|(key, _)| key.type_of().name() != first.name()) {
        return Err(EvalError::new("list elements must have the same type"));
    }
    if pairs.iter().any(|(key, _)| value::compare(key, key).is_none()) {
        return Err(EvalError::new("list elements must be comparable"));
    }
    pairs.sort_by(|(one, _), (other, _)| value::compare(one, other).unwrap_or(Ordering::Equal));
    Ok(Value::list(pairs.into_iter().map(|(_, item)| item).collect()))
}
