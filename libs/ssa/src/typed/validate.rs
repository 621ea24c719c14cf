//! Whether a value conforms to a type.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map as JsonMap, Value};

use super::{Duplicates, item};
use crate::path::PathElement;
use crate::schema::{List, Map, Scalar, Schema, Shape, TypeRef};
use crate::value::{GoSyntax, Plain, go_type};

/// One way in which a value does not conform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// The printed path of the value, empty for the root.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

/// All ways in which a value does not conform; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValues(pub Vec<InvalidValue>);

/// Prints a single error plainly, several as a list under `errors:`.
impl fmt::Display for InvalidValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return only.fmt(f);
        }
        f.write_str("errors:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for InvalidValues {}

/// Checks `value` against the type `of`.
pub(super) fn validate(
    schema: &Schema,
    of: &TypeRef,
    value: &Value,
    duplicates: Duplicates,
) -> Result<(), InvalidValues> {
    let mut check = Check { schema, duplicates, at: Vec::new(), errors: Vec::new() };
    check.value(of, value);
    if check.errors.is_empty() { Ok(()) } else { Err(InvalidValues(check.errors)) }
}

/// Returns what makes `value` unfit for `scalar`.
pub(super) fn scalar_error(scalar: Scalar, value: &Value) -> Option<String> {
    let (fits, expected) = match scalar {
        Scalar::Numeric => (value.is_number(), "numeric (int or float)"),
        Scalar::String => (value.is_string(), "string"),
        Scalar::Boolean => (value.is_boolean(), "boolean"),
        Scalar::Untyped => (!value.is_array() && !value.is_object(), "any scalar"),
    };
    if fits || value.is_null() {
        return None;
    }
    let got = match scalar {
        Scalar::Numeric => go_type(value).to_owned(),
        Scalar::String => format!("&value.valueUnstructured{{Value:{}}}", GoSyntax(value)),
        Scalar::Boolean | Scalar::Untyped => wrapped(value),
    };
    Some(format!("expected {expected}, got {got}"))
}

fn wrapped(value: &Value) -> String {
    format!("&{{{}}}", Plain(value))
}

enum Step<'a> {
    Field(&'a str),
    Item(PathElement),
}

struct Check<'a> {
    schema: &'a Schema,
    duplicates: Duplicates,
    at: Vec<Step<'a>>,
    errors: Vec<InvalidValue>,
}

impl<'a> Check<'a> {
    fn fail(&mut self, message: String) {
        let path = self.at.iter().map(|step| match step {
            Step::Field(name) => format!(".{name}"),
            Step::Item(element) => element.to_string(),
        });
        self.errors.push(InvalidValue { path: path.collect(), message });
    }

    fn value(&mut self, of: &TypeRef, value: &'a Value) {
        let Some(view) = self.schema.resolve(of) else {
            return self.fail("schema error: no type found matching: inlined type".to_owned());
        };
        match (view.narrowed(Some(value)).shape(), value) {
            (Shape::Map(map, _), Value::Object(fields)) => self.map(map, fields),
            (Shape::List(list), Value::Array(items)) => self.list(list, items),
            (Shape::Map(..) | Shape::List(_), Value::Null) => {}
            (Shape::Map(..), other) => {
                self.fail(format!("expected map, got {}", wrapped(other)));
            }
            (Shape::List(_), other) => {
                self.fail(format!("expected list, got {}", wrapped(other)));
            }
            (Shape::Scalar(scalar), value) => {
                if let Some(message) = scalar_error(scalar, value) {
                    self.fail(message);
                }
            }
            (Shape::None, _) => self.fail("schema error: invalid atom: inlined".to_owned()),
        }
    }

    fn map(&mut self, map: &Map, fields: &'a JsonMap<String, Value>) {
        for (name, value) in fields {
            self.at.push(Step::Field(name));
            match map.type_of(name) {
                Some(of) => self.value(of, value),
                // The original stops at the first such field of a map.
                None => {
                    self.fail("field not declared in schema".to_owned());
                    self.at.pop();
                    return;
                }
            }
            self.at.pop();
        }
    }

    fn list(&mut self, list: &List, items: &'a [Value]) {
        let mut seen = BTreeSet::new();
        for (i, value) in items.iter().enumerate() {
            let element = if list.is_atomic() {
                PathElement::Index(i64::try_from(i).unwrap_or(i64::MAX))
            } else {
                let element = match item::element_of(self.schema, list, value) {
                    Ok(element) => element,
                    Err(message) => return self.fail(format!("element {i}: {message}")),
                };
                if self.duplicates == Duplicates::Refuse && !seen.insert(element.clone()) {
                    self.fail(format!("duplicate entries for key {element}"));
                }
                element
            };
            self.at.push(Step::Item(element));
            self.value(&list.element, value);
            self.at.pop();
        }
    }
}
