//! A JSON body as it was written: order and duplicate keys kept, errors in Go's words.

mod parse;
#[cfg(test)]
mod tests;

use serde_json::{Map, Number, Value};

pub use parse::parse;

/// A value of a [`Document`].
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number; whole numbers of 64 bits stay whole.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// A map with all of its entries, duplicates included.
    Object(Vec<(String, Node)>),
}

/// A whole body.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    root: Node,
}

impl Document {
    /// Wraps a tree.
    pub fn new(root: Node) -> Self {
        Self { root }
    }

    /// Returns the tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Gives the tree back.
    pub fn into_root(self) -> Node {
        self.root
    }

    /// Turns the tree into a value; of duplicate keys the last one counts.
    pub fn into_value(self) -> Value {
        self.root.into_value()
    }

    /// Returns the paths of duplicate keys, in the order of the text.
    pub fn duplicates(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.root.collect_duplicates(&mut String::new(), &mut found);
        found
    }
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        Self { root: Node::from(value) }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::String(text.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Object(map.iter().map(|(k, v)| (k.clone(), Self::from(v))).collect())
            }
        }
    }
}

impl Node {
    /// Turns the node into a value; of duplicate keys the last one counts.
    pub fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Number(number) => Value::Number(number),
            Self::String(text) => Value::String(text),
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Object(entries) => {
                let entries = entries.into_iter().map(|(key, value)| (key, value.into_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// Returns the last value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns Go's name for the JSON type: `string`, `number`, `bool`, `array`, `object`, `null`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Returns what a strict decoder says of a duplicate key.
    pub fn duplicate_text(path: &String) -> String {
        format!("duplicate field \"{path}\"")
    }

    fn collect_duplicates(&self, path: &mut String, found: &mut Vec<String>) {
        let length = path.len();
        match self {
            Self::Object(entries) => {
                let mut seen = std::collections::HashSet::with_capacity(entries.len());
                for (key, value) in entries {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                    if !seen.insert(key) && !found.contains(path) {
                        found.push(path.clone());
                    }
                    value.collect_duplicates(path, found);
                    path.truncate(length);
                }
            }
            Self::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push_str(&format!("[{at}]"));
                    item.collect_duplicates(path, found);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }
}
