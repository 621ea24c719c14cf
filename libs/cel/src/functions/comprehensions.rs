//! What macros over keys and values add to their maps.

use std::sync::Arc;

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::parser::MAP_INSERT;
use crate::value::{Key, Map, Outcome, Value};

pub(super) const FUNCTIONS: &[Function] = &[function(
    MAP_INSERT,
    &[
        ("@mapInsert_map_map", "(map(K, V), map(K, V)) -> map(K, V)"),
        ("@mapInsert_map_key_value", "(map(K, V), K, V) -> map(K, V)"),
    ],
    insert,
)];

fn insert<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    match args {
        [Value::Map(map), key, value] => extend(map.clone(), [(key.clone(), Ok(value.clone()))]),
        [Value::Map(map), Value::Map(more)] => extend(map.clone(), more.iter()),
        _ => no_overload(),
    }
}

/// Adds entries; a key that is there already is an error.
fn extend<'v>(
    map: Map<'v>,
    more: impl IntoIterator<Item = (Value<'v>, Outcome<'v>)>,
) -> Outcome<'v> {
    let Map::Owned(mut entries) = map else { return no_overload() };
    let owned = Arc::make_mut(&mut entries);
    for (key, value) in more {
        let shown = super::show(&key);
        let key = Key::of(&key).ok_or_else(EvalError::no_such_overload)?;
        if owned.insert(key, value?).is_some() {
            return Err(EvalError::new(format!("insert failed: key {shown} already exists")));
        }
    }
    Ok(Value::Map(Map::Owned(entries)))
}
