//! Strategic merge patches.

use flux_gostd::quote::quote;
use serde_json::{Map, Value};

use crate::schema::{PatchRule, Schema, Type, TypeRef};
use crate::value::{Plain, go_type};

mod lists;
mod order;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// Why a strategic merge patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// A directive is malformed: 400.
    #[error("{0}")]
    BadRequest(String),
    /// The patch asks for what is not supported: 422.
    #[error("{0}")]
    Unprocessable(String),
    /// The patch does not fit the object: 500.
    #[error("{0}")]
    Failed(String),
}

impl StrategicError {
    fn malformed(what: &str) -> Self {
        Self::BadRequest(format!("invalid patch format of {what}"))
    }

    fn no_merge_key(item: &Map<String, Value>, key: &str) -> Self {
        let item = Value::Object(item.clone());
        Self::Failed(format!("map: {} does not contain declared merge key: {key}", Plain(&item)))
    }

    fn unknown_directive(directive: &Value, map: &Map<String, Value>) -> Self {
        let map = Value::Object(map.clone());
        let directive = match directive {
            Value::String(text) => text.clone(),
            other => format!("%!s({}={})", go_type(other), Plain(other)),
        };
        Self::Failed(format!("unknown patch type: {directive} in map: {}", Plain(&map)))
    }

    fn wrong_kind(wanted: &str, found: &Value) -> Self {
        Self::Failed(format!("expected a {wanted}, but received a {}", go_type(found)))
    }
}

type Fields = Map<String, Value>;
type Outcome<T> = Result<T, StrategicError>;

/// Merges `patch` into `target`, an object of the type `of`.
///
/// After an error `target` is in an undefined state.
pub fn strategic(target: &mut Value, patch: Value, of: &Type) -> Result<(), StrategicError> {
    let Value::Object(patch) = patch else {
        return Err(StrategicError::wrong_kind("map[string]interface {}", &patch));
    };
    let fields = match target.take() {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    };
    *target = Value::Object(merge_map(fields, patch, Place::root(of))?);
    Ok(())
}

/// The type at the place where a patch is applied.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: &'a Schema,
    of: &'a TypeRef,
}

/// A field's type and what its declaration says about patches.
struct FieldPlace<'a> {
    place: Place<'a>,
    merge_key: &'a str,
    /// The strategy without `retainKeys`.
    strategy: &'a str,
}

impl<'a> Place<'a> {
    fn root(of: &'a Type) -> Self {
        Self { schema: &of.schema, of: &of.root }
    }

    fn field(self, name: &str) -> Outcome<FieldPlace<'a>> {
        let map = self.schema.resolve(self.of).and_then(|view| view.map);
        let Some(map) = map.filter(|map| !map.fields.is_empty()) else {
            return Err(StrategicError::Failed(
                "merging an object in json but data type is not struct, instead is: map".into(),
            ));
        };
        let Some(field) = map.field(name) else {
            let structure = self.schema.short_name(self.of);
            return Err(StrategicError::Failed(format!(
                "unable to find api field in struct {structure} for the json field {}",
                quote(name)
            )));
        };
        let (strategy, merge_key) = match field.patch.as_deref() {
            Some(PatchRule { strategy, merge_key }) => (strategy.as_ref(), merge_key.as_ref()),
            None => ("", ""),
        };
        let strategy = strategy.split(',').find(|part| *part != "retainKeys").unwrap_or_default();
        Ok(FieldPlace { place: Self { of: &field.of, ..self }, merge_key, strategy })
    }

    fn items_of(self, name: &str) -> Outcome<FieldPlace<'a>> {
        let field = self.field(name)?;
        let list = self.schema.resolve(field.place.of).and_then(|view| view.list);
        let Some(list) = list else {
            return Err(StrategicError::Failed(
                "expected slice or array type, but got: struct".to_owned(),
            ));
        };
        Ok(FieldPlace { place: Self { of: &list.element, ..self }, ..field })
    }
}

fn merge_map(mut target: Fields, mut patch: Fields, place: Place<'_>) -> Outcome<Fields> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Fields::new()),
            _ => Err(StrategicError::unknown_directive(directive, &patch)),
        };
    }
    retain_keys(&mut target, &mut patch)?;
    lists::merge_ordered(&mut target, &mut patch, place)?;
    for (name, value) in patch {
        match name.strip_prefix(DELETE_FROM_LIST) {
            None => merge_field(&mut target, name, value, place)?,
            Some(rest) => {
                let name = rest
                    .strip_prefix('/')
                    .ok_or_else(|| StrategicError::malformed("primitive list"))?;
                lists::delete_from(&mut target, name, value, place)?;
            }
        }
    }
    Ok(target)
}

fn merge_field(target: &mut Fields, name: String, value: Value, place: Place<'_>) -> Outcome<()> {
    if value.is_null() {
        target.remove(&name);
        return Ok(());
    }
    let merged = match (target.remove(&name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let field = place.field(&name)?;
            Some(Value::Object(match field.strategy {
                "replace" => new,
                _ => merge_map(old, new, field.place)?,
            }))
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            let field = place.items_of(&name)?;
            Some(Value::Array(lists::merge_list(old, new, &field)?))
        }
        (Some(old), new) if same_type(&old, &new) => without_directives(new),
        (_, mut new) => {
            drop_nulls(&mut new);
            without_directives(new)
        }
    };
    if let Some(merged) = merged {
        target.insert(name, merged);
    }
    Ok(())
}

fn same_type(left: &Value, right: &Value) -> bool {
    go_type(left) == go_type(right)
}

/// Drops every field that `$retainKeys` does not name. It must name all that the patch sets.
fn retain_keys(target: &mut Fields, patch: &mut Fields) -> Outcome<()> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let malformed = || StrategicError::malformed("retainKeys");
    let keys = keys.as_array().ok_or_else(malformed)?;
    let is_kept = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    let is_covered = |(name, value): (&String, &Value)| {
        value.is_null()
            || name.starts_with(DELETE_FROM_LIST)
            || name.starts_with(SET_ORDER)
            || is_kept(name)
    };
    if !patch.iter().all(is_covered) {
        return Err(malformed());
    }
    target.retain(|name, _| is_kept(name));
    Ok(())
}

/// Removes all fields that are null, at any depth.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns a new value without the maps that are mere directives; nothing if it is one itself.
fn without_directives(value: Value) -> Option<Value> {
    Some(match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => return None,
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, without_directives(value)?)))
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().filter_map(without_directives).collect())
        }
        scalar => scalar,
    })
}

#[cfg(test)]
mod tests;
