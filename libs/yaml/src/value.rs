//! Trees into JSON values and back.

mod decode;
mod direct;
mod go_syntax;
pub(crate) mod json_text;
mod order;

use flux_gostd::number::{Layout, format_f64};
use serde_json::{Number, Value};

use crate::resolve::{Meaning, is_base60, old_bool, resolve};
use crate::scanner::Dialect;
use crate::{Documents, Error, Library, Limits, Node, Resolver, Style};
use decode::{Decoder, Keys};
use direct::Attempt;
pub(crate) use order::go_order;

/// Reads the first document of a text as sigs.k8s.io/yaml's `Unmarshal` does; null if there is none.
///
/// # Errors
/// The mistake in the text, or that its value has no form in JSON.
pub fn from_str(text: &str) -> Result<Value, Error> {
    read(text, Keys::LastWins).map_err(|error| Error::Convert(Box::new(error)))
}

/// Reads the first document of a text as sigs.k8s.io/yaml's `UnmarshalStrict` does: a key that
/// stands twice in a mapping is an error.
///
/// # Errors
/// As [`from_str`], and duplicate keys.
pub fn from_str_strict(text: &str) -> Result<Value, Error> {
    read(text, Keys::Unique).map_err(|error| Error::Convert(Box::new(error)))
}

/// Prints a value as JSON and reads that as YAML.
pub(crate) fn read_json_as_yaml(value: &Value) -> Result<Value, Error> {
    let mut text = String::new();
    json_text::write(value, &mut text);
    read(&text, Keys::LastWins)
}

fn read(text: &str, keys: Keys) -> Result<Value, Error> {
    let limits = Limits::default();
    if text.len() <= limits.bytes
        && let Attempt::Done(value) = direct::read(text, keys, &limits)?
    {
        return Ok(value);
    }
    let mut documents = Documents::with_dialect(text.as_bytes(), &limits, Dialect::V2);
    match documents.next() {
        Some(root) => Decoder::new(Resolver::Yaml11, keys).document(&root?),
        None => Ok(Value::Null),
    }
}

impl Node {
    /// Turns the tree into a JSON value: aliases and merge keys expanded, scalars by `resolver`.
    ///
    /// Numbers are what a reader of the JSON text would see that Go writes: `1.0` is the
    /// integer 1.
    ///
    /// # Errors
    /// What the Go libraries refuse: bad merge keys, keys that are collections, infinite
    /// numbers, a scalar that does not fit its tag, too many aliases; with [`Resolver::Core`]
    /// also duplicate keys.
    pub fn to_value(&self, resolver: Resolver) -> Result<Value, Error> {
        Decoder::new(resolver, Keys::LastWins).document(self)
    }

    /// Turns the tree into a JSON value by the rules of YAML 1.1, and refuses duplicate keys.
    ///
    /// # Errors
    /// As [`Node::to_value`], and duplicate keys.
    pub fn to_value_strict(&self) -> Result<Value, Error> {
        Decoder::new(Resolver::Yaml11, Keys::Unique).document(self)
    }

    /// Tells whether the node is null by yaml.v3's rules.
    pub fn is_null(&self) -> bool {
        self.is_scalar()
            && matches!(crate::resolve::resolve_node(self, Resolver::Core), Ok(Meaning::Null))
    }

    /// Returns the time that a scalar stands for by yaml.v3's rules, nothing for other nodes.
    pub fn as_time(&self) -> Option<flux_gostd::Time> {
        if !self.is_scalar() {
            return None;
        }
        match crate::resolve::resolve_node(self, Resolver::Core) {
            Ok(Meaning::Time(time)) => Some(time),
            _ => None,
        }
    }

    /// Returns the tag that the node has or that follows from its style and text (`!!str`,
    /// `!!int`, `!!map` …) by yaml.v3's rules, as yaml.v3's `ShortTag` does.
    pub fn short_tag(&self) -> &str {
        match self.tag.as_str() {
            "" | "!" => match self.kind {
                crate::Kind::Mapping => "!!map",
                crate::Kind::Sequence => "!!seq",
                crate::Kind::Alias => "",
                crate::Kind::Scalar if self.style != Style::Plain => "!!str",
                crate::Kind::Scalar if self.value == "<<" => "!!merge",
                crate::Kind::Scalar => resolve(&self.value, Resolver::Core).tag(),
            },
            tag => tag,
        }
    }

    /// Makes the tree that prints as `value`, mapping keys in the order that yaml.v3 sorts them.
    ///
    /// Text that an old or a new reader would take for something else is marked to be quoted.
    pub fn from_value(value: &Value) -> Node {
        match value {
            Value::Null => Node { style: Style::Plain, ..Node::null() },
            Value::Bool(bool) => Node::scalar(if *bool { "true" } else { "false" }),
            Value::Number(number) => Node::scalar(number_text(number)),
            Value::String(text) => text_node(text),
            Value::Array(items) => Node::sequence(items.iter().map(Node::from_value)),
            Value::Object(map) => {
                let entries = go_order(map, Library::V3).into_iter();
                Node::mapping(entries.map(|(key, value)| (text_node(key), Node::from_value(value))))
            }
        }
    }
}

/// Makes a scalar in the style that go-yaml's `Marshal` chooses for text.
fn text_node(text: &str) -> Node {
    let style = if text.contains('\n') {
        Style::Literal
    } else if needs_quotes(text) {
        Style::DoubleQuoted
    } else {
        Style::Plain
    };
    Node { style, ..Node::string(text) }
}

/// Tells whether text would be read as something else if it stood there without quotes.
pub(crate) fn needs_quotes(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(b'+' | b'-' | b'.' | b'~' | b'0'..=b'9') => {
            resolve(text, Resolver::Yaml11) != Meaning::Text
                || resolve(text, Resolver::Core) != Meaning::Text
                || is_base60(text)
        }
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => {
            text.len() <= "false".len()
                && (old_bool(text).is_some() || resolve(text, Resolver::Core) != Meaning::Text)
        }
        _ => false,
    }
}

/// Prints a number as go-yaml does.
pub(crate) fn number_text(number: &Number) -> String {
    if let Some(int) = number.as_i64() {
        return int.to_string();
    }
    if let Some(uint) = number.as_u64() {
        return uint.to_string();
    }
    match number.as_f64() {
        Some(float) => format_f64(float, Layout::General),
        None => number.to_string(),
    }
}
