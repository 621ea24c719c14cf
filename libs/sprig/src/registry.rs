//! How functions are entered by name, and how they get at their arguments.

use std::borrow::Cow;
use std::rc::Rc;

use flux_gotemplate::{CallError, Function, Functions, Map, Type, Value};

use crate::Host;

/// What a function gives.
pub type Called = Result<Value, CallError>;

/// The arguments of a call, of the types that the function was entered with.
///
/// What is asked for in another type than that is empty.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a>(pub &'a [Value]);

impl<'a> Arguments<'a> {
    /// An argument as it is; nil if there is none.
    pub fn value(&self, index: usize) -> &'a Value {
        self.0.get(index).unwrap_or(&Value::Nil)
    }

    /// A string.
    pub fn text(&self, index: usize) -> Cow<'a, str> {
        match self.0.get(index) {
            Some(Value::Str(text)) => Cow::Borrowed(text),
            Some(Value::Raw(bytes)) => String::from_utf8_lossy(bytes),
            _ => Cow::Borrowed(""),
        }
    }

    /// The bytes of a string.
    pub fn bytes(&self, index: usize) -> &'a [u8] {
        match self.0.get(index) {
            Some(Value::Str(text)) => text.as_bytes(),
            Some(Value::Raw(bytes)) => bytes,
            _ => &[],
        }
    }

    /// A whole number.
    pub fn int(&self, index: usize) -> i64 {
        match self.0.get(index) {
            Some(Value::Int(number) | Value::Int64(number)) => *number,
            _ => 0,
        }
    }

    /// A boolean.
    pub fn bool(&self, index: usize) -> bool {
        matches!(self.0.get(index), Some(Value::Bool(true)))
    }

    /// A map, unless it is nil.
    pub fn map(&self, index: usize) -> Option<&'a Map> {
        match self.0.get(index) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        }
    }

    /// The arguments from `index` on.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.0.get(index..).unwrap_or_default()
    }
}

/// Collects the functions of all modules.
pub(crate) struct Registry {
    pub(crate) functions: Functions,
    host: Rc<dyn Host>,
}

impl Registry {
    pub(crate) fn new(host: Rc<dyn Host>) -> Self {
        Self { functions: Functions::new(), host }
    }

    /// Enters a function with a fixed number of arguments.
    pub(crate) fn add(
        &mut self,
        name: &str,
        parameters: &[Type],
        body: fn(Arguments<'_>) -> Called,
    ) {
        let function = Function::new(parameters, move |_, values| body(Arguments(values)));
        self.functions.insert(name.to_owned(), function);
    }

    /// Enters a function that takes any number of further arguments of one type.
    pub(crate) fn add_with_rest(
        &mut self,
        name: &str,
        (parameters, rest): (&[Type], Type),
        body: fn(Arguments<'_>) -> Called,
    ) {
        let function = Function::new(parameters, move |_, values| body(Arguments(values)));
        self.functions.insert(name.to_owned(), function.with_rest(rest));
    }

    /// Enters a function that needs the host.
    pub(crate) fn add_with_host(
        &mut self,
        name: &str,
        parameters: &[Type],
        body: fn(&dyn Host, Arguments<'_>) -> Called,
    ) {
        let host = self.host.clone();
        let function =
            Function::new(parameters, move |_, values| body(host.as_ref(), Arguments(values)));
        self.functions.insert(name.to_owned(), function);
    }

    /// Enters a function again under other names.
    pub(crate) fn alias(&mut self, name: &str, others: &[&str]) {
        if let Some(function) = self.functions.get(name).cloned() {
            for other in others {
                self.functions.insert((*other).to_owned(), function.clone());
            }
        }
    }
}

/// What Go says when nil is used as a pointer.
pub(crate) const NIL_POINTER: &str =
    "runtime error: invalid memory address or nil pointer dereference";

/// The most items that a function makes from a number alone.
pub(crate) const MOST_ITEMS: i64 = 10_000_000;
/// The most bytes that a function makes from a number alone.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// Refuses what would fill the memory.
pub(crate) fn too_large(what: &str) -> CallError {
    CallError::new(format!("{what} would be too large"))
}
