//! Schemas of Kubernetes objects: structural schemas of custom resources, OpenAPI data of built-in kinds.
//!
//! In: a schema and a JSON value. Out: the value with defaults, the value without unknown fields and
//! their list, or the errors that the API server would print.
//! Never: I/O, clocks, or knowledge of what a kind means beyond its schema.
//!
//! Start at [`Schema`], which is parsed from a definition, and [`Validator`], which judges values by
//! it; [`prune`] and [`apply_defaults`] change them. The definitions of built-in kinds are in
//! [`openapi`], the table of what a server of Kubernetes 1.36 serves in [`resources`].
#![forbid(unsafe_code)]

mod default;
mod definition;
mod field;
mod format;
pub mod go;
mod number;
pub mod openapi;
mod pattern;
mod prune;
pub mod quantity;
pub mod resources;
mod rules;
mod schema;
mod validate;

pub use default::{apply_defaults, drop_wrong_nulls};
pub use definition::{
    DefinitionSchema, EmbeddedCheck, check_definition, schema_text, unrecognized_formats,
    validate_embedded,
};
pub use field::{FieldError, FieldErrorKind, Path, value_text};
pub use number::json_text;
pub use prune::prune;
pub use quantity::Quantity;
pub use rules::{RuleFindings, RuleSet, selectable_field};
pub use schema::{Additional, Combined, Items, Limits, ListType, Rule, Schema, Type, Unsupported};
pub use validate::{Validator, validate_lists};
