//! What calls cost with the values that they were given.

use super::range::scale;
use super::{CHARACTER, LIST, PATTERN, compares, costs_one};
use crate::opaque::Opaque;
use crate::value::{List, Value};

fn size(value: Option<&Value<'_>>) -> u64 {
    value.map_or(1, |value| match value {
        Value::Opaque(opaque) => match **opaque {
            Opaque::Ip(address) | Opaque::Cidr(address, _) if address.is_ipv4() => 4,
            Opaque::Ip(_) | Opaque::Cidr(..) => 16,
            _ => 1,
        },
        value => u64::try_from(value.size()).unwrap_or(u64::MAX),
    })
}

/// Returns what `==` or `!=` costs.
pub(crate) fn equality_cost(function: &str, args: &[Value<'_>]) -> u64 {
    if function == "_==_" && matches!(args.first(), Some(Value::Opaque(_))) {
        return 1;
    }
    scale(size(args.first()).min(size(args.get(1))), CHARACTER)
}

/// Returns what a search for a pattern in a text costs.
pub(crate) fn pattern_cost(text: &Value<'_>, pattern: &Value<'_>) -> u64 {
    let text = scale(size(Some(text)).saturating_add(1), CHARACTER);
    text.saturating_mul(scale(size(Some(pattern)), PATTERN))
}

/// Returns what a call costs.
pub(crate) fn call_cost(
    function: &str,
    overload: Option<&str>,
    args: &[Value<'_>],
    result: Option<&Value<'_>>,
) -> u64 {
    let (first, second) = (args.first(), args.get(1));
    let overload = overload.unwrap_or_default();
    if let Some(cost) = of_lists(overload, args, result) {
        return cost;
    }
    if let Some(cost) = of_library(function, overload, args, result) {
        return cost;
    }
    match overload {
        "starts_with_string" | "ends_with_string" | "string_to_bytes" | "bytes_to_string"
        | "strings_quote" | "string_format" => scale(size(first), CHARACTER),
        "in_list" => size(second),
        "add_string" | "add_bytes" => scale(size(first).saturating_add(size(second)), CHARACTER),
        "matches_string" => match (first, second) {
            (Some(text), Some(pattern)) => pattern_cost(text, pattern),
            _ => 1,
        },
        "contains_string" => {
            scale(size(first), CHARACTER).saturating_mul(scale(size(second), CHARACTER))
        }
        overload if compares(overload) => equality_cost(function, args),
        _ => 1,
    }
}

/// The functions that the API server counts by name.
fn of_library(
    function: &str,
    overload: &str,
    args: &[Value<'_>],
    result: Option<&Value<'_>>,
) -> Option<u64> {
    let (first, second) = (args.first(), args.get(1));
    Some(match function {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            first.map_or(0, traversal)
        }
        "ip" if overload == "cidr_ip" => 1,
        "url" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "cidr" | "isIP" | "isCIDR"
        | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver" => scale(size(first), CHARACTER),
        "replace" | "split" | "ip.isCanonical" => scale(size(first), 2.0 * CHARACTER),
        "join" => scale(size(result), 2.0 * CHARACTER),
        "find" | "findAll" => pattern_cost(first?, second?),
        "containsIP" | "containsCIDR" => {
            let network = size(first);
            let mut cost = scale(network.saturating_mul(2), CHARACTER);
            if function == "containsCIDR" {
                cost = cost.saturating_add(scale(network, CHARACTER)).saturating_add(1);
            }
            if overload.ends_with("_string") {
                cost = cost.saturating_add(scale(size(second), CHARACTER));
            }
            cost
        }
        "validate" => {
            let Some(Value::Opaque(format)) = first else { return None };
            let Opaque::Format(name) = **format else { return None };
            let text = scale(size(second).saturating_add(1), CHARACTER);
            text.saturating_mul(scale(format_size(name), PATTERN))
        }
        function if costs_one(function) => 1,
        _ => return None,
    })
}

/// Returns how long the pattern behind a format is taken to be.
fn format_size(name: &str) -> u64 {
    match name {
        "dns1123Label" | "dns1123LabelPrefix" | "dns1035Label" | "dns1035LabelPrefix" => 30,
        "labelValue" => 40,
        "uri" => 1103,
        "byte" => 84,
        "date" | "datetime" => 125,
        "uuid" => 84,
        _ => 60,
    }
}

/// The functions that make or compare lists.
fn of_lists(overload: &str, args: &[Value<'_>], result: Option<&Value<'_>>) -> Option<u64> {
    let allocating = |units: u64| units.saturating_add(1 + LIST);
    let (first, second) = (size(args.first()), size(args.get(1)));
    let factor = match overload {
        "list_sets_contains_list" | "list_sets_intersects_list" => 1,
        "list_sets_equivalent_list" => 2,
        "list_slice" | "lists_range" | "list_reverse" => return Some(allocating(size(result))),
        "list_flatten" => return Some(allocating(first)),
        "list_flatten_int" => {
            let Some(Value::Int(depth)) = args.get(1) else { return None };
            return Some(allocating(first.saturating_mul(u64::try_from(*depth).unwrap_or(0))));
        }
        "list_distinct" => return self_comparison(args.first()).map(allocating),
        overload if overload.ends_with("_sortByAssociatedKeys") => {
            return self_comparison(args.get(1)).map(allocating);
        }
        overload if overload.starts_with("list_") && overload.ends_with("_sort") => {
            return self_comparison(args.first()).map(allocating);
        }
        _ => return None,
    };
    Some(first.saturating_mul(second).saturating_mul(factor).saturating_add(1))
}

fn self_comparison(list: Option<&Value<'_>>) -> Option<u64> {
    let Some(Value::List(list)) = list else { return None };
    let first = list.get(0).and_then(Result::ok);
    let texts = matches!(first, Some(Value::String(_) | Value::Bytes(_)));
    let factor = if texts { 2.0 + CHARACTER } else { 2.0 };
    let length = u64::try_from(list.len()).unwrap_or(u64::MAX);
    Some((length.saturating_mul(length) as f64 * factor) as u64)
}

/// Returns what it costs to look at every part of a value.
fn traversal(value: &Value<'_>) -> u64 {
    let part = |item: Result<Value<'_>, _>| item.map_or(0, |item: Value<'_>| traversal(&item));
    match value {
        Value::String(text) => (text.len() as f64 * CHARACTER) as u64,
        Value::Bytes(bytes) => (bytes.len() as f64 * CHARACTER) as u64,
        Value::List(list) => List::iter(list).map(part).sum(),
        Value::Map(map) => map.iter().map(|(key, value)| traversal(&key) + part(value)).sum(),
        _ => 1,
    }
}
