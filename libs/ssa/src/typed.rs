//! Values of a known type: checked, listed, compared, merged, cut.

use serde_json::Value;

use crate::schema::{Schema, Type, TypeRef};
use crate::set::Set;

mod compare;
mod cut;
mod field_set;
mod item;
mod merge;
mod reconcile;
mod validate;

pub use compare::Comparison;
pub use validate::{InvalidValue, InvalidValues};

/// Whether an associative list may name the same item twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// Duplicates are an error, as in what a client applies.
    Refuse,
    /// Duplicates are accepted, as in what is stored.
    Allow,
}

/// A value that has been found to conform to a type.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    value: &'a Value,
    of: &'a Type,
}

impl<'a> Typed<'a> {
    /// Checks `value` against a type.
    pub fn new(
        value: &'a Value,
        of: &'a Type,
        duplicates: Duplicates,
    ) -> Result<Self, InvalidValues> {
        validate::validate(&of.schema, &of.root, value, duplicates)?;
        Ok(Self { value, of })
    }

    /// Takes a value that is made of values of this type.
    pub(crate) fn assume(value: &'a Value, of: &'a Type) -> Self {
        Self { value, of }
    }

    /// Returns the value.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Returns every leaf and every item that the value mentions.
    pub fn field_set(&self) -> Set {
        field_set::field_set(&self.of.schema, &self.of.root, self.value)
    }

    /// Returns what `new` adds, changes and removes. Both must be of one type.
    pub fn compare(&self, new: &Typed<'_>) -> Comparison {
        compare::compare(&self.of.schema, &self.of.root, self.value, new.value)
    }

    /// Returns this value with what `applied` says laid over it. Nothing is removed.
    pub fn merge(&self, applied: &Typed<'_>) -> Value {
        merge::merge(self, applied, None)
    }

    /// Merges like [`Typed::merge`], and leaves out the managed fields of an object.
    pub(crate) fn merge_without_managers(&self, applied: &Typed<'_>) -> Value {
        let metadata = self.value.get("metadata");
        merge::merge(self, applied, metadata.and_then(|metadata| metadata.get("managedFields")))
    }

    /// Returns the value without the fields and items in `items`.
    pub fn remove(&self, items: &Set) -> Value {
        cut::remove(&self.of.schema, &self.of.root, self.value, items)
    }

    /// Returns only the fields and items in `items`.
    pub fn extract(&self, items: &Set) -> Value {
        cut::extract(&self.of.schema, &self.of.root, self.value, items)
    }

    pub(crate) fn schema(&self) -> &'a Schema {
        &self.of.schema
    }

    pub(crate) fn root(&self) -> &'a TypeRef {
        &self.of.root
    }
}

/// Fits a set that was written for an older schema to the type `of`.
///
/// What became atomic is owned as a whole. Returns nothing if the set fits already.
pub(crate) fn reconcile(set: &Set, of: &Type) -> Option<Set> {
    reconcile::reconcile(&of.schema, &of.root, set)
}

#[cfg(test)]
mod tests;
