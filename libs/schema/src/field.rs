//! Paths to fields, and what can be wrong with one, printed as the API server prints it.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::number;

/// A path to a value, grown on the stack while a tree is walked and printed only when needed.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Child(&'a str),
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The path of the whole object.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// Starts with a name, which may contain dots already.
    pub fn new(name: &'a str) -> Self {
        Self { parent: None, step: Step::Child(name) }
    }

    /// Goes to a field: `.name`.
    pub fn child(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Child(name) }
    }

    /// Goes to the value of a map key: `[key]`.
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    /// Goes to an item of a list: `[3]`.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// Tells whether this is the path of the whole object.
    pub fn is_root(&self) -> bool {
        matches!(self.step, Step::Root) && self.parent.is_none()
    }

    fn write(&self, text: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(text);
        }
        let _infallible = match self.step {
            Step::Root => Ok(()),
            Step::Child(name) if text.is_empty() => text.write_str(name),
            Step::Child(name) => write!(text, ".{name}"),
            Step::Key(key) => write!(text, "[{key}]"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }

    /// Returns the text, empty for the whole object.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }
}

/// Prints the path as errors show it: `<nil>` stands for the whole object.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_text() {
            text if text.is_empty() => f.write_str("<nil>"),
            text => f.write_str(&text),
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// A value that has to be there is not.
    Required,
    /// A value occurs twice.
    Duplicate,
    /// A value is wrong for the reason that the detail tells.
    Invalid,
    /// A value is of the wrong type.
    TypeInvalid,
    /// A value is none of the allowed ones.
    NotSupported,
    /// A field may not be set.
    Forbidden,
    /// A text is too long.
    TooLong,
    /// A list or map has too many entries.
    TooMany,
    /// The server cannot tell.
    Internal,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// The path, `<nil>` for the whole object.
    pub field: String,
    /// The offending value as it is printed; `None` leaves it out.
    pub value: Option<String>,
    /// What would be right; may be empty.
    pub detail: String,
}

impl FieldError {
    fn new(kind: FieldErrorKind, field: impl fmt::Display, value: Option<String>) -> Self {
        Self { kind, field: field.to_string(), value, detail: String::new() }
    }

    fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Makes an error about a missing value.
    pub fn required(field: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Required, field, None).detailed(detail)
    }

    /// Makes an error about a wrong value.
    pub fn invalid(field: impl fmt::Display, value: &Value, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, field, Some(value_text(value))).detailed(detail)
    }

    /// Makes an error about a wrong value whose text is given as it is to be printed.
    pub fn invalid_showing(
        field: impl fmt::Display,
        shown: String,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(FieldErrorKind::Invalid, field, Some(shown)).detailed(detail)
    }

    /// Makes an error about a wrong value that is not printed.
    pub fn invalid_hidden(field: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, field, None).detailed(detail)
    }

    /// Makes an error about a value of the wrong type.
    pub fn type_invalid(
        field: impl fmt::Display,
        value: &Value,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(FieldErrorKind::TypeInvalid, field, Some(value_text(value))).detailed(detail)
    }

    /// Makes an error about a value that occurs twice.
    pub fn duplicate(field: impl fmt::Display, value: &Value) -> Self {
        Self::new(FieldErrorKind::Duplicate, field, Some(value_text(value)))
    }

    /// Makes an error about a field that may not be set.
    pub fn forbidden(field: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Forbidden, field, None).detailed(detail)
    }

    /// Makes an error about a value that is none of `supported`, which are printed in that order.
    pub fn not_supported<S: AsRef<str>>(
        field: impl fmt::Display,
        value: &Value,
        supported: &[S],
    ) -> Self {
        let list: Vec<String> = supported.iter().map(|one| quote(one.as_ref())).collect();
        let detail = match list.is_empty() {
            true => String::new(),
            false => format!("supported values: {}", list.join(", ")),
        };
        Self::new(FieldErrorKind::NotSupported, field, Some(value_text(value))).detailed(detail)
    }

    /// Makes an error about a text of more than `limit` bytes.
    pub fn too_long(field: impl fmt::Display, limit: i64) -> Self {
        let unit = if limit == 1 { "byte" } else { "bytes" };
        Self::new(FieldErrorKind::TooLong, field, None)
            .detailed(format!("may not be more than {limit} {unit}"))
    }

    /// Makes an error about more than `limit` entries.
    pub fn too_many(field: impl fmt::Display, actual: usize, limit: i64) -> Self {
        let unit = if limit == 1 { "item" } else { "items" };
        Self::new(FieldErrorKind::TooMany, field, Some(actual.to_string()))
            .detailed(format!("must have at most {limit} {unit}"))
    }

    /// Makes an error about something that the server could not find out.
    pub fn internal(field: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Internal, field, None).detailed(detail)
    }

    /// Tells whether rules do not run on a value that is wrong like this.
    pub(crate) fn blocks_rules(&self) -> bool {
        matches!(
            self.kind,
            FieldErrorKind::NotSupported
                | FieldErrorKind::Required
                | FieldErrorKind::TooLong
                | FieldErrorKind::TooMany
                | FieldErrorKind::TypeInvalid
        )
    }

    /// Returns the text without the field.
    pub fn body(&self) -> String {
        let title = match self.kind {
            FieldErrorKind::Required => "Required value",
            FieldErrorKind::Duplicate => "Duplicate value",
            FieldErrorKind::Invalid | FieldErrorKind::TypeInvalid => "Invalid value",
            FieldErrorKind::NotSupported => "Unsupported value",
            FieldErrorKind::Forbidden => "Forbidden",
            FieldErrorKind::TooLong => "Too long",
            FieldErrorKind::TooMany => "Too many",
            FieldErrorKind::Internal => "Internal error",
        };
        let mut text = title.to_owned();
        for part in self.value.iter().chain(Some(&self.detail).filter(|text| !text.is_empty())) {
            text.push_str(": ");
            text.push_str(part);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// Prints a value as Go prints the `BadValue` of an error: texts quoted, numbers plain, the rest JSON.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => number::plain(number),
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => number::json_text(value),
    }
}

/// Quotes a text as Go's `%q` does.
pub(crate) fn quote(text: &str) -> String {
    flux_gostd::quote::quote(text)
}
