//! Kubernetes objects as values: kinds, ids, ordering, documents in and out.
//!
//! In: JSON values or YAML text. Out: [`Object`]s, their [`GroupVersionKind`] and [`ObjectId`].
//! Never: I/O, schemas, defaults. An object here is whatever a user wrote.
//!
//! Start at [`Object`]. Sorting for output is in `order`, reading of streams in [`documents`].

pub mod documents;
mod id;
mod object;
mod selector;

pub use id::{GroupVersionKind, ObjectId, ParseIdError};
pub use object::{InvalidObject, Object};
pub use selector::{LabelSelector, ParseSelectorError};
