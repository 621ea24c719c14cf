//! Lists in strategic merge patches.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::order::{Keys, in_order};
use super::{
    DIRECTIVE, FieldPlace, Fields, Outcome, Place, SET_ORDER, StrategicError, merge_map,
    without_directives,
};
use crate::value::{Plain, go_type};

/// Merges a list into the one that is there, or replaces it if its declaration says nothing.
pub(super) fn merge_list(
    old: Vec<Value>,
    new: Vec<Value>,
    field: &FieldPlace<'_>,
) -> Outcome<Vec<Value>> {
    match field.strategy {
        "merge" => merge_items(old, new, field),
        _ => Ok(new),
    }
}

/// Removes the items of `toDelete` from the list of scalars called `name`.
pub(super) fn delete_from(
    target: &mut Fields,
    name: &str,
    to_delete: Value,
    place: Place<'_>,
) -> Outcome<()> {
    if to_delete.is_null() {
        target.remove(name);
        return Ok(());
    }
    let (Some(Value::Array(items)), Value::Array(to_delete)) = (target.get_mut(name), &to_delete)
    else {
        return Ok(());
    };
    if items.is_empty() && to_delete.is_empty() {
        return Ok(());
    }
    let field = place.items_of(name)?;
    if shape_of([items.as_slice(), to_delete])? == Shape::Maps {
        let old = std::mem::take(items);
        *items = merge_items(old, to_delete.clone(), &field)?;
        return Ok(());
    }
    let to_delete: HashSet<&Value> = to_delete.iter().collect();
    items.retain(|item| !to_delete.contains(item));
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Maps,
    Scalars,
}

/// Returns what the items of lists are. All must be of one kind.
fn shape_of<const N: usize>(lists: [&[Value]; N]) -> Outcome<Shape> {
    let mut kinds = lists.iter().flat_map(|list| list.iter()).map(go_type);
    let first = kinds.next().ok_or_else(|| {
        StrategicError::Failed("no elements in any of the given slices".to_owned())
    })?;
    if first == "[]interface {}" {
        let why = "lists of lists are not supported".to_owned();
        return Err(StrategicError::Unprocessable(why));
    }
    if kinds.any(|kind| kind != first) {
        let lists: Vec<String> =
            lists.iter().map(|list| Plain(&Value::from(*list)).to_string()).collect();
        let why = format!("list element types are not identical: [{}]", lists.join(" "));
        return Err(StrategicError::Failed(why));
    }
    Ok(if first == "map[string]interface {}" { Shape::Maps } else { Shape::Scalars })
}

fn merge_items(old: Vec<Value>, new: Vec<Value>, field: &FieldPlace<'_>) -> Outcome<Vec<Value>> {
    if old.is_empty() && new.is_empty() {
        return Ok(old);
    }
    let keys = match shape_of([&old, &new])? {
        Shape::Scalars => Keys::Whole,
        Shape::Maps if field.merge_key.is_empty() => {
            let why = "cannot merge lists without merge key for struct".to_owned();
            return Err(StrategicError::Failed(why));
        }
        Shape::Maps => Keys::Field(field.merge_key),
    };
    let (old, new) = match keys {
        Keys::Whole => (old, new),
        Keys::Field(key) => obey_directives(old, new, key)?,
    };
    let order = keys.list(&old);
    let patch_order = keys.list(&new);
    let merged = match keys {
        Keys::Whole => deduplicated(old.into_iter().chain(new)),
        Keys::Field(key) => merge_maps(old, new, key, field.place)?,
    };
    in_order(merged, &patch_order, &order, keys)
}

fn deduplicated(items: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// Removes what items with `$patch` say must go. A replacement leaves nothing to be merged.
fn obey_directives(
    mut old: Vec<Value>,
    new: Vec<Value>,
    key: &str,
) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let mut replaces = false;
    let mut plain = Vec::with_capacity(new.len());
    for item in new {
        let Some((fields, directive)) = item.as_object().and_then(|f| Some((f, f.get(DIRECTIVE)?)))
        else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let gone =
                    fields.get(key).ok_or_else(|| StrategicError::no_merge_key(fields, key))?;
                old.retain(|item| item.get(key) != Some(gone));
            }
            Some("replace") => replaces = true,
            Some("merge") => {
                let why = "merging lists cannot yet be specified in the patch".to_owned();
                return Err(StrategicError::Failed(why));
            }
            _ => return Err(StrategicError::unknown_directive(directive, fields)),
        }
    }
    Ok(if replaces { (plain, Vec::new()) } else { (old, plain) })
}

fn merge_maps(
    mut old: Vec<Value>,
    new: Vec<Value>,
    key: &str,
    place: Place<'_>,
) -> Outcome<Vec<Value>> {
    let mut positions: HashMap<Value, usize> = HashMap::with_capacity(old.len());
    for (at, item) in old.iter().enumerate() {
        if let Some(value) = item.get(key) {
            positions.entry(value.clone()).or_insert(at);
        }
    }
    for item in new {
        let Value::Object(fields) = item else { continue };
        let Some(value) = fields.get(key).cloned() else {
            return Err(StrategicError::no_merge_key(&fields, key));
        };
        let found = positions.get(&value).and_then(|at| old.get_mut(*at));
        match found {
            Some(slot) => {
                if let Value::Object(live) = slot.take() {
                    *slot = Value::Object(merge_map(live, fields, place)?);
                }
            }
            None => {
                positions.insert(value, old.len());
                old.push(Value::Object(fields));
            }
        }
    }
    Ok(old)
}

/// Merges the lists for which the patch prescribes an order, and takes them out of the patch.
pub(super) fn merge_ordered(
    target: &mut Fields,
    patch: &mut Fields,
    place: Place<'_>,
) -> Outcome<()> {
    let directives: Vec<String> =
        patch.keys().filter(|name| name.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let Value::Array(order) = order else {
            return Err(StrategicError::wrong_kind("[]interface {}", &order));
        };
        let name = directive
            .strip_prefix(SET_ORDER)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| StrategicError::malformed("setElementOrder list"))?;
        let field = place.items_of(name)?;
        let old = list_at(target.get(name))?;
        let new = list_at(patch.get(name))?;
        check_order(new.unwrap_or_default(), &order, &field)?;
        let shape = shape_of([old.unwrap_or_default(), new.unwrap_or_default()]);
        let keys = match field.merge_key {
            "" => Keys::Whole,
            key => Keys::Field(key),
        };
        let live_order = keys.list(old.unwrap_or_default());
        let merged = match (target.remove(name), patch.remove(name)) {
            (Some(Value::Array(old)), Some(Value::Array(new))) => merge_list(old, new, &field)?,
            (Some(Value::Array(old)), _) => old,
            (_, Some(new)) => match without_directives(new) {
                Some(Value::Array(new)) => new,
                _ => continue,
            },
            _ => continue,
        };
        shape?;
        let wanted = keys.list(&order);
        target.insert(name.to_owned(), Value::Array(in_order(merged, &wanted, &live_order, keys)?));
    }
    Ok(())
}

fn list_at(value: Option<&Value>) -> Outcome<Option<&[Value]>> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(StrategicError::wrong_kind("[]interface {}", other)),
    }
}

/// Checks that the items of the patch come in the prescribed order and are all in it.
fn check_order(new: &[Value], order: &[Value], field: &FieldPlace<'_>) -> Outcome<()> {
    if new.is_empty() || order.is_empty() {
        return Ok(());
    }
    let key = field.merge_key;
    let key_of = |item: &Value| -> Outcome<Value> {
        if key.is_empty() {
            return Ok(item.clone());
        }
        let Value::Object(fields) = item else {
            return Err(StrategicError::wrong_kind("map[string]interface {}", item));
        };
        fields.get(key).cloned().ok_or_else(|| StrategicError::no_merge_key(fields, key))
    };
    let mut wanted = order.iter();
    for item in new.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let item_key = key_of(item)?;
        loop {
            let Some(next) = wanted.next() else {
                return Err(StrategicError::Failed(format!(
                    "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
                    Plain(&Value::from(new)),
                    Plain(&Value::from(order))
                )));
            };
            if key_of(next)? == item_key {
                break;
            }
        }
    }
    Ok(())
}
