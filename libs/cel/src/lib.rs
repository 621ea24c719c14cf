//! The Common Expression Language as Flux and the Kubernetes API server use it.
//!
//! In: an expression, declarations, JSON documents. Out: a value, or cel-go's words for what is
//! wrong. Never: clocks, I/O, unbounded recursion or memory; a document is not copied to be looked
//! at.
//!
//! Start at [`Env::flux`] or [`Env::kubernetes`] and [`Program::evaluate`]; [`Expression`] is how
//! the controllers use it.

mod ast;
mod check;
mod cost;
mod env;
mod error;
mod eval;
mod expression;
mod functions;
mod lexer;
mod opaque;
mod parser;
mod plan;
mod program;
mod schema;
mod source;
mod types;
mod value;

pub use cost::CostRange;
pub use env::{CompileError, Env};
pub use error::{ErrorKind, EvalError};
pub use expression::{Expression, ExpressionError};
pub use opaque::Opaque;
pub use program::{Evaluation, Program, Variables};
pub use schema::{Schema, SchemaPlace};
pub use source::Issues;
pub use types::{ObjectType, Type};
pub use value::{Key, List, Map, Text, Value};

#[cfg(test)]
mod tests;
