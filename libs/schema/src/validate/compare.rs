//! Old and new values side by side.

use std::cell::OnceCell;
use std::collections::HashMap;

use serde_json::Value;

use crate::number::GoNumber;
use crate::schema::{ListType, Schema};

/// A new value, the old one at the same place, and the schema of both.
pub(crate) struct Correlation<'a> {
    schema: Option<&'a Schema>,
    value: &'a Value,
    old: &'a Value,
    unchanged: OnceCell<bool>,
    /// Where in the old list the item with the same keys is.
    keyed: OnceCell<HashMap<String, usize>>,
}

impl<'a> Correlation<'a> {
    pub(crate) fn new(schema: &'a Schema, value: &'a Value, old: &'a Value) -> Self {
        Self::with(Some(schema), value, old)
    }

    fn with(schema: Option<&'a Schema>, value: &'a Value, old: &'a Value) -> Self {
        Self { schema, value, old, unchanged: OnceCell::new(), keyed: OnceCell::new() }
    }

    /// Returns the pair under a key that both maps have and that the schema knows.
    pub(crate) fn key(&self, key: &str) -> Option<Correlation<'a>> {
        let (value, old) = (self.value.get(key)?, self.old.get(key)?);
        let schema = self.schema?.property(key)?;
        Some(Self::with(Some(schema), value, old))
    }

    /// Returns the pair of an item and the old item with the same keys, in lists that have keys.
    pub(crate) fn index(&self, index: usize) -> Option<Correlation<'a>> {
        let schema = self.schema.filter(|schema| makes_correlatable(schema))?;
        let item = schema.item()?;
        let value = self.value.as_array()?.get(index)?;
        let old_items = self.old.as_array()?;
        let keyed = self.keyed.get_or_init(|| index_by_keys(old_items, schema));
        let old = old_items.get(*keyed.get(&keys_of(value, schema)?)?)?;
        Some(Self::with(Some(item), value, old))
    }

    /// Tells whether nothing changed, the order of lists with keys aside.
    pub(crate) fn is_unchanged(&self) -> bool {
        *self.unchanged.get_or_init(|| self.compare())
    }

    fn compare(&self) -> bool {
        match (self.value, self.old) {
            (Value::Array(new), Value::Array(old)) => {
                let keyed = self.schema.is_some_and(makes_correlatable);
                new.len() == old.len()
                    && match keyed {
                        true => (0..new.len())
                            .all(|at| self.index(at).is_some_and(|pair| pair.is_unchanged())),
                        false => equal(self.value, self.old),
                    }
            }
            (Value::Object(new), Value::Object(old)) => {
                let same = |(key, value): (&String, &Value)| match self.key(key) {
                    Some(pair) => pair.is_unchanged(),
                    None => old.get(key).is_some_and(|old| equal(value, old)),
                };
                new.len() == old.len() && new.iter().all(same)
            }
            (new, old) => equal(new, old),
        }
    }
}

/// Tells whether items of such a list are found again by their keys.
fn makes_correlatable(schema: &Schema) -> bool {
    schema.list_type == Some(ListType::Map) && !schema.list_map_keys.is_empty()
}

fn index_by_keys(items: &[Value], schema: &Schema) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(keys) = keys_of(item, schema) {
            places.entry(keys).or_insert(at);
        }
    }
    places
}

fn keys_of(item: &Value, schema: &Schema) -> Option<String> {
    let fields = item.as_object()?;
    let mut text = String::new();
    for key in &schema.list_map_keys {
        let default = || schema.item()?.properties.get(key)?.default.as_deref();
        let value = fields.get(&**key).or_else(default).unwrap_or(&Value::Null);
        text.push_str(&value.to_string());
        text.push('\n');
    }
    Some(text)
}

/// Compares as Go does after decoding: `1` and `1.0` in JSON are one number when both are floats.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) =>
        {
            #[allow(clippy::float_cmp, reason = "equality of decoded numbers is exact")]
            match (GoNumber::of(a), GoNumber::of(b)) {
                (GoNumber::Int(a), GoNumber::Int(b)) => a == b,
                (a, b) => a.as_f64() == b.as_f64(),
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

pub(super) fn has_equal_items(items: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::new();
    items.iter().any(|item| !seen.insert(crate::number::json_text(item)))
}
