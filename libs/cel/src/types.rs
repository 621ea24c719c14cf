//! Types: what the checker computes with and what `type(…)` returns.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A type of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Anything; checked when the expression runs.
    Dyn,
    /// Stands where an error was reported.
    Error,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `list(T)`
    List(Arc<Type>),
    /// `map(K, V)`
    Map(Arc<(Type, Type)>),
    /// `type(T)`; the type of a type.
    Type(Arc<Type>),
    /// A type of a library, such as `optional_type(T)` or `kubernetes.Quantity`.
    Opaque(Arc<str>, Arc<[Type]>),
    /// An object with declared fields.
    Object(Arc<ObjectType>),
    /// A parameter of a declaration, such as `A`.
    Param(Arc<str>),
}

/// An object type: a name and the types of its fields.
#[derive(Debug)]
pub struct ObjectType {
    /// The name, which alone tells object types apart.
    pub name: Arc<str>,
    /// Types of the fields by the names that expressions use.
    pub fields: BTreeMap<Arc<str>, Type>,
}

impl PartialEq for ObjectType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ObjectType {}

impl std::hash::Hash for ObjectType {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// The name of the type of optional values.
pub(crate) const OPTIONAL: &str = "optional_type";

impl Type {
    /// Returns `list(element)`.
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// Returns `map(key, value)`.
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    /// Returns `optional_type(inner)`.
    pub fn optional(inner: Self) -> Self {
        Self::Opaque(Arc::from(OPTIONAL), Arc::from([inner]))
    }

    /// Returns the type of a library without parameters.
    pub fn opaque(name: &str) -> Self {
        Self::Opaque(Arc::from(name), Arc::from([]))
    }

    /// Returns the type of the type `of`.
    pub(crate) fn type_of(of: Self) -> Self {
        Self::Type(Arc::new(of))
    }

    /// Returns the type of an object of any fields, `google.protobuf.Struct`.
    pub fn structure() -> Self {
        Self::map(Self::String, Self::Dyn)
    }

    /// Returns the type inside an optional one.
    pub(crate) fn optional_inner(&self) -> Option<&Self> {
        match self {
            Self::Opaque(name, params) if &**name == OPTIONAL => params.first(),
            _ => None,
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn)
    }

    /// Returns the same type with its parameters changed.
    pub(crate) fn map_params(&self, change: &mut impl FnMut(&Self) -> Self) -> Self {
        match self {
            Self::List(item) => Self::list(change(item)),
            Self::Map(pair) => {
                let key = change(&pair.0);
                Self::map(key, change(&pair.1))
            }
            Self::Type(inner) => Self::type_of(change(inner)),
            Self::Opaque(name, params) if !params.is_empty() => {
                Self::Opaque(name.clone(), params.iter().map(change).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns the name with parameters, as cel-go prints the type of a result.
    pub fn full_name(&self) -> String {
        match self {
            Self::Null | Self::Timestamp | Self::Duration => self.name().to_owned(),
            Self::Type(inner) => format!("type({})", inner.full_name()),
            Self::List(item) => format!("list({})", item.full_name()),
            Self::Map(pair) => format!("map({}, {})", pair.0.full_name(), pair.1.full_name()),
            Self::Opaque(name, params) if !params.is_empty() => {
                let params: Vec<_> = params.iter().map(Self::full_name).collect();
                format!("{name}({})", params.join(", "))
            }
            other => other.to_string(),
        }
    }

    /// Returns the name without parameters, as `type(…)` values and messages use it.
    pub fn name(&self) -> &str {
        match self {
            Self::Dyn => "dyn",
            Self::Error => "*error*",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Duration => "google.protobuf.Duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
            Self::Opaque(name, _) => name,
            Self::Object(object) => &object.name,
            Self::Param(name) => name,
        }
    }
}

/// Prints as cel-go prints types in its messages.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Error => f.write_str("!error!"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(pair) => write!(f, "map({}, {})", pair.0, pair.1),
            Self::Type(inner) => write!(f, "type({inner})"),
            Self::Opaque(name, params) if !params.is_empty() => {
                write!(f, "{name}(")?;
                for (index, param) in params.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{param}")?;
                }
                f.write_str(")")
            }
            other => f.write_str(other.name()),
        }
    }
}

/// One way to call a function.
#[derive(Clone, Debug)]
pub(crate) struct Overload {
    pub(crate) id: &'static str,
    pub(crate) style: Style,
    /// The target comes first if there is one.
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
}

/// Whether a function is called as `f(a)` or as `a.f()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Function,
    Method,
}

impl Overload {
    /// Reads a declaration such as `(int, list(A)) -> bool` or `string.(int) -> string`.
    ///
    /// Declarations are constants of this crate; what cannot be read becomes an error type, which
    /// a test finds.
    pub(crate) fn read(id: &'static str, signature: &str) -> Self {
        let mut reader = Reader { rest: signature };
        let mut params = Vec::new();
        let style = if reader.rest.starts_with('(') {
            Style::Function
        } else {
            params.push(reader.read());
            reader.eat(".");
            Style::Method
        };
        reader.eat("(");
        while !reader.eat(")") {
            params.push(reader.read());
            if !reader.eat(",") && !reader.rest.starts_with(')') {
                break;
            }
        }
        reader.eat("->");
        let result = reader.read();
        Self { id, style, params, result }
    }
}

struct Reader<'s> {
    rest: &'s str,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn read(&mut self) -> Type {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let mut len = self.rest.find(|c| !good(c)).unwrap_or(self.rest.len());
        // The dot before the arguments of a method is no part of the name.
        if self.rest[..len].ends_with('.') {
            len -= 1;
        }
        let (name, rest) = self.rest.split_at(len);
        self.rest = rest;
        let mut params = Vec::new();
        if self.rest.starts_with('(') && self.eat("(") {
            while !self.eat(")") {
                params.push(self.read());
                if !self.eat(",") && !self.rest.starts_with(')') {
                    break;
                }
            }
        }
        make(name, params)
    }
}

fn make(name: &str, params: Vec<Type>) -> Type {
    let mut params = params.into_iter();
    let mut next = || params.next().unwrap_or(Type::Dyn);
    match name {
        "dyn" => Type::Dyn,
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "list" => Type::list(next()),
        "map" => {
            let key = next();
            Type::map(key, next())
        }
        "type" => Type::type_of(next()),
        "optional" => Type::optional(next()),
        name if name.len() == 1 && name.starts_with(|c: char| c.is_ascii_uppercase()) => {
            Type::Param(Arc::from(name))
        }
        "" => Type::Error,
        name => Type::opaque(name),
    }
}
