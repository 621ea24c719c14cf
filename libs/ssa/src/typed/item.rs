//! How the items of associative lists are told apart.

use std::sync::Arc;

use flux_gostd::quote::quote;
use serde_json::{Map as JsonMap, Value};

use crate::path::{Name, PathElement};
use crate::schema::{List, ListKind, Schema};

/// Returns the step to `item` in a list that is not atomic.
pub(super) fn element_of(
    schema: &Schema,
    list: &List,
    item: &Value,
) -> Result<PathElement, String> {
    match &list.kind {
        ListKind::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListKind::Map(keys) if !keys.is_empty() => keyed(schema, list, keys, item),
        ListKind::Map(_) | ListKind::Set => set_item(item),
    }
}

fn keyed(schema: &Schema, list: &List, keys: &[Name], item: &Value) -> Result<PathElement, String> {
    let item = match item {
        Value::Object(item) => item,
        Value::Null => {
            return Err("associative list with keys may not have a null element".to_owned());
        }
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let mut fields = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = key_value(schema, list, key, item)? {
            fields.push((key.clone(), value));
        }
    }
    if fields.is_empty() {
        let names: Vec<String> = keys.iter().map(|key| quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] \
             (and doesn't have default values for any key fields)",
            names.join(" ")
        ));
    }
    fields.sort_by(|l, r| l.0.cmp(&r.0));
    Ok(PathElement::Key(fields.into()))
}

/// Returns what an item says for a key, or the key's default.
fn key_value(
    schema: &Schema,
    list: &List,
    key: &Name,
    item: &JsonMap<String, Value>,
) -> Result<Option<Value>, String> {
    if let Some(value) = item.get(&**key) {
        return Ok(Some(value.clone()));
    }
    let failed = |why: &str| format!("couldn't find default value for {}: {why}", &**key);
    let view =
        schema.resolve(&list.element).ok_or_else(|| failed("invalid elementType for list"))?;
    let map = view.map.ok_or_else(|| failed("associative list may not have non-map types"))?;
    Ok(map.field(key).and_then(|field| field.default.as_deref()).cloned())
}

fn set_item(item: &Value) -> Result<PathElement, String> {
    match item {
        Value::Object(_) => {
            Err("associative list without keys has an element that's a map type".to_owned())
        }
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => {
            Err("associative list without keys has an element that's an explicit null".to_owned())
        }
        scalar => Ok(PathElement::Value(Arc::new(scalar.clone()))),
    }
}
