//! Maps.

use std::collections::BTreeMap;

use flux_gotemplate::{CallError, Map, Type, Value};

use crate::registry::{Arguments, Called, Registry};
use crate::values::{is_empty, plain_text};

const ANY: Type = Type::Any;
const MAP: Type = Type::Map;
const STR: Type = Type::Str;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_with_rest("dict", (&[], ANY), dict);
    registry.add("get", &[MAP, STR], |args| {
        let found = args.map(0).and_then(|map| map.get(&args.text(1)));
        Ok(found.unwrap_or_else(|| "".into()))
    });
    registry.add("set", &[MAP, STR, ANY], |args| {
        let map = args.map(0).ok_or("assignment to entry in nil map")?;
        map.entries.borrow_mut().insert(args.text(1).into_owned(), args.value(2).clone());
        Ok(unnamed(map))
    });
    registry.add("unset", &[MAP, STR], |args| {
        let Some(map) = args.map(0) else { return Ok(Value::Nil) };
        map.entries.borrow_mut().remove(&*args.text(1));
        Ok(unnamed(map))
    });
    registry.add("hasKey", &[MAP, STR], |args| {
        let known = |map: &Map| map.entries.borrow().contains_key(&*args.text(1));
        Ok(args.map(0).is_some_and(known).into())
    });
    registry.add_with_rest("pluck", (&[STR], MAP), |args| {
        let key = args.text(0);
        let find = |value: &Value| match value {
            Value::Map(map) => map.get(&key),
            _ => None,
        };
        Ok(Value::list(args.rest(1).iter().filter_map(find).collect()))
    });
    registry.add_with_rest("keys", (&[], MAP), |args| {
        let keys = args.0.iter().flat_map(|value| match value {
            Value::Map(map) => map.entries.borrow().keys().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        Ok(Value::strings(keys))
    });
    registry.add("values", &[MAP], |args| {
        let values = args.map(0).map(|map| map.entries.borrow().values().cloned().collect());
        Ok(Value::list(values.unwrap_or_default()))
    });
    registry.add_with_rest("pick", (&[MAP], STR), |args| Ok(select(args, true)));
    registry.add_with_rest("omit", (&[MAP], STR), |args| Ok(select(args, false)));
    registry.add_with_rest("merge", (&[MAP], MAP), |args| Ok(merge_all(args, Existing::Stays)));
    registry.add_with_rest("mergeOverwrite", (&[MAP], MAP), |args| {
        Ok(merge_all(args, Existing::IsReplaced))
    });
    registry.alias("merge", &["mustMerge"]);
    registry.alias("mergeOverwrite", &["mustMergeOverwrite"]);
    registry.add_with_rest("dig", (&[], ANY), dig);
}

/// The same map without the name of its type: functions return plain maps.
fn unnamed(map: &Map) -> Value {
    Value::Map(Map { entries: map.entries.clone(), element: flux_gotemplate::Element::Any })
}

fn dict(args: Arguments<'_>) -> Called {
    let pair = |pair: &[Value]| {
        let key = plain_text(pair.first().unwrap_or(&Value::Nil)).into_owned();
        (key, pair.get(1).cloned().unwrap_or_else(|| "".into()))
    };
    Ok(Value::map(args.0.chunks(2).map(pair).collect()))
}

/// The entries whose keys are named, or all others.
fn select(args: Arguments<'_>, named: bool) -> Value {
    let keys = args.rest(1);
    let is_named =
        |key: &str| keys.iter().any(|name| matches!(name, Value::Str(name) if &**name == key));
    let mut selected = BTreeMap::new();
    if let Some(map) = args.map(0) {
        let entries = map.entries.borrow();
        let wanted = entries.iter().filter(|(key, _)| is_named(key) == named);
        selected.extend(wanted.map(|(key, value)| (key.clone(), value.clone())));
    }
    Value::map(selected)
}

/// What becomes of a value that is there and not empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Stays,
    IsReplaced,
}

fn merge_all(args: Arguments<'_>, existing: Existing) -> Value {
    let Some(to) = args.map(0) else {
        // A nil map takes nothing in, since it cannot be told to the caller.
        let first = args.rest(1).iter().find(|value| matches!(value, Value::Map(_)));
        return first.map(crate::defaults::deep_copy).unwrap_or_default();
    };
    for from in args.rest(1) {
        if let Value::Map(from) = from {
            merge(to, from, existing, 0);
        }
    }
    unnamed(to)
}

/// How deep maps are merged; a map that holds itself would have no end.
const MAX_DEPTH: usize = 1_000;

fn merge(to: &Map, from: &Map, existing: Existing, depth: usize) {
    if depth > MAX_DEPTH || std::rc::Rc::ptr_eq(&to.entries, &from.entries) {
        return;
    }
    let entries = from.entries.borrow().clone();
    let replaces = existing == Existing::IsReplaced;
    for (key, value) in entries {
        let old = to.get(&key);
        let mut set = replaces;
        match (&old, &value) {
            (_, Value::Nil) => {}
            (Some(Value::Map(old)), Value::Map(new)) => {
                merge(old, new, existing, depth + 1);
                set = old.entries.borrow().is_empty();
            }
            (old, _) => set |= old.as_ref().is_none_or(is_empty),
        }
        if set {
            to.entries.borrow_mut().insert(key, value);
        }
    }
}

fn conversion(value: &Value, wanted: &str) -> CallError {
    let name = match value {
        Value::Nil => "nil".to_owned(),
        value => value.type_name(),
    };
    CallError::new(format!("interface conversion: interface {{}} is {name}, not {wanted}"))
}

/// A type assertion looks at the very type, which the type of `.Values` is not.
fn exact_map(value: &Value) -> Result<&Map, CallError> {
    match value {
        Value::Map(map) if map.element == flux_gotemplate::Element::Any => Ok(map),
        other => Err(conversion(other, "map[string]interface {}")),
    }
}

fn dig(args: Arguments<'_>) -> Called {
    let [keys @ .., default, dict] = args.0 else {
        return Err("dig needs at least three arguments".into());
    };
    let mut map = exact_map(dict)?.clone();
    let text = |key: &Value| match key {
        Value::Str(key) => Ok(key.clone()),
        other => Err(conversion(other, "string")),
    };
    let keys: Vec<_> = keys.iter().map(text).collect::<Result<_, _>>()?;
    let Some((last, path)) = keys.split_last() else {
        return Err("dig needs at least three arguments".into());
    };
    for key in path {
        match map.get(key) {
            None => return Ok(default.clone()),
            Some(step) => map = exact_map(&step)?.clone(),
        }
    }
    Ok(map.get(last).unwrap_or_else(|| default.clone()))
}
