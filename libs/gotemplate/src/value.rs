//! The values that templates work on.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;

use crate::exec::Executor;
use crate::function::{CallError, Function};

/// A value of the kinds that Go's templates tell apart.
///
/// Lists and maps are shared as in Go: a function that changes a map changes it for everyone who
/// holds it. Values belong to one execution and stay in its thread; what goes in and comes out of
/// it are texts and JSON values.
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
    /// A `string` that is not UTF-8.
    Raw(Rc<[u8]>),
    /// `[]uint8`
    Bytes(Rc<[u8]>),
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
    /// `[]interface {}`
    List,
    /// `interface {}` in a list or map whose own type has a name.
    Named(&'static str),
}

impl Element {
    /// The element's name in Go.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any | Self::Named(_) => "interface {}",
            Self::Str => "string",
            Self::Int => "int",
            Self::List => "[]interface {}",
        }
    }

    /// Tells whether elements may be of any type.
    pub fn is_any(self) -> bool {
        matches!(self, Self::Any | Self::Named(_))
    }

    /// The value of an entry that is not there.
    pub(crate) fn zero(self) -> Value {
        match self {
            Self::Any | Self::Named(_) => Value::Nil,
            Self::Str => Value::from(""),
            Self::Int => Value::Int(0),
            Self::List => Value::List(List::default()),
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

    /// The name of the type's kind: `struct`, `ptr`, `map`, `slice`.
    fn kind(&self) -> &'static str {
        "struct"
    }

    /// The value of a field.
    fn field(&self, name: &str) -> Option<Value>;

    /// Calls a method; nothing if there is none of that name.
    fn call(
        &self,
        executor: &mut Executor<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, CallError>>;

    /// The object as a template prints it.
    fn text(&self) -> String;

    /// The object as functions print it; it differs where only a pointer has the method `String`.
    fn formatted(&self) -> String {
        self.text()
    }

    /// Keys and values of what is a map or a list, in order.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }

    /// The object as Go encodes it in JSON.
    fn json(&self) -> serde_json::Value {
        self.text().into()
    }

    /// The object itself, for functions that know its type.
    fn as_any(&self) -> &dyn Any;
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

    /// Makes a list of strings.
    pub fn strings<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Self> = items.into_iter().map(Into::into).collect();
        Self::List(List { items: Rc::new(items), element: Element::Str })
    }

    /// Makes a string of bytes.
    pub fn string(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::from(text),
            Err(_) => Self::Raw(bytes.into()),
        }
    }

    /// The items of what Go calls a slice.
    pub fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(list) => Some(list.items.to_vec()),
            Self::Bytes(bytes) => Some(bytes.iter().copied().map(Self::Byte).collect()),
            Self::Object(object) if object.kind() == "slice" => {
                Some(object.entries()?.into_iter().map(|(_, value)| value).collect())
            }
            _ => None,
        }
    }

    /// The name of its kind in Go (`reflect.Kind`).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint(_) => "uint64",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::Str(_) | Self::Raw(_) => "string",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind(),
            Self::Func(_) => "func",
        }
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
            Self::Raw(bytes) | Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.borrow().is_empty(),
            Self::Object(object) => object.entries().is_none_or(|entries| !entries.is_empty()),
            Self::Func(_) => true,
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
            Self::Str(_) | Self::Raw(_) => "string".to_owned(),
            Self::Bytes(_) => "[]uint8".to_owned(),
            Self::List(List { element: Element::Named(name), .. })
            | Self::Map(Map { element: Element::Named(name), .. }) => (*name).to_owned(),
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

/// Numbers keep the type that they have there: `int64` for whole numbers and `float64` for others.
///
/// What Go read from JSON or YAML has floats only; see [`Value::from_json_text`].
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

impl Value {
    /// Makes the value that Go reads from JSON text: all numbers are `float64`.
    pub fn from_json_text(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Number(number) => Self::Float(number.as_f64().unwrap_or_default()),
            serde_json::Value::Array(items) => {
                Self::list(items.iter().map(Self::from_json_text).collect())
            }
            serde_json::Value::Object(entries) => {
                let entry = |(key, value): (&String, _)| (key.clone(), Self::from_json_text(value));
                Self::map(entries.iter().map(entry).collect())
            }
            other => Self::from(other),
        }
    }
}
