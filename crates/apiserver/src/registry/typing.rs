//! The types of kinds, for the book-keeping of field managers.

use std::sync::{Arc, LazyLock};

use flux_schema::openapi::{self, Presence};
use flux_ssa::{Schema, Type};
use serde_json::{Map, Value, json};

use super::ResourceInfo;

#[cfg(test)]
mod tests;

/// What field managers must know about a kind in one version.
#[derive(Debug)]
pub(crate) struct Typing {
    /// The type of the objects.
    pub(crate) of: Type,
    /// An object without any content.
    pub(crate) empty: Value,
}

impl Typing {
    pub(super) fn new(info: &ResourceInfo) -> Self {
        let api_version = info.api_version();
        let kind = flux_manifest::GroupVersionKind::new(&info.group, &info.version, &info.kind);
        let built_in = openapi::name_of(&kind).filter(|_| !info.is_custom);
        let of = match &info.open_api_schema {
            Some(schema) if info.is_custom => Type::of_custom_resource(schema),
            _ => built_in.and_then(|name| BUILT_IN.type_of(name)).unwrap_or_else(Type::deduced),
        };
        let mut empty = built_in.map(|name| zero(name, 0)).unwrap_or_default();
        empty.insert("apiVersion".into(), api_version.into());
        empty.insert("kind".into(), info.kind.as_str().into());
        Self { of, empty: Value::Object(empty) }
    }
}

static BUILT_IN: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Schema::new(openapi::names(), openapi::definition_v3));

/// How deep structs lie in structs that are always written; more would be a mistake in the data.
const MAX_DEPTH: usize = 20;

/// Returns what Go writes of a struct that nothing was set in.
fn zero(definition: &str, depth: usize) -> Map<String, Value> {
    let mut out = Map::new();
    let structs = openapi::definition(definition).unwrap_or_default();
    for field in openapi::go_fields(definition) {
        let value = match field.presence {
            Presence::OmitEmpty | Presence::OmitNil | Presence::OmitZeroStruct => continue,
            Presence::WriteNull => Value::Null,
            Presence::WriteZero => match field.go_type {
                "bool" => json!(false),
                number if number.contains("int") || number.starts_with("float") => json!(0),
                list if list.starts_with("[]") || list.starts_with("map[") => Value::Null,
                _ => json!(""),
            },
            Presence::Struct => {
                let property = &structs["properties"][field.name];
                let reference = property.get("$ref").or_else(|| property.pointer("/allOf/0/$ref"));
                let target = reference.and_then(Value::as_str).and_then(openapi::ref_target);
                match target.filter(|_| depth < MAX_DEPTH) {
                    Some(target) => Value::Object(zero(target, depth + 1)),
                    None => continue,
                }
            }
        };
        out.insert(field.name.to_owned(), value);
    }
    out
}
