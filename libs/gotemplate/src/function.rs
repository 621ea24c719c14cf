//! Functions that templates call.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::rc::Rc;

use crate::exec::Executor;
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
        }
    }

    /// Tells whether a value is of this type.
    pub(crate) fn takes(self, value: &Value) -> bool {
        use crate::value::Element;
        match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Int64, Value::Int64(_))
            | (Self::Float, Value::Float(_))
            | (Self::Str, Value::Str(_)) => true,
            (Self::List, Value::List(list)) => list.element == Element::Any,
            (Self::Map, Value::Map(map)) => map.element == Element::Any,
            _ => false,
        }
    }

    /// Tells whether `nil` is of this type.
    pub(crate) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::List | Self::Map)
    }
}

/// Why a function gave no value; the text follows `error calling NAME: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallError(pub String);

impl From<&str> for CallError {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

type Body = dyn Fn(&mut Executor<'_>, &[Value]) -> Result<Value, CallError>;

/// A function with the types of its parameters.
#[derive(Clone)]
pub struct Function {
    pub(crate) parameters: Vec<Type>,
    pub(crate) rest: Option<Type>,
    pub(crate) body: Rc<Body>,
}

impl Function {
    /// Makes a function with a fixed number of parameters; its body gets exactly as many values,
    /// each of its type (or nil, where that is of the type).
    pub fn new(
        parameters: &[Type],
        body: impl Fn(&mut Executor<'_>, &[Value]) -> Result<Value, CallError> + 'static,
    ) -> Self {
        Self { parameters: parameters.to_vec(), rest: None, body: Rc::new(body) }
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
