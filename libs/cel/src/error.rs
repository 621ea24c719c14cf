//! What goes wrong while an expression runs.

use std::fmt;
use std::sync::Arc;

/// Why an expression has no value, in cel-go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    message: Arc<str>,
    kind: ErrorKind,
}

/// What callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A key or field that is not there.
    NoSuchKey,
    /// A variable that is not there.
    NoSuchAttribute,
    /// A function that does not take these values.
    NoSuchOverload,
    /// The expression costs more than its budget; nothing in the expression can hide that.
    Budget,
    /// Everything else.
    Other,
}

impl EvalError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: Arc::from(message.into()), kind: ErrorKind::Other }
    }

    pub(crate) fn no_such_key(key: impl fmt::Display) -> Self {
        let message = Arc::from(format!("no such key: {key}"));
        Self { message, kind: ErrorKind::NoSuchKey }
    }

    pub(crate) fn no_such_attribute(name: impl fmt::Display) -> Self {
        let message = Arc::from(format!("no such attribute(s): {name}"));
        Self { message, kind: ErrorKind::NoSuchAttribute }
    }

    pub(crate) fn no_such_overload() -> Self {
        Self { message: Arc::from("no such overload"), kind: ErrorKind::NoSuchOverload }
    }

    pub(crate) fn no_such_function(name: &str) -> Self {
        let message = Arc::from(format!("no such overload: {name}"));
        Self { message, kind: ErrorKind::NoSuchOverload }
    }

    pub(crate) fn budget() -> Self {
        let message = Arc::from("operation cancelled: actual cost limit exceeded");
        Self { message, kind: ErrorKind::Budget }
    }

    /// Returns what kind of problem it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Tells whether no operator may hide it.
    pub(crate) fn is_fatal(&self) -> bool {
        self.kind == ErrorKind::Budget
    }

    /// Adds a field to the name of a variable that is not there.
    pub(crate) fn with_field(self, field: &str) -> Self {
        if self.kind != ErrorKind::NoSuchAttribute {
            return self;
        }
        Self { message: Arc::from(format!("{}.{field}", self.message)), kind: self.kind }
    }
}
