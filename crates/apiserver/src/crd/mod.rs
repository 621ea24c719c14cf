//! Custom resources: what a definition makes the server serve, and the rules of its objects.
//!
//! `definition` reads a CustomResourceDefinition, `kind` holds the rules of the definition kind
//! itself, `custom` those of the objects that it defines. The life of a definition (names accepted,
//! established, instances removed) is driven by `controllers`.

mod custom;
mod definition;
mod kind;
#[cfg(test)]
mod tests;

pub(crate) use definition::{condition, is_true, register_stored, set_condition};
pub(crate) use kind::{DefinitionRules, FINALIZER};
