//! Functions that templates call.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display, Formatter};
use std::rc::Rc;
use std::sync::Arc;

use crate::exec::Executor;
use crate::templates::Error;
use crate::value::Value;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything.
    Any,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `float64`
    Float,
    /// `string`
    Str,
    /// `[]interface {}`
    List,
    /// `map[string]interface {}`
    Map,
    /// `uint32`
    Uint32,
    /// The type of an object, by its name.
    Object(&'static str),
}

impl Type {
    /// The type's name in Go.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::Str => "string",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
            Self::Uint32 => "uint32",
            Self::Object(name) => name,
        }
    }

    /// Tells whether a value is of this type.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Int64, Value::Int64(_))
            | (Self::Float, Value::Float(_))
            | (Self::Str, Value::Str(_) | Value::Raw(_)) => true,
            (Self::List, Value::List(list)) => list.element.is_any(),
            (Self::Map, Value::Map(map)) => map.element.is_any(),
            (Self::Object(name), Value::Object(object)) => object.type_name() == name,
            _ => false,
        }
    }

    /// Tells whether `nil` is of this type.
    pub(crate) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::List | Self::Map)
    }
}

/// Why a function gave no value; the text follows `error calling NAME: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    text: String,
    causes: Vec<Arc<str>>,
}

/// How many errors that led to one are kept; of longer chains the innermost.
const MAX_CAUSES: usize = 100;

/// The errors that led to one which `cause` with its own causes led to.
pub(crate) fn chain(cause: &str, causes: &[Arc<str>]) -> Vec<Arc<str>> {
    let own = (causes.len() < MAX_CAUSES).then(|| Arc::from(cause));
    own.into_iter().chain(causes.iter().cloned()).collect()
}

impl CallError {
    /// Makes an error that nothing else caused.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), causes: Vec::new() }
    }

    /// Makes an error that `cause` led to, which is to be told apart from its text.
    pub fn caused(text: impl Into<String>, cause: &Error) -> Self {
        Self { text: text.into(), causes: chain(&cause.to_string(), cause.causes()) }
    }

    /// The texts of what led to this error, each of what led to the one before.
    pub fn causes(&self) -> &[Arc<str>] {
        &self.causes
    }
}

impl Display for CallError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for CallError {}

impl From<&str> for CallError {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for CallError {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// The error of another template, passed on as it is.
impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self { causes: error.causes().to_vec(), text: error.to_string() }
    }
}

type Body = dyn Fn(&mut Executor<'_>, &[Value]) -> Result<Value, CallError>;

/// A function with the types of its parameters.
#[derive(Clone)]
pub struct Function {
    pub(crate) parameters: Vec<Type>,
    pub(crate) rest: Option<Type>,
    pub(crate) body: Rc<Body>,
    pub(crate) is_builtin: bool,
}

impl Function {
    /// Makes a function with a fixed number of parameters; its body gets exactly as many values,
    /// each of its type (or nil, where that is of the type).
    pub fn new(
        parameters: &[Type],
        body: impl Fn(&mut Executor<'_>, &[Value]) -> Result<Value, CallError> + 'static,
    ) -> Self {
        Self { parameters: parameters.to_vec(), rest: None, body: Rc::new(body), is_builtin: false }
    }

    /// Lets the function take any number of further values of one type.
    #[must_use]
    pub fn with_rest(mut self, rest: Type) -> Self {
        self.rest = Some(rest);
        self
    }
}

impl Debug for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("parameters", &self.parameters)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

/// Functions by name.
pub type Functions = BTreeMap<String, Function>;
