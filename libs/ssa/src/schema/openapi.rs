//! OpenAPI definitions and structural schemas read as types.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Atom, Field, List, ListKind, Map, PatchRule, Relationship, Scalar, Schema, TypeRef, metadata,
};
use crate::path::Name;

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
/// How deep types without a name are read; below it everything is allowed.
const MAX_DEPTH: usize = 200;

/// Reads the definition called `name`.
pub(super) fn definition(schema: &Schema, name: &str, definition: &Value) -> Atom {
    match name {
        QUANTITY => Atom { scalar: Some(Scalar::Untyped), ..Atom::default() },
        RAW_EXTENSION => super::anything(TypeRef::Untyped, Relationship::Atomic),
        _ => Reader { schema, keeps_unknown: false, depth: 0 }.atom(definition),
    }
}

/// Reads the structural schema of a custom resource.
pub(super) fn custom_resource(schema: &Schema, structural: &Value) -> Atom {
    let mut atom = Reader { schema, keeps_unknown: false, depth: 0 }.atom(structural);
    if let Some(map) = &mut atom.map {
        add_object_fields(map);
        let is_open = is_set(structural, "x-kubernetes-preserve-unknown-fields")
            || structural.get("additionalProperties").is_some();
        if !is_open {
            map.element = None;
        }
    }
    atom
}

/// Declares `apiVersion`, `kind` and `metadata`; the schema's own `metadata` is replaced.
fn add_object_fields(map: &mut Map) {
    let text = || TypeRef::Inline(Arc::new(scalar(Scalar::String)));
    let mut fields: Vec<Field> = std::mem::take(&mut map.fields).into_vec();
    fields.retain(|field| !matches!(&*field.name, "apiVersion" | "kind" | "metadata"));
    for (name, of) in [("apiVersion", text()), ("kind", text()), ("metadata", metadata::of())] {
        fields.push(Field { name: name.into(), of, default: None, patch: None });
    }
    map.fields = fields.into();
}

pub(super) fn scalar(scalar: Scalar) -> Atom {
    Atom { scalar: Some(scalar), ..Atom::default() }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    schema: &'a Schema,
    /// Whether this schema or one around it preserves unknown fields.
    keeps_unknown: bool,
    depth: usize,
}

impl Reader<'_> {
    fn atom(mut self, schema: &Value) -> Atom {
        if is_set(schema, "x-kubernetes-preserve-unknown-fields") {
            self.keeps_unknown = true;
        }
        self.depth += 1;
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
            other => other.and_then(Value::as_str),
        };
        // In the second form of OpenAPI int-or-string claims to be a string.
        let kind = kind.filter(|_| format != "int-or-string");
        match kind {
            None | Some("") => Atom {
                scalar: Some(Scalar::Untyped),
                list: Some(self.list(schema)),
                map: Some(self.map(schema)),
            },
            Some("object") => Atom { map: Some(self.map(schema)), ..Atom::default() },
            Some("array") => Atom { list: Some(self.list(schema)), ..Atom::default() },
            Some("integer" | "number") => scalar(Scalar::Numeric),
            Some("string") if matches!(format, "" | "byte") => scalar(Scalar::String),
            Some("boolean") => scalar(Scalar::Boolean),
            Some(_) => scalar(Scalar::Untyped),
        }
    }

    fn reference(self, schema: &Value) -> TypeRef {
        if let Some(target) = ref_target(schema) {
            let name = target.rsplit('/').next().unwrap_or(target);
            return match self.schema.index_of(name) {
                Some(index) => TypeRef::Named { index, relationship: relationship(schema) },
                None => TypeRef::Unknown,
            };
        }
        if self.depth > MAX_DEPTH {
            return TypeRef::Deduced;
        }
        TypeRef::Inline(Arc::new(self.atom(schema)))
    }

    fn map(self, schema: &Value) -> Map {
        let mut fields: Vec<Field> = match schema.get("properties") {
            Some(Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| Field {
                    name: name.as_str().into(),
                    of: self.reference(property),
                    default: property
                        .get("default")
                        .filter(|v| !v.is_null())
                        .cloned()
                        .map(Box::new),
                    patch: patch_rule(property),
                })
                .collect(),
            _ => Vec::new(),
        };
        if is_set(schema, "x-kubernetes-embedded-resource") {
            add_embedded_fields(&mut fields);
        }
        let element = match schema.get("additionalProperties") {
            Some(Value::Bool(allowed)) => allowed.then_some(TypeRef::Deduced),
            Some(element @ Value::Object(_)) => Some(self.reference(element)),
            _ => (self.keeps_unknown || fields.is_empty()).then_some(TypeRef::Deduced),
        };
        Map { fields: fields.into(), element, relationship: relationship(schema) }
    }

    fn list(self, schema: &Value) -> List {
        let element = schema.get("items").map_or(TypeRef::Untyped, |items| self.reference(items));
        List { element, kind: list_kind(schema) }
    }
}

/// Declares the fields that every object has inside an embedded one.
fn add_embedded_fields(fields: &mut Vec<Field>) {
    let mut map = Map { fields: std::mem::take(fields).into(), element: None, relationship: None };
    add_object_fields(&mut map);
    *fields = map.fields.into_vec();
}

fn list_kind(schema: &Value) -> ListKind {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    match text("x-kubernetes-list-type") {
        Some("set") => return ListKind::Set,
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let keys = keys.into_iter().flatten().filter_map(Value::as_str).map(Name::from);
            return ListKind::Map(keys.collect());
        }
        Some(_) => return ListKind::Atomic,
        None => {}
    }
    match (text("x-kubernetes-patch-strategy"), text("x-kubernetes-patch-merge-key")) {
        (Some("merge" | "merge,retainKeys"), Some(key)) => ListKind::Map([Name::from(key)].into()),
        (Some("merge" | "merge,retainKeys"), None) => ListKind::Set,
        _ => ListKind::Atomic,
    }
}

fn patch_rule(schema: &Value) -> Option<Box<PatchRule>> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().into();
    let strategy: Box<str> = text("x-kubernetes-patch-strategy");
    let merge_key = text("x-kubernetes-patch-merge-key");
    (!strategy.is_empty()).then(|| Box::new(PatchRule { strategy, merge_key }))
}

fn relationship(schema: &Value) -> Option<Relationship> {
    match schema.get("x-kubernetes-map-type").and_then(Value::as_str) {
        Some("atomic") => Some(Relationship::Atomic),
        Some("granular") => Some(Relationship::Separable),
        _ => None,
    }
}

/// Returns what `$ref` says, directly or as the only part of `allOf`.
fn ref_target(schema: &Value) -> Option<&str> {
    let direct = |schema: &'_ Value| schema.get("$ref").is_some();
    if direct(schema) {
        return schema.get("$ref").and_then(Value::as_str);
    }
    match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) if direct(only) => only.get("$ref").and_then(Value::as_str),
        _ => None,
    }
}

fn is_set(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool).unwrap_or_default()
}
