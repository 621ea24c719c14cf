//! Values: what expressions compute with.
//!
//! JSON is not copied: a list or map of a document is a reference to it, and its elements become
//! values when they are looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use flux_gostd::{Duration, Time};
use serde_json::Value as Json;

use crate::error::EvalError;
use crate::opaque::Opaque;
use crate::schema::Schema;
use crate::types::Type;

mod compare;
mod convert;

pub(crate) use compare::{compare, equal, is_number};

/// A value of the language.
#[derive(Clone, Debug)]
pub enum Value<'v> {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed whole number.
    Int(i64),
    /// An unsigned whole number.
    Uint(u64),
    /// A floating point number.
    Double(f64),
    /// A text.
    String(Text<'v>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list.
    List(List<'v>),
    /// A map.
    Map(Map<'v>),
    /// A point in time.
    Timestamp(Arc<Time>),
    /// A span of time.
    Duration(Duration),
    /// A type.
    Type(Type),
    /// A value that may be missing.
    Optional(Option<Arc<Value<'v>>>),
    /// A value of a library, such as a quantity.
    Opaque(Arc<Opaque>),
}

/// A text, borrowed from a document or made by an expression.
#[derive(Clone, Debug)]
pub enum Text<'v> {
    /// Part of a document.
    Borrowed(&'v str),
    /// Made by an expression.
    Shared(Arc<str>),
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Shared(Arc::from(text))
    }
}

/// A list of a document or made by an expression.
#[derive(Clone, Debug)]
pub enum List<'v> {
    /// Part of a document, with what its elements mean.
    Json(&'v [Json], Option<&'v Schema>),
    /// Made by an expression.
    Owned(Arc<Vec<Value<'v>>>),
}

/// A map or object of a document, or a map made by an expression.
#[derive(Clone, Debug)]
pub enum Map<'v> {
    /// Part of a document, with what its values mean.
    Json(&'v serde_json::Map<String, Json>, Option<&'v Schema>),
    /// Made by an expression.
    Owned(Arc<BTreeMap<Key, Value<'v>>>),
}

/// A key of a map.
#[derive(Clone, Debug)]
pub enum Key {
    /// `null`, which only unchecked expressions can use.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number, whether signed or not.
    Int(i128),
    /// An unsigned number, kept apart for printing only.
    Uint(u64),
    /// A number with a fraction, which only unchecked expressions can use.
    Double(f64),
    /// A text.
    String(Arc<str>),
}

impl Key {
    fn rank(&self) -> (u8, i128, u64, &str) {
        match self {
            Self::Null => (0, 0, 0, ""),
            Self::Bool(value) => (1, i128::from(*value), 0, ""),
            // Numbers of equal value are one key, however they are typed.
            Self::Int(value) => (2, *value, 0, ""),
            Self::Uint(value) => (2, i128::from(*value), 0, ""),
            Self::Double(value) => (3, 0, value.to_bits(), ""),
            Self::String(text) => (4, 0, 0, text),
        }
    }

    /// Returns the key as a value.
    pub fn to_value<'v>(&self) -> Value<'v> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(i64::try_from(*value).unwrap_or(i64::MAX)),
            Self::Uint(value) => Value::Uint(*value),
            Self::Double(value) => Value::Double(*value),
            Self::String(text) => Value::String(Text::Shared(text.clone())),
        }
    }

    /// Makes a key of a value; `None` if it cannot be one.
    pub fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(i128::from(*value)),
            Value::Uint(value) => Self::Uint(*value),
            Value::Double(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => {
                Self::Int(*value as i128)
            }
            Value::Double(value) => Self::Double(*value),
            Value::String(Text::Shared(text)) => Self::String(text.clone()),
            Value::String(text) => Self::String(Arc::from(&**text)),
            _ => return None,
        })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// What an operation comes to.
pub(crate) type Outcome<'v> = Result<Value<'v>, EvalError>;

impl<'v> Value<'v> {
    /// Makes a value of a text.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(Text::Shared(Arc::from(text.into())))
    }

    /// Makes a list.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::Owned(Arc::new(items)))
    }

    /// Makes a map.
    pub fn map(entries: BTreeMap<Key, Self>) -> Self {
        Self::Map(Map::Owned(Arc::new(entries)))
    }

    /// Makes an optional value that is there.
    pub fn some(inner: Self) -> Self {
        Self::Optional(Some(Arc::new(inner)))
    }

    /// The optional value that is not there.
    pub const NONE: Self = Self::Optional(None);

    /// Returns the type as `type(…)` does.
    pub fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::List(_) => Type::list(Type::Dyn),
            Self::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Self::Timestamp(_) => Type::Timestamp,
            Self::Duration(_) => Type::Duration,
            Self::Type(_) => Type::type_of(Type::Dyn),
            Self::Optional(_) => Type::optional(Type::Dyn),
            Self::Opaque(opaque) => Type::opaque(opaque.type_name()),
        }
    }

    /// Returns the truth value, `None` if it is none.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the text, `None` if it is none.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns how much it holds: characters, bytes, elements, entries; 1 for everything else.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::String(text) => text.chars().count(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            Self::Optional(Some(inner)) => inner.size(),
            _ => 1,
        }
    }

    /// Tells whether it is the empty value of its type.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null | Self::Optional(None) => true,
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Uint(value) => *value == 0,
            Self::Double(value) => *value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Duration(span) => span.nanos() == 0,
            Self::Optional(Some(inner)) => inner.is_zero(),
            Self::Timestamp(_) | Self::Type(_) | Self::Opaque(_) => false,
        }
    }
}

impl<'v> List<'v> {
    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Json(items, _) => items.len(),
            Self::Owned(items) => items.len(),
        }
    }

    /// Tells whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an element; `None` past the end.
    ///
    /// # Errors
    /// The element does not fit its schema.
    pub fn get(&self, index: usize) -> Option<Result<Value<'v>, EvalError>> {
        match self {
            Self::Json(items, schema) => {
                let item = items.get(index)?;
                Some(Value::from_json(item, schema.and_then(Schema::items)))
            }
            Self::Owned(items) => items.get(index).cloned().map(Ok),
        }
    }

    /// Goes over all elements.
    pub fn iter(&self) -> impl Iterator<Item = Result<Value<'v>, EvalError>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Returns the elements as a vector.
    pub(crate) fn to_vec(&self) -> Result<Vec<Value<'v>>, EvalError> {
        match self {
            Self::Owned(items) => Ok(items.to_vec()),
            Self::Json(..) => self.iter().collect(),
        }
    }
}

impl<'v> Map<'v> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        match self {
            Self::Json(map, schema) => match schema.and_then(|schema| schema.fields()) {
                Some(_) => self.json_keys(map, *schema).count(),
                None => map.len(),
            },
            Self::Owned(map) => map.len(),
        }
    }

    /// Tells whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a text key.
    ///
    /// # Errors
    /// The value does not fit its schema.
    pub fn get_str(&self, key: &str) -> Option<Result<Value<'v>, EvalError>> {
        match self {
            Self::Json(map, schema) => {
                let (json, schema) = match schema.and_then(Schema::fields) {
                    Some(fields) => {
                        let field = fields.by_name.get(key)?;
                        // A null of an object is a field that is not there.
                        let json = map.get(&field.name).filter(|json| !json.is_null())?;
                        (json, Some(&field.schema))
                    }
                    None => (map.get(key)?, schema.and_then(Schema::values)),
                };
                Some(Value::from_json(json, schema))
            }
            Self::Owned(map) => map.get(&Key::String(Arc::from(key))).cloned().map(Ok),
        }
    }

    /// Returns the value of any key.
    pub(crate) fn get(&self, key: &Value<'_>) -> Option<Result<Value<'v>, EvalError>> {
        match (self, key) {
            (_, Value::String(text)) => self.get_str(text),
            (Self::Json(..), _) => None,
            (Self::Owned(map), key) => map.get(&Key::of(key)?).cloned().map(Ok),
        }
    }

    /// Returns the keys.
    pub fn keys(&self) -> Vec<Value<'v>> {
        match self {
            Self::Json(map, schema) => {
                self.json_keys(map, *schema).map(|key| Value::String(Text::Borrowed(key))).collect()
            }
            Self::Owned(map) => map.keys().map(Key::to_value).collect(),
        }
    }

    /// Goes over the keys of a document as expressions spell them; of an object only the declared
    /// ones exist.
    fn json_keys(
        &self,
        map: &'v serde_json::Map<String, Json>,
        schema: Option<&'v Schema>,
    ) -> impl Iterator<Item = &'v str> {
        map.keys().filter_map(move |key| match schema.and_then(Schema::fields) {
            Some(_) => schema.and_then(|schema| schema.spelling(key)),
            None => Some(key.as_str()),
        })
    }

    /// Goes over keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Value<'v>, Outcome<'v>)> + '_ {
        self.keys().into_iter().filter_map(|key| {
            let value = self.get(&key)?;
            Some((key, value))
        })
    }
}
