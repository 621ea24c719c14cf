//! Structured merge and managed fields, JSON and strategic patches.
//!
//! In: live objects, what a client wants of them, and the types of their kinds. Out: the objects
//! to store, with the book of who owns which field, or the conflicts and errors that the API
//! server of Kubernetes 1.36 would report.
//! Never: I/O, clocks, defaults, or rules of particular kinds. The time is an argument.
//!
//! Start at [`FieldManager`], which needs to know the versions of a kind ([`Versions`]), their
//! types ([`Type`]) and nothing else. Patches without ownership are in [`patch`]. Underneath,
//! [`Typed`] compares, merges and cuts values, and [`Set`] holds field paths.
#![forbid(unsafe_code)]

mod conflict;
mod field_manager;
mod managed;
pub mod patch;
mod path;
mod schema;
mod set;
mod typed;
mod updater;
mod value;

pub use conflict::{Conflict, Conflicts};
pub use field_manager::{Applied, Apply, ApplyError, FieldManager, Update, keep_times};
pub use managed::{Entry, InvalidEntries, ManagedFields, Manager, Operation};
pub use path::{Name, Path, PathElement};
pub use schema::{Schema, Type};
pub use set::{InvalidFields, Set};
pub use typed::{Comparison, Duplicates, InvalidValue, InvalidValues, Typed};
pub use updater::{OnConflict, Versions};
pub use value::{Plain, equals};
