//! Values straight from the text, for documents that hold nothing out of the ordinary.

use flux_gostd::number::json_f64;
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::decode::Keys;
use crate::parser::{Event, Parser, What};
use crate::resolve::{Meaning, resolve};
use crate::scanner::{Dialect, Scanner};
use crate::{Error, Limits, Resolver, Style, input};

/// What came of an attempt to do without a tree.
pub(super) enum Attempt {
    Done(Value),
    /// The document has anchors, tags, merge keys or keys and numbers that need a closer look.
    NeedsTree,
}

/// Reads the first document of a text by the rules of YAML 1.1.
///
/// # Errors
/// What is no YAML. Whatever else may be wrong needs the tree.
pub(super) fn read(text: &str, keys: Keys, limits: &Limits) -> Result<Attempt, Error> {
    let input = input::decode(text.as_bytes());
    let scanner = Scanner::new(&input.text, input.trouble, Dialect::V2, limits.depth);
    let mut reader = Reader {
        parser: Parser::new(scanner),
        keys,
        open: Vec::new(),
        left: limits.nodes,
        depth: limits.depth,
    };
    reader.document()
}

/// A collection whose end has not been read.
enum Open {
    Sequence(Vec<Value>),
    /// The key whose value comes next, if it has been read.
    Mapping(Map<String, Value>, Option<String>),
}

struct Reader<'a> {
    parser: Parser<'a>,
    keys: Keys,
    open: Vec<Open>,
    left: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Result<Event<'a>, Error> {
        self.parser.next().map_err(|fault| fault.into_error(Dialect::V2))
    }

    fn document(&mut self) -> Result<Attempt, Error> {
        if matches!(self.event()?.what, What::StreamEnd) {
            return Ok(Attempt::Done(Value::Null));
        }
        loop {
            let event = self.event()?;
            let Some(left) = self.left.checked_sub(1) else { return Ok(Attempt::NeedsTree) };
            self.left = left;
            if event.anchor.is_some() || event.tag.is_some() || self.open.len() > self.depth {
                return Ok(Attempt::NeedsTree);
            }
            let value = match event.what {
                What::SequenceStart(_) | What::MappingStart(_) if self.expects_key() => {
                    return Ok(Attempt::NeedsTree);
                }
                What::SequenceStart(_) => {
                    self.open.push(Open::Sequence(Vec::new()));
                    continue;
                }
                What::MappingStart(_) => {
                    self.open.push(Open::Mapping(Map::new(), None));
                    continue;
                }
                What::SequenceEnd | What::MappingEnd => match self.open.pop() {
                    Some(Open::Sequence(items)) => Some(Value::Array(items)),
                    Some(Open::Mapping(map, _)) => Some(Value::Object(map)),
                    None => None,
                },
                What::Scalar(text, style) if self.expects_key() => {
                    if !self.key(text, style) {
                        return Ok(Attempt::NeedsTree);
                    }
                    continue;
                }
                What::Scalar(text, style) => scalar(text, style),
                What::Alias(_) | What::StreamEnd | What::DocumentStart | What::DocumentEnd => None,
            };
            let Some(value) = value else { return Ok(Attempt::NeedsTree) };
            if self.open.is_empty() {
                self.event()?;
                return Ok(Attempt::Done(value));
            }
            if !self.add(value) {
                return Ok(Attempt::NeedsTree);
            }
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping(_, None)))
    }

    /// Takes a key; tells whether it is one that needs no closer look.
    fn key(&mut self, text: std::borrow::Cow<'_, str>, style: Style) -> bool {
        let plain = style == Style::Plain;
        let text = match if plain { resolve(&text, Resolver::Yaml11) } else { Meaning::Text } {
            Meaning::Text if plain && text == "<<" => return false,
            Meaning::Text | Meaning::Time(_) => text.into_owned(),
            Meaning::Bool(bool) => bool.to_string(),
            Meaning::Int(int) => int.to_string(),
            Meaning::Null | Meaning::Uint(_) | Meaning::Float(_) | Meaning::Tagged => return false,
        };
        if let Some(Open::Mapping(_, key)) = self.open.last_mut() {
            *key = Some(text);
        }
        true
    }

    /// Puts a value into the innermost collection; tells whether its key is new or may be old.
    fn add(&mut self, value: Value) -> bool {
        match self.open.last_mut() {
            Some(Open::Sequence(items)) => items.push(value),
            Some(Open::Mapping(map, key)) => match map.entry(key.take().unwrap_or_default()) {
                Entry::Occupied(_) if self.keys == Keys::Unique => return false,
                Entry::Occupied(mut entry) => {
                    entry.insert(value);
                }
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
            },
            None => {}
        }
        true
    }
}

fn scalar(text: std::borrow::Cow<'_, str>, style: Style) -> Option<Value> {
    if style != Style::Plain {
        return Some(Value::String(text.into_owned()));
    }
    Some(match resolve(&text, Resolver::Yaml11) {
        Meaning::Null => Value::Null,
        Meaning::Bool(bool) => Value::Bool(bool),
        Meaning::Int(int) => Value::from(int),
        Meaning::Uint(uint) => Value::from(uint),
        Meaning::Float(float) => float_value(float)?,
        Meaning::Time(_) | Meaning::Text | Meaning::Tagged => Value::String(text.into_owned()),
    })
}

/// Returns the number that a reader of Go's JSON text finds for a float; JSON has no infinity.
pub(super) fn float_value(float: f64) -> Option<Value> {
    let text = json_f64(float)?;
    if let Ok(int) = text.parse::<i64>() {
        return Some(Value::from(int));
    }
    if let Ok(uint) = text.parse::<u64>() {
        return Some(Value::from(uint));
    }
    Number::from_f64(float).map(Value::Number)
}
