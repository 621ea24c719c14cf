//! What the parts of a JSON document mean to expressions, from an OpenAPI schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::types::{ObjectType, Type};

mod openapi;

pub use openapi::SchemaPlace;

/// What one part of a document means, and how large it may be.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) kind: SchemaKind,
    pub(crate) nullable: bool,
    /// How many elements, entries or characters it may have.
    pub(crate) max_elements: u64,
    /// How many bytes it takes at least.
    pub(crate) min_size: u64,
}

/// The kinds of parts.
#[derive(Clone, Debug)]
pub(crate) enum SchemaKind {
    /// A text or a whole number.
    IntOrString,
    Bool,
    Int,
    Double,
    String(Format),
    List(Box<Schema>, ListKind),
    Map(Box<Schema>),
    Object(Fields),
}

/// Formats of texts that become other types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Byte,
    Date,
    DateTime,
    Duration,
}

/// How the elements of a list are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// By position.
    Atomic,
    /// By value.
    Set,
    /// By these fields.
    Map(Arc<[String]>),
}

/// The fields of an object by the names that expressions use.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) by_name: BTreeMap<Arc<str>, Field>,
    /// From the names of the document to those of expressions, where they differ.
    pub(crate) escaped: BTreeMap<String, Arc<str>>,
    pub(crate) object_type: Arc<ObjectType>,
}

/// One field of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The name in the document.
    pub(crate) name: String,
    pub(crate) schema: Schema,
}

impl Schema {
    /// Reads an OpenAPI schema of a custom resource definition; `None` if expressions may not see
    /// what it describes, such as a list without items.
    pub fn from_openapi(openapi: &Json, place: SchemaPlace) -> Option<Self> {
        openapi::read(openapi, place, "selfType")
    }

    /// Returns how often such a part can stand in one request.
    pub fn max_cardinality(&self) -> u64 {
        openapi::REQUEST_SIZE / self.min_size.saturating_add(1)
    }

    /// Returns what the elements of a list mean.
    pub(crate) fn items(&self) -> Option<&Self> {
        match &self.kind {
            SchemaKind::List(items, _) => Some(items),
            _ => None,
        }
    }

    /// Returns how the elements of a list are told apart.
    pub(crate) fn list_kind(&self) -> Option<ListKind> {
        match &self.kind {
            SchemaKind::List(_, kind) => Some(kind.clone()),
            _ => None,
        }
    }

    pub(crate) fn fields(&self) -> Option<&Fields> {
        match &self.kind {
            SchemaKind::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Returns what the values of a map mean.
    pub(crate) fn values(&self) -> Option<&Self> {
        match &self.kind {
            SchemaKind::Map(values) => Some(values),
            _ => None,
        }
    }

    /// Returns what a field of an object means, by its name in the document.
    pub(crate) fn property(&self, name: &str) -> Option<&Self> {
        let fields = self.fields()?;
        let spelling = fields.escaped.get(name).map_or(name, |escaped| escaped);
        fields.by_name.get(spelling).map(|field| &field.schema)
    }

    /// Returns how expressions spell a field of the document; `None` if it is not declared.
    pub(crate) fn spelling<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        let fields = self.fields()?;
        if let Some(escaped) = fields.escaped.get(name) {
            return Some(escaped);
        }
        fields.by_name.contains_key(name).then_some(name)
    }

    /// Returns the type that expressions see.
    pub fn declared_type(&self) -> Type {
        match &self.kind {
            SchemaKind::IntOrString => Type::Dyn,
            SchemaKind::Bool => Type::Bool,
            SchemaKind::Int => Type::Int,
            SchemaKind::Double => Type::Double,
            SchemaKind::String(Format::Plain) => Type::String,
            SchemaKind::String(Format::Byte) => Type::Bytes,
            SchemaKind::String(Format::Duration) => Type::Duration,
            SchemaKind::String(Format::Date | Format::DateTime) => Type::Timestamp,
            SchemaKind::List(items, _) => Type::list(items.declared_type()),
            SchemaKind::Map(values) => Type::map(Type::String, values.declared_type()),
            SchemaKind::Object(fields) => Type::Object(fields.object_type.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
