//! Custom resources: what a definition makes the server serve, and the rules of its objects.
//!
//! `definition` reads a CustomResourceDefinition, `kind` holds the rules of the definition kind
//! itself with the checks in `validate`, `custom` those of the objects that it defines, `embedded`
//! those of resources inside them, `replicas` what a `Scale` shows of them. The life of a definition (names accepted, established, instances
//! removed) is driven by `controllers`.

mod custom;
mod definition;
mod embedded;
mod kind;
mod replicas;
#[cfg(test)]
mod tests;
mod validate;

pub(crate) use definition::{condition, is_true, register_stored, set_condition};
pub(crate) use kind::{DefinitionRules, FINALIZER, set_approval};
