//! The types of kinds, for the book-keeping of field managers.

use std::sync::{Arc, LazyLock};

use flux_schema::openapi;
use flux_ssa::{Schema, Type};
use serde_json::{Map, Value};

use super::ResourceInfo;
use crate::document::{Document, Node};

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
        // What a decoder makes of nothing has just the fields that are always written.
        let nothing = Document::new(Node::Object(Vec::new()));
        let decoded = info.strategy.decode(nothing).map(|decoded| decoded.object);
        let mut empty = match decoded {
            Ok(Value::Object(empty)) if !info.is_custom => empty,
            _ => Map::new(),
        };
        empty.insert("apiVersion".into(), api_version.into());
        empty.insert("kind".into(), info.kind.as_str().into());
        Self { of, empty: Value::Object(empty) }
    }
}

/// Returns the type of a definition of the OpenAPI data.
pub(crate) fn built_in_type(definition: &str) -> Type {
    BUILT_IN.type_of(definition).unwrap_or_else(Type::deduced)
}

static BUILT_IN: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Schema::new(openapi::names(), openapi::definition_v3));
