//! Templates as Go's `text/template` parses and executes them.
//!
//! In: template texts, functions, a [`Value`]. Out: text, or an error worded and placed as Go does.
//! Never: clocks, files, environment; no function beyond Go's own unless the caller brings it.
//!
//! Start at [`Templates`]. `lex` and `parse` build the nodes in `node`; `exec` walks them, with
//! Go's own functions in `builtin`; [`print()`], [`println()`] and [`printf`] print values as Go's `fmt`.

mod builtin;
mod call;
mod compare;
mod escape;
mod exec;
mod format;
mod function;
mod lex;
mod node;
mod number;
mod parse;
mod templates;
#[cfg(test)]
mod tests;
mod value;

pub use exec::Executor;
pub use format::{print, printf, println};
pub use function::{CallError, Function, Functions, Type};
pub use templates::{Error, Limits, MissingKey, Parsed, Templates};
pub use value::{Element, List, Map, Object, Value};
