//! YAML as go-yaml reads and writes it: nodes with style, comments and positions, both
//! resolvers, exact emission.
//!
//! In: bytes. Out: [`Node`] trees or JSON values; and back to the very text that go-yaml prints.
//! Never: I/O, schemas.
//!
//! Start at [`parse`] for trees and [`from_str`] for values. [`to_string`] prints a value as
//! sigs.k8s.io/yaml does, [`emit`] a tree as any of the Go libraries does.

mod compose;
mod documents;
mod emit;
mod error;
mod input;
mod limits;
mod node;
mod parser;
mod resolve;
mod scanner;
#[cfg(test)]
mod tests;
mod value;

pub use documents::{Documents, parse, parse_with};
pub use emit::{Emit, Format, Library, Sequences, emit, emit_with, marshal, to_json, to_string};
pub use error::Error;
pub use limits::Limits;
pub use node::{Comments, Kind, Node, Style};
pub use resolve::Resolver;
pub use value::{from_str, from_str_strict};
