//! Values without some of their fields, or with nothing but them.

use serde_json::{Map as JsonMap, Value};

use super::item::element_of;
use crate::schema::{List, Map, Schema, Shape, TypeRef};
use crate::set::{Branch, Set};

/// Returns `value` without the fields and items in `items`. What becomes empty becomes null.
pub(super) fn remove(schema: &Schema, of: &TypeRef, value: &Value, items: &Set) -> Value {
    Cut { schema, keep: Keep::Others }.value(of, value, items)
}

/// Returns only the fields and items of `value` that are in `items`.
pub(super) fn extract(schema: &Schema, of: &TypeRef, value: &Value, items: &Set) -> Value {
    Cut { schema, keep: Keep::Named }.value(of, value, items)
}

/// Whether the named fields stay or the others do.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Named,
    Others,
}

#[derive(Clone, Copy)]
struct Cut<'a> {
    schema: &'a Schema,
    keep: Keep,
}

impl Cut<'_> {
    fn value(self, of: &TypeRef, value: &Value, items: &Set) -> Value {
        let Some(view) = self.schema.resolve(of) else {
            return Value::Null;
        };
        let whole = || if self.keep == Keep::Named { value.clone() } else { Value::Null };
        match (view.narrowed(Some(value)).shape(), value) {
            (Shape::Scalar(_), value) => value.clone(),
            (Shape::Map(map, is_atomic), Value::Object(fields)) => {
                if fields.is_empty() || is_atomic {
                    return whole();
                }
                self.map(map, fields, items)
            }
            (Shape::List(list), Value::Array(values)) => {
                if values.is_empty() || list.is_atomic() {
                    return whole();
                }
                self.list(list, values, items)
            }
            (Shape::Map(..) | Shape::List(_) | Shape::None, _) => Value::Null,
        }
    }

    fn map(self, map: &Map, fields: &JsonMap<String, Value>, items: &Set) -> Value {
        let mut out = JsonMap::new();
        for (name, value) in fields {
            let of = map.type_of(name).unwrap_or(&TypeRef::Unknown);
            let branch = items.field(name);
            let below = branch.map(|branch| &branch.below).filter(|below| !below.is_empty());
            let kept = match (self.keep, branch.is_some_and(|branch| branch.member), below) {
                (Keep::Others, true, _) => continue,
                (Keep::Named, true, _) => self.value(of, value, items),
                (_, false, Some(below)) => self.value(of, value, below),
                (Keep::Named, false, None) => continue,
                (Keep::Others, false, None) => value.clone(),
            };
            out.insert(name.clone(), kept);
        }
        if out.is_empty() { Value::Null } else { Value::Object(out) }
    }

    fn list(self, list: &List, values: &[Value], items: &Set) -> Value {
        let mut out = Vec::with_capacity(values.len());
        for value in values {
            let element = element_of(self.schema, list, value).ok();
            let branch = element.and_then(|element| items.branch(&element));
            let is_member = branch.is_some_and(|branch| branch.member);
            let below = branch.map(|Branch { below, .. }| below).filter(|below| !below.is_empty());
            match (self.keep, is_member, below) {
                (Keep::Others, true, _) | (Keep::Named, false, None) => {}
                (_, _, Some(below)) => out.push(self.value(&list.element, value, below)),
                (_, _, None) => out.push(value.clone()),
            }
        }
        if out.is_empty() { Value::Null } else { Value::Array(out) }
    }
}
