//! YAML as go-yaml reads and writes it: nodes with style, comments and positions, both
//! resolvers, exact emission.
//!
//! In: bytes. Out: [`Node`] trees or JSON values; and back to the very text that go-yaml prints.
//! Never: I/O, schemas.
//!
//! Start at [`parse`] for trees and [`from_str`] for values.

mod node;

pub use node::{Comments, Kind, Node, Style};
