//! Times that are kept when nothing else changes.

use serde_json::Value;

/// Undoes new times in the managed fields of `new` if nothing but times differs from `old`.
///
/// The last step before an updated object is stored: it keeps an apply without effect from
/// writing a new version.
pub fn keep_times(old: &Value, new: &mut Value) {
    let Some(old_entries) = entries(old) else { return };
    let Some(new_entries) = entries(new) else { return };
    let is_same = old_entries.len() == new_entries.len()
        && old_entries.iter().zip(new_entries).all(|(old, new)| same_but(old, new, "time"))
        && same_around(old, new);
    if !is_same {
        return;
    }
    let old_entries = old_entries.clone();
    if let Some(entries) = new.pointer_mut("/metadata/managedFields") {
        *entries = Value::Array(old_entries);
    }
}

fn entries(object: &Value) -> Option<&Vec<Value>> {
    let entries = object.get("metadata")?.get("managedFields")?.as_array()?;
    (!entries.is_empty()).then_some(entries)
}

/// Compares everything but the managed fields.
fn same_around(old: &Value, new: &Value) -> bool {
    let (Some(old_fields), Some(new_fields)) = (old.as_object(), new.as_object()) else {
        return false;
    };
    old_fields.len() == new_fields.len()
        && old_fields.iter().all(|(name, old)| match new_fields.get(name) {
            Some(new) if name == "metadata" => same_but(old, new, "managedFields"),
            Some(new) => old == new,
            None => false,
        })
}

/// Compares two maps except for one field.
fn same_but(old: &Value, new: &Value, ignored: &str) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return old == new;
    };
    let rest = |fields: &'_ serde_json::Map<String, Value>| {
        fields.len() - usize::from(fields.contains_key(ignored))
    };
    rest(old) == rest(new)
        && old
            .iter()
            .filter(|(name, _)| *name != ignored)
            .all(|(name, old)| new.get(name) == Some(old))
}
