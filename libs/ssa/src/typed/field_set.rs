//! Which fields and items a value mentions.

use serde_json::{Map as JsonMap, Value};

use super::item::element_of;
use crate::path::{Name, PathElement};
use crate::schema::{List, Map, Schema, Shape, TypeRef};
use crate::set::{Branch, Set};

/// Returns every leaf, every item of an associative list, every undeclared field and every empty
/// map or null that `value` mentions.
pub(super) fn field_set(schema: &Schema, of: &TypeRef, value: &Value) -> Set {
    branch(schema, of, value).below
}

fn branch(schema: &Schema, of: &TypeRef, value: &Value) -> Branch {
    let Some(view) = schema.resolve(of) else {
        return Branch::default();
    };
    match (view.narrowed(Some(value)).shape(), value) {
        (Shape::Scalar(_) | Shape::Map(_, true), _) => Branch::LEAF,
        (Shape::List(list), _) if list.is_atomic() => Branch::LEAF,
        (Shape::Map(map, false), Value::Object(fields)) => {
            Branch { member: false, below: of_map(schema, map, fields) }
        }
        (Shape::List(list), Value::Array(items)) => {
            Branch { member: false, below: of_list(schema, list, items) }
        }
        (Shape::Map(..) | Shape::List(_) | Shape::None, _) => Branch::default(),
    }
}

fn of_map(schema: &Schema, map: &Map, fields: &JsonMap<String, Value>) -> Set {
    let mut set = Set::EMPTY;
    for (name, value) in fields {
        let declared = map.field(name);
        let of = declared.map(|field| &field.of).or(map.element.as_ref());
        let mut found = branch(schema, of.unwrap_or(&TypeRef::Unknown), value);
        let is_hollow = match value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        found.member |= is_hollow || declared.is_none();
        let name = declared.map_or_else(|| Name::from(&**name), |field| field.name.clone());
        set.add(&PathElement::Field(name), found);
    }
    set
}

fn of_list(schema: &Schema, list: &List, items: &[Value]) -> Set {
    let mut set = Set::EMPTY;
    let elements: Vec<Option<PathElement>> =
        items.iter().map(|item| element_of(schema, list, item).ok()).collect();
    let mut sorted: Vec<&PathElement> = elements.iter().flatten().collect();
    sorted.sort();
    let is_duplicate = |element: &PathElement| {
        let first = sorted.partition_point(|known| *known < element);
        sorted.get(first + 1).is_some_and(|next| *next == element)
    };
    for (element, item) in elements.iter().zip(items) {
        let Some(element) = element else { continue };
        // Of duplicates nothing but their existence is known.
        let below = match is_duplicate(element) {
            true => Set::EMPTY,
            false => branch(schema, &list.element, item).below,
        };
        set.add(element, Branch { member: true, below });
    }
    set
}
