//! The values that templates work on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;

use crate::exec::Executor;
use crate::function::{CallError, Function};

/// A value of the kinds that Go's templates tell apart.
///
/// Lists and maps are shared as in Go: a function that changes a map changes it for everyone who
/// holds it.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Go's `nil`.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `uint64`
    Uint(u64),
    /// `uint8`, a byte of a string.
    Byte(u8),
    /// `float64`
    Float(f64),
    /// `complex128`: the real part and the imaginary one.
    Complex(f64, f64),
    /// `string`
    Str(Rc<str>),
    /// A slice.
    List(List),
    /// A map with strings for keys.
    Map(Map),
    /// A value with methods, in Rust.
    Object(Rc<dyn Object>),
    /// A function that `call` can call.
    Func(Rc<Function>),
}

/// What a list or a map is declared to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`
    #[default]
    Any,
    /// `string`
    Str,
    /// `int`
    Int,
}

impl Element {
    /// The element's name in Go.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Str => "string",
            Self::Int => "int",
        }
    }

    /// The value of an entry that is not there.
    pub(crate) fn zero(self) -> Value {
        match self {
            Self::Any => Value::Nil,
            Self::Str => Value::from(""),
            Self::Int => Value::Int(0),
        }
    }
}

/// A slice and what it is declared to hold.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The items.
    pub items: Rc<Vec<Value>>,
    /// Their declared type.
    pub element: Element,
}

/// A map and what it is declared to hold.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The entries, in the order of their keys' bytes.
    pub entries: Rc<RefCell<BTreeMap<String, Value>>>,
    /// Their declared type.
    pub element: Element,
}

impl Map {
    /// The value of an entry.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }
}

/// A value with methods and fields that are looked up by name, such as Helm's `.Files`.
pub trait Object: Debug {
    /// The type's name as errors print it.
    fn type_name(&self) -> String;

    /// The value of a field.
    fn field(&self, name: &str) -> Option<Value>;

    /// Calls a method; nothing if there is none of that name.
    fn call(
        &self,
        executor: &mut Executor<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, CallError>>;

    /// The object as it is printed.
    fn text(&self) -> String;
}

impl Value {
    /// Makes a list of values of any type.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List { items: Rc::new(items), element: Element::Any })
    }

    /// Makes a map of values of any type.
    pub fn map(entries: BTreeMap<String, Self>) -> Self {
        Self::Map(Map { entries: Rc::new(RefCell::new(entries)), element: Element::Any })
    }

    /// Tells whether conditions hold it for true: whether it is neither zero nor empty.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) => *value != 0,
            Self::Uint(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.borrow().is_empty(),
            Self::Object(_) | Self::Func(_) => true,
        }
    }

    /// The name of its type in Go.
    pub fn type_name(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(_) => "bool".to_owned(),
            Self::Int(_) => "int".to_owned(),
            Self::Int64(_) => "int64".to_owned(),
            Self::Uint(_) => "uint64".to_owned(),
            Self::Byte(_) => "uint8".to_owned(),
            Self::Float(_) => "float64".to_owned(),
            Self::Complex(..) => "complex128".to_owned(),
            Self::Str(_) => "string".to_owned(),
            Self::List(list) => format!("[]{}", list.element.name()),
            Self::Map(map) => format!("map[string]{}", map.element.name()),
            Self::Object(object) => object.type_name(),
            Self::Func(_) => "func".to_owned(),
        }
    }

    /// The whole number that it is, if it is of such a type.
    pub fn integer(&self) -> Option<i128> {
        match self {
            Self::Int(value) | Self::Int64(value) => Some((*value).into()),
            Self::Uint(value) => Some((*value).into()),
            Self::Byte(value) => Some((*value).into()),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Whole numbers become `int64`, as where Go keeps them apart from floats.
impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => Self::Int64(int),
                (None, Some(uint)) => Self::Uint(uint),
                _ => Self::Float(number.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => Self::list(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(entries) => {
                let entry = |(key, value): (&String, _)| (key.clone(), Self::from(value));
                Self::map(entries.iter().map(entry).collect())
            }
        }
    }
}
