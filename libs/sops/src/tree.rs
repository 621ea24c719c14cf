//! The tree that a document is read into, whatever its format.

use flux_gostd::Time;

/// One document: its entries in the order of the text.
pub type Branch = Vec<Item>;

/// An entry of a map, or a comment between entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What the entry is called.
    pub key: Key,
    /// Its value; null for a comment.
    pub value: Value,
}

/// What an entry of a map is called.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A name.
    Text(String),
    /// No entry, but a comment.
    Comment(Comment),
    /// A key that is no text, which SOPS does not encrypt: its Go type and how Go prints it.
    Other(&'static str, String),
}

/// A comment without its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What stands behind the mark.
    pub text: String,
    /// Whether it stands on the line of the value that follows.
    pub inline: bool,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, which is never encrypted.
    Null,
    /// Text, which need not be UTF-8.
    Text(Vec<u8>),
    /// Bytes, which old versions of SOPS encrypted as such.
    Bytes(Vec<u8>),
    /// A whole number.
    Int(i64),
    /// A whole number that needs the 64th bit, which SOPS does not encrypt.
    Uint(u64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A time.
    Time(Time),
    /// A comment in a list.
    Comment(Comment),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Branch),
}

impl Value {
    /// Makes text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes())
    }

    /// Returns the text as UTF-8, nothing for other values.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    /// Returns what Go calls the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Bool(_) => "bool",
            Self::Time(_) => "time.Time",
            Self::Comment(_) => "sops.Comment",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "sops.TreeBranch",
        }
    }

    /// Tells whether the value has parts.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

impl Item {
    /// Makes an entry.
    pub fn new(key: impl Into<String>, value: Value) -> Self {
        Self { key: Key::Text(key.into()), value }
    }

    /// Makes a comment.
    pub(crate) fn comment(text: impl Into<String>, inline: bool) -> Self {
        let comment = Comment { text: text.into(), inline };
        Self { key: Key::Comment(comment), value: Value::Null }
    }

    /// Returns the name, nothing for a comment.
    pub fn name(&self) -> Option<&str> {
        match &self.key {
            Key::Text(name) => Some(name),
            Key::Comment(_) | Key::Other(..) => None,
        }
    }
}

/// Prints a time as Go's `MarshalText`: RFC 3339 with as many digits of a second as it has.
pub(crate) fn time_text(time: &Time) -> String {
    time.format("2006-01-02T15:04:05.999999999Z07:00")
}
