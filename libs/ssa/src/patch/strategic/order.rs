//! The order of merged lists.

use std::collections::HashMap;

use serde_json::Value;

use super::{Outcome, StrategicError};

/// By what the items of a list are told apart.
#[derive(Clone, Copy)]
pub(super) enum Keys<'a> {
    /// By themselves.
    Whole,
    /// By one of their fields.
    Field(&'a str),
}

impl Keys<'_> {
    fn of(self, item: &Value) -> Option<&Value> {
        match self {
            Self::Whole => Some(item),
            Self::Field(key) => item.get(key),
        }
    }

    /// Returns the keys of all items.
    pub(super) fn list(self, items: &[Value]) -> Vec<Value> {
        items.iter().map(|item| self.of(item).cloned().unwrap_or_default()).collect()
    }
}

/// Orders `items`: those in `wanted` as they come there, the others as in `live`, both interleaved
/// so that neighbours in `live` stay neighbours where that is possible.
pub(super) fn in_order(
    items: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    keys: Keys<'_>,
) -> Outcome<Vec<Value>> {
    let wanted = positions(wanted);
    let live = positions(live);
    let mut named = Vec::with_capacity(items.len());
    let mut others = Vec::with_capacity(items.len());
    for item in items {
        let key = match (keys.of(&item), &item) {
            (Some(key), _) => key.clone(),
            (None, Value::Object(fields)) => {
                let Keys::Field(name) = keys else { continue };
                return Err(StrategicError::no_merge_key(fields, name));
            }
            (None, other) => {
                return Err(StrategicError::wrong_kind("map[string]interface {}", other));
            }
        };
        match wanted.get(&key) {
            Some(at) => named.push((*at, live.get(&key).copied(), item)),
            None => {
                let at = live.get(&key).copied();
                others.push((at.unwrap_or(usize::MAX), at, item));
            }
        }
    }
    named.sort_by_key(|(at, ..)| *at);
    others.sort_by_key(|(at, ..)| *at);
    Ok(interleave(others, named))
}

fn positions(keys: &[Value]) -> HashMap<&Value, usize> {
    let mut positions = HashMap::with_capacity(keys.len());
    for (at, key) in keys.iter().enumerate() {
        positions.entry(key).or_insert(at);
    }
    positions
}

type Placed = (usize, Option<usize>, Value);

/// Puts each of `others` before the first of `named` that comes after it in the live list.
fn interleave(others: Vec<Placed>, named: Vec<Placed>) -> Vec<Value> {
    let mut out = Vec::with_capacity(others.len() + named.len());
    let (mut others, mut named) = (others.into_iter().peekable(), named.into_iter().peekable());
    loop {
        let takes_other = match (others.peek(), named.peek()) {
            (Some((_, Some(other), _)), Some((_, Some(named), _))) => other < named,
            (Some(_), Some(_)) | (None, Some(_)) => false,
            (Some(_), None) => true,
            (None, None) => return out,
        };
        let next = if takes_other { others.next() } else { named.next() };
        out.extend(next.map(|(.., item)| item));
    }
}
