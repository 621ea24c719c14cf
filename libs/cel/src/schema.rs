//! What the parts of a JSON document mean to expressions, from an OpenAPI schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::{ObjectType, Type};

/// What one part of a document means.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) kind: SchemaKind,
    pub(crate) nullable: bool,
}

/// The kinds of parts.
#[derive(Clone, Debug)]
pub(crate) enum SchemaKind {
    /// Whatever the document holds.
    Any,
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
            SchemaKind::Any | SchemaKind::IntOrString => Type::Dyn,
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
