//! Removal of what a schema does not know.

use std::fmt::Write as _;

use serde_json::Value;

use crate::schema::Schema;

#[cfg(test)]
mod tests;

/// Removes unknown fields from a whole object and returns their paths, sorted.
///
/// `apiVersion`, `kind` and `metadata` of the object and of embedded resources stay as they are.
pub fn prune(object: &mut Value, schema: &Schema) -> Vec<String> {
    let mut pruner = Pruner { path: String::new(), unknown: Vec::new() };
    pruner.value(object, Some(schema), Whole::Yes);
    pruner.unknown.sort();
    pruner.unknown
}

/// Removes unknown fields from a part of an object.
pub(crate) fn prune_part(value: &mut Value, schema: &Schema) {
    let mut pruner = Pruner { path: String::new(), unknown: Vec::new() };
    pruner.value(value, Some(schema), Whole::No);
}

/// Whether a value is a whole object, with metadata of its own.
#[derive(Clone, Copy, PartialEq)]
enum Whole {
    Yes,
    No,
}

impl Whole {
    fn of(schema: &Schema) -> Self {
        if schema.embedded_resource { Self::Yes } else { Self::No }
    }
}

struct Pruner {
    path: String,
    unknown: Vec<String>,
}

impl Pruner {
    fn value(&mut self, value: &mut Value, schema: Option<&Schema>, whole: Whole) {
        let whole = if schema.is_some_and(|s| s.embedded_resource) { Whole::Yes } else { whole };
        match value {
            Value::Object(fields) => {
                let keys: Vec<String> = fields.keys().cloned().collect();
                for key in keys {
                    if whole == Whole::Yes && is_meta(&key) {
                        continue;
                    }
                    match field_schema(schema, &key) {
                        Field::Known(inner) => {
                            if let Some(field) = fields.get_mut(&key) {
                                self.at_key(&key, |pruner| pruner.inner(field, inner));
                            }
                        }
                        Field::Kept => {}
                        Field::Unknown => {
                            fields.remove(&key);
                            if !self.path.is_empty() || !is_meta(&key) {
                                self.at_key(&key, |pruner| {
                                    pruner.unknown.push(pruner.path.clone())
                                });
                            }
                        }
                    }
                }
            }
            Value::Array(items) => self.items(items, schema),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn inner(&mut self, value: &mut Value, schema: Option<&Schema>) {
        let whole = schema.map_or(Whole::No, Whole::of);
        self.value(value, schema, whole);
    }

    fn items(&mut self, items: &mut [Value], schema: Option<&Schema>) {
        let (item, preserved) = match schema {
            Some(schema) => (schema.item(), schema.preserves_unknown_fields()),
            None => (None, false),
        };
        if item.is_none() && preserved {
            return;
        }
        for (at, value) in items.iter_mut().enumerate() {
            let length = self.path.len();
            let _infallible = write!(self.path, "[{at}]");
            self.inner(value, item);
            self.path.truncate(length);
        }
    }

    fn at_key(&mut self, key: &str, run: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
        run(self);
        self.path.truncate(length);
    }
}

enum Field<'a> {
    /// Stays; what is below is known by the schema, or unknown altogether.
    Known(Option<&'a Schema>),
    /// Stays with all that is below.
    Kept,
    /// Goes.
    Unknown,
}

fn field_schema<'a>(schema: Option<&'a Schema>, key: &str) -> Field<'a> {
    let Some(schema) = schema else { return Field::Unknown };
    match (schema.properties.get(key), &schema.additional) {
        (Some(property), _) => Field::Known(Some(property)),
        (None, Some(_)) => Field::Known(schema.additional_schema()),
        (None, None) if schema.preserves_unknown_fields() => Field::Kept,
        (None, None) => Field::Unknown,
    }
}

fn is_meta(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}
