//! The `fieldsV1` form of a set.

use std::fmt::Write as _;
use std::sync::Arc;

use flux_gostd::number::json_f64;
use serde_json::{Map, Number, Value};

use super::{Branch, Set};
use crate::path::{Name, PathElement};
use crate::value;

/// Why a `fieldsV1` value is not a set of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFields {
    /// Something other than an object stands where one must.
    #[error("expect {{ or n, but found {0}")]
    NotAnObject(String),
    /// A key is too short to name a step.
    #[error("key must be 2 characters long:")]
    ShortKey,
    /// A key does not start with a letter and a colon.
    #[error("missing colon: {0}")]
    MissingColon(String),
    /// What follows the colon cannot be read.
    #[error("unreadable path element `{0}`")]
    Unreadable(String),
}

impl Set {
    /// Reads the `fieldsV1` form. Steps of kinds that nobody knows yet are dropped.
    pub fn from_fields(fields: &Value) -> Result<Self, InvalidFields> {
        Ok(read_branch(fields)?.below)
    }

    /// Writes the `fieldsV1` form.
    pub fn to_fields(&self) -> Value {
        Value::Object(self.write(false))
    }

    fn write(&self, includes_self: bool) -> Map<String, Value> {
        let mut out = Map::new();
        if includes_self {
            out.insert(".".into(), Value::Object(Map::new()));
        }
        for (element, branch) in self.branches() {
            let below = branch.below.write(branch.member && !branch.below.is_empty());
            out.insert(write_element(element), Value::Object(below));
        }
        out
    }
}

fn read_branch(fields: &Value) -> Result<Branch, InvalidFields> {
    let map = match fields {
        Value::Object(map) => map,
        Value::Null => return Ok(Branch::LEAF),
        other => return Err(InvalidFields::NotAnObject(value::go_type(other).to_owned())),
    };
    let mut branch = Branch::default();
    for (key, value) in map {
        if key == "." {
            branch.member = true;
        } else if let Some(element) = read_element(key)? {
            branch.below.add(&element, read_branch(value)?);
        }
    }
    if branch.below.is_empty() {
        branch.member = true;
    }
    Ok(branch)
}

fn read_element(key: &str) -> Result<Option<PathElement>, InvalidFields> {
    if key.len() < 2 {
        return Err(InvalidFields::ShortKey);
    }
    let unreadable = || InvalidFields::Unreadable(key.to_owned());
    let Some((kind, content)) = key.split_once(':').filter(|(kind, _)| kind.len() == 1) else {
        return Err(InvalidFields::MissingColon(key.to_owned()));
    };
    Ok(Some(match kind {
        "f" => PathElement::field(content),
        "v" => {
            let value = serde_json::from_str(content).map_err(|_| unreadable())?;
            PathElement::Value(Arc::new(as_float(value)))
        }
        "k" => {
            let fields: Map<String, Value> =
                serde_json::from_str(content).map_err(|_| unreadable())?;
            let fields = fields.into_iter().map(|(name, v)| (Name::from(&*name), as_float(v)));
            PathElement::Key(fields.collect())
        }
        "i" => PathElement::Index(content.parse().map_err(|_| unreadable())?),
        _ => return Ok(None),
    }))
}

/// Makes a number a float: the original reads every number of a path that way, and conflicts
/// print it so.
fn as_float(value: Value) -> Value {
    match &value {
        Value::Number(number) => {
            number.as_f64().and_then(Number::from_f64).map_or(value, Value::Number)
        }
        _ => value,
    }
}

fn write_element(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => {
            let mut out = String::with_capacity(name.len() + 2);
            out.push_str("f:");
            out.push_str(name);
            out
        }
        PathElement::Key(fields) => {
            let mut out = String::from("k:{");
            for (i, (name, value)) in fields.iter().enumerate() {
                let comma = if i > 0 { "," } else { "" };
                // Writing to a string cannot fail.
                let _ = write!(out, "{comma}{}:", Value::from(&**name));
                write_value(&mut out, value);
            }
            out.push('}');
            out
        }
        PathElement::Value(value) => {
            let mut out = String::from("v:");
            write_value(&mut out, value);
            out
        }
        PathElement::Index(index) => format!("i:{index}"),
    }
}

/// Writes JSON as Go does: whole floats without a fraction.
fn write_value(out: &mut String, value: &Value) {
    let float = match value {
        Value::Number(number) if number.is_f64() => number.as_f64().and_then(json_f64),
        _ => None,
    };
    match float {
        Some(float) => out.push_str(&float),
        None => out.push_str(&value.to_string()),
    }
}
