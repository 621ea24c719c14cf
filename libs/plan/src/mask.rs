//! Hiding the values of Secrets in what is shown to people.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const SAME: &str = "***";
const BEFORE: &str = "*** (before)";
const AFTER: &str = "*** (after)";

/// The maps of a Secret that hold its values.
const FIELDS: [&str; 2] = ["data", "stringData"];

/// Masks the values of a Secret before and after a change, so that changed keys still show.
pub fn mask_secrets(old: &mut Value, new: &mut Value) {
    for field in FIELDS {
        let (old, new) = (old.get_mut(field), new.get_mut(field));
        mask_pair(old, new);
    }
}

/// Masks two maps of values; a key that both hold with different values says so.
fn mask_pair(old: Option<&mut Value>, new: Option<&mut Value>) {
    let changed = match (&old, &new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => differing(old, new),
        _ => BTreeSet::new(),
    };
    let mask = |value: Option<&mut Value>, text: &str| {
        let Some(Value::Object(map)) = value else { return };
        for (key, value) in map {
            *value = if changed.contains(key) { text.into() } else { SAME.into() };
        }
    };
    mask(old, BEFORE);
    mask(new, AFTER);
}

fn differing(old: &Map<String, Value>, new: &Map<String, Value>) -> BTreeSet<String> {
    let differs = |(key, value): &(&String, &Value)| new.get(*key).is_some_and(|it| it != *value);
    old.iter().filter(differs).map(|(key, _)| key.clone()).collect()
}

/// Masks the values of a Secret in a JSON patch whose operations carry `oldValue` as well.
pub fn mask_patch(operations: &mut [Value]) {
    for operation in operations {
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        if !parts.next().is_some_and(|field| FIELDS.contains(&field)) {
            continue;
        }
        let Some(map) = operation.as_object_mut() else { continue };
        let mut old = map.remove("oldValue");
        let mut new = map.remove("value");
        if parts.next().is_some() {
            mask_scalars(old.as_mut(), new.as_mut());
        } else {
            mask_pair(old.as_mut(), new.as_mut());
        }
        map.extend(old.map(|it| ("oldValue".to_owned(), it)));
        map.extend(new.map(|it| ("value".to_owned(), it)));
    }
}

fn mask_scalars(old: Option<&mut Value>, new: Option<&mut Value>) {
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            *old = BEFORE.into();
            *new = AFTER.into();
        }
        (old, new) => {
            for value in old.into_iter().chain(new) {
                *value = SAME.into();
            }
        }
    }
}
